# SPDX-License-Identifier: Apache-2.0
"""espeak-ng through ctypes: text to samples and to phonemes. The library comes with PyPI's espeakng-loader.

The library keeps its state in globals (random numbers, filters, flutter), and some of it survives re-initialization.
Only a freshly loaded library gives the same samples for the same calls. So `Espeak` loads it on entry and unloads it on
exit (3 ms): samples depend only on the calls within one `with` block. Use one block at a time per process. espeak-ng is
GPL-3.0, so it is an optional extra that the user installs.
"""

from __future__ import annotations

import _ctypes
import contextlib
import ctypes
import dataclasses
import difflib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from tinykws.audio.samples import Samples
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.interrupts import uninterrupted

_RETRIEVAL = 2
"""espeak_AUDIO_OUTPUT in espeak-ng's speak_lib.h: the callback receives the samples, synchronously."""
_RATE, _PITCH, _RANGE = 1, 3, 4
_UTF8 = 1
_PHONEMES = 0x100
"""Flag of espeak_Synth: text in [[ ]] is phonemes."""
_IPA = 0x02
_IPA_SEPARATED = 0x02 | ord("_") << 8
"""phonememode: IPA, with `_` between phonemes."""
_MNEMONICS = 0
_MNEMONICS_SEPARATED = ord("_") << 8
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")
"""espeak-ng writes `(en)` between phonemes where it switches to another language's voice."""

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


