# SPDX-License-Identifier: Apache-2.0
"""The table of exporters: a new form of export is a row here, and a module that makes its files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tinykws.exports.arduino import arduino_zip
from tinykws.exports.c_folder import c_folder
from tinykws.exports.esp_idf import esp_idf_component
from tinykws.exports.library import Files, Library
from tinykws.exports.zephyr import zephyr_module
from tinykws.support.errors import ConfigError, did_you_mean


@dataclasses.dataclass(frozen=True)
class Exporter:
    """A form of export."""

    name: str
    """As it is typed."""
    title: str
    """What it is, for people."""
    files: Callable[[Library], Files]
    """Makes all of its files."""
    engines: tuple[str, ...] = ("aot",)
    """Engines that it can have."""


EXPORTERS = {
    exporter.name: exporter
    for exporter in (
        Exporter("c", "a plain folder of C99 with CMakeLists.txt, an example and a self-test", c_folder),
        Exporter("arduino", "a library .zip for the Arduino IDE", arduino_zip),
        Exporter("esp-idf", "a component for ESP-IDF", esp_idf_component),
        Exporter("zephyr", "a module for Zephyr, with a sample for a DMIC", zephyr_module),
    )
}
"""Every form, by name."""
NO_TFLM = (
    "its memory is the caller's and it is C99, but TensorFlow Lite Micro is C++ that each build system has to bring in"
    " by itself"
)
"""Why no form has the tflm engine."""


def exporter_of(name: str, engine: str = "aot") -> Exporter:
    """Returns the form of this name.

    Raises:
        ConfigError: there is none, or it cannot have the engine.
    """
    exporter = EXPORTERS.get(name)
    if exporter is None:
        raise ConfigError(f"there is no export {name!r}", hint=did_you_mean(name, EXPORTERS))
    if engine not in exporter.engines:
        raise ConfigError(
            f"export {name} has no engine {engine!r}: {NO_TFLM}",
            hint="use --engine aot, which computes the same scores\n"
            "or generate a PlatformIO project with it: tinykws generate --engine tflm --board BOARD",
        )
    return exporter
