# SPDX-License-Identifier: Apache-2.0
"""The firmware's portable C code, compiled into Python: front-end, detector and listener give the device's results.

Samples come in; features, scores and detections go out, computed by the same C code that runs on the chip. The tables
that the C front-end needs are computed here too, exactly as TensorFlow computes them.

Contents:
    features.features_of_clips: int8 features of many clips.
    features.features_of_clip: int8 features of one clip.
    features.FrontEnd: the front-end as a stream of samples.
    features.quantize_features: uint16 features as the model's int8 input.
    features.features_crc32: the checksum by which device and host compare features.
    detector.Detector: from scores to detections.
    listener.Listener: the whole pipeline, from samples to detections; the model is a callback.
    plan.KernelPlan: runs a list of calls of the aot engine's kernels.
    frontend_tables.tables_for: the front-end's tables for some settings.
    frontend_tables.c_source: settings and tables as C.
    exact_math.cos: cosine, correctly rounded; the module has logarithm and power too.
    fdlibm.log1pf: log1pf as in fdlibm.
    extension_build.ffibuilder: builds the C extension.
"""
