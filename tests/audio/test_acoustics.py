# SPDX-License-Identifier: Apache-2.0
"""Simulated rooms: echoes come when and as loud as geometry says, and die away in the time that was asked."""

from __future__ import annotations

import numpy as np
import pytest

from tinykws.audio.acoustics import (
    LONGEST_S,
    SPEED_OF_SOUND_M_S,
    impulse_response,
    random_impulse_responses,
    reflection,
)

RATE = 16000
ROOM = np.array([5.0, 4.0, 2.5])
MOUTH = np.array([2.0, 2.0, 1.2])
MICROPHONE = np.array([3.0, 2.0, 1.2])
"""A metre apart, along the room."""
RUMBLE = 0.06
"""What the high-pass at 50 Hz takes of each sample: a fiftieth of all before, which are three in these first 10 ms."""


def test_direct_sound_first_then_each_wall_in_its_time() -> None:
    response = impulse_response(ROOM, MOUTH, MICROPHONE, 0.4)
    back = reflection(ROOM, 0.4)
    floor_m, side_m = np.sqrt(1 + 2.4**2), np.sqrt(1 + 4.0**2)
    assert response[0] == pytest.approx(1.0, abs=RUMBLE)
    for way_m, images in ((floor_m, 1), (np.sqrt(1 + 2.6**2), 1), (side_m, 2)):  # floor, ceiling, both side walls
        at = round((way_m - 1) / SPEED_OF_SOUND_M_S * RATE)
        assert response[at] == pytest.approx(images * back / way_m, abs=RUMBLE)
    first = round((floor_m - 1) / SPEED_OF_SOUND_M_S * RATE)
    assert np.abs(response[1:first]).max() < RUMBLE


@pytest.mark.parametrize("reverberation_s", [0.15, 0.3, 0.6])
def test_sound_dies_away_in_the_time_asked(reverberation_s: float) -> None:
    """By Schroeder's backward integration, from -5 to -25 dB. Eyring's formula is for sound that comes from everywhere
    alike, which it does not quite in a shoebox: a third off is what others measure, too."""
    response = impulse_response(ROOM, MOUTH, MICROPHONE, reverberation_s)
    energy = np.cumsum(response[::-1] ** 2)[::-1]
    level_db = 10 * np.log10(energy / energy[0])
    early, late = (int(np.argmax(level_db < below_db)) for below_db in (-5, -25))
    assert (late - early) / RATE * 3 == pytest.approx(reverberation_s, rel=0.35)


def test_walls_that_take_all_leave_the_direct_sound_alone() -> None:
    response = impulse_response(ROOM, MOUTH, MICROPHONE, 0.001)
    assert response[0] == pytest.approx(1.0, abs=RUMBLE)
    assert np.abs(response[1:]).max() < RUMBLE


def test_random_rooms_have_energy_one_and_differ_and_come_again() -> None:
    rooms = random_impulse_responses(6, np.random.default_rng(3))
    assert rooms.shape == (6, round(LONGEST_S * RATE))
    np.testing.assert_allclose((rooms**2).sum(axis=1), 1, rtol=1e-5)
    assert len({room.tobytes() for room in rooms}) == 6
    np.testing.assert_array_equal(rooms, random_impulse_responses(6, np.random.default_rng(3)))


def test_random_rooms_have_no_rumble() -> None:
    """The sum of a response is what a room does to frequency 0."""
    rooms = random_impulse_responses(20, np.random.default_rng(1)).astype(np.float64)
    spectra = np.abs(np.fft.rfft(rooms, axis=1))
    assert (spectra[:, 0] < 0.25 * spectra.mean(axis=1)).all()
