# SPDX-License-Identifier: Apache-2.0
"""Build steps that pyproject.toml cannot say: the C extension, and the data files that stand beside the package."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

RESOURCES = ["firmware", "templates", "boards.yaml", "LICENSE"]


class BuildWithResources(build_py):
    """Copies RESOURCES into the wheel; tinykws/support/resources.py finds them there."""

    def run(self) -> None:
        """Builds the package, then copies."""
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


setup(
    cffi_modules=["tinykws/native/extension_build.py:ffibuilder"],
    cmdclass={"build_py": BuildWithResources},
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
