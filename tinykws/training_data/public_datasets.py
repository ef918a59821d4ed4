# SPDX-License-Identifier: Apache-2.0
"""Public datasets for `tinykws fetch`: addresses, checksums, sizes, licences, and what each is for. Data only."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tinykws.project.labels import BACKGROUND_NOISE
from tinykws.support.errors import ConfigError

WORD_FOLDERS, COMMON_VOICE = "word_folders", "common_voice"
"""Layouts of single words: Speech Commands' (a folder per word), and Common Voice's (a list of clips)."""
LIBRISPEECH, DIPCO, NOISE = "librispeech", "dipco", "noise"
"""Layouts of long recordings: sentences with texts, conversations with texts, and sounds without."""


@dataclasses.dataclass(frozen=True)
class StreamPart:
    """One long recording that is made of some members of an archive."""

    name: str
    """Of the recording, without its suffix, below the folder that it goes into."""
    members: str
    """Regular expression that finds the names of its members in the archive."""
    most_seconds: int | None = None
    """Only so much is taken, from files in random but fixed order; None: everything."""


@dataclasses.dataclass(frozen=True)
class PublicDataset:
    """One archive."""

    name: str
    urls: tuple[str, ...]
    """Mirrors of the same file, tried in order; none if its publisher asks for an account."""
    archive: str
    """The archive's file name."""
    sha256: str
    """Empty if only the MD5 is known."""
    size: int | None
    """Bytes of the archive; None if only the checksum is known."""
    unpacked: int
    """Upper bound of the unpacked size in bytes: no more is unpacked."""
    licence: str
    layout: str = WORD_FOLDERS
    parts: tuple[StreamPart, ...] = ()
    """The long recordings that are made of it."""
    md5: str = ""
    space: int | None = None
    """Bytes of disk space that unpacking takes; None: `unpacked`."""
    contents: str = ""
    """What it holds, for lists."""
    used_for: str = ""
    """What it is good for, for lists."""
    page: str = ""
    """Where its publisher describes it."""
    about: str = ""
    """Its size for people, if `size` is not known."""
    is_free: bool = True
    """False if its licence forbids commercial use."""

    @property
    def checksum(self) -> str:
        """An algorithm of hashlib, a colon, and hex digits."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}"

    @property
    def size_text(self) -> str:
        """The archive's size for people."""
        if self.size is None:
            return self.about
        return f"{self.size / 1e9:.1f} GB" if self.size >= 1e9 else f"{self.size / 1e6:.0f} MB"

    @property
    def has_words(self) -> bool:
        """Whether it holds single words, for the data folder; else it holds long recordings."""
        return self.layout in (WORD_FOLDERS, COMMON_VOICE)

    @property
    def has_texts(self) -> bool:
        """Whether it says what is said in its long recordings."""
        return self.layout in (LIBRISPEECH, DIPCO)

    @property
    def goes_into(self) -> str:
        """The project's folder for it, by its key in kws.yaml."""
        return "negatives" if self.has_texts else "data"

    def sources(self, given: Sequence[str]) -> Sequence[str]:
        """Returns the addresses that the user gave, or else the public ones. Raises ConfigError if there are none."""
        if given or self.urls:
            return given or self.urls
        raise ConfigError(
            f"{self.name} cannot be downloaded without an account at its publisher",
            hint=f"download {self.archive} from {self.page}, then: tinykws fetch {self.name} --url {self.archive}",
        )


_BUCKET = "storage.googleapis.com/download.tensorflow.org/data"
_SPEECH_COMMANDS = "Speech Commands, Pete Warden and Google, CC BY 4.0, arXiv 1804.03209"
_OPENSLR = ("https://www.openslr.org", "https://us.openslr.org", "https://openslr.elda.org")
_SPEECH_USE = "negatives/: training, tuning and measuring false accepts"


def _librispeech(part: str, size: int, sha256: str, contents: str) -> PublicDataset:
    """Returns one of LibriSpeech's small parts: FLAC, 16 kHz, with texts."""
    return PublicDataset(
        name=f"librispeech_{part.replace('-', '_')}",
        urls=tuple(f"{host}/resources/12/{part}.tar.gz" for host in _OPENSLR),
        archive=f"{part}.tar.gz",
        sha256=sha256,
        size=size,
        unpacked=450_000_000,
        space=900_000_000,
        licence="LibriSpeech, Vassil Panayotov and others, CC BY 4.0",
        layout=LIBRISPEECH,
        parts=(StreamPart(f"librispeech_{part.replace('-', '_')}", rf"(^|/){part}/.*\.(flac|trans\.txt)$"),),
        contents=contents,
        used_for=_SPEECH_USE,
        page="https://www.openslr.org/12/",
    )


