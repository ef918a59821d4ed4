# SPDX-License-Identifier: Apache-2.0
"""The grammar: words that are heard only for a while after another word, as a command after a wake word.

    grammar:
      - after: hey robot
        seconds: 4
        words: [lights on, lights off, stop]

A word that is in the `words` of a rule is deaf unless one of its rules is open. A rule is open for `seconds` from each
detection of `after`, also if a command was heard meanwhile. All other words are always heard.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tinykws.project.labels import FIRST_WORD, label_of_word
from tinykws.support.dataclass_reader import one_or_several, require_in_range, short_repr
from tinykws.support.errors import ConfigError

SHORTEST_S, LONGEST_S = 0.1, 60.0
LONGEST_MS = 60_000
"""KWS_MAX_GRAMMAR_MS of kws_detector.h."""
MOST_RULES = 1024
"""KWS_MAX_GRAMMAR_RULES of kws_detector.h."""


@dataclasses.dataclass(frozen=True)
class GrammarRule:
    """A rule in the section `grammar` of kws.yaml."""

    after: str
    """The word that opens the others, as a wake word does. Required."""
    words: tuple[str, ...] = one_or_several(())
    """Words that are heard only while a rule that names them is open. Required."""
    seconds: float = 4.0
    """How long they are heard from the detection of `after` on, 0.1 to 60."""


@dataclasses.dataclass(frozen=True)
class OpenAfter:
    """A rule as it is deployed: one word, by the numbers of the model's labels."""

    word: int
    """The label that is heard only while the rule is open."""
    after: int
    """The label that opens it."""
    window_ms: int
    """How long it is open, in milliseconds."""


def deployed_grammar(rules: Sequence[GrammarRule], words: Sequence[str]) -> tuple[OpenAfter, ...]:
    """Returns the rules of kws.yaml with label numbers, ordered.

    Args:
        rules: the section `grammar`.
        words: the words of kws.yaml, in order.

    Raises:
        ConfigError: a word that is none of them, no words, seconds out of range, a pair that is given twice, or a word
            that no order of words reaches.
    """
    numbers = {label_of_word(word).name: at for at, word in enumerate(words, FIRST_WORD)}
    deployed = [one for rule in rules for one in _deployed_rule(rule, numbers, words)]
    check_grammar(deployed, ["silence", "unknown", *words])
    return tuple(sorted(deployed, key=lambda one: (one.word, one.after)))


def _deployed_rule(rule: GrammarRule, numbers: dict[str, int], words: Sequence[str]) -> list[OpenAfter]:
    require_in_range("grammar: seconds", rule.seconds, SHORTEST_S, LONGEST_S)
    if not rule.words:
        raise ConfigError(
            f"grammar: after {rule.after!r} there are no words", hint="name them: words: [lights on, stop]"
        )
    after = _number(rule.after, numbers, words)
    return [OpenAfter(_number(word, numbers, words), after, round(rule.seconds * 1000)) for word in rule.words]


def _number(word: str, numbers: dict[str, int], words: Sequence[str]) -> int:
    name = label_of_word(word).name
    if name not in numbers:
        raise ConfigError(
            f"grammar: {short_repr(word)} is none of the words",
            hint=f"add it to words, or name one of them: {', '.join(words)}",
        )
    return numbers[name]


def check_grammar(rules: Sequence[OpenAfter], names: Sequence[str]) -> None:
    """Checks deployed rules, wherever they come from.

    Args:
        rules: the rules.
        names: what the labels are called in errors, by number.

    Raises:
        ConfigError: a number that is not a word's, a window out of range, a pair that is given twice, too many rules,
            or a word that can never be heard.
    """
    if len(rules) > MOST_RULES:
        raise ConfigError(f"grammar: {len(rules)} pairs of words", hint=f"{MOST_RULES} are the most")
    for rule in rules:
        for number in (rule.word, rule.after):
            require_in_range("grammar: a label's number", number, FIRST_WORD, len(names) - 1)
        require_in_range("grammar: window_ms", rule.window_ms, SHORTEST_S * 1000, LONGEST_MS)
    pairs = [(rule.word, rule.after) for rule in rules]
    twice = next((pair for at, pair in enumerate(pairs) if pair in pairs[:at]), None)
    if twice is not None:
        raise ConfigError(
            f"grammar: {names[twice[0]]!r} after {names[twice[1]]!r} is given twice", hint="remove one of the two"
        )
    _refuse_unreachable(rules, names)


def check_windows(rules: Sequence[OpenAfter], names: Sequence[str], earliest_ms: int) -> None:
    """Raises ConfigError for a window that ends before the detector can report another word: `earliest_ms` later."""
    for rule in rules:
        if rule.window_ms < earliest_ms:
            raise ConfigError(
                f"grammar: {names[rule.word]!r} can never be heard: its {rule.window_ms} ms after {names[rule.after]!r}"
                f" are over before the detector can report another word, {earliest_ms} ms later",
                hint="raise seconds, or lower detector: suppression_ms",
            )


def _refuse_unreachable(rules: Sequence[OpenAfter], names: Sequence[str]) -> None:
    waiting = {rule.word for rule in rules}
    heard = set(range(FIRST_WORD, len(names))) - waiting
    while opened := {rule.word for rule in rules if rule.after in heard} - heard:
        heard |= opened
    if never := sorted(waiting - heard):
        after = sorted({names[rule.after] for rule in rules if rule.word == never[0]})
        raise ConfigError(
            f"grammar: {names[never[0]]!r} can never be heard: it comes only after {' or '.join(map(repr, after))},"
            " and no word that is always heard leads there",
            hint="leave the wake word out of all `words` of the grammar",
        )


def openers_of(rules: Sequence[OpenAfter], word: int) -> tuple[int, ...]:
    """Returns the labels of the words that open a word; none if it is always heard."""
    return tuple(rule.after for rule in rules if rule.word == word)
