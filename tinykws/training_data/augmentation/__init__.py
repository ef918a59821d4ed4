# SPDX-License-Identifier: Apache-2.0
"""Random changes to training clips and their features, so that a model generalizes.

In: clips int16 [n, s] with labels, or features int8 [n, n_frames, n_mels], and a random generator. Out: the same
shapes, changed. The same generator state gives the same result.

Contents:
    clip_augmenter.Augmenter: changes clips: position, speed, room, microphone, noise, level.
    word_position.speech_edges: finds where speech starts and ends in clips.
    word_position.shifts_inside: shifts that keep speech inside its clip.
    word_position.shifts_cutting_off: shifts that cut most of it off.
    backgrounds.Backgrounds: noise and babble to mix in.
    backgrounds.add_noise: mixes noise in at a signal-to-noise ratio.
    microphone_responses.random_responses: frequency responses of random microphones.
    tempo.change_tempo: stretches features in time.
    feature_warp.warped: other vocal tracts, made from features.
    feature_masks.mask_features: SpecAugment.
"""
