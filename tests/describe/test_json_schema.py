"""Tests for `meshconf.describe.json_schema`."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import sys
import warnings
from dataclasses import dataclass
from enum import Enum, Flag
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Literal

import annotated_types
import attrs
import jsonschema  # type: ignore[import-untyped,unused-ignore]
import pytest
import tomli_w
from hypothesis import given
from hypothesis import settings as options
from hypothesis import strategies as st

from meshconf import (
    Bytes,
    ConfigError,
    Ratio,
    Seconds,
    Secret,
    ServiceMeshConfig,
    configuration,
    read,
    setting,
)
from meshconf.describe.description import describe
from meshconf.describe.file_text import plain
from meshconf.describe.json_schema import json_schema, json_schema_text
from meshconf.loading.convert import violation
from meshconf.loading.structure import Structurer
from meshconf.schema import kinds
from meshconf.schema.compile import model_of
from meshconf.schema.constraints import CustomCheck, Length
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.quantities import QuantityError, parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.schema.constraints import Constraint


class Colour(str, Enum):
    """An Enum one of whose values has another name."""

    RED = "red", "scarlet"
    BLUE = "blue"

    def __new__(cls, value: str, *others: str) -> Colour:  # noqa: PYI034 - Python 3.10 has no Self
        """Make a member of a value and its other names."""
        member = str.__new__(cls, value)
        member._value_ = value
        for other in others:
            cls._value2member_map_[other] = member
        return member


class Loose(Enum):
    """An Enum that reads any text."""

    ON = "on"

    @classmethod
    def _missing_(cls, value: object) -> Loose:
        return cls.ON


class Access(Flag):
    """An Enum whose values can be joined."""

    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Part:
    """A part.

    The second paragraph is for programmers.
    """

    name: str
    number: Annotated[int, setting(gt=0, help="How many.")] = 1


@dataclass(frozen=True)
class Silent:
    token: str = "canary"


@attrs.frozen(kw_only=True)
class Holder:
    """A group that holds a group which has no default."""

    part: Part
    port: int = setting(1, ge=1)


@attrs.frozen(kw_only=True)
class Cat:
    kind: Literal["cat", "tiger"] = "cat"
    lives: int = 9


@attrs.frozen(kw_only=True)
class Dog:
    name: str
    kind: Literal["dog"] = "dog"
    friend: Part


@attrs.frozen(kw_only=True)
class Policy:
    limit: int
    wait: Seconds = setting(1.0, gt=0)
    below: Part
    entries: dict[str, Part] = attrs.Factory(dict)
    animal: Cat | Dog | None = None


@attrs.frozen(kw_only=True)
class Place:
    port: int
    policy: Policy = setting(inherits="policy")


@configuration(version=3)
@attrs.frozen(kw_only=True)
class Everything:
    """One setting of each kind."""

    renamed: int = setting(ge=1, renamed_from=("former", "first"))
    policy: Policy = setting(Policy(limit=1, below=Part("x")), help="What holds for all.")
    holder: Holder
    provided: Holder = Holder(part=Part("x"))
    old_group: Part = setting(Part("x"), renamed_from="old_part")
    places: dict[str, Place] = attrs.Factory(dict)
    parts: list[Part] = setting(attrs.Factory(list), validator=attrs.validators.max_len(2))
    pair: tuple[Annotated[int, annotated_types.Ge(0)], Part] | None = None
    animal: Cat | Dog = Dog(name="x", friend=Part("y"))
    pet: Cat | Dog | None = None
    zoo: list[Cat | Dog] = attrs.Factory(list)
    farm: dict[str, Cat | Dog] = attrs.Factory(dict)
    text: str = setting("ab", matches="[a-z]+")
    short: Annotated[str, annotated_types.Len(1, 3)] = "a"
    chosen: str = setting("a", one_of=["a", "b"])
    ratio: Ratio = 0.5
    even: Annotated[int, annotated_types.MultipleOf(2)] = 2
    below: float = setting(0.5, gt=0, lt=1, le=2)
    flag: bool = False
    colour: Colour = Colour.RED
    blue: Colour = setting(Colour.BLUE, one_of=[Colour.BLUE])
    red: Colour = setting(Colour.RED, one_of=[Colour.RED])
    loose: Loose = Loose.ON
    level: Literal[1, 2, "high", True] = 1
    path: Path = Path("a")
    wait: Seconds = setting(1.0, gt=0)
    pause: dt.timedelta = setting(dt.timedelta(seconds=1), ge=dt.timedelta(0))
    size: Bytes | None = setting(None, gt=0)
    token: Secret[str] | None = None
    day: dt.date = dt.date(2026, 1, 2)
    moment: dt.datetime | None = None
    hour: dt.time = dt.time(12, 30)
    anything: Any = None
    converted: int = setting("1", converter=int)  # type: ignore[assignment]
    labels: dict[Literal["a", "b"], int] = attrs.Factory(dict)
    names: dict[Annotated[str, annotated_types.MinLen(2)], Seconds] = attrs.Factory(dict)
    unique: Annotated[set[int], annotated_types.MinLen(1)] = attrs.Factory(lambda: {1})


@functools.cache
def schema_of(cls: type) -> dict[str, Any]:
    """Return the JSON Schema of a class."""
    return json_schema(describe(model_of(cls), None))


#: Values of many kinds; in JSON an integer may be written as a float, so none of them is.
VALUES: tuple[Any, ...] = (
    True, False, 0, 1, 2, 3, -1, 503, 70000, 2**40, 0.5, 1.5, -0.5, "", "a", "ab", "b", "abcd", "UPPER",
    "red", "scarlet", "blue", "/x", "header:x", "1s", "0s", "500ms", "1m1h", "5 secs", "2.5", "64KiB", "x y",
    [], [1], [1, 2, 3], ["a"], {}, {"a": 1}, {"a": {}}, {"name": "n"}, [{"name": "n"}],
)  # fmt: skip

DATES = {
    dt.date: (dt.date(2026, 1, 2),),
    dt.datetime: (dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc)),  # noqa: DTZ001 - either
    dt.time: (dt.time(1, 2, 3),),
}


@attrs.frozen
class Author:
    """Writes files for a schema; at each step it makes a mistake as often as *rate* says."""

    random: Random
    rate: float

    def errs(self) -> bool:
        """Tell whether to make a mistake now."""
        return self.random.random() < self.rate

    def file(self, schema: type) -> dict[str, Any]:
        """Write a file, sometimes with its version."""
        table = self.table(model_of(schema))
        if self.random.random() < 0.1:
            table["config_version"] = 4 if self.errs() else self.random.choice([1, 2])
        return table

    def table(self, model: Model) -> dict[str, Any]:
        """Write a table of a class: some of its keys."""
        table: dict[str, Any] = {}
        often = min(0.5, 5 / len(model.settings))
        for name, one in model.settings.items():
            required = one.default is REQUIRED
            if self.random.random() >= (often if not required or self.errs() else 1.0):
                continue
            if not is_checked_by_function(one):
                value = self.setting(one)
                names = (name, *one.facts.renamed_from)
                table[self.random.choice(names)] = value
                if self.errs() and (other := self.setting(one)) != value:
                    table[self.random.choice(names)] = other
            elif one.default is not None and not required:
                table[name] = plain(one.default_value())
        if self.errs():
            table["unknown"] = 1
        return table

    def setting(self, one: Setting) -> Any:
        """Write a value of a setting, tried until it is as long as it has to be."""
        tried = (self.value(one.kind, one.constraints) for _ in range(50))
        lengths = [limit for limit in constraints_of(one) if isinstance(limit, Length)]
        return next(
            value
            for value in tried
            if self.errs() or not isinstance(value, list) or violation(lengths, value) is None
        )

    def value(self, kind: kinds.Kind, constraints: Sequence[Constraint] = ()) -> Any:
        """Write a value of a kind."""
        bare = kinds.bare(kind)
        if isinstance(bare, kinds.Converted):
            return "1"
        dates = DATES.get(bare.type, ()) if isinstance(bare, kinds.Scalar) else ()
        if self.errs():
            # In JSON a date is a text, whatever it is in TOML.
            others = [value for value in VALUES if not (dates and isinstance(value, str))]
            return self.random.choice(others)
        if dates:
            return self.random.choice(dates)
        if isinstance(bare, (kinds.Scalar, kinds.Choice, kinds.Anything)):
            return self.random.choice(
                [one for one in pool(bare) if is_good(kind, constraints, one)]
            )
        return self.structure(bare)

    def structure(self, kind: kinds.Kind) -> Any:
        """Write a value that has parts."""
        size = self.random.randrange(4)
        match kind:
            case kinds.Group(model):
                return self.table(model)
            case kinds.GroupMap(model):
                return {f"x-{n}": self.table(model) for n in range(size)}
            case kinds.TaggedUnion(tag, models):
                chosen = self.random.choice(list(models))
                return {**self.table(models[chosen]), tag: chosen}
            case kinds.ListOf(item):
                elements = [self.value(item) for _ in range(size)]
                return [one for n, one in enumerate(elements) if one not in elements[:n]]
            case kinds.FixedArray(items):
                return [self.value(item) for item in items]
            case kinds.MapOf(key, item):
                names = [self.value(key) if self.rate else self.name(key) for _ in range(size)]
                return {str(name): self.value(item) for name in names}
            case _:
                raise AssertionError(kind)

    def name(self, kind: kinds.Kind) -> str:
        """Write a key."""
        names = [one for one in pool(kind) if isinstance(one, str) and is_good(kind, (), one)]
        return self.random.choice(names)


HOOKS = Structurer()


def pool(kind: kinds.Kind) -> tuple[Any, ...]:
    """Return values of which some are of a kind."""
    own = (*kind.options, *kind.aliases) if isinstance(kind, kinds.Choice) else ()
    return (*own, *VALUES)


def is_good(kind: kinds.Kind, constraints: Sequence[Constraint], value: Any) -> bool:
    """Tell whether a value is one of a kind."""
    try:
        converted = HOOKS.of_kind(kind)(value)
    except ValueError:
        return False
    return violation(constraints, converted) is None


def constraints_of(one: Setting) -> list[Constraint]:
    """Return the constraints on a setting, and on the elements and keys of its value."""
    return [*one.constraints, *_hinted(one.kind)]


def _hinted(kind: kinds.Kind) -> list[Constraint]:
    match kind:
        case kinds.Constrained(inner, constraints):
            return [*constraints, *_hinted(inner)]
        case kinds.OptionalOf(inner) | kinds.Masked(inner) | kinds.ListOf(inner):
            return _hinted(inner)
        case kinds.MapOf(key, item):
            return [*_hinted(key), *_hinted(item)]
        case _:
            return []


def is_checked_by_function(one: Setting) -> bool:
    """Tell whether a function decides, of which no schema can tell."""
    by_function = any(isinstance(check, CustomCheck) for check in constraints_of(one))
    return bool(one.validators) or by_function


def as_json(document: Any) -> Any:
    """Return what a validator of JSON is shown of a TOML document."""
    return json.loads(json.dumps(document, default=lambda value: value.isoformat()))


def is_loaded(file: Path, document: Any, schema: type) -> bool:
    """Tell whether a file is loaded, whatever its rules say."""
    file.write_text(tomli_w.dumps(document))
    try:
        read(file, schema=schema, prefix=None)
    except ConfigError as error:
        found = (one for one in error.problems if one.severity == "error")
        return all(one.code.startswith("MC3") for one in found)
    return True


@pytest.fixture(name="file", scope="module")
def _file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name a file that the examples of this module write, one after the other."""
    return tmp_path_factory.mktemp("schema") / "app.toml"


