# SPDX-License-Identifier: Apache-2.0
"""Whether a log is of the bundle that is asked about: a PASS of other settings says nothing of these."""

from __future__ import annotations

from collections.abc import Sequence

from tinykws.device.protocol import Ready
from tinykws.model.bundle import Bundle
from tinykws.project.identity import IDENTITY, different_parts, in_words
from tinykws.project.labels import Label


def banner_complaint(identity: str, banner: Ready) -> str:
    """Returns how the device's identity differs from that of the run's bundle; "" if one of them is unknown."""
    if not identity or not banner.identity:
        return ""
    parts = different_parts(banner.identity, identity)
    return f"the log's device ran another bundle than the run: they differ in {in_words(parts)}" if parts else ""


def bundle_complaint(bundle: Bundle | None, identity: str, banner: Ready, labels: Sequence[Label]) -> str:
    """Returns how a bundle differs from the one that a run was made with; "" if it does not, or without a bundle.

    Args:
        bundle: the bundle at hand.
        identity: of the run's bundle; "" in an older log: then the banner's counts, or else its model and labels.
        banner: the log's first banner.
        labels: of the run's bundle.
    """
    if bundle is None:
        return ""
    theirs = identity or banner.identity
    differ = in_words(different_parts(theirs, bundle.identity)) if theirs else _by_model(bundle, banner.model, labels)
    if not differ:
        return ""
    shown = f" (id {theirs}, the bundle's is {bundle.identity})" if IDENTITY.fullmatch(theirs) else ""
    return f"the log is of a run with another bundle than {bundle.path}: they differ in {differ}{shown}"


def _by_model(bundle: Bundle, model_id: str, labels: Sequence[Label]) -> str:
    """Returns what differs, as far as a log without an identity tells it."""
    if model_id != bundle.model_id:
        return in_words(("model",))
    same = [label.name for label in labels] == [label.name for label in bundle.labels]
    return "" if same else in_words(("labels",))
