# SPDX-License-Identifier: Apache-2.0
"""The changelog has the form that a release needs, and release_notes.py takes the release's section from it."""

from __future__ import annotations

import importlib.util
import re
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from packaging.version import Version

import tinykws

ROOT = Path(__file__).parent.parent.parent
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
TWO_VERSIONS = """# Changelog

## Unreleased

- Not yet.

## 0.2.0 - 2027-01-31

### Added
- Second.

## 0.1.0 - 2026-11-30

- First.
"""


@pytest.fixture(scope="module")
def release_notes() -> ModuleType:
    """scripts/release_notes.py, which is not in a package."""
    spec = importlib.util.spec_from_file_location("release_notes", ROOT / "scripts" / "release_notes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_unreleased_is_on_top_and_versions_fall() -> None:
    assert HEADINGS[0] == "Unreleased"
    releases = [heading.split(" - ") for heading in HEADINGS[1:]]
    assert [Version(version) for version, _ in releases] == sorted((Version(v) for v, _ in releases), reverse=True)
    assert all(date.fromisoformat(day) for _, day in releases)


def test_the_package_has_the_newest_version_or_leads_to_the_next() -> None:
    newest = Version(HEADINGS[1].split(" - ")[0])
    current = Version(tinykws.__version__)
    assert current == newest or (current.is_devrelease and current > newest)


def test_notes_are_the_versions_section(release_notes: ModuleType) -> None:
    assert release_notes.section_of(TWO_VERSIONS, "0.2.0") == "### Added\n- Second."
    assert release_notes.section_of(TWO_VERSIONS, "0.1.0") == "- First."
    with pytest.raises(SystemExit, match=r"no section '## 0\.3\.0 - YYYY-MM-DD'"):
        release_notes.section_of(TWO_VERSIONS, "0.3.0")


def test_the_first_release_has_notes(release_notes: ModuleType) -> None:
    assert "### Added" in release_notes.section_of(CHANGELOG, "0.1.0")


def test_another_tag_than_the_version_is_refused(release_notes: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["release_notes.py", "v9.9.9"])
    with pytest.raises(SystemExit, match=r"The tag is v9\.9\.9, but"):
        release_notes.main()
