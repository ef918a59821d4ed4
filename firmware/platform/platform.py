# SPDX-License-Identifier: Apache-2.0
"""A PlatformIO platform without packages: its boards are compiled by what stands on PATH."""

import shutil

from platformio.exception import UserSideException
from platformio.platform.base import PlatformBase


class TinykwsPlatform(PlatformBase):
    """Boards that have no vendor: this computer, and machines that QEMU emulates."""

    def configure_default_packages(self, options, targets):
        """Refuses to start without the board's compiler, naming how to get it."""
        board = self.board_config(options["board"])
        compiler = board.get("build.compiler")
        if shutil.which(compiler) is None:
            raise UserSideException(f"no {compiler} on PATH; {board.get('build.compiler_hint')}")
        return super().configure_default_packages(options, targets)
