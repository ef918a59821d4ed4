# SPDX-License-Identifier: Apache-2.0
"""Which engines synthesize: those that kws.yaml names, or all that are installed and speak the language."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from tinykws.project.synth_settings import AUTO
from tinykws.speech.engines import BUILT_IN, EngineSetup, SpeechEngine, engine_names, find_engine
from tinykws.support.errors import TinykwsError

FALLBACK = "espeak"
"""If nothing is installed, its error says what to install."""


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """An engine that speaks the language and could be used."""

    name: str
    why: str
    fix: str
    """The command that makes it usable."""


@dataclasses.dataclass(frozen=True)
class ChosenEngines:
    """The engines to use, and those that would help."""

    engines: tuple[SpeechEngine, ...]
    left_out: tuple[LeftOut, ...] = ()


def choose_engines(setup: EngineSetup) -> ChosenEngines:
    """Returns an object of each engine to use. With `auto`, an engine that kws.yaml has settings for must be usable.

    Raises:
        ConfigError: there is no engine of a name in kws.yaml.
        ToolError: an engine of another package does not load.
    """
    wanted = setup.settings.engines
    if wanted != (AUTO,):
        return ChosenEngines(tuple(find_engine(name)(setup) for name in wanted))
    required = _engines_with_settings(setup)
    used, left_out = [], []
    for name in dict.fromkeys([*engine_names(), *sorted(required)]):
        try:
            engine = find_engine(name)(setup)
            if name not in required and not (engine.speaks(setup.language) and engine.version() and engine.voices()):
                continue
            used.append(engine)
        except Exception as error:  # an engine of another package can raise anything
            if name in required:
                raise
            left_out += _left_out(name, error)
    return ChosenEngines(tuple(used) or (find_engine(FALLBACK)(setup),), tuple(left_out))


def _engines_with_settings(setup: EngineSetup) -> Collection[str]:
    settings = setup.settings
    listed = {"piper": settings.piper_voices, "flite": settings.flite_voices}
    return {*(name for name, files in listed.items() if files), *settings.engine_options}


def _left_out(name: str, error: Exception) -> list[LeftOut]:
    """Returns an engine as left out if it is one of ours; nobody asked for those of other packages."""
    if name not in BUILT_IN or not isinstance(error, TinykwsError):
        return []
    return [LeftOut(name, error.message, (error.hint or "").partition("\n")[0])]
