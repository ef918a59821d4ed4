# SPDX-License-Identifier: Apache-2.0
"""The examples are projects that load without changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinykws.project.layout import Project

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/kws.yaml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_example_loads_and_is_listed(folder: Path) -> None:
    assert Project.load(folder).config.words
    assert f"`{folder.name}`" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_there_are_examples() -> None:
    assert len(FOLDERS) >= 3
