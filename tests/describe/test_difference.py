"""The difference between two configurations."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

from meshconf import Seconds, Secret, ServiceMeshConfig, setting
from meshconf.describe.difference import (
    difference_json,
    difference_lines,
    difference_markdown,
    differences,
    in_the_way,
)
from meshconf.diagnostics.styled import plain
from meshconf.loading.load import read_outcome

if TYPE_CHECKING:
    from pathlib import Path


@attrs.frozen
class Retry:
    attempts: int = setting(3, ge=1)
    wait: Seconds = 1.0


@attrs.frozen
class Untyped:
    value: Any = None


@attrs.frozen
class Row:
    name: str
    token: Secret[str] | None = None


@attrs.frozen(kw_only=True)
class Pool:
    size: int = 1
    retry: Retry = setting(Retry(), inherits="retry")


@attrs.frozen(kw_only=True)
class Web:
    url: str = "u"
    port: int


@attrs.frozen(kw_only=True)
class App:
    name: str
    text: str = setting("t", reload="restart")
    gap: int = setting(1, unit="hosts")
    names: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    retry: Retry = Retry()
    pools: dict[str, Pool] = attrs.Factory(dict)
    web: Web | None = None
    secret: Secret[str] | None = None
    maybe: int | None = None


@attrs.frozen
class Left:
    kind: Literal["left"]


@attrs.frozen
class Right:
    kind: Literal["right"]


@attrs.frozen
class Holder:
    side: Left | Right | None = None


def outcome(schema: Any = App, **data: Any) -> Any:
    """Load data, sound or not."""
    return read_outcome(schema, (), prefix=None, overrides=data)


def found(old: dict[str, Any], new: dict[str, Any]) -> Any:
    """Compare data that have a name."""
    return differences(outcome(**{"name": "n", **old}), outcome(**{"name": "n", **new}))


def lines(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Write what differs, without the places."""
    return [
        plain([line]).removesuffix("  overrides").removesuffix("  the default")
        for line in difference_lines(found(old, new))
    ]


