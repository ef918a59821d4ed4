# SPDX-License-Identifier: Apache-2.0
"""segments: rows say a word just after its end and at no other time, and the seed and the number decide everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import CancelledError

import numpy as np
import numpy.typing as npt
import pytest
from tone_bursts_dataset import KWS_YAML, make_project

from tinykws.native.features import Samples
from tinykws.project.labels import FIRST_WORD
from tinykws.project.training_settings import PROBABILITIES, AugmentationSettings
from tinykws.training import segments as module
from tinykws.training.architectures.stream_tcn import STRIDE, shape_for
from tinykws.training.lessons import Lessons
from tinykws.training.segments import HEARD_MS, NOT_COUNTED, SegmentMaker, Segments, slower
from tinykws.training.teachers.tracks import clip_targets
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import SILENCE_INDEX, UNKNOWN_INDEX

PLAIN = AugmentationSettings(
    **dict.fromkeys(PROBABILITIES, 0), gain_db=0, speed_percent=0, tempo_percent=0, clips_per_epoch=192
)
TALK = (np.random.default_rng(3).standard_normal(16_000 * 6) * 1000).astype(np.int16)
LOW_HZ, HIGH_HZ = 300, 3500
"""The tones of the two words; `low` is the first label after silence and unknown."""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.load(make_project(tmp_path_factory.mktemp("segments"), yaml=KWS_YAML).dataset_dir)


def maker(
    dataset: Dataset, talk: tuple[Samples, ...] = (), settings: AugmentationSettings = PLAIN, seed: int = 1
) -> SegmentMaker:
    return SegmentMaker(dataset, talk, settings, shape_for(dataset.frontend.n_frames), seed)


def runs(targets: npt.NDArray[np.int8]) -> Iterator[tuple[int, int, int]]:
    """Label, first row and length of the runs of words."""
    at = 0
    while at < len(targets):
        end = at
        while end < len(targets) and targets[end] == targets[at]:
            end += 1
        if targets[at] >= FIRST_WORD:
            yield int(targets[at]), at, end - at
        at = end


def test_a_word_is_said_for_a_moment_after_it_ended(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The front-end is not asked: the loudest channel of the frames before the rows tells which tone it was."""
    monkeypatch.setattr(module, "PAUSE_S", (0.7, 0.9))  # one word's rows do not touch the next one's
    made = maker(dataset).make(0)
    frames = dataset.frontend.n_frames
    heard = HEARD_MS // (STRIDE * dataset.frontend.stride_ms)
    right = checked = 0
    for features, targets in zip(made.features, made.targets, strict=True):
        for label, first, length in runs(targets):
            if first == 0 or first + length == len(targets):
                continue
            assert length in (heard, heard + 1)
            assert targets[first - 1] == NOT_COUNTED
            end = STRIDE * first + frames - 1  # the newest frame of the first row that says it
            word = features[end - 10 : end - 3].astype(int).sum(axis=0).argmax()
            right += (word < 12) == (label == FIRST_WORD)
            checked += 1
    assert checked > 20
    assert right >= 0.95 * checked  # a few are so soft, or near a loud one, that another channel is louder


def test_every_label_occurs_and_words_are_rare(dataset: Dataset) -> None:
    targets = maker(dataset).make(0).targets
    share = {label: float((targets == label).mean()) for label in (NOT_COUNTED, 0, 1, 2, 3)}
    assert all(value > 0.01 for value in share.values())
    assert share[2] + share[3] < 0.4


