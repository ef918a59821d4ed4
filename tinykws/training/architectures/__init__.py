# SPDX-License-Identifier: Apache-2.0
"""The neural network architectures, one per module.

Each module has a function `build(n_frames, n_mels, n_labels, dropout)` that returns a Keras model from features to
probabilities. registry.py lists them; docs/guides/add_an_architecture.md explains how to add one.

Contents:
    registry.build_architecture: builds an untrained model by its name.
    registry.check_architecture: refuses an unknown name.
    registry.cost_of: counts parameters and multiply-accumulates.
    ds_tcn.build: depthwise-separable temporal convolutions, the default.
    stream_tcn.build: valid convolutions over time, for streams, in three widths.
    stream_tcn.build_rows: the same network in training, with an output for each row.
    bc_resnet.build: broadcasted residuals.
    ds_cnn.build: depthwise-separable convolutions over time and frequency.
    micro_speech.build: the network of TensorFlow Lite Micro's example.
    teacher.build: a large network for distillation.
    blocks.probabilities: the last layers of every architecture.
"""
