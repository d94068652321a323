"""Tests for `meshconf.schema.model`."""
# ruff: noqa: UP007, UP045 - the old spellings of unions are supported too

import dataclasses
import datetime as dt
import math
import re
import sys
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, NewType, Optional, TypeVar, Union

import annotated_types
import attrs
import pytest
from attrs import validators

from meshconf.schema import kinds
from meshconf.schema.compile import model_of
from meshconf.schema.configuration import Configuration, configuration
from meshconf.schema.constraints import Bound
from meshconf.schema.hint_aliases import Bytes, Port, Ratio, Seconds
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.rules import rule
from meshconf.schema.secret import Secret
from meshconf.schema.setting import setting

T = TypeVar("T")
Number = NewType("Number", int)
SmallNumber = NewType("SmallNumber", Annotated[int, annotated_types.Le(9)])


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@attrs.frozen
class Leaf:
    value: int = 1


@dataclasses.dataclass(frozen=True)
class DataLeaf:
    value: int = 1


@attrs.frozen
class Consul:
    type: Literal["consul"] = "consul"
    host: str = "consul"


@dataclasses.dataclass
class Static:
    hosts: list[str]
    type: Literal["static", "fixed"] = "static"


@attrs.frozen
class Box(Generic[T]):
    item: T
    items: list[T] = attrs.field(factory=list)


def one(hint: Any, default: Any = REQUIRED) -> Setting:
    """Compile a class with a single field."""
    made = attrs.make_class("Made", {"field": attrs.field(default=default)})
    made.__annotations__ = {"field": hint}
    return model_of(made).settings["field"]


def written(kind: kinds.Kind) -> str:
    """Write a kind with the names of its classes, inside out."""
    match kind:
        case kinds.ListOf(item, container):
            return f"{container.__name__} of {written(item)}"
        case kinds.FixedArray(items):
            return f"fixed {[written(item) for item in items]}"
        case kinds.MapOf(key, item):
            return f"map from {written(key)} to {written(item)}"
        case kinds.OptionalOf(inner) | kinds.Masked(inner):
            return f"{type(kind).__name__} {written(inner)}"
        case kinds.Constrained(inner, constraints):
            return f"{written(inner)} {[one.describe() for one in constraints]}"
        case kinds.Converted(_, by_class):
            return f"converted by the {'class' if by_class else 'loader'}"
        case _:
            return kinds.describe(kind)


