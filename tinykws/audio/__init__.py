# SPDX-License-Identifier: Apache-2.0
"""Samples and audio files: reading, levels, the bounds of speech, noise, room acoustics, filters.

Samples are int16 [n], mono, 16 kHz. Audio files of any rate come in; numpy arrays go out. Nothing here knows
about words or models.

Contents:
    files.read_audio: reads an audio file, mixes its channels and resamples it.
    files.AudioStream: the same for long recordings, one second at a time.
    files.duration_text: a length in seconds for people.
    files.write_wav: writes a 16-bit mono WAV file.
    files.resample: resamples floats.
    truncation.promised_frames: how long a file should be by its header.
    truncation.is_cut_ogg: whether the end of an Ogg file is missing.
    formats.is_readable_name: whether a file's name is one of a format that libsndfile reads.
    formats.is_audio_name: whether it is one of any audio format.
    formats.not_a_file: what something is that is not a regular file.
    formats.has_audio_inside: whether a file begins like a recording.
    channels.cancelled_channel: which channel to use if the channels cancel each other.
    channels.mixed: mixes channels to one.
    samples.fit_length: pads or cuts a recording to a length.
    samples.saturated: rounds to int16 without wrapping.
    levels.defect_of: why a recording is unfit for training.
    levels.DefectMeter: the same for a recording that comes in pieces.
    levels.dbfs: a level in dB of full scale.
    levels.levels_dbfs: the level of each step of a recording.
    speech_bounds.speech_bounds: where speech begins and ends in a recording.
    speech_bounds.cut_clip: a clip with the speech centred, and its defects.
    noise.NOISES: kinds of synthetic noise.
    noise.coloured_noise: white, pink or brown noise.
    noise.decibels: a level in dB as an amplitude factor.
    acoustics.random_impulse_responses: impulse responses of random rooms.
    acoustics.impulse_response: the impulse response of one room, by the image-source model.
    playback.playback_for: the lead-in before, and the silence after, a sound that a pipeline hears.
    filters.filtered: filters many clips and changes their speed, in one FFT each way.
"""
