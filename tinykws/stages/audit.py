# SPDX-License-Identifier: Apache-2.0
"""audit: finds suspicious recordings before a model is trained on them.

Reads data/ and build/dataset/; writes build/audit/: audit.json and index.html, a page with players and spectrograms.
Deletes and moves nothing: clips are excluded by their names in data/ignore_list.txt, added by hand or on request.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinykws.audio.files import read_audio
from tinykws.audio.samples import fit_length
from tinykws.native.features import features_of_clip
from tinykws.project.layout import Project
from tinykws.reporting.clip_page import ClipCard, write_clip_page
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing_folder, write_bytes_if_changed, write_json
from tinykws.support.parallel import map_in_threads, process_count
from tinykws.support.progress import SILENT, Progress
from tinykws.training.class_weights import class_weights
from tinykws.training.trainer import Trainer
from tinykws.training_data.clip_lists import bytes_of_lines, read_lines
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import IGNORE_LIST, LONGEST_CLIP_SECONDS, SILENCE_INDEX, ClipFile, clip_files
from tinykws.training_data.label_quality import Rows, assign_folds, find_label_errors, out_of_fold_probabilities
from tinykws.training_data.recording_quality import KINDS, LABEL, TWICE, UNFIT, ClipIssue, find_issues

REPORT_NAME = "audit.json"
PAGE_NAME = "index.html"
SHOWN_ON_PAGE = 400
EPOCHS = 8
"""For each network that checks labels: enough to learn the words, too few to memorise wrong labels."""
INTRODUCTION = (
    "Suspicious recordings, by kind, the worst first. The picture shows the features that the model gets: time to the"
    " right, high frequencies at the top. Many clips are good: look, listen, and tick those to exclude."
)


@dataclasses.dataclass(frozen=True)
class SuspiciousClip:
    """A recording and one suspicion about it."""

    source: str
    """`folder/name` below data/."""
    kind: str
    """A key of tinykws.training_data.recording_quality.KINDS."""
    words: str


@dataclasses.dataclass(frozen=True)
class AuditReport:
    """The suspicious recordings."""

    clips: int
    """Number of recordings that were checked."""
    suspicious: tuple[SuspiciousClip, ...]
    """By kind, the worst first."""
    labels_checked: bool
    """False if there are too few speakers to check labels by cross-validation."""
    page: Path
    left_out: int
    """Number of recordings that this run added to data/ignore_list.txt."""


@dataclasses.dataclass(frozen=True)
class _Inspected:
    """A recording with all suspicions about it."""

    clip: ClipFile
    digest: str
    issues: list[ClipIssue]


def audit(project: Project, *, leave_out: Sequence[str] = (), progress: Progress = SILENT) -> AuditReport:
    """Checks every recording in data/, and its label by cross-validation on the dataset.

    Args:
        project: a project whose dataset has been prepared.
        leave_out: kinds of suspicion whose recordings are added to data/ignore_list.txt.
        progress: shows progress.

    Raises:
        ConfigError: data/ has no recording, there is no dataset, or a kind is unknown.
        ToolError: TensorFlow or matplotlib is not installed.
    """
    for kind in leave_out:
        if kind not in KINDS:
            raise ConfigError(f"{kind!r} is not a kind of suspicion", hint=f"one of {', '.join(KINDS)}")
    clips = clip_files(project.data_dir, project.config.labels)
    if not clips:
        raise ConfigError(f"there is no recording in {project.data_dir}", hint="synthetic clips need no audit")
    inspected = _inspect(project, clips, progress)
    found = [(one.clip, issue) for one in inspected for issue in one.issues] + list(_duplicates(inspected))
    doubtful_labels = _doubtful_labels(project, {clip.source: clip for clip in clips}, progress)
    found += doubtful_labels or []
    order = list(KINDS)
    found.sort(key=lambda pair: (order.index(pair[1].kind), -pair[1].severity, pair[0].source))
    report = AuditReport(
        clips=len(clips),
        suspicious=tuple(SuspiciousClip(clip.source, one.kind, one.detail) for clip, one in found),
        labels_checked=doubtful_labels is not None,
        page=project.build_dir / "audit" / PAGE_NAME,
        left_out=_add_to_ignore_list(project, [clip.source for clip, one in found if one.kind in leave_out]),
    )
    _write(project, report, found, progress)
    return report


def _inspect(project: Project, clips: Sequence[ClipFile], progress: Progress) -> list[_Inspected]:
    frontend = project.config.frontend

    def look(clip: ClipFile) -> _Inspected:
        try:
            samples = read_audio(clip.path, frontend.sample_rate_hz, longest_seconds=LONGEST_CLIP_SECONDS).samples
        except ConfigError as error:
            return _Inspected(clip, "", [ClipIssue(UNFIT, error.message, 1)])
        if samples.size == 0:
            return _Inspected(clip, "", [ClipIssue(UNFIT, "empty", 1)])
        digest = hashlib.sha256(samples.tobytes()).hexdigest()
        if clip.label_id == SILENCE_INDEX:
            return _Inspected(clip, digest, [])
        return _Inspected(clip, digest, find_issues(samples, frontend.sample_rate_hz, frontend.clip_ms))

    return list(progress.track(map_in_threads(look, clips, process_count()), "checking clips", total=len(clips)))


def _duplicates(inspected: Sequence[_Inspected]) -> Iterator[tuple[ClipFile, ClipIssue]]:
    """Yields recordings with identical samples in two splits or under two labels."""
    by_digest = defaultdict(list)
    for one in inspected:
        if one.digest:
            by_digest[one.digest].append(one.clip)
    for same in by_digest.values():
        if len({(clip.label_id, clip.split) for clip in same}) > 1:
            for clip in same:
                others = ", ".join(other.source for other in same if other is not clip)
                yield clip, ClipIssue(TWICE, f"also {others}", len(same))


def _doubtful_labels(
    project: Project, clips: dict[str, ClipFile], progress: Progress
) -> list[tuple[ClipFile, ClipIssue]] | None:
    """Returns recordings whose label is doubtful; None if there are too few speakers to check labels."""
    dataset = Dataset.load(project.dataset_dir)
    sources, label_ids = dataset.all_sources, np.asarray(dataset.all_label_ids, np.int64)
    folds = assign_folds(sources)
    labels = np.unique(label_ids)
    if any(set(label_ids[folds != fold]) != set(labels) for fold in range(folds.max() + 1)) or folds.max() < 1:
        return None
    texts = [label.text for label in project.config.labels]
    rounds = iter(progress.track(range(int(folds.max()) + 1), "checking labels"))

    def predict(known: Rows, asked: Rows) -> npt.NDArray[np.float32]:
        next(rounds, None)
        return _probabilities(project, dataset, label_ids, known, asked)

    probabilities = out_of_fold_probabilities(folds, len(texts), predict)
    next(rounds, None)
    found = []
    for label_error in find_label_errors(label_ids, probabilities):
        clip = (
            clips.get(sources[label_error.row].partition("/")[2])
            if sources[label_error.row].startswith("data/")
            else None
        )
        if clip is not None:
            words = (
                f"{texts[label_error.other_label_id]!r} with {label_error.other_probability:.0%},"
                f" {texts[clip.label_id]!r} with {label_error.own_probability:.0%}"
            )
            found.append((clip, ClipIssue(LABEL, words, label_error.other_probability - label_error.own_probability)))
    return found


def _probabilities(
    project: Project, dataset: Dataset, label_ids: Rows, known: Rows, asked: Rows
) -> npt.NDArray[np.float32]:
    """Trains the project's network on some rows; returns its probabilities for others, float [n, n_labels]."""
    settings = dataclasses.replace(project.config.training, epochs=EPOCHS)
    trainer = Trainer(
        project.config.model.architecture, dataset.frontend.features_shape, len(dataset.labels), len(known), settings
    )
    weights = class_weights(label_ids[known], len(dataset.labels))
    rng = np.random.default_rng(settings.seed)
    for _ in range(EPOCHS):
        rows = rng.permutation(known)
        trainer.train_epoch(dataset.all_features[rows], label_ids[rows], weights[label_ids[rows]])
    return trainer.network.probabilities(dataset.all_features[asked])


