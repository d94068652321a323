"""A canary in the place of a secret, and everything that is ever shown."""

from __future__ import annotations

import dataclasses
import json
import logging
import traceback
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType

import attrs
import pytest

import meshconf
from meshconf import DotEnv, Secret, SecretsDirectory, rule, setting
from meshconf.diagnostics.json_report import report_json
from meshconf.loading.load import read_outcome
from meshconf.loading.snapshot import Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loading.conftest import Attempt

CANARY = "c4n4ry-PR3F1X"


def refuse(value: str) -> None:
    """Refuse every secret, and say it."""
    msg = f"{value} is refused"
    raise ValueError(msg)


def tell(value: str) -> bool:
    """Do the same."""
    refuse(value)
    return False


@attrs.frozen
class Consul:
    """A group with a secret of each sort."""

    host: str = "consul"
    port: int = 8500
    token: Secret[str] | None = None
    password: str | None = setting(None, secret=True, matches="[a-zA-Z0-9-]+")
    keys: tuple[Secret[str], ...] = ()
    named: dict[str, Secret[str]] = attrs.field(factory=dict)


@attrs.frozen
class Peer:
    """A group in a list."""

    port: int
    password: str = setting("", secret=True)


@attrs.frozen
class App:
    """An application."""

    consul: Consul = Consul()
    peers: tuple[Peer, ...] = ()
    more: tuple[Peer, ...] = setting((), merge="append")
    strict: bool = False
    picky: str = setting("", secret=True, validator=lambda *_: None)

    @rule("consul.token", "strict")
    @staticmethod
    def token_fits(token: Secret[str] | None, strict: bool) -> str | None:
        """A strict application has no token."""
        return f"{token.reveal()} is too much" if token and strict else None

    @rule("consul", "strict")
    @staticmethod
    def consul_fits(consul: Consul, strict: bool) -> str | None:
        """A strict application has no password."""
        return f"{consul.password} is too much" if consul.password and strict else None


@attrs.frozen
class Picky:
    """A class that refuses its secrets in every way."""

    token: str = setting("", secret=True, validator=lambda *of: refuse(of[2]))
    other: Secret[int] = attrs.field(default=Secret(1))
    host: str = attrs.field(default="", validator=lambda *of: of[2] and tell(of[0].token))
    part: str = attrs.field(default="", validator=lambda *of: of[2] and tell(of[0].token[2:10]))

    def __attrs_post_init__(self) -> None:
        """Refuse the whole."""
        refuse(str(self.token))


