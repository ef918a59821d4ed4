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

from tinykws.audio.files import TooLongError, read_audio
from tinykws.audio.levels import defect_of
from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.native.features import features_of_clips
from tinykws.project.config import Config
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import FIRST_WORD, Label
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing_folder, sha256_of_file, write_json
from tinykws.support.freshness import StageFiles
from tinykws.support.parallel import map_in_threads, process_count
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data import dataset as files
from tinykws.training_data.checked_recordings import (
    checked_recordings,
    summary_of_folders,
    summary_of_lines,
    summary_of_unused,
    unmatched_lines,
)
from tinykws.training_data.class_balance import balance_classes, target_silence_count
from tinykws.training_data.clip_placement import AS_RECORDED, AT_END, placed
from tinykws.training_data.dataset import FORMAT_VERSION, ArrayWriter, Dataset
from tinykws.training_data.folder_walk import UnusedFile
from tinykws.training_data.folders import (
    LONGEST_CLIP_SECONDS,
    SILENCE_INDEX,
    SPLITS,
    TRAINING,
    VALIDATION,
    ClipFile,
    FolderScan,
    FolderUse,
    needs_synthetic_clips,
    scan_folder,
)
from tinykws.training_data.long_words import LongWord, find_long_words, summary_of_long_words, too_long_ms
from tinykws.training_data.noise_recordings import NoiseRecordings, read_noise
from tinykws.training_data.silence_clips import silence_clips, split_noise
from tinykws.training_data.split_filling import fill_splits, fill_training

BATCH_CLIPS = 64
SILENCE_SEED = 17
SHOWN_SKIPPED = 5
LARGE_FILE_BYTES = 4_000_000
"""The length of a larger file is looked at before its bytes are read."""
_TOO_LONG = "{}; if it is without the words, put it into negatives/ or, if it is noise, into _background_noise_/"


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
    folders: tuple[FolderUse, ...] = ()
    """Which label the clips of each folder of recordings have."""
    surplus: dict[str, int] = dataclasses.field(default_factory=dict)
    """Recordings that are not used because there are enough of their label, by label name; surplus.json lists them."""
    unmatched_lines: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """Lines of list files that name no clip, by the file's name."""
    one_channel: int = 0
    """Number of files of which one channel is used because the channels cancel each other, among those read now."""
    notes: tuple[str, ...] = ()
    """Other things that were done to the recordings."""
    long_words: tuple[LongWord, ...] = ()
    """Words of which recordings take longer to say than a clip lasts."""


@dataclasses.dataclass(frozen=True)
class _Material:
    """What is in the folders with clips."""

    data: FolderScan
    clips: list[ClipFile]
    """With `data/` or `synth/` before the names."""
    noise: NoiseRecordings
    notes: tuple[str, ...]

    @property
    def unused(self) -> tuple[UnusedFile, ...]:
        """Recordings that are not used because of their place, name or kind, and damaged noise."""
        return (
            tuple(dataclasses.replace(one, source=f"data/{one.source}") for one in self.data.unused) + self.noise.unused
        )

    @property
    def surplus(self) -> list[ClipFile]:
        """Recordings of unknown words and silence beyond the number that is used."""
        kept = {clip.source for clip in balance_classes(self.clips)}
        return [clip for clip in self.clips if clip.source not in kept and clip.source.startswith("data/")]


@dataclasses.dataclass(frozen=True)
class _Item:
    """A clip for the dataset: a file, or generated samples."""

    source: str
    split: str
    label_id: int
    path: Path | None = None
    samples: Samples | None = None

    @property
    def is_recorded_word(self) -> bool:
        """Whether somebody recorded a word: it may be longer than a clip, unlike what synth makes."""
        return self.label_id >= FIRST_WORD and files.is_recording(self.source)


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
    one_channel: bool = False
    too_long_ms: int = 0
    """Length of the recorded word, if it is longer than a clip."""


@dataclasses.dataclass(frozen=True)
class _Batch:
    loaded: list[_Loaded]
    clips: Samples
    features: npt.NDArray[np.int8]


def stage_files(project: Project) -> StageFiles:
    """Returns the settings and files that prepare reads, and the folder that it writes.

    Raises:
        ConfigError: the data folder is not usable, see `checked_recordings`.
    """
    config = project.config
    checked_recordings(project)
    settings = {
        "words": config.words,
        "frontend": config.frontend.to_dict(),
        "synth": needs_synthetic_clips(config, project.data_dir),
        "placement": _placement(config),
    }
    return StageFiles(settings, reads=[folder for _, folder in _sources(project)], writes=[project.dataset_dir])


