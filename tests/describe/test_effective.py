"""The effective configuration, written down."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import attrs
import tomli

from meshconf import Secret, read, setting
from meshconf.describe import effective
from meshconf.diagnostics.styled import plain


def effective_toml(snapshot: Any) -> str:
    """Write a configuration as TOML."""
    return plain(effective.effective_toml(effective.shown_values(snapshot))) + "\n"


class Colour(enum.Enum):
    """A closed set."""

    RED = "red"


@attrs.frozen
class Part:
    """A group within a list."""

    name: str
    secret: Secret[str] | None = None
    port: int | None = None


@dataclass(frozen=True)
class Everything:
    """One setting of each kind."""

    colour: Colour = Colour.RED
    path: Path = Path("a b")
    wait: dt.timedelta = dt.timedelta(milliseconds=1500)
    day: dt.date = dt.date(2026, 1, 2)
    names: frozenset[str] = frozenset({"b", "a"})
    parts: tuple[Part, ...] = (Part("x", Secret("canary"), 1), Part("y"))
    table: dict[str, list[int]] = field(default_factory=lambda: {"a.b": [1, 2]})
    empty: dict[str, int] = field(default_factory=dict)
    quoted: str = 'say "hi"\n'


@attrs.frozen
class Nested:
    """Maps of groups, with keys that need quotes."""

    entries: dict[str, Part] = setting(attrs.Factory(dict))


@attrs.frozen
class Untyped:
    """A setting of any kind."""

    value: Any = None


class TestToml:
    def test_loads_to_the_same_configuration(self, tmp_path: Path):
        """What is shown can be loaded, and gives the same values."""
        file = tmp_path / "shown.toml"
        overrides = {"parts": [{"name": "x", "port": 1}, {"name": "y"}]}
        snapshot = read(schema=Everything, prefix=None, overrides=overrides)
        file.write_text(effective_toml(snapshot))

        again = read(file, schema=Everything, prefix=None)

        assert snapshot.config == again.config

    def test_secrets_within_lists_are_masked(self):
        """A secret in a group of a list is masked as well."""
        shown = effective_toml(read(schema=Everything, prefix=None))

        assert "canary" not in shown
        assert 'secret = "<secret>"' in shown

    def test_secret_in_a_value_of_any_kind_is_masked(self):
        """A secret is masked even where the schema does not say that there is one."""
        overrides = {"value": [Secret("canary")]}
        shown = effective_toml(read(schema=Untyped, prefix=None, overrides=overrides))

        assert 'value = ["<secret>"]  # overrides\n' == shown

    def test_maps_of_groups_become_tables(self):
        """Entries of a map are tables, their keys quoted where TOML asks for it."""
        overrides = {"entries": {"a.b": {"name": "x"}, "c": {"name": "y"}}}
        shown = effective_toml(read(schema=Nested, prefix=None, overrides=overrides))

        assert {"a.b": {"name": "x"}, "c": {"name": "y"}} == tomli.loads(shown)["entries"]
