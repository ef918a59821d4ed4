# SPDX-License-Identifier: Apache-2.0
"""The flite engine (Carnegie Mellon's small synthesizer): American English, one process per utterance."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tinykws.audio.files import read_audio
from tinykws.speech.engines import USUAL_WPM, Sound, SpeechEngine, Utterance
from tinykws.speech.english_ipa import is_english, require_english
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.programs import find_programs
from tinykws.support.run_command import Finished, run_command

TIMEOUT_S = 60
"""Timeout of one utterance; on an idle computer flite takes a few hundredths of a second."""
EXCLUDED_VOICES = ("kal", "awb_time")
"""kal is kal16 at half the sample rate; awb_time can only tell the time."""
NO_TRANSITION = "udb failed to find entry"
"""Harmless warning: made-up words may contain diphones that kal16 lacks; it pauses there."""
SAMPLE_RATE_HZ = 16000
STDDEV_HZ = 0.4
"""Standard deviation of the pitch per step of pitch_range: 20 Hz at the default of 50."""

_PHONES = """
aɪ=ay aʊ=aw eɪ=ey ɔɪ=oy oʊ=ow əʊ=ow tʃ=ch dʒ=jh iə=iy+ax ɪə=ih+ax eə=eh+ax ʊə=uh+ax ɑː=aa ɔː=ao ɜː=er iː=iy uː=uw oː=ao
i=iy ɪ=ih ᵻ=ih ʊ=uh u=uw ʌ=ah æ=ae a=ae ɛ=eh e=eh ɒ=aa ɔ=ao ɑ=aa ə=ax ɐ=ax ɚ=er ɜ=er o=ao
b=b d=d f=f ɡ=g h=hh j=y k=k l=l ɫ=l m=m n=n ŋ=ng p=p ɹ=r r=r s=s ʃ=sh t=t ɾ=t ʔ=t θ=th ð=dh v=v w=w x=k z=z ʒ=zh
"""
PHONES = {ipa: phones.split("+") for ipa, _, phones in (entry.partition("=") for entry in _PHONES.split())}
"""espeak-ng's IPA of English to flite's phones (CMU dictionary); British sounds map to the nearest American ones."""
_SOUND = re.compile("[ˈˌ]|" + "|".join(sorted(PHONES, key=len, reverse=True)))
_VOWELS = frozenset("aeiou")


class FliteEngine(SpeechEngine):
    """The voices that flite was built with, and voice files listed in kws.yaml."""

    name = "flite"

    @classmethod
    def version(cls) -> str:
        """Returns flite's version and the voices it was built with."""
        said = _run("--version").stdout
        version = re.search(r"version: ([^(]*[^( ])", said)
        return f"{version.group(1) if version else said.strip()}; {' '.join(_installed_voices())}"

    @classmethod
    def speaks(cls, language: str) -> bool:
        """Returns whether the language is English."""
        return is_english(language)

    def voices(self) -> tuple[str, ...]:
        """Returns the installed voices and the voice files of kws.yaml."""
        instead = "; use espeak, or piper with a voice of that language"
        require_english(self.setup.language, "flite", "flite", instead)
        for file in self.voice_files():
            if not file.is_file():
                raise ConfigError(
                    f"{file}, listed in synth: flite_voices, does not exist",
                    hint="correct its path in kws.yaml, relative to the project's folder",
                )
        installed = _installed_voices()
        return (*(voice for voice in installed if voice not in EXCLUDED_VOICES), *self.setup.settings.flite_voices)

    def voice_files(self) -> tuple[Path, ...]:
        """Returns the voice files listed in kws.yaml."""
        return tuple(map(self.path, self.setup.settings.flite_voices))

    def says(self, text: str) -> bool:
        """Returns whether a text is in English letters, or in IPA for which flite has phones."""
        if text.startswith("[["):
            return _phones(text) is not None
        return re.fullmatch(r"[A-Za-z' -]*[A-Za-z][A-Za-z' -]*", text) is not None

    def speak(self, voice: str, utterance: Utterance) -> Sound:
        """Synthesizes an utterance in a process of its own; calls do not depend on each other."""
        with _sound_file() as file:
            done = _run(
                "-voice",
                self._voice_argument(voice),
                *_feature_options(utterance),
                *_text_options(utterance.text),
                "-o",
                str(file),
            )
            # If flite cannot read a voice file, it uses another voice, prints a message and still exits with 0.
            complaints = [line for line in done.stderr.splitlines() if line.strip() and NO_TRANSITION not in line]
            if done.exit_code or complaints or not file.is_file():
                reason = "; ".join(complaints) or f"exit code {done.exit_code}"
                raise ToolError(f"flite failed at {utterance.text!r} with voice {voice}: {reason}")
            return Sound(read_audio(file, SAMPLE_RATE_HZ).samples, SAMPLE_RATE_HZ)

    def _voice_argument(self, voice: str) -> str:
        return str(self.path(voice).absolute()) if voice in self.setup.settings.flite_voices else voice


def _feature_options(utterance: Utterance) -> list[str]:
    """Returns rate and pitch as flite's features; cmu_us_rms ignores the pitch range."""
    features = {
        "duration_stretch": USUAL_WPM / utterance.rate_wpm,
        "f0_shift": 2 ** ((utterance.pitch - 50) / 100),
        "int_f0_target_stddev": STDDEV_HZ * utterance.pitch_range,
    }
    return [part for name, value in features.items() for part in ("--setf", f"{name}={value:.4f}")]


def _text_options(text: str) -> list[str]:
    phones = _phones(text)
    return ["-t", text] if phones is None else ["-p", phones]


def _phones(text: str) -> str | None:
    """Returns flite's phones for IPA between `[[` and `]]`; None for anything else."""
    match = re.fullmatch(r"\[\[(.*)\]\][.!?]?", text)
    if match is None or _SOUND.sub("", match.group(1)):
        return None
    phones, stress = [], "0"
    for sound in _SOUND.findall(match.group(1)):
        if sound in "ˈˌ":
            stress = "1"
            continue
        for phone in PHONES[sound]:
            is_vowel = phone[0] in _VOWELS
            phones.append(phone + stress if is_vowel else phone)
            stress = "0" if is_vowel else stress
    if len(phones) == 1:  # kal16 says transitions between two sounds, so nothing of a single one
        phones = ["pau", *phones, "pau"]
    return " ".join(phones) or None


def _installed_voices() -> tuple[str, ...]:
    voices = tuple(_run("-lv").stdout.partition(":")[2].split())
    if not voices:
        raise ToolError("flite has no voices", hint="on Debian or Ubuntu: sudo apt install --reinstall flite libflite1")
    return voices


@contextlib.contextmanager
def _sound_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tinykws-") as folder:
        yield Path(folder) / "said.wav"


def _run(*arguments: str) -> Finished:
    return run_command([str(*find_programs(["flite"])), *arguments], timeout_s=TIMEOUT_S)
