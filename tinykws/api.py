# SPDX-License-Identifier: Apache-2.0
"""The public Python API. Use its names as `tinykws.load_bundle` and so on; see the package's docstring.

Audio is int16, mono, at `Bundle.sample_rate_hz` (16 kHz). Errors that a user can fix are a `TinykwsError`, with
`message` and `hint`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tinykws.support.errors import ConfigError, DeviceError, TinykwsError, ToolError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tinykws.model.bundle import Bundle as BundleFolder

    Samples: TypeAlias = npt.NDArray[np.int16]
    Features: TypeAlias = npt.NDArray[np.int8]

__all__ = [
    "Board",
    "Bundle",
    "ConfigError",
    "Detection",
    "Detector",
    "DeviceError",
    "Evaluation",
    "GeneratedProject",
    "LabelFigures",
    "TinykwsError",
    "ToolError",
    "compute_features",
    "detect_file",
    "evaluate",
    "generate",
    "list_boards",
    "load_bundle",
]

PathLike: TypeAlias = "str | os.PathLike[str]"


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A model and all settings that a device needs to run it. Get one from `load_bundle`."""

    path: Path
    """The bundle's folder."""
    model_id: str
    """Twelve hex digits; a device reports those of the model it runs."""
    labels: tuple[str, ...]
    """The model's outputs, in order: _silence_, _unknown_, then one label per word, in ASCII."""
    words: tuple[str, ...]
    """The words as people write them, in the order of `labels[2:]`."""
    sample_rate_hz: int
    """The sample rate of all samples that go into the model."""
    features_shape: tuple[int, int]
    """The model's input: [frames, channels]."""
    frame_stride_ms: int
    """Milliseconds from one frame of features to the next."""
    _folder: BundleFolder = dataclasses.field(repr=False, hash=False)


@dataclasses.dataclass(frozen=True)
class Detection:
    """A word was detected, as a device would report it."""

    time_ms: int
    """Milliseconds from the start of the stream to the end of the newest samples that were used."""
    label: str
    """The word's label, as in `Bundle.labels`."""
    text: str
    """The word as people write it, as in `Bundle.words`."""
    score: int
    """Smoothed score, 0 to 255; at least the detector's threshold for the word."""


@dataclasses.dataclass(frozen=True)
class LabelFigures:
    """How well a model recognizes one label."""

    label: str
    clips: int
    """Clips of this label in the split."""
    precision: float | None
    """The share of clips classified as this label that are of it; None if there are none."""
    recall: float | None
    """The share of this label's clips that are classified as it; None if there are none."""


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How well the int8 model classifies the clips of one split of a dataset."""

    model_id: str
    split: str
    """The split that was used: "validation" if "testing" was asked for and has no clips."""
    clips: int
    accuracy: float
    """The share of clips that are classified correctly."""
    mean_recall: float
    """The mean of the recall over all labels that have clips."""
    labels: tuple[LabelFigures, ...]
    """In the order of `Bundle.labels`."""
    confusion: tuple[tuple[int, ...], ...]
    """Numbers of clips, by true label, then by predicted label."""


@dataclasses.dataclass(frozen=True)
class Board:
    """A board that firmware can be generated for."""

    id: str
    """What `generate` and the command's `--board` take."""
    name: str
    mcu: str
    engines: tuple[str, ...]
    """"tflm" (TensorFlow Lite Micro), "aot" (C compiled ahead of time), or both."""
    is_emulated: bool
    """Whether it runs on this computer; otherwise it is a physical board."""


@dataclasses.dataclass(frozen=True)
class GeneratedProject:
    """A PlatformIO project on disk; `pio run` in its folder builds it."""

    path: Path
    board: str
    """The board's id."""
    engine: str
    """"tflm" or "aot"."""
    files: tuple[str, ...]
    """Every generated file, relative to `path`, with forward slashes."""


def load_bundle(path: PathLike) -> Bundle:
    """Reads and checks a bundle.

    Args:
        path: the bundle's folder, such as build/bundle of a project.

    Raises:
        ConfigError: the folder is missing, is not a bundle, is damaged, or has another format version.

    >>> bundle = load_bundle("build/bundle")
    >>> bundle.words, bundle.sample_rate_hz
    (('yes',), 16000)
    """
    from tinykws.model.bundle import load_bundle as load_folder

    folder = load_folder(Path(path))
    frontend = folder.frontend
    return Bundle(
        path=folder.path,
        model_id=folder.model_id,
        labels=tuple(label.name for label in folder.labels),
        words=tuple(label.text for label in folder.labels[2:]),
        sample_rate_hz=frontend.sample_rate_hz,
        features_shape=(frontend.n_frames, frontend.n_mels),
        frame_stride_ms=frontend.stride_ms,
        _folder=folder,
    )


