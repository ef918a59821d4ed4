# SPDX-License-Identifier: Apache-2.0
"""A clip's audio piece by piece: what is held and what is streamed are the same bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.device.clip_audio import AudioInMemory, StreamedAudio


def cut(pcm: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The audio in pieces of these sizes, over and over."""
    at = turn = 0
    while at < len(pcm):
        yield pcm[at : at + sizes[turn % len(sizes)]]
        at += sizes[turn % len(sizes)]
        turn += 1


@given(
    pcm=st.binary(min_size=1, max_size=3000),
    sizes=st.lists(st.integers(1, 500), min_size=1, max_size=5),
    steps=st.lists(st.tuples(st.integers(-400, 900), st.integers(0, 600)), max_size=30),
)
def test_a_stream_gives_what_held_audio_gives(pcm: bytes, sizes: list[int], steps: list[tuple[int, int]]) -> None:
    held, streamed = AudioInMemory(pcm), StreamedAudio(cut(pcm, sizes), len(pcm), zlib.crc32(pcm), held_bytes=1100)
    assert (held.size, held.crc) == (streamed.size, streamed.crc)
    offset = newest = 0
    for step, count in steps:
        offset = min(max(offset + step, newest - 500, 0), len(pcm))
        assert streamed.piece(offset, count) == held.piece(offset, count)
        newest = max(newest, min(offset + count, len(pcm)))


def test_a_stream_holds_no_more_than_it_should() -> None:
    size = 10_000_000
    streamed = StreamedAudio((bytes(10_000) for _ in range(1000)), size, 0, held_bytes=50_000)
    for offset in range(0, size, 1000):
        streamed.piece(offset, 1000)
    assert len(streamed._held) <= 60_000
    with pytest.raises(ValueError, match="no longer kept"):
        streamed.piece(size - 100_000, 1000)


def test_a_stream_that_is_shorter_than_announced_is_told() -> None:
    with pytest.raises(ValueError, match="ends after 20 bytes, not 30"):
        StreamedAudio(iter([bytes(20)]), 30, 0).piece(0, 30)
