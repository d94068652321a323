"""What a successful load knows of its values."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import attrs
import pytest

from meshconf import Layer, Seconds, Secret, configuration, edits, setting, step
from meshconf.loading.deprecations import Deprecation

if TYPE_CHECKING:
    from tests.loading.conftest import Attempt


class Level(Enum):
    """A choice."""

    LOW = "low"
    HIGH = "high"


@attrs.frozen
class Retry:
    """A group."""

    attempts: int = setting(3, ge=1, help="How often.")
    wait: Seconds = 1.0


@attrs.frozen
class Left:
    """One of two."""

    kind: Literal["left"]
    a: int = 0


@attrs.frozen
class Right:
    """The other."""

    kind: Literal["right"]
    b: int = 0


@dataclass(frozen=True)
class App:
    """A dataclass."""

    name: str
    retry: Retry = Retry()
    pools: dict[str, Retry] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    sizes: tuple[int, ...] = ()
    labels: dict[str, int] = field(default_factory=dict)
    level: Level = Level.LOW
    home: Path = Path("home")
    token: Secret[str] | None = None
    union: Left | Right | None = None
    old: Annotated[int, setting(renamed_from="ancient")] = 0
    gap: timedelta = timedelta(seconds=1)
    rows: tuple[Retry, ...] = ()


TEXT = 'name = "x"\n[retry]\nattempts = 4\n[pools."a.b"]\nattempts = 5\n'
ENVIRON = {"APP_RETRY_ATTEMPTS": "7", "APP_POOLS__A_B__WAIT": "5s"}


@pytest.fixture
def snapshot(attempt: Attempt) -> Any:
    """Load a file and some variables."""
    return attempt(TEXT, schema=App, environ=ENVIRON)


class TestCandidates:
    def test_all_layers(self, snapshot: Any) -> None:
        """All layers that set a value are candidates, the winner first, the default last."""
        actual = [(str(one.origin), one.value) for one in snapshot.candidates("retry.attempts")]
        expected = [
            ("environment variable APP_RETRY_ATTEMPTS", 7),
            ("app.toml:3:12", 4),
            ("Retry.attempts", 3),
        ]

        assert expected == actual

    def test_origin(self, snapshot: Any) -> None:
        """The origin is that of the winner."""
        assert "env" == snapshot.origin("retry.attempts").kind
        assert "default" == snapshot.origin("level").kind
        assert "app.toml:5:12" == str(snapshot.origin('pools."a.b".attempts'))
        assert "APP_POOLS__A_B__WAIT" == snapshot.origin('pools."a.b".wait').name

    def test_old_name(self, attempt: Attempt) -> None:
        """A value under an old name is found under the new one, and warned of."""
        snapshot = attempt('name = "x"\nancient = 5\n', schema=App)

        assert "app.toml:2:11" == str(snapshot.origin("old"))
        assert ["`ancient` is an old name; use `old`"] == [one.message for one in snapshot.warnings]

    def test_of_a_group(self, snapshot: Any) -> None:
        """A group and an entry of a map have candidates too."""
        assert {"attempts": 4} == snapshot.candidates("retry")[1].value
        assert {"attempts": 5} == snapshot.candidates('pools."a.b"')[-1].value

    def test_text_that_lost(self, attempt: Attempt) -> None:
        """A text that cannot be read, and need not, is told by its kind."""
        (snapshot) = attempt(
            TEXT, schema=App, environ={"APP_RETRY_ATTEMPTS": "x"}, overrides={"retry.attempts": 5}
        )

        assert ["override", "env", "file", "default"] == [
            one.origin.kind for one in snapshot.candidates("retry.attempts")
        ]
        assert "text" == snapshot.candidates("retry.attempts")[1].value

    @pytest.mark.parametrize(
        ("path", "hint"),
        [
            ("retry.atempts", "; did you mean retry.attempts?"),
            ("attempts", "; did you mean retry.attempts?"),
            ("pools.c.attempts", ""),
            ("quite.another.thing", ""),
            ("", ""),
            ('"', ""),
            ("union.a", ""),
        ],
    )
    def test_unknown_path(self, path: str, hint: str, snapshot: Any) -> None:
        """A path that does not exist is a KeyError that names the nearest."""
        with pytest.raises(KeyError) as caught:
            snapshot.origin(path)

        assert caught.value.args[0].startswith(f"no setting is called {path}")
        assert hint in caught.value.args[0]

    def test_path(self, snapshot: Any) -> None:
        """A path is read with quotes around keys that hold dots."""
        assert ("pools", "a.b", "wait") == snapshot.path("pools.'a.b'.wait")

    def test_union(self, attempt: Attempt) -> None:
        """The settings of the class that a union has become are found."""
        text = 'name = "x"\n[union]\nkind = "right"\nb = 5\n'
        snapshot = attempt(text, schema=App)

        assert "app.toml:4:5" == str(snapshot.origin("union.b"))
        assert "union" == snapshot.explain("union").split("\n")[0]


class TestExplain:
    def test_of_a_setting(self, snapshot: Any) -> None:
        """An explanation has the value, its help, its place, what it overrides, and why."""
        expected = """\
