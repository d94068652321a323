"""The effective configuration, written down."""

from __future__ import annotations

import datetime as dt
import enum
import json
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import tomli

from meshconf import Secret, read, setting
from meshconf.describe import effective
from meshconf.diagnostics.json_report import json_text
from meshconf.diagnostics.styled import plain
from meshconf.diagnostics.words import dotted
from meshconf.schema.compile import model_of


def effective_toml(snapshot: Any) -> str:
    """Write a configuration as TOML."""
    shown = effective.shown_values(snapshot)
    model: Any = model_of(type(snapshot.config))  # type: ignore[arg-type]
    return plain(effective.effective_toml(shown, model)) + "\n"


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

        assert '# value = ["<secret>"]  # overrides\n' == shown

    def test_maps_of_groups_become_tables(self):
        """Entries of a map are tables, their keys quoted where TOML asks for it."""
        overrides = {"entries": {"a.b": {"name": "x"}, "c": {"name": "y"}}}
        shown = effective_toml(read(schema=Nested, prefix=None, overrides=overrides))

        assert {"a.b": {"name": "x"}, "c": {"name": "y"}} == tomli.loads(shown)["entries"]


@attrs.frozen(kw_only=True)
class Group:
    """A group that may be there although nothing in it is set."""

    note: str | None = None
    token: Secret[str] | None = None
    tokens: list[Secret[str]] | None = None
    any_value: Any = "x"
    parts: list[Part] = attrs.Factory(list)


@attrs.frozen(kw_only=True)
class Root:
    """Tables of all kinds."""

    wait: float = setting(1.0, help="Wait.")
    entries: dict[str, Group] = attrs.Factory(dict)
    group: Group | None = None
    filled: dict[str, int] = attrs.Factory(lambda: {"a": 1})


@attrs.frozen(kw_only=True)
class Tree:
    """A map of groups with maps, and a setting after it."""

    roots: dict[str, Root] = attrs.Factory(dict)
    last: int = 0


def rows_of(overrides: Any, **options: Any) -> list[effective.Shown]:
    """Load overrides and choose what is shown."""
    return effective.shown_values(read(schema=Root, prefix=None, overrides=overrides), **options)


def toml_of(overrides: Any, **options: Any) -> str:
    """Write what is shown as TOML."""
    return plain(effective.effective_toml(rows_of(overrides, **options), model_of(Root)))


def env_of(overrides: Any, **options: Any) -> list[str]:
    """Write what is shown as variables."""
    lines = effective.effective_env(rows_of(overrides, **options), model_of(Root), "X_")
    return plain(lines).split("\n")


class TestShownValues:
    def test_path(self) -> None:
        """Only what stands at or under the path is shown."""
        shown = rows_of({"entries": {"a": {"note": "n"}, "b": {}}}, path="entries.a.note")

        assert [("entries", "a", "note")] == [one.path for one in shown]

    def test_unknown_path(self) -> None:
        """A path that there is not is refused."""
        with pytest.raises(KeyError, match="no setting is called nothing"):
            rows_of({}, path="nothing")

    def test_non_default(self) -> None:
        """Only what a source sets is shown, tables that it leaves empty too."""
        overrides: dict[str, Any] = {"entries": {"a": {}}, "group": {}}

        assert "group = {}  # overrides\n\n[entries]\na = {}  # overrides" == toml_of(
            overrides, non_default=True
        )

    def test_emptied_map(self) -> None:
        """A map that a source sets to nothing is shown."""
        assert "entries = {}  # overrides" == toml_of({"entries": {}}, non_default=True)
        assert "X_ENTRIES='{}'" == env_of({"entries": {}}, non_default=True)[0]

    def test_emptied_group(self) -> None:
        """An optional group that a source sets to nothing is shown, once."""
        assert ["X_GROUP='{}'"] == env_of({"group": {}}, non_default=True)

    def test_secrets(self) -> None:
        """Secrets are masked, and shown where that is asked for, in lists too."""
        part = {"name": "p", "secret": "canary"}
        overrides = {"group": {"token": "canary", "tokens": ["canary"], "parts": [part]}}
        hidden, shown = (toml_of(overrides, show_secrets=show) for show in (False, True))

        assert "canary" not in hidden
        assert '\n# parts = [{ name = "p", secret = "<secret>" }]  # overrides' in hidden
        assert "# token = <secret>  # overrides" in hidden
        assert 3 == shown.count('"canary"')
        assert "<secret>" not in shown


