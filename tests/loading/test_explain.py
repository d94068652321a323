"""Explanations of settings, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

from meshconf import DotEnv, Secret, SecretsDirectory, rule, setting
from meshconf.diagnostics.styled import plain
from meshconf.loading.explain import explanation
from meshconf.loading.load import read_outcome

if TYPE_CHECKING:
    from pathlib import Path


@attrs.frozen
class Retry:
    attempts: int = setting(3, ge=1, help="How often.", renamed_from="tries")
    wait: float = setting(1.0, unit="s", reload="restart")


@attrs.frozen(kw_only=True)
class Pool:
    size: int = 1
    retry: Retry = setting(Retry(), inherits="retry")


@attrs.frozen(kw_only=True)
class Web:
    url: str
    password: Secret[str] | None = None
    password_file: str = "f"


@attrs.frozen(kw_only=True)
class Cat:
    kind: Literal["cat"]
    lives: int = 9


@attrs.frozen(kw_only=True)
class Dog:
    kind: Literal["dog"]


@attrs.frozen
class Part:
    name: str
    token: Secret[str] | None = None
    port: int | None = None
    retry: Retry = Retry()


@attrs.frozen(kw_only=True)
class App:
    name: str = setting(reload="restart")
    low: int = 1
    high: int = 5
    retry: Retry = setting(Retry(attempts=4), help="For all. " * 15, renamed_from="again")
    pools: dict[str, Pool] = attrs.Factory(dict)
    web: Web | None = None
    pet: Cat | Dog | None = None
    parts: list[Part] = attrs.Factory(list)
    joined: list[str] = setting(attrs.Factory(list), merge="append")
    secret: Secret[str] | None = None

    @rule("low", "high")
    @staticmethod
    def low_is_low(low: int, high: int) -> str | None:
        """Low is not above high.

        This is for programmers.
        """
        return "too high" if low > high else None

    @rule("low", "retry")
    @staticmethod
    def nothing(low: int, retry: Retry) -> None:
        """Low goes with retry."""

    @rule("high")
    @staticmethod
    def silent(high: int) -> None:
        pass


FIRST = """\
name = "n"
low = 2
parts = [{ name = "a" }]
joined = ["a"]

[retry]
attempts = 6

[pools."a.b"]
size = 2

[pools.c.retry]
tries = 7

[pet]
kind = "cat"
"""
SECOND = 'low = 3\njoined = ["b"]\n\n[retry]\nattempts = 8\n'


@pytest.fixture
def explain(folder: Path) -> Any:
    """Return a function that explains a path of what two files and other sources give."""
    (folder / "a.toml").write_text(FIRST)
    (folder / "b.toml").write_text(SECOND)

    def explain(path: str | tuple[str, ...], *sources: Any, **options: Any) -> str:
        schema = options.pop("schema", App)
        options.setdefault("environ", {})
        outcome = read_outcome(schema, sources, **{"prefix": "APP_", **options})
        parts = tuple(path.split(".")) if isinstance(path, str) else path
        found = outcome.model.find(parts)
        assert found is not None
        context = outcome.model, outcome.layers, outcome.prefix
        return plain(explanation(*context, parts, found, outcome.config))

    return explain


def why(text: str) -> list[str]:
    """Return the part of an explanation that tells where the value comes from."""
    return [" ".join(line.split()) for line in text.split("\n\n")[1].split("\n")]


class TestWhole:
    def test_setting(self, explain: Any) -> None:
        """A setting is explained with its value, its place, its type, names, and rules."""
        expected = """\
low = 3

  from       b.toml:1:7
  overrides  2 from a.toml:2:7
             1 from the default
  because    the last file that sets it wins

  type       int
  variable   APP_LOW, or APP_LOW_FILE
  a change   is taken over by a running process
  rules      low_is_low: Low is not above high.
             nothing: Low goes with retry."""

        assert expected == explain("low", "a.toml", "b.toml")

    def test_group(self, explain: Any) -> None:
        """A group is explained with all its places and what it holds; long help is wrapped."""
        expected = """\
retry
  For all. For all. For all. For all. For all. For all. For all. For all. For all. For all.
  For all. For all. For all. For all. For all.

  set in     b.toml:4:1
             a.toml:6:1

  type       table Retry
  variable   APP_RETRY, as JSON
  old names  again, APP_AGAIN
  holds      attempts = 8
             wait = 1 s"""

        assert expected == explain("retry", "a.toml", "b.toml")

    def test_entry(self, explain: Any) -> None:
        """An entry has no variable of its own."""
        expected = """\
