# SPDX-License-Identifier: Apache-2.0
"""Tools that every package uses and that know nothing about keyword spotting.

Errors that a user can fix, files that are never half-written, subprocesses and worker processes that end cleanly,
downloads that resume, YAML and templates.

Contents:
    errors.TinykwsError: an error that a user can fix: a message, a hint, and the command's exit code.
    errors.did_you_mean: a hint with the most similar known names.
    dataclass_reader.read_dataclass: turns a mapping into a frozen dataclass and checks keys and types.
    dataclass_reader.renamed: a field whose key or values had other names, which are still read.
    json_text.parse_json: reads JSON within limits.
    json_text.read_json_object: a JSON object as a dataclass.
    yaml_text.load_yaml: reads a YAML mapping within limits.
    yaml_text.read_yaml_file: the text of a YAML file.
    files.replacing: a temporary path that replaces a file if all goes well.
    files.creating: the same for a file that must not exist yet.
    files.replacing_folder: the same for a folder.
    files.made_folder: makes a folder; an error names where.
    abandoned.remove_abandoned_folders: removes temporary folders of runs that were killed.
    abandoned.remove_abandoned_files: the same for files.
    abandoned.owned: marks a temporary file or folder as in use.
    files.write_json: writes indented JSON.
    files.write_text_if_changed: writes text and leaves an identical file alone.
    files.write_bytes: writes a file; an error names it.
    files.is_reserved_by_windows: whether a name cannot be a file's on Windows.
    files.os_error_hint: what to do about a full disk and other errors of the operating system.
    digest_cache.digests_of: the SHA-256 of files, remembered as long as they do not change.
    files.sha256_of_file: the SHA-256 of a file.
    freshness.is_fresh: whether a stage's outputs are up to date.
    freshness.write_stamp: records what a stage's outputs were made from.
    staleness.reasons: why a stage is out of date.
    staleness.last_seconds: how long it took the last time.
    kept_outputs.put_away: keeps what a stage made from earlier inputs.
    kept_outputs.take_back: takes it back.
    project_lock.locked: lets one command at a time build in a project.
    progress.Progress: how stages report progress; silent by default.
    run_command.run_command: runs a program with a time limit.
    run_command.start_group: starts a program whose children end with it.
    run_command.end_group: ends such a program and its children.
    piped_process.PipedProcess: a program that answers requests over stdin and stdout.
    interrupts.start_uninterrupted: starts a process so that Ctrl-C cannot leave it running.
    parallel.map_in_processes: a map over worker processes.
    parallel.map_in_threads: a map over threads.
    programs.find_programs: the paths of compilers and emulators, or an error that says how to install them.
    download.download: downloads a large file, resuming where an earlier attempt ended.
    checked_download.checked_download: brings a file, and keeps it only if its checksum is right.
    archives.unpack: unpacks an untrusted .tar.gz or .zip.
    user_cache.user_cache_dir: tinykws's folder in the user's cache.
    resources.FIRMWARE: where firmware/, templates/ and boards.yaml are.
    templates.render: fills in a template.
    c_text.c_array: a C array; the module has strings, floats, bytes and comments too.
    escapes.markdown: text from elsewhere as words of Markdown; the module has ini files and numbers too.
    safe_text.visible: shows control characters and escape sequences of untrusted text as visible escapes.
    safe_text.safe_json: JSON that is safe to show.
    rotating_file.RotatingFile: a log that never fills the disk.
"""