def compute_features(bundle: Bundle, samples: Samples) -> Features:
    """Returns the features of samples, computed by the same C code as on the device.

    Args:
        bundle: the bundle whose front-end settings to use.
        samples: int16 [n], mono, at `bundle.sample_rate_hz`.

    Returns:
        int8 [frames, channels]: every frame that the samples complete; the front-end starts afresh. Samples of the
        model's clip length give an array of `bundle.features_shape`.

    Raises:
        TypeError: the samples are not int16 [n].

    >>> import numpy as np
    >>> bundle = load_bundle("build/bundle")
    >>> compute_features(bundle, np.zeros(16000, np.int16)).shape
    (49, 40)
    """
    from tinykws.native.features import features_of_clip

    return features_of_clip(_checked(samples), bundle._folder.frontend)


class Detector:
    """Detects words in a stream of samples, as a device with this bundle does.

    Feed it samples as they come, in pieces of any size: the pieces' size does not change the result. Each detector
    keeps the state of one stream, and is used by one thread at a time. Front-end and detector are the C code of the
    firmware, and so are the kernels that run the model.

    Args:
        bundle: the model to run.

    Raises:
        ToolError: the model has ops that need the package tflite-micro, and it is not installed.
        ConfigError: the bundle's model has changed since it was loaded.

    >>> import soundfile
    >>> detector = Detector(load_bundle("build/bundle"))
    >>> for block in soundfile.blocks("kitchen.wav", blocksize=512, dtype="int16"):
    ...     for detection in detector.feed(block):
    ...         print(detection.time_ms, detection.text)
    290 yes
    ...
    """

    def __init__(self, bundle: Bundle) -> None:
        from tinykws.model.interpreter import Interpreter
        from tinykws.native.listener import Listener

        folder = bundle._folder
        self._labels = folder.labels
        model = Interpreter(folder.model_bytes()).session()
        self._listener = Listener(folder.frontend, folder.detector, len(folder.labels), model.invoke, model.reset)

    def feed(self, samples: Samples) -> list[Detection]:
        """Returns the detections that these samples lead to, in order of time.

        Args:
            samples: int16 [n], mono, at the bundle's sample rate; n may be 0. Bytes of 16-bit audio become samples by
                `numpy.frombuffer(data, "<i2")`, floats from -1 to 1 by `(32767 * floats).astype("int16")`.

        Raises:
            TypeError: the samples are not int16 [n].
        """
        from tinykws.native.detector import Detection as Event

        events = self._listener.feed(_checked(samples))
        return [
            Detection(event.time_ms, self._labels[event.label_index].name, self._labels[event.label_index].text,
                      event.score)
            for event in events
            if isinstance(event, Event)
        ]  # fmt: skip

    def reset(self) -> None:
        """Forgets all samples: the next ones begin a new stream, at time 0."""
        self._listener.reset()


def detect_file(bundle: Bundle, path: PathLike) -> Iterator[Detection]:
    """Yields the detections in an audio file of any length, in order of time, as `tinykws detect` prints them.

    The file may have any sample rate and number of channels; it is mixed to mono and resampled, and read one second at
    a time. Faint noise precedes it and silence follows it, so that a clip of a single word is heard as in a stream; a
    time may lie after the file's end. (`Detector` hears only what it is fed.)

    Args:
        bundle: the model to run.
        path: a WAV or FLAC file, or any other format that libsndfile reads.

    Raises:
        ConfigError: the file is missing or is not audio.
        ToolError: the model has ops that need the package tflite-micro, and it is not installed.

    >>> detections = list(detect_file(load_bundle("build/bundle"), "kitchen.wav"))
    >>> detections[0]
    Detection(time_ms=290, label='yes', text='yes', score=139)
    """
    from tinykws.stages.detect import detect

    for heard in detect(bundle._folder, Path(path)):
        yield Detection(heard.time_ms, heard.label.name, heard.label.text, heard.score)


