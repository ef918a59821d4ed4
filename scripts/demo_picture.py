# SPDX-License-Identifier: Apache-2.0
"""Draws docs/images/demo.svg, the README's picture: what the commands of a short demo really print.

    .venv/bin/python scripts/demo_picture.py

The commands run in a temporary folder with the settings of `scripts/demo.py --short`. Their output is shown as it is;
lines that are left out are marked by `…`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from demo import SHORT_SETTINGS, shorten
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "demo.svg"
COMMANDS = {
    "tinykws init hello --words yes,no": ("wrote",),
    "tinykws build --project hello --board qemu-cortex-m4": ("epoch 15", "bytes", "all", "a second"),
    "tinykws verify --project hello --board qemu-cortex-m4 --sample 8": (
        "clip",
        "_",
        "yes/",
        "no/",
        "device",
        "PASS",
        "FAIL",
    ),
}
"""What is typed, and how the lines begin that are shown."""
WIDTH = 100


def main() -> None:
    """Runs the commands, stops at the first that fails, and writes the picture."""
    console = Console(record=True, width=WIDTH, file=sys.stdout, force_terminal=True, legacy_windows=False)
    with tempfile.TemporaryDirectory() as folder:
        for command, shown in COMMANDS.items():
            console.print(Text.assemble(("$ ", "green"), (command, "bold")))
            for line in run(command, Path(folder), shown):
                console.print(styled(line), overflow="crop", no_wrap=True)
    picture = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="tinykws"), flags=re.DOTALL)
    PICTURE.write_text(picture.replace("Fira Code, ", ""), encoding="utf-8")  # nothing is fetched to show it


def run(command: str, folder: Path, shown: tuple[str, ...]) -> list[str]:
    """Returns the lines to show of what a command prints."""
    arguments = [sys.executable, "-m", *command.split()]
    done = subprocess.run(
        arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    config = folder / "hello" / "kws.yaml"
    if "init" in arguments:
        shorten(config, SHORT_SETTINGS)
    lines: list[str] = []
    for line in done.stdout.splitlines():
        if line.startswith(shown):
            lines.append(line)
        elif lines[-1:] != ["…"]:
            lines.append("…")
    return lines


def styled(line: str) -> Text:
    """Returns a line, with its verdict in colour."""
    text = Text(line, style="dim" if line == "…" else "")
    text.highlight_words(["PASS", "equal"], style="green")
    text.highlight_words(["FAIL", "differs"], style="red")
    return text


if __name__ == "__main__":
    main()
