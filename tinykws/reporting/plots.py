# SPDX-License-Identifier: Apache-2.0
"""Plots by matplotlib, as PNG files without date or version: the same numbers give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.support.errors import ToolError
from tinykws.support.files import replacing
from tinykws.support.safe_text import visible_line

DOTS_PER_INCH = 100
UNDATED: dict[str, Any] = {"Software": None}
"""Leaves out matplotlib's version, so that a picture is the same everywhere."""
HOW_TO_INSTALL = "pip install 'tinykws[train]'"


def plot_learning_curves(path: Path, epochs: Sequence[Mapping[str, float]], best_epoch: int, title: str = "") -> None:
    """Plots loss and accuracy over the epochs (from history.json), with a line at the epoch that was kept.

    Raises:
        ToolError: matplotlib is not installed.
    """
    figure = _figure(10, 4)
    figure.suptitle(_plain(title), fontsize=10)
    numbers = [record["epoch"] for record in epochs]
    for at, (quantity, curves) in enumerate(_CURVES.items(), start=1):
        axes = figure.add_subplot(1, 2, at)
        for key, label in curves.items():
            axes.plot(numbers, [record[key] for record in epochs], label=label)
        axes.axvline(best_epoch, color="grey", linestyle=":", label=f"kept: epoch {best_epoch}")
        axes.set_title(quantity)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    _save(figure, path)


