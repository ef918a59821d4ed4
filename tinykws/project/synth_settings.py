# SPDX-License-Identifier: Apache-2.0
"""The section `synth` of kws.yaml: which synthetic clips are made, by which text-to-speech engines."""

from __future__ import annotations

import dataclasses
from typing import Any

from tinykws.support.dataclass_reader import one_or_several, require_at_least, require_in_range, require_one_of
from tinykws.support.errors import ConfigError

AUTO = "auto"
LARGEST_SEED = 2**32 - 1
SMALLEST_CLIP_COUNT = 10


@dataclasses.dataclass(frozen=True)
class SynthSettings:
    """Which synthetic clips are made, and by which text-to-speech engines. Counts are clips over all splits."""

    enabled: str = "auto"
    """When synthetic clips are made. `auto`: if at least one word has no recording in the data folder, or fewer than
    200 for an architecture that is made for streams, which is then fine-tuned on them; `always`; `never`: train on
    recordings only."""
    engines: tuple[str, ...] = one_or_several((AUTO,))
    """Text-to-speech engines that share the clips. `auto`: all that are installed and speak the language; or a list of
    `espeak`, `festival`, `flite`, `gnuspeech`, `hibari`, `kokoro`, `piper`, and engines of other packages. More engines
    give more different voices, and the network then learns the word and not the synthesizer."""
    held_back: tuple[str, ...] = one_or_several((AUTO,))
    """Engines whose voices are for validation and testing only, so that figures are about speakers of a kind that
    training never heard. `auto`: one of seven engines, two of nine or more, none of six. `[]`: none; each engine's
    speakers are then split."""
    vocoder_share: float = 0.4
    """Share of the clips that are spoken again as another speaker, by the vocoder WORLD: another length of the vocal
    tract, pitch and breath. Nothing happens without the package pyworld."""
    flite_voices: tuple[str, ...] = ()
    """Voice files for flite (.flitevox), relative to the project folder, in addition to flite's built-in voices."""
    piper_voices: tuple[str, ...] = ()
    """Voice files for piper (.onnx, each with its .onnx.json next to it), relative to the project folder. Without them
    it uses all voices of the language that `tinykws fetch voices` downloaded."""
    engine_options: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Options for engines of other packages, by engine name; each engine documents its own."""
    clips_per_word: int = 1500
    """Synthetic clips per word, at least 10. More clips take longer to make; they raise accuracy less than recordings
    do."""
    unknown_clips: int = 4500
    """Synthetic clips of words that are not keywords, at least 10. More of them lower the number of false accepts."""
    silence_clips: int = 450
    """Clips without speech, generated from noise, at least 10."""
    unknown_words: tuple[str, ...] = ()
    """Words that must not be taken for a keyword, in addition to those that tinykws selects. Add words that your
    detector confuses with a keyword."""
    seed: int = 1
    """Seed of all random choices, 0 to 4294967295; the same seed gives the same clips."""

    def check(self) -> None:
        """Raises ConfigError if a value is out of range."""
        require_one_of("synth: enabled", self.enabled, ("auto", "always", "never"))
        self._check_engines()
        for name in ("clips_per_word", "unknown_clips", "silence_clips"):
            require_at_least(f"synth: {name}", getattr(self, name), SMALLEST_CLIP_COUNT)
        require_in_range("synth: vocoder_share", self.vocoder_share, 0, 1)
        require_in_range("synth: seed", self.seed, 0, LARGEST_SEED)

    def _check_engines(self) -> None:
        if not self.engines or len(set(self.engines)) < len(self.engines):
            raise ConfigError(
                f"synth: engines is {list(self.engines)}", hint="list one or more engines, each once: engines: [espeak]"
            )
        if self.engines == (AUTO,):
            return
        if AUTO in self.engines:
            raise ConfigError(
                f"synth: engines is {list(self.engines)}",
                hint="auto stands alone: all installed engines; or list engines without it",
            )
        for engine in self.held_back if self.held_back != (AUTO,) else ():
            require_one_of("synth: held_back", engine, self.engines)
        for key, engine in (("piper_voices", "piper"), ("flite_voices", "flite")):
            if getattr(self, key) and engine not in self.engines:
                raise ConfigError(
                    f"synth: {key} is given, but {engine} is not among the engines",
                    hint=f"write engines: [{', '.join((*self.engines, engine))}], or remove {key}",
                )
        for engine in self.engine_options:
            require_one_of("synth: engine_options", str(engine), self.engines)
