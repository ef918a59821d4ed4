# SPDX-License-Identifier: Apache-2.0
"""prepare: combines recorded and synthetic clips into one dataset, and computes the features of every clip.

Reads data/ and, if synthetic clips are used, build/synth/, both in the layout of Speech Commands
(training_data/folders.py). Writes build/dataset/ (training_data/dataset.py), whole or not at all.

Files may have any sample rate, bit depth and number of channels. Clips shorter than clip_ms are padded with zeros,
longer ones are cut to their loudest part. Unusable files are skipped and listed in skipped.json. A file that is in the
existing dataset, byte for byte, is neither decoded nor are its features computed again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinykws.audio.files import read_audio
from tinykws.audio.levels import defect_of
from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples, fit_length
from tinykws.native.features import features_of_clips
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import Label
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing_folder, write_json
from tinykws.support.freshness import StageFiles
from tinykws.support.parallel import map_in_threads, process_count
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data import dataset as files
from tinykws.training_data.class_balance import balance_classes, target_silence_count
from tinykws.training_data.dataset import FORMAT_VERSION, ArrayWriter, Dataset
from tinykws.training_data.folders import (
    SILENCE_INDEX,
    SPLITS,
    TRAINING,
    VALIDATION,
    ClipFile,
    clip_files,
    needs_synthetic_clips,
    noise_files,
)
from tinykws.training_data.silence_clips import silence_clips, split_noise

BATCH_CLIPS = 64
SILENCE_SEED = 17
SHOWN_SKIPPED = 5


@dataclasses.dataclass(frozen=True)
class PrepareReport:
    """The content of the dataset, and the files that were skipped."""

    counts: dict[str, dict[str, int]]
    """Clips by split and label name."""
    skipped: tuple[tuple[str, str], ...]
    """File and reason."""
    resampled: int
    """Number of files with another sample rate, among those read now."""
    mixed: int
    """Number of files with several channels, among those read now."""
    reused: int
    """Number of clips reused from the previous dataset."""
    noise_seconds: float


@dataclasses.dataclass(frozen=True)
class _Item:
    """A clip for the dataset: a file, or generated samples."""

    source: str
    split: str
    label_id: int
    path: Path | None = None
    samples: Samples | None = None


@dataclasses.dataclass(frozen=True)
class _Loaded:
    """An item that was read, or the reason why it is unusable."""

    item: _Item
    key: str
    clip: Samples | None = None
    defect: str = ""
    old_row: int | None = None
    resampled: bool = False
    mixed: bool = False


@dataclasses.dataclass(frozen=True)
class _Batch:
    loaded: list[_Loaded]
    clips: Samples
    features: npt.NDArray[np.int8]


def stage_files(project: Project) -> StageFiles:
    """Returns the settings and files that prepare reads, and the folder that it writes."""
    config = project.config
    settings = {
        "words": config.words,
        "frontend": config.frontend.to_dict(),
        "synth": needs_synthetic_clips(config, project.data_dir),
    }
    return StageFiles(settings, reads=[folder for _, folder in _sources(project)], writes=[project.dataset_dir])


def prepare(project: Project, progress: Progress = SILENT, threads: int | None = None) -> PrepareReport:
    """Writes build/dataset/.

    Raises:
        ConfigError: no data, no clip of a word, a word without training or validation clips, or more than half of
            the files are unusable.
    """
    config = project.config
    found = _find_clips(project)
    _check_words(found, config.labels, project)
    noise = split_noise(_read_noise(project))
    items = _items(found, noise, config.frontend)
    with replacing_folder(project.dataset_dir) as folder:
        loaded = _write_arrays(folder, project, items, progress, threads or process_count())
        used = [one for one in loaded if not one.defect]
        skipped = tuple((one.item.source, one.defect) for one in loaded if one.defect)
        _check_skipped(skipped, sum(one.item.path is not None for one in loaded))
        _check_splits(used, config.labels, project)
        _write_index(folder, config.labels, config.frontend, used, noise[TRAINING])
        write_json(folder / files.SKIPPED, [{"file": name, "reason": reason} for name, reason in skipped])
    report = _report(config.labels, loaded, skipped, noise[TRAINING])
    _warn(report, progress)
    return report


def _sources(project: Project) -> list[tuple[str, Path]]:
    """Returns the folders with clips, and each one's name in the dataset."""
    folders = [("data", project.data_dir)]
    if needs_synthetic_clips(project.config, project.data_dir):
        folders.append(("synth", project.synth_dir))
    return folders


