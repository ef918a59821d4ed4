# SPDX-License-Identifier: Apache-2.0
"""The grammar of kws.yaml: what it becomes, and which ones are refused."""

from __future__ import annotations

import pytest

from tinykws.project.config import Config, parse_config
from tinykws.project.grammar import OpenAfter, check_grammar
from tinykws.support.errors import ConfigError

WORDS = "words: [hey robot, lights on, lights off, stop]\n"
WAKE, ON, OFF, STOP = range(2, 6)


def config(grammar: str, more: str = "") -> Config:
    return parse_config(f"{WORDS}grammar:\n{grammar}{more}")


def rules(grammar: str) -> tuple[OpenAfter, ...]:
    return config(grammar).deployed_grammar


def test_commands_are_open_for_a_while_after_the_wake_word() -> None:
    assert rules("  - {after: hey robot, seconds: 4, words: [lights on, lights off, stop]}\n") == (
        OpenAfter(ON, WAKE, 4000),
        OpenAfter(OFF, WAKE, 4000),
        OpenAfter(STOP, WAKE, 4000),
    )


@pytest.mark.parametrize(
    ("grammar", "expected"),
    [
        ("  - {after: Hey  Robot, words: STOP}\n", (OpenAfter(STOP, WAKE, 4000),)),
        ("  - {after: hey robot, words: stop, seconds: 1.5}\n", (OpenAfter(STOP, WAKE, 1500),)),
        (
            "  - {after: hey robot, words: [lights on]}\n  - {after: lights on, words: [stop], seconds: 60}\n",
            (OpenAfter(ON, WAKE, 4000), OpenAfter(STOP, ON, 60_000)),
        ),
        (
            "  - {after: lights on, words: [stop]}\n  - {after: lights off, words: [stop]}\n",
            (OpenAfter(STOP, ON, 4000), OpenAfter(STOP, OFF, 4000)),
        ),
        (
            "  - {after: hey robot, words: [stop]}\n  - {after: stop, words: [stop], seconds: 9}\n",
            (OpenAfter(STOP, WAKE, 4000), OpenAfter(STOP, STOP, 9000)),
        ),
    ],
)
def test_words_are_found_as_they_are_elsewhere_and_chains_are_allowed(
    grammar: str, expected: tuple[OpenAfter, ...]
) -> None:
    assert rules(grammar) == expected


def test_without_a_grammar_there_are_no_rules() -> None:
    assert parse_config(WORDS).deployed_grammar == ()
    assert config("  []\n").deployed_grammar == ()


REFUSED = [
    ("  - {after: hey robot, words: [lamp]}\n", "'lamp' is none of the words"),
    ("  - {after: robot, words: [stop]}\n", "'robot' is none of the words"),
    ("  - {after: hey robot}\n", "after 'hey robot' there are no words"),
    ("  - {after: hey robot, words: []}\n", "after 'hey robot' there are no words"),
    ("  - {words: [stop]}\n", "after.* is missing"),
    ("  - {after: hey robot, words: [stop], seconds: 0}\n", "grammar: seconds is 0"),
    ("  - {after: hey robot, words: [stop], seconds: 61}\n", "grammar: seconds is 61"),
    ("  - {after: hey robot, words: [stop], seconds: .nan}\n", "seconds"),
    ("  - {after: hey robot, words: [stop, Stop]}\n", "'stop' after 'hey robot' is given twice"),
    ("  - {after: hey robot, words: stop}\n  - {after: hey robot, words: stop, seconds: 9}\n", "is given twice"),
    ("  - {after: hey robot, words: [stop], minutes: 4}\n", "unknown key"),
    ("  - {after: stop, words: [stop]}\n", "'stop' can never be heard: it comes only after 'stop'"),
    (
        "  - {after: lights on, words: [lights off]}\n  - {after: lights off, words: [lights on]}\n",
        "'lights on' can never be heard: it comes only after 'lights off'",
    ),
    (
        "  - {after: hey robot, words: [stop]}\n  - {after: stop, words: [hey robot]}\n",
        "'hey robot' can never be heard",
    ),
    (
        "  - {after: hey robot, words: [hey robot, lights on, lights off, stop]}\n",
        "'hey robot' can never be heard: it comes only after 'hey robot'",
    ),
    (
        "  - {after: hey robot, words: [stop], seconds: 0.75}\n",
        "'stop' can never be heard: its 750 ms after 'hey robot'",
    ),
    ("  - {after: hey robot, words: [stop], seconds: 0.79}\n", "another word, 800 ms later"),
]


@pytest.mark.parametrize(("grammar", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_grammar_that_makes_no_sense_is_refused(grammar: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(grammar)


def test_a_window_is_held_against_the_detector_of_the_project() -> None:
    """The temporal filter reports no other word for suppression_ms; the other rule only not the same one again."""
    short = "  - {after: hey robot, words: [stop], seconds: 0.8}\n"
    config(short)
    with pytest.raises(ConfigError, match="can never be heard"):
        config(short, "detector: {suppression_ms: 800}\n")
    config(short, "detector: {kind: recognize_commands, suppression_ms: 3000}\n")
    with pytest.raises(ConfigError, match="another word, 1000 ms later"):
        config(short, "detector: {kind: recognize_commands, inference_stride_ms: 1000, average_window_ms: 2000}\n")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (OpenAfter(1, 2, 4000), "label's number is 1"),
        (OpenAfter(6, 2, 4000), "label's number is 6"),
        (OpenAfter(3, 0, 4000), "label's number is 0"),
        (OpenAfter(3, -1, 4000), "label's number is -1"),
        (OpenAfter(3, 2, 60_001), "window_ms is 60001"),
        (OpenAfter(3, 2, 99), "window_ms is 99"),
    ],
)
def test_rules_of_a_strangers_bundle_are_checked_too(rule: OpenAfter, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_grammar([rule], ["silence", "unknown", "a", "b", "c", "d"])


def test_a_thousand_rules_are_enough() -> None:
    many = [OpenAfter(word, after, 4000) for word in range(2, 52) for after in range(52, 102)]
    with pytest.raises(ConfigError, match="2500 pairs"):
        check_grammar(many, ["x"] * 128)
