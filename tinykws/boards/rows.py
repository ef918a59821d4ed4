# SPDX-License-Identifier: Apache-2.0
"""boards.yaml: one frozen row a board, checked when it is read.

Nothing elsewhere asks which board it is: what differs between boards stands in a column here.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tinykws.boards.cores import CORES
from tinykws.support.dataclass_reader import at_least, one_of, read_dataclass, renamed
from tinykws.support.errors import ConfigError, did_you_mean
from tinykws.support.resources import BOARDS_YAML
from tinykws.support.yaml_text import load_yaml

ENGINES = ("tflm", "aot")
EMULATORS = ("process", "qemu-system-arm", "qemu-system-riscv32")
FAST_TRANSPORTS = ("semihosting",)
UART, FAST = TRANSPORTS = ("uart", "fast")
"""How sound gets into an emulated board: as into a real one, or by its row's fast_transport."""
MICROPHONE_KINDS = ("none", "pdm", "i2s")
CHANNELS = ("left", "right")
SLOT_BITS = (16, 32)
MOST_DOUBLINGS, MOST_HALVINGS = 5, 4
"""Of a microphone's sound: firmware/lib/kws/kws_conditioner.h has room for so many bits."""
SHORTEST_RING_SAMPLES = 1024
OWN_PLATFORM = "symlink://${PROJECT_DIR}/platform"
"""The platform of boards without a vendor: it travels inside the generated project."""
LOCAL_LIBRARY = "symlink://"
"""How lib_deps names a library that is a folder of this computer: used in place, no version, no download."""

_BOARD_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_USB_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")


@dataclasses.dataclass(frozen=True)
class Microphone:
    """What hears, how it is wired, and how its sound becomes samples. A pin of -1 is fixed by the board."""

    kind: str = "none"
    """none, pdm or i2s."""
    driver: str = ""
    """The header that the port drives it with."""
    part: str = ""
    """The microphone's part number."""
    gain: int = 20
    """What PDM.h's setGain takes: half decibels up to 80 on Nordic chips (20), a factor on the RP2040 (16), decibels on
    the Portenta (24). Other drivers have none: there `shift` makes the sound louder."""
    slot_bits: int = 16
    """Bits of each value that the driver delivers, the sign uppermost: 16 or 32."""
    shift: int = 0
    """Bits that a value is shifted right to become a sample of 16; each one less doubles the sound. Below 0: left."""
    channel: str = "left"
    """i2s: the half of the frame that the microphone speaks in (its L/R pin: ground is left); pdm: the clock's edge."""
    settle_ms: int = 0
    """Sound of this long after start is thrown away."""
    ring_samples: int = 8192
    """Sound that waits on the chip for the main loop, a power of two: 8192 is half a second. While sound is recorded,
    what a slow serial line cannot take yet waits here too: at 115,200 baud 32,768 are enough for 2.6 s."""
    clock_pin: int = -1
    """i2s: the bit clock (SCK); pdm: the clock."""
    word_select_pin: int = -1
    """i2s: the word select (WS, LRCK)."""
    data_pin: int = -1
    """The data line (SD, DOUT)."""
    power_pin: int = -1
    """Set high before the microphone is used."""

    def __post_init__(self) -> None:
        one_of("kind", self.kind, MICROPHONE_KINDS)
        one_of("channel", self.channel, CHANNELS)
        at_least("settle_ms", self.settle_ms, 0)
        if not _is_power_of_two(self.ring_samples) or self.ring_samples < SHORTEST_RING_SAMPLES:
            raise ConfigError(
                f"ring_samples is {self.ring_samples}",
                hint=f"a power of two from {SHORTEST_RING_SAMPLES} on: 8192 is half a second",
            )
        if self.slot_bits not in SLOT_BITS:
            raise ConfigError(f"slot_bits is {self.slot_bits}", hint="16 or 32")
        whole = self.slot_bits - 16
        if not whole - MOST_DOUBLINGS <= self.shift <= whole + MOST_HALVINGS:
            raise ConfigError(
                f"shift is {self.shift}",
                hint=f"slots of {self.slot_bits} bits become samples of 16 by {whole}; each one less doubles the sound:"
                f" {whole - MOST_DOUBLINGS} to {whole + MOST_HALVINGS}",
            )
        if self.kind != "none" and not self.driver:
            raise ConfigError("key 'driver' is missing", hint="the header that the port drives the microphone with")


