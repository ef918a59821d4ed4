# SPDX-License-Identifier: Apache-2.0
"""The option --model: a microWakeWord model in the place of a bundle, which is made in the user's cache."""

from __future__ import annotations

from pathlib import Path

import click


def bundle_of_model(manifest: Path | None, bundle_dir: Path | None) -> Path | None:
    """Returns the folder of the bundle to use: of the model if there is one, else the one that was named, or None.

    Raises:
        click.UsageError: both were named.
        ConfigError: the model is not one that tinykws can run.
    """
    if manifest is None:
        return bundle_dir
    if bundle_dir is not None:
        raise click.UsageError("--model and --bundle exclude each other")
    from tinykws.stages.quantize import import_wake_model
    from tinykws.support.user_cache import user_cache_dir

    return import_wake_model(manifest, user_cache_dir() / "wake_models" / _folder_name(manifest)).path


def _folder_name(manifest: Path) -> str:
    """Returns a name for each place of a manifest, so that commands on two models do not meet."""
    import hashlib

    return hashlib.sha256(str(manifest.resolve()).encode()).hexdigest()[:16]
