# SPDX-License-Identifier: Apache-2.0
"""Changes to inputs that keep most of their structure: trees (JSON, YAML), lines of text, bytes, and file names."""

from __future__ import annotations

import copy
import random
import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

ODD_NUMBERS: tuple[Any, ...] = (
    *(0, 1, -1, 2, 3, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53 + 1, 2**63, -(2**63)),
    *(2**64, 10**30, 10**400, 0.5, -0.0, 1e-308, 1e308, 1e16, float("nan"), float("inf"), float("-inf")),
)
ODD_TEXTS = (
    *(
        "",
        " ",
        "a b",
        "a,b",
        "a:b",
        "a#b",
        "a=b",
        "yes",
        "_unknown_",
        "_silence_",
        "CON",
        "nul.txt",
        "-rf",
        "--",
        "..",
        ".",
    ),
    *(
        "../outside/kept.txt",
        "../../x",
        "/nonexistent/x",
        "/dev/null",
        "\\\\server\\x",
        "C:\\x",
        "~",
        "~root/x",
        "$HOME",
    ),
    *('"; system("x"); //', '*/ __asm__(".incbin \\"/etc/hostname\\""); /*', "{{7*7}}", "{% raw %}", "%s%n", "${x}"),
    *(
        "<script>x</script>",
        "]]>",
        "&amp;",
        "\x00",
        "a\nb",
        "a\r",
        "\t",
        "\x1b]52;c;eA==\x07",
        "\x1b[2J",
        "\x7f",
        "\x9b31m",
    ),
    *(
        "\u202eabc",
        "\u200b",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "\U000e0041",
        "e\u0301",
        "ß",
        "İ",
        "한국어",
        "\U0001f600" * 10,
    ),
    *("٣", "²", "1_000", "0x10", "1e5", "nan", "NaN", "Infinity", "null", "true", "x" * 500, "9" * 5000, "x" * 100_000),
    *("\ud800", "(((((((((((((((((((((((", "a" * 255, "x(1) @2ms", "!!python/object/apply:os.system [x]"),
)
ODD_BYTES = (
    *(
        b"\0",
        b"\n",
        b"\r\n",
        b"\xff",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\x1b[2J",
        b"\x80",
        b"\xed\xa0\x80",
        b'"',
        b"\\",
        b"{",
    ),
    *(
        b"[" * 5000,
        b"{" * 100,
        b'{"a":' * 2000,
        b"- " * 500,
        b"&a [*a]",
        b"!!binary x",
        b"<<: *a",
        b"? ",
        b"---\n",
        b"9" * 5000,
    ),
    *(
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"\\ud800",
        b"\\u0000",
        b",",
        b"*",
        b"#",
        b"@",
        b"=",
        b"-",
        b" *00000000",
        b"%",
        b"'",
    ),
)
DEEP = 3000
"""Levels; Python's own limit is 1,000."""
Path = tuple[Any, ...]


def mutate_tree(tree: Any, source: random.Random) -> Any:
    """Returns a copy of a tree of dicts and lists with one to three nodes changed."""
    changed = [copy.deepcopy(tree)]
    for _ in range(source.choice([1, 1, 1, 2, 3])):
        paths = list(_paths(changed[0]))
        path = source.choice(paths) if paths else ()
        source.choice(_TREE_CHANGES)(changed, (0, *path), source)
    return changed[0]


def mutate_bytes(data: bytes, source: random.Random) -> bytes:
    """Returns the bytes with one to four changes: cut, copied, moved or odd pieces, numbers and bits."""
    changed = bytearray(data)
    for _ in range(source.choice([1, 1, 1, 2, 4])):
        source.choice(_BYTE_CHANGES)(changed, source)
    return bytes(changed)


def mutate_lines(lines: list[str], source: random.Random) -> list[str]:
    """Returns the lines with one or more of them removed, doubled, moved, cut, or with an odd value in them."""
    changed = list(lines)
    for _ in range(source.choice([1, 1, 2, 3, 8])):
        at = source.randrange(len(changed) + 1)
        kind = source.random()
        if not changed or kind < 0.05:
            changed.insert(at, odd_text(source))
            continue
        at = min(at, len(changed) - 1)
        if kind < 0.15:
            del changed[at]
        elif kind < 0.25:
            changed.insert(source.randrange(len(changed)), changed[at])
        elif kind < 0.3:
            changed[at:at] = [changed[at]] * source.choice([2, 50])
        elif kind < 0.35:
            changed.insert(source.randrange(len(changed)), changed.pop(at))
        elif kind < 0.4:
            del changed[at:]
        else:
            changed[at] = mutate_text(changed[at], source)
    return changed


def mutate_text(text: str, source: random.Random) -> str:
    """Returns a text with one value changed: a number, a word, or a piece of it."""
    kind = source.random()
    numbers = list(re.finditer(r"-?\d+(?:\.\d+)?", text))
    if kind < 0.4 and numbers:
        number = source.choice(numbers)
        return text[: number.start()] + _number_text(number[0], source) + text[number.end() :]
    words = list(re.finditer(r"[^\s=,]+", text))
    if kind < 0.75 and words:
        word = source.choice(words)
        new = source.choice([odd_text(source), "", word[0] * 2, word[0].upper(), source.choice(words)[0]])
        return text[: word.start()] + new + text[word.end() :]
    at = source.randrange(len(text) + 1)
    return source.choice([text[:at], text[at:], text[:at] + odd_text(source) + text[at:], text + text, text[::-1]])


def odd_text(source: random.Random) -> str:
    """Returns a text that breaks something somewhere."""
    if source.random() < 0.2:
        return "".join(chr(source.choice([source.randrange(128), source.randrange(0xD800)])) for _ in range(9))
    return source.choice(ODD_TEXTS)


def odd_value(source: random.Random) -> Any:
    """Returns a number, a text, or a small structure."""
    kind = source.random()
    if kind < 0.45:
        return source.choice(ODD_NUMBERS)
    if kind < 0.8:
        return odd_text(source)
    return source.choice([None, True, False, [], {}, [[]], {"": None}, [None] * 2000, {"a": {"b": []}}])


def odd_name(source: random.Random) -> bytes:
    """Returns a name for a file, without / and null bytes."""
    name = odd_text(source).encode("utf-8", "surrogatepass")
    if source.random() < 0.3:
        name += bytes(source.randrange(256) for _ in range(4))
    name = name.replace(b"/", b"_").replace(b"\0", b"_")[:240]
    return name if name not in (b"", b".", b"..") else b"_"


def _paths(tree: Any, path: Path = ()) -> Iterator[Path]:
    """Yields the place of every node; of long lists only of the first."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree[:8]) if isinstance(tree, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _parent(tree: Any, path: Path) -> Any:
    for key in path[:-1]:
        tree = tree[key]
    return tree


def _replace(tree: Any, path: Path, source: random.Random) -> None:
    _parent(tree, path)[path[-1]] = odd_value(source)


def _change(tree: Any, path: Path, source: random.Random) -> None:
    """A value of the same kind."""
    parent, key = _parent(tree, path), path[-1]
    value = parent[key]
    if isinstance(value, bool) or value is None:
        parent[key] = not value
    elif isinstance(value, int):
        parent[key] = source.choice(
            [value + source.choice([-1, 1, 2, 64]), -value, value * source.choice([2, 100, 10**6])]
        )
    elif isinstance(value, float):
        parent[key] = value * source.choice([-1, 0.5, 1.01, 2, 1e9, 1e-9])
    elif isinstance(value, str):
        parent[key] = mutate_text(value, source)
    elif isinstance(value, list):
        parent[key] = source.choice(
            [value[::-1], value[:-1], value[1:], value * 2, value * 300, [*value, odd_value(source)]]
        )
    else:
        value[odd_text(source)] = odd_value(source)


def _remove(tree: Any, path: Path, _: random.Random) -> None:
    if len(path) > 1:
        del _parent(tree, path)[path[-1]]


def _rename(tree: Any, path: Path, source: random.Random) -> None:
    parent = _parent(tree, path)
    if isinstance(parent, dict):
        key = source.choice([odd_text(source), str(path[-1]) + "s", str(path[-1]).upper()])
        parent[key] = parent.pop(path[-1]) if source.random() < 0.7 else parent[path[-1]]


def _exchange(tree: Any, path: Path, source: random.Random) -> None:
    """The value of another node; not of one that contains this one, which would make a circle."""
    other = (0, *source.choice(list(_paths(tree[0])) or [()]))
    _parent(tree, path)[path[-1]] = copy.deepcopy(_parent(tree, other)[other[-1]])


def _bury(tree: Any, path: Path, source: random.Random) -> None:
    parent, value = _parent(tree, path), _parent(tree, path)[path[-1]]
    for _ in range(source.choice([1, 1, 2, 15, 40, 200])):
        value = [value] if source.random() < 0.5 else {"a": value}
    parent[path[-1]] = value


_TREE_CHANGES: list[Callable[[Any, Path, random.Random], None]] = [
    *(_replace, _replace, _replace, _change, _change, _change, _change),
    *(_remove, _rename, _exchange, _exchange, _bury),
]


def _number_text(number: str, source: random.Random) -> str:
    kind = source.random()
    if kind < 0.4 and number.lstrip("-").isdecimal() and len(number) < 1000:
        return str(int(number) + source.choice([-1, 1, 2, 100, -100]))
    return repr(source.choice(ODD_NUMBERS)) if kind < 0.9 else odd_text(source)


def _cut(data: bytearray, source: random.Random) -> None:
    del data[source.randrange(len(data) + 1) :]


def _remove_piece(data: bytearray, source: random.Random) -> None:
    at = source.randrange(len(data) + 1)
    del data[at : at + source.choice([1, 2, 4, 16, 100])]


def _copy_piece(data: bytearray, source: random.Random) -> None:
    at, to = source.randrange(len(data) + 1), source.randrange(len(data) + 1)
    piece = data[at : at + source.choice([1, 4, 16, 64, 500])]
    if source.random() < 0.5:
        data[to:to] = piece
    else:
        data[to : to + len(piece)] = piece


def _insert_odd(data: bytearray, source: random.Random) -> None:
    at = source.randrange(len(data) + 1)
    data[at:at] = source.choice(ODD_BYTES)


def _flip(data: bytearray, source: random.Random) -> None:
    if data:
        at = source.randrange(len(data))
        data[at] = source.choice([data[at] ^ (1 << source.randrange(8)), source.randrange(256), 0, 255])


def _number(data: bytearray, source: random.Random) -> None:
    """An odd number of two, four or eight bytes, or one near the number that is there."""
    code = source.choice(["<h", "<i", "<i", "<q", "<f"])
    size = struct.calcsize(code)
    if len(data) < size:
        return
    at = source.randrange(len(data) - size + 1)
    at -= at % size if source.random() < 0.8 else 0
    (value,) = struct.unpack_from(code, data, at)
    new = source.choice(ODD_NUMBERS) if source.random() < 0.6 else value + source.choice([-4, -1, 1, 4, 64])
    try:
        struct.pack_into(code, data, at, float(new) if code == "<f" else int(new))
    except (struct.error, OverflowError, ValueError):
        data[at : at + size] = b"\xff" * size


_BYTE_CHANGES: list[Callable[[bytearray, random.Random], None]] = [
    *(_flip, _flip, _number, _number, _number, _copy_piece, _copy_piece),
    *(_insert_odd, _remove_piece, _cut),
]
