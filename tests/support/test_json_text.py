# SPDX-License-Identifier: Apache-2.0
"""JSON from anywhere: what Python's reader takes and others do not is refused."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tinykws.support.errors import ConfigError
from tinykws.support.json_text import MOST_DEPTH, parse_json, read_json_object


@dataclasses.dataclass(frozen=True)
class Named:
    name: str


@dataclasses.dataclass(frozen=True)
class Facts:
    count: int
    share: float | None = None
    names: tuple[Named, ...] = ()


@pytest.mark.parametrize("value", [{}, [], "a[{", 1.5, 10**300, None, {"a": [{"b": "]"}] * 40}])
def test_json_is_read(value: object) -> None:
    assert parse_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN is not a number"),
        ("[-Infinity]", "-Infinity is not a number"),
        ("1e999", "1e999 is too large"),
        ("9" * 5000, "a number of 5,000 digits"),
        ("[" * 100_000, "more than 32 levels"),
        ('{"a": 1, "a": 2}', "key 'a' is given twice"),
        ("{", "Expecting"),
        ("", "Expecting"),
    ],
)
def test_what_is_beyond_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_json(text)


def test_depth_is_that_of_brackets_outside_of_texts() -> None:
    assert parse_json("[" * MOST_DEPTH + "]" * MOST_DEPTH)
    with pytest.raises(ValueError, match="levels deep"):
        parse_json("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1))
    assert parse_json(json.dumps(["[" * 99 + '"' + "{" * 99])) == ["[" * 99 + '"' + "{" * 99]


def test_an_object_becomes_a_dataclass_and_later_keys_are_left_out() -> None:
    facts = read_json_object(Facts, '{"count": 3, "share": 1, "names": [{"name": "a"}], "of_a_later_version": 1}')
    assert facts == Facts(3, 1.0, (Named("a"),))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "not a JSON object"),
        ("{}", "key 'count' is missing"),
        ('{"count": 1.5}', "count must be"),
        ('{"count": 9007199254740993}', "9007199254740993 is too large"),
        ('{"count": 1, "names": [{"name": 1e300}]}', r"1e\+300 is too large"),
        ('{"count": 1, "names": [{"name": null}]}', "name must be"),
        ("{", "not JSON"),
    ],
)
def test_other_values_are_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        read_json_object(Facts, text)
