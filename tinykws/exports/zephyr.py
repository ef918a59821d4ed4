# SPDX-License-Identifier: Apache-2.0
"""export zephyr: the library as a module of Zephyr, with a sample that listens to a DMIC, and a self-test."""

from __future__ import annotations

from tinykws.exports.library import Files, Library, copied, library_files, rendered, sources


def zephyr_module(library: Library) -> Files:
    """Returns the files of the module."""
    shared = library_files(library)
    made = rendered("zephyr", ("zephyr/CMakeLists.txt", "README.md"), library, sources=sources(shared))
    return {**shared, **made, **copied("zephyr", ".")}
