"""What authors of schemas may do wrong, or do in their own way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal

import annotated_types
import attrs
import pytest

import meshconf
from meshconf import Layer, Secret, rule, setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.loading.conftest import Attempt


def boom(*_: Any) -> Any:
    """Raise something."""
    msg = "boom"
    raise RuntimeError(msg)


class SilentError(Exception):
    """An exception whose words cannot be had."""

    def __str__(self) -> str:
        raise self


def silent(*_: Any) -> Any:
    """Raise what cannot be shown."""
    raise SilentError(object())


def even(_: object, __: object, value: Any) -> None:
    """Refuse odd numbers."""
    if value % 2:
        msg = f"{value} is odd"
        raise ValueError(msg)


def after(instance: Any, _: object, value: Any) -> None:
    """Refuse what is not after a neighbour."""
    if value < instance.first:
        msg = f"{value} is before {instance.first}"
        raise ValueError(msg)


def make(*args: Any, **kwargs: Any) -> Any:
    """Make a class of one setting."""
    return attrs.make_class(
        "App", {"a": attrs.field(*args, **{"type": int, **kwargs})}, frozen=True
    )


def told(found: Any) -> list[tuple[str, str, str]]:
    """Return code, path and message of the problems of a failed load."""
    assert isinstance(found, meshconf.ConfigError)
    assert str(found).endswith("nothing was loaded")
    return [(one.code, one.path, one.message) for one in found.problems]


class TestFields:
    @pytest.mark.parametrize(
        ("schema", "text", "expected"),
        [
            (
                make(validator=even),
                "a = 3",
                ("MC207", "a", "`a` fails the check `even`: 3 is odd"),
            ),
            (make(validator=boom), "a = 3", ("MC207", "a", "`a` fails the check `boom`: boom")),
            (make(validator=silent), "a = 3", ("MC207", "a", "`a` fails the check `silent`")),
            (
                make(converter=int, type=Any),
                'a = "x"',
                (
                    "MC207",
                    "a",
                    "`a` is refused by its converter: invalid literal for int() with base 10: 'x'",
                ),
            ),
            (
                make(converter=silent, type=Any),
                "a = 1",
                ("MC207", "a", "`a` is refused by its converter"),
            ),
            (
                make(default=1, validator=even),
                "",
                ("MC207", "a", "the default of `a` fails the check `even`: 1 is odd"),
            ),
            (
                make(validator=attrs.validators.ge(0), type=Any),
                'a = "x"',
                ("MC202", "a", '`a` must be comparable with 0, got "x"'),
            ),
            (
                make(validator=attrs.validators.instance_of(str), type=Any),
                "a = 1",
                (
                    "MC207",
                    "",
                    "App is refused by App: 'a' must be <class 'str'> (got 1 that is a <class 'int'>).",
                ),
            ),
            (make(factory=boom), "", ("MC207", "", "App is refused by App: boom")),
            (
                make(type=dict[Literal["x", "y"], int]),
                "a = { z = 1 }",
                ("MC203", "a.z", '`a.z` must be one of "x", "y", got "z"'),
            ),
            (
                make(type=frozenset[Any]),
                "a = [{}]",
                ("MC207", "a", "`a` is refused by its converter: unhashable type: 'dict'"),
            ),
            (
                make(type=tuple[int, str]),
                "a = [1, 2]",
                ("MC201", "a[1]", "`a[1]` must be a string, got an integer"),
            ),
            (
                make(type=tuple[int, str]),
                "a = [1]",
                ("MC205", "a", "`a` must have 2 elements, got 1"),
            ),
        ],
    )
    def test_refused(self, schema: Any, text: str, expected: Any, attempt: Attempt) -> None:
        """Whatever refuses a value is told with the field and the words that it has."""
        assert [expected] == told(attempt(text, schema=schema))

    def test_neighbour_that_is_wrong(self, attempt: Attempt) -> None:
        """A validator that reads a wrong neighbour is left out."""
        schema = attrs.make_class(
            "App", {"first": attrs.field(type=int), "last": attrs.field(type=int, validator=after)}
        )

        assert ["first"] == [
            path for _, path, _ in told(attempt("first = ''\nlast = 1", schema=schema))
        ]
        assert ["last"] == [
            path for _, path, _ in told(attempt("first = 2\nlast = 1", schema=schema))
        ]

    def test_default_of_the_whole(self, attempt: Attempt) -> None:
        """A default that is made of the object itself is left to the class."""
        schema = attrs.make_class(
            "App",
            {
                "a": attrs.field(type=int),
                "b": attrs.field(
                    type=int, default=attrs.Factory(lambda self: self.a + 1, takes_self=True)
                ),
            },
        )

        assert (
            4
            == attempt(
                "a = 3\nx = 1", schema=attrs.make_class("X", {}) if False else schema, environ={}
            ).problems.__len__()
            + 3
        )
        assert 4 == attempt("a = 3", schema=schema, environ={"APP_X": ""}).config.b

    def test_secret_of_some_length(self, attempt: Attempt) -> None:
        """What a hint demands of a secret is demanded of its value."""
        schema = make(type=Annotated[Secret[str], annotated_types.MinLen(3)])

        assert "abc" == attempt('a = "abc"', schema=schema).config.a.reveal()
        assert [("MC205", "a", "`a` must have at least 3 characters")] == [
            one for one in told(attempt('a = "ab"', schema=schema)) if one[0] != "MC208"
        ]


@pytest.mark.skipif(not hasattr(attrs, "Converter"), reason="attrs is too old for it")
class TestConverters:
    def test_that_want_the_object(self, attempt: Attempt) -> None:
        """A converter that wants more than the value is run by the class alone."""

        def scaled(value: Any, instance: Any) -> int:
            return int(int(value) * instance.factor)

        converter = attrs.Converter(scaled, takes_self=True)
        schema = attrs.make_class(
            "App",
            {"factor": attrs.field(type=int), "a": attrs.field(type=Any, converter=converter)},
        )
        found = attempt("factor = 2\na = 3", schema=schema, environ={"APP_X": ""})

        assert 6 == found.config.a
        assert 1 == len(told(attempt('factor = 2\na = "x"', schema=schema)))


@attrs.frozen
class Child:
    """A group with a rule."""

    low: int = 0
    high: int = 9
    note: str = ""

    @rule("low", "high")
    @staticmethod
    def in_order(low: int, high: int) -> str | None:
        """Low is at most high."""
        return f"{low} is above {high}" if low > high else None


@attrs.frozen
class Entry:
    """An entry that inherits."""

    child: Child = setting(Child(), inherits="child")


@attrs.frozen
class App:
    """Groups in every place; the entries stand before what they inherit from."""

    entries: dict[str, Entry] = attrs.field(factory=dict)
    child: Child = Child()
    children: tuple[Child, ...] = ()
    named: dict[str, tuple[Child, ...]] = attrs.field(factory=dict)
    maybe: Child | None = None


BROKEN = "low = 5\nhigh = 4\n"


class TestRules:
    @pytest.mark.parametrize(
        ("text", "path"),
        [
            (f"[child]\n{BROKEN}", "child"),
            (f"[[children]]\n[[children]]\n{BROKEN}", "children[1]"),
            (f"[[named.a]]\n{BROKEN}", "named.a[0]"),
            (f"[maybe]\n{BROKEN}", "maybe"),
            (f"[entries.x.child]\n{BROKEN}", "entries.x.child"),
            ("[child]\nhigh = 4\n[entries.x.child]\nlow = 5", "entries.x.child"),
        ],
    )
    def test_run_everywhere(self, text: str, path: str, attempt: Attempt) -> None:
        """The rules of a group run wherever it stands, in lists and maps too."""
        assert [("MC301", path, f"`{path}`: 5 is above 4")] == told(attempt(text, schema=App))

    def test_inherited_breach_is_told_once(self, attempt: Attempt) -> None:
        """A rule that is broken by what is inherited alone is told where that stands."""
        text = f"[child]\n{BROKEN}[entries.x.child]\nnote = 'x'\n[entries.y]\n"

        assert ["child"] == [path for _, path, _ in told(attempt(text, schema=App))]

    @pytest.mark.parametrize(
        ("check", "level", "expected"),
        [
            (boom, "error", r"RuntimeError in test_authors.py:\d+"),
            (boom, "warning", r"RuntimeError in test_authors.py:\d+"),
            (max, "error", "TypeError"),
            (lambda _: "", "error", "it returned an empty text, not a sentence or None"),
            (lambda _: False, "error", "it returned False, not a sentence or None"),
            (lambda _: 5, "error", "it returned a value of type int, not a sentence or None"),
        ],
    )
    def test_that_fail(
        self, check: Callable[..., Any], level: Any, expected: str, attempt: Attempt
    ) -> None:
        """A rule that raises, or gives no sentence, is an error that says where or what."""
        body = {"check": rule("a", level=level)(check)}
        schema = attrs.make_class("App", {"a": attrs.field(type=int)}, class_body=body)

        ((code, path, message),) = told(attempt("a = 1", schema=schema))

        assert ("MC302", "a") == (code, path)
        assert re.fullmatch(f"the rule `.*` failed to run: {expected}", message)

    def test_of_defaults(self, attempt: Attempt) -> None:
        """A rule that the defaults break is told without a place, and which values are defaults."""
        body = {"check": rule("a")(lambda _: "hm")}
        schema = attrs.make_class("App", {"a": attrs.field(type=int, default=1)}, class_body=body)
        found = attempt("", schema=schema)
        (problem,) = found.problems

        assert [("MC301", "a", "hm")] == told(found)
        assert (("`a` is 1, the default",), None) == (problem.notes, problem.origin)

    def test_of_some_defaults(self, attempt: Attempt) -> None:
        """Defaults are named in a line, but for what is not set, secret or a group."""
        optional: Any = int | None
        fields = {
            "a": attrs.field(type=int, default=1),
            "b": attrs.field(type=meshconf.Seconds, default=2.5),
            "c": attrs.field(type=optional, default=None),
            "d": attrs.field(type=meshconf.Secret[int], default=meshconf.Secret(4711)),
            "child": attrs.field(type=Child, default=Child()),
            "e": attrs.field(type=int),
        }
        body = {"check": rule(*fields)(lambda *_: "hm")}
        schema = attrs.make_class("App", fields, class_body=body, kw_only=True)
        (problem,) = attempt("e = 5", schema=schema).problems

        assert ("defaults: `a` is 1, `b` is 2.5 s",) == problem.notes

    def test_warning(self, attempt: Attempt) -> None:
        """A warning lets the load succeed."""
        body = {"check": rule("a", level="warning")(lambda _: "hm")}
        schema = attrs.make_class("App", {"a": attrs.field(type=int)}, class_body=body)

        assert ["hm"] == [one.message for one in attempt("a = 1", schema=schema).warnings]

    def test_through_a_group_that_is_not_there(self, attempt: Attempt) -> None:
        """A rule that reads a group that is None does not run."""
        body = {"check": rule("child.low")(boom)}
        optional: Any = Child | None
        fields = {"a": attrs.field(type=int), "child": attrs.field(type=optional, default=None)}
        schema = attrs.make_class("App", fields, class_body=body)

        assert 1 == attempt("a = 1", schema=schema, environ={"APP_X": ""}).config.a
        assert ["a"] == [path for _, path, _ in told(attempt("a = ''", schema=schema))]

    @pytest.mark.parametrize(
        ("text", "environ", "note"),
        [
            ("low = 5", {"APP_HIGH": "4"}, "without APP_HIGH it would be the default 9"),
            ("low = 5\nhigh = 4", {}, "without this line it would be the default 0"),
            ("low = 5\nhigh = 8", {"APP_HIGH": "4"}, "it would be 8 (app.toml:2:8)"),
            ("low = 5\nhigh = 'x'", {"APP_HIGH": "4"}, ""),
            ("low = 5\nhigh = 3", {"APP_HIGH": "4"}, ""),
        ],
    )
    def test_what_would_have_held(
        self, text: str, environ: dict[str, str], note: str, attempt: Attempt
    ) -> None:
        """The report says whether the rule would hold without the last value."""
        (problem,) = attempt(text, schema=Child, environ=environ).problems

        assert bool(note) == bool(problem.notes)
        assert note in "".join(problem.notes)

    @pytest.mark.parametrize(
        ("converter", "note"),
        [(int, "without APP_A it would be 80 (app.toml:1:5) and the rule would hold"), (ord, "")],
    )
    def test_what_a_converter_would_have_given(
        self, converter: Any, note: str, attempt: Attempt
    ) -> None:
        """What would have held is converted as the class does, unless the converter raises."""
        body = {"check": rule("a")(lambda a: None if a == 80 else f"{a} is not 80")}
        fields = {"a": attrs.field(type=Any, converter=converter)}
        schema = attrs.make_class("App", fields, class_body=body)
        (problem,) = attempt('a = "80"', schema=schema, environ={"APP_A": "9"}).problems

        assert note == "".join(problem.notes)

    def test_what_a_raising_converter_would_have_given(self, attempt: Attempt) -> None:
        """Whatever a converter raises, the report is made."""

        @dataclass
        class Stripped:
            a: Annotated[Any, setting(converter=lambda value: value.strip())]
            check = rule("a")(lambda a: f"{a} is wrong")

        found = attempt("a = 3", schema=Stripped, environ={"APP_A": "x"})

        assert [("MC301", "a", "x is wrong")] == told(found)

    def test_layers(self, attempt: Attempt) -> None:
        """A rule may ask which layers set a path below it."""

        def asks(_: Any, layers: Any) -> str:
            return f"set by {', '.join(layers('a'))}"

        body = {"asks": rule("a", layers=True)(asks)}
        schema = attrs.make_class("App", {"a": attrs.field(type=int)}, class_body=body)
        found = attempt("a = 1", schema=schema, environ={"APP_A": "2"})

        assert "set by environment, app.toml" == told(found)[0][2]


@dataclass(frozen=True)
class Refusing:
    """A dataclass that refuses some of its objects."""

    a: int = 0
    b: Annotated[int, annotated_types.Ge(0)] = 0

    def __post_init__(self) -> None:
        """Refuse."""
        if self.a > self.b:
            msg = "a is above b"
            raise ValueError(msg)


class Incomparable:
    """A value of the author's that refuses to be compared."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, _: object) -> bool:
        boom()
        return False