def plot_confusion_matrix(path: Path, confusion: Sequence[Sequence[int]], labels: Sequence[str], title: str) -> None:
    """Plots clip counts by [true label][predicted label]; colour and percent are the share of the true label's clips.

    Raises:
        ToolError: matplotlib is not installed.
    """
    side = 2.5 + 0.8 * len(labels)
    figure = _figure(side, side)
    axes = figure.add_subplot()
    shares = [[count / max(1, sum(row)) for count in row] for row in confusion]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, counts in enumerate(confusion):
        for column, count in enumerate(counts):
            colour = "white" if shares[row][column] > 0.5 else "black"
            text = f"{count}\n{shares[row][column]:.0%}" if count else "0"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    names = [_plain(label) for label in labels]
    axes.set_xticks(range(len(labels)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(_plain(title), fontsize=10)
    _save(figure, path)


def plot_both_sides(path: Path, device: npt.NDArray[np.int8], host: npt.NDArray[np.int8]) -> None:
    """Plots features int8 [frames, n_mels] of device and host, and their difference; time runs to the right.

    Raises:
        ToolError: matplotlib is not installed.
    """
    n = min(len(device), len(host))
    difference = device[:n].astype(np.int16) - host[:n]
    largest = max(1, int(np.abs(difference).max(initial=0)))
    figure = _figure(10, 7)
    rows = [
        ("device", device, "magma", -128, 127),
        ("host", host, "magma", -128, 127),
        ("device - host", difference, "seismic", -largest, largest),
    ]
    for at, (title, values, colours, least, most) in enumerate(rows, start=1):
        axes = figure.add_subplot(3, 1, at)
        image = axes.imshow(values.T, aspect="auto", origin="lower", cmap=colours, vmin=least, vmax=most)
        axes.set_title(title)
        axes.set_ylabel("channel")
        figure.colorbar(image, ax=axes)
    axes.set_xlabel("frame")
    _save(figure, path)


def plot_sound(path: Path, samples: npt.NDArray[np.int16], sample_rate_hz: int, title: str) -> None:
    """Plots int16 [n] as a waveform and, below it, its spectrum in dB of full scale.

    Raises:
        ToolError: matplotlib is not installed.
    """
    figure = _figure(10, 6)
    waveform, spectrum = figure.add_subplot(2, 1, 1), figure.add_subplot(2, 1, 2)
    waveform.plot(np.arange(samples.size) / sample_rate_hz, samples, linewidth=0.4)
    waveform.set_ylim(-32768, 32767)
    waveform.set_title(_plain(title))
    waveform.set_xlabel("seconds")
    waveform.grid(alpha=0.3)
    hz, dbfs = _power_spectrum(samples, sample_rate_hz)
    spectrum.semilogx(hz[1:], dbfs[1:], linewidth=0.8)
    for mains in (50, 60):
        spectrum.axvline(mains, color="grey", linestyle=":", linewidth=0.8)
    spectrum.set_xlabel("Hz (dotted: mains frequencies)")
    spectrum.set_ylabel("dBFS")
    spectrum.grid(alpha=0.3, which="both")
    with replacing(path) as whole:
        _save(figure, whole)


def _power_spectrum(
    samples: npt.NDArray[np.int16], sample_rate_hz: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns frequencies in Hz and levels in dBFS: mean power over half-overlapping Hann windows of 0.25 s."""
    size = min(samples.size, sample_rate_hz // 4)
    window = np.hanning(size)
    sound = (samples - samples.mean()) / 32768
    frames = [sound[at : at + size] * window for at in range(0, samples.size - size + 1, max(1, size // 2))]
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)) / (window.sum() / 2)).mean(axis=0)
    return np.fft.rfftfreq(size, 1 / sample_rate_hz).astype(np.float64), 10 * np.log10(np.maximum(power, 1e-12))


def features_png(features: npt.NDArray[np.int8]) -> bytes:
    """Returns a PNG of features int8 [n_frames, n_mels], one pixel per value: time to the right, high channels on top.

    Raises:
        ToolError: matplotlib is not installed.
    """
    try:
        from matplotlib.image import imsave
    except ImportError as error:
        raise ToolError("matplotlib is not installed", hint=HOW_TO_INSTALL) from error
    buffer = io.BytesIO()
    imsave(buffer, features.T, vmin=-128, vmax=127, cmap="magma", origin="lower", metadata=UNDATED)
    return buffer.getvalue()


def plot_stream_curve(
    path: Path,
    title: str,
    *,
    points: Sequence[tuple[float, float]],
    limits: Sequence[tuple[float, float]],
    words: Mapping[str, Sequence[tuple[float, float]]],
    deployed: tuple[float, float],
    wanted: float | None = None,
) -> None:
    """Plots recall against false accepts per hour.

    Args:
        path: the PNG file.
        title: the plot's title.
        points: (false accepts per hour, recall) of all words together.
        limits: confidence interval of each point's recall.
        words: the same points for each word.
        deployed: the point of the deployed detector.
        wanted: the wanted false accepts per hour, marked by a line.

    Raises:
        ToolError: matplotlib is not installed.
    """
    figure = _figure(8, 5)
    axes = figure.add_subplot()
    rates, recalls = [rate for rate, _ in points], [recall for _, recall in points]
    axes.fill_between(rates, [low for low, _ in limits], [high for _, high in limits], alpha=0.2, step="post")
    axes.step(rates, recalls, where="post", marker="o", markersize=3, label="all words, with 95 % confidence interval")
    for word, curve in words.items():
        axes.step(
            [rate for rate, _ in curve],
            [recall for _, recall in curve],
            where="post",
            linewidth=0.8,
            label=_plain(word),
        )
    axes.plot(*deployed, marker="*", markersize=14, linestyle="", color="black", label="as deployed")
    if wanted is not None:
        axes.axvline(wanted, color="grey", linestyle="--", label=f"wanted: {wanted:g} per hour")
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("false accepts per hour")
    axes.set_ylabel("recall")
    axes.set_title(_plain(title), fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    _save(figure, path)


_CURVES = {
    "loss": {"loss": "training (altered clips)", "validation_loss": "validation"},
    "accuracy": {
        "accuracy": "training (altered clips)",
        "validation_accuracy": "validation",
        "validation_mean_recall": "validation, mean recall",
    },
}


def title_of(project: str, words: Sequence[str], rest: str) -> str:
    """Returns a plot's title: which project and words it is about, then what it shows."""
    listed = ", ".join(words)
    return f"{project}: {listed if len(listed) <= 60 else listed[:59] + '…'}\n{rest}"


def _plain(text: str) -> str:
    """Returns a text that matplotlib shows as it is: it takes what is between two $ for mathematics."""
    return "\n".join(visible_line(line) for line in text.split("\n")).replace("$", r"\$")


def _figure(width: float, height: float) -> Any:
    """Returns a figure that needs no display and does not use pyplot's global state."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ToolError("matplotlib is not installed", hint=HOW_TO_INSTALL) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=DOTS_PER_INCH, format="png", metadata=UNDATED)
