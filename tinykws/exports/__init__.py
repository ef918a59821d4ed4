# SPDX-License-Identifier: Apache-2.0
"""A model as C for programs that tinykws does not build: a plain folder, and wrappers of the same folder.

A bundle comes in; the contents of files go out, by name: `tinykws.stages.export` writes them. The C is that of the
firmware, under one public header, tinykws.h, whose memory is the caller's.

Contents:
    exporters.EXPORTERS: every form of an export, by name.
    exporters.exporter_of: the form of this name.
    library.Library: a bundle's model, compiled, and its sizes.
    library.library_of: compiles a bundle's model for an export.
    library.library_files: the C that all forms share.
"""
