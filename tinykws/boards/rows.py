# SPDX-License-Identifier: Apache-2.0
"""boards.yaml: one frozen row per board, checked when it is read.

No other code depends on a board's name: whatever differs between boards is a column here.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tinykws.boards.cores import CORES
from tinykws.boards.led import ADDRESSABLE, Led, refuse_shared_pins
from tinykws.boards.model_slot import ModelSlot
from tinykws.support.dataclass_reader import read_dataclass, renamed, require_at_least, require_one_of, short_repr
from tinykws.support.errors import ConfigError, did_you_mean
from tinykws.support.files import is_reserved_by_windows
from tinykws.support.resources import BOARDS_YAML
from tinykws.support.yaml_text import load_yaml, read_yaml_file

ENGINES = ("tflm", "aot")
EMULATORS = ("process", "qemu-system-arm", "qemu-system-riscv32")
FAST_TRANSPORTS = ("semihosting",)
UART, FAST = TRANSPORTS = ("uart", "fast")
"""How audio gets into an emulated board: over its UART like into a real one, or over its row's fast_transport."""
MICROPHONE_KINDS = ("none", "pdm", "i2s")
CHANNELS = ("left", "right")
SLOT_BITS = (16, 32)
MOST_DOUBLINGS, MOST_HALVINGS = 5, 4
"""How far a microphone's samples can be amplified or attenuated, in bits: limits of kws_conditioner.h."""
SHORTEST_RING_SAMPLES = 1024
REFERENCE, CMSIS_NN = TFLM_KERNELS = ("reference", "cmsis_nn")
"""Kernels that a TensorFlow Lite Micro library can have: its own portable ones, or Arm's CMSIS-NN."""
OWN_PLATFORM = "symlink://${PROJECT_DIR}/platform"
"""The platform of boards without a vendor; it is part of the generated project."""
LOCAL_LIBRARY = "symlink://"
"""Prefix of a library in lib_deps that is a folder of this computer: used in place, without version or download."""

ESP32_PLATFORM = "espressif32"
"""In the name of Espressif's platform, and in that of the community's (pioarduino), which has the newer chips."""

_BOARD_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LONGEST_FILE_NAME = 100
"""No system has names of more than 255 characters, and Windows no paths of more than 260."""
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")
"""Of a file or folder of the firmware: never a path that leads out of it, and safe in C and in platformio.ini."""
_USB_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")


@dataclasses.dataclass(frozen=True)
class Microphone:
    """The microphone: its driver, its pins, and the format of its samples. A pin of -1 is fixed by the board."""

    kind: str = "none"
    """none, pdm or i2s."""
    driver: str = ""
    """Header of the driver that the port uses."""
    part: str = ""
    """The microphone's part number."""
    gain: int = 20
    """Argument of PDM.h's setGain: half decibels up to 80 on Nordic chips (20), a factor on the RP2040 (16), decibels
    on the Portenta (24). Other drivers have no gain: use `shift` there."""
    slot_bits: int = 16
    """Bits per value that the driver delivers, 16 or 32; the sign is the highest bit."""
    shift: int = 0
    """Bits by which a value is shifted right to become a 16-bit sample; each one less doubles the amplitude. Negative:
    shifted left."""
    channel: str = "left"
    """i2s: the half of the frame with the microphone's samples (its L/R pin: ground is left); pdm: the clock edge."""
    settle_ms: int = 0
    """Milliseconds of sound after start that are discarded."""
    ring_samples: int = 8192
    """Samples that are buffered for the main loop, a power of two: 8192 is half a second. Recordings are buffered here
    too if the serial port is slower than the microphone: at 115,200 baud, 32,768 are enough for 2.6 s."""
    clock_pin: int = -1
    """i2s: the bit clock (SCK); pdm: the clock."""
    word_select_pin: int = -1
    """i2s: the word select (WS, LRCK)."""
    data_pin: int = -1
    """The data line (SD, DOUT)."""
    power_pin: int = -1
    """Pin that is set high before the microphone is used."""

    @property
    def pins(self) -> dict[str, int]:
        """Its pins by the name of their column; -1: fixed by the board, or not used."""
        names = ("clock_pin", "word_select_pin", "data_pin", "power_pin")
        return {name: int(getattr(self, name)) for name in names if getattr(self, name) >= 0}

    def __post_init__(self) -> None:
        require_one_of("kind", self.kind, MICROPHONE_KINDS)
        require_one_of("channel", self.channel, CHANNELS)
        require_at_least("settle_ms", self.settle_ms, 0)
        if not _is_power_of_two(self.ring_samples) or self.ring_samples < SHORTEST_RING_SAMPLES:
            raise ConfigError(
                f"ring_samples is {self.ring_samples}",
                hint=f"use a power of two, {SHORTEST_RING_SAMPLES} or more: 8192 is half a second",
            )
        if self.slot_bits not in SLOT_BITS:
            raise ConfigError(f"slot_bits is {self.slot_bits}", hint="use 16 or 32")
        whole = self.slot_bits - 16
        if not whole - MOST_DOUBLINGS <= self.shift <= whole + MOST_HALVINGS:
            raise ConfigError(
                f"shift is {self.shift}",
                hint=f"use {whole - MOST_DOUBLINGS} to {whole + MOST_HALVINGS}: {whole} keeps the amplitude of"
                f" {self.slot_bits}-bit slots, each one less doubles it",
            )
        _require_file_name("driver", self.driver, optional=True)
        if self.kind != "none" and not self.driver:
            raise ConfigError(
                "key 'driver' is missing",
                hint="name its driver's header, as in driver: PDM.h",
            )