class TestShownExcerpt:
    ENTRIES: ClassVar[Any] = {"entries": {"a": {}, "b": {"note": "n", "token": "canary"}, "c": {}}}

    def excerpt(self, *arguments: Any, **options: Any) -> tuple[list[str], dict[Any, int]]:
        """Return the paths of notes, and what is left out."""
        snapshot = read(schema=Root, prefix=None, overrides=self.ENTRIES)
        shown, left_out = effective.shown_excerpt(snapshot, *arguments, **options)
        return [dotted(one.path) for one in shown if one.path[-1] == "note"], left_out

    def test_first_entries(self) -> None:
        """Of a map the first entries are shown, and the others counted."""
        shown = ["entries.a.note", "entries.b.note"]

        assert (shown, {("entries",): 1}) == self.excerpt(most_entries=2)

    def test_all(self) -> None:
        """Nothing is left out of maps that are no larger, or if all is asked for."""
        shown = [f"entries.{key}.note" for key in "abc"]

        assert (shown, {}) == self.excerpt(most_entries=3) == self.excerpt(most_entries=None)

    def test_path_through_a_map(self) -> None:
        """A map above the path shows the entry that is asked for, wherever it stands."""
        assert (["entries.c.note"], {}) == self.excerpt("entries.c", most_entries=1)

    def test_no_entries(self) -> None:
        """A map of which no entry is shown is there as one that is empty."""
        snapshot = read(schema=Root, prefix=None, overrides=self.ENTRIES)
        shown, left_out = effective.shown_excerpt(snapshot, "entries", most_entries=0)

        assert [(("entries",), {})] == [(one.path, one.value) for one in shown]
        assert {("entries",): 3} == left_out

    def test_maps_in_maps(self) -> None:
        """What follows a map that is cut is shown, and what is left out with its map not counted."""
        roots: Any = {key: {"entries": {"x": {}, "y": {}}} for key in "ab"}
        snapshot = read(schema=Tree, prefix=None, overrides={"roots": roots})
        shown, left_out = effective.shown_excerpt(snapshot, most_entries=1)

        assert {("roots",): 1, ("roots", "a", "entries"): 1} == left_out
        assert ["roots.a.filled", "last"] == [
            dotted(one.path) for one in shown if one.path[-1] in {"filled", "last"}
        ]

    def test_secrets(self) -> None:
        """Secrets are masked."""
        snapshot = read(schema=Root, prefix=None, overrides=self.ENTRIES)
        ((token,), _) = effective.shown_excerpt(snapshot, "entries.b.token", most_entries=1)

        assert ("<secret>", True) == (token.value, token.hidden)


class TestTomlText:
    def test_control_characters(self) -> None:
        """Text cannot steer the terminal, and is still the same text."""
        note = "\x1b[1m\u202e\U000e0001\t\n"
        text = toml_of({"group": {"note": note}}, path="group.note")

        assert text.replace("\n", "").isprintable()
        assert note == tomli.loads(text)["group"]["note"]

    def test_origin(self) -> None:
        """Each value has its origin behind it; what is not set has a remark."""
        expected = "[entries.a]\n# note is not set"

        assert "wait = 1.0  # default" == toml_of({}, path="wait")
        assert expected == toml_of({"entries": {"a": {}}}, path="entries.a.note")


