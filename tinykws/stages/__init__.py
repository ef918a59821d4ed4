# SPDX-License-Identifier: Apache-2.0
"""The pipeline: one module per stage, one function per stage, in the order of a project.

Each stage takes typed arguments, reads and writes files (build/…), prints nothing and returns a frozen dataclass, its
report; the report's fields are the keys of `--json`. Stages never import each other. tinykws.cli turns them into
commands, and tinykws.cli.run_stages runs those that are out of date: each stage's `stage_files` says what it reads and
writes.

Contents:
    doctor.doctor: checks this computer.
    init.init: creates a project.
    fetch.fetch: downloads a public data set into data/.
    fetch_voices.fetch_voices: downloads voices of a text-to-speech engine into the user's cache.
    record.record: records clips of a word into data/.
    record.record_noise: records background noise into data/.
    mic_check.mic_check: checks a board's microphone.
    audit.audit: lists suspicious recordings.
    synth.synth: makes synthetic clips in build/synth/.
    prepare.prepare: makes the dataset, with features, in build/dataset/.
    train.train: trains the network in build/model/.
    quantize.quantize: converts it to int8 in build/quantized/.
    quantize.import_model: makes a bundle of a .tflite from elsewhere.
    tune.tune: chooses the detector and writes build/bundle/.
    tune.tune_bundle: chooses the detector of any bundle.
    evaluate.evaluate: measures accuracy on clips.
    evaluate_stream.evaluate_stream: measures recall and false accepts per hour on streams.
    detect.detect: detects words in a recording.
    mine.mine: finds false accepts in recordings, to train on.
    generate.generate: writes the PlatformIO project of a board.
    build.build: compiles it.
    flash.flash: uploads it to a board.
    flash_model.flash_model: writes a bundle alone into a board's model slot.
    flash_model.flash_model_of_emulator: the same for an emulated board.
    verify.verify: compares a device with the host on clips.
    verify_stream.verify_stream: compares a device with the host on a stream.
    monitor.monitor: shows what a board detects.
"""
