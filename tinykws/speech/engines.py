# SPDX-License-Identifier: Apache-2.0
"""The interface of a text-to-speech engine, and how an engine is found by its name in kws.yaml.

To add a text-to-speech engine:

- In a package of its own (no change to tinykws): subclass `SpeechEngine`, implement `name`, `version`, `voices` and
  `speak`, and register it by an entry point of the group `tinykws.speech_engines`; a complete example is in
  docs/guides/add_a_speech_engine.md.
- Inside tinykws: put the same class into a module of this package, as flite.py and piper.py do, and list it in
  `BUILT_IN` below.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import importlib
import importlib.metadata
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, TypeAlias

from tinykws.audio.samples import Samples
from tinykws.project.synth_settings import SynthSettings
from tinykws.speech.accents import ForeignAccents
from tinykws.speech.vocabulary import Vocabulary
from tinykws.support.errors import ConfigError, ToolError, did_you_mean

ENTRY_POINT_GROUP = "tinykws.speech_engines"
BUILT_IN = {
    "espeak": "tinykws.speech.espeak:EspeakEngine",
    "festival": "tinykws.speech.festival:FestivalEngine",
    "flite": "tinykws.speech.flite:FliteEngine",
    "gnuspeech": "tinykws.speech.gnuspeech:GnuspeechEngine",
    "hibari": "tinykws.speech.hibari:HibariEngine",
    "kokoro": "tinykws.speech.kokoro:KokoroEngine",
    "piper": "tinykws.speech.piper:PiperEngine",
}
"""Engine name in kws.yaml to `module:class`."""
USUAL_WPM = 175
"""Speaking rate in words per minute at which an engine uses its own default speed."""


@dataclasses.dataclass(frozen=True)
class Utterance:
    """A text to synthesize, and how. An engine ignores settings that it does not support."""

    text: str
    """Words, possibly followed by one of `.!?`; or IPA between `[[` and `]]` if `SpeechEngine.says` accepts it."""
    rate_wpm: int = USUAL_WPM
    """Words per minute: usually 110 to 220, up to 450 to fit a long word into the clip."""
    pitch: int = 50
    """0 to 99; 50 is the voice's own."""
    pitch_range: int = 50
    """0 (monotone) to 99; 50 is the voice's own."""
    accent: str = ""
    """espeak-ng's voice tag, such as `en-GB-scotland`; empty for engines without accents."""
    seed: int = 0
    """For random choices that the engine makes itself."""


Saying = Utterance
"""The former name; engines of other packages may still import it."""


@dataclasses.dataclass(frozen=True)
class Sound:
    """The audio of one utterance."""

    samples: Samples
    """int16 [n]; silence at both ends is trimmed later."""
    sample_rate_hz: int


@dataclasses.dataclass(frozen=True)
class EngineSetup:
    """Everything an engine is constructed from; it is pickled, because clips are synthesized in several processes."""

    language: str
    """`language` of kws.yaml, such as `en` or `en-gb`."""
    folder: Path
    """The project's folder; relative paths of voice files start here."""
    settings: SynthSettings


Speak: TypeAlias = Callable[[str, Utterance], Sound]
"""Takes a voice and an utterance."""


@dataclasses.dataclass(frozen=True)
class EngineVoices:
    """One engine's voices and the texts that they can say."""

    engine: str
    voices: Mapping[str, str]
    """Name in clip files (unique over all engines) to the engine's own name of the voice."""
    engine_texts: Mapping[str, str]
    """Text to the engine's input for it (words or phonemes); texts that the engine cannot say are missing."""
    accents: tuple[str, ...] = ("",)
    """Accents in which every voice can speak; one empty string for engines without accents."""
    foreign: Mapping[str, ForeignAccents] = dataclasses.field(default_factory=dict)
    """Text to the foreign accents in which it can also be said."""
    share: float = 1.0
    """How many clips it makes, relative to the other engines."""