@attrs.frozen(eq=False)
class Incomparables:
    """Such values in every place."""

    a: Incomparable = setting(converter=Incomparable)
    b: Any = attrs.field(factory=lambda: Incomparable(1))
    c: Any = setting(Incomparable(2), secret=True)
    d: int = 1

    @rule("a", "d", layers=True)
    @staticmethod
    def asks(_: Any, d: int, layers: Any) -> str | None:
        """A is set once."""
        return f"set {len(layers('a'))} times" if d > 1 else None


@attrs.frozen
class Holder:
    """It holds one."""

    inner: Refusing = Refusing()


class TestClasses:
    def test_of_the_root(self, attempt: Attempt) -> None:
        """A class that refuses the whole is told with its words."""
        message = "Refusing is refused by Refusing: a is above b"

        assert [("MC207", "", message)] == told(attempt("a = 1", schema=Refusing))

    def test_of_a_group(self, attempt: Attempt) -> None:
        """A group's class is told with the group's place."""
        found = attempt("[inner]\na = 1", schema=Holder)

        assert [("MC207", "inner", "`inner` is refused by Refusing: a is above b")] == told(found)
        assert "app.toml:1:1" == str(found.problems[0].origin)

    def test_not_asked_with_wrong_values(self, attempt: Attempt) -> None:
        """A class is not asked where a value is wrong already."""
        assert ["b"] == [path for _, path, _ in told(attempt("a = 1\nb = -1", schema=Refusing))]

    @pytest.mark.parametrize(
        ("d", "expected"),
        [
            ("2", ("MC301", "", "set 2 times")),
            ('"x"', ("MC201", "d", "`d` must be an integer, got a string")),
        ],
    )
    def test_that_cannot_be_compared(self, d: str, expected: Any, attempt: Attempt) -> None:
        """No value of the author's is compared with what it is not."""
        overrides = {"a": Incomparable(3)}
        text = f"a = 1\nd = {d}"

        assert [expected] == told(attempt(text, schema=Incomparables, overrides=overrides))

    def test_explained_that_cannot_be_compared(self, attempt: Attempt) -> None:
        """Nor is it to explain it."""
        found = attempt("a = 1", schema=Incomparables)

        assert "the default" in found.explain("b")

    def test_dataclass(self, attempt: Attempt) -> None:
        """A dataclass loads from end to end."""
        assert Holder(Refusing(1, 2)) == attempt("[inner]\na = 1\nb = 2", schema=Holder).config