@dataclasses.dataclass(frozen=True)
class Accent:
    """One of espeak-ng's voices: a language with a regional accent."""

    tag: str
    """The name of the voice's file, such as `en-GB-scotland`, for espeak_SetVoiceByName."""
    name: str
    languages: tuple[str, ...]
    """All language tags of the voice, in lower case."""
    file: str = ""
    """Path relative to espeak-ng's folder of languages."""


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class Espeak:
    """A freshly loaded libespeak-ng, for use in a `with` block.

    Args:
        seed: for the library's random numbers (breath and whisper noise).

    Raises:
        ToolError: espeakng-loader is not installed, or its library does not load.
    """

    sample_rate_hz: int

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._chunks: list[bytes] = []
        self._callback = _Callback(self._receive)
        self._voice = ""
        self._own_variants: dict[str, str] = {}
        self._accent_files: dict[str, str] = {}

    def __enter__(self) -> Espeak:
        library_path, data_path = _installed()
        try:
            self._library = ctypes.CDLL(library_path)
        except OSError as error:
            raise ToolError(f"espeak-ng's library does not load: {error}", hint=INSTALL_HINT) from error
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        rate = self._library.espeak_Initialize(_RETRIEVAL, 0, os.fsencode(data_path), 0)
        if rate <= 0:
            raise ToolError(f"espeak-ng cannot read its voices in {data_path}", hint=INSTALL_HINT)
        self.sample_rate_hz = int(rate)
        self._data_path = Path(data_path)
        self._library.espeak_SetSynthCallback(self._callback)
        self._synthesize(" ")  # makes espeak_TextToPhonemes, which has no flag, accept [[ ]] too
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(self._seed))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._library.espeak_Terminate()
        _unload(self._library)
        del self._library

    def accents(self) -> tuple[Accent, ...]:
        """Returns all voices of espeak-ng, sorted by tag."""
        voices: Any = self._library.espeak_ListVoices(None)
        found = {}
        index = 0
        while voices[index]:
            accent = _accent_of(voices[index].contents)
            found[accent.tag] = accent
            index += 1
        return tuple(found[tag] for tag in sorted(found))

    def add_variant(self, name: str, description: str) -> None:
        """Adds a voice variant, usable with every accent: `en-US+name`.

        Args:
            name: must not be the name of an existing variant.
            description: lines in espeak-ng's format for voice variants.
        """
        self._own_variants[name] = description

    def mnemonics(self, text: str, accent: str) -> str:
        """Returns a text's phonemes as espeak-ng writes them (`j'Es`); in `[[` and `]]` they can be spoken again."""
        return self._to_phonemes(text, accent, _MNEMONICS).strip()

    def split_mnemonics(self, text: str, accent: str) -> tuple[str, ...]:
        """Returns a text's phonemes as espeak-ng writes them, as a tuple; () if it switches to another language."""
        written = self._to_phonemes(text, accent, _MNEMONICS_SEPARATED)
        return () if "(" in written else tuple(part for part in re.split("[ _]+", written) if part)

    def phonemes(self, text: str, accent: str) -> tuple[str, ...]:
        """Returns a text's phonemes in IPA without stress marks and word boundaries; () if there is no sound."""
        spoken = _LANGUAGE_SWITCH.sub("", self._to_phonemes(text, accent, _IPA_SEPARATED))
        return tuple(part for part in re.split("[ _]", re.sub("[ˈˌ]", "", spoken)) if part)

    def ipa(self, text: str, accent: str) -> str:
        """Returns a text's phonemes in IPA with stress marks, without word boundaries."""
        return _LANGUAGE_SWITCH.sub("", self._to_phonemes(text, accent, _IPA)).replace(" ", "")

    def spelled(self, text: str, accent: str) -> str:
        """Returns a text's IPA word by word, between `[[` and `]]`, as the engines take it."""
        return f"[[{' '.join(self.ipa(word, accent) for word in text.split())}]]"

    def can_speak(self, text: str, accent: str) -> bool:
        """Returns whether espeak-ng reads a text as words of the accent's language.

        It does not if the text is silent, or if espeak-ng spells out letters of a foreign script ("chinese letter",
        "cyrillic de"): in another language's voice, after a pause, or in a language with Latin script. Spelling out
        letters of the language's own script is fine: `tv` is a word.
        """
        return all(self._can_speak_token(token, accent) for token in text.split()) and bool(self.phonemes(text, accent))

    def speak(self, text: str, voice: str, rate_wpm: int, pitch: int, pitch_range: int) -> Samples:
        """Returns int16 [n] at `sample_rate_hz`.

        Args:
            text: words, or phonemes in espeak-ng's notation in `[[ ]]`.
            voice: accent and variant, such as `en-US+f3`.
            rate_wpm: words per minute, 80 to 450; 175 is the default.
            pitch: 0 to 99; 50 is the default.
            pitch_range: 0 (monotone) to 99.
        """
        self._set_voice(voice)
        for parameter, value in ((_RATE, rate_wpm), (_PITCH, pitch), (_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._synthesize(text)
        return np.frombuffer(b"".join(self._chunks), np.int16)

    def _synthesize(self, text: str) -> None:
        data = text.encode() + b"\0"
        self._chunks.clear()
        flags = _UTF8 | _PHONEMES
        uninterrupted(lambda: self._library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 1, 0, flags, None, None))

    def _set_voice(self, voice: str) -> None:
        if voice == self._voice:
            return
        accent, _, variant = voice.partition("+")
        if variant in self._own_variants:
            failed = self._set_own_voice(accent, self._own_variants[variant])
        else:
            failed = self._library.espeak_SetVoiceByName(voice.encode()) != 0
        if failed:
            raise ToolError(f"espeak-ng has no voice {voice!r}", hint=INSTALL_HINT)
        self._voice = voice

    def _set_own_voice(self, accent: str, description: str) -> bool:
        """Loads the accent's lines and the variant's lines as one voice file. Returns whether that failed."""
        self._accent_files = self._accent_files or {each.tag: each.file for each in self.accents()}
        if accent not in self._accent_files:
            return True
        lines = (self._data_path / "lang" / self._accent_files[accent]).read_text(encoding="utf-8")
        with _file_with_short_name(f"{lines}\n{description}") as name:
            return bool(self._library.espeak_SetVoiceByFile(os.fsencode(name)) != 0)

    def _to_phonemes(self, text: str, accent: str, mode: int) -> str:
        self._set_voice(accent)
        clauses = []
        rest = ctypes.c_char_p(text.encode())
        while rest.value:
            clauses.append(self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, mode) or b"")
        return b" ".join(clauses).decode()

    def _can_speak_token(self, token: str, accent: str) -> bool:
        spoken = self._to_phonemes(token, accent, _MNEMONICS)
        if token.isascii() or _unstressed(spoken) != _unstressed(self._spelled(token, accent)):
            return True
        latin = "(en)" not in self._to_phonemes("no", accent, _MNEMONICS)
        return not (latin or "(en)" in spoken or "_:" in spoken)

    def _spelled(self, token: str, accent: str) -> str:
        return " ".join(self._to_phonemes(letter, accent, _MNEMONICS) for letter in token)

    def _receive(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._chunks.append(ctypes.string_at(samples, 2 * count))
        return 0


INSTALL_HINT = 'pip install "tinykws[synth]"   (or record clips into data/<word>/ and set synth: {enabled: never})'

_VARIANTS = """
Alex Alicia Andrea Andy Annie AnxiousAndy Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Michael Mike
Nguyen RicishayMax RicishayMax2 RicishayMax3 Storm adam anika announcer antonio aunty belinda benjamin boris david
ed edward edward2 f1 f2 f3 f4 f5 grandma grandpa gustave ian iven iven2 iven3 iven4 john kaukovalta klatt klatt2
klatt3 klatt4 klatt5 klatt6 linda m1 m2 m3 m4 m5 m6 m7 m8 marcelo max michel miguel mike2 norbert pablo paul pedro
quincy rob robert robosoft robosoft2 robosoft3 sandro shelby steph steph2 steph3 travis victor whisper whisperf zac
"""

VARIANTS = tuple(_VARIANTS.split())
"""espeak-ng's voice variants that sound human: without demons, croaks and most robots, and without caleb and Reed,
whose samples depend on uninitialized memory."""


def accents_of_language(language: str, accents: tuple[Accent, ...]) -> tuple[str, ...]:
    """Returns the tags of a language's accents: all of `en`, or the one of `en-gb-scotland`.

    Raises:
        ConfigError: espeak-ng does not have this language; the hint suggests similar ones.
    """
    wanted = language.strip().lower()
    exact = [accent.tag for accent in accents if "-" in wanted and wanted in accent.languages]
    regional = [
        accent.tag
        for accent in accents
        if any(tag == wanted or tag.startswith(f"{wanted}-") for tag in accent.languages)
    ]
    if exact or regional:
        return tuple(exact or regional)
    known = sorted({tag for accent in accents for tag in accent.languages})
    near = difflib.get_close_matches(wanted, known, n=4, cutoff=0.5)
    near += [accent.tag for accent in accents if wanted and accent.name.lower().startswith(wanted[:4])]
    names = ", ".join(dict.fromkeys(near)) or "en, de, es, fr, it, ru, pt-br and 130 more, see espeak-ng's list"
    raise ConfigError(f"espeak-ng does not speak language {language!r}", hint=f"similar: {names}")


def _installed() -> tuple[str, str]:
    try:
        import espeakng_loader
    except ImportError as error:
        raise ToolError("synthesizing words needs espeak-ng, which is not installed", hint=INSTALL_HINT) from error
    return str(espeakng_loader.get_library_path()), str(espeakng_loader.get_data_path())


@contextlib.contextmanager
def _file_with_short_name(text: str) -> Iterator[str]:
    """Yields the path of a file with this text; espeak-ng truncates paths to 59 bytes, and TMPDIR may be longer."""
    if Path("/dev/fd").is_dir():
        with tempfile.TemporaryFile() as file:
            file.write(text.encode())
            file.seek(0)
            yield f"/dev/fd/{file.fileno()}"
    else:
        with tempfile.TemporaryDirectory(prefix="") as folder:
            path = Path(folder) / "v"
            path.write_text(text, encoding="utf-8")
            yield str(path)


def _unload(library: ctypes.CDLL) -> None:
    unload = getattr(_ctypes, "dlclose" if hasattr(_ctypes, "dlclose") else "FreeLibrary")
    unload(library._handle)


def _accent_of(voice: _Voice) -> Accent:
    """Reads a voice's language list: priority byte and zero-terminated tag each; a zero byte ends the list."""
    tags = []
    at = voice.languages
    while at and ctypes.string_at(at, 1) != b"\0":
        tag = ctypes.string_at(at + 1)
        tags.append(tag.decode().lower())
        at += len(tag) + 2
    file = voice.identifier.decode()
    return Accent(file.rpartition("/")[2], voice.name.decode(), tuple(tags), file)


def _unstressed(phonemes: str) -> str:
    return re.sub("[',_ |;:]", "", _LANGUAGE_SWITCH.sub("", phonemes))