class TestAgreement:
    """A file is accepted by the JSON Schema as it is by the loader.

    Left out is what a JSON Schema cannot say: bounds on durations written as text, checks by
    functions, integers written as floats, dates written as text, keys in other spellings, and an
    old name beside the new one with the same value.
    """

    @pytest.mark.parametrize("schema", [Everything, ServiceMeshConfig])
    @given(seed=st.integers(0, 2**32), rate=st.sampled_from([0.0, 0.0, 0.02, 0.1]))
    @options(max_examples=200, deadline=None)
    def test_with_the_loader(self, file: Path, schema: type, seed: int, rate: float) -> None:
        """What the loader reads is valid, what it refuses is not."""
        document = Author(Random(seed), rate).file(schema)  # noqa: S311 - no secret
        validator = jsonschema.Draft7Validator(schema_of(schema))

        assert is_loaded(file, document, schema) == validator.is_valid(as_json(document))

    @pytest.mark.parametrize(
        ("expected", "document"),
        [
            (True, {}),
            (True, {"provided": {"port": 2}}),
            (False, {"holder": {"port": 2}}),
            (True, {"policy": {"wait": 2}}),
            (True, {"animal": {"name": "z"}}),
            (True, {"animal": {"kind": "dog", "friend": {"number": 2}}}),
            (True, {"animal": {"kind": "tiger"}}),
            (False, {"animal": {"kind": "cat", "name": "z"}}),
            (False, {"animal": {"lives": 3}}),
            (False, {"pet": {"lives": 3}}),
            (True, {"pet": {"kind": "cat"}}),
            (False, {"pet": {"kind": "dog", "name": "z"}}),
            (False, {"zoo": [{"lives": 3}]}),
            (True, {"places": {"a": {"port": 1, "policy": {"wait": 2}}}}),
            (False, {"places": {"a": {"policy": {"wait": 2}}}}),
            (True, {"places": {"a": {"port": 1, "policy": {"below": {"number": 2}}}}}),
            (False, {"places": {"a": {"port": 1, "policy": {"entries": {"b": {}}}}}}),
            (False, {"places": {"a": {"port": 1, "policy": {"animal": {"lives": 3}}}}}),
            (False, {"renamed": 1, "former": 2}),
            (False, {"first": 1, "former": 1}),
        ],
    )
    def test_what_defaults_provide(
        self, file: Path, expected: bool, document: dict[str, Any]
    ) -> None:
        """What a default object or an inherited group provides is not demanded of the file."""
        number = {} if "former" in document else {"renamed": 1}
        document = {**number, "holder": {"part": {"name": "x"}}, **document}
        validator = jsonschema.Draft7Validator(schema_of(Everything))

        assert expected == is_loaded(file, document, Everything)
        assert expected == validator.is_valid(document)

    @pytest.mark.parametrize("schema", [Everything, ServiceMeshConfig])
    @given(seed=st.integers(0, 2**32))
    @options(max_examples=20, deadline=None)
    def test_without_a_mistake(self, file: Path, schema: type, seed: int) -> None:
        """An author who makes no mistake is told of none, so the examples above say something."""
        document = Author(Random(seed), 0.0).file(schema)  # noqa: S311 - no secret

        assert is_loaded(file, document, schema)


