# SPDX-License-Identifier: Apache-2.0
"""Segments of streams to train on: words, other words and talk one after another, with a target for every row.

A network that hears a stream sees a word come in, end, and leave. So it is trained on seconds of sound in which clips
follow one another, alone or in the middle of talk: shortly after a word's end it must say the word, and not before,
nor at any other time. The clips are those of the dataset; talk is taken from the recordings in negatives/.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples, saturated
from tinykws.native.features import Features, features_of_clips
from tinykws.project.frontend_settings import MAX_CLIP_MS
from tinykws.project.labels import FIRST_WORD
from tinykws.project.training_settings import AugmentationSettings
from tinykws.training.architectures.stream_tcn import STRIDE, Shape
from tinykws.training.lessons import Lessons, Logits, Said, rows_taught
from tinykws.training.prepared_ahead import prepared_ahead
from tinykws.training_data.augmentation.clip_augmenter import Augmenter
from tinykws.training_data.augmentation.speaking_rate import SpeakingRates, spoken_at
from tinykws.training_data.augmentation.word_position import speech_edges
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import SILENCE_INDEX, UNKNOWN_INDEX

MOST_ROWS = 64
"""Outputs of a segment: 2.56 s at a stride of 20 ms; fewer if that is longer than the front-end's longest clip."""
CLIPS_PER_SEGMENT = 3
"""About as many clips fit into a segment, so an epoch has `clips_per_epoch` / 3 segments."""
BLOCK = 64
"""Segments made at a time; between two blocks a worker looks whether it shall stop."""
NOT_COUNTED = -1
"""The target of rows that may say either."""
HEARD_MS = 300
"""A word's rows are those whose input ends up to this long after the word …"""
EITHER_MS = 300
"""… and this long before and after these rows, neither answer is wrong."""
LINGER_MS = 700
"""After speech, rows are `unknown` for this long; then silence begins."""
WORD_SHARE = 0.4
"""Share of words among the clips of a segment."""
TALK_SHARE = 0.5
"""Share of segments that are talk only, if there are recordings in negatives/."""
SILENCE_SHARE = 0.06
"""Share of segments without speech: background noise at any level, or nearly nothing."""
NOISE_DB = (-40.0, 6.0)
"""Its level, relative to LEVEL."""
CONTEXT_SHARE = 0.25
"""Share of the clips in front of which there is talk."""
CONTEXT_S = (0.4, 1.6)
PAUSE_S = (0.05, 0.9)
LEVEL_DB = (-14.0, 8.0)
"""Loudness of speech, relative to LEVEL."""
LEVEL = 2000.0
"""RMS of int16 samples."""
SLOWER_SHARE = 0.75
"""Share of the segments that are slowed down: to a device people speak more slowly than synthesizers do."""
FADE = 240
"""Samples over which a piece of talk begins and ends."""
FLOOR = 8.0
"""Noise of the quietest segments, RMS: no microphone is silent."""

Floats = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Segments:
    """An epoch's segments."""

    features: Features
    """int8 [n, frames, n_mels]."""
    targets: npt.NDArray[np.int8]
    """int [n, rows]: label of each row, or NOT_COUNTED."""
    taught: Logits | None = None
    """float [n, rows, n_labels]: a teacher's logits, NaN where it heard nothing; None without a teacher."""


@dataclasses.dataclass(frozen=True)
class _Speech:
    """Speech in a segment, from and to a sample, with its label."""

    start: int
    end: int
    label_id: int
    said: Said | None = None
    """What a teacher said of it."""


