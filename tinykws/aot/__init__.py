# SPDX-License-Identifier: Apache-2.0
"""The aot (ahead-of-time) engine: compiles an int8 .tflite to C that needs no interpreter.

Untrusted .tflite bytes come in; model_aot.c and model_aot.h go out, which call the kernels of firmware/lib/kws_nn and
give the same outputs as TensorFlow Lite Micro, byte for byte. The steps are packages: `reader` (bytes to graph),
`lowering` (op to kernel call), `scheduling` (order of calls, place of every buffer). What the result costs on a board,
and in which mode it runs, is decided in tinykws/cost.

Contents:
    compiler.compile_model: a .tflite as C, every inference computing the whole window.
    compiler.compile_schedule: a schedule as C, for a mode that was chosen elsewhere.
    emitter.source_text: the text of model_aot.c.
    emitter.header_text: the text of model_aot.h.
    reader.tflite.read_model: checks the bytes of a .tflite into a graph.
    lowering.ops.lower: turns each op of a graph into the call of a kernel.
    scheduling.schedule.whole_window_schedule: the schedule that computes everything in every inference.
    scheduling.streaming.streaming_schedules: the schedules that reuse what earlier inferences computed.
    scheduling.arena.place: chooses an offset for each buffer.
"""