class TestLines:
    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ({}, {}, []),
            ({}, {"gap": 2}, ["gap 1 hosts → 2 hosts"]),
            ({"gap": 2}, {}, ["gap 2 hosts → 1 hosts"]),
            ({}, {"text": "u"}, ['text "t" → "u" (needs restart)']),
            ({}, {"retry": {"wait": "500ms"}}, ["retry.wait 1 s → 0.5 s"]),
            ({}, {"maybe": 1}, ["maybe not set → 1"]),
            ({"names": ["a"]}, {"names": ["a", "b"]}, ['names ["a"] → ["a", "b"]']),
            ({}, {"pools": {"a": {}}}, ["pools.a (added)"]),
            (
                {"pools": {"a": {"size": 2}}},
                {},
                ["pools.a (removed)", "pools.a.size = 2 (removed)"],
            ),
            (
                {"pools": {"b": {"size": 2}}},
                {"pools": {"b": {"size": 3}, "a.b": {"retry": {"attempts": 4}}}},
                [
                    "pools.b.size 2 → 3",
                    'pools."a.b" (added)',
                    'pools."a.b".retry.attempts = 4 (added)',
                ],
            ),
            ({}, {"web": {"port": 1}}, ["web (added)", "web.port = 1 (added)"]),
            ({"web": {"port": 1}}, {"web": {"port": 2}}, ["web.port 1 → 2"]),
        ],
    )
    def test_of_settings(self, old: Any, new: Any, expected: list[str]) -> None:
        """Each setting has a line; of what only one side has, what a source sets."""
        assert expected == lines(old, new)

    def test_inherited(self) -> None:
        """What inherits a change is told beside it, and what differs by itself is not."""
        pools = {"a": {}, "b": {}, "c": {"retry": {"attempts": 9}}}
        both = lines({"pools": pools}, {"pools": pools, "retry": {"attempts": 5}})
        one = lines({"pools": {"a": {}}}, {"pools": {"a": {}}, "retry": {"attempts": 5}})

        three = lines(
            {"pools": {"x": {}, "y": {}, "z": {}}},
            {"pools": {"x": {}, "y": {}, "z": {}}, "retry": {"attempts": 5}},
        )

        also = "also pools.a.retry.attempts and pools.b.retry.attempts"

        assert [f"retry.attempts 3 → 5 ({also})"] == both
        assert ["retry.attempts 3 → 5 (also pools.a.retry.attempts)"] == one
        assert ["retry.attempts 3 → 5 (also in 3 that inherit it)"] == three

    def test_place(self, tmp_path: Path) -> None:
        """Each line ends with the place of the new value."""
        file = tmp_path / "app.toml"
        file.write_text('name = "n"\ngap = 2\n')
        new = read_outcome(App, (file,), prefix=None)
        old = outcome(name="n", text="u")
        actual = [plain([line]) for line in difference_lines(differences(old, new))]

        assert [
            'text "u" → "t" (needs restart)  the default',
            f"gap 1 hosts → 2 hosts  {file}:2:7",
        ] == actual

    def test_name_of_a_file(self, tmp_path: Path) -> None:
        """A place cannot steer the terminal."""
        file = tmp_path / "\x1b.toml"
        file.write_text('name = "m"\n')
        old, new = outcome(name="n"), read_outcome(App, (file,), prefix=None)

        assert plain(difference_lines(differences(old, new))).isprintable()

    def test_secret(self) -> None:
        """A change of a secret is told, its value is not."""
        assert ["secret <secret> → <secret> (secrets are not shown)"] == lines(
            {"secret": "canary"}, {"secret": "other"}
        )
        assert ["secret not set → <secret>"] == lines({}, {"secret": "canary"})

    def test_secret_in_a_list(self) -> None:
        """A secret in a group of a list is masked."""
        old = {"rows": [{"name": "a", "token": "canary"}]}

        assert ['rows [{ name = "a", token = "<secret>" }] → []'] == lines(old, {})

    def test_long_list(self) -> None:
        """A reviewer sees the whole of a long list."""
        names = [f"name-{number}" for number in range(200)]

        assert all(f'"{name}"' in lines({}, {"names": names})[0] for name in names)

    def test_control_characters(self) -> None:
        """Text from a file cannot steer the terminal."""
        (line,) = lines({}, {"text": "\x1b[1m\u202e\n"})

        assert line.isprintable()
        assert r'text "t" → "\u001b[1m\u202e\n" (needs restart)' == line


class TestInTheWay:
    def test_sound(self) -> None:
        """Nothing is in the way of what loads."""
        assert () == in_the_way(outcome(name="n"))

    def test_required(self) -> None:
        """What is required may come from the deployment; it is then not set."""
        old, new = outcome(), outcome(name="n")
        actual = [plain([line]) for line in difference_lines(differences(old, new))]

        assert () == in_the_way(old)
        assert ['name not set → "n"  overrides'] == actual

    def test_error(self) -> None:
        """Any other error is in the way, and the missing ones beside it too."""
        codes = [one.code for one in in_the_way(outcome(gap="x"))]

        assert {"MC102", "MC201"} == set(codes)

    def test_group_that_could_not_be_made(self) -> None:
        """A group whose settings could not be compared is in the way."""
        union = outcome(Holder, side={})

        assert ["MC102"] == [one.code for one in in_the_way(union)]