class TestNames:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[child]\nlow = 1\nLOW = 2", "`child.low` is given twice: as `LOW` and `low`"),
            ("[child]\nLow = 1\nLOW = 2", "`child.low` is given twice: as `Low` and `LOW`"),
            ("[chlid]\nlow = 1", "unknown key `chlid`"),
            ("child = 1", "`child` must be a table, got an integer"),
            ("entries = 1", "`entries` must be a table, got an integer"),
            ("[entries]\nx = []", "`entries.x` must be a table, got an array"),
            ("quite_another = 1", "unknown key `quite_another`"),
            ("low = 1", "unknown key `low`"),
        ],
    )
    def test_that_do_not_fit(self, text: str, message: str, attempt: Attempt) -> None:
        """Names and shapes that do not fit are told where they stand."""
        assert [message] == [said for _, _, said in told(attempt(text, schema=App))]

    def test_key_of_another_table(self, attempt: Attempt) -> None:
        """A key that another table knows is told with that table."""
        (problem,) = attempt("low = 1", schema=App).problems

        assert '`low` is a key of [entries."*".child] and of [child]' in problem.notes[0]

    def test_ambiguous(self, attempt: Attempt) -> None:
        """A name that could mean two entries of a map is refused."""
        text = '[entries."a-b"]\n[entries.a_b]\n'
        (problem,) = attempt(
            text, schema=App, environ={"APP_ENTRIES__A_B__CHILD_LOW": "1"}
        ).problems

        assert ("MC105", "APP_ENTRIES__A_B__CHILD_LOW") == (problem.code, problem.origin.name)
        assert problem.message.endswith(" could mean any of a-b, a_b in `entries`")

    def test_ambiguous_of_keys_in_quotes(self, attempt: Attempt) -> None:
        """Entries whose names need quotes in a file are told in quotes."""
        text = '[entries."a b-c"]\n[entries."a b_c"]\n'
        (problem,) = attempt(
            text, schema=App, environ={"APP_ENTRIES__A B_C__CHILD_LOW": "1"}
        ).problems

        assert problem.message.endswith(' could mean any of "a b-c", "a b_c" in `entries`')

    def test_layer_without_text(self, attempt: Attempt) -> None:
        """A layer without a text is told by its name alone."""

        class Store:
            def read(self, _: Any) -> Layer:
                return Layer("store", "key", {"chidl": 1, "child": {"low": "x", "LOW": 2}})

        found = attempt(None, Store(), schema=App)

        assert {"key"} == {str(one.origin) for one in found.problems}


