# SPDX-License-Identifier: Apache-2.0
"""A board's LED, which shows what the board hears without a computer: the `led` columns of boards.yaml."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tinykws.support.dataclass_reader import require_one_of
from tinykws.support.errors import ConfigError

NONE, SINGLE, RGB, ADDRESSABLE = LED_KINDS = ("none", "single", "rgb", "addressable")
_PINS_OF_KIND = {
    NONE: (),
    SINGLE: ("pin",),
    RGB: ("red_pin", "green_pin", "blue_pin"),
    ADDRESSABLE: ("pin",),
}
_PINS = ("pin", "red_pin", "green_pin", "blue_pin")
HIGHEST_PIN = 255
"""Arduino's functions take a pin as eight bits."""


@dataclasses.dataclass(frozen=True)
class Led:
    """The LED: its kind and its pins, numbered as the board's core numbers them."""

    kind: str = NONE
    """none; single: one colour; rgb: three colours, a pin each; addressable: a WS2812 or SK6812 (ESP32 only)."""
    pin: int = -1
    """single: the pin; addressable: that of its data line. On QEMU's mps2 machines: the LED's bit."""
    red_pin: int = -1
    """rgb: the pin of the red one."""
    green_pin: int = -1
    """rgb: the pin of the green one."""
    blue_pin: int = -1
    """rgb: the pin of the blue one."""
    active_low: bool = False
    """single, rgb: whether the LED is on while the pin is low."""

    def __post_init__(self) -> None:
        require_one_of("led: kind", self.kind, LED_KINDS)
        for name in _PINS:
            self._check_pin(name)
        if len(set(self.pins.values())) < len(self.pins):
            raise ConfigError(
                f"led: red, green and blue are on pins {sorted(self.pins.values())}",
                hint="name three different pins, or kind: single and pin",
            )
        if self.active_low and self.kind not in (SINGLE, RGB):
            raise ConfigError(f"led: active_low has no meaning for kind {self.kind}", hint="remove active_low")

    @property
    def pins(self) -> Mapping[str, int]:
        """The pins that it uses, by the name of their column."""
        return {name: int(getattr(self, name)) for name in _PINS_OF_KIND[self.kind]}

    def _check_pin(self, name: str) -> None:
        value = getattr(self, name)
        if name not in _PINS_OF_KIND[self.kind]:
            if value != -1:
                raise ConfigError(
                    f"led: {name} is {value}, but the kind is {self.kind}",
                    hint=f"name the kind that has it, or remove {name}; kinds: {', '.join(LED_KINDS)}",
                )
        elif not 0 <= value <= HIGHEST_PIN:
            what = "missing" if value == -1 else f"{value}"
            raise ConfigError(f"led: {name} is {what}", hint=f"name the LED's pin: 0 to {HIGHEST_PIN}")


def refuse_shared_pins(led: Led, taken: Mapping[str, int]) -> None:
    """Raises ConfigError if a pin of the LED has another use. `taken`: pins by what they are for; -1 is none."""
    for name, pin in led.pins.items():
        other = next((what for what, number in taken.items() if number == pin), None)
        if other is not None:
            raise ConfigError(
                f"led: {name} is {pin}, which is the microphone's {other}",
                hint="a pin drives one thing: name another pin, or remove led",
            )