def _add_to_ignore_list(project: Project, sources: Sequence[str]) -> int:
    """Adds names to data/ignore_list.txt; returns how many were new."""
    path = project.data_dir / IGNORE_LIST
    lines = read_lines(path)
    new = [source for source in dict.fromkeys(sources) if source not in lines]
    if new:
        write_bytes_if_changed(path, bytes_of_lines([*lines, *new]))
    return len(new)


def _write(
    project: Project, report: AuditReport, found: Sequence[tuple[ClipFile, ClipIssue]], progress: Progress
) -> None:
    frontend = project.config.frontend

    def card(clip: ClipFile, issue: ClipIssue) -> ClipCard:
        samples = np.zeros(0, np.int16) if issue.kind == UNFIT else read_audio(clip.path).samples
        features = features_of_clip(fit_length(samples, frontend.clip_samples), frontend)
        return ClipCard(clip.source, f"{issue.kind}: {issue.detail}", clip.path, features)

    # The worst of each kind, so that a frequent kind does not hide the others.
    share = max(1, SHOWN_ON_PAGE // max(1, len({issue.kind for _, issue in found})))
    shown: list[tuple[ClipFile, ClipIssue]] = []
    for kind in KINDS:
        shown += [pair for pair in found if pair[1].kind == kind][:share]
    title = f"{len(found)} suspicions about {report.clips} recordings"
    with replacing_folder(report.page.parent) as folder:
        cards = [card(*pair) for pair in progress.track(shown, "drawing")]
        write_clip_page(
            folder / PAGE_NAME, title, INTRODUCTION, cards, list_name=str(Path(project.config.data) / IGNORE_LIST)
        )
        write_json(folder / REPORT_NAME, dataclasses.asdict(report) | {"page": str(report.page)})