@attrs.frozen
class Outer:
    """A group that holds what others inherit, and one that inherits."""

    inner: Child = Child(1, 8)
    x: int = 0


@attrs.frozen
class Member:
    """An entry with a group that inherits from within a group."""

    child: Child = setting(Child(), inherits="outer.inner")
    pair: tuple[Child, int] = (Child(), 0)


@attrs.frozen
class Nested:
    """Inheritance over two levels."""

    members: dict[str, Member] = attrs.field(factory=dict)
    outer: Outer = Outer(x=3)
    holder: Member = Member()


@attrs.frozen
class Surrounding:
    """A group whose default says otherwise than the defaults of the classes in it."""

    group: Outer = Outer(Child(1, 7))


@attrs.frozen
class Within:
    """An entry that inherits from three groups down."""

    child: Child = setting(Child(), inherits="outer.group.inner")


@attrs.frozen
class Around:
    """Inheritance over three levels."""

    members: dict[str, Within] = attrs.field(factory=dict)
    outer: Surrounding = Surrounding(Outer(Child(1, 6)))


class TestDeepInheritance:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("[members.a]", Child(1, 8)),
            ("[members.a.child]\nlow = 2", Child(2, 8)),
            ("[outer.inner]\nlow = 3\n[members.a.child]\nhigh = 7", Child(3, 7)),
            ("[outer]\nx = 3\n[members.a.child]\nhigh = 7", Child(1, 7)),
        ],
    )
    def test_from_within_a_group(self, text: str, expected: Child, attempt: Attempt) -> None:
        """A group may inherit from one that stands in another, whether that is set or not."""
        found = attempt(text, schema=Nested, environ={"APP_X": ""})

        assert (expected, 3) == (found.config.members["a"].child, found.config.outer.x)

    def test_leaves_the_defaults_alone(self, attempt: Attempt) -> None:
        """What one load inherits is no default of the next."""
        attempt("[members.a.child]\nhigh = 7", schema=Around)
        found = attempt("[outer.group.inner]\nlow = 2", schema=Around)

        assert Child(2, 6) == found.config.outer.group.inner

    def test_without_a_map(self, attempt: Attempt) -> None:
        """So may a group that stands in no map."""
        found = attempt("[holder.child]\nlow = 4", schema=Nested)

        assert Child(4, 8) == found.config.holder.child

    def test_of_a_refused_group(self, attempt: Attempt) -> None:
        """What inherits from a group that cannot be made is not told of."""
        found = attempt("outer.x = ''\nouter.inner.low = ''\n[members.a]", schema=Nested)

        assert ["outer.x", "outer.inner.low"] == [path for _, path, _ in told(found)]

    def test_pair(self, attempt: Attempt) -> None:
        """The rules of a group in an array of fixed length run as well."""
        found = attempt("[holder]\npair = [{ low = 5, high = 4 }, 1]", schema=Nested)

        assert ["holder.pair[0]"] == [path for _, path, _ in told(found)]

    def test_objects(self, attempt: Attempt) -> None:
        """A map may hold objects that are made already."""
        member = Member(child=Child(5, 6))
        found = attempt("", schema=Nested, overrides={"members": {"a": member}})

        assert member == found.config.members["a"]

    def test_from_within_a_group_that_is_given(self, attempt: Attempt) -> None:
        """What others inherit may stand in a group that is given ready."""
        found = attempt("[members.a]", schema=Nested, overrides={"outer": Outer(Child(3, 4))})

        assert Child(3, 4) == found.config.members["a"].child


