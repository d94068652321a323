from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

import meshconf
from meshconf import Seconds, Secret, rule, setting
from meshconf.diagnostics.problem import Edit, Label, Origin, Problem
from meshconf.diagnostics.spans import Position

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "c4n4ry-PR3F1X"


@attrs.frozen
class Consul:
    """A group with a secret."""

    host: str = "consul"
    port: int = 8500
    token: Secret[str] | None = setting(None, matches="[a-z]+")


@attrs.frozen
class Retry:
    """A group with a rule."""

    base_delay: Seconds = 0.5
    max_delay: Seconds = 10.0

    @rule("base_delay", "max_delay")
    @staticmethod
    def ordered(base_delay: float, max_delay: float) -> str | None:
        """The first wait is not longer than the longest."""
        return None if base_delay <= max_delay else "base_delay is longer than max_delay"


@attrs.frozen
class App:
    """An application."""

    consul: Consul = Consul()
    retry: Retry = Retry()


TEXT = f"""\
[consul]
host = "consul"
port = "8500"
token = "{CANARY}"
hots = [
  1,
]

[retry]
max_delay = "20s"
"""

ENVIRON = {
    "APP_RETRY_BASE_DELAY": "45s",
    "APP_CONSUL_HOST": "\N{BULLET}",
    "APP_CONSUL_PORTS": "1",
}


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> meshconf.ConfigError:
    """Load a file and variables with a mistake of each sort."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.toml").write_text(TEXT, encoding="utf-8")
    with pytest.raises(meshconf.ConfigError) as caught:
        meshconf.read("app.toml", schema=App, prefix="APP_", environ=ENVIRON)
    return caught.value


def in_file(**facts: object) -> Problem:
    """Make a problem of the second line of a file, with other facts."""
    origin = Origin("file", "app.toml", 2, 8)
    label = Label(origin, "a string", Position(2, 8, 20), Position(2, 14, 26))
    problem = Problem("MC201", "error", "consul.port", "must be an integer", origin)
    return attrs.evolve(attrs.evolve(problem, labels=(label,)), **facts)  # type: ignore[arg-type]


def edit(kind: str = "file", *, safe: bool = True) -> Edit:
    """Make an edit that removes quotes."""
    origin = Origin(kind, "app.toml")
    return Edit(origin, Position(2, 8, 20), Position(2, 14, 26), "8500", safe)
