# SPDX-License-Identifier: Apache-2.0
"""Decides which calls run in an inference, and on which bytes of RAM.

A lowered model comes in; a schedule goes out, with the buffers that must be placed in the arena. There are two modes:
in **whole-window mode** every inference computes the model on its full input, in **streaming mode** it reuses rows and
partial sums that earlier inferences computed.

Contents:
    schedule.Schedule: everything one inference does.
    schedule.whole_window_schedule: the schedule of whole-window mode.
    histories.find_histories: variables that are the last rows of a tensor, and need one move instead of copies.
    arena.place: chooses an offset in the arena for each buffer.
    arena.arena_bytes: the size of the arena.
    arena.workspace_of: the buffers of whole-window mode.
    overlap.find_overlap: which rows of each tensor successive inferences have in common.
    streaming.streaming_schedules: all schedules of streaming mode, from one streamed op on.
    split.Split: a model of which the first ops stream.
    dense_sums.dense_sums_of: a dense layer over the whole window as partial sums.
    buffers.BufferTable: the buffers of a streaming schedule that is being built.
"""
