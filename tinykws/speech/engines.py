# SPDX-License-Identifier: Apache-2.0
"""What a speech engine is, and which there are: tinykws's own, and those that other packages bring.

Another package brings one by an entry point of the group `tinykws.speech_engines`: docs/adding_a_speech_engine.md.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import importlib
import importlib.metadata
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, TypeAlias

from tinykws.audio.samples import Samples
from tinykws.project.synth_settings import SynthSettings
from tinykws.speech.voices import Cast, Vocabulary
from tinykws.support.errors import ConfigError, ToolError, did_you_mean

GROUP = "tinykws.speech_engines"
OWN = {
    "espeak": "tinykws.speech.espeak:EspeakEngine",
    "flite": "tinykws.speech.flite:FliteEngine",
    "piper": "tinykws.speech.piper:PiperEngine",
}
USUAL_WPM = 175


@dataclasses.dataclass(frozen=True)
class Saying:
    """One thing to say, and how; an engine follows as far as it can."""

    text: str
    """Words, perhaps with one of `.!?` behind; or IPA between `[[` and `]]`, where the engine says it does that."""
    rate_wpm: int = USUAL_WPM
    """Words a minute: 110 to 220, and up to 450 where a word must be shorter; 175 is usual."""
    pitch: int = 50
    """0 to 99; 50 is the voice's own."""
    pitch_range: int = 50
    """0, monotone, to 99; 50 is usual."""
    accent: str = ""
    """espeak-ng's tag, for engines whose cast has accents."""
    seed: int = 0
    """Of choices that are the engine's own."""


@dataclasses.dataclass(frozen=True)
class Sound:
    """What was said."""

    samples: Samples
    """int16 [n]; quiet before and after is cut off later."""
    sample_rate_hz: int


@dataclasses.dataclass(frozen=True)
class EngineSetup:
    """What an engine is made from, here and in other processes."""

    language: str
    folder: Path
    """The project's: relative paths of voices begin there."""
    settings: SynthSettings


Speak: TypeAlias = Callable[[str, Saying], Sound]


class SpeechEngine(abc.ABC):
    """One speech synthesizer. Made anew for each job; what is slow to load belongs into `speaking`.

    Every method may raise ConfigError (a voice that is not there, a language it does not speak) and ToolError.
    """

    name: ClassVar[str]
    clips_at_once: ClassVar[int | None] = 40
    """A job's length: how many clips may depend on each other, and how long Ctrl-C may wait. None: a whole voice."""

    def __init__(self, setup: EngineSetup) -> None:
        self.setup = setup

    @classmethod
    @abc.abstractmethod
    def version(cls) -> str:
        """Returns what clips are made anew for when it changes. Raises ToolError where it is not installed."""

    @abc.abstractmethod
    def voices(self) -> tuple[str, ...]:
        """Returns the speakers of the language; two names must not stand for one person."""

    @abc.abstractmethod
    def speak(self, voice: str, saying: Saying) -> Sound:
        """Says something with one of the voices. The same bytes for the same calls since `speaking` began."""

    @contextlib.contextmanager
    def speaking(self, seed: int) -> Iterator[Speak]:  # noqa: ARG002
        """Yields `speak` for one job, ready and seeded."""
        yield self.speak

    def says(self, text: str) -> bool:
        """Returns whether all voices can say a text: words, or IPA between `[[` and `]]`."""
        return not text.startswith("[[")

    def voice_files(self) -> tuple[Path, ...]:
        """Returns files that clips are made anew for when they change; they need not be there."""
        return ()

    def cast(self, vocabulary: Vocabulary) -> Cast:
        """Returns who of this engine says what of the words."""
        given = {text: vocabulary.ipa.get(text, text) for text in vocabulary.texts}
        return Cast(self.name, self._named_voices(), {text: said for text, said in given.items() if self.says(said)})

    def path(self, name: str) -> Path:
        """Returns the path of a file that kws.yaml names."""
        return self.setup.folder / name

    def _named_voices(self) -> dict[str, str]:
        """Returns voices by names that are good in any file system."""
        voices = {f"{self.name}-{re.sub('[^a-z0-9]+', '-', voice.lower())}": voice for voice in self.voices()}
        if len(voices) < len(self.voices()):
            raise ConfigError(f"two voices of {self.name} have one name", hint="name their files differently")
        return voices


def engine_names() -> tuple[str, ...]:
    """Returns the names of all engines, tinykws's own first; they need not be installed."""
    others = sorted(entry.name for entry in importlib.metadata.entry_points(group=GROUP))
    return tuple(dict.fromkeys([*OWN, *others]))


def find_engine(name: str) -> type[SpeechEngine]:
    """Returns an engine's class.

    Raises:
        ConfigError: no package brings an engine of this name.
        ToolError: the package that brings it does not load.
    """
    if name in OWN:
        module, _, attribute = OWN[name].partition(":")
        own: type[SpeechEngine] = getattr(importlib.import_module(module), attribute)
        return own
    for entry in importlib.metadata.entry_points(group=GROUP, name=name):
        try:
            engine = entry.load()
        except Exception as error:  # somebody else's package, whatever is wrong with it
            raise ToolError(f"the speech engine {name} ({entry.value}) does not load: {error!r}") from error
        if not (isinstance(engine, type) and issubclass(engine, SpeechEngine) and engine.name == name):
            raise ToolError(f"the speech engine {name}: {entry.value} is no SpeechEngine of this name")
        return engine
    raise ConfigError(f"synth: engines: there is no engine {name!r}", hint=did_you_mean(name, engine_names()))
