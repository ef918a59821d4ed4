# SPDX-License-Identifier: Apache-2.0
"""What precedes and follows a sound: the same faint noise everywhere, and enough of both."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from tinykws.audio.levels import dbfs
from tinykws.audio.playback import LEAD_IN_MS, faint_noise, playback_for
from tinykws.evaluation.timeline import GRACE_MS
from tinykws.evaluation.word_stream import FAINT_DB
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings

FRONTEND = FrontendSettings()
NOISE_CRC = 3445631573


def test_a_sound_lies_between_lead_in_and_silence() -> None:
    playback = playback_for(FRONTEND, DetectorSettings())
    sound = [np.full(16000, 7, np.int16), np.full(8000, 8, np.int16)]
    played = np.concatenate(list(playback.pieces(sound)))
    begin = LEAD_IN_MS * 16
    np.testing.assert_array_equal(played[:begin], faint_noise(begin))
    np.testing.assert_array_equal(played[begin : begin + 24000], np.concatenate(sound))
    assert not played[begin + 24000 :].any()
    assert played.size == begin + 24000 + playback.silence.size
    assert playback.time_in_sound_ms(LEAD_IN_MS + 290) == 290


@pytest.mark.parametrize("samples", [0, 1, 8000, 15999])
def test_a_sound_shorter_than_a_model_input_is_followed_by_more_silence(samples: int) -> None:
    playback = playback_for(FRONTEND, DetectorSettings())
    sizes = [piece.size for piece in playback.pieces([np.ones(samples, np.int16)])]
    assert sum(sizes) == playback.lead_in.size + FRONTEND.clip_samples + playback.silence.size


@pytest.mark.parametrize("stride_ms", [20, 60, 100, 140, 400, 2000])
def test_inferences_keep_their_places_in_the_sound(stride_ms: int) -> None:
    lead_in_ms = playback_for(FRONTEND, DetectorSettings(inference_stride_ms=stride_ms)).lead_in_ms
    assert lead_in_ms % stride_ms == 0
    assert LEAD_IN_MS <= lead_in_ms < LEAD_IN_MS + stride_ms


@pytest.mark.parametrize("window_ms", [300, 1000, 2500, 5000])
def test_the_silence_is_as_long_as_a_detection_counts(window_ms: int) -> None:
    silence_ms = playback_for(FRONTEND, DetectorSettings(average_window_ms=window_ms)).silence_ms
    assert silence_ms >= max(GRACE_MS, window_ms // 2)


def test_the_noise_is_faint_and_the_same_on_every_computer() -> None:
    noise = faint_noise(48000)
    assert dbfs(float(noise.astype(float).std())) == pytest.approx(FAINT_DB, abs=1)
    assert np.abs(noise).max() < 150
    assert zlib.crc32(noise.astype("<i2").tobytes()) == NOISE_CRC
    np.testing.assert_array_equal(noise[:16000], faint_noise(16000))
    with pytest.raises(ValueError, match="read-only"):
        noise[0] = 1