class SegmentMaker:
    """Makes segments from a dataset's training clips and from talk; the same seed and number give the same segments."""

    def __init__(
        self,
        dataset: Dataset,
        talk: Sequence[Samples],
        settings: AugmentationSettings,
        shape: Shape,
        seed: int,
        *,
        lessons: Lessons | None = None,
    ) -> None:
        """Prepares rooms, microphones and noises.

        Args:
            dataset: provides clips, noise and the front-end's settings.
            talk: recordings without the words, int16 [m].
            settings: how segments are altered, and how many an epoch has; what concerns the position of single clips
                has no effect.
            shape: the layers of the network, which say how many frames a row sees.
            seed: for all random choices.
            lessons: what a teacher says of the training clips and of the talk, in the same order.
        """
        self._clips, self._label_ids = dataset.clips("training"), np.asarray(dataset.label_ids("training"))
        frontend = dataset.frontend
        self.rows = min(MOST_ROWS, 1 + (MAX_CLIP_MS - frontend.clip_ms) // (STRIDE * frontend.stride_ms))
        n_frames = shape.n_frames + STRIDE * (self.rows - 1)
        self._frontend = dataclasses.replace(frontend, clip_ms=frontend.window_ms + (n_frames - 1) * frontend.stride_ms)
        frames = np.arange(self.rows) * STRIDE + shape.n_frames - 1
        self._row_ends = frames * frontend.stride_samples + frontend.window_samples
        self._talk, self._noise = (_long_enough(self._frontend.clip_samples, each) for each in (talk, dataset.noise))
        self._lessons, self._n_labels = lessons, len(dataset.labels)
        self._talk_numbers = [at for at, each in enumerate(talk) if each.size >= self._frontend.clip_samples]
        self._seed = seed
        self._tempo_percent = settings.tempo_percent or 0.0
        self._rates = SpeakingRates(settings.speed_percent, 0.0)
        self._teachers_rates = SpeakingRates(settings.speed_percent, self._tempo_percent)
        self.n_segments = max(1, settings.clips_per_epoch // CLIPS_PER_SEGMENT)
        in_place = dataclasses.replace(settings, place_probability=0, cut_probability=0, shift_ms=0, speed_percent=0)
        blank = np.zeros((1, self._frontend.clip_samples), np.int16)
        self._augmenter = Augmenter(
            in_place, blank, np.array([SILENCE_INDEX]), dataset.noise, np.random.default_rng([seed, 1])
        )
        self._words = np.flatnonzero(self._label_ids >= FIRST_WORD)
        self._others = np.flatnonzero(self._label_ids == UNKNOWN_INDEX)
        self._stopped = threading.Event()

    @property
    def n_frames(self) -> int:
        """Frames of a segment."""
        return self._frontend.n_frames

    def first(self, count: int) -> Generator[Segments, None, None]:
        """Returns a generator of epochs 0 to count - 1; threads prepare the next ones while the caller trains.

        Close the generator to stop early.
        """
        return prepared_ahead(self.make, count, self._stopped)

    def make(self, number: int) -> Segments:
        """Returns the segments of epoch `number`. Raises CancelledError if the generator was closed."""
        features = np.empty((self.n_segments, *self._frontend.features_shape), np.int8)
        targets = np.empty((self.n_segments, self.rows), np.int8)
        taught = np.full((self.n_segments, self.rows, self._n_labels), np.nan, np.float32)
        for start in range(0, self.n_segments, BLOCK):
            if self._stopped.is_set():
                raise CancelledError
            here = slice(start, min(start + BLOCK, self.n_segments))
            rng = np.random.default_rng([self._seed, number, start])
            features[here], targets[here], taught[here] = self._block(here.stop - start, rng)
        return Segments(features, targets, None if self._lessons is None else taught)

    def sounds(self, count: int, hop_samples: int) -> Iterator[tuple[Samples, npt.NDArray[np.int8]]]:
        """Yields segments of clips before rooms and noise: int16 [m], and what their rows must say, int8 [m // hop].

        Args:
            count: how many.
            hop_samples: from one row to the next.
        """
        for number in range(count):
            rng = np.random.default_rng([self._seed, number, *b"heard"])
            dry, speech = self._sequence(rng, self._teachers_rates)
            row_ends = (np.arange(dry.size // hop_samples) + 1) * hop_samples
            sound = saturated(dry + FLOOR * rng.standard_normal(dry.size, np.float32))
            yield sound, _targets(speech, row_ends)

    def _block(self, count: int, rng: np.random.Generator) -> tuple[Features, npt.NDArray[np.int8], Logits]:
        sound = np.empty((count, self._frontend.clip_samples), np.int16)
        targets = np.empty((count, self.rows), np.int8)
        taught = np.empty((count, self.rows, self._n_labels), np.float32)
        slowness = self._slowness(count, rng)
        for row in range(count):
            dry, speech = self._sound(rng)
            sound[row] = saturated(dry + FLOOR * rng.standard_normal(dry.size, np.float32))
            targets[row] = _targets(speech, self._row_ends, slowness[row])
            taught[row] = self._taught(speech, slowness[row])
        sound, _ = self._augmenter.augment(sound, np.full(count, UNKNOWN_INDEX), rng)
        return slower(features_of_clips(sound, self._frontend), slowness), targets, taught

    def _slowness(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """Returns how many times longer each segment's sound shall take: 1 for some, else up to the settings' tempo."""
        slowness = np.exp(rng.uniform(0, np.log1p(self._tempo_percent / 100), count))
        return np.where(rng.random(count) < SLOWER_SHARE, slowness, 1.0)

    def _taught(self, speech: Sequence[_Speech], slowness: float) -> Logits:
        """Returns what the teacher says of the rows: float [rows, n_labels], NaN where it heard nothing.

        A word is said up to HEARD_MS after it, even if other speech has begun by then.
        """
        heard = _samples(HEARD_MS) / slowness
        pieces = [(one.start, one.end + heard, one.said) for one in speech if one.said is not None]
        return rows_taught(self._row_ends / slowness, pieces, self._n_labels)

    def _sound(self, rng: np.random.Generator) -> tuple[Floats, list[_Speech]]:
        """Returns a segment before rooms and noise, float [s], and what is said in it."""
        if rng.random() < SILENCE_SHARE:
            return self._noise_only(rng), []
        return self._talk_only(rng) if self._talk and rng.random() < TALK_SHARE else self._sequence(rng, self._rates)

    def _noise_only(self, rng: np.random.Generator) -> Floats:
        length = self._frontend.clip_samples
        if not self._noise:
            return np.zeros(length, np.float32)
        return _at_level(_piece_of(self._noise, length, rng), NOISE_DB, rng)

    def _talk_only(self, rng: np.random.Generator) -> tuple[Floats, list[_Speech]]:
        piece, said = self._piece_of_talk(self._frontend.clip_samples, rng)
        return piece, [_Speech(0, piece.size, UNKNOWN_INDEX, said)]

    def _sequence(self, rng: np.random.Generator, rates: SpeakingRates) -> tuple[Floats, list[_Speech]]:
        """Returns clips one after another, float [s], and where they are; said at random rates."""
        sound = np.zeros(self._frontend.clip_samples, np.float32)
        speech: list[_Speech] = []
        # the first clip may have begun before the segment: rows see what was said before they count
        at = -int(rng.integers(SAMPLE_RATE_HZ))
        while at < sound.size:
            if self._talk and rng.random() < CONTEXT_SHARE:
                talk, said = self._piece_of_talk(int(SAMPLE_RATE_HZ * rng.uniform(*CONTEXT_S)), rng)
                at = _place(sound, talk, at, UNKNOWN_INDEX, speech, said=said) + int(
                    SAMPLE_RATE_HZ * rng.uniform(0, 0.3)
                )
            piece, label_id, said = self._clip(rng, rates)
            at = _place(sound, piece, at, label_id, speech, said=said) + int(SAMPLE_RATE_HZ * rng.uniform(*PAUSE_S))
        return sound, speech

    def _clip(self, rng: np.random.Generator, rates: SpeakingRates) -> tuple[Floats, int, Said | None]:
        """Returns the speech of a random clip at a random rate and level, its label, and what was said of it."""
        is_word = bool(len(self._words)) and (rng.random() < WORD_SHARE or not len(self._others))
        row = int(rng.choice(self._words if is_word else self._others))
        clip = np.asarray(self._clips[row], np.float32)
        begin, end = (int(edge[0]) for edge in speech_edges(clip[None]))
        speed, factor = rates.draw(rng)
        piece = spoken_at(clip[begin:end], speed, factor)
        lessons = self._lessons
        said = None if lessons is None else Said(lessons.clips[row], lessons.hop_samples, 0, begin, speed / factor)
        return _at_level(piece, LEVEL_DB, rng), int(self._label_ids[row]), said

    def _piece_of_talk(self, length: int, rng: np.random.Generator) -> tuple[Floats, Said | None]:
        """Returns a random piece of talk, float [length], and what was said of it."""
        number, start = _place_in(self._talk, length, rng)
        piece = _at_level(np.asarray(self._talk[number][start : start + length], np.float32), LEVEL_DB, rng)
        fade = np.linspace(0, 1, FADE, dtype=np.float32)
        piece[:FADE] *= fade
        piece[-FADE:] *= fade[::-1]
        if self._lessons is None:
            return piece, None
        return piece, Said(self._lessons.talk[self._talk_numbers[number]], self._lessons.hop_samples, 0, start)


def slower(features: Features, factors: npt.NDArray[np.float64]) -> Features:
    """Returns int8 [n, n_frames, n_mels]: the beginning of each clip, stretched in time by its factor, at least 1."""
    places = np.arange(features.shape[1]) / factors[:, None]
    before = np.minimum(places.astype(np.int64), features.shape[1] - 2)
    share = (places - before).astype(np.float32)[:, :, None]
    clip = np.arange(len(features))[:, None]
    mixed = features[clip, before] * (1 - share) + features[clip, before + 1] * share
    return np.asarray(np.rint(mixed), np.int8)


def _targets(speech: Sequence[_Speech], row_ends: npt.NDArray[np.int64], slowness: float = 1.0) -> npt.NDArray[np.int8]:
    """Returns the labels of rows that end at some samples of sound that is slowed down: int8 [rows]."""
    heard, either = _samples(HEARD_MS), _samples(EITHER_MS)
    targets = np.full(len(row_ends), SILENCE_INDEX, np.int8)
    spans = [(one.start * slowness, one.end * slowness, one.label_id) for one in speech]
    words = [(end, label_id) for _, end, label_id in spans if label_id >= FIRST_WORD]
    for start, end, _ in spans:
        targets[(row_ends >= start) & (row_ends < end + _samples(LINGER_MS))] = UNKNOWN_INDEX
    for end, _ in words:
        targets[(row_ends >= end - either) & (row_ends < end + heard + either)] = NOT_COUNTED
    for end, label_id in words:
        targets[(row_ends >= end) & (row_ends < end + heard)] = label_id
    return targets


def _place(
    sound: Floats, piece: Floats, at: int, label_id: int, speech: list[_Speech], *, said: Said | None = None
) -> int:
    """Adds a piece to the sound, as far as it lies inside; returns where it ends."""
    first, last = max(at, 0), min(at + piece.size, sound.size)
    if last > first:
        sound[first:last] += piece[first - at : last - at]
        # a word whose end is outside has no row that must say it
        heard = said and dataclasses.replace(said, at=at)
        speech.append(_Speech(first, at + piece.size, label_id, heard))
    return at + piece.size


def _piece_of(recordings: Sequence[Samples], length: int, rng: np.random.Generator) -> Floats:
    number, start = _place_in(recordings, length, rng)
    return np.asarray(recordings[number][start : start + length], np.float32)


def _place_in(recordings: Sequence[Samples], length: int, rng: np.random.Generator) -> tuple[int, int]:
    """Returns a random recording's number, and a random place in it with `length` samples after it."""
    number = int(rng.integers(len(recordings)))
    return number, int(rng.integers(recordings[number].size - length + 1))


def _long_enough(length: int, recordings: Sequence[Samples]) -> list[Samples]:
    return [recording for recording in recordings if recording.size >= length]


def _at_level(piece: Floats, level_db: tuple[float, float], rng: np.random.Generator) -> Floats:
    level = float(np.sqrt(np.mean(np.square(piece, dtype=np.float64)))) if piece.size else 0.0
    gain = LEVEL * 10 ** (rng.uniform(*level_db) / 20) / max(level, 1.0)
    return np.asarray(piece * np.float32(gain), np.float32)


def _samples(ms: int) -> int:
    return ms * SAMPLE_RATE_HZ // 1000
