# SPDX-License-Identifier: Apache-2.0
"""Speakers multiplied: a clip is analysed by WORLD and spoken again with another vocal tract, pitch and breath.

WORLD (M. Morise et al., IEICE Trans. Inf. & Syst. E99-D, 2016) splits speech into pitch, spectral envelope and
aperiodicity. Stretching the envelope along frequency is another length of the vocal tract. PyPI's pyworld has WORLD; it
is an optional extra, because some computers must compile it.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.machinery
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

INSTALL_HINT = 'pip install "tinykws[voices]"'
PACKAGE = "pyworld"
TRACT_OCTAVES = (-0.32, 0.38)
"""Formants from a fifth lower (a larger person) to a third higher (a child)."""
PITCH_PER_TRACT = 1.6
"""Exponent: how much higher a voice is for a shorter tract …"""
PITCH_SPREAD_OCTAVES = 0.45
"""… and how far it may be from that."""
PITCH_HZ = (70.0, 380.0)
RANGE_OCTAVES = (-1.0, 0.9)
"""A monotone to a lively voice."""
BREATHY_SHARE = 0.5
MOST_BREATH = 0.5
MOST_TILT_DB = 5.0
"""Per three octaves: a dull to a bright voice."""
SEARCHED_HZ = (60.0, 600.0)
_UNVOICED_HZ = 120.0
"""Pitch of a clip without voiced sounds; it is not heard."""

FloatSamples = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class VoiceChange:
    """Another speaker, relative to the one who spoke."""

    formants: float
    """Factor on the frequencies of formants; above 1 is a shorter vocal tract."""
    pitch: float
    """Factor on the mean pitch, before it is limited to what people have."""
    pitch_range: float
    """Factor on the distance from the mean pitch, in octaves; 0 is monotone."""
    breath: float
    """0 to 1: how much of the voice becomes noise at the highest frequency."""
    tilt_db: float
    """Louder high frequencies, in dB per three octaves."""


def random_change(rng: np.random.Generator) -> VoiceChange:
    """Returns a random speaker; one with a shorter vocal tract tends to have a higher voice."""
    formants = 2.0 ** rng.uniform(*TRACT_OCTAVES)
    return VoiceChange(
        formants=float(formants),
        pitch=float(formants**PITCH_PER_TRACT * 2 ** rng.uniform(-PITCH_SPREAD_OCTAVES, PITCH_SPREAD_OCTAVES)),
        pitch_range=float(2 ** rng.uniform(*RANGE_OCTAVES)),
        breath=float(rng.uniform(0, MOST_BREATH)) if rng.random() < BREATHY_SHARE else 0.0,
        tilt_db=float(rng.uniform(-MOST_TILT_DB, MOST_TILT_DB)),
    )


def version() -> str:
    """Returns pyworld's version; empty if it is not installed."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return ""


def changed(speech: FloatSamples, sample_rate_hz: int, change: VoiceChange) -> FloatSamples:
    """Returns speech, float [n], as another speaker says it, float [about n]; nothing is random."""
    world = _world()
    speech = np.ascontiguousarray(speech, np.float64)
    low, high = SEARCHED_HZ
    rough_hz, times = world.dio(speech, sample_rate_hz, f0_floor=low, f0_ceil=high)
    pitch_hz = world.stonemask(speech, rough_hz, times, sample_rate_hz)
    envelope = world.cheaptrick(speech, pitch_hz, times, sample_rate_hz)
    noise = world.d4c(speech, pitch_hz, times, sample_rate_hz)
    envelope = np.exp(_stretched(np.log(envelope + 1e-16), change.formants))
    noise = _stretched(noise, change.formants)
    bins = np.linspace(0, 1, envelope.shape[1])
    noise = np.clip(noise + change.breath * (1 - noise) * np.sqrt(bins), 0, 1)
    octaves = np.log2(np.maximum(bins * sample_rate_hz / 2, 200) / 1000)
    envelope = envelope * 10 ** (change.tilt_db / 10 * octaves / 3)
    moved_hz = _moved(pitch_hz, change)
    spoken: FloatSamples = world.synthesize(
        moved_hz, np.ascontiguousarray(envelope), np.ascontiguousarray(noise), sample_rate_hz
    )
    return spoken


def _moved(pitch_hz: FloatSamples, change: VoiceChange) -> FloatSamples:
    voiced = pitch_hz > 0
    octaves = np.log2(np.where(voiced, pitch_hz, _UNVOICED_HZ))
    middle = octaves[voiced].mean() if voiced.any() else np.log2(_UNVOICED_HZ)
    new_middle = np.log2(np.clip(2**middle * change.pitch, *PITCH_HZ))
    moved: FloatSamples = np.where(voiced, 2 ** (new_middle + (octaves - middle) * change.pitch_range), 0.0)
    return moved


def _stretched(spectra: FloatSamples, factor: float) -> FloatSamples:
    """Returns [frames, bins] stretched along frequency; what lies above the highest bin repeats it."""
    last = spectra.shape[1] - 1
    source = np.minimum(np.arange(last + 1) / factor, last)
    below = source.astype(int)
    above = np.minimum(below + 1, last)
    share = source - below
    stretched: FloatSamples = spectra[:, below] * (1 - share) + spectra[:, above] * share
    return stretched


@functools.cache
def _world() -> Any:
    """Returns pyworld's compiled module; its `__init__` needs pkg_resources, which newer setuptools lack."""
    spec = importlib.util.find_spec(PACKAGE)
    folder = Path((spec.submodule_search_locations or [""])[0]) if spec else Path()
    endings = importlib.machinery.EXTENSION_SUFFIXES
    files = [folder / f"{PACKAGE}{ending}" for ending in endings if (folder / f"{PACKAGE}{ending}").is_file()]
    if not spec or not files:
        raise ImportError(f"pyworld is not installed: {INSTALL_HINT}")
    loader = importlib.machinery.ExtensionFileLoader(f"{PACKAGE}.{PACKAGE}", str(files[0]))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))  # type: ignore[arg-type]
    loader.exec_module(module)
    return module
