# SPDX-License-Identifier: Apache-2.0
"""What MkDocs does for this project beyond its plugins (mkdocs.yml: hooks).

Pages can be read on GitHub as well, so a link may lead to any file of the repository. Files of SHOWN become pages of
the site; a link to another file becomes its text alone, unless `repo_url` is set. A link to a file that does not exist
is left as it is, so that MkDocs reports it. Tables are generated (docs_reference.py).
"""

from __future__ import annotations

import importlib.util
import json
import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))

from docs_reference import with_tables  # noqa: E402 - MkDocs loads hooks by path

from tinykws.model.bundle_schema import bundle_schema  # noqa: E402

SHOWN = {
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "examples/README.md": "project/examples.md",
    **{path.relative_to(ROOT).as_posix(): f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.md")},
}
"""Markdown outside of docs/ by its path in the repository, and its place in the site."""
SOURCES = {place: path for path, place in SHOWN.items()}
SCHEMA = "reference/bundle.schema.json"
UNLESS_THERE = {
    "tinykws.api": ("::: tinykws.api", ""),
    "tinykws.cli.main": (":module: tinykws.cli.main", ":module: tinykws.cli"),
}
"""What a page says instead as long as a module does not exist."""
_LINK = re.compile(r"(\[[^\]]*\])\(([^)\s#]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are not in docs/."""
    for path, place in SHOWN.items():
        files.append(File.generated(config, place, content=(ROOT / path).read_text(encoding="utf-8")))
    files.append(File.generated(config, SCHEMA, content=json.dumps(bundle_schema(), indent=2)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_others: Any) -> str:
    """Brings tables up to date and links from the repository's places to the site's."""
    for module, without in UNLESS_THERE.items():
        if importlib.util.find_spec(module) is None:
            markdown = markdown.replace(*without)
    source = SOURCES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    parts = _FENCE.split(with_tables(markdown))
    return "".join(
        part if part.startswith("```") else _LINK.sub(lambda link: _moved(link, source, page, config), part)
        for part in parts
    )


def _moved(link: re.Match[str], source: str, page: Page, config: MkDocsConfig) -> str:
    text, target, anchor = link[1], link[2], link[3] or ""
    if ":" in target:
        return link[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    place = SHOWN.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
    if place is not None:
        return f"{text}({posixpath.relpath(place, posixpath.dirname(page.file.src_uri))}{anchor})"
    if not (ROOT / path).exists():
        return link[0]
    if config.repo_url:
        return f"{text}({config.repo_url.rstrip('/')}/blob/main/{path})"
    return text[1:-1]