@dataclasses.dataclass(frozen=True)
class SerialLine:
    """The serial port between host and board."""

    baud: int = 115200
    """Bits per second."""
    usb: tuple[str, ...] = ()
    """USB ids of the board or its USB bridge: `vendor:product` in lower-case hex."""
    native_cdc: bool = False
    """Whether the chip is the USB device itself: DTR must be set or nothing is sent, and a reset removes the port."""
    reset_by_dtr_rts: bool = False
    """Whether there is a USB bridge whose DTR and RTS edges reset the chip."""
    touch_1200: bool = False
    """Whether opening the port at 1200 baud starts the boot loader."""
    advice: tuple[str, ...] = ()
    """What to do if an upload fails, one action per line; empty: derived from the other columns."""

    @property
    def upload_advice(self) -> tuple[str, ...]:
        """What to do if an upload fails: the row's own advice, or that for boards of this kind."""
        if self.advice:
            return self.advice
        if self.touch_1200:
            return ("double-tap the board's reset button until its light pulses, then try again",)
        if self.reset_by_dtr_rts:
            return ("hold the BOOT button while the upload says `Connecting…`, and release it when it writes",)
        return ()

    def __post_init__(self) -> None:
        require_at_least("baud", self.baud, 1200)
        for pair in self.usb:
            if not _USB_ID.fullmatch(pair):
                raise ConfigError(f"usb holds {pair!r}", hint='write vendor and product in hex: "2341:805a"')


@dataclasses.dataclass(frozen=True)
class TflmLibrary:
    """The TensorFlow Lite Micro library that the board's `tflm` engine links."""

    lib_deps: tuple[str, ...] = ()
    """Libraries as in platformio.ini: with a pinned version, or `symlink://` and the path of a PlatformIO library on
    this computer; empty if the vendor's core includes the library."""
    per_channel_fully_connected: bool = False
    """Whether dense layers may be quantized per channel; older libraries silently use the first scale for all."""
    arena_margin_bytes: int = 4096
    """Added to the arena measured on the host, since other kernels need other amounts of scratch memory."""
    kernels: str = ""
    """Kernels that the library has, for the estimate of its speed: reference or cmsis_nn. Empty: as the library.json of
    a library on this computer says, otherwise reference."""

    def __post_init__(self) -> None:
        if self.kernels:
            require_one_of("kernels", self.kernels, TFLM_KERNELS)
        require_at_least("arena_margin_bytes", self.arena_margin_bytes, 0)
        for library in self.lib_deps:
            if not is_local(library) and "@" not in library and "#" not in library:
                raise ConfigError(f"lib_deps holds {library!r} without a version", hint="pin it: owner/name@1.2.3")
            if is_local(library) and not _is_whole_path(local_path(library)):
                raise ConfigError(
                    f"lib_deps holds {library!r}, a path relative to PlatformIO's working directory",
                    hint="write the absolute path: symlink:///home/me/tflm",
                )


