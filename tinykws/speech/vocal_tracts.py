# SPDX-License-Identifier: Apache-2.0
"""Random speakers for GnuSpeech: length and shape of the vocal tract, glottal pulse, pitch and breath.

A speaker is a text in the format of GnuSpeech's files `voice_*.txt`. Those describe a man (17.5 cm), a woman (15) and
children of 12.5, 10 and 7.5 cm; here everything between is drawn. Microphones of a house hear adults more often.
"""

from __future__ import annotations

import math

import numpy as np

ADULT_CM = (13.0, 18.0)
CHILD_CM = (7.5, 13.0)
ADULT_SHARE = 0.75
MAN_CM = 17.5
SEMITONES_PER_CM = 1.8
"""A shorter tract has a higher voice: GnuSpeech's own files go from -12 semitones (17.5 cm) to 7.5 (7.5 cm)."""
RADII = 8
"""Sections of the tube whose radius is scaled."""


def random_tract(rng: np.random.Generator) -> str:
    """Returns a speaker in the format of GnuSpeech's voice files; cm, %, and semitones relative to middle C."""
    length = float(rng.uniform(*(ADULT_CM if rng.random() < ADULT_SHARE else CHILD_CM)))
    closing = float(rng.uniform(18, 30))
    values = {
        "vocal_tract_length": length,
        "glottal_pulse_tp": rng.uniform(32, 46),
        "glottal_pulse_tn_min": closing,
        "glottal_pulse_tn_max": closing + rng.uniform(0, 8),
        "reference_glottal_pitch": -12 + SEMITONES_PER_CM * (MAN_CM - length) + rng.uniform(-3.5, 3.5),
        "breathiness": 10 ** rng.uniform(-0.5, 0.6),
        "aperture_radius": 3.05 * math.sqrt(length / MAN_CM) * rng.uniform(0.85, 1.15),
        **{f"nose_radius_{number}": radius for number, radius in enumerate((1.35, 1.96, 1.91, 1.3, 0.73), 1)},
        "global_nose_radius_coef": rng.uniform(0.8, 1.2),
        **{f"radius_{number}_coef": rng.uniform(0.88, 1.14) for number in range(1, RADII + 1)},
        "global_radius_coef": rng.uniform(0.9, 1.1),
    }
    return "".join(f"{name} = {value:.4f}\n" for name, value in values.items())


def with_pitch(tract: str, semitones: float) -> str:
    """Returns the speaker with a higher or lower voice."""
    lines = []
    for line in tract.splitlines():
        name, _, value = line.partition(" = ")
        moved = float(value) + semitones if name == "reference_glottal_pitch" else float(value)
        lines.append(f"{name} = {moved:.4f}\n")
    return "".join(lines)