@dataclasses.dataclass(frozen=True)
class SerialLine:
    """How the host talks to the board."""

    baud: int = 115200
    """Bits per second."""
    usb: tuple[str, ...] = ()
    """`vendor:product` pairs in lower-case hex that the board, or its bridge, shows up as."""
    native_cdc: bool = False
    """The chip is its own USB device: DTR must be set or nothing is sent, and the port goes away with a reset."""
    reset_by_dtr_rts: bool = False
    """A bridge whose DTR and RTS edges reset the chip."""
    touch_1200: bool = False
    """Opening the port at 1200 baud starts the boot loader."""
    advice: tuple[str, ...] = ()
    """What a person does when an upload fails, one line each; without it, what follows from the other columns."""

    @property
    def upload_advice(self) -> tuple[str, ...]:
        """What a person does when an upload fails: the row's own advice, or that of boards of this kind."""
        if self.advice:
            return self.advice
        if self.touch_1200:
            return ("double-tap the board's reset button: a pulsing light says that it waits; then try again",)
        if self.reset_by_dtr_rts:
            return ("hold the BOOT button while the upload says `Connecting…`, and let go when it writes",)
        return ()

    def __post_init__(self) -> None:
        at_least("baud", self.baud, 1200)
        for pair in self.usb:
            if not _USB_ID.fullmatch(pair):
                raise ConfigError(f"usb holds {pair!r}", hint='write vendor and product in hex: "2341:805a"')


@dataclasses.dataclass(frozen=True)
class TflmLibrary:
    """The TensorFlow Lite Micro that the board's `tflm` engine links, and what it can do."""

    lib_deps: tuple[str, ...] = ()
    """As platformio.ini wants them: pinned, or `symlink://` and the path of a PlatformIO library on this computer;
    empty where the vendor's core brings the library."""
    per_channel_fully_connected: bool = False
    """Whether it computes dense layers with a scale per output; older ones take the first scale for all, silently."""
    arena_margin_bytes: int = 4096
    """Added to the arena measured on the host: other kernels want other scratch memory."""

    def __post_init__(self) -> None:
        at_least("arena_margin_bytes", self.arena_margin_bytes, 0)
        for library in self.lib_deps:
            if not is_local(library) and "@" not in library and "#" not in library:
                raise ConfigError(f"lib_deps holds {library!r} without a version", hint="pin it: owner/name@1.2.3")
            if is_local(library) and not _is_whole_path(local_path(library)):
                raise ConfigError(
                    f"lib_deps holds {library!r}, a path that depends on where PlatformIO stands",
                    hint="write the whole path: symlink:///home/me/tflm",
                )


def _is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


def is_local(library: str) -> bool:
    """Returns whether an entry of lib_deps names a folder of this computer, so that nothing is downloaded for it."""
    return library.startswith(LOCAL_LIBRARY)


def local_path(library: str) -> str:
    """Returns the folder of a local entry of lib_deps."""
    return library.removeprefix(LOCAL_LIBRARY)


def _is_whole_path(path: str) -> bool:
    return path.startswith("${PROJECT_DIR}") or Path(path).is_absolute()


