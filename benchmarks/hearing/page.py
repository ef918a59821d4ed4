# SPDX-License-Identifier: Apache-2.0
"""Tables of what detectors do on recordings of people, from the rows of strangers.json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tinykws.evaluation.confidence_intervals import rate_interval, share_interval

Row = dict[str, Any]
NONE = "-"
NOT_REACHED = "not reached"

HEAD = """# Strangers

Made by `benchmarks/strangers.py`; its head says how. All detectors of a section heard the same recordings, by the same
code. No detector was trained or tuned on them. [How it is measured](../docs/explanation/measuring.md#strangers).

Brackets: 95 % confidence intervals, Wilson for shares, exact Poisson for rates. Of several seeds, all counts are added
up and latencies are averaged. Latency: from the end of the word to the detection; negative: before its end.
"""


def page_of(rows: dict[str, Row]) -> str:
    """Returns the page: a section for each set of recordings."""
    sections: dict[str, dict[str, Row]] = {}
    for name, row in rows.items():
        sections.setdefault(row["material"]["sha256"], {})[name] = row
    return "\n".join([HEAD, *(section_of(number, part) for number, part in enumerate(sections.values(), start=1))])


def section_of(number: int, rows: dict[str, Row]) -> str:
    """Returns the tables of detectors that heard the same recordings; rows that differ in their seed are pooled."""
    models: dict[str, list[Row]] = {}
    for name, row in rows.items():
        models.setdefault(name.partition("/")[0], []).append(row)
    material = next(iter(rows.values()))["material"]
    kinds = list(material["speech"])
    configured = [
        (name, *_cost(seeds), *_line([row["configured"] for row in seeds], kinds)) for name, seeds in models.items()
    ]
    rates = [
        (name, f"{points[0]['wanted_per_hour']:g}", *_line([point["figures"] for point in points], kinds))
        for name, seeds in models.items()
        for points in zip(*(row["at_rates"] for row in seeds), strict=True)
    ]
    heads = ["recall", "false accepts per hour, ordinary speech", *kinds, "other words accepted", "latency", "90 %"]
    curves = [(name, *_curve(seeds)) for name, seeds in models.items() if seeds[0]["at_rates"]]
    wanted = [f"{point['wanted_per_hour']:g} an hour" for point in next(iter(rows.values()))["at_rates"]]
    tables = [
        f"## Recordings {number}\n\n{in_words(material)}",
        "### As configured\n\n" + _table(["words", "bytes", "MAC per second", "seeds", *heads], configured),
        "### Other words, as configured\n\n" + _others_table(models),
    ]
    if rates:
        tables += [
            "### Best recall at a rate of false accepts in all ordinary speech\n\n" + _table(wanted, curves),
            "### Everything at these rates\n\nThe threshold is moved until the rate is kept: what a detector could do "
            "if its threshold were known.\n\n" + _table(["at most per hour", *heads], rates),
        ]  # fmt: skip
    return "\n\n".join(tables) + "\n"


def in_words(material: dict[str, Any]) -> str:
    """Returns a sentence about the recordings."""
    said = [f"{word} ({count} clips)" for word, count in material["words"].items()]
    speech = [f"{kind} ({hours:.2f} h)" for kind, hours in material["speech"].items()]
    others = [f"{kind} ({count} clips)" for kind, count in material["others"].items()]
    parts = [
        f"People saying a word: {', '.join(said) or 'none'}.",
        f"Speech and sounds without the words: {', '.join(speech) or 'none'}.",
        f"Ordinary speech is {', '.join(material['ordinary']) or 'none of them'}.",
        f"Clips of other words: {', '.join(others) or 'none'}, and those of words that a detector does not know.",
        f"Seed {material['seed']}.",
    ]
    return "\n".join(parts)


def _cost(seeds: Sequence[Row]) -> tuple[str, ...]:
    first = seeds[0]
    macs = first["macs_per_second"]
    return (", ".join(first["words"]), f"{first['size_bytes']:,}", f"{macs:,}" if macs else NONE, str(len(seeds)))


def _line(figures: Sequence[dict[str, Any] | None], kinds: Sequence[str]) -> tuple[str, ...]:
    reached = [one for one in figures if one is not None]
    if len(reached) < len(figures):
        return (NOT_REACHED, *[NONE] * (len(kinds) + 4))
    recalls = [one["recall"] for one in reached if one["recall"]]
    by_kind = [[rate for one in reached for rate in one["speech"] if rate["name"] == kind] for kind in kinds]
    return (
        _share(recalls, "found", "utterances"),
        _rate([one["ordinary"] for one in reached if one["ordinary"]]),
        *(_rate(rates) for rates in by_kind),
        _share([one["others"] for one in reached if one["others"]], "accepted", "clips"),
        *(_latency(recalls, name) for name in ("latency_median_ms", "latency_90th_ms")),
    )


def _curve(seeds: Sequence[Row]) -> tuple[str, ...]:
    points = zip(*(row["at_rates"] for row in seeds), strict=True)
    return tuple(_line([point["figures"] for point in at_rate], ())[0] for at_rate in points)


def _others_table(models: dict[str, list[Row]]) -> str:
    lines = [
        (name, kind, _share(shares, "accepted", "clips"), _worst(shares))
        for name, seeds in models.items()
        for kind in dict.fromkeys(share["name"] for row in seeds for share in row["configured"]["other_kinds"])
        for shares in [[share for row in seeds for share in row["configured"]["other_kinds"] if share["name"] == kind]]
    ]
    return _table(["kind", "clips accepted", "most often"], lines) if lines else "None."


def _worst(shares: Sequence[dict[str, Any]]) -> str:
    counts: dict[str, tuple[int, int]] = {}
    for word, clips, accepted in (one for share in shares for one in share["worst"]):
        before = counts.get(word, (0, 0))
        counts[word] = (before[0] + accepted, before[1] + clips)
    listed = sorted(counts.items(), key=lambda item: (-item[1][0], item[0]))
    return ", ".join(f"{word} {accepted} of {clips}" for word, (accepted, clips) in listed) or NONE


def _share(counts: Sequence[dict[str, Any]], hits: str, trials: str) -> str:
    found, total = (sum(count[name] for count in counts) for name in (hits, trials))
    limits = share_interval(found, total)
    if limits is None:
        return NONE
    return f"{100 * found / total:.1f} % of {total} ({100 * limits.low:.1f} to {100 * limits.high:.1f})"


def _rate(rates: Sequence[dict[str, Any]]) -> str:
    if not rates:
        return NONE
    count, hours = (sum(rate[name] for rate in rates) for name in ("false_accepts", "hours"))
    low, high = rate_interval(count, hours)
    return f"{count / hours:.1f} ({low:.1f} to {high:.1f})"


def _latency(recalls: Sequence[dict[str, Any]], name: str) -> str:
    values = [recall[name] for recall in recalls if recall[name] is not None]
    return f"{np.mean(values):.0f} ms" if values else NONE


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [["detector", *heads], ["---"] * (len(heads) + 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
