# SPDX-License-Identifier: Apache-2.0
"""The documentation: links work on GitHub and on the site, generated tables are up to date, the schema fits bundles."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tiny_model import tiny_bundle

from tinykws.model.bundle import FORMAT_VERSION
from tinykws.model.bundle_schema import bundle_schema

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    [*DOCS.rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
    + [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")]
)
MOST_LINES_OF_THE_README = 120
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    found: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#+ +(.+?) *$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        names.add(f"{slug}-{found[slug]}" if found[slug] else slug)
        found[slug] += 1
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere_on_github(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target}: there is no {file}"
        assert not anchor or anchor in anchors(file), f"{target}: {file.name} has no such heading"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_THE_README


@pytest.mark.slow
def test_generated_tables_are_up_to_date() -> None:
    """If this fails: python scripts/docs_reference.py --write."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "docs_reference.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_setting_and_key_is_explained() -> None:
    for page, table in (("configuration", "settings"), ("bundle", "bundle"), ("boards", "board_columns")):
        text = (DOCS / "reference" / f"{page}.md").read_text(encoding="utf-8")
        rows = text.split(f"<!-- generated: {table} -->")[1].split("<!-- end of")[0].strip().splitlines()[2:]
        assert len(rows) > 20
        unexplained = [row for row in rows if row.endswith("|  |")]
        assert not unexplained, "fields without a docstring: " + ", ".join(unexplained)


def test_the_glossary_defines_each_term_once_in_order() -> None:
    terms = re.findall(r"^\| ([^|]+) \|", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)[1:]
    assert len(set(terms)) == len(terms) > 60
    assert terms == sorted(terms, key=lambda term: term.lower().replace("-", " "))


def test_a_bundle_has_the_form_of_the_schema(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = bundle_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    bundle = tiny_bundle(tmp_path / "bundle")
    values = json.loads((bundle.path / "bundle.json").read_text(encoding="utf-8"))
    jsonschema.validate(values, schema)
    assert schema["properties"]["format_version"]["const"] == FORMAT_VERSION
    for damaged in ({**values, "more": 1}, {**values, "labels": []}, {**values, "origin": "found"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(damaged, schema)
    for key in values:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({other: value for other, value in values.items() if other != key}, schema)


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="not installed: pip install mkdocs-material")
@pytest.mark.slow
def test_the_site_builds_without_a_broken_link(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    site = tmp_path / "site"
    assert json.loads((site / "reference" / "bundle.schema.json").read_text(encoding="utf-8")) == bundle_schema()
    assert "--min-accuracy" in (site / "reference" / "cli.html").read_text(encoding="utf-8")


def named_paths() -> list[tuple[str, str]]:
    """Paths of the checkout in backticks: the page, and the path."""
    pages = [
        *sorted((ROOT / "docs").rglob("*.md")),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("*/README.md"),
    ]
    named = re.compile(r"`((?:tinykws|tests|firmware|scripts|benchmarks|templates|docs|examples)/[\w./*-]+)`")
    return [
        (page.relative_to(ROOT).as_posix(), path) for page in pages for path in named.findall(page.read_text("utf-8"))
    ]


def test_paths_in_the_text_exist() -> None:
    named = named_paths()
    assert len(named) > 100
    assert [(page, path) for page, path in named if not any(ROOT.glob(path.rstrip("/")))] == []
