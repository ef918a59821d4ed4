# SPDX-License-Identifier: Apache-2.0
"""flite, Carnegie Mellon's small synthesizer, as a speech engine: American English, one process for each thing said."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tinykws.audio.files import read_audio
from tinykws.speech.engines import USUAL_WPM, Saying, Sound, SpeechEngine
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.programs import find_programs
from tinykws.support.run_command import Finished, run_command

LONGEST_SECONDS = 60
"""flite says a word in some hundredths of a second, where nobody else wants the processor."""
LEFT_OUT = ("kal", "awb_time")
"""kal16 in half its sample rate, and a voice that tells the time only."""
NO_TRANSITION = "udb failed to find entry"
"""kal16 lacks some pairs of sounds, which English has not, and made-up words may have: it pauses between them."""
SAMPLE_RATE_HZ = 16000
STDDEV_HZ = 0.4
"""Of the melody, for each step of pitch_range: 20 Hz is usual."""

_PHONES = """
aɪ=ay aʊ=aw eɪ=ey ɔɪ=oy oʊ=ow əʊ=ow tʃ=ch dʒ=jh iə=iy+ax ɪə=ih+ax eə=eh+ax ʊə=uh+ax ɑː=aa ɔː=ao ɜː=er iː=iy uː=uw oː=ao
i=iy ɪ=ih ᵻ=ih ʊ=uh u=uw ʌ=ah æ=ae a=ae ɛ=eh e=eh ɒ=aa ɔ=ao ɑ=aa ə=ax ɐ=ax ɚ=er ɜ=er o=ao
b=b d=d f=f ɡ=g h=hh j=y k=k l=l ɫ=l m=m n=n ŋ=ng p=p ɹ=r r=r s=s ʃ=sh t=t ɾ=t ʔ=t θ=th ð=dh v=v w=w x=k z=z ʒ=zh
"""
PHONES = {ipa: phones.split("+") for ipa, _, phones in (entry.partition("=") for entry in _PHONES.split())}
"""espeak-ng's IPA of English to phones of flite's American voices (CMU's dictionary); British sounds to near ones."""
_SOUND = re.compile("[ˈˌ]|" + "|".join(sorted(PHONES, key=len, reverse=True)))
_VOWELS = frozenset("aeiou")


class FliteEngine(SpeechEngine):
    """The voices that flite was built with, and files of further ones."""

    name = "flite"

    @classmethod
    def version(cls) -> str:
        """Returns what flite says of itself and its voices."""
        said = _run("--version").stdout
        version = re.search(r"version: ([^(]*[^( ])", said)
        return f"{version.group(1) if version else said.strip()}; {' '.join(_installed_voices())}"

    def voices(self) -> tuple[str, ...]:
        """Returns installed voices and the files of kws.yaml."""
        if self.setup.language.lower().split("-")[0] != "en":
            raise ConfigError(
                f"flite speaks English only, and language is {self.setup.language!r}",
                hint="leave flite out of synth: engines; espeak speaks it, and piper with a voice of that language",
            )
        for file in self.voice_files():
            if not file.is_file():
                raise ConfigError(f"there is no {file}, which synth: flite_voices names")
        installed = _installed_voices()
        return (*(voice for voice in installed if voice not in LEFT_OUT), *self.setup.settings.flite_voices)

    def voice_files(self) -> tuple[Path, ...]:
        """Returns the files of kws.yaml."""
        return tuple(map(self.path, self.setup.settings.flite_voices))

    def says(self, text: str) -> bool:
        """Returns whether a text is written in English letters, or in IPA that flite has phones for."""
        if text.startswith("[["):
            return _phones(text) is not None
        return re.fullmatch(r"[A-Za-z' -]*[A-Za-z][A-Za-z' -]*", text) is not None

    def speak(self, voice: str, saying: Saying) -> Sound:
        """Says something; every call is a process of its own, and depends on nothing else."""
        with _sound_file() as file:
            done = _run("-voice", self._voice_argument(voice), *_manner(saying), *_what(saying.text), "-o", str(file))
            # flite goes on with another voice, and ends well, where it cannot read the one that is asked for.
            complaints = [line for line in done.stderr.splitlines() if line.strip() and NO_TRANSITION not in line]
            if done.exit_code or complaints or not file.is_file():
                reason = "; ".join(complaints) or f"exit code {done.exit_code}"
                raise ToolError(f"flite failed at {saying.text!r} with voice {voice}: {reason}")
            return Sound(read_audio(file, SAMPLE_RATE_HZ).samples, SAMPLE_RATE_HZ)

    def _voice_argument(self, voice: str) -> str:
        return str(self.path(voice).absolute()) if voice in self.setup.settings.flite_voices else voice


def _manner(saying: Saying) -> list[str]:
    """Speed and melody, as flite's features; cmu_us_rms has a melody of its own that nothing moves."""
    features = {
        "duration_stretch": USUAL_WPM / saying.rate_wpm,
        "f0_shift": 2 ** ((saying.pitch - 50) / 100),
        "int_f0_target_stddev": STDDEV_HZ * saying.pitch_range,
    }
    return [part for name, value in features.items() for part in ("--setf", f"{name}={value:.4f}")]


def _what(text: str) -> list[str]:
    phones = _phones(text)
    return ["-t", text] if phones is None else ["-p", phones]


def _phones(text: str) -> str | None:
    """Returns flite's phones of IPA between `[[` and `]]`; None for anything else."""
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
    return run_command([str(*find_programs(["flite"])), *arguments], timeout_s=LONGEST_SECONDS)
