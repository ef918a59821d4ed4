# SPDX-License-Identifier: Apache-2.0
"""Fills in the Jinja2 templates of templates/. A missing value is an error, not an empty text.

Every expression in a template ends with the filter of the place that it is in (FILTERS): no value reaches a file
unescaped. In HTML, Jinja escapes by itself. tests/support/test_templates.py reads the templates and checks it.
"""

from __future__ import annotations

import functools
import json
from typing import Any

import jinja2

from tinykws.support.c_text import c_bytes, c_comment, c_float, c_name, c_string
from tinykws.support.escapes import cmake_path, ini_value, integer, markdown, one_line
from tinykws.support.resources import TEMPLATES

FILTERS = {
    "c_bytes": lambda data, declaration: c_bytes(declaration, data),
    "c_comment": c_comment,
    "c_float": c_float,
    "hex": lambda value: f"0x{value:x}",
    "c_hex32": lambda value: f"0x{value:08x}u",
    "c_name": c_name,
    "c_string": c_string,
    "cmake_path": cmake_path,
    "ini_comment": one_line,
    "ini_value": ini_value,
    "integer": integer,
    "integers": lambda values: ", ".join(map(integer, values)),
    "markdown": markdown,
    "yaml_string": json.dumps,
}
"""The filters of templates, by name; each makes a value safe in one kind of place."""


def render(name: str, /, **values: Any) -> str:
    """Returns the text of templates/<name>.j2 with the values filled in."""
    return _environment().get_template(f"{name}.j2").render(**values)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),  # the others have filters
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= FILTERS
    return environment
