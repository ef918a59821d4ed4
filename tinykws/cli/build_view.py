# SPDX-License-Identifier: Apache-2.0
"""The report of `build` as text: bytes by component, and the time that inferences take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinykws.cli.console import table

if TYPE_CHECKING:
    from tinykws.cost.current import Current
    from tinykws.cost.latency import Speed
    from tinykws.stages.build import BuildReport


def describe_build(report: BuildReport) -> str:
    """Returns the report as text."""
    lines = [str(report.program), _memory(report)]
    if report.speed is not None:
        lines += ["", *_speed(report.speed)]
    return "\n".join(lines)


def _memory(report: BuildReport) -> str:
    used = (report.flash_bytes, report.ram_bytes)
    limits = (report.flash_limit_bytes, report.ram_limit_bytes)
    shares = [f"{100 * number / limit:.1f} %" if limit else "-" for number, limit in zip(used, limits, strict=True)]
    rows = [
        *([part.name, f"{part.flash_bytes:,}", f"{part.ram_bytes:,}"] for part in report.parts),
        ["all", *(f"{number:,}" for number in used)],
        ["of", *(f"{limit:,}" if limit else "-" for limit in limits)],
        ["share", *shares],
    ]
    return table(["bytes", "flash", "RAM"], rows)


def _speed(speed: Speed) -> list[str]:
    times = speed.times
    ms = ["-", "-"] if times is None else [f"{times.ms_per_inference:.1f}", f"{times.ms_per_second:.0f}"]
    share = "" if times is None else f"{times.share_of_clock:.1%} of {speed.clock_hz / 1e6:g} MHz"
    rows = [
        ("an inference", f"{speed.instructions_per_inference:,}", ms[0], ""),
        (
            f"a second of listening, {speed.inferences_per_second:g} inferences",
            f"{speed.instructions_per_second:,}",
            ms[1],
            share,
        ),
    ]
    return [
        table(["about", "instructions", "ms", "of the clock"], rows),
        f"instructions: {speed.how}",
        *([f"mode: {speed.stream.in_words()}"] if speed.stream else []),
        f"ms: an estimate with {speed.cycles_per_instruction:g} cycles per instruction, {speed.cycles_how};"
        " waiting for flash comes on top",
        *([_current(speed.current)] if speed.current else []),
        *([f"warning: {speed.waking.in_words()}"] if speed.waking and speed.waking.may_lose_sound else []),
    ]


def _current(current: Current) -> str:
    quiet = "" if current.quiet_ma is None else f", {current.quiet_ma:.2g} mA while the gate lets the model sleep"
    return (
        f"current: about {current.listening_ma:.2g} mA{quiet}: {current.sleep_ma:g} mA, and for the share of the clock"
        f" {current.run_ma:g} mA instead ({current.source})"
    )
