# SPDX-License-Identifier: Apache-2.0
"""Fills in the Jinja2 templates of templates/. A missing value is an error, not an empty text."""

from __future__ import annotations

import functools
from typing import Any

import jinja2

from tinykws.support.c_text import c_bytes, c_float, c_string
from tinykws.support.resources import TEMPLATES


def render(name: str, **values: Any) -> str:
    """Returns the text of templates/<name>.j2 with the values filled in."""
    return _environment().get_template(f"{name}.j2").render(**values)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),  # the others are C and ini files
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "c_string": c_string,
        "c_float": c_float,
        "c_bytes": lambda data, declaration: c_bytes(declaration, data),
    }
    return environment
