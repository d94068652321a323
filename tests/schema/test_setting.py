"""Tests for `meshconf.schema.setting`."""
# ruff: noqa: UP045 - the old spellings of unions are supported too

import re
from typing import Annotated, Any, Generic, NewType, Optional, TypeVar

import annotated_types
import attrs
import pytest

from meshconf.schema.constraints import Bound, OneOf, Pattern
from meshconf.schema.hint_aliases import Port
from meshconf.schema.secret import Secret
from meshconf.schema.setting import FACTS, FieldMaker, read_validators, setting

T = TypeVar("T")
Name = NewType("Name", Annotated[str, annotated_types.MinLen(1)])


def even(_: object, __: object, value: int) -> None:
    """Accept even numbers."""
    if value % 2:
        msg = "odd"
        raise ValueError(msg)


@attrs.frozen
class Box(Generic[T]):
    item: T = setting()


@attrs.frozen
class PortBox(Box[Port]):
    pass


@attrs.frozen
class TextBox(Box[Name]):
    pass


@attrs.define
class Server:
    port: Port = setting(8500, le=9000, help="The port.", unit="")
    backup: Optional[Port] = setting(None)
    name: Name = setting("consul", matches="[a-z]*")  # type: ignore[assignment]
    mode: str = setting("fast", one_of=["fast", "safe"])
    token: Secret[str] = setting(attrs.Factory(lambda: Secret("abc")), matches="[a-z]+")
    password: str = setting("abc", secret=True, matches="[a-z]+")
    number: int = setting("4", converter=int, gt=3, lt=9, validator=even)  # type: ignore[assignment]


class TestFacts:
    """`setting()` keeps what it is told as facts of the field."""

    def test_all(self) -> None:
        """Each argument becomes a fact."""
        made = setting(
            5,
            ge=1,
            one_of=(1, 5),
            matches="a",
            secret=True,
            unit="s",
            help="A sentence.",
            env="OTHER",
            reload="restart",
            local_only=True,
            renamed_from=["old", "older"],
            inherits="top.group",
            merge="append",
            empty_is_unset=True,
            converter=int,
        )
        expected = {
            "constraints": (Bound(">=", 1), OneOf((1, 5)), Pattern(re.compile("a"))),
            "secret": True,
            "unit": "s",
            "help": "A sentence.",
            "env": "OTHER",
            "reload": "restart",
            "local_only": True,
            "renamed_from": ("old", "older"),
            "inherits": "top.group",
            "merge": "append",
            "empty_is_unset": True,
            "converter": int,
        }

        assert isinstance(made, FieldMaker)
        assert expected == attrs.asdict(made.metadata[FACTS], recurse=False)

    def test_one_old_name(self) -> None:
        """A single old name may stand without a list."""
        made: Any = setting(renamed_from="old")

        assert ("old",) == made.metadata[FACTS].renamed_from

    def test_zero(self) -> None:
        """A bound of 0 is a bound."""
        made: Any = setting(gt=0, le=0)

        assert (Bound(">", 0), Bound("<=", 0)) == made.metadata[FACTS].constraints

    @pytest.mark.parametrize(
        ("expected", "arguments"),
        [
            ("reload is one of live, restart, not 'never'", {"reload": "never"}),
            ("merge is one of replace, append, not 'deep'", {"merge": "deep"}),
        ],
    )
    def test_words(self, expected: str, arguments: dict[str, Any]) -> None:
        """A word that is none of the known ones is refused at once."""
        with pytest.raises(ValueError, match=rf"^{expected}$"):
            setting(5, **arguments)

    def test_no_expression(self) -> None:
        """A pattern that is no expression is refused at once."""
        with pytest.raises(re.error):
            setting("x", matches="(")


class TestChecks:
    """The class itself refuses what its settings forbid."""

    @pytest.mark.parametrize(
        ("expected", "arguments"),
        [
            ("port must be at least 1, got 0", {"port": 0}),
            ("port must be at most 9000, got 9001", {"port": 9001}),
            ("backup must be at most 65535, got 65536", {"backup": 65536}),
            ("name must not be empty", {"name": ""}),
            ('name must match [a-z]*, got "A"', {"name": "A"}),
            ('mode must be one of "fast", "safe", got "slow"', {"mode": "slow"}),
            ("number must be greater than 3, got 2", {"number": "2"}),
            ("odd", {"number": "5"}),
        ],
    )
    def test_refused(self, expected: str, arguments: dict[str, Any]) -> None:
        """The message names the field, the condition and the value."""
        with pytest.raises(ValueError, match=rf"^{re.escape(expected)}$"):
            Server(**arguments)

    @pytest.mark.parametrize(
        ("expected", "arguments"),
        [
            ("token must match [a-z]+", {"token": Secret("C4N4RY")}),
            ("password must match [a-z]+", {"password": "C4N4RY"}),
        ],
    )
    def test_secret(self, expected: str, arguments: dict[str, Any]) -> None:
        """The value of a secret is checked, and never quoted."""
        with pytest.raises(ValueError, match=rf"^{re.escape(expected)}$"):
            Server(**arguments)

    def test_accepted(self) -> None:
        """Sound values pass, None in an optional one and converted ones too."""
        server = Server(port=9000, backup=None, number="8", token=Secret("x"))  # type: ignore[arg-type]

        assert (9000, None, 8) == (server.port, server.backup, server.number)

    def test_assignment(self) -> None:
        """A mutable class checks what is assigned later."""
        server = Server()

        with pytest.raises(ValueError, match=r"^port must be at least 1, got 0$"):
            server.port = 0

    def test_type_variable(self) -> None:
        """Each subclass of a generic class checks what it put in the variable's place."""
        with pytest.raises(ValueError, match=r"^item must be at least 1, got 0$"):
            PortBox(0)
        with pytest.raises(ValueError, match=r"^item must not be empty$"):
            TextBox("")  # type: ignore[arg-type]

        assert 0 == Box(0).item

    def test_unresolvable_hint(self) -> None:
        """Where a hint cannot be resolved, the setting's own bounds still hold."""

        @attrs.frozen
        class Local:
            field: "Nowhere" = setting(ge=1)  # type: ignore[name-defined] # noqa: F821

        with pytest.raises(ValueError, match=r"^field must be at least 1, got 0$"):
            Local(0)


class TestReadValidators:
    """What a field's validators stand for."""

    def test_apart(self) -> None:
        """Constraints are told from those that want the whole object."""
        made: Any = setting(ge=1, validator=[attrs.validators.le(9), even])

        assert ((Bound(">=", 1), Bound("<=", 9)), (even,)) == read_validators(made._validator)

    def test_one(self) -> None:
        """A single validator need not stand in a list."""
        made: Any = setting(validator=even)

        assert ((), (even,)) == read_validators(made._validator)

    def test_none(self) -> None:
        """A field without validators has none of either."""
        assert ((), ()) == read_validators(None)