def _find_clips(project: Project) -> list[ClipFile]:
    return [
        dataclasses.replace(clip, source=f"{name}/{clip.source}")
        for name, folder in _sources(project)
        for clip in clip_files(folder, project.config.labels)
    ]


def _check_words(found: Sequence[ClipFile], labels: Sequence[Label], project: Project) -> None:
    present = {clip.label_id for clip in found}
    missing = [label for label_id, label in enumerate(labels) if label_id > 1 and label_id not in present]
    if not missing:
        return
    names = ", ".join(repr(label.text) for label in missing)
    what = "no data at all" if not found else f"no clip of {names}"
    raise ConfigError(
        f"{what}: nothing in {project.data_dir}" if not found else f"{what} in {project.data_dir}",
        hint=f"to synthesize the words: tinykws synth   (synth: {{enabled: auto}})\n"
        f"or put wav or flac recordings into {project.data_dir / missing[0].name}/",
    )


def _read_noise(project: Project) -> list[Samples]:
    return [read_audio(path).samples for _, folder in _sources(project) for path in noise_files(folder)]


def _items(found: Sequence[ClipFile], noise: dict[str, list[Samples]], frontend: FrontendSettings) -> list[_Item]:
    """Returns all clips in the dataset's order: by split, then label, then name."""
    kept = [_Item(clip.source, clip.split, clip.label_id, clip.path) for clip in balance_classes(found)]
    for number, split in enumerate(SPLITS):
        present = sum(item.split == split and item.label_id == SILENCE_INDEX for item in kept)
        count = max(0, target_silence_count(found, split) - present)
        made = silence_clips(noise[split], count, frontend.clip_samples, (SILENCE_SEED, number))
        kept += [
            _Item(f"silence/{split}/{index}", split, SILENCE_INDEX, samples=clip) for index, clip in enumerate(made)
        ]
    return sorted(kept, key=lambda item: (SPLITS.index(item.split), item.label_id, item.source))


def _write_arrays(
    folder: Path, project: Project, items: Sequence[_Item], progress: Progress, threads: int
) -> list[_Loaded]:
    """Writes clips.npy and features.npy; returns every item, read or unusable, in order."""
    frontend = project.config.frontend
    reader = _Reader(frontend, _old_dataset(project.dataset_dir, frontend))
    batches = [items[start : start + BATCH_CLIPS] for start in range(0, len(items), BATCH_CLIPS)]
    loaded: list[_Loaded] = []
    with (
        ArrayWriter(folder / files.CLIPS, (frontend.clip_samples,), np.int16) as clips,
        ArrayWriter(folder / files.FEATURES, frontend.features_shape, np.int8) as features,
    ):
        done: Iterator[_Batch] = map_in_threads(reader.batch, batches, threads)
        for batch in progress.track(done, "reading clips", total=len(batches)):
            clips.append(batch.clips)
            features.append(batch.features)
            loaded += [dataclasses.replace(one, clip=None) for one in batch.loaded]
    return loaded


class _Reader:
    """Reads batches of clips, and reuses those of the previous dataset."""

    def __init__(self, frontend: FrontendSettings, old: Dataset | None) -> None:
        self._frontend = frontend
        self._old = old
        self._old_rows = {key: row for row, key in enumerate(old.keys)} if old else {}

    def batch(self, items: Sequence[_Item]) -> _Batch:
        """Returns a batch with clips and features of the usable items."""
        loaded = [self._load(item) for item in items]
        fit = [one for one in loaded if not one.defect]
        clips = np.empty((len(fit), self._frontend.clip_samples), np.int16)
        features = np.empty((len(fit), *self._frontend.features_shape), np.int8)
        for row, one in enumerate(fit):
            if one.old_row is not None and self._old is not None:
                clips[row], features[row] = self._old.all_clips[one.old_row], self._old.all_features[one.old_row]
            elif one.clip is not None:
                clips[row] = one.clip
        new = [row for row, one in enumerate(fit) if one.old_row is None]
        if new:
            features[new] = features_of_clips(clips[new], self._frontend)
        return _Batch(loaded, clips, features)

    def _load(self, item: _Item) -> _Loaded:
        if item.path is None:
            assert item.samples is not None
            key = hashlib.sha256(item.samples.tobytes()).hexdigest()
            return _Loaded(item, key, item.samples, old_row=self._old_rows.get(key))
        try:
            key = hashlib.sha256(item.path.read_bytes()).hexdigest()
        except OSError as error:
            return _Loaded(item, "", defect=f"unreadable: {error.strerror}")
        if (old_row := self._old_rows.get(key)) is not None:
            return _Loaded(item, key, old_row=old_row)
        return self._read(item, item.path, key)

    def _read(self, item: _Item, path: Path, key: str) -> _Loaded:
        try:
            recording = read_audio(path, self._frontend.sample_rate_hz)
        except ConfigError as error:
            return _Loaded(item, key, defect=f"unreadable: {error.message.rpartition(': ')[2]}")
        defect = defect_of(recording.samples) or ""
        if item.label_id == SILENCE_INDEX and defect == "silent":
            defect = ""
        return _Loaded(
            item,
            key,
            clip=fit_length(recording.samples, self._frontend.clip_samples),
            defect=defect,
            resampled=recording.sample_rate_hz_of_file != self._frontend.sample_rate_hz,
            mixed=recording.channels_of_file > 1,
        )