def prepare(project: Project, progress: Progress = SILENT, threads: int | None = None) -> PrepareReport:
    """Writes build/dataset/.

    Raises:
        ConfigError: no data, no clip of a word, a word without training or validation clips, more than half of the
            files are unusable, or the data folder is not usable (see `checked_recordings`).
    """
    config = project.config
    found = _find_material(project)
    _check_words(found, config.labels, project)
    noise = split_noise(found.noise.recordings)
    items = _items(found.clips, noise, config.frontend)
    with replacing_folder(project.dataset_dir) as folder:
        loaded = _write_arrays(folder, project, items, progress, threads or process_count())
        used = [one for one in loaded if not one.defect]
        defects = tuple((one.item.source, one.defect) for one in loaded if one.defect)
        _check_skipped(defects, sum(one.item.path is not None for one in loaded))
        _check_splits(used, config.labels, project)
        _write_index(folder, config, used, noise[TRAINING])
        skipped = defects + tuple((one.source, one.reason) for one in found.unused)
        write_json(folder / files.SKIPPED, [{"file": name, "reason": reason} for name, reason in skipped])
        write_json(folder / files.SURPLUS, [clip.source for clip in found.surplus])
    report = _report(config.labels, loaded, skipped, noise[TRAINING], found)
    _tell(report, config.labels, project, progress)
    return report


def _placement(config: Config) -> str:
    return AT_END if config.model.hears_streams else AS_RECORDED


def _sources(project: Project) -> list[tuple[str, Path]]:
    """Returns the folders with clips, and each one's name in the dataset."""
    folders = [("data", project.data_dir)]
    if needs_synthetic_clips(project.config, project.data_dir):
        folders.append(("synth", project.synth_dir))
    return folders


def _find_material(project: Project) -> _Material:
    data = checked_recordings(project)
    scans = [
        (name, data if name == "data" else scan_folder(folder, project.config.labels))
        for name, folder in _sources(project)
    ]
    clips = [dataclasses.replace(clip, source=f"{name}/{clip.source}") for name, scan in scans for clip in scan.clips]
    noise = read_noise(
        dataclasses.replace(file, parts=(name, *file.parts)) for name, scan in scans for file in scan.noise
    )

    def may_move(clip: ClipFile) -> bool:
        return clip.source.startswith(files.RECORDED_PREFIX) and not data.has_split_lists

    filled = fill_splits(clips, may_move)
    learned = fill_training(filled.clips, may_move)
    shortened = tuple(f"{one.source}: {one.reason}" for one in noise.shortened)
    return _Material(data, learned.clips, noise, filled.notes + learned.notes + shortened)


def _check_words(material: _Material, labels: Sequence[Label], project: Project) -> None:
    found = material.clips
    present = {clip.label_id for clip in found}
    missing = [label for label_id, label in enumerate(labels) if label_id > 1 and label_id not in present]
    if not missing:
        return
    names = ", ".join(repr(label.text) for label in missing)
    what = f"no clip of {names} in {project.data_dir}" if found else f"no data at all: nothing in {project.data_dir}"
    unused = "".join(f"\n  not used: {line}" for line in summary_of_unused(material.unused))
    raise ConfigError(
        what + unused,
        hint=f"put recordings (WAV, FLAC, MP3 …) into {project.data_dir / missing[0].name}/\n"
        "or synthesize the words: tinykws synth   (synth: {enabled: auto})",
    )


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
    placement = _placement(project.config)
    reader = _Reader(frontend, placement, _old_dataset(project.dataset_dir, frontend, placement))
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

    def __init__(self, frontend: FrontendSettings, placement: str, old: Dataset | None) -> None:
        self._frontend = frontend
        self._placement = placement
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
            if item.path.stat().st_size > LARGE_FILE_BYTES:
                return self._read(item, item.path, "")
            key = sha256_of_file(item.path)
        except OSError as error:
            return _Loaded(item, "", defect=f"unreadable: {error.strerror}")
        if (old_row := self._old_rows.get(key)) is not None:
            assert self._old is not None
            return _Loaded(item, key, old_row=old_row, too_long_ms=(self._old.too_long_ms or {}).get(key, 0))
        return self._read(item, item.path, key)

    def _read(self, item: _Item, path: Path, key: str) -> _Loaded:
        try:
            recording = read_audio(path, self._frontend.sample_rate_hz, LONGEST_CLIP_SECONDS)
            key = key or sha256_of_file(path)
        except TooLongError as error:
            return _Loaded(item, key, defect=f"a long recording: {_TOO_LONG.format(error.message.rpartition(': ')[2])}")
        except ConfigError as error:
            return _Loaded(item, key, defect=f"unreadable: {error.message.rpartition(': ')[2]}")
        defect = defect_of(recording.samples) or ""
        if item.label_id == SILENCE_INDEX and defect == "silent":
            defect = ""
        return _Loaded(
            item,
            key,
            clip=placed(recording.samples, self._frontend.clip_samples, self._placement),
            defect=defect,
            resampled=recording.sample_rate_hz_of_file != self._frontend.sample_rate_hz,
            mixed=recording.channels_of_file > 1,
            one_channel=recording.channel_used is not None,
            too_long_ms=self._too_long_ms(item, recording.samples),
        )

    def _too_long_ms(self, item: _Item, samples: Samples) -> int:
        if not item.is_recorded_word:
            return 0
        return too_long_ms(samples, self._frontend.sample_rate_hz, self._frontend.clip_ms)


