# SPDX-License-Identifier: Apache-2.0
"""Many models over a stream in one C program, for this computer or a board, that prints their outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from aot_native import KERNELS
from models_in_one_program import write_renamed

from tinykws.aot.compiler import AotModel

MAIN = """
#include <stdint.h>
#include <string.h>
{declarations}
void put(int value);
static uint32_t state = 1;
static int8_t next_byte(void) {{ state = state * 1664525u + 1013904223u; return (int8_t)(state >> 24); }}
static void run(int8_t *(*input)(void), void (*invoke)(void), const int8_t *(*output)(void), int frames, int values,
                int outputs, int inference_stride)
{{
    static int8_t window[{largest}];
    for (int frame = 1; frame <= frames + {more_frames}; frame++) {{
        memmove(window, window + values, (size_t)((frames - 1) * values));
        for (int i = 0; i < values; i++) {{ window[(frames - 1) * values + i] = next_byte(); }}
        if ((frame - frames) % inference_stride == 0) {{
            memcpy(input(), window, (size_t)(frames * values));
            invoke();
            for (int i = 0; i < outputs && frame >= frames; i++) {{ put(output()[i]); }}
        }}
    }}
}}
int main(void)
{{
{calls}
    return 0;
}}
"""


@dataclasses.dataclass(frozen=True)
class Stream:
    """A model and the model inputs that it runs on."""

    compiled: AotModel
    frames: int
    values: int
    """Of one frame."""
    outputs: int
    inference_stride: int


def write_streams(streams: Sequence[Stream], more_frames: int, folder: Path) -> list[Path]:
    """Writes main() and the models, of which each hears a full window and `more_frames` frames, twice, without a word
    in between; returns the sources, which want a put().
    """
    declarations, calls = "", ""
    for number, stream in enumerate(streams):
        declared, names = write_renamed(stream.compiled, number, folder)
        declarations += declared
        calls += (
            2 * f"    run({names}, {stream.frames}, {stream.values}, {stream.outputs}, {stream.inference_stride});\n"
        )
    largest = max(stream.frames * stream.values for stream in streams)
    text = MAIN.format(declarations=declarations, calls=calls, more_frames=more_frames, largest=largest)
    (folder / "main.c").write_text(text)
    return [folder / "main.c", *sorted(folder.glob("net*/model_aot.c")), *sorted(KERNELS.glob("*.c"))]
