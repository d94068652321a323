"""A dozen mistakes in a file and the environment, told all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs
import pytest

import meshconf
from meshconf import Seconds, rule, setting
from meshconf.testing import ExpectedProblem, assert_problems

if TYPE_CHECKING:
    from tests.loading.conftest import Attempt

TEXT = """\
name = "orders"
colour = "red"

[pool]
size = "12"
limit = 0
wait = "5 parsecs"
mode = "fast"
hosts = ["a", 2, "c"]
first = 1.0
speed = 7

[log]
leevl = 3
"""

ENVIRON = {"APP_POOL_LAST": "0.5", "APP_POOL_SIZZE": "9", "APP_LOG_JSON": "perhaps"}


@attrs.frozen
class Pool:
    """A pool."""

    owner: str
    size: int = 4
    limit: int = setting(1, ge=1)
    wait: Seconds = 1.0
    mode: Literal["steady", "bursty"] = "steady"
    hosts: tuple[str, ...] = ()
    first: float = 0.0
    last: float = 2.0

    @rule("first", "last")
    @staticmethod
    def in_order(first: float, last: float) -> str | None:
        """The first comes before the last."""
        return None if first <= last else f"first {first:g} is after last {last:g}"


@attrs.frozen
class Log:
    """A log."""

    level: int = 1
    json: bool = False


@attrs.frozen
class App:
    """An application."""

    name: str
    pool: Pool
    log: Log = Log()


EXPECTED = [
    ExpectedProblem("MC101", "colour", origin="app.toml:2:1"),
    ExpectedProblem("MC102", "pool.owner", origin="app.toml:4:1"),
    ExpectedProblem("MC201", "pool.size", origin="app.toml:5:8"),
    ExpectedProblem("MC202", "pool.limit", origin="app.toml:6:9"),
    ExpectedProblem("MC204", "pool.wait", origin="app.toml:7:11"),
    ExpectedProblem("MC203", "pool.mode", origin="app.toml:8:8"),
    ExpectedProblem("MC201", "pool.hosts[1]", origin="app.toml:9:15"),
    ExpectedProblem("MC101", "pool.speed", origin="app.toml:11:1"),
    ExpectedProblem("MC101", "log.leevl", origin="app.toml:14:1"),
    ExpectedProblem("MC301", "pool", origin="APP_POOL_LAST"),
    ExpectedProblem("MC201", "log.json", origin="APP_LOG_JSON"),
    ExpectedProblem("MC103", origin="APP_POOL_SIZZE"),
]


@pytest.fixture
def error(attempt: Attempt) -> meshconf.ConfigError:
    """Load it all."""
    found = attempt(TEXT, schema=App, environ=ENVIRON, unknown_env="error")
    assert isinstance(found, meshconf.ConfigError)
    return found


class TestProblems:
    def test_all_at_their_places(self, error: meshconf.ConfigError) -> None:
        """Every mistake is one problem, with its code, its path and its place."""
        assert_problems(error, *EXPECTED)

    def test_order(self, error: meshconf.ConfigError) -> None:
        """The file comes before the environment, and in the file the lines have their order."""
        origins = [one.origin for one in error.problems if one.origin is not None]
        lines = [one.line or 0 for one in origins if one.kind == "file"]
        kinds = [one.kind for one in origins]

        assert sorted(lines) == lines
        assert ["file"] * len(lines) + ["env"] * (len(kinds) - len(lines)) == kinds

    def test_none_twice(self, error: meshconf.ConfigError) -> None:
        """No problem is told twice."""
        assert len(error.problems) == len(set(error.problems))

    def test_text_has_them_all(self, error: meshconf.ConfigError) -> None:
        """The report shows each problem and counts them."""
        report = str(error)

        assert [] == [one.message for one in error.problems if one.message not in report]
        assert report.endswith("12 errors in app.toml, environment; nothing was loaded")

    def test_both_places_of_the_rule(self, error: meshconf.ConfigError) -> None:
        """A rule between two sources shows both values."""
        broken = next(one for one in error.problems if one.code == "MC301")

        assert ["APP_POOL_LAST", "app.toml"] == [label.origin.name for label in broken.labels]
        assert ("without APP_POOL_LAST it would be the default 2 and the rule would hold",) == (
            broken.notes
        )


class TestAfterwards:
    def test_mended_text_loads(self, attempt: Attempt) -> None:
        """A failed load leaves nothing behind: mended input loads."""
        attempt(TEXT, schema=App, environ=ENVIRON)
        snapshot = attempt('name = "a"\n[pool]\nowner = "b"\n', schema=App)

        assert App("a", Pool("b")) == snapshot.config


class TestMany:
    def test_fifty_are_shown(self, attempt: Attempt) -> None:
        """A report shows fifty problems and counts the rest; the error holds them all."""
        text = "".join(f"x{number} = 1\n" for number in range(60))
        error = attempt(text, schema=Log)
        report = str(error)

        assert 60 == len(error.problems)
        assert 50 == report.count("error[MC101]")
        assert "\n\n… and 10 more\n\nmeshconf: 60 errors in " in report

    @pytest.mark.parametrize(
        "text",
        [
            "".join(f'key{number} = "{number}"\n' for number in range(20_000)),
            f"[pool]\nhosts = [{'1, ' * 100_000}]",
            "[log]\n" + "".join(f"level{'-' * number} = 1\n" for number in range(700)),
            "\n".join(f"[pool{number}]" for number in range(20_000)),
        ],
        ids=["unknown keys", "wrong elements", "long names", "unknown tables"],
    )
    def test_a_text_of_mistakes(self, text: str, attempt: Attempt) -> None:
        """A text that consists of mistakes gives a report of some of them, without delay."""
        error = attempt(text, schema=App)

        assert 10 <= len(error.problems) <= 600
        assert len(str(error)) < 100_000

    def test_variables_without_end(self, attempt: Attempt) -> None:
        """So does an environment full of strangers."""
        environ = {f"APP_STRANGER_{number}": "" for number in range(20_000)}
        snapshot = attempt("", schema=Log, environ=environ)

        assert 500 == len(snapshot.warnings)
