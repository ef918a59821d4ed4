# SPDX-License-Identifier: Apache-2.0
"""export c: the library with CMakeLists.txt, an example and a self-test."""

from __future__ import annotations

from tinykws.exports.library import Files, Library, copied, library_files, rendered, sources


def c_folder(library: Library) -> Files:
    """Returns the files of the plain folder."""
    shared = library_files(library)
    made = rendered("c", ("CMakeLists.txt", "README.md"), library, sources=sources(shared))
    return {**shared, **made, **copied("c", "example", "test")}
