# SPDX-License-Identifier: Apache-2.0
"""Tools that every package uses and that know nothing about keyword spotting.

Errors that a user can fix, files that are never half-written, subprocesses and worker processes that end cleanly,
downloads that resume, YAML and templates.

Contents:
    errors.TinykwsError: an error that a user can fix: a message, a hint, and the command's exit code.
    errors.did_you_mean: a hint with the most similar known names.
    dataclass_reader.read_dataclass: turns a mapping into a frozen dataclass and checks keys and types.
    dataclass_reader.renamed: a field whose key or values had other names, which are still read.
    yaml_text.load_yaml: reads a YAML mapping.
    files.replacing: a temporary path that replaces a file if all goes well.
    files.creating: the same for a file that must not exist yet.
    files.replacing_folder: the same for a folder.
    abandoned.remove_abandoned_folders: removes temporary folders of runs that were killed.
    abandoned.remove_abandoned_files: the same for files.
    abandoned.owned: marks a temporary file or folder as in use.
    files.write_json: writes indented JSON.
    files.write_text_if_changed: writes text and leaves an identical file alone.
    files.sha256_of_file: the SHA-256 of a file.
    freshness.is_fresh: whether a stage's outputs are up to date.
    freshness.write_stamp: records what a stage's outputs were made from.
    progress.Progress: how stages report progress; silent by default.
    run_command.run_command: runs a program with a time limit.
    run_command.start_group: starts a program whose children end with it.
    run_command.end_group: ends such a program and its children.
    interrupts.start_uninterrupted: starts a process so that Ctrl-C cannot leave it running.
    parallel.map_in_processes: a map over worker processes.
    parallel.map_in_threads: a map over threads.
    programs.find_programs: the paths of compilers and emulators, or an error that says how to install them.
    download.download: downloads a large file, resuming where an earlier attempt ended.
    archives.unpack: unpacks an untrusted .tar.gz or .zip.
    resources.FIRMWARE: where firmware/, templates/ and boards.yaml are.
    templates.render: fills in a template.
    c_text.c_array: a C array; the module has strings, floats and bytes too.
"""