class TestEnv:
    def test_lines(self) -> None:
        """Values are lines; secrets and what is not set are remarks."""
        overrides = {"group": {"note": "a b", "token": "canary"}}
        expected = [
            "# X_GROUP_TOKEN=<secret>",
            "# X_GROUP_TOKENS is not set",
            "X_GROUP_ANY_VALUE=x",
            "X_GROUP_PARTS='[]'",
        ]

        assert ["X_GROUP_NOTE='a b'", *expected] == env_of(overrides, path="group")

    @pytest.mark.parametrize("key", ["a.b", "A", "a_b", "a b", "-a", "a--b", "é"])
    def test_key_that_no_variable_spells(self, key: str) -> None:
        """A map with such a key is JSON as a whole, so that no other entry is mistaken for it."""
        overrides = {"entries": {key: {"note": "n"}, "a-b": {"note": "m"}}}
        (line,) = env_of(overrides, path="entries", non_default=True)

        assert f"""X_ENTRIES='{{"{key}": {{"note": "n"}}, "a-b": {{"note": "m"}}}}'""" == line

    def test_key_that_a_variable_spells(self) -> None:
        """An entry with a plain name has variables of its own."""
        overrides = {"entries": {"a-b1": {"note": "n"}}}

        assert ["X_ENTRIES__A_B1__NOTE=n"] == env_of(overrides, non_default=True)

    def test_tables_with_nothing_to_write(self) -> None:
        """What is there without a value that could be written is there as JSON."""
        overrides = {"entries": {"a": {"token": "canary"}}, "group": {"token": "canary"}}
        expected = [
            "# X_ENTRIES__A__TOKEN=<secret>",
            "# X_GROUP_TOKEN=<secret>",
            """X_ENTRIES='{"a": {}}'""",
            "X_GROUP='{}'",
        ]

        assert expected == env_of(overrides, non_default=True)

    def test_group_within_a_map(self) -> None:
        """What is in a map that is JSON is written there alone."""

        @attrs.frozen
        class Outer:
            groups: dict[str, Root] = attrs.Factory(dict)

        data: dict[str, Any] = {"groups": {"a.b": {"group": {}, "entries": {"c": {}}}}}
        snapshot = read(schema=Outer, prefix=None, overrides=data)
        shown = effective.shown_values(snapshot, non_default=True)
        (line,) = effective.effective_env(shown, model_of(Outer), "X_")

        assert """X_GROUPS='{"a.b": {"entries": {"c": {}}, "group": {}}}'""" == plain([line])

    def test_value_that_no_line_holds(self) -> None:
        """What would be read as something else is told of; in a group, it is JSON."""
        snapshot = read(schema=Untyped, prefix=None, overrides={"value": 5})
        shown = effective.shown_values(snapshot)
        (line,) = effective.effective_env(shown, model_of(Untyped), "X_")
        overrides = {"group": {"note": "\x1b", "any_value": 5}}

        assert "# X_VALUE has a value that no line can hold: 5" == plain([line])
        assert [r"""X_GROUP='{"note": "\\u001b", "any_value": 5}'"""] == env_of(
            overrides, non_default=True
        )

    def test_small_number(self) -> None:
        """A number has no exponent, which durations and sizes do not know."""
        assert ["X_WAIT=0.00000015"] == env_of({"wait": 1.5e-7}, path="wait")


class TestJson:
    def test_is_complete(self) -> None:
        """Each value has its path, its origin, and whether it is a secret; so has the whole."""
        overrides = {"group": {"token": "canary"}}
        snapshot = read(schema=Root, prefix=None, overrides=overrides)
        text = effective.effective_json(snapshot, effective.shown_values(snapshot))
        document = json.loads(text)
        origin = {"kind": "override", "name": "overrides", "line": None, "column": None}
        expected = {"path": "group.token", "value": "<secret>", "sensitive": True, "origin": origin}

        assert "canary" not in text
        assert expected in document["settings"]
        assert ["wait", "group.note", "group.token"] == [
            one["path"] for one in document["settings"]
        ][:3]
        assert ("1.0", snapshot.fingerprint, ["overrides"]) == tuple(
            document[key] for key in ("format_version", "fingerprint", "sources")
        )

    def test_sensitive(self) -> None:
        """A value is called sensitive if it holds a secret, whether that is shown or not."""
        overrides = {"parts": [{"name": "x", "secret": "canary"}]}
        snapshot = read(schema=Everything, prefix=None, overrides=overrides)
        found = [
            {one["path"]: one["sensitive"] for one in json.loads(text)["settings"]}
            for text in (
                effective.effective_json(
                    snapshot, effective.shown_values(snapshot, show_secrets=show)
                )
                for show in (False, True)
            )
        ]

        assert [(True, False)] * 2 == [(one["parts"], one["names"]) for one in found]


