# SPDX-License-Identifier: Apache-2.0
"""Converts a trained network to an int8 model, checks it, runs it, and stores it in a bundle.

In: a trained Keras network, or a .tflite from elsewhere. Out: a bundle, the folder from which firmware is generated. It
contains the int8 model (model.tflite), a few golden clips (golden/*.wav), and bundle.json: the labels; the settings of
front-end and detector; shape, scale and zero point of the model's input and output; its operators and arena size; its
accuracy; the versions of the software that made it; and the expected features and scores of the golden clips.
bundle.py lists every key.

Contents:
    converter.convert: converts a Keras network to an int8 .tflite.
    model_file.read_model_file: reads a .tflite or a C array of one; tells other files for what they are.
    wake_manifest.read_manifest: reads a microWakeWord manifest.
    input_layout.check_layout: refuses an input that does not hold the features frame by frame.
    input_scale.score_change: what an input scale that is not exactly the front-end's does to the scores.
    validation.check_input: refuses a model whose input is not the front-end's features.
    validation.check_output: refuses a model whose output is not one softmax probability per label.
    validation.check_ops: refuses operators that an engine does not support.
    validation.check_dense_per_tensor: refuses dense layers with per-channel quantization.
    interpreter.Interpreter: runs an int8 model with the outputs of TFLite Micro; chooses what runs it.
    lowered_model.LoweredModel: runs a model by the aot engine's kernels, in whole windows or along a stream.
    computed_arena.computed_arena: the size of TFLite Micro's arena where it cannot be measured.
    tflm_interpreter.TflmInterpreter: runs a model in TFLite Micro, where that is installed.
    tflm_interpreter.smallest_arena: measures its arena.
    stream_inference.StreamInference: front-end and model along a stream, with the inferences of a chip.
    interpreter_process.InterpreterProcess: runs a model from elsewhere in a process of its own.
    own_models.remember: records a model that was made on this computer, and needs no process of its own.
    self_test_signal.golden_clip: makes the golden clip of a device's self-test.
    bundle.Bundle: a bundle that was read and checked.
    bundle.load_bundle: reads and checks a bundle folder.
    bundle_checks.check_values: refuses values that are beyond the limits of the C, or that do not match each other.
    bundle_checks.check_model: refuses a bundle.json that does not describe its model.
    identity.identity_of: the identity of what a device runs, for its banner.
    bundle.write_bundle: writes a bundle folder, completely or not at all.
"""