class TestMarkdown:
    def test_table(self) -> None:
        """The table has a row for each setting, and remarks in its last column."""
        new = {"text": "u", "pools": {"a": {"size": 2}}, "maybe": 1}
        expected = """\
**Configuration: `HEAD~1` → `app.toml`**

| Setting | Before | After | Note |
| --- | --- | --- | --- |
| `text` | `"t"` | `"u"` | needs restart |
| `maybe` | not set | `1` |  |
| `pools.a` | - | a table |  |
| `pools.a.size` | - | `2` |  |"""
        actual = difference_markdown(found({}, new), "HEAD~1", "app.toml").split("\n")

        assert sorted(expected.split("\n")) == sorted(actual)

    def test_none(self) -> None:
        """That nothing differs is said."""
        expected = "**Configuration: `a` → `b`**\n\nNo setting differs."

        assert expected == difference_markdown([], "a", "b")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a|b", '`"a\\|b"`'),
            ("a`b", '`` "a`b" ``'),
            ("a``b", '``` "a``b" ```'),
            ("a\nb", '`"a\\nb"`'),
            ("\x1b", '`"\\u001b"`'),
        ],
    )
    def test_escapes(self, text: str, expected: str) -> None:
        """A value ends neither its cell nor its quotes nor its line."""
        row = difference_markdown(found({}, {"text": text}), "a", "b").split("\n")[-1]

        assert f'| `text` | `"t"` | {expected} | needs restart |' == row

    def test_secret(self) -> None:
        """A secret is masked."""
        actual = difference_markdown(found({}, {"secret": "canary"}), "a", "b")

        assert "canary" not in actual
        assert "| `secret` | not set | `<secret>` |  |" in actual


class TestJson:
    def test_entry(self) -> None:
        """Each difference has its path, its sort, its values and their origins."""
        document = json.loads(difference_json(found({}, {"gap": 2}), "a", "b"))
        default = {"kind": "default", "name": "App.gap", "line": None, "column": None}
        expected = {
            "path": "gap",
            "sort": "changed",
            "old": 1,
            "new": 2,
            "sensitive": False,
            "needs_restart": False,
            "inherited_by": [],
            "old_origin": default,
            "new_origin": default | {"kind": "override", "name": "overrides"},
        }

        assert ("1.0", "a", "b") == tuple(document[key] for key in ("format_version", "old", "new"))
        assert [expected] == document["differences"]

    def test_secrets_and_entries(self) -> None:
        """Secrets are masked, also in lists; what a side does not have is null."""
        new = {"secret": "canary", "rows": [{"name": "a", "token": "canary"}], "pools": {"a": {}}}
        text = difference_json(found({}, new), "a", "b")
        one = {one["path"]: one for one in json.loads(text)["differences"]}

        assert "canary" not in text
        assert (None, "<secret>", True) == tuple(
            one["secret"][key] for key in ("old", "new", "sensitive")
        )
        assert [{"name": "a", "token": "<secret>"}] == one["rows"]["new"]
        assert (None, {}, None) == tuple(
            one["pools.a"][key] for key in ("old", "new", "old_origin")
        )

    def test_of_the_mesh(self) -> None:
        """Entries of a map that inherit are listed by their paths."""
        upstreams: dict[str, Any] = {"a": {}, "b": {}}
        old = outcome(ServiceMeshConfig, service_name="n", upstreams=upstreams)
        new = outcome(
            ServiceMeshConfig, service_name="n", upstreams=upstreams, retry={"jitter": 0.5}
        )
        (one,) = json.loads(difference_json(differences(old, new), "a", "b"))["differences"]

        assert "retry.jitter" == one["path"]
        assert ["upstreams.a.retry.jitter", "upstreams.b.retry.jitter"] == one["inherited_by"]

    def test_sensitive(self) -> None:
        """A value is called sensitive if it holds a secret on either side."""
        new = {"rows": [{"name": "a", "token": "canary"}], "gap": 2}
        one = {
            one["path"]: one
            for one in json.loads(difference_json(found({}, new), "", ""))["differences"]
        }

        assert (True, False) == (one["rows"]["sensitive"], one["gap"]["sensitive"])

    def test_values_that_no_file_can_say(self) -> None:
        """They are told in their own words, as text in JSON."""
        change = differences(outcome(Untyped, value=1), outcome(Untyped, value=[IPv4Address(1)]))

        assert ["value 1 → [0.0.0.1]  overrides"] == [plain([o]) for o in difference_lines(change)]
        assert ["0.0.0.1"] == json.loads(difference_json(change, "", ""))["differences"][0]["new"]
