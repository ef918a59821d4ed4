# SPDX-License-Identifier: Apache-2.0
"""The end of the report of `build`: how good the detector is, and what would help if it is poor."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import TYPE_CHECKING, Any

from tinykws.cli.stages_in_order import report_of
from tinykws.cli.suggestions import completed
from tinykws.cli.workplace import Workplace
from tinykws.evaluation.detector_quality import DetectorQuality, Material, advice, quality_of, what_it_promises
from tinykws.project.labels import FIRST_WORD, UNKNOWN
from tinykws.support.errors import ConfigError

if TYPE_CHECKING:
    from tinykws.boards.rows import Board
    from tinykws.evaluation.left_out import RecordingsGain
    from tinykws.project.layout import Project

WIDTH = 110
ENOUGH = 3.0
"""Hours times the wanted rate: without a false accept in that time, the rate is confirmed with 95 % confidence."""
NOT_MEASURED = "how good the detector is: not measured, because "
IMPORTED = (
    "the model was imported. With a project that has clips of its words: tinykws evaluate --stream --bundle FOLDER"
)
GIVEN = "kws.yaml gives the threshold. To measure it: tinykws evaluate --stream"


@dataclasses.dataclass(frozen=True)
class BuildQuality:
    """The figures, and the advice."""

    figures: DetectorQuality | None
    """None: not measured."""
    advice: tuple[str, ...]
    """What would help, if the detector is poor; the most helpful first."""
    is_imported: bool
    promise: str | None = None
    """What the share of found words says about people, if that is not plain."""
    recordings: RecordingsGain | None = None
    """What fine-tuning on recordings gave."""

    def to_dict(self) -> dict[str, Any] | None:
        """Returns the figures as JSON-ready values; None if there are none."""
        if self.figures is None:
            return None
        return {
            **dataclasses.asdict(self.figures),
            "is_poor": self.figures.is_poor,
            "people_of_100": self.figures.people_of_100,
            "promise": self.promise,
            "recordings": None if self.recordings is None else dataclasses.asdict(self.recordings),
            "advice": list(self.advice),
        }


def build_quality(place: Workplace, board: Board) -> BuildQuality:
    """Returns how good the detector of a bundle is, by what tune left in it; nothing is measured."""
    bundle = place.bundle
    figures = quality_of(bundle.metrics, bundle.labels)
    advised = () if figures is None else advice(figures, _material(place), board.id)
    word = bundle.labels[FIRST_WORD].text
    promise = None if figures is None else what_it_promises(figures.spoken_by, figures.found[0], word)
    return BuildQuality(figures, advised, bundle.origin == "imported", promise, _recordings_gain(place))


def describe_quality(quality: BuildQuality) -> str:
    """Returns the summary as text."""
    figures = quality.figures
    if figures is None:
        why = IMPORTED if quality.is_imported else GIVEN
        return textwrap.fill(completed(NOT_MEASURED + why), WIDTH, break_on_hyphens=False)
    lines = ["how good the detector is, on the clips and sounds that it was chosen on:"]
    lines += [
        f"  {one.name + ':':12} {one.of_100} of 100 spoken words found ({one.said} tried)" for one in figures.found
    ]
    if quality.promise:
        lines.append(_paragraph(f"people: {quality.promise}", "  ", "    "))
    if quality.recordings is not None:
        lines.append(_paragraph(f"recordings: {quality.recordings.in_words()}", "  ", "    "))
    lines += [f"  false accepts: {_rates(figures)}", f"  counted: {_counted(figures)}"]
    if figures.latency_ms is not None:
        lines.append(f"  latency: {figures.latency_ms:.0f} ms after the end of a word, in the median")
    if quality.advice:
        lines += ["", "This detector is POOR. What would help, the most helpful first:"]
        lines += [_item(line) for line in quality.advice]
    elif quality.promise is None:
        lines.append(completed("  on clips that nothing was chosen on: tinykws evaluate --stream"))
    return "\n".join(lines)


def _rates(figures: DetectorQuality) -> str:
    return f"{figures.expected_per_hour:.2g} an hour expected, {figures.wanted_per_hour:g} wanted"


def _counted(figures: DetectorQuality) -> str:
    sound = {True: "other words joined into sentences", False: "recordings in negatives/", None: "negatives"}
    too_few = "" if figures.hours * figures.wanted_per_hour >= ENOUGH else "; too few hours to be sure"
    return f"{figures.counted} in {figures.hours:.2f} hours of {sound[figures.synthetic_negatives]}{too_few}"


def _item(line: str) -> str:
    return _paragraph(line, "  - ", "    ")


def _paragraph(text: str, first: str, rest: str) -> str:
    return textwrap.fill(
        completed(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _own_project(place: Workplace) -> Project | None:
    """Returns the project whose bundle it is; None for a bundle from elsewhere."""
    from tinykws.project.layout import Project

    try:
        project = Project.load(place.project_dir)
    except ConfigError:
        return None
    return project if place.bundle.path.resolve() == project.bundle_dir.resolve() else None


def _recordings_gain(place: Workplace) -> RecordingsGain | None:
    """Returns what fine-tuning on recordings gave, as `train` reported it; None if there was none."""
    project = _own_project(place)
    if project is None:
        return None
    try:
        gain: RecordingsGain | None = report_of(project, "train").recordings
    except (ConfigError, OSError, ValueError, KeyError, TypeError):
        return None
    return gain


def _material(place: Workplace) -> Material | None:
    """Returns what the project's model was trained with; None for a bundle from elsewhere."""
    from tinykws.training_data.dataset import Dataset, is_recording

    project = _own_project(place)
    if project is None:
        return None
    try:
        dataset = Dataset.load(project.dataset_dir)
    except ConfigError:
        return None
    labels = place.bundle.labels
    if list(dataset.labels) != [label.name for label in labels]:
        return None
    recorded = {
        dataset.labels[at]
        for source, at in zip(dataset.all_sources, dataset.all_label_ids, strict=True)
        if is_recording(source)
    }
    return Material(
        words_without_recordings=tuple(label.text for label in labels[FIRST_WORD:] if label.name not in recorded),
        recorded_others=UNKNOWN in recorded,
        recorded_negatives=project.negatives_dir.is_dir() and any(project.negatives_dir.iterdir()),
    )