class SpeechEngine(abc.ABC):
    """A text-to-speech engine: `name`, `version`, `voices` and `speak` are required, the rest has defaults.

    An object is created for each job, so load anything slow in `speaking` and not in `__init__`. Every method may raise
    ConfigError (a missing voice, an unsupported language) and ToolError (the engine is not installed, or fails).
    """

    name: ClassVar[str]
    clips_at_once: ClassVar[int | None] = 40
    """Clips per job; a job runs without interruption and may keep state between clips. None: all clips of a voice."""

    def __init__(self, setup: EngineSetup) -> None:
        self.setup = setup

    @classmethod
    @abc.abstractmethod
    def version(cls) -> str:
        """Returns a version; clips are synthesized again when it changes. Raises ToolError if it is not installed."""

    @abc.abstractmethod
    def voices(self) -> tuple[str, ...]:
        """Returns the names of all speakers of the language.

        Each speaker must have one name only: voices are split between training and testing by name.
        """

    @abc.abstractmethod
    def speak(self, voice: str, utterance: Utterance) -> Sound:
        """Synthesizes an utterance in one of `voices`. The same calls within one job must give the same samples."""

    @classmethod
    def speaks(cls, language: str) -> bool:  # noqa: ARG003
        """Returns whether it has a language at all; `engines: auto` leaves it out without a word if not."""
        return True

    def share(self, speakers: int) -> float:
        """Returns how many clips it makes, relative to other engines; usually 0.5 (one speaker) to 1 (six and more)."""
        return min(1.0, 0.4 + 0.1 * speakers)

    @contextlib.contextmanager
    def speaking(self, seed: int) -> Iterator[Speak]:  # noqa: ARG002
        """Yields the `speak` function for one job: loads models and seeds random numbers here."""
        yield self.speak

    def says(self, text: str) -> bool:
        """Returns whether all voices can say a text, which is words or IPA between `[[` and `]]`."""
        return not text.startswith("[[")

    def voice_files(self) -> tuple[Path, ...]:
        """Returns the engine's voice files, existing or not; clips are synthesized again when one changes."""
        return ()

    def engine_voices(self, vocabulary: Vocabulary) -> EngineVoices:
        """Returns this engine's voices and the texts of the vocabulary that they can say."""
        inputs = {text: vocabulary.ipa.get(text, text) for text in vocabulary.texts}
        engine_texts = {text: engine_input for text, engine_input in inputs.items() if self.says(engine_input)}
        voices = self._named_voices()
        return EngineVoices(self.name, voices, engine_texts, share=self.share(len(voices)))

    def path(self, name: str) -> Path:
        """Returns the path of a file named in kws.yaml."""
        return self.setup.folder / name

    def _named_voices(self) -> dict[str, str]:
        """Returns the voices by names that are valid file names everywhere."""
        voices = {f"{self.name}-{re.sub('[^a-z0-9]+', '-', voice.lower())}": voice for voice in self.voices()}
        if len(voices) < len(self.voices()):
            raise ConfigError(f"two voices of {self.name} have the same name", hint="rename one of their files")
        return voices


def engine_names() -> tuple[str, ...]:
    """Returns the names of all known engines, the built-in ones first, whether installed or not."""
    others = sorted(entry.name for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP))
    return tuple(dict.fromkeys([*BUILT_IN, *others]))


def find_engine(name: str) -> type[SpeechEngine]:
    """Returns an engine's class by its name in kws.yaml.

    Raises:
        ConfigError: there is no engine of this name.
        ToolError: the package that provides the engine does not load, or the entry point is not a SpeechEngine.
    """
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        own: type[SpeechEngine] = getattr(importlib.import_module(module), attribute)
        return own
    for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP, name=name):
        try:
            engine = entry.load()
        except Exception as error:  # third-party code can raise anything
            raise ToolError(
                f"the speech engine {name} ({entry.value}) does not load: {error!r}",
                hint=f"reinstall the package that provides it, or remove {name} from synth: engines",
            ) from error
        if not (isinstance(engine, type) and issubclass(engine, SpeechEngine) and engine.name == name):
            raise ToolError(f"the speech engine {name}: {entry.value} is not a SpeechEngine of this name")
        return engine
    raise ConfigError(f"synth: engines: there is no engine {name!r}", hint=did_you_mean(name, engine_names()))