@dataclasses.dataclass(frozen=True)
class Power:
    """What the board takes from its supply, for the estimate of the current; without figures there is none."""

    run_ma: float = 0.0
    """Milliamperes while the processor computes."""
    sleep_ma: float = 0.0
    """Milliamperes while it waits for the microphone."""
    source: str = ""
    """Where both come from, and what they cover: the chip, or the board with regulator and LEDs."""

    @property
    def is_known(self) -> bool:
        """Whether there are figures."""
        return self.run_ma > 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.run_ma) and 0 <= self.sleep_ma <= self.run_ma):
            raise ConfigError(
                f"power: run_ma is {self.run_ma:g} and sleep_ma {self.sleep_ma:g}",
                hint="name both in milliamperes; a waiting processor takes no more than one that computes",
            )
        if self.is_known and not self.source:
            raise ConfigError("power: source is missing", hint="say where the figures come from, and what they cover")


def _require_file_name(key: str, value: str, *, optional: bool) -> None:
    """Raises ConfigError unless a value is the name of a file below a folder, or empty if it may be."""
    is_name = len(value) <= LONGEST_FILE_NAME and _FILE_NAME.fullmatch(value)
    if not is_name and not (optional and not value):
        hint = f"write a name of at most {LONGEST_FILE_NAME} letters, digits, - . + and _, without .."
        raise ConfigError(f"{key} is {short_repr(value)}", hint=hint)


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
    """Name for people."""
    mcu: str
    """Chip and core, for people."""
    platform: str
    """PlatformIO platform with a pinned version, or OWN_PLATFORM."""
    board: str
    """The board's id in that platform."""
    main: str
    """File in firmware/src with the entry point."""
    port: str
    """Folder in firmware/ports with the code for serial port and microphone."""
    engine: str
    """Default engine."""
    engines: tuple[str, ...]
    """Engines that work on the board."""
    note: str = ""
    """What a user must know about the board; `boards`, `doctor` and `build` show it."""
    microphone_port: str = ""
    """Folder in firmware/ports with the code for the microphone if `port` has none; otherwise empty."""
    watchdog_port: str = ""
    """Folder in firmware/ports with the code that reports an `on_word` that does not return (it may be `port` itself);
    empty: the board has no watchdog, and is silent then."""
    framework: str = ""
    """arduino, or empty for none."""
    core: str = ""
    """Processor core, an id of cores.py; empty: unknown, so nothing is said about speed."""
    clock_hz: int = 0
    """Clock frequency; 0: unknown."""
    flash_bytes: int = 0
    """Flash that the program may use; 0: no limit."""
    ram_bytes: int = 0
    """RAM that the program may use; 0: no limit."""
    ram_address: int = 0
    """First address of RAM, to tell sections in RAM from those in flash; 0: writable sections are in RAM."""
    build_flags: tuple[str, ...] = ()
    """Added to the compiler flags of firmware and libraries."""
    build_unflags: tuple[str, ...] = ()
    """Removed from the platform's compiler flags."""
    compilers: tuple[str, ...] = ()
    """Compilers that must be on PATH; empty for vendors' platforms, which include one."""
    tflm: TflmLibrary | None = None
    model_slot: ModelSlot | None = None
    """Flash for a model that `tinykws flash --model-only` writes; none: the model is only in the program."""
    microphone: Microphone = Microphone()
    led: Led = dataclasses.field(default_factory=Led)
    pins_source: str = ""
    """Where its maker documents the pins of microphone and LED, as `repository: file`; and what the user wires."""
    serial: SerialLine = SerialLine()
    power: Power = Power()
    emulator: str | None = None
    """How to run it without hardware: `process` (as a program on this computer), or the QEMU of its architecture."""
    emulator_options: tuple[str, ...] = ()
    """Options of that QEMU in addition to machine and processor."""
    machine: str = ""
    """QEMU's name of the machine."""
    cpu: str = ""
    """QEMU's name of the processor."""
    fast_transport: str | None = renamed(None, former_key="fast_wire")
    """Transport for bulk audio into the emulated machine in addition to its UART: semihosting, or none."""

    def __post_init__(self) -> None:
        if not _BOARD_ID.fullmatch(self.id):
            raise ConfigError(f"a board's id is {self.id!r}", hint="use a-z, 0-9, - and _; at most 64 of them")
        if is_reserved_by_windows(self.id):
            raise ConfigError(f"a board's id is {self.id!r}, which Windows reserves", hint="choose another id")
        optional = ("microphone_port", "watchdog_port")
        for key in ("main", "port", "board", *optional):
            _require_file_name(key, getattr(self, key), optional=key in optional)
        for engine in self.engines:
            require_one_of("engines", engine, ENGINES)
        require_one_of("engine", self.engine, self.engines)
        if self.core:
            require_one_of("core", self.core, tuple(CORES))
        if self.emulator is not None:
            require_one_of("emulator", self.emulator, EMULATORS)
        if self.fast_transport is not None:
            require_one_of("fast_transport", self.fast_transport, FAST_TRANSPORTS)
        refuse_shared_pins(self.led, self.microphone.pins)
        if self.led.kind == ADDRESSABLE and ESP32_PLATFORM not in self.platform:
            raise ConfigError(
                f"led: kind is {ADDRESSABLE}, which only the cores of {ESP32_PLATFORM} can drive",
                hint="use kind: single or rgb, or remove led and drive it in src/on_word.cpp with a library",
            )
        if "tflm" in self.engines and self.tflm is None:
            raise ConfigError("key 'tflm' is missing", hint="name the library: tflm: {lib_deps: [owner/name@1.2.3]}")
        if self.model_slot is not None and "tflm" not in self.engines:
            raise ConfigError(
                "key 'model_slot' is of no use without the engine tflm: the aot engine's model is code",
                hint="remove model_slot, or add tflm to engines",
            )
        if not self.has_own_platform and not re.search(r"[@#]|\.zip$|\.tar\.gz$", self.platform):
            raise ConfigError(f"platform {self.platform!r} has no version", hint="pin it: name@1.2.3")

    @property
    def has_own_platform(self) -> bool:
        """Whether the platform is part of the generated project, so that nothing is downloaded."""
        return self.platform == OWN_PLATFORM

    @property
    def emulator_programs(self) -> tuple[str, ...]:
        """Programs that must be on PATH to run it without hardware; none if it runs as a program on this computer."""
        return () if self.emulator in (None, "process") else (str(self.emulator),)

    def slot_of(self, engine: str) -> ModelSlot | None:
        """Returns the model slot of the board's firmware with an engine; None if that has none."""
        return self.model_slot if engine == "tflm" else None

    def with_engine(self, engine: str) -> Board:
        """Returns the row as it is for a firmware with an engine: a model slot may leave less flash to the program."""
        slot = self.slot_of(engine)
        if slot is None or not slot.program_bytes:
            return self
        return dataclasses.replace(self, flash_bytes=min(self.flash_bytes or slot.program_bytes, slot.program_bytes))

    @property
    def env(self) -> str:
        """Name of the PlatformIO environment."""
        return self.id

    def chosen_engine(self, engine: str | None) -> str:
        """Returns the given engine, or the board's default for None. Raises ConfigError if the board lacks it."""
        if engine is None:
            return self.engine
        if engine not in self.engines:
            raise ConfigError(
                f"board {self.id} has no engine {engine!r}", hint=f"use --engine {' or --engine '.join(self.engines)}"
            )
        return engine


