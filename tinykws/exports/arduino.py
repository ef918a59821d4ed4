# SPDX-License-Identifier: Apache-2.0
"""export arduino: the library as the .zip that the Arduino IDE imports.

The format: https://arduino.github.io/arduino-cli/latest/library-specification; the rules that it is checked against
are those of arduino-lint. Two exports in one IDE must not be mistaken for each other, so the library has the words in
its name, and a header of that name.
"""

from __future__ import annotations

import io
import zipfile

from tinykws.exports.library import Files, Library, copied, library_files, rendered
from tinykws.project.labels import FIRST_WORD
from tinykws.support.templates import render

LONGEST_NAME = 32
"""The length that arduino-lint's strict schema allows."""
SUPERFLUOUS = ("arduino", "library")
"""What no library's name may contain, by the same schema."""
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a .zip can hold: the same export gives the same bytes."""
SKETCHES = {"SelfTest": "the self-test", "PdmMicrophone": "a microphone of PDM.h", "I2sMicrophone": "one of ESP_I2S.h"}
"""The examples, and what each shows."""


def arduino_name(library: Library) -> str:
    """Returns the library's name: tinykws_yes_no."""
    words = "_".join(label.name for label in library.bundle.labels[FIRST_WORD:])
    while any(term in words for term in SUPERFLUOUS):  # again: ar-library-duino without the library is the other term
        for term in SUPERFLUOUS:
            words = words.replace(term, "")
    return f"tinykws_{words.strip('_') or 'words'}"[:LONGEST_NAME].rstrip("_")


def arduino_zip(library: Library) -> Files:
    """Returns the .zip, under its name."""
    name = arduino_name(library)
    return {f"{name}.zip": zipped({f"{name}/{path}": data for path, data in arduino_files(library).items()})}


def arduino_files(library: Library) -> Files:
    """Returns the files of the library's folder."""
    name = arduino_name(library)
    made = rendered("arduino", ("library.properties", "keywords.txt", "README.md"), library, name=name)
    sketches = {
        path: render(f"exports/arduino/{path}", **library.values, name=name).encode()
        for path in (f"examples/{sketch}/{sketch}.ino" for sketch in SKETCHES)
    }
    header = render("exports/arduino/src/words.h", name=name, guard=name.upper()).encode()
    return {**library_files(library), **copied("arduino", "src"), **made, **sketches, f"src/{name}.h": header}


def zipped(files: Files) -> bytes:
    """Returns a .zip of files, without a date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(files.items()):
            info = zipfile.ZipInfo(path, ZIP_DATE)
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()
