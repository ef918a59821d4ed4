# SPDX-License-Identifier: Apache-2.0
"""Every voice is in one split; with enough engines, validation and testing hear engines that training does not."""

from __future__ import annotations

from collections import Counter

import pytest

from tinykws.speech.engines import EngineVoices
from tinykws.speech.voice_splits import TURNS, engines_held_back, split_voices, turns

AUTO = ("auto",)


def cast(engine: str, count: int, share: float = 1.0) -> EngineVoices:
    return EngineVoices(engine, {f"{engine}-{n}": f"v{n}" for n in range(count)}, {}, share=share)


ESPEAK, GNUSPEECH, FLITE, PIPER = cast("espeak", 240), cast("gnuspeech", 120), cast("flite", 4), cast("piper", 904, 2.0)
HIBARI = cast("hibari", 1, 0.5)


@pytest.mark.parametrize("count", [3, 10, 30, 91])
def test_voices_of_one_engine_are_split_in_tenths(count: int) -> None:
    splits = split_voices([cast("espeak", count)], (), 1)
    assert sorted(name for names in splits.values() for name in names) == sorted(cast("espeak", count).voices)
    assert len(splits["validation"]) == len(splits["testing"]) == max(1, count // 10)
    assert splits == split_voices([cast("espeak", count)], (), 1) != split_voices([cast("espeak", count)], (), 2)


@pytest.mark.parametrize("seed", range(12))
def test_training_keeps_the_voices_of_engines_that_have_few(seed: int) -> None:
    engines = [ESPEAK, GNUSPEECH, HIBARI, FLITE]
    splits = split_voices(engines, (), seed)
    assert {*HIBARI.voices, *FLITE.voices} <= set(splits["training"])
    assert len(splits["validation"]) == len(splits["testing"]) == 36
    assert len(set(splits["validation"]) & set(ESPEAK.voices)) in range(12, 36)


def test_two_voices_are_too_few() -> None:
    with pytest.raises(ValueError, match="2 voices"):
        split_voices([cast("espeak", 2)], (), 1)
    with pytest.raises(ValueError, match="241 voices"):
        split_voices([ESPEAK, HIBARI], ("hibari",), 1)


OTHERS = [cast(name, 3) for name in "abcd"]


@pytest.mark.parametrize(
    ("engines", "held"),
    [
        ([ESPEAK], ()),
        ([ESPEAK, GNUSPEECH, HIBARI], ()),
        ([ESPEAK, GNUSPEECH, HIBARI, FLITE], ()),
        ([ESPEAK, GNUSPEECH, HIBARI, FLITE, PIPER, cast("a", 3)], ()),
        ([ESPEAK, GNUSPEECH, HIBARI, PIPER, *OTHERS[:3]], ("hibari", "piper")),
        ([ESPEAK, GNUSPEECH, HIBARI, FLITE, PIPER, *OTHERS[:2]], ("flite",)),
        ([ESPEAK, GNUSPEECH, HIBARI, FLITE, PIPER, *OTHERS], ("flite", "hibari")),
        ([ESPEAK, *OTHERS], ()),
    ],
)
def test_how_many_engines_are_held_back(engines: list[EngineVoices], held: tuple[str, ...]) -> None:
    assert engines_held_back(engines, AUTO) == held


def test_the_user_decides() -> None:
    assert engines_held_back([ESPEAK, FLITE, PIPER], ("piper",)) == ("piper",)
    assert engines_held_back([ESPEAK, GNUSPEECH, HIBARI, FLITE, PIPER], ()) == ()


def test_one_engine_is_divided_and_two_are_one_each() -> None:
    one = split_voices([ESPEAK, FLITE], ("flite",), 1)
    assert set(one["training"]) == set(ESPEAK.voices)
    assert {*one["validation"], *one["testing"]} == set(FLITE.voices)
    assert len(one["validation"]) == len(one["testing"]) == 2
    two = split_voices([ESPEAK, FLITE, HIBARI, PIPER], ("flite", "hibari"), 1)
    assert set(two["validation"]) == set(FLITE.voices)
    assert set(two["testing"]) == set(HIBARI.voices)
    assert set(two["training"]) == {*ESPEAK.voices, *PIPER.voices}


def test_engines_speak_by_their_shares_and_all_their_voices_in_turn() -> None:
    engines = [ESPEAK, HIBARI, PIPER]
    order = turns([name for each in engines for name in each.voices], engines)
    spoken = Counter(name.partition("-")[0] for name in order)
    assert len(order) == TURNS
    assert spoken["piper"] == pytest.approx(TURNS * 2 / 3.5, abs=2)
    assert spoken["hibari"] == pytest.approx(TURNS * 0.5 / 3.5, abs=2)
    assert set(order) == {name for each in engines for name in each.voices}
    first = Counter(name.partition("-")[0] for name in order[:70])
    assert first["piper"] == pytest.approx(40, abs=2)


def test_a_split_may_lack_an_engine() -> None:
    assert set(turns(["flite-0", "flite-1"], [ESPEAK, FLITE])) == {"flite-0", "flite-1"}
