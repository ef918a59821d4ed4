# SPDX-License-Identifier: Apache-2.0
"""The architectures to test with: of those that differ only in width, one is enough."""

from __future__ import annotations

from tinykws.project.model_settings import STREAM_ARCHITECTURES, STREAM_SMALL
from tinykws.training.architectures.registry import ARCHITECTURES

ONE_OF_A_KIND = tuple(name for name in ARCHITECTURES if name == STREAM_SMALL or name not in STREAM_ARCHITECTURES)