pools."a.b"

  set in  a.toml:9:1

  type    table Pool
  holds   size = 2
          retry = {…}"""

        assert expected == explain(("pools", "a.b"), "a.toml")

    def test_map(self, explain: Any) -> None:
        """A map lists its entries."""
        expected = """\
pools

  set in    a.toml

  type      tables Pool
  variable  APP_POOLS, as JSON
  holds     "a.b" = {…}
            c = {…}"""

        assert expected == explain("pools", "a.toml")

    def test_without_variables(self, explain: Any) -> None:
        """Where the environment is not read, no variable is named."""
        expected = """\
retry.attempts = 6
  How often.

  from       a.toml:7:12
  overrides  4 from the default
  because    any source wins over the default

  type       int, >= 1
  old names  tries
  a change   is taken over by a running process"""

        assert expected == explain("retry.attempts", "a.toml", prefix=None)

    def test_rule_without_words(self, explain: Any) -> None:
        """A rule that says nothing of itself is named."""
        assert "silent: " in explain("high", "a.toml").split("\n")[-1]


class TestWhy:
    def test_default(self, explain: Any) -> None:
        """A default is from the default; of a group, from that of the group."""
        assert ["from the default"] == why(explain("high", "a.toml"))
        assert "retry.attempts = 4" == explain("retry.attempts").split("\n")[0]
        assert ["from the default"] == why(explain("retry.attempts"))
        assert ["from the default"] == why(explain("retry"))

    def test_file_over_default(self, explain: Any) -> None:
        """Any source wins over the default."""
        expected = [
            "from a.toml:2:7",
            "overrides 1 from the default",
            "because any source wins over the default",
        ]

        assert expected == why(explain("low", "a.toml"))

    def test_nothing_to_override(self, explain: Any) -> None:
        """Where there is no default, nothing is overridden."""
        assert ["from a.toml:1:8"] == why(explain("name", "a.toml"))

    def test_environment(self, explain: Any, folder: Path) -> None:
        """The environment wins over files, also where its variable names a file."""
        expected = [
            "overrides 2 from a.toml:2:7",
            "1 from the default",
            "because the environment wins over files",
        ]
        (folder / "low").write_text("4")
        direct = why(explain("low", "a.toml", environ={"APP_LOW": "4"}))
        by_file = why(explain("low", "a.toml", environ={"APP_LOW_FILE": "low"}))

        assert ["from environment variable APP_LOW", *expected] == direct
        assert ["from low (APP_LOW_FILE)", *expected] == by_file

    def test_dotenv(self, explain: Any, folder: Path) -> None:
        """A .env file wins over other files, the later one over the earlier."""
        (folder / "1.env").write_text("APP_LOW=4\n")
        (folder / "2.env").write_text("APP_LOW=5\n")
        one, two = (DotEnv(f"{number}.env", "APP_") for number in (1, 2))

        assert "because a .env file wins over other files" == why(explain("low", "a.toml", one))[-1]
        assert (
            "because the last of such sources that sets it wins"
            == why(explain("low", "a.toml", one, two))[-1]
        )

    def test_directory_of_secrets(self, explain: Any, folder: Path) -> None:
        """A directory of secrets wins over files; the secret is nowhere."""
        (folder / "secrets").mkdir(mode=0o700)
        (folder / "secrets" / "secret").write_text("canary")
        (folder / "secrets" / "secret").chmod(0o600)
        (folder / "c.toml").write_text('secret = "canary"\n')
        text = explain("secret", "c.toml", SecretsDirectory("secrets"))

        assert "canary" not in text
        assert "secret = <secret>" == text.split("\n")[0]
        assert "because a directory of secrets wins over files" == why(text)[-1]
        assert "overrides <secret> from c.toml:1:10" == why(text)[1]

    def test_overrides(self, explain: Any) -> None:
        """Overrides win over everything."""
        text = explain("low", "a.toml", environ={"APP_LOW": "4"}, overrides={"low": 5})

        assert "because overrides win over every source" == why(text)[-1]

    def test_source_of_another_kind(self, explain: Any) -> None:
        """A source of the caller's own wins over files."""
        from meshconf.sources.layer import Layer

        class Own:
            def read(self, _: Any) -> Layer:
                """Give the data."""
                return Layer("consul", "consul", {"low": 4})

        assert "because its source wins over files" == why(explain("low", "a.toml", Own()))[-1]

    def test_inherited(self, explain: Any) -> None:
        """An inherited value is told with the path that it comes from."""
        expected = ["from a.toml:7:12, as retry.attempts", "overrides 4 from the default"]

        assert expected == why(explain(("pools", "a.b", "retry", "attempts"), "a.toml"))[:2]
        assert ["set in a.toml:6:1, as retry"] == why(explain(("pools", "a.b", "retry"), "a.toml"))

    def test_inherited_default(self, explain: Any) -> None:
        """What is inherited from a default is the default there."""
        text = explain("pools.x.retry.attempts", environ={"APP_POOLS__X__SIZE": "2"})

        assert "pools.x.retry.attempts = 4" == text.split("\n")[0]
        assert ["from the default, as retry.attempts"] == why(text)

    def test_own_over_inherited(self, explain: Any) -> None:
        """A value of its own wins over the inherited one."""
        text = explain("pools.c.retry.attempts", "a.toml")
        expected = [
            "from a.toml:13:9",
            "overrides 6 from a.toml:7:12",
            "4 from the default",
            "because a value of its own wins over that of retry.attempts",
        ]

        assert expected == why(text)
        assert "APP_POOLS__C__RETRY_ATTEMPTS, or APP_POOLS__C__RETRY_ATTEMPTS_FILE" in text
        assert "old names  tries, APP_POOLS__C__RETRY_TRIES" in text

    def test_two_of_its_own(self, explain: Any) -> None:
        """Of two values of its own, the source decides."""
        environ = {"APP_POOLS__C__RETRY_ATTEMPTS": "9"}
        text = explain("pools.c.retry.attempts", "a.toml", environ=environ)

        assert "because the environment wins over files" == why(text)[-1]

    def test_joined_list(self, explain: Any) -> None:
        """A list that several sources make together has all their places."""
        text = explain("joined", "a.toml", "b.toml")
        expected = [
            "set in b.toml:2:10",
            "a.toml:4:10",
            "because the lists of all sources are joined",
        ]

        assert 'joined = ["a", "b"]' == text.split("\n")[0]
        assert expected == why(text)
        assert ["from the default"] == why(explain("joined"))

    def test_name_of_a_file(self, explain: Any, folder: Path) -> None:
        """A place cannot steer the terminal."""
        (folder / "\x1b.toml").write_text(FIRST)

        assert r"from \x1b.toml:2:7" == why(explain("low", "\x1b.toml"))[0]

    def test_union(self, explain: Any) -> None:
        """A setting of a class of a union has its default."""
        text = explain("pet.lives", "a.toml")

        assert "pet.lives = 9" == text.split("\n")[0]
        assert ["from the default"] == why(text)
        assert ["set in a.toml:15:1"] == why(explain("pet", "a.toml"))

    def test_not_set(self, explain: Any) -> None:
        """What no source sets is from nowhere, be it optional or required."""
        assert ["from nowhere: no source sets it"] == why(explain("web", "a.toml"))
        assert ["from nowhere: no source sets it"] == why(explain("secret", "a.toml"))
        assert ["from nowhere: no source sets it, and it is required"] == why(explain("name"))


