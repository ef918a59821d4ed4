# SPDX-License-Identifier: Apache-2.0
"""Checks whether this computer can build, flash, verify and train, and gives the command that fixes each problem.

Modules computer and installed_packages collect facts, read-only; the others turn facts into findings
(finding.Finding) without looking at the computer themselves. tinykws.stages.doctor combines them.

Contents:
    computer.find: looks up a program and its version.
    computer.version_in: extracts a version from a program's output.
    computer.has_specs: checks whether a gcc has a spec file.
    computer.emulated_machines: lists the machines of a QEMU.
    computer.serial_rights: reads the permissions on serial ports.
    computer.runs: checks whether a process runs.
    computer.folder: checks whether a folder can be written.
    installed_packages.installed_packages: lists the installed Python packages.
    installed_packages.extension_error: tries to load tinykws's C extension.
    installed_packages.interpreter_error: tries to load TFLite Micro's interpreter.
    installed_packages.espeak_error: tries to start espeak-ng.
    finding.absent: returns the state of something absent.
    packages.check_python: checks the version of Python.
    packages.check_system: says what is tested on this operating system and processor.
    packages.check_extension: checks the C extension.
    packages.check_packages: checks the packages that tinykws requires.
    packages.check_loads: checks whether a package can be imported.
    packages.check_fit: checks the requirements between packages.
    known_bad_versions.check_model_optimization: finds a package that breaks with Keras 3.
    known_bad_versions.check_dense_layers: reports how dense layers are quantized.
    speech_engines.check_engine: checks a text-to-speech engine.
    speech_engines.check_vocoder: checks the vocoder that multiplies speakers.
    tools.check_compiler: checks a compiler.
    tools.check_emulator: checks a QEMU.
    vendor_platforms.check_vendor_board: checks the packages of a vendor's board.
    vendor_platforms.check_git: checks git, which some packages need.
    disk_space.check_folder: checks a folder and its free space.
    serial_access.check_rights: checks the permissions on serial ports.
    serial_access.check_modem_manager: checks for ModemManager.
    serial_access.check_ports: reports which board is on which port.
"""