# Sources. speech_commands: SHA-256 and size are in TensorFlow Datasets and torchaudio. mini_speech_commands: its
# SHA-256 is in a dozen public repositories, its size in the output of TensorFlow's tutorial; `unpacked` allows for
# 105,835 and 8,000 files of up to 32,044 bytes, the longer noise files, and rounding up to disk blocks. LibriSpeech:
# SHA-256 from torchaudio (librispeech.py), sizes from Kaldi (download_and_untar.sh); speakers and hours from the paper
# (Panayotov 2015, table 1). MUSAN: size, and a SHA-256 that several projects computed from the file with the MD5 of
# openslr.org/17 (0c472d4fc0c5141eca47ad1ffeb2a7df). DiPCo: size and MD5 of Zenodo's record 8122551, hours from its
# README. Common Voice: size and SHA-256 from common-voice/cv-dataset (cv-corpus-7.0-singleword.json). ESC-50: MD5 of
# the zip in PaddleAudio (esc50.py) and soundata; GitHub makes its zips anew, so their bytes change.
PUBLIC_DATASETS = {
    each.name: each
    for each in (
        PublicDataset(
            name="speech_commands",
            urls=(
                f"https://{_BUCKET}/speech_commands_v0.02.tar.gz",
                "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
            ),
            archive="speech_commands_v0.02.tar.gz",
            sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
            size=2_428_923_189,
            unpacked=4_000_000_000,
            licence=_SPEECH_COMMANDS,
            contents="105,829 clips of 35 English words by 2,618 speakers, six recordings of noise",
            used_for="data/: words, other words, noise",
            page="https://arxiv.org/abs/1804.03209",
        ),
        PublicDataset(
            name="mini_speech_commands",
            urls=(f"https://{_BUCKET}/mini_speech_commands.zip", f"http://{_BUCKET}/mini_speech_commands.zip"),
            archive="mini_speech_commands.zip",
            sha256="49650f2341b26d886b46b3f4fb8fed59e30300b17550f1ee4a768b3106cf93a0",
            size=182_082_353,
            unpacked=400_000_000,
            licence=_SPEECH_COMMANDS,
            contents="8,000 clips of down, go, left, no, right, stop, up, yes",
            used_for="data/: words, other words",
            page="https://www.tensorflow.org/tutorials/audio/simple_audio",
        ),
        PublicDataset(
            name="common_voice_words",
            urls=(),
            archive="cv-corpus-7.0-singleword.tar.gz",
            sha256="f96d00524f8859a8bd154eb98822ec06a9d451e5902a419deb5e1472f1d2c3ff",
            size=3_766_437_719,
            unpacked=6_000_000_000,
            space=2_500_000_000,
            licence="Common Voice Single Word Target Segment 7.0, Mozilla and volunteers, CC0 1.0",
            layout=COMMON_VOICE,
            contents="zero to nine, yes, no, hey, Firefox in 34 languages; English: 32,726 clips",
            used_for="data/: words, other words, in the project's language",
            page="https://commonvoice.mozilla.org/datasets",
        ),
        _librispeech(
            "dev-clean",
            337_926_286,
            "76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3",
            "5.4 h of English audiobooks, 40 speakers, clean",
        ),
        _librispeech(
            "dev-other",
            314_305_928,
            "12661c48e8c3fe1de2c1caa4c3e135193bfb1811584f11f569dd12645aa84365",
            "5.3 h of English audiobooks, 33 speakers, harder to understand",
        ),
        _librispeech(
            "test-clean",
            346_663_984,
            "39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23",
            "5.4 h of English audiobooks, 40 speakers, clean",
        ),
        _librispeech(
            "test-other",
            328_757_843,
            "d09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29",
            "5.1 h of English audiobooks, 33 speakers, harder to understand",
        ),
        PublicDataset(
            name="dipco",
            urls=(
                "https://zenodo.org/records/8122551/files/DipCo.tgz",
                "https://zenodo.org/api/records/8122551/files/DipCo.tgz/content",
            ),
            archive="DipCo.tgz",
            sha256="",
            md5="2297eb9334f3b90e02b54b708e501b24",
            size=13_415_522_146,
            unpacked=40_000_000_000,
            space=1_500_000_000,
            licence="DiPCo (Dinner Party Corpus), Amazon, CDLA-Permissive-1.0",
            layout=DIPCO,
            parts=(StreamPart("dipco", r"(^|/)(S\d+_U01\.CH1\.wav|transcriptions/.*\.json)$"),),
            contents="5.3 h of dinners of ten groups of four, in English, with music; one far microphone of 35",
            used_for=f"{_SPEECH_USE} in conversation",
            page="https://zenodo.org/records/8122551",
        ),
        PublicDataset(
            name="musan",
            urls=tuple(f"{host}/resources/17/musan.tar.gz" for host in _OPENSLR),
            archive="musan.tar.gz",
            sha256="86d1061c7e15b5c9e906777685c519701df51bfde3001e1070dcc9ffac955ee1",
            size=11_086_114_085,
            unpacked=16_000_000_000,
            space=7_000_000_000,
            licence="MUSAN, David Snyder and others, CC BY 4.0; each file CC BY or public domain, see its LICENSE text",
            layout=NOISE,
            parts=(
                StreamPart(f"{BACKGROUND_NOISE}/musan_noise", r"(^|/)musan/noise/.*(\.wav|LICENSE|README)$", 2100),
                StreamPart(f"{BACKGROUND_NOISE}/musan_music", r"(^|/)musan/music/.*(\.wav|LICENSE|README)$", 2100),
            ),
            contents="6 h of noises, 42 h of music; 35 min of each are taken",
            used_for=f"data/{BACKGROUND_NOISE}/: noise and music in training and measuring",
            page="https://www.openslr.org/17/",
        ),
        PublicDataset(
            name="esc50",
            urls=("https://paddleaudio.bj.bcebos.com/datasets/ESC-50-master.zip",),
            archive="ESC-50-master.zip",
            sha256="",
            md5="7771e4b9d86d0945acce719c7a59305a",
            size=None,
            unpacked=1_500_000_000,
            licence="ESC-50, Karol J. Piczak, CC BY-NC 3.0: no commercial use",
            layout=NOISE,
            parts=(StreamPart(f"{BACKGROUND_NOISE}/esc50", r"(/audio/[^/]*\.wav|LICENSE|README[^/]*)$", 2100),),
            contents="2.8 h of 50 kinds of sounds (rain, dogs, sirens, keyboards); 35 min are taken",
            used_for=f"data/{BACKGROUND_NOISE}/: noise in training and measuring",
            page="https://github.com/karolpiczak/ESC-50",
            about="about 600 MB",
            is_free=False,
        ),
    )
}