def evaluate(project: PathLike, *, split: str = "testing") -> Evaluation:
    """Measures the int8 model of a project on a split of its dataset, as `tinykws evaluate` does.

    The project must be trained: `tinykws build` or `tinykws tune`. Writes build/evaluation/ of the project, with the
    figures and a plot of the confusion matrix; it is replaced if it exists.

    Args:
        project: the folder that holds kws.yaml.
        split: "testing", "validation" or "training".

    Raises:
        ConfigError: kws.yaml, the bundle or the dataset is missing or wrong, they do not belong together, or the split
            is unknown or has no clips.
        ToolError: a package is missing: tflite-micro (it exists for Linux only), or those of `pip install
            tinykws[train]`.

    >>> evaluation = evaluate("hello")  # doctest: +SKIP
    >>> f"{evaluation.accuracy:.1%} of {evaluation.clips} clips"  # doctest: +SKIP
    '94.2% of 812 clips'
    """
    from tinykws.project.layout import Project
    from tinykws.stages.evaluate import evaluate as evaluate_project

    if split not in ("testing", "validation", "training"):
        raise ConfigError(f"split {split!r} does not exist", hint="testing, validation or training")
    report = evaluate_project(Project.load(Path(project)), split=split)
    score = report.int8_model
    return Evaluation(
        model_id=report.model_id,
        split=report.split,
        clips=score.clips,
        accuracy=score.accuracy,
        mean_recall=score.mean_recall,
        labels=tuple(LabelFigures(one.label, one.clips, one.precision, one.recall) for one in score.labels),
        confusion=score.confusion,
    )


def list_boards(boards_file: PathLike | None = None) -> tuple[Board, ...]:
    """Returns the boards that firmware can be generated for, as `tinykws boards` lists them.

    Args:
        boards_file: a boards.yaml with boards of your own, in addition to those of tinykws.

    Raises:
        ConfigError: the file cannot be read, or a row is wrong.

    >>> "nano33ble" in [board.id for board in list_boards()]
    True
    """
    from tinykws.boards.rows import load_boards

    rows = load_boards(_existing(boards_file)).values()
    return tuple(Board(row.id, row.name, row.mcu, tuple(row.engines), row.emulator is not None) for row in rows)


def generate(
    bundle: Bundle,
    board: str,
    out_dir: PathLike,
    *,
    engine: str | None = None,
    boards_file: PathLike | None = None,
) -> GeneratedProject:
    """Generates the PlatformIO project for a board, as `tinykws generate` does; compiles nothing.

    Files that are the same already are not touched. Files of your own in the folder stay; a generated file that you
    changed is kept as NAME.yours.

    Args:
        bundle: the model to run on the board.
        board: the board's id, such as "nano33ble"; see `list_boards`.
        out_dir: the project's folder; it is created if it is missing.
        engine: "tflm", "aot", or None for the board's default.
        boards_file: a boards.yaml with boards of your own.

    Raises:
        ConfigError: the board is unknown or does not have this engine, the engine cannot run the model, the model does
            not fit the board's memory, or the folder cannot be written.

    >>> project = generate(load_bundle("build/bundle"), "nano33ble", "firmware", engine="aot")
    >>> (project.path / "platformio.ini").is_file()
    True
    """
    from tinykws.boards.rows import find_board, load_boards
    from tinykws.stages.generate import generate as generate_project

    row = find_board(board, load_boards(_existing(boards_file)))
    made = generate_project(bundle._folder, row, engine, Path(out_dir))
    return GeneratedProject(made.path, made.board, made.engine, made.files)


def _checked(samples: Samples) -> Samples:
    """Returns the samples. Raises TypeError unless they are a numpy array int16 [n]."""
    import numpy as np

    if not isinstance(samples, np.ndarray):
        raise TypeError(f"samples must be a numpy array int16 [n], not {type(samples).__name__}")
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise TypeError(f"samples must be int16 [n], not {samples.dtype} {list(samples.shape)}")
    return samples


def _existing(boards_file: PathLike | None) -> Path | None:
    """Returns the file's path. Raises ConfigError if a file was named and is missing."""
    if boards_file is None:
        return None
    path = Path(boards_file)
    if not path.is_file():
        raise ConfigError(f"there is no file {path}", hint="boards_file is a boards.yaml with boards of your own")
    return path
