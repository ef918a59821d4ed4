# SPDX-License-Identifier: Apache-2.0
"""Trains a Keras network on a dataset.

In: build/dataset/ and the `training` settings of kws.yaml. Out: a trained network; the stage `train` writes it to
build/model/. Needs TensorFlow, which is imported only when it is used.

Contents:
    defaults.with_defaults: fills in the training settings that suit the dataset.
    prepared_ahead.prepared_ahead: prepares data in threads while the caller trains.
    epochs.Epochs: prepares augmented features, epoch by epoch.
    epoch_order.epoch_order: chooses the clips of an epoch and their order.
    class_weights.class_weights: weights of the labels in the loss.
    word_targets.WordTargets: targets of the auxiliary word classifier.
    trainer.Trainer: trains a network on clips, optionally from a teacher.
    lessons.Lessons: what a pretrained teacher says of clips and recordings, row by row.
    segments.SegmentMaker: makes segments of streams, with a target for each row of the network.
    running_mean.RunningMean: the running mean of weights.
    stream_trainer.StreamTrainer: trains a network made for streams on segments.
    fine_tuning.FineTuner: fine-tunes a network of synthetic clips on a few recordings.
    kept_start.kept_start: the weights of a training on synthetic clips, if it would give the same again.
    runs.Run: a training in progress, of either kind.
    keras_network.Network: an untrained or trained network: probabilities, load, save.
    tensorflow_import.import_tensorflow: imports TensorFlow silently.
    teachers.teaching.make_lessons: makes a teacher of a speech network that others trained.
    architectures.registry.build_architecture: builds an architecture by its name.
"""