class Stubborn:
    """An object that does not say what it is."""

    def __repr__(self) -> str:
        raise RuntimeError

    def __hash__(self) -> int:
        return 1


class TestOpaque:
    """Values that no file can say."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (IPv4Address("1.2.3.4"), "1.2.3.4"),
            ([1, None], "[1, null]"),
            ({"a": None}, "{ a = null }"),
            (object(), "<object object>"),
            ([Stubborn()], "[<Stubborn>]"),
            ({Stubborn(): 1.5, "b": {Stubborn()}}, '{ "<Stubborn>" = 1.5, b = [<Stubborn>] }'),
            pytest.param(16**5000, hex(16**5000), id="digits"),
            (b"x", "b'x'"),
            ("\ud800", '"\\ud800"'),
            (dt.time(1, tzinfo=dt.timezone.utc), "01:00:00+00:00"),
        ],
    )
    def test_toml(self, value: Any, expected: str) -> None:
        """What TOML cannot say stands in a comment, in its own words."""
        snapshot = read(schema=Untyped, prefix=None, overrides={"value": value})
        shown = effective_toml(snapshot)

        assert f"# value = {expected}  # overrides\n" == shown

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ([dt.date(2026, 1, 2)], "2026-01-02"),
            ({"a": float("inf")}, '{"a": "inf"}'),
            (float("nan"), "NaN"),
            (IPv4Address("1.2.3.4"), "1.2.3.4"),
            (Stubborn(), "<Stubborn>"),
            (["two\nlines", Stubborn()], '["two\\nlines", "<Stubborn>"]'),
        ],
    )
    def test_env(self, value: Any, expected: str) -> None:
        """What a variable would be read as something else stands in a comment."""
        snapshot = read(schema=Untyped, prefix=None, overrides={"value": value})
        lines = effective.effective_env(effective.shown_values(snapshot), model_of(Untyped), "X_")

        assert f"# X_VALUE has a value that no line can hold: {expected}" == plain(lines)

    def test_env_in_a_map(self) -> None:
        """In a map that is written as JSON, what JSON cannot say is left to a comment."""
        overrides = {"entries": {"a.b": {"note": "n", "any_value": dt.date(2026, 1, 2)}}}
        comment, line = env_of(overrides, path="entries", non_default=True)

        assert comment.endswith(" has a value that no line can hold: 2026-01-02")
        assert """X_ENTRIES='{"a.b": {"note": "n"}}'""" == line

    def test_env_with_secrets_in_a_list(self) -> None:
        """A value that holds a masked secret is a comment; revealed, it is a line."""
        part = {"name": "p", "secret": "canary"}
        overrides = {"group": {"note": "n", "parts": [part]}}
        hidden, shown = (
            env_of(overrides, path="group.parts", show_secrets=show) for show in (False, True)
        )

        assert """# X_GROUP_PARTS=[{"name": "p", "secret": "<secret>"}]""" == hidden[0]
        assert """X_GROUP_PARTS='[{"name": "p", "secret": "canary"}]'""" == shown[0]

    def test_json(self) -> None:
        """JSON has text where it has no value."""
        values = [IPv4Address("1.2.3.4"), float("nan"), -float("inf"), None, Stubborn(), 1]
        snapshot = read(schema=Untyped, prefix=None, overrides={"value": values})
        text = json_text({"value": effective.shown_values(snapshot)[0].value})

        assert ["1.2.3.4", "nan", "-inf", None, "<Stubborn>", 1] == json.loads(text)["value"]