class TestRemedies:
    @pytest.mark.parametrize(
        ("type", "text", "help"),
        [
            (int, 'a = "8"', "remove the quotes: a = 8"),
            (float, 'a = "0.5"', "remove the quotes: a = 0.5"),
            (bool, 'a = "true"', "remove the quotes: a = true"),
            (str, "a = 8", 'add quotes: a = "8"'),
            (str, "a = true", 'add quotes: a = "true"'),
            (int, 'a = "0x8"', None),
            (float, 'a = "much"', None),
            (bool, 'a = "yes"', "write a boolean: a = true"),
            (meshconf.Seconds, 'a = "5 secs"', 'a = "5s"'),
            (meshconf.Seconds, 'a = "5 parsecs"', None),
        ],
    )
    def test_in_a_file(self, type: Any, text: str, help: str | None, attempt: Attempt) -> None:
        """A remedy is given if it is certain, ready to be pasted."""
        (problem,) = attempt(text, schema=make(type=type)).problems

        assert help == problem.help

    @pytest.mark.parametrize(
        ("options", "text", "help"),
        [
            ({}, "", "set APP_A to an integer"),
            ({"default": 3}, "", "unset APP_A to use the default 3, or set it to an integer"),
            (
                {"default": None, "type": int | None},
                "",
                "unset APP_A to do without it, or set it to an integer",
            ),
            ({}, "a = 4", "unset APP_A to use 4, or set it to an integer"),
        ],
    )
    def test_in_a_variable(
        self, options: dict[str, Any], text: str, help: str, attempt: Attempt
    ) -> None:
        """What a variable hides is told with what would come to light."""
        (problem,) = attempt(text, schema=make(**options), environ={"APP_A": "x"}).problems

        assert help == problem.help

    def test_text_that_lost(self, attempt: Attempt) -> None:
        """A shadowed text that cannot be read either is not quoted."""
        options = {"environ": {"APP_A": "x"}, "overrides": {"a": "y"}}
        (problem,) = attempt("", schema=make(), **options).problems

        assert (
            "overrides a text that cannot be read from environment variable APP_A"
            == (problem.notes[0])
        )


