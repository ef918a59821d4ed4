# SPDX-License-Identifier: Apache-2.0
"""The festival engine (University of Edinburgh): its English voices, one process per utterance."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from pathlib import Path

from tinykws.audio.files import read_audio
from tinykws.audio.samples import SAMPLE_RATE_HZ
from tinykws.speech.engines import USUAL_WPM, Sound, SpeechEngine, Utterance
from tinykws.speech.english_ipa import is_english, require_english
from tinykws.support.errors import ToolError
from tinykws.support.programs import find_programs, install_hint
from tinykws.support.run_command import Finished, run_command

TIMEOUT_S = 60
"""Timeout of one utterance; on an idle computer festival takes a quarter of a second."""
PITCH_HZ, PITCH_STDDEV_HZ = 105.0, 14.0
"""Of the diphone voices, as their own scripts set it; `pitch` and `pitch_range` of 50 are these."""
_LIST = """(mapcar (lambda (voice) (format t "tinykws %s %s\n" voice
  (cadr (assoc 'language (cadr (voice.description voice)))))) (voice.list))"""
_SPEAK = """({voice})
(Parameter.set 'Duration_Stretch {stretch:.3f})
(set! int_lr_params (list (list 'target_f0_mean {pitch:.1f}) (list 'target_f0_std {deviation:.1f})
  (list 'model_f0_mean 170) (list 'model_f0_std 34)))
(utt.save.wave (utt.synth (Utterance Text "{text}")) "{file}" 'riff)"""


class FestivalEngine(SpeechEngine):
    """The installed voices whose language is English; HTS voices ignore rate and pitch."""

    name = "festival"

    @classmethod
    def version(cls) -> str:
        """Returns festival's version and its English voices."""
        said = _run("--version").stdout.strip()
        version = re.search(r"(\d[\w.:]*)", said)
        return f"{version.group(1) if version else said}; {' '.join(_installed_voices())}"

    @classmethod
    def speaks(cls, language: str) -> bool:
        """Returns whether the language is English."""
        return is_english(language)

    def voices(self) -> tuple[str, ...]:
        """Returns the installed English voices."""
        require_english(
            self.setup.language, "festival", "festival", "; use espeak, or piper with a voice of that language"
        )
        return _installed_voices()

    def says(self, text: str) -> bool:
        """Returns whether a text is in English letters."""
        return re.fullmatch(r"[A-Za-z' -]*[A-Za-z][A-Za-z' -]*", text) is not None

    def speak(self, voice: str, utterance: Utterance) -> Sound:
        """Synthesizes an utterance in a process of its own; calls do not depend on each other.

        festival 2.5 sometimes crashes at an utterance; the same text in the voice's usual manner is said instead.
        """
        usual = dataclasses.replace(utterance, rate_wpm=USUAL_WPM, pitch=50, pitch_range=50)
        with tempfile.TemporaryDirectory(prefix="tinykws-") as folder:
            file = Path(folder) / "said.wav"
            reasons = [_said(voice, each, file) for each in (utterance, usual) if not file.is_file()]
            if not file.is_file():
                raise ToolError(f"festival failed at {utterance.text!r} with voice {voice}: {reasons[0]}")
            return Sound(read_audio(file, SAMPLE_RATE_HZ).samples, SAMPLE_RATE_HZ)


def _said(voice: str, utterance: Utterance, file: Path) -> str:
    """Has an utterance written to a file; returns why that failed, and then there is no file."""
    script = file.with_suffix(".scm")
    script.write_text(_script(voice, utterance, file), encoding="ascii")
    done = _run("-b", str(script))
    if done.exit_code:
        file.unlink(missing_ok=True)
    return (done.stderr or done.stdout).strip() or f"exit code {done.exit_code}"


def _script(voice: str, utterance: Utterance, file: Path) -> str:
    """Returns Scheme that writes a file. The text has letters and punctuation only (`says`)."""
    return _SPEAK.format(
        voice=f"voice_{voice}",
        stretch=USUAL_WPM / utterance.rate_wpm,
        pitch=PITCH_HZ * 2 ** ((utterance.pitch - 50) / 100),
        deviation=PITCH_STDDEV_HZ * utterance.pitch_range / 50,
        text=utterance.text,
        file=str(file).replace("\\", "\\\\").replace('"', '\\"'),
    )


def _installed_voices() -> tuple[str, ...]:
    with tempfile.TemporaryDirectory(prefix="tinykws-") as folder:
        script = Path(folder) / "list.scm"
        script.write_text(_LIST, encoding="ascii")
        listed = [line.split() for line in _run("-b", str(script)).stdout.splitlines() if line.startswith("tinykws ")]
    voices = tuple(sorted(name for _, name, language in listed if language.endswith("english")))
    if not voices:
        raise ToolError("festival has no English voice", hint=install_hint(["festival"]))
    return voices


def _run(*arguments: str) -> Finished:
    return run_command([str(*find_programs(["festival"])), *arguments], timeout_s=TIMEOUT_S)
