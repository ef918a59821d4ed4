# SPDX-License-Identifier: Apache-2.0
"""Every command: its section in `tinykws --help`, its line there, and the module that defines it.

The lines are here so that the help needs none of the modules; a test compares them with each command's docstring.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class CommandEntry:
    """Where a command is defined."""

    name: str
    module: str
    """Below tinykws.cli; holds a click command called `name`, with `_` for `-`."""
    help: str
    """The first sentence of its docstring."""


SECTIONS: dict[str, tuple[CommandEntry, ...]] = {
    "Data": (
        CommandEntry("init", "dataset_commands", "Create a project: kws.yaml and folders for recordings."),
        CommandEntry("synth", "dataset_commands", "Synthesize clips of the words, and of similar words."),
        CommandEntry("fetch", "fetch_command", "Download public recordings, noise, or voices for synthetic clips."),
        CommandEntry("record", "record_command", "Record clips of WORD, or background noise."),
        CommandEntry("prepare", "dataset_commands", "Turn recorded and synthetic clips into a dataset."),
    ),
    "Training": (
        CommandEntry("architectures", "training_commands", "List the network architectures and what each costs."),
        CommandEntry("train", "training_commands", "Train the network on the dataset, and keep the best epoch."),
        CommandEntry("quantize", "training_commands", "Convert the network to int8, or import a .tflite."),
        CommandEntry("tune", "tune_command", "Choose detector settings, and write the bundle."),
    ),
    "Evaluation": (
        CommandEntry("evaluate", "evaluation_commands", "Measure accuracy on clips, or the detector on streams."),
        CommandEntry("detect", "evaluation_commands", "Detect words in recordings of any length."),
        CommandEntry("mine", "mine_command", "Find false accepts in recordings, as training data."),
    ),
    "Firmware": (
        CommandEntry("boards", "firmware_commands", "List the boards."),
        CommandEntry(
            "tflm-library", "tflm_library_command", "Cut a TensorFlow Lite Micro checkout into a PlatformIO library."
        ),
        CommandEntry("generate", "firmware_commands", "Generate the PlatformIO project for a board."),
        CommandEntry(
            "export",
            "export_command",
            "Export the model as C for programs of your own, or as wake words for ESPHome.",
        ),
        CommandEntry("build", "firmware_commands", "Build firmware for a board, from the words to the program."),
    ),
    "Device": (
        CommandEntry("verify", "verify_commands", "Compare a device's results with the host's, clip by clip."),
        CommandEntry("verify-stream", "verify_commands", "Compare detections over one long recording."),
        CommandEntry("replay", "verify_commands", "Judge the log of an earlier verification again."),
        CommandEntry("flash", "flash_command", "Write the firmware to a board."),
        CommandEntry("monitor", "monitor_command", "Show live what a board detects."),
        CommandEntry("mic-check", "mic_check_command", "Measure the signal of a board's microphone."),
    ),
    "Help": (
        CommandEntry("doctor", "doctor_command", "Check what this computer has and lacks."),
        CommandEntry("completion", "completion_command", "Print the script for completion with the Tab key."),
    ),
}

COMMANDS = {entry.name: entry for entries in SECTIONS.values() for entry in entries}
