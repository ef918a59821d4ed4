# SPDX-License-Identifier: Apache-2.0
"""Build steps that pyproject.toml cannot express: the C extension, and the data files that lie next to the package."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

RESOURCES = ["firmware", "templates", "boards.yaml", "LICENSE"]


class BuildWithResources(build_py):
    """Copies RESOURCES into the wheel; tinykws/support/resources.py finds them there."""

    def run(self) -> None:
        """Builds the package, then copies the data files."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "tinykws" / "_resources"
        shutil.rmtree(target, ignore_errors=True)
        for name in RESOURCES:
            source = Path(name)
            target.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target / name)
            else:
                shutil.copy2(source, target / name)


class BuildWithClangOnWindows(build_ext):
    """Compiles with clang-cl on Windows: the firmware's C uses builtins of GCC and Clang that MSVC does not have."""

    def build_extensions(self) -> None:
        """Replaces cl.exe by clang-cl, which takes the same options; MSVC still links."""
        if sys.platform == "win32" and self.compiler.compiler_type == "msvc":
            self.compiler.initialize(self.plat_name)
            self.compiler.cc = clang_cl()
        super().build_extensions()


def clang_cl() -> str:
    """Returns the path of clang-cl: from PATH, or where LLVM's installer puts it."""
    installed = Path("C:/Program Files/LLVM/bin/clang-cl.exe")
    found = shutil.which("clang-cl") or (str(installed) if installed.is_file() else None)
    if found is None:
        raise SystemExit("clang-cl was not found; tinykws does not compile with MSVC. Type: winget install LLVM.LLVM")
    return found


setup(
    cffi_modules=["tinykws/native/extension_build.py:ffibuilder"],
    cmdclass={"build_py": BuildWithResources, "build_ext": BuildWithClangOnWindows},
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
