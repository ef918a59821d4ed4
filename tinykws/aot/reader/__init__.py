# SPDX-License-Identifier: Apache-2.0
"""Reads a .tflite model from untrusted bytes.

Bytes come in; a checked graph of tensors and ops goes out, or a ConfigError that names the op at fault.

Contents:
    tflite.read_model: reads and checks a whole model.
    state.with_variables: turns a streaming model's resource variables into tensors.
    graph.Graph: the model: tensors, and ops in the order in which they run.
    graph.Op: one operation.
    graph.Tensor: one tensor with its type, shape, scales and constant data.
    flatbuffer.Table: a FlatBuffers table whose offsets are checked before they are followed.
    flatbuffer.corrupt: the error for a damaged file.
    schema.OPTIONS: the option fields of the ops that the engine knows.
"""
