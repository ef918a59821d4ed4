# SPDX-License-Identifier: Apache-2.0
"""Writes a model to the board's model slot, by the upload tool of its platform (PlatformIO runs this inside SCons).

`pio run --target upload_model` writes .pio/model_image.bin, which `tinykws flash --model-only` has made, and nothing
else. Where to is in platformio.ini: custom_model_slot_writer, custom_model_slot_offset.
"""

from pathlib import Path

from SCons.Script import DefaultEnvironment

env = DefaultEnvironment()
board = env.BoardConfig()
IMAGE = '"$PROJECT_WORKSPACE_DIR/model_image.bin"'
OFFSET = env.GetProjectOption("custom_model_slot_offset", "")


def find_port(**_):
    """Finds the port, as an upload of the program does."""
    env.AutodetectUploadPort()


def start_boot_loader(**_):
    """Starts the boot loader, which may get a port of its own; bossac wants the port's name without its folder."""
    from platformio.device.list.util import list_serial_ports

    env.AutodetectUploadPort()
    env.FlushSerialBuffer("$UPLOAD_PORT")
    before = list_serial_ports()
    if board.get("upload.use_1200bps_touch", False):
        env.TouchSerialPort("$UPLOAD_PORT", 1200)
    if board.get("upload.wait_for_upload_port", False):
        env.Replace(UPLOAD_PORT=env.WaitForNewSerialPort(before))
    env.Replace(UPLOAD_PORT=Path(env.subst("$UPLOAD_PORT")).name)


def esptool():
    """Writes pages that it erases itself; then the chip restarts."""
    return [
        env.VerboseAction(find_port, "Looking for upload port..."),
        env.VerboseAction(
            '"$PYTHONEXE" "$UPLOADER"'
            f' --chip {board.get("build.mcu", "auto")} --port "$UPLOAD_PORT" --baud $UPLOAD_SPEED'
            f" --before {board.get('upload.before_reset', 'default_reset')}"
            f" --after {board.get('upload.after_reset', 'hard_reset')} write_flash -z {OFFSET} {IMAGE}",
            "Writing the model",
        ),
    ]


def bossac():
    """Erases from the offset to the end of the flash, which leaves the program as it is, and writes."""
    return [
        env.VerboseAction(start_boot_loader, "Looking for upload port..."),
        env.VerboseAction(
            f'$UPLOADER --port "$UPLOAD_PORT" --offset {OFFSET} --write --erase -U --reset {IMAGE}', "Writing the model"
        ),
    ]


actions = {"esptool": esptool, "bossac": bossac}[env.GetProjectOption("custom_model_slot_writer", "")]()
env.AddCustomTarget("upload_model", None, actions, title="Upload model", description="Write the model slot")
