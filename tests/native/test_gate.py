# SPDX-License-Identifier: Apache-2.0
"""The gate: what is quiet, how it follows a room, and that a word finds the model awake."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from frontend_signals import to_int16, voice

from tinykws.model.bundle import Bundle, to_json
from tinykws.model.identity import detector_values
from tinykws.native.listener import Inference, Listener
from tinykws.project.config import parse_config
from tinykws.project.detector_settings import MOST_GATE_DB, DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ConfigError

FRONTEND = FrontendSettings()
GATED = DetectorSettings(gate_db=4)
N_LABELS = 4
SILENCE = (127, -128, -128, -128)
AWAKE = (1, 2, 3, 4)


def noise(seconds: float, amplitude: float, seed: int = 1) -> npt.NDArray[np.int16]:
    return to_int16(np.random.default_rng(seed).standard_normal(int(seconds * 16000)) * amplitude)


def inferences(samples: npt.NDArray[np.int16], detector: DetectorSettings = GATED) -> list[Inference]:
    listener = Listener(FRONTEND, detector, N_LABELS, lambda _: np.array(AWAKE, np.int8))
    return [event for event in listener.feed(samples) if isinstance(event, Inference)]


def test_the_first_model_input_is_heard_and_then_a_quiet_room_sleeps() -> None:
    heard = inferences(noise(10, 30))
    assert not heard[0].slept, "nothing is known of the room yet"
    assert all(inference.slept for inference in heard[2:])
    assert {inference.scores for inference in heard if inference.slept} == {SILENCE}
    assert {inference.scores for inference in heard if not inference.slept} == {AWAKE}


@pytest.mark.parametrize("amplitude", [0, 1, 30, 3000])
def test_steady_noise_of_any_loudness_is_quiet(amplitude: float) -> None:
    assert np.mean([inference.slept for inference in inferences(noise(20, amplitude))]) > 0.95


def test_a_constant_offset_of_the_samples_is_not_sound() -> None:
    offset = noise(10, 30) + np.int16(2000)
    assert [one.slept for one in inferences(offset)][2:] == [True] * (len(inferences(offset)) - 2)


@pytest.mark.parametrize("late_ms", [0, 7, 20, 55, 100])
def test_the_model_is_awake_for_every_model_input_that_holds_a_loud_frame(late_ms: int) -> None:
    """From the inference after its first frame to the last one whose model input has its last frame."""
    word = to_int16(voice(1, seed=3)[:9600] * 9000)
    quiet_ms = 3000 + late_ms
    room = noise(6, 30)
    begin, end = quiet_ms * 16, quiet_ms * 16 + len(word)
    room[begin:end] += word
    heard = inferences(room)
    held = FRONTEND.clip_samples / 16
    assert all(one.slept for one in heard if 1500 < one.time_ms < quiet_ms)
    during = [one for one in heard if quiet_ms + 60 <= one.time_ms <= quiet_ms + 600 + held - 150]
    assert len(during) > 10
    assert not any(one.slept for one in during)
    assert all(one.slept for one in heard if one.time_ms > quiet_ms + 600 + held + 40)


def test_a_fan_that_is_switched_on_becomes_the_rooms_noise_and_back() -> None:
    heard = inferences(np.concatenate([noise(5, 30), noise(25, 600), noise(5, 30)]))
    slept_at = [one.time_ms for one in heard if one.slept]
    assert not any(5300 < time_ms < 6000 for time_ms in slept_at), "a word could be in it"
    assert all(one.slept for one in heard if 14000 < one.time_ms < 29900), "26 dB louder: four doublings"
    assert all(one.slept for one in heard if one.time_ms > 31500)


def test_a_higher_gate_sleeps_more() -> None:
    levels = np.repeat(np.random.default_rng(3).uniform(30, 120, 40), 8000)
    sound = to_int16(np.random.default_rng(4).standard_normal(levels.size) * levels)
    shares = [np.mean([one.slept for one in inferences(sound, DetectorSettings(gate_db=db))]) for db in (2, 6, 12, 20)]
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < shares[-1]


def test_the_state_is_forgotten_at_a_reset() -> None:
    listener = Listener(FRONTEND, GATED, N_LABELS, lambda _: np.array(AWAKE, np.int8))
    first = listener.feed(noise(3, 30))
    listener.reset()
    assert listener.feed(noise(3, 30)) == first


def test_blocks_of_any_size_give_the_same() -> None:
    samples = np.concatenate([noise(3, 30), noise(0.3, 5000), noise(3, 30)])
    listener = Listener(FRONTEND, GATED, N_LABELS, lambda _: np.array(AWAKE, np.int8))
    pieces = [event for at in range(0, len(samples), 997) for event in listener.feed(samples[at : at + 997])]
    assert [one for one in pieces if isinstance(one, Inference)] == inferences(samples)


def test_without_a_gate_identity_and_bundle_are_as_before_there_was_one(tiny_model_bundle: Bundle) -> None:
    assert "gate_db" not in detector_values(tiny_model_bundle.detector, 4)
    assert "gate_db" not in to_json(tiny_model_bundle)["detector"]


def test_a_gate_is_in_the_bundle_and_in_its_identity(tiny_model_bundle: Bundle) -> None:
    gated = dataclasses.replace(tiny_model_bundle, detector=dataclasses.replace(tiny_model_bundle.detector, gate_db=5))
    assert to_json(gated)["detector"]["gate_db"] == 5
    one, other = gated.identity.split("-"), tiny_model_bundle.identity.split("-")
    assert [a == b for a, b in zip(one, other, strict=True)] == [True, False, True, True]
    beyond = dataclasses.replace(gated.detector, gate_db=MOST_GATE_DB + 1)
    with pytest.raises(ConfigError, match="gate_db is 31"):
        dataclasses.replace(gated, detector=beyond)


@pytest.mark.parametrize("text", ["-3", "31", "4.5", "loud", "true"])
def test_a_wrong_gate_in_kws_yaml_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="gate_db"):
        parse_config(f"words: [yes]\ndetector: {{gate_db: {text}}}\n".replace("[yes]", "['yes']"))


def test_the_ratio_is_that_of_amplitudes() -> None:
    assert [DetectorSettings(gate_db=db).gate_ratio for db in (0, 1, 6, 20, 30)] == [0, 287, 511, 2560, 8095]