class TestLists:
    def test_missing_in_an_element(self, attempt: Attempt) -> None:
        """What an element of a list lacks is told at the element."""
        (problem,) = attempt("[[a]]", schema=make(type=GenericAlias(tuple, (make(), ...)))).problems

        assert ("MC102", "a[0].a", "app.toml:1:1", "add `a = …` to it") == (
            problem.code,
            problem.path,
            str(problem.origin),
            problem.help,
        )

    def test_many_wrong_ones(self, attempt: Attempt) -> None:
        """Of many wrong elements of one list the first ten are told."""
        found = attempt(f"a = [{'1, ' * 50}]", schema=make(type=list[str]))

        assert [f"a[{number}]" for number in range(10)] == [path for _, path, _ in told(found)]

    def test_many_wrong_groups(self, attempt: Attempt) -> None:
        """Of very many wrong groups the first five hundred are told."""
        text = "[[a]]\na = ''\n" * 300 + "[[a]]\n" * 300 + "[[b]]\na = ''\n" * 2
        rows: Any = GenericAlias(tuple, (make(), ...))
        fields = {name: attrs.field(type=rows) for name in "ab"}
        found = attempt(text, schema=attrs.make_class("App", fields))

        assert 500 == len(told(found))

    @pytest.mark.parametrize("check", [annotated_types.MinLen(1), annotated_types.Len(1, 2)])
    def test_check_that_cannot_judge(self, check: Any, attempt: Attempt) -> None:
        """A check that cannot judge a value refuses it."""
        (problem,) = attempt("a = 1", schema=make(type=Annotated[Any, check])).problems

        assert "one that it cannot judge" in problem.message

    def test_maps_in_lists(self, attempt: Attempt) -> None:
        """Groups in maps in lists have their rules run, and their keys in any spelling."""
        schema = make(type=tuple[dict[str, Child], ...])
        expected = ({"x": Child(5)},)

        assert expected == attempt("a = [{ x = { LOW = 5 } }]", schema=schema).config.a
        assert ["a[0].x"] == [
            path
            for _, path, _ in told(attempt("a = [{ x = { low = 5, high = 4 } }]", schema=schema))
        ]

    def test_of_groups_that_may_be_missing(self, attempt: Attempt) -> None:
        """Elements that are not there have no rules."""
        fields: Any = tuple[Child | None, ...]
        found = attempt("", schema=make(type=fields), overrides={"a": [None, Child()]})

        assert (None, Child()) == found.config.a

    @pytest.mark.parametrize("text", ["", "a = [{ low = 1 }]"])
    def test_optional_list(self, text: str, attempt: Attempt) -> None:
        """A list that is not there has no groups whose rules could run."""
        schema = make(type=tuple[Child, ...] | None, default=None)
        found = attempt(text, schema=schema).config.a

        assert (found is None) is (not text)


