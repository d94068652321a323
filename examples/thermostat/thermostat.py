"""Say how warm each room is to be, by day and at night; the schema is plain dataclasses."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import meshconf
from meshconf import Port, Secret, configuration, rule, setting

Celsius = Annotated[float, setting(ge=5, le=30, unit="°C")]


@dataclass(frozen=True)
class Room:
    """A room that is heated."""

    day: Annotated[Celsius, setting(help="How warm it is by day.")] = 20.0
    night: Annotated[Celsius, setting(help="How warm it is at night.")] = 17.0

    @rule("day", "night")
    @staticmethod
    def nights_are_no_warmer(day: float, night: float) -> str | None:
        """No room is warmer at night than by day."""
        return f"{night:g} °C at night, only {day:g} °C by day" if night > day else None


@dataclass(frozen=True)
class Boiler:
    """What heats the water."""

    host: str = "boiler.local"
    port: Port = 502
    pin: Annotated[Secret[str], setting(help="What the boiler asks for.")] | None = None


@configuration(prefix="THERMOSTAT_", file="thermostat.toml")
@dataclass(frozen=True)
class Thermostat:
    """The configuration of the thermostat."""

    rooms: Annotated[Mapping[str, Room], setting(help="The rooms by name.")]
    mode: Annotated[Literal["heat", "off"], setting(help="Whether it heats.")] = "heat"
    boiler: Boiler = field(default_factory=Boiler)


def main() -> str | None:
    """Print the plan; return what is wrong with the configuration."""
    try:
        thermostat = meshconf.load(schema=Thermostat)
    except meshconf.ConfigError as error:
        return str(error)
    if thermostat.mode == "off":
        print("nothing is heated")
        return None
    for name, room in thermostat.rooms.items():
        print(f"{name}: {room.day:g} °C by day, {room.night:g} °C at night")
    print(thermostat.boiler)
    return None


if __name__ == "__main__":
    sys.exit(main())  # a text goes to stderr, with exit code 1