class TestKinds:
    """Each hint is compiled into a kind."""

    @pytest.mark.parametrize(
        ("expected", "hint"),
        [
            ("bool", bool),
            ("int", int),
            ("float", float),
            ("str", str),
            ("path", Path),
            ("date-time", dt.datetime),
            ("date", dt.date),
            ("time", dt.time),
            ("duration", dt.timedelta),
            ("any value", Any),
            ("any value", object),
            ("seconds", Seconds),
            ("bytes", Bytes),
            ("float ['>= 0', '<= 1']", Ratio),
            ("int", Number),
            ("int ['<= 9']", SmallNumber),
            ("int ['<= 9', '> 0']", Annotated[SmallNumber, annotated_types.Gt(0)]),
            ("str", Annotated[str, ["an unhashable remark"]]),
            ("str ['not empty']", Annotated[str, annotated_types.Len(1)]),
            ("OptionalOf int", Optional[int]),
            ("OptionalOf int", int | None),
            ("OptionalOf int ['>= 1', '<= 65535']", Optional[Port]),
            ("OptionalOf int ['> 0']", Annotated[Optional[int], annotated_types.Gt(0)]),
            ("OptionalOf seconds", Annotated[Optional[float], annotated_types.Unit("s")]),
            ("seconds ['> 0']", Annotated[float, annotated_types.Gt(0), annotated_types.Unit("s")]),
            ("Masked str", Secret),
            ("Masked int", Secret[int]),
            ("OptionalOf Masked str", Optional[Secret[str]]),
            ("Masked str ['not empty']", Annotated[Secret[str], annotated_types.MinLen(1)]),
            ("Masked seconds", Annotated[Secret[float], annotated_types.Unit("s")]),
            ('one of "red", "blue"', Colour),
            ("one of 1, 2", Level),
            ('one of 1, "a", true', Literal[1, "a", True]),
            ("list of int", list[int]),
            ("list of any value", list),
            ("tuple of int", tuple[int, ...]),
            ("tuple of any value", tuple),
            ("fixed ['int', 'str']", tuple[int, str]),
            ("set of str", set[str]),
            ("frozenset of str", frozenset[str]),
            ("tuple of str", Sequence[str]),
            ("list of str", MutableSequence[str]),
            ("frozenset of str", AbstractSet[str]),
            ("list of int ['>= 1', '<= 65535']", list[Port]),
            ("map from str to int", dict[str, int]),
            ("map from str to any value", dict),
            ("map from any value to int", Mapping[Any, int]),
            ('map from one of "red", "blue" to int', Mapping[Colour, int]),
            (
                "map from str ['not empty'] to int",
                dict[Annotated[str, annotated_types.Len(1)], int],
            ),
            ("map from str to list of str", dict[str, list[str]]),
            ("table Leaf", Leaf),
            ("table DataLeaf", DataLeaf),
            ("OptionalOf table Leaf", Optional[Leaf]),
            ("list of table Leaf", list[Leaf]),
            ("tables Leaf", dict[str, Leaf]),
            ("tables DataLeaf", Mapping[Any, DataLeaf]),
            ("table Box", Box[int]),
            ('table with type = "consul" or "static" or "fixed"', Union[Consul, Static]),
            (
                'OptionalOf table with type = "consul" or "static" or "fixed"',
                Consul | Static | None,
            ),
        ],
    )
    def test_kind(self, expected: str, hint: Any) -> None:
        """Every hint that a configuration can hold has its kind."""
        assert expected == written(one(hint).kind)

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement is of 3.12")
    def test_type_statement(self) -> None:
        """A name that a `type` statement gives stands for what is behind it."""
        names: dict[str, Any] = {"Port": Port}
        exec("type Backup = Port | None", names)  # noqa: S102 - a syntax error before 3.12

        assert "OptionalOf int ['>= 1', '<= 65535']" == written(one(names["Backup"]).kind)

    def test_type_variables(self) -> None:
        """A generic class has the kinds of its arguments."""
        settings = model_of(Box[Port]).settings

        assert "int ['>= 1', '<= 65535']" == written(settings["item"].kind)
        assert "list of int ['>= 1', '<= 65535']" == written(settings["items"].kind)


class Undecorated:
    size: int = 1


def with_rule(declared: Any) -> type:
    """Make a class of two settings with a rule."""
    fields = {name: attrs.field(type=int) for name in "ab"}
    return attrs.make_class("Ruled", fields, class_body={"holds": declared})