class TestValue:
    def test_groups_in_a_list(self, explain: Any) -> None:
        """Groups in a list are written as in a file, without what is not set."""
        text = explain("parts", overrides={"parts": [{"name": "a", "token": "canary"}]})

        assert text.startswith('parts = [{name = "a", token = "<secret>", retry = {attempts')
        assert "canary" not in text

    def test_broken(self, explain: Any) -> None:
        """What could not be read has no valid value, but its places; the rest has its own."""
        environ = {"APP_LOW": "x", "APP_RETRY_ATTEMPTS": "0", "APP_HIGH": "6"}
        low, high = (explain(path, "a.toml", environ=environ) for path in ("low", "high"))

        assert "low has no valid value" == low.split("\n")[0]
        assert "from environment variable APP_LOW" == why(low)[0]
        assert "high = 6" == high.split("\n")[0]
        assert "holds      attempts has no valid value" in explain(
            "retry", "a.toml", environ=environ
        )

    def test_file_variable_that_is_another_setting(self, explain: Any) -> None:
        """No variable is named that sets something else."""
        text = explain("web.password", environ={"APP_WEB_URL": "u"})

        assert "  variable  APP_WEB_PASSWORD\n" in text

    def test_restart(self, explain: Any) -> None:
        """A setting that needs a restart says so."""
        assert "a change  needs a restart" in explain("name", "a.toml")