def _old_dataset(folder: Path, frontend: FrontendSettings) -> Dataset | None:
    """Returns the previous dataset, if its clips can be reused."""
    try:
        old = Dataset.load(folder)
    except ConfigError:
        return None
    return old if old.frontend == frontend else None


def _check_skipped(skipped: Sequence[tuple[str, str]], n_files: int) -> None:
    if 2 * len(skipped) > n_files:
        first = "\n".join(f"{name}: {reason}" for name, reason in skipped[:SHOWN_SKIPPED])
        raise ConfigError(f"{len(skipped)} of {n_files} files are unusable, more than half", hint=first)


def _check_splits(used: Sequence[_Loaded], labels: Sequence[Label], project: Project) -> None:
    counts = Counter((one.item.split, one.item.label_id) for one in used)
    for label_id, label in list(enumerate(labels))[2:]:
        for split in (TRAINING, VALIDATION):
            if not counts[split, label_id]:
                total = sum(counts[any_split, label_id] for any_split in SPLITS)
                raise ConfigError(
                    f"none of the {total} usable clips of {label.text!r} is for {split}",
                    hint=f"record more into {project.data_dir / label.name}/ (twenty or more), "
                    f"or list some in {project.data_dir / 'validation_list.txt'}",
                )


def _write_index(
    folder: Path,
    labels: Sequence[Label],
    frontend: FrontendSettings,
    used: Sequence[_Loaded],
    noise: Sequence[Samples],
) -> None:
    np.save(folder / files.NOISE, np.concatenate([np.zeros(0, np.int16), *noise]))
    counts = Counter(one.item.split for one in used)
    index = {
        "format_version": FORMAT_VERSION,
        "labels": [label.name for label in labels],
        "frontend": frontend.to_dict(),
        "split_sizes": {split: counts[split] for split in SPLITS},
        "noise_lengths": [int(recording.size) for recording in noise],
        "label_ids": [one.item.label_id for one in used],
        "sources": [one.item.source for one in used],
        "keys": [one.key for one in used],
    }
    (folder / files.INDEX).write_text(json.dumps(index, ensure_ascii=False) + "\n", encoding="utf-8")


def _report(
    labels: Sequence[Label],
    loaded: Sequence[_Loaded],
    skipped: tuple[tuple[str, str], ...],
    noise: Sequence[Samples],
) -> PrepareReport:
    used = Counter((one.item.split, one.item.label_id) for one in loaded if not one.defect)
    return PrepareReport(
        counts={
            split: {label.name: used[split, label_id] for label_id, label in enumerate(labels)} for split in SPLITS
        },
        skipped=skipped,
        resampled=sum(one.resampled for one in loaded),
        mixed=sum(one.mixed for one in loaded),
        reused=sum(one.old_row is not None for one in loaded),
        noise_seconds=sum(recording.size for recording in noise) / SAMPLE_RATE_HZ,
    )


def _warn(report: PrepareReport, progress: Progress) -> None:
    if report.resampled or report.mixed:
        progress.say(f"{report.resampled} files were resampled to 16 kHz, {report.mixed} were mixed to one channel")
    if report.skipped:
        name, reason = report.skipped[0]
        progress.say(f"{len(report.skipped)} files were skipped, such as {name} ({reason}); skipped.json lists all")