def at(schema: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return what a JSON Schema says of a setting."""
    for name in names:
        schema = schema["properties"][name]
    return schema


class TestDocument:
    """The whole document."""

    @pytest.mark.parametrize("cls", [Everything, ServiceMeshConfig])
    def test_is_a_json_schema(self, cls: type) -> None:
        """It is a JSON Schema of draft-07, of a title, and closed."""
        schema = schema_of(cls)
        jsonschema.Draft7Validator.check_schema(schema)

        assert (cls.__name__, False) == (schema["title"], schema["additionalProperties"])

    def test_text(self) -> None:
        """The text is stable, indented, ends with a newline and says the same."""
        text = json_schema_text(describe(model_of(Everything), None))

        assert text == json_schema_text(describe(model_of(Everything), None))
        assert text.startswith('{\n  "$schema"')
        assert text.endswith("}\n")
        assert schema_of(Everything) == json.loads(text)

    @pytest.mark.parametrize("cls", [Everything, ServiceMeshConfig])
    def test_defaults_are_valid(self, cls: type) -> None:
        """Every default is valid where it stands."""
        root = schema_of(cls)
        wrong = [
            part
            for part in parts_of(root)
            if "default" in part
            and not jsonschema.Draft7Validator(
                {**part, "definitions": root["definitions"]}
            ).is_valid(part["default"])
        ]

        assert [] == wrong

    def test_version(self) -> None:
        """The version of the file is known up to the current one, unless it is a setting."""

        @attrs.frozen
        class Own:
            config_version: str = "x"

        assert (1, 3) == tuple(
            at(schema_of(Everything), "config_version")[key] for key in ("minimum", "maximum")
        )
        assert "string" == at(schema_of(Own), "config_version")["type"]

    def test_definitions(self) -> None:
        """Only what is referred to is defined."""
        assert ["duration", "positive_duration", "positive_size"] == list(
            schema_of(Everything)["definitions"]
        )
        assert "definitions" not in schema_of(Part)


def parts_of(schema: Any) -> list[dict[str, Any]]:
    """Return all parts of a JSON Schema."""
    if isinstance(schema, list):
        return [part for below in schema for part in parts_of(below)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(part for below in schema.values() for part in parts_of(below))]


class TestSettings:
    """What is said of one setting."""

    def test_description_and_default(self) -> None:
        """Help and default stand at the setting; a group's default stands at its settings."""
        policy = at(schema_of(Everything), "policy")

        assert ("What holds for all.", 1) == (policy["description"], at(policy, "limit")["default"])
        assert "default" not in policy

    def test_class_without_help(self) -> None:
        """Where a group has no help, the first paragraph of its class stands; never a signature."""

        @attrs.frozen
        class Root:
            part: Part
            silent: Silent = attrs.field(factory=Silent)

        assert "A part." == at(schema_of(Root), "part")["description"]
        assert "description" not in at(schema_of(Root), "silent")

    def test_secret(self) -> None:
        """A secret is only written, and its default is not told."""

        @attrs.frozen
        class Root:
            token: str = setting("canary", secret=True)

        assert {"type": "string", "writeOnly": True} == at(schema_of(Root), "token")

    def test_unit(self) -> None:
        """A unit is told."""
        assert "s" == at(schema_of(Everything), "wait")["x-unit"]

    def test_old_names(self) -> None:
        """Old names are deprecated settings; one name is demanded, and no two are taken."""
        schema = schema_of(Everything)
        former = at(schema, "former")

        assert ("Old name of `renamed`.", True) == (former["description"], former["deprecated"])
        assert 1 == former["minimum"]
        assert {"not": {"required": ["renamed", "former"]}} in schema["allOf"]
        assert {"anyOf": [{"required": [name]} for name in ("renamed", "former", "first")]} in (
            schema["allOf"]
        )

    def test_inherited(self) -> None:
        """What is inherited has no default and is not demanded; what is merely below it is."""
        policy = at(schema_of(Everything)["properties"]["places"]["additionalProperties"], "policy")
        entry = at(policy, "entries")["additionalProperties"]

        assert "required" not in policy
        assert "default" not in at(policy, "wait")
        assert ["name"] == entry["required"]

    @pytest.mark.parametrize(
        ("expected", "name"),
        [
            (["red", "blue", "scarlet"], "colour"),
            (["blue"], "blue"),
            (["red", "scarlet"], "red"),
            ([1, 2, "high", True], "level"),
        ],
    )
    def test_choices(self, expected: list[Any], name: str) -> None:
        """Options and aliases are listed, as far as the constraints let them."""
        assert expected == at(schema_of(Everything), name)["enum"]

    def test_open_choice(self) -> None:
        """An Enum that may read more takes whatever is of the type of its values."""

        @attrs.frozen
        class Root:
            loose: Loose = Loose.ON
            access: Access = Access.READ

        assert [{"enum": ["on"]}, {"type": ["string"]}] == at(schema_of(Root), "loose")["anyOf"]
        assert [{"enum": [1, 2]}, {"type": ["integer"]}] == at(schema_of(Root), "access")["anyOf"]

    def test_what_no_file_can_say(self) -> None:
        """A default that no file can say is left out, as is one that the class computes."""

        @attrs.frozen
        class Root:
            anything: Any = Ellipsis
            number: float = float("inf")
            copied: Any = attrs.Factory(lambda self: self.number, takes_self=True)

        schema = schema_of(Root)

        assert [] == [name for name in schema["properties"] if "default" in at(schema, name)]

    def test_bounds(self) -> None:
        """Of several bounds on one side the tighter one counts; what else there is, all of it."""

        @attrs.frozen
        class Root:
            low: int = setting(5, ge=1, le=10, validator=attrs.validators.ge(3))
            high: float = setting(0.5, lt=2, le=1, validator=attrs.validators.lt(1))
            endless: float = setting(1.0, le=float("inf"), one_of=[1, 2])
            text: str = setting("a", matches="[a-z]", validator=attrs.validators.matches_re(r"\w"))
            odd: Annotated[float, annotated_types.MultipleOf(-2)] = 2.0
            names: dict[str, int] = setting(
                attrs.Factory(dict), validator=attrs.validators.max_len(2)
            )
            late: dt.date = setting(dt.date(2026, 1, 1), ge=dt.date(2020, 1, 1))
            few: Annotated[set[int], annotated_types.Len(1, 2)] = attrs.Factory(lambda: {1})

        schema = schema_of(Root)

        assert (3, 10) == (at(schema, "low")["minimum"], at(schema, "low")["maximum"])
        assert (1, 1) == (
            at(schema, "high")["maximum"],
            at(schema, "high")["exclusiveMaximum"],
        )
        assert ([1, 2], False) == (
            at(schema, "endless")["enum"],
            "maximum" in at(schema, "endless"),
        )
        assert [{"pattern": r"^(?:\w)$"}] == at(schema, "text")["allOf"]
        assert "multipleOf" not in at(schema, "odd")
        assert 2 == at(schema, "names")["maxProperties"]
        assert {"type", "format", "default"} == set(at(schema, "late"))
        # [1, 1, 2] is a set of two.
        assert (1, False) == (at(schema, "few")["minItems"], "maxItems" in at(schema, "few"))


class TestPatterns:
    """Regular expressions, and which of them other languages read alike."""

    @pytest.mark.parametrize(
        ("expected", "regex"),
        [
            (True, r"/\S*"),
            (True, r"(header|cookie):[A-Za-z0-9_.-]+|source_ip"),
            (True, r"^(?:a{1,3}|b{2}?|[^a-z\]]+?)\.$"),
            (True, "é"),
            (False, r"(?P<name>a)"),
            (False, r"(?i)a"),
            (False, r"a\Z"),
            (False, r"(?=a)a"),
            (False, r"(a)\1"),
            (False, r"a{,3}"),
            (False, r"a*+b" if sys.version_info >= (3, 11) else r"a\Z"),
            (False, r"[[a]"),
            (False, r"[a&&b]"),
            (False, "[😀]"),
            (False, r"\-"),
        ],
    )
    def test_portable(self, expected: bool, regex: str) -> None:
        """Only what ECMA 262, Rust and Python read alike is written."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)

            @attrs.frozen
            class Root:
                text: str = setting("a", matches=regex)

        assert expected == ("pattern" in at(schema_of(Root), "text"))

    def test_flags(self) -> None:
        """An expression with a flag is left out."""

        @attrs.frozen
        class Root:
            text: str = attrs.field(
                default="a", validator=attrs.validators.matches_re("a", re.IGNORECASE)
            )

        assert "pattern" not in at(schema_of(Root), "text")

    @pytest.mark.parametrize(
        ("name", "parse", "units"),
        [
            ("duration", parse_duration, ["w", "d", "h", "m", "s", "ms", "us", "µs", "x", ""]),
            ("size", parse_size, ["B", "kB", "KB", "MB", "GB", "TB", "KiB", "TiB", "kiB", ""]),
        ],
    )
    @given(data=st.data())
    @options(max_examples=300, deadline=None)
    def test_quantities(self, name: str, parse: Any, units: list[str], data: st.DataObject) -> None:
        """A text is valid just if it can be read as a quantity."""
        number = st.sampled_from(
            ["1", "0", "+2", "-3", "1.50", "2.0", "1" * 20, "1" * 21, ".5", ""]
        )
        blank = st.sampled_from(["", "", "", " ", "\t"])
        part = st.tuples(blank, number, blank, st.sampled_from(units)).map("".join)
        text = "".join(data.draw(st.lists(part, max_size=3))) + data.draw(blank)
        whole = "size" if name == "size" else "duration"
        if name == "size" and re.search(r"\.[0-9]*[1-9][0-9]*\s*[kKMGT]", text):
            text = "1"  # whether 1.5 of a unit is a whole number of bytes, no pattern can tell

        @attrs.frozen
        class Root:
            duration: Seconds = 1.0
            size: Bytes = 1

        try:
            parse(text)
        except QuantityError:
            read_ = False
        else:
            read_ = True
        schema = json_schema(describe(model_of(Root), None))["definitions"][whole]

        assert read_ == jsonschema.Draft7Validator(schema).is_valid(text)

    def test_what_steers_a_terminal(self) -> None:
        """Help texts are escaped as JSON does, and come back as they are."""

        @attrs.frozen
        class Root:
            text: str = setting("a", help="\x9b\u202e\ud800")

        text = json_schema_text(describe(model_of(Root), None))

        assert text.replace("\n", "").isprintable()
        assert "\x9b\u202e\ud800" == json.loads(text)["properties"]["text"]["description"]