class TestRefused:
    """What cannot be supported is refused, naming the field."""

    @pytest.mark.parametrize(
        ("expected", "hint"),
        [
            ("complex is no type that a configuration can hold; give it a converter", complex),
            ("NoneType is no type that a configuration can hold; give it a converter", type(None)),
            ("~T is no type that a configuration can hold; give it a converter", T),
            ("a union of int, str cannot be told apart; classes need a tag field", Union[int, str]),
            (
                "a union of Leaf, list[int] cannot be told apart; classes need a tag field",
                Union[Leaf, list[int]],
            ),
            (
                "Leaf, DataLeaf have no field of their own Literal values that tells them apart",
                Union[Leaf, DataLeaf],
            ),
            (
                "Consul, Leaf have no field of their own Literal values that tells them apart",
                Union[Consul, Leaf],
            ),
            ("the keys of a mapping are text, as in TOML", dict[int, str]),
            ("the keys of a map of groups are plain str", dict[Colour, Leaf]),
            (
                "the keys of a map of groups are plain str",
                dict[Annotated[str, annotated_types.MinLen(1)], Leaf],
            ),
        ],
    )
    def test_hint(self, expected: str, hint: Any) -> None:
        """A hint of another kind is refused with the reason."""
        with pytest.raises(TypeError) as caught:
            one(hint)

        assert f"Made.field: {expected}" == str(caught.value)

    def test_plain_class(self) -> None:
        """A class whose fields nothing makes an ``__init__`` of is told from other types."""
        with pytest.raises(TypeError, match=r"; decorate it with @attrs.frozen or @dataclass$"):
            one(Undecorated)
        with pytest.raises(TypeError, match=r"type is no type .*; give it a converter$"):
            one(type)

    def test_callable(self) -> None:
        """The whole hint is named, however long it is."""
        with pytest.raises(TypeError, match=r"Callable\[\[int\], int\] is no type"):
            one(Callable[[int], int])

    @pytest.mark.parametrize(
        ("expected", "schema"),
        [
            ("int", int),
            ("x", "x"),
            ("list[int]", list[int]),
            ("an instance of Leaf", Leaf(5)),
            ("an instance of DataLeaf", DataLeaf(5)),
        ],
    )
    def test_no_class(self, expected: str, schema: Any) -> None:
        """A schema that is no class with fields is refused; an instance without its values."""
        name = expected.replace("list[int]", "list")

        with pytest.raises(TypeError) as caught:
            model_of(schema)

        assert f"schema: {name} is neither an attrs class nor a dataclass" == str(caught.value)

    def test_no_annotation(self) -> None:
        """A field without a type is refused."""
        made = attrs.make_class("Made", ["field"])

        with pytest.raises(TypeError, match=r"^Made\.field has no type annotation$"):
            model_of(made)

    def test_recursion(self) -> None:
        """A class that contains itself is refused where it closes the circle."""
        with pytest.raises(TypeError) as caught:
            model_of(Tree)

        expected = "Branch.trees: Tree contains itself; a configuration has a fixed depth"
        assert expected == str(caught.value)

    def test_twice_is_no_recursion(self) -> None:
        """A class may stand in several places, and is compiled once."""

        @attrs.frozen
        class Two:
            first: Leaf
            second: Leaf

        settings = model_of(Two).settings

        assert settings["first"].group is settings["second"].group

    def test_same_key(self) -> None:
        """Two settings whose keys a file cannot tell apart are refused, naming both."""

        @attrs.frozen
        class Clash:
            max_size: int
            maxSize: int  # noqa: N815 - no clash: the letters fold, but an underscore is none
            MAX_SIZE: int

        with pytest.raises(TypeError, match="Clash: `max_size` and `MAX_SIZE` are the same key"):
            model_of(Clash)

    @pytest.mark.parametrize("old", ["other", "name"])
    def test_old_name_is_taken(self, old: str) -> None:
        """An old name that is a setting's own name is refused."""

        @attrs.frozen
        class Renamed:
            name: int = setting(1, renamed_from=old)
            other: int = 2

        with pytest.raises(TypeError, match=rf"the old name `{old}` of `name` is taken$"):
            model_of(Renamed)

    def test_old_name_of_two(self) -> None:
        """An old name that two settings claim is refused."""

        @attrs.frozen
        class Renamed:
            first: int = setting(1, renamed_from="old")
            second: int = setting(2, renamed_from=("older", "old"))

        with pytest.raises(TypeError, match=r"the old name `old` of `second` is taken$"):
            model_of(Renamed)

    def test_rule_on_nothing(self) -> None:
        """A rule that reads what is no setting is refused."""

        @attrs.frozen
        class Ruled:
            leaf: Leaf

            @rule("leaf.value", "leaf.nothing")
            @staticmethod
            def holds(value: int, other: int) -> None:
                """It holds."""

        with pytest.raises(TypeError, match=r"the rule `holds` reads `leaf.nothing`, which is no"):
            model_of(Ruled)

    @pytest.mark.parametrize(
        ("check", "layers", "said"),
        [
            (lambda: None, False, "takes 0 values, and @rule names 2"),
            (lambda a: None, False, "takes 1 value, and @rule names 2"),
            (lambda a, b, c: None, False, "takes 3 values, and @rule names 2"),
            (lambda a, b, c, d=1: None, False, "takes at least 3 values, and @rule names 2"),
            (lambda a, b, c, *d: None, False, "takes at least 3 values, and @rule names 2"),
            (lambda a=1: None, False, "takes at most 1 value, and @rule names 2"),
            (lambda a, layers: None, True, "takes 1 value, and @rule names 2"),
            (lambda a, b: None, True, "cannot be called: got an unexpected keyword .*'layers'"),
            (lambda a, b, *, c: None, False, "cannot be called: missing a required .*'c'"),
        ],
    )
    def test_rule_of_another_number(self, check: Any, layers: bool, said: str) -> None:
        """A rule whose function cannot take what it reads is refused, with the function's place."""
        ruled = with_rule(rule("a", "b", layers=layers)(check))
        place = f"{re.escape(__file__)}:{check.__code__.co_firstlineno}"

        with pytest.raises(TypeError, match=rf"^Ruled: the rule `<lambda>` \({place}\) {said}$"):
            model_of(ruled)

    def test_rule_without_a_place(self) -> None:
        """A rule that is no function of Python is refused without a place."""
        root: Any = math.sqrt

        with pytest.raises(TypeError, match=r"^Ruled: the rule `sqrt` takes 1 value, and @rule"):
            model_of(with_rule(rule("a", "b")(root)))

    @pytest.mark.parametrize(
        "check",
        [lambda a, b: None, lambda *a: None, lambda a, b, c=1, *, d=2: None, max],
    )
    def test_rule_that_fits(self, check: Any) -> None:
        """A rule may have defaults and take any number of values; of what C made it is not known."""
        declared = rule("a", "b")(check)

        assert (declared,) == model_of(with_rule(declared)).rules


