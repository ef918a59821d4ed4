# SPDX-License-Identifier: Apache-2.0
"""export esp-idf: the library as a component of ESP-IDF, with an example that listens, and a self-test."""

from __future__ import annotations

from tinykws.exports.library import Files, Library, copied, library_files, rendered, sources

MADE = ("CMakeLists.txt", "idf_component.yml", "README.md")


def esp_idf_component(library: Library) -> Files:
    """Returns the files of the component."""
    shared = library_files(library)
    made = rendered("esp-idf", MADE, library, sources=sources(shared))
    return {**shared, **made, **copied("esp-idf", ".")}