retry.attempts = 7
  How often.

  from       environment variable APP_RETRY_ATTEMPTS
  overrides  4 from app.toml:3:12
             3 from the default
  because    the environment wins over files

  type       int, >= 1
  variable   APP_RETRY_ATTEMPTS, or APP_RETRY_ATTEMPTS_FILE
  a change   is taken over by a running process"""

        assert expected == snapshot.explain("retry.attempts")

    def test_of_a_group(self, snapshot: Any) -> None:
        """A group lists what it holds; an entry of a map has no variable of its own."""
        expected = """\
pools."a.b"

  set in  environment variable APP_POOLS__A_B__WAIT
          app.toml:4:1

  type    table Retry
  holds   attempts = 5
          wait = 5 s"""

        assert expected == snapshot.explain('pools."a.b"')

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("retry", "retry"),
            ("token", "token = not set"),
            ("retry.wait", "retry.wait = 1 s"),
            ("rows", "rows = []"),
        ],
    )
    def test_value(self, path: str, expected: str, snapshot: Any) -> None:
        """Groups are not spelled out, units are, and None is no value."""
        assert expected == snapshot.explain(path).split("\n")[0]


class TestFingerprint:
    def test_same_values(self, attempt: Attempt) -> None:
        """Equal values have equal fingerprints, wherever they come from."""
        first = attempt('name = "x"\ntags = ["a", "b"]\nlabels = {a = 1, b = 2}\n', schema=App)
        second = attempt(
            'labels = {b = 2, a = 1}\nname = "x"\n', schema=App, environ={"APP_TAGS": "b,a"}
        )

        assert first.fingerprint == second.fingerprint

    @pytest.mark.parametrize(
        "line",
        [
            'tags = ["a"]',
            "sizes = [1]",
            "sizes = [1, 2]",
            "labels = {a = 1}",
            'level = "high"',
            'home = "x"',
            "retry.attempts = 1",
            "pools.a = {}",
            'gap = "2s"',
            "old = 0x" + "f" * 3000,
            "rows = [{}]",
            'union = { kind = "left" }',
        ],
    )
    def test_another_value(self, line: str, attempt: Attempt) -> None:
        """Another value of any kind has another fingerprint."""
        first, second = (attempt(f'name = "x"\n{one}\n', schema=App) for one in ("", line))

        assert first.fingerprint != second.fingerprint

    def test_secrets_have_no_part(self, attempt: Attempt) -> None:
        """A secret does not change the fingerprint."""
        first, second = (
            attempt(TEXT, schema=App, environ={"APP_TOKEN": one}) for one in ("a", "b")
        )

        assert first.fingerprint == second.fingerprint


class TestWarnings:
    def test_are_logged(self, attempt: Attempt, caplog: pytest.LogCaptureFixture) -> None:
        """Warnings go to the log `meshconf`, escaped."""
        attempt(TEXT, schema=App, environ={"APP_\x1b": "x"})
        message = "MC103: environment variable APP_\\x1b matches no setting"

        assert [("meshconf", logging.WARNING, message)] == caplog.record_tuples

    def test_sources(self, snapshot: Any) -> None:
        """A snapshot names its sources, the lowest first."""
        assert ("app.toml", "environment") == snapshot.sources
        assert "Snapshot(config=<App>, warnings=())" == repr(snapshot)


def double(value: Any) -> Any:
    """Make another value of one."""
    return value + value


@configuration(
    prefix="APP_",
    version=4,
    steps=[
        step(2, edits.rename("tries", "attempts"), edits.move("ms", "wait")),
        step(3, edits.convert("wait", double), since="2.0", removed_in="10.0"),
        step(
            4,
            edits.convert("wait", double),
            edits.rename("retries", "attempts"),
            edits.convert("level", double),
            edits.set_default("home", "old"),
            since="3.0",
            removed_in="9.0",
        ),
    ],
)
@attrs.frozen
class Aged:
    """A schema that had three layouts before."""

    attempts: int = 1
    wait: float = 1.0
    level: str = "low"
    home: str = "new"
    name: str = setting("", renamed_from="title")


class Store:
    """A source of one's own, of a document that has another layout."""

    def read(self, _: Any) -> Layer:
        """Read the document."""
        history: Any = SimpleNamespace(old_paths=(("old",),))
        return Layer("store", "a store", {"attempts": 2}, history=history)


