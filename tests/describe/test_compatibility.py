"""Tests for `meshconf.describe.compatibility` and `meshconf.describe.schema_reading`."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf import Seconds, ServiceMeshConfig, configuration, setting
from meshconf.describe.compatibility import Break, breaking_changes
from meshconf.describe.description import describe
from meshconf.describe.json_schema import json_schema
from meshconf.schema.compile import model_of


def found(old: Any, new: Any) -> list[str]:
    """Return the breaking changes as text."""
    return [str(change) for change in breaking_changes(old, new)]


def table(**properties: Any) -> dict[str, Any]:
    """Make the schema of a closed table."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


def tagged(tag: str, **properties: Any) -> dict[str, Any]:
    """Make one branch of a union."""
    return {**table(kind={"enum": [tag]}, **properties), "required": ["kind"]}


@configuration(version=1)
@attrs.frozen(kw_only=True)
class Old:
    attempts: int = setting(ge=1)
    wait: Seconds = setting(1.0, gt=0)


@configuration(version=2)
@attrs.frozen(kw_only=True)
class New:
    max_attempts: int = setting(ge=1, renamed_from="attempts")
    wait: Seconds = 1.0
    more: int = 5


class TestSchemas:
    """What meshconf itself writes."""

    def test_same(self) -> None:
        """A schema does not break itself."""
        schema = json_schema(describe(model_of(ServiceMeshConfig), None))

        assert () == breaking_changes(schema, copy.deepcopy(schema))

    def test_rename_and_back(self) -> None:
        """A rename that keeps the old name breaks nothing; taking it back does."""
        old, new = (json_schema(describe(model_of(cls), None)) for cls in (Old, New))

        assert [] == found(old, new)
        assert [
            "`config_version`: maximum lowered from 2 to 1",
            "`max_attempts`: was removed",
            "`wait`: must now be greater than 0",
            "`wait`: must now match [1-9]",
            "`more`: was removed",
            "`attempts`: is required now",
        ] == found(new, old)

    def test_second_rename(self) -> None:
        """Of several names one is demanded; with one more it still is."""
        old = {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
        new = {"anyOf": [*old["anyOf"], {"required": ["c"]}]}

        assert [] == found(old, new)
        assert ["one of `a`, `b` is required now"] == found(new, old)

    def test_break(self) -> None:
        """A break is data: its path, dotted, and what changed."""
        old = table(a=table(b={"minimum": 1}))
        new = table(a=table(b={"minimum": 2}))

        assert (Break("a.b", "minimum raised from 1 to 2"),) == breaking_changes(old, new)


class TestValues:
    """Changes of single values."""

    @pytest.mark.parametrize(
        ("expected", "old", "new"),
        [
            ([], {"type": "integer"}, {"type": "number"}),
            ([], {"type": "integer"}, True),
            ([], False, {"type": "integer"}),
            (["is no longer accepted"], {"type": "string"}, False),
            (["no longer accepts a number with a fraction"], {"type": "number"}, {"type": "integer"}),
            (["no longer accepts a string"], {"type": ["string", "null"]}, {"type": "null"}),
            (["no longer accepts a number or a boolean"], {"type": ["number", "boolean", "string"]}, {"type": "string"}),
            (["must now be an integer"], {}, {"type": "integer"}),
            ([], {"enum": ["a"]}, {"type": "string"}),
            ([], {"enum": ["a"]}, {"enum": ["a", "b"]}),
            (['no longer accepts "b", 1'], {"enum": ["a", "b", 1]}, {"enum": ["a", True]}),
            (['must now be one of "a"'], {"type": "string"}, {"enum": ["a"]}),
            ([], {"type": "boolean"}, {"enum": [True, False]}),
            (["no longer accepts false"], {"type": "boolean"}, {"const": True}),
            (['no longer accepts "A"'], {"enum": ["a", "A"]}, {"pattern": "^[a-z]$"}),
            (['no longer accepts "a"'], {"enum": ["a"]}, {"pattern": "(?<x>a)"}),
            (["no longer accepts 3"], {"enum": [2, 3, 1.0e3]}, {"multipleOf": 2}),
            (["no longer accepts 0"], {"enum": [0, 0.5, 9]}, {"exclusiveMinimum": 0, "maximum": 9}),
            ([], {"enum": [1]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            (['no longer accepts "a"'], {"enum": ["a"]}, {"type": "integer"}),
            (["no longer accepts []"], {"enum": [[], [1]]}, {"minItems": 1, "maxItems": 1}),
            (["no longer accepts {}"], {"enum": [{}, {"a": 1}]}, {"minProperties": 1}),
            ([], {"allOf": [{"enum": [1]}, {"enum": [True]}]}, False),
            ([], {"enum": [None, [1], {"a": 1}]}, {}),
            ([], {"allOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]}, {"enum": [2]}),
        ],
    )  # fmt: skip
    def test_types_and_lists(self, expected: list[str], old: Any, new: Any) -> None:
        """A type or a value that is no longer accepted breaks; a wider one does not."""
        assert expected == found(old, new)

    @pytest.mark.parametrize(
        ("expected", "old", "new"),
        [
            ([], {"minimum": 1}, {"minimum": 0}),
            (["minimum raised from 0 to 1"], {"minimum": 0}, {"minimum": 1}),
            (["minimum 1 is new"], {}, {"minimum": 1}),
            (["maximum lowered from 9 to 8"], {"maximum": 9}, {"maximum": 8}),
            (["maximum 9 is new"], {}, {"maximum": 9}),
            (["must now be less than 9"], {"maximum": 9}, {"exclusiveMaximum": 9}),
            (["must now be greater than 0"], {}, {"exclusiveMinimum": 0}),
            ([], {"type": "integer", "minimum": 1}, {"exclusiveMinimum": 0}),
            ([], {"minimum": 1}, {"allOf": [{"minimum": 0}, {"minimum": 1}]}),
            (["must now be a multiple of 2"], {"multipleOf": 3}, {"multipleOf": 2}),
            ([], {"multipleOf": 4}, {"multipleOf": 2}),
            ([], {"type": "integer"}, {"multipleOf": 1}),
            (["minimum length raised from 1 to 2"], {"minLength": 1}, {"minLength": 2}),
            (["minimum length 2 is new"], {}, {"minLength": 2}),
            (["maximum length lowered from 3 to 2"], {"maxLength": 3}, {"maxLength": 2}),
            (["maximum number of elements 2 is new"], {}, {"maxItems": 2}),
            (["minimum number of keys 2 is new"], {}, {"minProperties": 2}),
            ([], {"type": "integer"}, {"type": "integer", "minLength": 2, "pattern": "a"}),
            (["must now match a"], {}, {"pattern": "a"}),
            (["must now match b instead of a"], {"pattern": "a"}, {"pattern": "b"}),
            ([], {"pattern": "a"}, {}),
            (["must now be a text of the format date"], {"format": "time"}, {"format": "date"}),
            ([], {"format": "date"}, {"format": "date"}),
        ],
    )
    def test_bounds(self, expected: list[str], old: Any, new: Any) -> None:
        """What bounds a value more closely breaks."""
        wanted = {"type": ["number", "string", "object", "array"]}

        assert expected == found(wanted | old, wanted | new)


class TestTables:
    """Changes of tables."""

    @pytest.mark.parametrize(
        ("expected", "old", "new"),
        [
            (["`b`: was removed"], table(a={}, b={}), table(a={})),
            ([], table(a={}), table(a={}, b={"type": "integer"})),
            ([], table(a=False), table()),
            (["`a`: is required now"], table(a={}), {**table(a={}), "required": ["a"]}),
            (["other keys are no longer accepted"], {"type": "object"}, {**table()}),
            (["`a`: must now be a string"], {"type": "object"}, {"properties": {"a": {"type": "string"}}, "type": "object"}),
            (
                ["`<name>`: no longer accepts a string"],
                {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
                {"type": "object", "additionalProperties": {"type": "integer"}},
            ),
            (
                ['`<name>`: as a key: no longer accepts "b"'],
                {"type": "object", "propertyNames": {"enum": ["a", "b"]}},
                {"type": "object", "propertyNames": {"enum": ["a"]}},
            ),
            (["`b`: was removed"], table(a={}, b={}), {"propertyNames": {"enum": ["a"]}}),
            (
                ["`a` and `b` are no longer accepted together"],
                table(a={}, b={}),
                {**table(a={}, b={}), "not": {"required": ["a", "b"]}},
            ),
            ([], table(a={}), {**table(a={}, b={}), "not": {"required": ["a", "b"]}}),
            (["the condition `not` is new or changed"], {}, {"not": {"required": []}}),
            (["the condition `if` is new or changed"], {}, {"if": {"type": "string"}}),
            ([], {"if": {"type": "string"}}, {"if": {"type": "string"}}),
            (
                ['`"a b"`: minimum 1 is new'],
                table(**{"a b": {"type": "integer"}}),
                {"allOf": [table(**{"a b": {"minimum": 1}}), table(**{"a b": {}})]},
            ),
            (
                ["`a`: minimum 2 is new"],
                table(a={"type": "integer"}),
                {"allOf": [{"properties": {"a": {"minimum": 1}}}, {"properties": {"a": {"minimum": 2}}}]},
            ),
        ],
    )  # fmt: skip
    def test_keys(self, expected: list[str], old: Any, new: Any) -> None:
        """A key that is removed, demanded or checked more closely breaks; a new one does not."""
        assert expected == found(old, new)

    @pytest.mark.parametrize(
        ("expected", "old", "new"),
        [
            (["`[]`: minimum 1 is new"], {"items": {"type": "integer"}}, {"items": {"minimum": 1}}),
            (["equal elements are no longer accepted"], {}, {"uniqueItems": True}),
            (
                ["`[1]`: no longer accepts a string", "`[]`: is no longer accepted"],
                {"items": [{}, {"type": "string"}], "additionalItems": {"type": "string"}},
                {"items": [{}, {"type": "integer"}], "additionalItems": False},
            ),
            (
                ["`[0]`: must now be a string"],
                {"maxItems": 1},
                {"items": [{"type": "string"}, {"type": "string"}], "additionalItems": False},
            ),
        ],
    )
    def test_elements(self, expected: list[str], old: Any, new: Any) -> None:
        """Elements are compared one by one, as far as there can be any."""
        wanted = {"type": "array"}

        assert expected == found(wanted | old, wanted | new)


class TestUnions:
    """Changes of unions."""

    def test_lost_branch(self) -> None:
        """A class or a type that is gone is named."""
        both = {"anyOf": [tagged("cat"), tagged("dog")]}

        assert ['no longer accepts a table with kind = "cat"'] == found(
            both, {"anyOf": [tagged("dog"), tagged("cow")]}
        )
        assert ["no longer accepts a string"] == found(
            {"anyOf": [{"type": "number"}, {"type": "string"}]},
            {"anyOf": [{"type": "number"}, {"type": "boolean"}]},
        )

    def test_changed_branch(self) -> None:
        """The branch that is most alike tells what changed in it."""
        old = {"anyOf": [tagged("cat", lives={}), tagged("dog")]}
        new = {"anyOf": [tagged("dog"), tagged("cat")]}

        assert ["`lives`: was removed"] == found(old, new)

    def test_more_branches(self) -> None:
        """A branch more breaks nothing, nor does a type in each branch of its own."""
        one, two = {"type": "string"}, {"type": "number"}

        assert [] == found({"anyOf": [one]}, {"oneOf": [two, one]})
        assert [] == found({"type": ["string", "integer"]}, {"anyOf": [one, two]})

    def test_bound_in_a_branch(self) -> None:
        """A bound within one branch is found."""
        old = {"anyOf": [{"type": "number"}, {"type": "string"}]}
        new = {"anyOf": [{"type": "number", "minimum": 1}, {"type": "string"}]}

        assert ["minimum 1 is new"] == found(old, new)
        assert ["minimum 1 is new"] == found({"type": ["number", "string"]}, new)

    def test_unnamed_table(self) -> None:
        """A table without a tag is called a table."""
        old = {"type": "object", "required": ["a"], "properties": {"a": {}}}

        assert ["no longer accepts a table"] == found(
            {"anyOf": [old, {"type": "string"}]}, {"anyOf": [{"type": "string"}]}
        )
        assert ["no longer accepts a table"] == found(
            {"anyOf": [{"type": "object", "properties": {"a": {}, "kind": {"enum": ["x"]}}, "required": ["a"]}]},
            {"anyOf": [{"type": "object", "properties": {"kind": {"enum": ["y"]}}}]},
        )  # fmt: skip


#: A schema that contains itself.
ENDLESS = {"properties": {"a": {"$ref": "#"}}}


def nested(depth: int, keyword: str) -> Any:
    """Nest a schema deeply."""
    schema: Any = {"type": "string"}
    for _ in range(depth):
        schema = {keyword: [schema]}
    return schema


class TestBadInput:
    """Whatever claims to be a schema is read with suspicion."""

    @pytest.mark.parametrize(
        ("said", "schema"),
        [
            ("a schema is a table", 5),
            ("a schema is a table", None),
            ("`properties` is not a table of schemas", {"properties": 5}),
            ("`properties` is not a table of schemas", {"properties": {"a": 5}}),
            ("`required` is not a list of names", {"required": "a"}),
            ("`required` is not a list of names", {"required": [1]}),
            ("`minimum` is not a number", {"minimum": "1"}),
            ("`minimum` is not a number", {"minimum": True}),
            ("`multipleOf` is not a number above 0", {"multipleOf": 0}),
            ("`enum` is not a list", {"enum": {"a": 1}}),
            ("`type` is not a type", {"type": "text"}),
            ("`type` is not a type", {"type": [["string"]]}),
            ("`type` is not a type", {"type": []}),
            ("`anyOf` is not a list of schemas", {"anyOf": []}),
            ("`items` is not a schema or a list of schemas", {"items": 5}),
            ("`pattern` is not a text", {"pattern": 5}),
            ('nothing at the reference "#/a"', {"$ref": "#/a"}),
            ('nothing at the reference "http://x/y"', {"$ref": "http://x/y"}),
            ("too large, or contains itself", {"$ref": "#"}),
            ("too large, or contains itself", nested(100, "allOf")),
            ("nested too deeply", nested(5000, "anyOf")),
            ("nested too deeply", ENDLESS),
        ],
    )
    def test_refused(self, said: str, schema: Any) -> None:
        """What cannot be read is refused with a sentence."""
        with pytest.raises(ValueError, match=said):
            breaking_changes(schema, schema)

    def test_names_the_schema(self) -> None:
        """The sentence says which of the two it was."""
        with pytest.raises(ValueError, match="the new JSON Schema cannot be read"):
            breaking_changes({}, {"enum": 1})

    def test_references(self) -> None:
        """References within a document are followed, escapes and all."""
        old = {"$ref": "#/definitions/a~1b", "definitions": {"a/b": {"type": "string"}}}

        assert ["no longer accepts a string"] == found(old, {"type": "integer"})
        assert [] == found(old, {"type": "string"})

    def test_safe_to_print(self) -> None:
        """What stands in a schema cannot steer a terminal."""
        old = table(**{"\x1b[2J": {"type": "string", "enum": ["\x1b"]}})
        new = table(**{"\x1b[2J": {"type": "string", "pattern": "\x1b$"}})
        text = "".join([*found(old, table()), *found(old, new), *found({"type": "string"}, new)])

        assert text.isprintable()

    @pytest.mark.parametrize(
        "schema", [{"anyOf": [False], "enum": [None]}, {"type": "string", "enum": [1, "a"]}]
    )
    def test_values_that_were_not_accepted(self, schema: Any) -> None:
        """A value that something else refuses already cannot be lost."""
        assert () == breaking_changes(schema, {"const": "a"})

    @given(
        schemas=st.lists(
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
                lambda below: (
                    st.lists(below, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(
                            [
                                "type",
                                "enum",
                                "properties",
                                "anyOf",
                                "not",
                                "allOf",
                                "items",
                                "required",
                            ]
                        ),
                        below,
                        max_size=3,
                    )
                ),
                max_leaves=10,
            ),
            min_size=2,
            max_size=2,
        )
    )
    def test_any_document(self, schemas: list[Any]) -> None:
        """Any two documents of JSON are compared or refused, and a schema never breaks itself."""
        for pair in (schemas, [schemas[0], schemas[0]]):
            try:
                changes = breaking_changes(*pair)
            except ValueError:
                continue

            assert changes == () or pair[0] is not pair[1]
