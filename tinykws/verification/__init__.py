# SPDX-License-Identifier: Apache-2.0
"""Judges whether a device computes exactly what the host computes: features, scores and detections, bit for bit.

The log of a session (tinykws.device.session_log) comes in, with the lines of the device and the lines that the host's
own pipeline expects; a verdict, a report, JUnit XML and, if results differ, the first difference along the pipeline go
out. The verdict depends on the log alone, so a log can be judged again without a board.

Contents:
    golden_check.golden_fault: checks a bundle's golden clips against the host, before any device.
    host_reference.HostReference: computes the lines that a device should print.
    run_facts.facts_of: reads what a log of clips says about its run.
    run_facts.banner_of_refused: stands for the banner if no device was asked.
    run_facts.with_left_out: says with the reason of a FAIL that the log is not whole.
    same_bundle.banner_complaint: says if the log's device had other settings than the run.
    same_bundle.bundle_complaint: says if a log is of a run with another bundle.
    verdict.judge: gives the verdict on a log of clips.
    stream_verdict.judge_stream: gives the verdict on a log of a stream.
    stream_verdict.event_text: formats a word of the stream for the log.
    clip_report.report_of: makes the report on a log of clips.
    stream_report.stream_report_of: makes the report on a log of a stream.
    junit.junit_of: writes a report on clips as JUnit XML.
    junit.junit_of_stream: writes a report on a stream as JUnit XML.
    mismatch_search.MismatchSearch: sends an unequal sound again to find the first difference.
    pipeline_trace.trace_device: collects all that the device computes from a sound.
    pipeline_trace.trace_host: computes the same on the host.
    mismatch.first_mismatch: compares the two, and says what a difference means.
    mismatch.audio_mismatch: describes a device that refused the audio.
    mismatch_files.fresh_mismatch_folder: empties the folder for the files of mismatches.
    mismatch_files.write_mismatch: writes where a mismatch is.
    mismatch_files.write_both_sides: writes what both sides computed.
"""