@dataclasses.dataclass(frozen=True)
class Board:
    """A row of boards.yaml; the row's key is its id."""

    id: str
    name: str
    """For people."""
    mcu: str
    """Chip and processor, for people."""
    platform: str
    """PlatformIO's platform, pinned; or OWN_PLATFORM."""
    board: str
    """The board's id within that platform."""
    main: str
    """File of firmware/src that holds the entry point."""
    port: str
    """Folder of firmware/ports that drives serial line and microphone."""
    engine: str
    """Default engine."""
    engines: tuple[str, ...]
    """Engines that work on it."""
    microphone_port: str = ""
    """Folder of firmware/ports with the microphone's half, where `port` has none; empty where it has."""
    framework: str = ""
    """arduino, or empty for none."""
    core: str = ""
    """Which of cores.py executes the program; empty: not known, and nothing is said about speed."""
    clock_hz: int = 0
    """0: not known."""
    flash_bytes: int = 0
    """For the program; 0: no limit."""
    ram_bytes: int = 0
    """0: no limit."""
    ram_address: int = 0
    """Where RAM begins, to tell sections in RAM from those in flash; 0: what is writable is RAM."""
    build_flags: tuple[str, ...] = ()
    """Added to the compiler flags of firmware and libraries."""
    build_unflags: tuple[str, ...] = ()
    """Removed from the platform's compiler flags."""
    compilers: tuple[str, ...] = ()
    """Programs that must be on PATH; none for vendors' platforms, which bring their own."""
    tflm: TflmLibrary | None = None
    microphone: Microphone = Microphone()
    serial: SerialLine = SerialLine()
    emulator: str | None = None
    """What runs it without hardware: `process` (a program of this computer), or the QEMU of its architecture."""
    emulator_options: tuple[str, ...] = ()
    """What that QEMU wants beyond machine and processor."""
    machine: str = ""
    """The emulator's name of the machine."""
    cpu: str = ""
    """The emulator's name of the processor."""
    fast_transport: str | None = renamed(None, former_key="fast_wire")
    """By what road bulk audio can go into the emulated machine beside its UART: semihosting (kws_wire.h), or none."""

    def __post_init__(self) -> None:
        if not _BOARD_ID.fullmatch(self.id):
            raise ConfigError(f"a board's id is {self.id!r}", hint="use a-z, 0-9, - and _")
        for engine in self.engines:
            one_of("engines", engine, ENGINES)
        one_of("engine", self.engine, self.engines)
        if self.core:
            one_of("core", self.core, tuple(CORES))
        if self.emulator is not None:
            one_of("emulator", self.emulator, EMULATORS)
        if self.fast_transport is not None:
            one_of("fast_transport", self.fast_transport, FAST_TRANSPORTS)
        if "tflm" in self.engines and self.tflm is None:
            raise ConfigError("key 'tflm' is missing", hint="name the library: tflm: {lib_deps: [owner/name@1.2.3]}")
        if not self.has_own_platform and not re.search(r"[@#]|\.zip$|\.tar\.gz$", self.platform):
            raise ConfigError(f"platform {self.platform!r} has no version", hint="pin it: name@1.2.3")

    @property
    def has_own_platform(self) -> bool:
        """Whether the generated project carries its platform, so that nothing needs downloading."""
        return self.platform == OWN_PLATFORM

    @property
    def emulator_programs(self) -> tuple[str, ...]:
        """What must be on PATH to run it without hardware; none where its program runs on this computer."""
        return () if self.emulator in (None, "process") else (str(self.emulator),)

    @property
    def env(self) -> str:
        """PlatformIO's name of the environment."""
        return self.id

    def chosen_engine(self, engine: str | None) -> str:
        """Returns the engine asked for, or the board's default. Raises ConfigError where it does not work here."""
        if engine is None:
            return self.engine
        if engine not in self.engines:
            raise ConfigError(f"board {self.id} has no engine {engine!r}", hint=f"it has: {', '.join(self.engines)}")
        return engine


def load_boards(extra: Path | None = None) -> dict[str, Board]:
    """Returns the boards by id: those of tinykws, then those of `extra` (a boards.yaml, may be missing) over them.

    Raises:
        ConfigError: a file that cannot be read; a row with an unknown key, a missing one or a wrong value, by name.
    """
    boards = parse_boards(BOARDS_YAML.read_text(encoding="utf-8"), source="boards.yaml")
    if extra is not None and extra.is_file():
        boards |= parse_boards(_read(extra), source=str(extra))
    return boards


def find_board(board_id: str, boards: dict[str, Board] | None = None) -> Board:
    """Returns the board with this id, of `boards` or of those tinykws knows. Raises ConfigError with near names."""
    boards = load_boards() if boards is None else boards
    if board_id not in boards:
        raise ConfigError(f"board {board_id!r} is not in boards.yaml", hint=_near(board_id, boards))
    return boards[board_id]


def parse_boards(text: str, *, source: str) -> dict[str, Board]:
    """Reads the text of a boards.yaml; `source` names it in errors. Raises ConfigError naming row and key."""
    return {str(key): _read_row(str(key), row, source) for key, row in load_yaml(text, source=source).items()}


def _read_row(board_id: str, row: Any, source: str) -> Board:
    try:
        if not isinstance(row, dict):
            raise ConfigError("a row must hold keys such as name, platform, board")
        if "id" in row:
            raise ConfigError("unknown key 'id'", hint="the row's own name is the id")
        return read_dataclass(Board, {"id": board_id, **row})
    except ConfigError as error:
        raise ConfigError(f"{source}: {board_id}: {error.message}", hint=error.hint) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error


def _near(board_id: str, known: Iterable[str]) -> str:
    return (
        f"{did_you_mean(board_id, known)}\n`tinykws boards` lists them; your own go into a boards.yaml beside kws.yaml"
    )
