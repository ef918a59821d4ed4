# SPDX-License-Identifier: Apache-2.0
"""Prints the changelog's section of a release; fails if the tag, the package and the changelog disagree on the version.

    python scripts/release_notes.py v0.2.0

The release workflow runs it before it builds anything.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tag = sys.argv[1]
    version = package_version((ROOT / "tinykws" / "__init__.py").read_text(encoding="utf-8"))
    if tag != f"v{version}":
        sys.exit(f"The tag is {tag}, but tinykws/__init__.py has __version__ {version}: tag v{version}, or change it.")
    print(section_of((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version))


def package_version(source: str) -> str:
    """Returns the `__version__` that a module's source sets."""
    found = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    if found is None:
        sys.exit("tinykws/__init__.py sets no __version__")
    return found[1]


def section_of(changelog: str, version: str) -> str:
    """Returns the text below the heading `## <version> - <date>`, up to the next version's heading."""
    heading = rf"^## {re.escape(version)} - \d{{4}}-\d{{2}}-\d{{2}}$"
    found = re.search(heading + r"\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        sys.exit(f"CHANGELOG.md has no section '## {version} - YYYY-MM-DD' with text: rename Unreleased, and date it.")
    return found[1].strip()


if __name__ == "__main__":
    main()
