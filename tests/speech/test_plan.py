# SPDX-License-Identifier: Apache-2.0
"""Voices belong to one split each, clips are dealt 8 : 1 : 1, and the seed decides everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from tinykws.project.labels import labels_of_words
from tinykws.speech.accents import ForeignAccents
from tinykws.speech.engines import EngineVoices
from tinykws.speech.plan import VoicePlan, plan_speech, split_voices
from tinykws.speech.unknown_words import UnknownWords

VARIANTS = [f"voice{n}" for n in range(30)]
UNKNOWN = UnknownWords(("knee", "yell"), ("apple", "dog", "tree"), ("[[k'Es]]",))
TEXTS = ("yes", "no", *UNKNOWN.similar, *UNKNOWN.others, *UNKNOWN.near_misses)


def cast(
    engine: str = "espeak",
    voices: Sequence[str] = VARIANTS,
    texts: Sequence[str] = TEXTS,
    accents: tuple[str, ...] = ("en", "en-US"),
    foreign: dict[str, ForeignAccents] | None = None,
) -> EngineVoices:
    given = {text: text if engine == "espeak" else f"<{text}>" for text in texts}
    return EngineVoices(engine, {voice: f"its {voice}" for voice in voices}, given, accents, foreign or {})


def plan(
    *casts: EngineVoices,
    clips: int = 50,
    unknown_clips: int = 100,
    seed: int = 1,
    words: Sequence[str] = ("yes", "no"),
    unknown: UnknownWords = UNKNOWN,
) -> tuple[VoicePlan, ...]:
    return plan_speech(
        labels_of_words(words)[2:],
        unknown,
        casts or [cast()],
        clips_per_word=clips,
        unknown_clips=unknown_clips,
        seed=seed,
    )


@pytest.mark.parametrize("count", [3, 10, 30, 91])
def test_every_voice_is_in_one_split(count: int) -> None:
    voices = split_voices([f"v{n}" for n in range(count)], 1)
    assert sorted(voice for part in voices.values() for voice in part) == sorted(f"v{n}" for n in range(count))
    assert len(voices["validation"]) == len(voices["testing"]) == max(1, count // 10)


def test_two_voices_are_too_few() -> None:
    with pytest.raises(ValueError, match="2 voices"):
        split_voices(["a", "b"], 1)


@pytest.mark.parametrize(("clips", "unknown_clips"), [(10, 20), (50, 100), (200, 500)])
def test_counts_and_deal(clips: int, unknown_clips: int) -> None:
    dealt = Counter(
        (p.split, u.file.split("/")[0]) for p in plan(clips=clips, unknown_clips=unknown_clips) for u in p.clips
    )
    for folder, total in (("yes", clips), ("no", clips), ("_unknown_", unknown_clips)):
        assert dealt["training", folder] == total * 8 // 10
        assert dealt["validation", folder] == dealt["testing", folder] == total // 10


def test_files_are_unique_and_named_by_voice() -> None:
    files = [(p.voice.removeprefix("its "), u.file) for p in plan() for u in p.clips]
    assert len({file for _, file in files}) == len(files) == 200
    assert all(file.split("/")[1].startswith(f"{voice}_nohash_") for voice, file in files)


def test_unknown_clips_go_through_all_words_in_turn() -> None:
    unknown = [u for p in plan() for u in p.clips if u.file.startswith("_unknown_")]
    texts = Counter(u.text for u in unknown)
    assert texts["knee"] == texts["yell"] == 15
    assert texts["[[k'Es]]"] == 20
    assert sorted(texts[word] for word in UNKNOWN.others) == [11, 12, 12]
    assert {texts["yes"], texts["no"]} == {7, 8}
    assert all((u.placement.kept != (0.0, 1.0)) == (u.text in ("yes", "no")) for u in unknown)


def test_words_themselves_are_never_cut() -> None:
    assert all(u.placement.kept == (0.0, 1.0) for p in plan() for u in p.clips if not u.file.startswith("_unknown_"))


def test_the_seed_decides() -> None:
    assert plan(seed=3) == plan(seed=3)
    assert plan(seed=3) != plan(seed=4)


def test_a_word_is_said_in_many_ways() -> None:
    said = [(u.accent, u.rate_wpm, u.pitch, u.speed) for p in plan() for u in p.clips if u.text == "yes"]
    assert len(set(said)) == len(said)
    assert {accent for accent, *_ in said} == {"en", "en-US"}


def test_foreign_accents_say_the_phonemes_of_some_clips() -> None:
    french = {"yes": ForeignAccents("j'Es", ("fr", "de"))}
    said = [u for p in plan(cast(foreign=french), clips=400, unknown_clips=400) for u in p.clips]
    foreign = [u for u in said if u.accent in ("fr", "de")]
    assert 0.28 < sum(u.file.startswith("yes/") for u in foreign) / 400 < 0.42
    assert {u.text for u in foreign} == {"yes"}
    assert {u.engine_text.rstrip(".!?") for u in foreign} == {"[[j'Es]]"}
    assert {u.accent for u in foreign} == {"fr", "de"}
    assert all(u.engine_text.rstrip(".!?") == u.text for u in said if u not in foreign)


def test_words_are_told_called_and_asked() -> None:
    marks = Counter(u.engine_text[len(u.text) :] for p in plan(clips=200) for u in p.clips)
    assert set(marks) == {"", ".", "!", "?"}
    assert marks[""] > marks["!"] > 50


def test_near_misses_have_a_name_and_words_alike_take_their_turns_where_there_are_none() -> None:
    said = [u for p in plan() for u in p.clips]
    misses = [u for u in said if u.text == "[[k'Es]]"]
    assert all("_nohash_near_miss_" in u.file for u in misses)
    none = plan(clips=10, words=["yes"], unknown=UnknownWords(("knee",), ("dog",)))
    assert Counter(u.text for p in none for u in p.clips) == {"knee": 50, "dog": 35, "yes": 15 + 10}


def test_an_engine_of_few_voices_says_a_tenth_where_it_has_any() -> None:
    plans = plan(cast(), cast("flite", ["slt", "rms"], accents=("",)), clips=1000, unknown_clips=1000)
    splits = {p.split for p in plans if p.engine == "flite"}
    for split in ("training", "validation", "testing"):
        clips = Counter(p.engine for p in plans if p.split == split for _ in p.clips)
        assert (clips["flite"] / clips.total() > 0.095) == (split in splits)
    assert sum(len(p.clips) for p in plans) == 3000
    assert {p.voice for p in plans if p.engine == "flite"} == {"its slt", "its rms"}


def test_many_voices_take_turns_as_the_others_do() -> None:
    plans = plan(cast(), cast("piper", [f"p{n}" for n in range(60)], accents=("",)), clips=450, unknown_clips=900)
    assert len(plans) == 90
    clips = [len(p.clips) for p in plans if p.split == "training"]
    assert max(clips) - min(clips) <= 3  # one for each folder


def test_engines_without_accents_get_their_own_form_of_the_text() -> None:
    said = [u for p in plan(cast(), cast("piper", ["a", "b", "c"], accents=("",))) for u in p.clips]
    theirs = [u for u in said if not u.accent]
    assert theirs
    assert all(u.engine_text.rstrip(".!?") == f"<{u.text}>" for u in theirs)


def test_what_an_engine_does_not_say_another_one_says() -> None:
    mute = cast("flite", [f"f{n}" for n in range(30)], [text for text in TEXTS if text not in ("knee", "[[k'Es]]")])
    plans = plan(cast(), mute)
    assert {u.text for p in plans if p.engine == "flite" for u in p.clips} == set(mute.engine_texts)
    texts = Counter(u.text for p in plans for u in p.clips)
    assert (texts["knee"], texts["[[k'Es]]"]) == (15, 20)


def test_what_nobody_says_is_left_out() -> None:
    plans = plan(cast("flite", texts=[text for text in TEXTS if text not in ("knee", "[[k'Es]]")]))
    texts = Counter(u.text for p in plans for u in p.clips)
    assert texts["yell"] == 30 + 20
    assert texts["knee"] == texts["[[k'Es]]"] == 0