@attrs.frozen
class Branch:
    trees: "list[Tree]"


@attrs.frozen
class Tree:
    branch: Optional[Branch] = None


class TestFields:
    """attrs classes and dataclasses give the same settings."""

    def test_attrs(self) -> None:
        """Keys are aliases; what the constructor does not take is no setting."""

        @attrs.define
        class App:
            shared: ClassVar[int] = 0
            _private: int
            aliased: int = attrs.field(alias="other")
            keyword: int = attrs.field(kw_only=True)
            computed: int = attrs.field(init=False, default=5)

        settings = model_of(App).settings
        expected = {"private": "_private", "other": "aliased", "keyword": "keyword"}

        assert expected == {name: setting.attribute for name, setting in settings.items()}

    def test_dataclass(self) -> None:
        """What the constructor does not take is no setting."""

        @dataclasses.dataclass
        class App:
            shared: ClassVar[int] = 0
            plain: int
            hidden: dataclasses.InitVar[int] = 5
            keyword: int = dataclasses.field(kw_only=True, default=1)
            computed: int = dataclasses.field(init=False, default=5)

        assert ["plain", "keyword"] == list(model_of(App).settings)

    def test_init_variable(self) -> None:
        """An InitVar that needs a value is refused, since nothing could give it."""

        @dataclasses.dataclass
        class App:
            seed: dataclasses.InitVar[int]

        with pytest.raises(TypeError, match=r"App\.seed: an InitVar is no setting, so it needs"):
            model_of(App)

    def test_attrs_defaults(self) -> None:
        """A default is a value, made by a factory, or there is none."""

        @attrs.define
        class App:
            required: int
            plain: int = 5
            made: list[int] = attrs.field(factory=list)
            of_self: int = attrs.field(
                default=attrs.Factory(lambda app: app.plain, takes_self=True)
            )

        settings = model_of(App).settings.values()

        assert [REQUIRED, 5, [], None] == [setting.default_value() for setting in settings]

    def test_dataclass_defaults(self) -> None:
        """A dataclass says the same in its own way."""

        @dataclasses.dataclass
        class App:
            required: int
            plain: int = 5
            made: list[int] = dataclasses.field(default_factory=list)

        settings = model_of(App).settings.values()

        assert [REQUIRED, 5, []] == [setting.default_value() for setting in settings]

    def test_made_anew(self) -> None:
        """A factory makes each default anew."""
        setting = one(list[int], attrs.Factory(list))

        assert setting.default_value() is not setting.default_value()

    def test_validators(self) -> None:
        """Validators of attrs are constraints; others want the whole object."""

        def custom(*_: object) -> None:
            """Accept everything."""

        @attrs.define
        class App:
            field: int = attrs.field(validator=[validators.ge(1), custom])
            optional: Optional[int] = attrs.field(validator=validators.optional(validators.le(9)))

        settings = model_of(App).settings

        assert (Bound(">=", 1),) == settings["field"].constraints
        assert (custom,) == settings["field"].validators
        assert (Bound("<=", 9),) == settings["optional"].constraints

    def test_postponed(self) -> None:
        """Annotations that are text are resolved in the module of the class."""
        made = attrs.make_class("Made", {"field": attrs.field()})
        made.__annotations__ = {"field": "Optional[Leaf]"}
        made.__module__ = __name__

        assert model_of(Leaf) is not model_of(made).settings["field"].group
        assert model_of(made).settings["field"].group.cls is Leaf  # type: ignore[union-attr]


