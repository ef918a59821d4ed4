# SPDX-License-Identifier: Apache-2.0
"""Which Python packages are installed, what they require, and whether the compiled ones load."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
from collections.abc import Mapping

from packaging.utils import canonicalize_name

from tinykws.support.errors import ToolError


@dataclasses.dataclass(frozen=True)
class Package:
    """An installed package, as its metadata describes it."""

    version: str
    requires: tuple[str, ...] = ()
    """Requirements (PEP 508), with those of its extras."""
    requires_python: str = ""


Packages = Mapping[str, Package]
"""Packages by normalized name: lower case, with - between the parts."""


def installed_packages() -> Packages:
    """Returns all packages that this Python finds; of several with the same name, the one that it imports."""
    found: dict[str, Package] = {}
    for each in importlib.metadata.distributions():
        if "Name" not in each.metadata:  # left behind by an incomplete uninstall
            continue
        name = canonicalize_name(each.metadata["Name"])
        requires_python = (each.metadata.get_all("Requires-Python") or [""])[0]
        found.setdefault(name, Package(each.version, tuple(each.requires or ()), requires_python))
    return found


def extension_error() -> str | None:
    """Returns why tinykws's own C extension does not load, or None if it does."""
    return _import_error("tinykws.native._kws")


def interpreter_error() -> str | None:
    """Returns why TFLite Micro's interpreter does not load, or None if it does."""
    return _import_error("tflite_micro")


def espeak_error() -> str | None:
    """Returns why espeak-ng does not speak, or None if it does."""
    from tinykws.speech.espeak_library import Espeak

    try:
        with Espeak():
            return None
    except ToolError as error:
        return error.message


def _import_error(module: str) -> str | None:
    """Imports a module; catches all errors: one compiled for another numpy, libc or Python fails in many ways."""
    try:
        importlib.import_module(module)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None
