# SPDX-License-Identifier: Apache-2.0
"""Checks a bundle against the host: its golden clips must give the features and the scores that it states.

They are the results of each clip alone, after a reset, as quantize computed them. A bundle that states others was
changed, or made by code that computes differently; to compare a device with it would prove nothing.
"""

from __future__ import annotations

import numpy as np

from tinykws.audio.files import read_audio
from tinykws.audio.samples import Samples
from tinykws.model.bundle import Bundle, GoldenClip
from tinykws.model.self_test_signal import Invoke, golden_signal
from tinykws.native.features import features_crc32, features_of_clip
from tinykws.support.errors import ConfigError

ADVICE = "the bundle was changed or damaged; make it again: tinykws quantize"


def golden_fault(bundle: Bundle, invoke: Invoke) -> str:
    """Returns what is wrong with a bundle's golden clips; "" if all give what bundle.json states.

    Args:
        bundle: the bundle.
        invoke: runs its model: int8 [frames, n_mels] features in, int8 [n_labels] scores out.
    """
    faults = [f"{clip.file}: {fault}" for clip in bundle.golden if (fault := _fault(bundle, clip, invoke))]
    if not faults:
        return ""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"the bundle's golden clips do not give what its bundle.json states: {faults[0]}{more}; {ADVICE}"


def _fault(bundle: Bundle, clip: GoldenClip, invoke: Invoke) -> str:
    try:
        samples = read_audio(bundle.path / clip.file, bundle.frontend.sample_rate_hz).samples
    except ConfigError as error:
        return error.message
    return _fault_of_sound(bundle, clip, samples) or _fault_of_results(bundle, clip, samples, invoke)


def _fault_of_sound(bundle: Bundle, clip: GoldenClip, samples: Samples) -> str:
    wanted = bundle.golden_samples
    if samples.size != wanted:
        return f"it has {samples.size} samples, not {wanted} as every golden clip"
    if clip.seed is not None and not np.array_equal(samples, golden_signal(clip.seed, wanted)):
        return f"it is not the signal that a device generates from the seed {clip.seed}"
    return ""


def _fault_of_results(bundle: Bundle, clip: GoldenClip, samples: Samples, invoke: Invoke) -> str:
    features = features_of_clip(samples, bundle.frontend)
    crc32 = features_crc32(features)
    if crc32 != clip.features_crc32:
        return f"features CRC {crc32:08x} on the host, {clip.features_crc32:08x} in bundle.json"
    scores = tuple(int(score) for score in invoke(features))
    if scores != clip.scores:
        host, stated = (" ".join(map(str, values)) for values in (scores, clip.scores))
        return f"scores {host} on the host, {stated} in bundle.json"
    return ""