class TestSettingInHint:
    """`setting()` within an Annotated, where a dataclass has it."""

    def test_facts(self) -> None:
        """Facts and constraints are those of the setting, for dataclasses and attrs alike."""
        hint = Annotated[float, setting(ge=1, unit="s", help="How long.", env="WAIT")]
        plain = attrs.make_class("Plain", {})

        @dataclasses.dataclass
        class Data:
            field: hint
            optional: Optional[hint] = None

        @attrs.define
        class Attrs:
            field: hint
            optional: Optional[hint] = None

        for cls in (Data, Attrs):
            settings = model_of(cls).settings
            facts = [setting.facts for setting in settings.values()]

            assert ["seconds ['>= 1']", "OptionalOf seconds ['>= 1']"] == [
                written(setting.kind) for setting in settings.values()
            ]
            assert ["How long.", "How long."] == [one.help for one in facts]
            assert ["WAIT", "WAIT"] == [one.env for one in facts]
        assert {} == model_of(plain).settings

    def test_both(self) -> None:
        """What the hint's setting demands holds beside what the field's own demands."""

        @attrs.frozen
        class App:
            field: Annotated[int, setting(ge=1)] = setting(3, le=9)

        found = model_of(App).settings["field"]

        assert "int ['>= 1']" == written(found.kind)
        assert (Bound("<=", 9),) == found.constraints
        with pytest.raises(ValueError, match=r"^field must be at least 1"):
            App(0)

    def test_attrs_validator(self) -> None:
        """A validator of attrs itself is a constraint of the hint."""
        hint = Annotated[str, setting(validator=validators.min_len(2))]

        assert "str ['length >= 2']" == written(one(hint).kind)

    def test_own_validator(self) -> None:
        """A validator that wants the whole object has no place there."""
        hint = Annotated[int, setting(validator=lambda *_: None)]

        with pytest.raises(
            TypeError, match=r"^Made.field: in a hint, write a check of your own as"
        ):
            one(hint)

    def test_default(self) -> None:
        """A default has no place there."""
        with pytest.raises(TypeError, match=r"^Made.field: the default stands behind the hint"):
            one(Annotated[int, setting(5)])

    def test_as_default_of_a_dataclass(self) -> None:
        """A `setting()` as the default of a dataclass is refused with what to write instead."""

        @dataclasses.dataclass
        class App:
            field: int = setting(5)

        with pytest.raises(TypeError, match=r"App\.field: in a dataclass, write setting\(\) into"):
            model_of(App)


class TestConverters:
    """A converter decides what a field takes."""

    def test_by_class(self) -> None:
        """An attrs class runs its own converter, whichever way it was given."""

        @attrs.define
        class App:
            plain: complex = attrs.field(converter=complex)
            ours: complex = setting(converter=complex)
            object_: complex = attrs.field(converter=attrs.Converter(complex))  # type: ignore[misc]

        found = model_of(App).settings.values()

        assert ["converted by the class"] * 3 == [written(setting.kind) for setting in found]
        assert [complex] * 3 == [
            setting.kind.convert for setting in found if isinstance(setting.kind, kinds.Converted)
        ]

    def test_in_hint(self) -> None:
        """A converter in the hint is run by whoever loads, and bounds hold after it."""
        hint = Annotated[int, setting(converter=int, ge=3)]

        @dataclasses.dataclass
        class Data:
            field: hint

        assert "converted by the loader ['>= 3']" == written(model_of(Data).settings["field"].kind)
        assert "converted by the loader ['>= 3']" == written(one(hint).kind)

    def test_bounds_of_the_hint(self) -> None:
        """Behind a setting's converter the class checks the hint, and reports know it."""

        @attrs.frozen
        class App:
            field: Port = setting(converter=int)

        with pytest.raises(ValueError, match=r"^field must be at least 1"):
            App("0")  # type: ignore[arg-type]

        assert (Bound(">=", 1), Bound("<=", 65535)) == model_of(App).settings["field"].constraints

    def test_unchecked_hint(self) -> None:
        """Behind a plain attrs converter nothing would check the hint: it is refused."""

        @attrs.frozen
        class App:
            field: Port = attrs.field(converter=int)

        with pytest.raises(TypeError, match=r"App\.field: behind a converter nothing checks"):
            model_of(App)

    def test_secret(self) -> None:
        """A secret behind a converter is still a secret."""

        @attrs.frozen
        class App:
            field: Optional[Secret[str]] = attrs.field(converter=Secret)

        assert model_of(App).settings["field"].secret


