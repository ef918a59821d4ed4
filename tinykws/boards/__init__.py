# SPDX-License-Identifier: Apache-2.0
"""The boards that tinykws knows: one row of boards.yaml per board, and the processor cores that the rows name.

boards.yaml comes in, and a project's own boards.yaml with it; checked, frozen rows go out. No other code depends on a
board's name: whatever differs between boards is a column.

Contents:
    rows.load_boards: all boards by id, a project's own included.
    rows.find_board: one board by its id, or an error with similar ids.
    rows.parse_boards: reads the text of a boards.yaml.
    rows.Board: a row.
    rows.Microphone: a row's microphone: driver, pins, format of its samples.
    model_slot.ModelSlot: a row's flash for a model that is written without the program.
    led.Led: a row's LED: its kind and its pins.
    rows.SerialLine: a row's serial port: baud rate, USB ids, how it resets.
    rows.Power: a row's current while the processor computes and while it waits, and where the figures come from.
    rows.TflmLibrary: the TensorFlow Lite Micro that a board's tflm engine links.
    cores.CORES: processor cores: instruction set and estimated cycles per instruction.
"""
