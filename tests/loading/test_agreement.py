"""The quick way and the thorough way come to the same conclusion."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal

import annotated_types
import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from meshconf import Bytes, Layer, Seconds, Secret, rule, setting
from meshconf.loading.diagnose import diagnose
from meshconf.loading.load import UnknownVariables, load_layers
from meshconf.schema.compile import model_of


class Level(Enum):
    """A choice."""

    LOW = "low"
    HIGH = 2


@attrs.frozen
class Group:
    """A group with a rule, a bound and a required value."""

    a: int
    b: int = setting(5, ge=0)

    @rule("a", "b")
    @staticmethod
    def in_order(a: int, b: int) -> str | None:
        """A comes first."""
        return None if a <= b else "a is after b"


@attrs.frozen
class Left:
    """One of two."""

    kind: Literal["left"] = "left"
    a: int = 0


@attrs.frozen
class Right:
    """The other."""

    kind: Literal["right"]
    b: str = ""


@attrs.frozen
class Entry:
    """An entry that inherits."""

    group: Group = setting(Group(1), inherits="base")
    x: int = 0


@dataclass(frozen=True)
class Plain:
    """A dataclass with every other kind."""

    size: Bytes = 0
    level: Level = Level.LOW
    names: list[str] = field(default_factory=list)
    pair: tuple[int, str] = (0, "")
    table: dict[Literal["a", "b"], int] = field(default_factory=dict)
    few: Annotated[tuple[int, ...], annotated_types.MaxLen(1)] = ()


def odd(_: object, __: object, value: int) -> None:
    """Refuse even numbers."""
    if value % 2 == 0:
        msg = "it is even"
        raise ValueError(msg)


@attrs.frozen
class App:
    """A schema with every kind."""

    base: Group = Group(1)
    entries: dict[str, Entry] = attrs.field(factory=dict)
    rows: tuple[Group, ...] = setting((), merge="append")
    deep: dict[str, tuple[Group, ...]] = attrs.field(factory=dict)
    union: Left | Right = Left()
    unions: tuple[Left | Right, ...] = ()
    maybe: Group | None = None
    plain: Plain = Plain()
    wait: Seconds = 1.0
    secret: Secret[Annotated[str, annotated_types.MinLen(2)]] | None = None
    odd: int = attrs.field(default=1, validator=odd)
    upper: str = attrs.field(default="", converter=lambda text: text.upper())
    anything: Any = None


scalars = st.sampled_from(
    [0, 1, 7, -1, 2.5, True, "", "x", "left", "right", "low", 2, "5s", "1KiB", "b", None]
)
KEYS = [
    *["a", "b", "kind", "base", "entries", "rows", "deep", "union", "unions", "maybe", "plain"],
    *["wait", "secret", "odd", "upper", "anything", "group", "x", "size", "level", "names", "pair"],
    *["table", "few", "A", "zzz"],
]
trees = st.recursive(
    scalars,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=3)
    ),
    max_leaves=6,
)
group = st.fixed_dictionaries({}, optional={"a": scalars, "b": scalars})
union = group | st.fixed_dictionaries(
    {"kind": st.sampled_from(["left", "right", "up", 1])}, optional={"a": scalars, "b": scalars}
)
entry = st.fixed_dictionaries({}, optional={"group": group | trees, "x": scalars})
plain = st.fixed_dictionaries(
    {},
    optional={
        "size": scalars,
        "level": scalars,
        "names": st.lists(scalars, max_size=2) | trees,
        "pair": st.lists(scalars, min_size=1, max_size=3) | trees,
        "table": st.dictionaries(st.sampled_from(["a", "b", "c"]), scalars, max_size=2) | trees,
        "few": st.lists(scalars, max_size=2) | trees,
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "base": group | trees,
        "entries": st.dictionaries(st.sampled_from(["a", "b-c"]), entry, max_size=2) | trees,
        "rows": st.lists(group, max_size=2) | trees,
        "deep": st.dictionaries(st.sampled_from("ab"), st.lists(group, max_size=2)) | trees,
        "union": union | trees,
        "unions": st.lists(union, max_size=2) | trees,
        "maybe": group | trees,
        "plain": plain | trees,
        "wait": scalars,
        "secret": scalars,
        "odd": scalars,
        "upper": scalars,
        "anything": trees,
    },
)


@settings(deadline=None, max_examples=300)
@given(document=documents, other=documents)
def test_both_agree(document: dict[str, Any], other: dict[str, Any]) -> None:
    """Where the load fails the diagnosis finds just its errors, and none where it succeeds."""
    layers = [Layer("file", "one", document), Layer("file", "two", other)]
    problems = diagnose(model_of(App), layers, None, UnknownVariables())
    errors = any(one.severity == "error" for one in problems)
    outcome = load_layers(model_of(App), layers, None, UnknownVariables())

    assert (errors, problems if errors else ()) == (
        outcome.snapshot is None,
        outcome.problems if errors else (),
    )