def test_talk_alone_is_unknown_throughout(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TALK_SHARE", 1.0)
    monkeypatch.setattr(module, "SILENCE_SHARE", 0.0)
    assert (maker(dataset, (TALK,)).make(0).targets == UNKNOWN_INDEX).all()


def test_noise_alone_is_silence_throughout(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_SHARE", 1.0)
    made = maker(dataset, (TALK,)).make(0)
    assert (made.targets == SILENCE_INDEX).all()
    assert made.features.max() > 0


def test_silence_is_where_nobody_spoke_for_a_second(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", (6.0, 7.0))
    targets = maker(dataset).make(0).targets
    assert (targets == SILENCE_INDEX).mean() > 0.4


@pytest.mark.slow
def test_the_seed_and_the_number_decide(dataset: Dataset) -> None:
    settings = dataclasses.replace(AugmentationSettings(), clips_per_epoch=192, tempo_percent=50)
    one = maker(dataset, (TALK,), settings)
    expected = [one.make(number) for number in range(3)]
    for came, made in zip(one.first(3), expected, strict=True):
        assert same(came, made)
    assert not same(expected[0], expected[1])
    assert not same(expected[0], maker(dataset, (TALK,), settings, seed=2).make(0))


def test_closed_early_nothing_more_is_made(dataset: Dataset) -> None:
    one = maker(dataset)
    made = one.first(100)
    next(made)
    made.close()
    one._stopped.set()
    with pytest.raises(CancelledError):
        one.make(5)


def test_slower_stretches_the_beginning() -> None:
    ramp = np.repeat(np.arange(40, dtype=np.int8)[None, :, None], 2, axis=0) + np.zeros((1, 1, 3), np.int8)
    stretched = slower(ramp, np.array([1.0, 2.0]))
    np.testing.assert_array_equal(stretched[0], ramp[0])
    np.testing.assert_array_equal(stretched[1, ::2, 0], np.arange(20))


def test_slower_sound_has_its_words_later(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same segments, once as they are and once a third slower: each word's rows move with its sound."""
    monkeypatch.setattr(module, "PAUSE_S", (0.7, 0.9))
    monkeypatch.setattr(SegmentMaker, "_slowness", lambda self, count, rng: np.ones(count))
    plain = maker(dataset).make(0)
    monkeypatch.setattr(SegmentMaker, "_slowness", lambda self, count, rng: np.full(count, 4 / 3))
    slow = maker(dataset).make(0)
    frames, moved = dataset.frontend.n_frames, 0
    for before, after in zip(plain.targets, slow.targets, strict=True):
        for label, first, _ in runs(after):
            was = ((STRIDE * first + frames) * 3 / 4 - frames) / STRIDE
            if first and was > 1:
                assert any(one == label and abs(at - was) <= 2 for one, at, _ in runs(before))
                moved += 1
    assert moved > 20


def same(one: Segments, other: Segments) -> bool:
    return np.array_equal(one.features, other.features) and np.array_equal(one.targets, other.targets)


def spoken_lessons(dataset: Dataset) -> Lessons:
    """What a perfect teacher says: a clip's label while it must be said, otherwise unknown; in talk, the time."""
    logits = []
    for clip, label in zip(dataset.clips("training"), dataset.label_ids("training"), strict=True):
        targets = clip_targets(clip, int(label), -(-(clip.size + 16_000) // 160), 160)
        logits.append(np.eye(4, dtype=np.float32)[np.maximum(targets, UNKNOWN_INDEX)])
    clock = np.repeat((np.arange(TALK.size // 160) + 1.0)[:, None] * 160, 4, axis=1).astype(np.float32)
    return Lessons(160, logits, [np.zeros((1, 4), np.float32), clock])


@pytest.mark.parametrize("slowness", [1.0, 1.4])
def test_a_teacher_says_each_word_when_the_segment_must(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, slowness: float
) -> None:
    monkeypatch.setattr(SegmentMaker, "_slowness", lambda self, count, rng: np.full(count, slowness))
    monkeypatch.setattr(module, "PAUSE_S", (0.7, 0.9))
    settings = dataclasses.replace(PLAIN, speed_percent=10)
    one = SegmentMaker(
        dataset, (), settings, shape_for(dataset.frontend.n_frames), 1, lessons=spoken_lessons(dataset)
    ).make(0)
    assert one.taught is not None
    assert same(one, maker(dataset, (), settings).make(0))
    words = (one.targets >= FIRST_WORD) & np.isfinite(one.taught[..., 0])
    assert words.sum() > 300
    says = np.where(np.isfinite(one.taught), one.taught, 0).argmax(axis=2)
    # HEARD_MS is that of the segment: the teacher's ends earlier in one that is slowed down or sped up
    assert (says[words] == one.targets[words]).mean() > 0.85
    counted = (one.targets == UNKNOWN_INDEX) & np.isfinite(one.taught[..., 0])
    assert counted.sum() > 300
    assert (says[counted] == UNKNOWN_INDEX).mean() > 0.98


def test_a_head_learns_the_words_of_segments_just_after_their_end(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sound tells which tone ended before the first row that must say it."""
    monkeypatch.setattr(module, "PAUSE_S", (0.7, 0.9))
    hop, right, checked = 1280, 0, 0
    settings = dataclasses.replace(PLAIN, tempo_percent=60)
    made = list(maker(dataset, settings=settings).sounds(40, hop))
    for sound, targets in made:
        assert len(targets) == len(sound) // hop
        for label, first, length in runs(targets):
            if not 3 <= first < len(targets) - length:
                continue
            assert length in (HEARD_MS * 16 // hop, HEARD_MS * 16 // hop + 1)
            spectrum = np.abs(np.fft.rfft(sound[(first - 2) * hop : first * hop + hop // 2].astype(float)))
            hz = spectrum.argmax() * 16_000 / (2.5 * hop)
            right += label == (FIRST_WORD if hz < 1000 else FIRST_WORD + 1)
            checked += 1
    assert checked > 20
    assert right >= 0.9 * checked
    again = list(maker(dataset, settings=settings).sounds(2, hop))
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(again, made, strict=False))


def test_a_teacher_is_heard_at_the_place_in_the_talk(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first recording is too short for a segment, so the second one's lessons must be used."""
    monkeypatch.setattr(module, "TALK_SHARE", 1.0)
    monkeypatch.setattr(module, "SILENCE_SHARE", 0.0)
    monkeypatch.setattr(SegmentMaker, "_slowness", lambda self, count, rng: np.full(count, 1.25))
    shape = shape_for(dataset.frontend.n_frames)
    talk = (np.zeros(200, np.int16), TALK)
    made = SegmentMaker(dataset, talk, PLAIN, shape, 1, lessons=spoken_lessons(dataset)).make(0)
    assert made.taught is not None
    heard_at = made.taught[..., 0]
    step = STRIDE * dataset.frontend.stride_samples / 1.25
    np.testing.assert_allclose(np.diff(heard_at, axis=1), step, atol=1)
    assert len(np.unique(heard_at[:, 0])) > 30
