# SPDX-License-Identifier: Apache-2.0
"""Records through this computer's microphone or a board's, and checks a board's microphone.

A number of samples to record comes in; a record_protocol.Recording with int16 samples at 16 kHz goes out. mic-check
measures such a recording and says what to change in the board's row of boards.yaml. Cutting clips and writing files is
the work of tinykws.stages.record.

Contents:
    computer_microphone.ComputerMicrophone: this computer's microphone.
    device_microphone.device_microphone: opens a known board and yields its microphone.
    device_microphone.microphone_on: opens a port and yields the microphone of whichever board answers.
    record_protocol.record_sound: records over the serial protocol (`!RECORD`).
    record_protocol.longest_recording: how many samples a board can record without loss.
    microphone_check.measure: measures a recording.
    microphone_check.findings_of: says what the measurements mean and what to change.
"""