def _old_dataset(folder: Path, frontend: FrontendSettings, placement: str) -> Dataset | None:
    """Returns the previous dataset, if its clips can be reused."""
    try:
        old = Dataset.load(folder)
    except ConfigError:
        return None
    reusable = old.too_long_ms is not None and (old.frontend, old.placement) == (frontend, placement)
    return old if reusable else None


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
    config: Config,
    used: Sequence[_Loaded],
    noise: Sequence[Samples],
) -> None:
    np.save(folder / files.NOISE, np.concatenate([np.zeros(0, np.int16), *noise]))
    counts = Counter(one.item.split for one in used)
    index = {
        "format_version": FORMAT_VERSION,
        "labels": [label.name for label in config.labels],
        "frontend": config.frontend.to_dict(),
        "placement": _placement(config),
        "split_sizes": {split: counts[split] for split in SPLITS},
        "noise_lengths": [int(recording.size) for recording in noise],
        "label_ids": [one.item.label_id for one in used],
        "sources": [one.item.source for one in used],
        "keys": [one.key for one in used],
        files.TOO_LONG: {one.key: one.too_long_ms for one in used if one.too_long_ms},
    }
    (folder / files.INDEX).write_text(json.dumps(index, ensure_ascii=False) + "\n", encoding="utf-8")


def _report(
    labels: Sequence[Label],
    loaded: Sequence[_Loaded],
    skipped: tuple[tuple[str, str], ...],
    noise: Sequence[Samples],
    found: _Material,
) -> PrepareReport:
    surplus = Counter(clip.label_id for clip in found.surplus)
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
        folders=found.data.folders,
        surplus={labels[label_id].name: count for label_id, count in sorted(surplus.items())},
        unmatched_lines=unmatched_lines(found.data),
        one_channel=sum(one.one_channel for one in loaded),
        notes=found.notes,
        long_words=find_long_words(
            (labels[one.item.label_id].name, one.too_long_ms)
            for one in loaded
            if not one.defect and one.item.is_recorded_word
        ),
    )


def _tell(report: PrepareReport, labels: Sequence[Label], project: Project, progress: Progress) -> None:
    """Says what became of the recordings."""
    if report.folders:
        progress.say(
            f"{project.data_dir}: {summary_of_folders(report.folders, {one.name: one.text for one in labels})}"
        )
    if report.resampled or report.mixed:
        progress.say(f"{report.resampled} files were resampled to 16 kHz, {report.mixed} were mixed to one channel")
    if report.one_channel:
        progress.say(f"{report.one_channel} files have channels that cancel each other: one channel of each is used")
    for line in [*report.notes, *(summary_of_lines(*lines) for lines in report.unmatched_lines.items())]:
        progress.say(line)
    for line in summary_of_long_words(report.long_words, labels, project.config.frontend.clip_ms):
        progress.say(line)
    if report.skipped:
        progress.say(f"{len(report.skipped)} files were skipped; {project.dataset_dir / files.SKIPPED} lists all:")
        for line in summary_of_unused([UnusedFile(*one) for one in report.skipped]):
            progress.say(f"  {line}")