@attrs.frozen
class Deep:
    """A group with a group."""

    child: Child = Child()
    x: int = 0


@attrs.frozen
class Heir:
    """An entry that inherits a group with a group, and a union."""

    deep: Deep = setting(Deep(), inherits="deep")


@attrs.frozen
class Strict:
    """A member of a union, with a rule and a secret."""

    kind: Literal["strict"]
    a: int = 0
    token: Secret[str] | None = None

    @rule("a")
    @staticmethod
    def is_small(a: int) -> str | None:
        """A is small."""
        return "a is large" if a > 1 else None


@attrs.frozen
class Loose:
    """The other member."""

    kind: Literal["loose"] = "loose"


@attrs.frozen
class Estate:
    """They together."""

    heirs: dict[str, Heir] = attrs.field(factory=dict)
    deep: Deep = Deep(Child(1))
    union: Strict | Loose = Loose()
    unions: tuple[Strict | Loose, ...] = ()
    optional: dict[str, tuple[Strict, ...] | None] = attrs.field(factory=dict)


class TestEstate:
    def test_groups_within_inherited_groups(self, attempt: Attempt) -> None:
        """What is inherited is inherited leaf by leaf at any depth."""
        text = "[deep.child]\nlow = 2\n[heirs.a.deep.child]\nhigh = 7\n"

        assert Child(2, 7) == attempt(text, schema=Estate).config.heirs["a"].deep.child

    def test_group_beside_what_is_set(self, attempt: Attempt) -> None:
        """A group that the heir leaves alone is inherited whole."""
        text = "[deep.child]\nlow = 2\n[heirs.a.deep]\nx = 7\n"

        assert Deep(Child(2), 7) == attempt(text, schema=Estate).config.heirs["a"].deep

    def test_groups_within_inherited_defaults(self, attempt: Attempt) -> None:
        """So is what no source sets, and a rule over it holds or not."""
        text = "[heirs.a.deep.child]\nhigh = 2\n"
        found = attempt(text, schema=Estate, environ={"APP_X": ""})

        assert Child(1, 2) == found.config.heirs["a"].deep.child
        assert ["heirs.a.deep.child"] == [
            path for _, path, _ in told(attempt(text.replace("2", "0"), schema=Estate))
        ]

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ('union = { kind = "strict", a = 2 }', "union.a"),
            ('unions = [{ kind = "loose" }, { kind = "strict", a = 2 }]', "unions[1].a"),
            ('optional.x = [{ kind = "strict", a = 2 }]', "optional.x[0].a"),
        ],
    )
    def test_rules_of_members(self, text: str, path: str, attempt: Attempt) -> None:
        """The rules of a class run where it is the member of a union."""
        assert ["MC301"] == [code for code, *_ in told(attempt(text, schema=Estate))]
        assert [path] == [where for _, where, _ in told(attempt(text, schema=Estate))]

    def test_explained(self, attempt: Attempt) -> None:
        """Members with secrets are explained without them."""
        text = 'unions = [{ kind = "strict", token = "hush" }, { kind = "loose" }]'
        found = attempt(text, schema=Estate, overrides={"optional.x": None})

        assert "hush" not in found.explain("unions") + repr(found.candidates("unions"))
        assert {"x": None} == found.candidates("optional")[0].value