class TestUnits:
    """A unit lets a number be written as a quantity."""

    @pytest.mark.parametrize(
        ("expected", "hint", "unit"),
        [
            ("seconds", float, "s"),
            ("OptionalOf seconds", Optional[float], "s"),
            ("seconds ['> 0']", Annotated[float, annotated_types.Gt(0)], "s"),
            ("Masked seconds", Secret[float], "s"),
            ("bytes", int, "B"),
            ("int", int, "s"),
            ("float", float, "requests"),
            ("list of float", list[float], "s"),
        ],
    )
    def test_kind(self, expected: str, hint: Any, unit: str) -> None:
        """Seconds are floats and bytes are integers, optional, bounded or secret."""
        made = attrs.make_class("Made", {"field": setting(unit=unit)})
        made.__annotations__ = {"field": hint}

        assert expected == written(model_of(made).settings["field"].kind)

    @pytest.mark.parametrize(
        ("expected", "made"),
        [("s", one(Seconds)), ("B", one(Optional[Bytes])), ("", one(int))],
    )
    def test_own_unit(self, expected: str, made: Setting) -> None:
        """A kind of quantity has its unit without being told."""
        assert expected == made.unit

    def test_said_unit(self) -> None:
        """What the setting says of its unit wins."""
        made: Any = attrs.make_class("Made", {"field": setting(unit="requests")})
        made.__annotations__ = {"field": int}

        assert "requests" == model_of(made).settings["field"].unit


