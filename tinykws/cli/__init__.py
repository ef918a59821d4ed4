# SPDX-License-Identifier: Apache-2.0
"""The `tinykws` command: parses arguments, runs stages, prints results, turns errors into messages and exit codes.

The work is in tinykws/stages/; a command here only parses its arguments, calls stages and prints their reports: results
on stdout, progress and errors on stderr. `*_command.py` and `*_commands.py` hold commands, `*_view.py` the text of a
report. A module with commands is imported only when one of its commands runs, so that `tinykws --help` answers at once.

Contents:
    main.main: runs the command line and ends the process with the exit code.
    main.run: runs the command line; returns the exit code.
    command_list.SECTIONS: every command, its section in the help, and the module it is in.
    command_group.CommandGroup: imports commands when they run, and suggests names for misspelt ones.
    former_spellings.current_spelling: rewrites old spellings of `verify` to today's commands.
    verbosity.current_verbosity: whether --quiet or --verbose was given.
    options.project_option: the options that several commands share.
    verify_options.find_device: finds the device that `verify` and `verify-stream` compare with the host.
    suggestions.completed: adds the project and the board to suggested commands.
    completion_command.completion: prints the shell's completion script.
    run_stages.run_until: runs the stages that are out of date.
    stages_in_order.first_stale: the first stage that is out of date.
    workplace.workplace: finds the bundle to work with, or makes the first one.
    workplace.use_last_or_run: says what is out of date and uses what is there.
    imported_bundle.confirm_replacing_import: asks before an imported model is replaced.
    build_lock.build_lock: holds the project's lock.
    build_lock.hold_until_the_command_ends: holds it for a whole command.
    boards_and_ports.board_of: looks up the board and the port that a command names.
    firmware_steps.generate_firmware: generates, then compiles, a board's firmware.
    build_quality.build_quality: how good the detector of a bundle is, for the end of `build`.
    board_microphone.board_microphone: opens the microphone of a board.
    instruction_counts.with_counts: counts instructions in emulation.
    terminal.echo: the one place through which the command line prints.
    console.ConsoleProgress: progress bars, tables and JSON.
    monitor_view.LiveView: the lines that `monitor` shows.
    recording_prompts.TerminalPrompts: what a person who records is asked and shown.
"""
