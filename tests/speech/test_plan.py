# SPDX-License-Identifier: Apache-2.0
"""Voices belong to one split each, clips are dealt 8 : 1 : 1, and the seed decides everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from tinykws.project.labels import labels_of_words
from tinykws.speech.accents import ForeignAccents
from tinykws.speech.engines import EngineVoices
from tinykws.speech.plan import VoicePlan, plan_speech
from tinykws.speech.unknown_words import UnknownWords

VARIANTS = [f"voice{n}" for n in range(30)]
UNKNOWN = UnknownWords(
    similar=("knee", "yell"),
    others=("apple", "dog", "tree"),
    near_misses=("[[k'Es]]",),
    partial=("yest", "nomble"),
    phrases=("dog tree", "apple dog", "tree dog"),
)
TEXTS = ("yes", "no", *UNKNOWN.similar, *UNKNOWN.others, *UNKNOWN.near_misses, *UNKNOWN.partial, *UNKNOWN.phrases)


def cast(
    engine: str = "espeak",
    voices: Sequence[str] = VARIANTS,
    texts: Sequence[str] = TEXTS,
    accents: tuple[str, ...] = ("en", "en-US"),
    foreign: dict[str, ForeignAccents] | None = None,
    share: float = 1.0,
) -> EngineVoices:
    given = {text: text if engine == "espeak" else f"<{text}>" for text in texts}
    return EngineVoices(engine, {voice: f"its {voice}" for voice in voices}, given, accents, foreign or {}, share)


def plan(
    *casts: EngineVoices,
    clips: int = 50,
    unknown_clips: int = 100,
    seed: int = 1,
    words: Sequence[str] = ("yes", "no"),
    unknown: UnknownWords = UNKNOWN,
    held_back: Sequence[str] = (),
    vocoder_share: float = 0.0,
) -> tuple[VoicePlan, ...]:
    return plan_speech(
        labels_of_words(words)[2:],
        unknown,
        casts or [cast()],
        clips_per_word=clips,
        unknown_clips=unknown_clips,
        seed=seed,
        held_back=held_back,
        vocoder_share=vocoder_share,
    )


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
    assert texts["knee"] == texts["yell"] == 10
    assert texts["[[k'Es]]"] == 5
    assert sorted(texts[word] for word in UNKNOWN.partial) == [12, 13]
    assert sorted(texts[word] for word in UNKNOWN.others) == [8, 8, 9]
    assert [texts[word] for word in UNKNOWN.phrases] == [5, 5, 5]
    assert texts["yes"] == texts["no"] == 5
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
    assert Counter(u.text for p in none for u in p.clips) == {"knee": 50, "dog": 40, "yes": 10 + 10}


def test_engines_share_the_clips_whatever_the_number_of_their_voices() -> None:
    plans = plan(cast(), cast("flite", ["slt", "rms", "awb"], accents=("",), share=0.5), clips=1000, unknown_clips=1000)
    clips = Counter(p.engine for p in plans if p.split == "training" for _ in p.clips)
    assert clips["flite"] / clips.total() == pytest.approx(1 / 3, abs=0.01)
    by_voice = [len(p.clips) for p in plans if p.split == "training" and p.engine == "espeak"]
    assert max(by_voice) - min(by_voice) <= 3  # one for each folder
    assert sum(len(p.clips) for p in plans) == 3000


def test_an_engine_that_is_held_back_says_all_of_validation_and_testing() -> None:
    held = cast("flite", ["slt", "rms"], accents=("",))
    plans = plan(cast(), cast("piper", ["p1", "p2"], accents=("",)), held, held_back=("flite",), clips=100)
    engines = {split: {p.engine for p in plans if p.split == split} for split in ("training", "validation", "testing")}
    assert engines == {"training": {"espeak", "piper"}, "validation": {"flite"}, "testing": {"flite"}}
    dealt = Counter(p.split for p in plans for u in p.clips if u.file.startswith("yes/"))
    assert dealt == {"training": 80, "validation": 10, "testing": 10}


def test_a_share_of_the_clips_gets_another_speaker() -> None:
    said = [u for p in plan(clips=400, vocoder_share=0.3) for u in p.clips]
    changes = [u.change for u in said if u.change]
    assert 0.26 < len(changes) / len(said) < 0.34
    assert len(set(changes)) == len(changes)
    assert not any(u.change for p in plan() for u in p.clips)


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
    assert (texts["knee"], texts["[[k'Es]]"]) == (10, 5)


def test_what_nobody_says_is_left_out() -> None:
    plans = plan(cast("flite", texts=[text for text in TEXTS if text not in ("knee", "[[k'Es]]")]))
    texts = Counter(u.text for p in plans for u in p.clips)
    assert texts["yell"] == 20 + 5
    assert texts["knee"] == texts["[[k'Es]]"] == 0