class TestSetting:
    """What a setting says of itself."""

    @pytest.mark.parametrize(
        ("expected", "hint"),
        [
            (False, str),
            (False, Leaf),
            (True, Secret[str]),
            (True, Optional[Secret[str]]),
            (True, list[Secret[str]]),
            (True, dict[str, Secret[str]]),
            (True, tuple[int, Secret[str]]),
            (True, Annotated[Secret[str], annotated_types.MinLen(1)]),
            (True, Annotated[list[Secret[str]], annotated_types.MinLen(1)]),
            (True, Annotated[str, setting(secret=True)]),
            (False, tuple[int, str]),
        ],
    )
    def test_secret(self, expected: bool, hint: Any) -> None:
        """A secret anywhere in the value makes the whole a secret."""
        assert expected == one(hint).secret

    def test_secret_is_checked_within(self) -> None:
        """What a setting demands of a secret is demanded of what it holds."""

        @attrs.frozen
        class App:
            token: Secret[str] = setting(matches="a+")
            other: Optional[Secret[str]] = attrs.field(validator=validators.min_len(3))  # type: ignore[misc]

        settings = model_of(App).settings

        assert "Masked str ['matches a+']" == written(settings["token"].kind)
        assert "OptionalOf Masked str ['length >= 3']" == written(settings["other"].kind)
        assert ((), ()) == (settings["token"].constraints, settings["other"].constraints)

    @pytest.mark.parametrize(
        ("expected", "hint"),
        [
            (True, int),
            (True, list[int]),
            (True, dict[str, int]),
            (False, Leaf),
            (False, dict[str, Leaf]),
            (False, list[Leaf]),
            (False, Union[Consul, Static]),
            (False, Secret[str]),
            (False, Annotated[list[int], setting(merge="append")]),
        ],
    )
    def test_is_leaf(self, expected: bool, hint: Any) -> None:
        """A leaf is merged by taking it as it is."""
        assert expected == one(hint).is_leaf

    @pytest.mark.parametrize(
        ("expected", "hint", "value"),
        [
            (True, int, 5),
            (True, list[Leaf], []),
            (True, Optional[Leaf], None),
            (False, Leaf, Leaf()),
            (False, dict[str, Leaf], {}),
            (False, Union[Consul, Static], Consul()),
        ],
    )
    def test_holds_value(self, expected: bool, hint: Any, value: Any) -> None:
        """Groups and maps of groups are shown setting by setting, everything else as a value."""
        assert expected == one(hint).holds_value(value)

    @pytest.mark.parametrize(
        ("expected", "hint", "default"),
        [
            ({}, Leaf, REQUIRED),
            ({}, Leaf, Leaf()),
            ({}, Optional[Leaf], None),
            ({}, int, 5),
            ({"value": 5}, Leaf, Leaf(5)),
            ({"value": 5}, DataLeaf, attrs.Factory(lambda: DataLeaf(5))),
            ({"item": {"value": 5}}, Box[Leaf], Box(Leaf(5))),
            ({"item": {}}, Box[Leaf], Box(Leaf())),
        ],
    )
    def test_default_table(self, expected: dict[str, Any], hint: Any, default: Any) -> None:
        """The default of a group is told by what it sets otherwise than the class does."""
        assert expected == one(hint, default).default_table

    def test_checks_itself(self) -> None:
        """Only a class that knows the whole hint checks it itself."""

        @attrs.frozen
        class Generics(Generic[T]):
            item: T = setting()
            plain: int = 1

        @attrs.frozen
        class Filled(Generics[Port]):
            pass

        @dataclasses.dataclass
        class Data:
            item: Annotated[int, setting()]

        assert model_of(Filled).settings["item"].checks_itself
        assert not model_of(Generics[Port]).settings["item"].checks_itself
        assert not model_of(Filled).settings["plain"].checks_itself
        assert not model_of(Data).settings["item"].checks_itself

    @pytest.mark.parametrize(
        ("expected", "made"),
        [
            ("Made.field: int, 1..=65535", one(Port)),
            ("Made.field: optional seconds", one(Optional[Seconds])),
            (
                "Made.field: secret str, not empty",
                one(Secret[Annotated[str, annotated_types.MinLen(1)]]),
            ),
        ],
    )
    def test_declaration(self, expected: str, made: Setting) -> None:
        """The declaration names class, attribute, type and bounds."""
        assert expected == made.declaration()

    def test_declaration_of_facts(self) -> None:
        """The declaration tells what the setting demands, and a unit that the type does not."""

        @attrs.frozen
        class App:
            _limit: int = setting(5, ge=1, le=9, unit="requests")
            wait: float = setting(5.0, gt=0, unit="s")

        settings = model_of(App).settings

        assert "App._limit: int, 1..=9, in requests" == settings["limit"].declaration()
        assert "App.wait: seconds, > 0" == settings["wait"].declaration()


@configuration(prefix="APP_")
@attrs.frozen
class Root:
    consul: Consul
    leaves: dict[str, Box[Leaf]]
    source: Optional[Union[Consul, Static]] = None
    token: Secret[str] = setting(attrs.Factory(lambda: Secret("")), renamed_from="key")
    listed: list[DataLeaf] = attrs.field(factory=list)

    @rule("consul.host", "token")
    @staticmethod
    def first(host: str, token: str) -> None:
        """It holds."""

    @rule("token")
    @staticmethod
    def second(token: str) -> None:
        """It holds too."""


ROOT = model_of(Root)


