# SPDX-License-Identifier: Apache-2.0
"""Reads the string below each field of a dataclass: documentation that Python itself does not keep."""

from __future__ import annotations

import ast
import inspect
import textwrap


def attribute_docstrings(kind: type) -> dict[str, str]:
    """Returns the docstring of each annotated field of a class that has one, its lines joined, by the field's name.

    Raises:
        OSError: the class's source is not at hand.
    """
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    docstrings = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
            docstrings[field.target.id] = " ".join(text.value.value.split())
    return docstrings
