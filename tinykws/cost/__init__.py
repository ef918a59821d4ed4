# SPDX-License-Identifier: Apache-2.0
"""What a model costs on a board: time, RAM and flash, known before anything is compiled.

A bundle, a row of boards.yaml and an engine come in; instructions, milliseconds and bytes go out, or a ConfigError that
says what is too slow or too large and what to try. Two decisions are made here: `latency.refuse_if_too_slow` decides
that a model is too slow for a board, `memory.refuse_if_too_large` that it does not fit. `stages/build.py` and
`stages/generate.py` call them. What an architecture costs is known even before it is trained (architecture_cost).

Contents:
    latency.refuse_if_too_slow: refuses a model that takes more than all of a board's processor time.
    latency.estimate_speed: instructions and milliseconds per inference and per second, estimated for an engine.
    latency.speed_from_instructions: the formula: from instructions to milliseconds and to a share of the clock.
    latency.speed_from_counts: the same from instructions that were counted in emulation.
    latency.counting_board: the emulated board on which a board's instructions can be counted.
    current.estimate_current: milliamperes, from a share of the clock and two figures of the board's row.
    waking.estimate_waking: how long a model takes to catch up when a gate wakes it, and what the ring buffer holds.
    memory.refuse_if_too_large: refuses a model that alone takes more flash or RAM than a board has.
    memory.model_memory: flash and RAM of a model with an engine.
    memory.arena_bytes: size of the tflm engine's arena.
    memory.excess: by how much something exceeds a board's memory.
    memory.advice: which engines and architectures would fit instead.
    execution_mode.choose_mode_for_board: whole-window or streaming mode, whichever costs less on a board.
    execution_mode.compile_for_board: the bundle's model as C, in that mode.
    execution_mode.choose_mode: the same choice for a model without a bundle.
    execution_mode.compile_for_workload: the model as C for that choice.
    model_instructions.inference_instructions: instructions of one inference with the aot engine, from its kernel calls.
    model_instructions.call_instructions: instructions of one kernel call.
    model_instructions.typical_error: how far off the estimate usually is.
    kernel_work.work_of: units of work of a kernel call; kernel_costs.py has the instructions per unit.
    tflm_instructions.tflm_instructions: instructions of one inference with the tflm engine, a rough estimate.
    tflm_instructions.kernels_of: which kernels the library of a board's row has.
    frontend_instructions.frame_instructions: instructions of the front-end per frame.
    size_choice.choose_size: the largest network for streams that a board allows (`model: {size: auto}`).
    stream_graph.stream_graph: such a network as an int8 graph, without TensorFlow.
    architecture_cost.measure_cost: parameters, multiply-accumulates and bytes of an untrained architecture.
    architecture_cost.refuse_if_over_limits: refuses an architecture that exceeds the limits in kws.yaml.
    architecture_cost.broken_limits: which limits a model exceeds.
"""
