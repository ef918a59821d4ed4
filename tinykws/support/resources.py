# SPDX-License-Identifier: Apache-2.0
"""Where the package's data files are: firmware/, templates/ and boards.yaml.

In a checkout they are next to the package; in an installed wheel, inside it (setup.py copies them there).
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_INSTALLED = _PACKAGE / "_resources"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent

FIRMWARE = _ROOT / "firmware"
TEMPLATES = _ROOT / "templates"
BOARDS_YAML = _ROOT / "boards.yaml"
LICENSE = _ROOT / "LICENSE"