def load_boards(extra: Path | None = None) -> dict[str, Board]:
    """Returns the boards by id: those of tinykws, and those of `extra` (a boards.yaml that may be missing), which win.

    Raises:
        ConfigError: a file cannot be read, or a row has an unknown key, a missing key or a wrong value.
    """
    boards = parse_boards(BOARDS_YAML.read_text(encoding="utf-8"), source="boards.yaml")
    if extra is not None and extra.is_file():
        boards |= parse_boards(read_yaml_file(extra), source=str(extra))
    return boards


def find_board(board_id: str, boards: dict[str, Board] | None = None) -> Board:
    """Returns the board with this id, from `boards` or tinykws's own. Raises ConfigError with similar ids."""
    boards = load_boards() if boards is None else boards
    if board_id not in boards:
        raise ConfigError(f"board {board_id!r} is not in boards.yaml", hint=_near(board_id, boards))
    return boards[board_id]


def parse_boards(text: str, *, source: str) -> dict[str, Board]:
    """Reads the text of a boards.yaml; `source` is its name in errors. Raises ConfigError with row and key."""
    return {str(key): _read_row(str(key), row, source) for key, row in load_yaml(text, source=source).items()}


def _read_row(board_id: str, row: Any, source: str) -> Board:
    try:
        if not isinstance(row, dict):
            raise ConfigError(
                "a row must hold keys",
                hint="indent its keys: name, platform, board …",
            )
        if "id" in row:
            raise ConfigError("unknown key 'id'", hint="remove it: the row's key is the id")
        return read_dataclass(Board, {"id": board_id, **row})
    except ConfigError as error:
        raise ConfigError(f"{source}: {board_id}: {error.message}", hint=error.hint) from error


def _near(board_id: str, known: Iterable[str]) -> str:
    return (
        f"{did_you_mean(board_id, known)}\nlist all boards: tinykws boards\n"
        "add your own board to a boards.yaml next to kws.yaml"
    )
