# SPDX-License-Identifier: Apache-2.0
"""Talks to a device that runs tinykws firmware: a board on a serial port, or an emulated one.

Three terms, each used in one sense: a *transport* carries lines of text to and from one device (a serial port, a
socket, a shared file of an emulator; package tinykws.device.transport); the *protocol* says what the lines mean
(docs/reference/serial_protocol.md); a *session* is the exchange with one device over a transport. Clips and commands
come in; the device's lines, parsed, and a log of the session go out. tinykws.verification judges the log.

A detected word takes this path: on the chip, firmware/src/kws_clip.c passes each detection to kws_report_detection() in
firmware/src/kws_report.c, which prints the line `Heard yes (201) @1290ms`. On the host, a transport reads the line and
protocol.parse_line turns it into a `Heard` object, which monitoring.MonitorSession shows and clip_results collects.

Contents:
    open_device.open_device: opens a board on a port, or starts an emulated one.
    open_device.add_device_details: adds the device's last error, exit code and clip to an error.
    protocol.parse_line: parses a line from a device; never fails.
    protocol.read_line: the same, with its check and result number.
    protocol.announcement: formats the `!DATA` command that announces a clip.
    protocol.audio_line: formats a line of audio.
    protocol.sync_command: formats the `!SYNC` command.
    line_checksum.with_check: appends the CRC-32 check to a line.
    line_checksum.split_check: splits it off and verifies it.
    session.DeviceSession: a session: requests the banner, sends clips, logs every line.
    recovering_session.RecoveringSession: a session that reconnects and sends clips again.
    session_log.open_log: opens the log of a session.
    session_log.read_entries: reads a log.
    session_log.lines_left_out: how many lines an entry stands for that were not logged.
    session_log.entries_of: reads a log line by line.
    banner_checks.check_firmware_matches: raises an error if banner and bundle do not match.
    banner_checks.identity_difference: says which settings of a device and a bundle differ.
    banner_checks.self_test_failure: says why a device's self-test failed.
    returning_board.wait_for_board: waits for a board that was written to, and checks what it says.
    returning_board.read_introduction: reads a device's banner and what it adds: its model slot, an engine that failed.
    clip_audio.AudioInMemory: the audio of a clip that is held in memory.
    clip_audio.StreamedAudio: audio of any length.
    clip_transfer.ClipTransfer: sends one clip and receives its results, with retransmission.
    transmit_window.TransmitWindow: the flow control of a clip's audio.
    clip_results.results_of: extracts the results of a clip from a log.
    monitoring.MonitorSession: monitors a device that listens to its microphone.
    detection_counts.DetectionCounts: counts detections by label in bounded memory.
    health.HealthReader: computes level and load from status lines.
    near_misses.word_levels: how near each word came to a detection.
    near_misses.NearMissReader: finds words that were nearly detected.
    reactions.parse_reaction: parses a command to run when a word is detected.
    reactions.Reactions: runs these commands.
"""
