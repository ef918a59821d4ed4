"""Voices belong to one split each, clips are dealt 8 : 1 : 1, and the seed decides everything."""

from __future__ import annotations

from collections import Counter

import pytest

from tinykws.clips.foreign import ForeignSpeech
from tinykws.clips.speech_plan import VoicePlan, plan_speech, split_voices
from tinykws.clips.unknown_words import UnknownWords
from tinykws.labels import labels_of_words

VARIANTS = [f"voice{n}" for n in range(30)]
UNKNOWN = UnknownWords(("knee", "yell"), ("apple", "dog", "tree"), ("[[k'Es]]",))


def plan(
    clips: int = 50, unknown_clips: int = 100, seed: int = 1, foreign: dict[str, ForeignSpeech] | None = None
) -> tuple[VoicePlan, ...]:
    return plan_speech(
        labels_of_words(["yes", "no"])[2:],
        UNKNOWN,
        ["en", "en-US"],
        split_voices(VARIANTS, seed),
        foreign or {},
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
    dealt = Counter((p.split, u.file.split("/")[0]) for p in plan(clips, unknown_clips) for u in p.utterances)
    for folder, total in (("yes", clips), ("no", clips), ("_unknown_", unknown_clips)):
        assert dealt["training", folder] == total * 8 // 10
        assert dealt["validation", folder] == dealt["testing", folder] == total // 10


def test_files_are_unique_and_named_by_voice() -> None:
    files = [(p.variant, u.file) for p in plan() for u in p.utterances]
    assert len({file for _, file in files}) == len(files) == 200
    assert all(file.split("/")[1].startswith(f"{voice}_nohash_") for voice, file in files)


def test_unknown_clips_go_through_all_words_in_turn() -> None:
    unknown = [u for p in plan() for u in p.utterances if u.file.startswith("_unknown_")]
    texts = Counter(u.text for u in unknown)
    assert texts["knee"] == texts["yell"] == 15
    assert texts["[[k'Es]]"] == 20
    assert sorted(texts[word] for word in UNKNOWN.others) == [11, 12, 12]
    assert {texts["yes"], texts["no"]} == {7, 8}
    assert all((u.shape.keep != (0.0, 1.0)) == (u.text in ("yes", "no")) for u in unknown)


def test_words_themselves_are_never_cut() -> None:
    assert all(u.shape.keep == (0.0, 1.0) for p in plan() for u in p.utterances if not u.file.startswith("_unknown_"))


def test_the_seed_decides() -> None:
    assert plan(seed=3) == plan(seed=3)
    assert plan(seed=3) != plan(seed=4)


def test_a_word_is_said_in_many_ways() -> None:
    said = [(u.accent, u.rate_wpm, u.pitch, u.speed) for p in plan() for u in p.utterances if u.text == "yes"]
    assert len(set(said)) == len(said)
    assert {accent for accent, *_ in said} == {"en", "en-US"}


def test_foreign_accents_say_the_phonemes_of_some_clips() -> None:
    said = [u for p in plan(400, 400, foreign={"yes": ForeignSpeech("j'Es", ("fr", "de"))}) for u in p.utterances]
    foreign = [u for u in said if u.accent in ("fr", "de")]
    assert 0.28 < sum(u.file.startswith("yes/") for u in foreign) / 400 < 0.42
    assert {u.text for u in foreign} == {"yes"}
    assert {u.spoken.rstrip(".!?") for u in foreign} == {"[[j'Es]]"}
    assert {u.accent for u in foreign} == {"fr", "de"}
    assert all(u.spoken.rstrip(".!?") == u.text for u in said if u not in foreign)


def test_words_are_told_called_and_asked() -> None:
    marks = Counter(u.spoken[len(u.text) :] for p in plan(200) for u in p.utterances)
    assert set(marks) == {"", ".", "!", "?"}
    assert marks[""] > marks["!"] > 50


def test_near_misses_have_a_name_and_words_alike_take_their_turns_where_there_are_none() -> None:
    said = [u for p in plan() for u in p.utterances]
    misses = [u for u in said if u.text == "[[k'Es]]"]
    assert all("_nohash_near_miss_" in u.file for u in misses)
    none = plan_speech(
        labels_of_words(["yes"])[2:],
        UnknownWords(("knee",), ("dog",)),
        ["en"],
        split_voices(VARIANTS, 1),
        {},
        clips_per_word=10,
        unknown_clips=100,
        seed=1,
    )
    assert Counter(u.text for p in none for u in p.utterances) == {"knee": 50, "dog": 35, "yes": 15 + 10}
