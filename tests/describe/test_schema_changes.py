"""Tests for `meshconf.describe.schema_changes`: the gate between two releases of a schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import annotated_types
import attrs
import pytest

from meshconf import configuration, edits, setting, step
from meshconf.describe.description import describe
from meshconf.describe.json_schema import json_schema
from meshconf.describe.schema_changes import changes_between
from meshconf.describe.schema_reading import Document
from meshconf.schema.compile import model_of

Percent = Annotated[int, annotated_types.Interval(ge=0, le=100)]


@attrs.frozen(kw_only=True)
class Upstream:
    """An entry as it was."""

    tries: int = setting(3, ge=1)


@configuration(version=1)
@attrs.frozen(kw_only=True)
class First:
    """The last release."""

    name: str
    port: int = setting(80, ge=1, le=65535)
    timeout_ms: int = 1000
    level: Percent = 50
    debug: bool = False
    upstreams: dict[str, Upstream] = attrs.Factory(dict)


def schema_of(cls: Any) -> dict[str, Any]:
    """Make the JSON Schema of a class."""
    return json_schema(describe(model_of(cls), None))


def said(new: Any, old: Any = First) -> list[str]:
    """Return what changed, as text."""
    described = describe(model_of(new), "X_")
    required = [one.path for one in described.root.walk() if one.required and one.always]
    steps = model_of(new).configuration.steps
    return [str(one) for one in changes_between(schema_of(old), schema_of(new), steps, required)]


class TestLevels:
    def test_same(self):
        """Nothing changed, nothing is told."""
        assert [] == said(First)

    def test_breaking_tightening_relaxing(self):
        """Each change is of a level; what refuses files comes first."""

        @configuration(version=1)
        @attrs.frozen(kw_only=True)
        class New:
            name: str
            owner: str
            port: int = setting(80, ge=1024)
            timeout_ms: str = "1000"
            level: int = setting(50, ge=0, le=50)
            debug: bool = False
            extra: int = 0
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        assert [
            "breaking: `timeout_ms`: no longer accepts an integer",
            "breaking: `owner`: is required now",
            "tightening: `port`: minimum raised from 1 to 1024",
            "tightening: `level`: maximum lowered from 100 to 50",
            "relaxing: `owner`: is new",
            "relaxing: `port`: maximum 65535 is gone",
            "relaxing: `timeout_ms`: also accepts a string",
            "relaxing: `extra`: is new",
        ] == said(New)

    @pytest.mark.parametrize(
        ("old", "new", "back"),
        [
            ({}, {"type": "string"}, "also accepts"),
            ({"type": "string"}, {"type": "string", "minLength": 1}, "minimum length 1 is gone"),
            (
                {"type": "string", "maxLength": 9},
                {"type": "string", "maxLength": 5},
                "maximum length raised from 5 to 9",
            ),
            ({"type": "integer"}, {"type": "integer", "minimum": 1}, "minimum 1 is gone"),
            (
                {"type": "integer", "minimum": 1},
                {"type": "integer", "minimum": 5},
                "minimum lowered from 5 to 1",
            ),
            (
                {"type": "number"},
                {"type": "number", "exclusiveMinimum": 0},
                "need no longer be greater than 0",
            ),
            (
                {"type": "integer"},
                {"type": "integer", "multipleOf": 2},
                "need no longer be a multiple of 2",
            ),
            ({"type": "string"}, {"type": "string", "pattern": "a"}, "need no longer match a"),
            (
                {"type": "string", "pattern": "b"},
                {"type": "string", "pattern": "a"},
                "may match b instead of a",
            ),
            (
                {"type": "string"},
                {"type": "string", "format": "date"},
                "need no longer be a text of the format date",
            ),
            ({"enum": ["a", "b"]}, {"enum": ["a"]}, 'also accepts "b"'),
            ({"type": "string"}, {"enum": ["a"]}, 'may be another than "a"'),
            (
                {"type": "array"},
                {"type": "array", "uniqueItems": True},
                "equal elements are accepted",
            ),
            (
                {"type": "object"},
                {"type": "object", "additionalProperties": False},
                "other keys are accepted",
            ),
            (
                {"type": "object"},
                {"type": "object", "propertyNames": {"pattern": "a"}},
                "as a key: need no longer match a",
            ),
            ({"type": "object"}, {"type": "object", "required": ["a"]}, "is no longer required"),
            (
                {"type": "object"},
                {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
                "one of `a`, `b` is no longer required",
            ),
            (
                {"type": "object"},
                {"type": "object", "not": {"required": ["a", "b"]}},
                "`a` and `b` are accepted together",
            ),
            (
                {"type": "object"},
                {"type": "object", "if": {"required": ["a"]}},
                "the condition `if` is gone or changed",
            ),
            (
                {"type": ["string", "boolean"]},
                {"anyOf": [{"type": "string"}]},
                "also accepts a boolean",
            ),
        ],
    )
    def test_words_of_what_is_relaxed(self, old: Any, new: Any, back: str):
        """A change back is told as what is accepted besides."""
        (change,) = [one for one in changes_between(new, old, ()) if one.level == "relaxing"]

        assert back in change.what


class TestDefaults:
    """A default that is another one changes what files mean that do not set it."""

    def test_changed(self):
        """It is told, and refuses nothing."""

        @configuration(version=1)
        @attrs.frozen(kw_only=True)
        class New:
            name: str
            port: int = setting(8080, ge=1, le=65535)
            timeout_ms: int = 1000
            level: Percent = 50
            debug: bool = True
            upstreams: dict[str, Tried] = attrs.Factory(dict)

        assert [
            "default: `port`: default changed from 80 to 8080",
            "default: `debug`: default changed from false to true",
            "default: `upstreams.<name>.tries`: default changed from 3 to 4",
        ] == said(New)

    def test_moved_and_kept(self):
        """What moved is compared with where it is; what a step keeps is covered."""
        steps = [step(2, edits.rename("port", "listen"), edits.set_default("debug", False))]

        @configuration(version=2, steps=steps)
        @attrs.frozen(kw_only=True)
        class New:
            name: str
            listen: int = setting(8080, ge=1, le=65535)
            timeout_ms: int = 1000
            level: Percent = 50
            debug: bool = True
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        assert [
            "default: `listen`: default changed from 80 to 8080",
            "covered: `port`: was removed; the step to version 2 makes `listen` of `port`",
            (
                "covered: `debug`: default changed from false to true; the step to version 2 gives "
                "it a value"
            ),
        ] == [line for line in said(New) if not line.startswith("relaxing")]

    def test_no_more(self):
        """What had a default and has to be set now is demanded, though a variable may set it."""

        @configuration(version=1)
        @attrs.frozen(kw_only=True)
        class New:
            name: str
            port: int = setting(ge=1, le=65535)
            timeout_ms: int = 1000
            level: Percent = 50
            debug: bool = False
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        described = describe(model_of(New), "X_")
        required = [one.path for one in described.root.walk() if one.required and one.always]
        new = json_schema(described)
        found = changes_between(schema_of(First), new, (), required)

        assert "breaking: `port`: is required now" == str(found[0])

    def test_without_an_end(self):
        """A JSON Schema that contains itself is refused."""
        endless = {"properties": {"a": {"$ref": "#"}}}

        with pytest.raises(ValueError, match="contains itself"):
            list(Document(endless, "it").defaults())


class TestSteps:
    """What a step to a new version migrates refuses no file."""

    def test_gate(self):
        """A breaking change without a step and a version fails; with both it is covered."""

        @configuration(
            version=2,
            steps=[
                step(
                    2,
                    edits.move("timeout_ms", "timeouts.request"),
                    edits.convert("timeouts.request", lambda ms: ms / 1000),
                    edits.remove("debug", reason="r"),
                    edits.rename("upstreams.*.tries", "attempts"),
                    edits.move("name", "service"),
                    edits.convert("level", str),
                    edits.set_default("owner", "nobody"),
                )
            ],
        )
        @attrs.frozen(kw_only=True)
        class New:
            service: str
            owner: str
            port: int = setting(80, ge=1, le=65535)
            level: str = "50"
            timeouts: Timeouts = Timeouts()
            upstreams: dict[str, Renamed] = attrs.Factory(dict)

        assert [
            "covered: `name`: was removed; the step to version 2 makes `service` of `name`",
            (
                "covered: `timeout_ms`: was removed; the step to version 2 makes "
                "`timeouts.request` of `timeout_ms`"
            ),
            (
                "covered: `level`: no longer accepts an integer; the step to version 2 gives it a "
                "value"
            ),
            "covered: `debug`: was removed; the step to version 2 takes it out",
            (
                "covered: `upstreams.<name>.tries`: was removed; the step to version 2 makes "
                "`upstreams.<name>.attempts` of `upstreams.<name>.tries`"
            ),
            "covered: `service`: is required now; the step to version 2 makes `service` of `name`",
            "covered: `owner`: is required now; the step to version 2 gives it a value",
        ] == [line for line in said(New) if not line.startswith("relaxing")]

    def test_without_a_new_version(self):
        """A step that was there before covers nothing: its files are not migrated again."""

        @configuration(version=2, steps=[step(2, edits.rename("old", "name"))])
        @attrs.frozen(kw_only=True)
        class Published:
            name: str
            port: int = 1

        @configuration(
            version=2,
            steps=[step(2, edits.rename("old", "name"), edits.remove("port", reason="r"))],
        )
        @attrs.frozen(kw_only=True)
        class Edited:
            name: str

        assert ["breaking: `port`: was removed"] == said(Edited, Published)

    def test_to_a_narrower_place(self):
        """A step that moves a setting to where fewer values are taken does not cover those."""

        @configuration(version=2, steps=[step(2, edits.rename("port", "listen"))])
        @attrs.frozen(kw_only=True)
        class New:
            name: str
            listen: int = setting(1024, ge=1024)
            timeout_ms: int = 1000
            level: Percent = 50
            debug: bool = False
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        assert [
            "tightening: `listen`: minimum raised from 1 to 1024",
            "default: `listen`: default changed from 80 to 1024",
            "covered: `port`: was removed; the step to version 2 makes `listen` of `port`",
        ] == [line for line in said(New) if not line.startswith("relaxing")]

    def test_over_two_versions(self):
        """What two steps moved is compared with where it is now; there was nothing between."""
        steps = [step(2, edits.rename("port", "listen")), step(3, edits.rename("listen", "bind"))]

        @configuration(version=3, steps=steps)
        @attrs.frozen(kw_only=True)
        class New:
            name: str
            bind: int = setting(80, ge=9, le=65535)
            timeout_ms: int = 1000
            level: Percent = 50
            debug: bool = False
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        assert [
            "tightening: `bind`: minimum raised from 1 to 9",
            "covered: `port`: was removed; the step to version 2 makes `bind` of `port`",
        ] == [line for line in said(New) if not line.startswith("relaxing")]

    def test_into_a_mapping(self):
        """What moves to where nothing is said of single keys cannot be compared."""

        @configuration(version=2, steps=[step(2, edits.move("port", "labels.port"))])
        @attrs.frozen(kw_only=True)
        class New:
            name: str
            labels: dict[str, Any] = attrs.Factory(dict)
            timeout_ms: int = 1000
            level: Percent = 50
            debug: bool = False
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        assert not any(line.startswith(("breaking", "tightening")) for line in said(New))

    def test_a_change_beside_them(self):
        """What no step speaks of is not covered, even if another one makes values anew."""

        @configuration(version=2, steps=[step(2, edits.convert("level", int))])
        @attrs.frozen(kw_only=True)
        class New:
            name: str
            port: int = setting(80, ge=2, le=65535)
            timeout_ms: int = 1000
            level: Percent = 50
            debug: bool = False
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        assert "tightening: `port`: minimum raised from 1 to 2" in said(New)

    @pytest.mark.parametrize(
        ("table", "level"),
        [
            ({"low": "a", "high": "b"}, "covered"),
            ({"low": "a"}, "breaking"),
        ],
    )
    def test_table_of_values(self, table: dict[str, str], level: str):
        """A step with a table of values covers those that it has, and no others."""

        @configuration(version=1)
        @attrs.frozen
        class Old:
            mode: Literal["low", "high"] = "low"

        @configuration(version=2, steps=[step(2, edits.map_values("mode", table))])
        @attrs.frozen
        class New:
            mode: Literal["a", "b"] = "a"

        (change,) = [line for line in said(New, Old) if "no longer accepts" in line]

        assert change.startswith(f'{level}: `mode`: no longer accepts "low", "high"')

    def test_function_of_values(self):
        """Of a step with a function it is not known, so it covers all."""

        @configuration(version=1)
        @attrs.frozen
        class Old:
            mode: Literal["low", "high"] = "low"

        @configuration(version=2, steps=[step(2, edits.convert("mode", str.upper))])
        @attrs.frozen
        class New:
            mode: Literal["LOW", "HIGH"] = "LOW"

        assert [] == [line for line in said(New, Old) if line.startswith("breaking")]

    def test_within_a_group_that_moved(self):
        """What a step takes from a group that another one moved is covered too."""
        steps = [step(2, edits.rename("m", "n"), edits.rename("n.p", "q"))]

        @configuration(version=1)
        @attrs.frozen
        class Old:
            @attrs.frozen
            class Group:
                p: int = 0

            m: Group = Group()

        @configuration(version=2, steps=steps)
        @attrs.frozen
        class New:
            @attrs.frozen
            class Group:
                q: int = 0

            n: Group = Group()

        assert [] == [line for line in said(New, Old) if line.startswith("breaking")]

    def test_from_an_optional_place(self):
        """A step that moves what files need not have does not give what they need now."""

        @configuration(version=2, steps=[step(2, edits.rename("debug", "verbose"))])
        @attrs.frozen(kw_only=True)
        class New:
            name: str
            verbose: bool
            port: int = setting(80, ge=1, le=65535)
            timeout_ms: int = 1000
            level: Percent = 50
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        assert "breaking: `verbose`: is required now" in said(New)

    def test_split(self):
        """A step that makes several settings of one covers its path, whatever they take."""

        @configuration(
            version=2, steps=[step(2, edits.split("name", ["first", "last"], str.split))]
        )
        @attrs.frozen(kw_only=True)
        class New:
            first: str
            last: str = ""
            port: int = setting(80, ge=1, le=65535)
            timeout_ms: int = 1000
            level: Percent = 50
            debug: bool = False
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        assert (
            "covered: `name`: was removed; the step to version 2 makes `first` and `last` of `name`"
        ) in said(New)
        assert not any(line.startswith(("breaking", "tightening")) for line in said(New))

    @pytest.mark.parametrize("told", [True, {"maximum": 1.5}, {"type": "integer"}])
    def test_old_schema_without_a_version(self, told: Any):
        """A JSON Schema that tells no version is of version 1."""
        old = {"type": "object", "properties": {"config_version": told, "a": {"type": "integer"}}}
        new = {"type": "object", "properties": {"config_version": told, "a": False}}
        steps = [step(2, edits.remove("a", reason="r"))]

        assert "covered" in [one.level for one in changes_between(old, new, steps)]


@attrs.frozen(kw_only=True)
class Tried:
    """An entry with another default."""

    tries: int = setting(4, ge=1)


@attrs.frozen(kw_only=True)
class Timeouts:
    """A group that is new."""

    request: float = 1.0


@attrs.frozen(kw_only=True)
class Renamed:
    """An entry as it is now."""

    attempts: int = setting(3, ge=1)