class TestDeprecations:
    """What will go away is listed with the release that no longer reads it."""

    @pytest.mark.parametrize(
        ("text", "environ", "expected"),
        [
            ("config_version = 4\nattempts = 1\n", {}, []),
            ("config_version = 3\nretries = 1\n", {}, [("retries", "9.0")]),
            ("config_version = 3\nhome = 'x'\nlevel = 'x'\n", {}, [("level", "9.0")]),
            ("config_version = 1\nhome = 'x'\ntries = 1\n", {}, [("tries", "")]),
            ("config_version = 1\nhome = 'x'\nms = 1\n", {}, [("ms", "9.0")]),
            ("config_version = 2\nhome = 'x'\nwait = 1\n", {}, [("wait", "9.0")]),
            ("config_version = 4\ntitle = 'x'\n", {}, [("title", "")]),
            ("config_version = 4\n", {"APP_RETRIES": "2"}, [("APP_RETRIES", "9.0")]),
            ("config_version = 4\n", {"APP_TRIES": "2"}, [("APP_TRIES", "")]),
        ],
    )
    def test_release(
        self,
        text: str,
        environ: dict[str, str],
        expected: list[tuple[str, str]],
        attempt: Attempt,
    ) -> None:
        """Of several releases that end it the earliest counts; none is told where none is planned."""
        actual = attempt(text, schema=Aged, environ=environ).deprecations

        assert [Deprecation(*one) for one in expected] == list(actual)

    def test_names(self, attempt: Attempt) -> None:
        """The names are those of `deprecated`, each once."""
        text = "config_version = 1\nms = 1\ntries = 1\ntitle = 'x'\n"
        snapshot = attempt(text, schema=Aged, environ={"APP_TRIES": "1"})

        assert ("tries", "ms", "APP_TRIES", "title") == snapshot.deprecated
        assert snapshot.deprecated == tuple(one.name for one in snapshot.deprecations)

    def test_in_two_files(self, attempt: Attempt) -> None:
        """A name that two files have is listed once, with the earlier of the releases."""
        Path("more.toml").write_text("config_version = 2\nretries = 2\nwait = 1\n")
        text = "config_version = 1\nhome = 'x'\nwait = 1\n"
        snapshot = attempt(text, "more.toml", schema=Aged)

        assert (Deprecation("wait", "9.0"), Deprecation("retries", "9.0")) == snapshot.deprecations

    def test_of_a_layer_of_ones_own(self, attempt: Attempt) -> None:
        """A layer that does not say which step it owes a name to tells no release."""
        snapshot = attempt(None, Store(), schema=Retry)

        assert (Deprecation("old"),) == snapshot.deprecations