class TestModel:
    """The description of a class."""

    def test_once(self) -> None:
        """A class is compiled once."""
        assert ROOT is model_of(Root)

    def test_configuration(self) -> None:
        """The model knows what the class says of itself."""
        assert Configuration(prefix="APP_") == ROOT.configuration

    def test_spellings(self) -> None:
        """Folded keys lead to the keys of the schema."""
        assert {"type": "type", "host": "host"} == model_of(Consul).spellings

    def test_old_names(self) -> None:
        """Old names lead to the present ones."""
        assert {"key": "token"} == ROOT.old_names

    def test_groups(self) -> None:
        """Groups and maps of groups are told from other settings."""
        assert ["consul", "leaves"] == [setting.name for setting in ROOT.groups]

    def test_secret_group(self) -> None:
        """A group cannot be a secret as a whole; the message says what can."""

        @attrs.frozen
        class Keys:
            key: str = ""

        @attrs.frozen
        class Made:
            keys: Keys = setting(Keys(), secret=True)

        with pytest.raises(
            TypeError, match=r"Made\.keys is a group: say secret=True of the settings"
        ):
            model_of(Made)

    def test_secret_names(self) -> None:
        """The names of secrets are known at any depth, old ones too."""

        @attrs.frozen
        class Deep:
            roots: dict[str, Root]
            password: str = setting("", secret=True)

        assert {"token", "key", "password"} == model_of(Deep).secret_names

    @pytest.mark.parametrize(
        ("expected", "path"),
        [
            ("Consul.host", ("consul", "host")),
            ("Root.consul", ("consul",)),
            ("Root.leaves", ("leaves",)),
            ("Root.leaves", ("leaves", "any key")),
            ("Box.item", ("leaves", "any key", "item")),
            ("Leaf.value", ("leaves", "any.key", "item", "value")),
            ("Consul.host", ("source", "host")),
            ("Static.hosts", ("source", "hosts")),
            ("Root.listed", ("listed",)),
            (None, ()),
            (None, ("nothing",)),
            (None, ("consul", "nothing")),
            (None, ("consul", "host", "deeper")),
            (None, ("source", "nothing")),
            (None, ("leaves", "any key", "nothing")),
            (None, ("listed", 0)),
        ],
    )
    def test_find(self, expected: str | None, path: tuple[str | int, ...]) -> None:
        """A path leads through groups, entries of maps and classes of unions."""
        found = ROOT.find(path)

        assert expected == (found and f"{found.owner.__name__}.{found.attribute}")

    def test_find_repeated_name(self) -> None:
        """A union is entered by what follows it, even where its name stands twice in the path."""

        @attrs.frozen
        class Inner:
            source: Union[Consul, Static]

        @attrs.frozen
        class Outer:
            source: Inner

        found = model_of(Outer).find(("source", "source", "hosts"))

        assert found is not None
        assert Static is found.owner

    def test_walk(self) -> None:
        """Every setting with a fixed path is told, groups before what they hold."""
        expected = [
            "consul",
            "consul.type",
            "consul.host",
            "leaves",
            "source",
            "token",
            "listed",
        ]

        assert expected == [".".join(map(str, path)) for path, _ in ROOT.walk()]

    def test_rules(self) -> None:
        """Rules are inherited; a subclass may replace one or take it away."""

        @attrs.frozen
        class Derived(Root):
            first = None  # type: ignore[assignment]

            @staticmethod
            @rule("token")
            def third(token: str) -> None:
                """It holds as well."""

        assert ["first", "second"] == [rule.name for rule in ROOT.rules]
        assert ["second", "third"] == [rule.name for rule in model_of(Derived).rules]


@attrs.frozen
class Service:
    leaf: Leaf = setting(attrs.Factory(Leaf), inherits="leaf")


def inheriting(**hints: Any) -> Model:
    """Compile a root class with these fields."""
    made = attrs.make_class("Made", {name: attrs.field() for name in hints})
    made.__annotations__ = hints
    return model_of(made)


class TestInherits:
    """A group in a map may inherit from a group of the root."""

    def test_known(self) -> None:
        """A model knows whether anything in it inherits."""
        assert inheriting(leaf=Leaf, services=dict[str, Service]).inherits
        assert not inheriting(leaf=Leaf).inherits

    @pytest.mark.parametrize(
        "hints",
        [
            {},
            {"leaf": int},
            {"leaf": DataLeaf},
            {"leaf": dict[str, Leaf]},
        ],
    )
    def test_no_such_group(self, hints: dict[str, Any]) -> None:
        """What is no group of the same class cannot be inherited from."""
        with pytest.raises(TypeError) as caught:
            inheriting(**hints, services=dict[str, Service])

        expected = "Service.leaf inherits 'leaf', which is no group of the same class in Made"
        assert expected == str(caught.value)

    def test_itself(self) -> None:
        """A group that inherits from itself, or in a chain, is refused."""
        with pytest.raises(TypeError, match=r"^Service\.leaf inherits 'leaf', which itself inh"):
            model_of(Service)
