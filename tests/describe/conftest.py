from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import attrs
import pytest

from meshconf import Bytes, Seconds, Secret, configuration, setting


class Colour(enum.Enum):
    """A closed set."""

    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Retry:
    """How often."""

    attempts: int = setting(3, ge=1, help="How often.", renamed_from="tries")
    wait: Seconds = setting(1.0, gt=0)
    tags: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Cat:
    kind: Literal["cat"]
    lives: int = setting(9, renamed_from="souls")
    food: Retry = Retry()


@attrs.frozen(kw_only=True)
class Dog:
    kind: Literal["dog"]
    name: str
    lives: int = setting(1, renamed_from="years")
    toys: dict[str, Retry] = attrs.Factory(dict)


@dataclass(frozen=True)
class Part:
    name: str
    token: Secret[str] | None = None
    retry: Retry = Retry()


@attrs.frozen(kw_only=True)
class Pool:
    size: Annotated[int, setting(ge=1)] = 1
    host: str = setting("h", env="POOL_HOST_X")
    retry: Retry = setting(Retry(), inherits="retry", renamed_from="again")
    inner: dict[str, Part] = attrs.Factory(dict)


@attrs.frozen(kw_only=True)
class Web:
    url: str
    password: Secret[str]
    password_file: Path | None = None
    retry: Retry | None = None


@configuration(prefix="APP_", file="app.toml", version=3)
@attrs.frozen(kw_only=True)
class App:
    """Made up, with a setting of each kind.

    Not shown.
    """

    name: str = setting(help="The name of it.", reload="restart")
    retry: Retry = setting(Retry(attempts=5), help="All.", renamed_from="again")
    pet: Cat | Dog
    other_pet: Cat | Dog | None = None
    third_pet: Cat | Dog = Dog(kind="dog", name="x")
    pools: dict[str, Pool] = setting(attrs.Factory(dict), renamed_from="ponds")
    parts: list[Part]
    more: tuple[Part, ...] = (Part("a"),)
    pair: tuple[Part, int] = (Part("b"), 1)
    nested: list[list[Part]] = attrs.Factory(list)
    shelves: dict[str, list[Part]] = attrs.Factory(dict)
    rooms: list[dict[str, Part]] = attrs.Factory(list)
    web: Web | None = None
    outside: int = setting(1, env="OUTSIDE_X", renamed_from="outer")
    colour: Colour = Colour.RED
    home: Path = Path("a b")
    gap: dt.timedelta = dt.timedelta(seconds=90)
    day: dt.date = dt.date(2026, 1, 2)
    at: dt.datetime = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
    table: dict[str, list[int]] = attrs.Factory(lambda: {"a.b": [1, 2]})
    flags: frozenset[bool] = frozenset({True})
    any_value: Any = 5
    any_values: list[Any] = attrs.Factory(lambda: [1, "x"])
    cache: Bytes = 4096
    computed: int = attrs.field(default=attrs.Factory(lambda self: self.cache * 2, takes_self=True))
    text: str = 'it\'s "quoted" \\ |pipe `tick`\n$HOME #x'
    profile: str = "p"
    required_secret: Secret[str] = setting(help="Shh.")
    maybe: str | None = setting(None, empty_is_unset=True)


@pytest.fixture
def made_up() -> Any:
    """Return a schema with a setting of each kind."""
    return App