def shown(found: Any, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Return everything that may be seen of a load, by where it is seen."""
    texts = {"log": caplog.text, "records": repr([vars(one) for one in caplog.records])}
    if isinstance(found, meshconf.ConfigError):
        problems, sources = found.problems, found.sources
        texts["str"], texts["repr"] = str(found), repr(found)
        texts["traceback"] = "".join(traceback.format_exception(found))
        texts["args"] = repr(found.args)
        assert found.__cause__ is None
        assert found.__context__ is None
    else:
        assert isinstance(found, Snapshot)
        problems, sources = found.warnings, found.sources
        texts["snapshot"] = repr(found)
        texts["fingerprint"] = found.fingerprint
        for where, model_setting, value in found.values():
            path = ".".join(map(str, where))
            texts[f"explain {path}"] = found.explain(path)
            texts[f"candidates {path}"] = repr(found.candidates(path))
            if not model_setting.secret and "." in path:
                texts[f"value {path}"] = str(value)
    texts["problems"] = repr(problems)
    texts["json"] = report_json(problems, sources)
    json.loads(texts["json"])
    return texts


def leaks(texts: dict[str, str]) -> list[str]:
    """Name where the canary or a part of it can be seen."""
    return [where for where, text in texts.items() if CANARY in text or CANARY[:5] in text]


BAD = "strict = 7\n"

TEXTS = {
    "right type": f'[consul]\ntoken = "{CANARY}"\n',
    "beside a mistake": f'[consul]\nport = "1"\ntoken = "{CANARY}"\nhost = 1\n',
    "pattern": f'[consul]\npassword = "{CANARY}!"\n',
    "table": f'[consul.token]\nvalue = "{CANARY}"\n',
    "table with a secret key": f'[consul.token."{CANARY}"]\nvalue = 1\n',
    "inline with a secret key": f'[consul]\ntoken = {{ "{CANARY}" = 1 }}\nport = ""\n',
    "array": f'[consul]\ntoken = [\n  "{CANARY}",\n  "{CANARY}"\n]\nport = ""\n',
    "arrays of tables": f'[[consul.token]]\nport = 1\nvalue = "{CANARY}"\n',
    "elements": f'[consul]\nkeys = ["a", "{CANARY}", 3]\n',
    "entries": f'[consul]\nnamed = {{ a = "{CANARY}", b = 3 }}\n',
    "multi-line": f'[consul]\ntoken = """\n{CANARY}\n{CANARY}"""\nport = ""\n',
    "inline table": f'consul = {{ port = "1", token = "{CANARY}" }}\n',
    "dotted": f'consul.token = "{CANARY}"\nconsul.port = ""\n',
    "misspelt key": f'[consul]\ntokn = "{CANARY}"\nport = ""\n',
    "quite misspelt key": f'[consul]\nacl = "{CANARY}"\nport = ""\n',
    "misspelt table": f'[cosul]\ntoken = "{CANARY}"\n',
    "both misspelt": f'[cosul]\nport = 1\ntokn = ["{CANARY}"]\n',
    "one line of both": f'cosul = {{ tokn = "{CANARY}" }}\nconsul.port = ""\n',
    "in the place of a table": f'consul = "{CANARY}"\nstrict = 2\n',
    "in a list of the place": f'consul = ["{CANARY}"]\nstrict = 2\n',
    "under a scalar": f'[consul.host]\ntoken = "{CANARY}"\n',
    "in a comment": f'[consul]\n# token = "{CANARY}"\nport = ""\n',
    "in a comment beside": f'[consul]\ntoken = "x" # was {CANARY}\nport = ""\n',
    "in a misspelt comment": f'[consul]\n# tokn: {CANARY}\nport = ""\n',
    "twice": f'[consul]\ntoken = "{CANARY}"\ntoken = "{CANARY}"\n',
    "twice in a table": f'[consul]\ntoken = "{CANARY}"\n[consul]\nport = 1\n',
    "twice inline": f'consul = {{ tokn = "{CANARY}", tokn = "{CANARY}" }}\n',
    "two spellings": f'[consul]\ntoken = "{CANARY}"\nTOKEN = "{CANARY}"\n',
    "syntax inside": f'[consul]\ntoken = "{CANARY}\n',
    "syntax without quotes": f"[consul]\ntoken = {CANARY}\n",
    "syntax of a number": f"[consul]\ntoken = 12 {CANARY}\n",
    "syntax beside": f'[consul]\nport = 5s\ntoken = "{CANARY}"\n',
    "syntax beside on one line": f'consul = {{ port = 5s, token = "{CANARY}" }}\n',
    "syntax without a key": f'[consul]\nport = 1\n[strict]\n= "{CANARY}"\n',
    "syntax of a value alone": f'"{CANARY}"\n',
    "syntax and misspelt": f"[cosul]\ntokn = {CANARY}\n",
    "syntax in a long text": f'[consul]\ntoken = """x\n[strict]\n{CANARY}\\q"""\n',
    "syntax in an escape": f'[consul]\n"\\u0074oken" = "{CANARY}\\q"\n',
    "syntax after an array": f'[consul]\nkeys = [\n"x",\n[strict]\n{CANARY}\n]\n',
    "in a list of groups": f'[[peers]]\nport = "1"\npassword = "{CANARY}"\n',
    "sound list of groups": f'[[peers]]\nport = 1\npassword = "{CANARY}"\n',
    "joined list of groups": f'[[more]]\nport = 1\npassword = "{CANARY}"\n',
    "misspelt in a list": f'[[peers]]\nport = 1\npasswrd = "{CANARY}"\n',
    "wrong in a list": f'peers = ["{CANARY}"]\n',
    "rule": f'strict = true\nconsul.token = "{CANARY}"\n',
    "rule of a group": f'strict = true\nconsul.password = "{CANARY}"\n',
    "config version": f'config_version = "x"\nconsul.token = "{CANARY}"\n',
}


class TestFile:
    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    @pytest.mark.parametrize("also", ["", BAD], ids=["alone", "failing"])
    def test_shows_no_secret(
        self, text: str, also: str, attempt: Attempt, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A secret in a file is nowhere to be seen, whatever is wrong with or beside it."""
        caplog.set_level(logging.DEBUG)
        found = attempt(also * (not text.startswith("strict")) + text, schema=App)

        assert [] == leaks(shown(found, caplog))

    @pytest.mark.parametrize("policy", ["warn", "error", "allow"])
    def test_by_policy(
        self, policy: Any, attempt: Attempt, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whether a secret in a file is a warning, an error or fine, it is not shown."""
        (folder / "app.toml").write_text(TEXTS["right type"])
        source = meshconf.File("app.toml", secret_in_file=policy)
        found = attempt(None, source, schema=App)
        problems = found.problems if policy == "error" else found.warnings

        assert {"warn": ["warning"], "error": ["error"], "allow": []}[policy] == [
            one.severity for one in problems
        ]
        assert [] == leaks(shown(found, caplog))


@attrs.frozen
class Pool:
    """An entry without a secret."""

    size: int = 1


@attrs.frozen
class Maps:
    """A map of groups with secrets, and one of groups without."""

    plain: dict[str, Pool] = attrs.field(factory=dict)
    peers: dict[str, Peer] = attrs.field(factory=dict)


@attrs.frozen
class Open:
    """A member of a union whose token may be seen."""

    kind: Literal["open"]
    token: str = ""


@attrs.frozen
class Closed:
    """A member whose token may not."""

    kind: Literal["closed"]
    token: Secret[str] | None = None


@attrs.frozen
class Union:
    """They together."""

    union: Open | Closed | None = None


class TestUnions:
    @pytest.mark.parametrize("kind", ["KIND = 'closed'\n", "kind = 'six'\n", ""])
    @pytest.mark.parametrize("environ", [{}, {"APP_UNION_KIND": "closed"}])
    @pytest.mark.parametrize("also", ["", "x = 1\n"], ids=["alone", "failing"])
    def test_of_one_of_the_classes(
        self,
        kind: str,
        environ: dict[str, str],
        also: str,
        attempt: Attempt,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """What one of the classes keeps secret is hidden unless the table tells another."""
        text = f"[union]\n{kind}token = '{CANARY}'\n{also}"

        assert [] == leaks(shown(attempt(text, schema=Union, environ=environ), caplog))


class TestMaps:
    @pytest.mark.parametrize("names", [("plain", "peers"), ("peers", "plain")])
    def test_in_the_place_of_entries(self, names: tuple[str, str], attempt: Attempt) -> None:
        """What stands in the place of an entry is hidden where the entry would have a secret."""
        values = {"plain": ["seen"] * 20, "peers": [CANARY] * 20}
        tables = (
            f"[{name}]\n" + "".join(f'k{n} = "{value}"\n' for n, value in enumerate(values[name]))
            for name in names
        )
        report = str(attempt("".join(tables), schema=Maps))

        assert (0, 20) == (report.count(CANARY), report.count('"seen"'))


VARIABLES = {
    "right type": {"CONSUL_TOKEN": CANARY},
    "empty": {"CONSUL_TOKEN": "", "CONSUL_PASSWORD": CANARY},
    "pattern": {"CONSUL_PASSWORD": f"{CANARY}!"},
    "sound group": {"CONSUL": json.dumps({"token": CANARY})},
    "broken group": {"CONSUL": f'{{"token": "{CANARY}", }}'},
    "group with a mistake": {"CONSUL": json.dumps({"token": CANARY, "port": "x"})},
    "group with a misspelling": {"CONSUL": json.dumps({"tokn": CANARY, "port": "x"})},
    "group twice": {"CONSUL": f'{{"token": "{CANARY}", "token": "{CANARY}"}}'},
    "no group": {"CONSUL": CANARY},
    "no table": {"CONSUL": f'["{CANARY}"]'},
    "elements": {"CONSUL_KEYS": f"a,{CANARY}"},
    "broken elements": {"CONSUL_KEYS": f'["{CANARY}"'},
    "wrong elements": {"CONSUL_KEYS": f'["{CANARY}", 1]'},
    "entries": {"CONSUL_NAMED": f'{{"a": "{CANARY}", "b": 1}}'},
    "broken entries": {"CONSUL_NAMED": f'{{"a": "{CANARY}", '},
    "list of groups": {"PEERS": json.dumps([{"port": 1, "password": CANARY}])},
    "wrong list of groups": {"PEERS": json.dumps([{"port": "x", "password": CANARY}])},
    "broken list of groups": {"PEERS": f'[{{"port": "x", "password": "{CANARY}"}}'},
    "plain list of groups": {"PEERS": CANARY},
    "misspelt": {"CONSUL_TOKN": CANARY},
    "link": {"CONSUL_PORT": "tcp://10.0.0.1:80", "CONSUL_TOKEN": CANARY},
    "rule": {"CONSUL_TOKEN": CANARY, "STRICT": "true"},
}


class TestVariables:
    @pytest.mark.parametrize("variables", VARIABLES.values(), ids=VARIABLES)
    @pytest.mark.parametrize("source", ["env", "dotenv", "file"])
    @pytest.mark.parametrize("also", ["", BAD], ids=["alone", "failing"])
    def test_shows_no_secret(
        self,
        variables: dict[str, str],
        source: str,
        also: str,
        attempt: Attempt,
        folder: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A secret in a variable, a .env file or a NAME_FILE is nowhere to be seen."""
        environ = {f"APP_{name}": text for name, text in variables.items()}
        sources: list[Any] = []
        if source == "dotenv":
            quoted = [f"{name}='{text}'\n" for name, text in environ.items()]
            (folder / ".env").write_text("".join(quoted))
            sources, environ = [DotEnv(".env", "APP_")], {}
        elif source == "file":
            for name, text in environ.items():
                (folder / name).write_text(text)
            environ = {f"{name}_FILE": str(folder / name) for name in environ}
        found = attempt(also, *sources, schema=App, environ=environ)

        assert [] == leaks(shown(found, caplog))


OVERRIDES = {
    "right type": {"consul.token": CANARY},
    "secret": {"consul": {"token": Secret(CANARY)}},
    "wrong type": {"consul.token": [CANARY]},
    "secret of a wrong type": {"consul.token": Secret([CANARY]), "strict": True},
    "table": {"consul.token": {CANARY: CANARY}},
    "misspelt": {"consul.tokn": CANARY},
    "pattern": {"consul.password": f"{CANARY}!"},
    "object": {"consul": Consul(token=Secret(CANARY), password=CANARY)},
    "objects": {"peers": [Peer(1, CANARY)]},
    "rule": {"consul.password": CANARY, "strict": True},
}


class TestOtherSources:
    @pytest.mark.parametrize("overrides", OVERRIDES.values(), ids=OVERRIDES)
    @pytest.mark.parametrize("also", ["", BAD], ids=["alone", "failing"])
    def test_overrides(
        self,
        overrides: dict[str, Any],
        also: str,
        attempt: Attempt,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A secret among the overrides is nowhere to be seen."""
        found = attempt(also, schema=App, overrides=overrides)

        assert [] == leaks(shown(found, caplog))

    @pytest.mark.parametrize("name", ["consul.token", "consul.password", "consul.keys", "peers"])
    @pytest.mark.parametrize("mode", [0o600, 0o644])
    @pytest.mark.parametrize("also", ["", BAD], ids=["alone", "failing"])
    def test_directory(
        self,
        name: str,
        mode: int,
        also: str,
        attempt: Attempt,
        folder: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A secret in a directory of secrets is nowhere to be seen."""
        (folder / "secrets").mkdir()
        (folder / "secrets" / name).write_text(f"{CANARY} {CANARY}!")
        (folder / "secrets" / name).chmod(mode)
        found = attempt(also, SecretsDirectory("secrets"), schema=App)

        assert [] == leaks(shown(found, caplog))

    def test_shadowed(self, attempt: Attempt, caplog: pytest.LogCaptureFixture) -> None:
        """A secret that another value overrides is nowhere to be seen either."""
        text = f'[consul]\ntoken = "{CANARY}"\n[[peers]]\nport = 1\npassword = "{CANARY}"\n'
        environ = {"APP_CONSUL_TOKEN": "x", "APP_PEERS": "[7]", "APP_STRICT": "7"}

        assert [] == leaks(shown(attempt(text, schema=App, environ=environ), caplog))


class TestAuthorsWords:
    @pytest.mark.parametrize(
        "text",
        [
            f'token = "{CANARY}"\n',
            f'token = "{CANARY}"\nhost = "x"\n',
            f'token = "{CANARY}"\npart = "x"\n',
            f'other = "{CANARY}"\n',
        ],
    )
    def test_are_not_shown_with_secrets(
        self, text: str, attempt: Attempt, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What validators and classes say is left out where it would tell a secret."""
        found = attempt(text, schema=Picky)

        assert "MC207" in {one.code for one in found.problems} or "other" in text
        assert [] == leaks(shown(found, caplog))

    def test_rule_is_told_by_its_docstring(self, attempt: Attempt) -> None:
        """A rule that tells a secret is told by what its docstring states."""
        found = attempt(TEXTS["rule of a group"], schema=App)
        message = "the rule `consul_fits` does not hold: A strict application has no password."

        assert [message] == [one.message for one in found.problems if one.code == "MC301"]


class TestConfig:
    def test_repr(self, attempt: Attempt) -> None:
        """The configuration itself masks what is declared as Secret."""
        found = attempt(TEXTS["right type"], schema=App)

        assert CANARY == found.config.consul.token.reveal()
        assert "token=<secret>" in repr(found.config)
        assert CANARY not in repr(found.config)

    def test_partial(self) -> None:
        """What could be made of a configuration with errors does not show what it is made of."""
        overrides = {"consul.token": CANARY, "strict": 7}
        outcome = read_outcome(App, [], prefix=None, overrides=overrides)

        assert outcome.snapshot is None
        assert CANARY not in repr(outcome.config)

    def test_converter(self) -> None:
        """What a converter gives is a Secret where the hint says so, and is not wrapped twice."""

        @dataclasses.dataclass
        class Converted:
            token: Annotated[Secret[str], setting(converter=str.strip)]
            pin: Annotated[Secret[str] | None, setting(converter=Secret)]
            gone: Annotated[Secret[str] | None, setting(converter=lambda _: None)]
            many: Annotated[tuple[Secret[str], ...], setting(converter=tuple)]

        overrides = {"token": f" {CANARY} ", "pin": "7", "gone": "x", "many": "ab"}
        config = meshconf.load(schema=Converted, prefix=None, overrides=overrides)

        assert Secret(CANARY) == config.token
        assert Secret("7") == config.pin
        assert config.gone is None
        assert ["a", "b"] == [*map(str, config.many)]
        assert CANARY not in repr(config)

    @pytest.mark.parametrize("by_class", [True, False])
    def test_converter_of_a_named_type(self, by_class: bool, attempt: Attempt) -> None:
        """So it is where the hint calls the Secret by another name."""
        named: Any = NewType  # as a `type` statement names a hint, which Python 3.12 has
        token = named("Token", Secret[str])
        if by_class:
            schema: Any = attrs.make_class(
                "App", {"token": attrs.field(type=token, converter=Secret)}
            )
        else:
            hint = Annotated[token, setting(converter=str.strip)]  # type: ignore[valid-type]
            schema = dataclasses.make_dataclass("App", [("token", hint)])
        found = attempt(None, schema=schema, overrides={"token": CANARY})
        (_, declared, value), *_ = found.values()

        assert declared.secret
        assert Secret(CANARY) == value

    def test_fingerprint(self, attempt: Attempt) -> None:
        """Secrets have no part in the fingerprint."""
        texts = [f'[[peers]]\nport = 1\npassword = "{value}"\n' for value in ("a", "b")]
        first, second = (attempt(text, schema=App) for text in texts)

        assert first.fingerprint == second.fingerprint
