"""Tests for `meshconf.schema.secret`."""

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.schema.secret import MASK, Secret

CANARY = "c4n4ry"


@attrs.frozen
class WithAttrs:
    token: Secret[str]


@dataclasses.dataclass
class WithDataclass:
    token: Secret[str]


def logged(secret: Secret[str]) -> str:
    """Log a secret in each way that logging has."""
    stream = io.StringIO()
    logger = logging.Logger("test")  # noqa: LOG001 - nothing else shall see it
    logger.addHandler(logging.StreamHandler(stream))
    logger.info("%s %r", secret, secret)
    logger.info(secret)
    return stream.getvalue()


def rich_printed(secret: Secret[str]) -> str:
    """Print a secret with rich, within what rich takes apart."""
    console_module = pytest.importorskip("rich.console")
    console = console_module.Console(file=io.StringIO())
    console.print(secret, WithAttrs(secret), WithDataclass(secret), {"token": secret})
    written: str = console.file.getvalue()
    return written


def failed(secret: Secret[str]) -> str:
    """Print an exception that holds a secret."""
    try:
        raise ValueError(secret)  # noqa: TRY301 - it is raised to be printed
    except ValueError:
        return traceback.format_exc()


ROUTES: dict[str, Callable[[Secret[str]], str]] = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "format": "{}".format,
    "format with conversion": "{!r}".format,
    "f-string": lambda secret: f"{secret}",
    "%s": lambda secret: "%s" % secret,  # noqa: UP031 - the route under test
    "%r": lambda secret: "%r" % secret,  # noqa: UP031 - the route under test
    "in a list": lambda secret: str([secret]),
    "json": lambda secret: json.dumps({"token": secret}, default=str),
    "attrs repr": lambda secret: repr(WithAttrs(secret)),
    "attrs.asdict": lambda secret: repr(attrs.asdict(WithAttrs(secret))),
    "attrs.astuple": lambda secret: repr(attrs.astuple(WithAttrs(secret))),
    "dataclass repr": lambda secret: repr(WithDataclass(secret)),
    "dataclasses.asdict": lambda secret: repr(dataclasses.asdict(WithDataclass(secret))),
    "pprint": lambda secret: pprint.pformat([WithDataclass(secret), WithAttrs(secret)]),
    "logging": logged,
    "rich": rich_printed,
    "exception": failed,
}


class TestShown:
    """A secret shows itself nowhere."""

    @pytest.mark.parametrize("route", ROUTES)
    def test_masked(self, route: str) -> None:
        """Whatever prints a secret prints the mask in its place."""
        shown = ROUTES[route](Secret(CANARY))

        assert MASK in shown
        assert CANARY not in shown

    def test_format_spec(self) -> None:
        """The mask can be aligned like any text."""
        assert "  <secret>" == f"{Secret(CANARY):>10}"

    def test_plain_json(self) -> None:
        """JSON without a default refuses a secret, and does not say what is in it."""
        with pytest.raises(TypeError) as caught:
            json.dumps(Secret(CANARY))

        assert CANARY not in str(caught.value)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_pickle(self, protocol: int) -> None:
        """Pickling is refused in every protocol."""
        with pytest.raises(TypeError, match=r"^a secret cannot be pickled$"):
            pickle.dumps(Secret(CANARY), protocol)

    def test_vars(self) -> None:
        """A secret has no dict of attributes that a debugger would list."""
        assert not hasattr(Secret[str](CANARY), "__dict__")


class TestReveal:
    """`reveal` alone gives the value."""

    @pytest.mark.parametrize("value", ["x", "", 5, None, ["a"]])
    def test_value(self, value: Any) -> None:
        """The value is the very one that was put in."""
        assert value is Secret(value).reveal()

    def test_parametrized(self) -> None:
        """A secret can be made through its parametrized type."""
        assert 5 == Secret[int](5).reveal()


class TestCopy:
    """Copies of a secret are the secret itself."""

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
    def test_same(self, copied: Callable[[Any], Any]) -> None:
        """Copying gives the same object."""
        secret = Secret(CANARY)

        assert secret is copied(secret)


class TestEquality:
    """Secrets compare by value and cannot be found by their hash."""

    @given(left=st.text() | st.integers() | st.booleans(), right=st.text() | st.integers())
    def test_value(self, left: object, right: object) -> None:
        """Two secrets are equal if their values are of one type and equal."""
        equal = type(left) is type(right) and left == right

        assert equal == (Secret(left) == Secret(right))

    def test_surrogates(self) -> None:
        """A text that is no UTF-8, as a variable can hold it, compares like any other."""
        assert Secret("\udcff") == Secret("\udcff")

    def test_plain_value(self) -> None:
        """A secret is not equal to the value that it holds."""
        assert Secret(CANARY) != CANARY

    def test_hash(self) -> None:
        """A secret has no hash."""
        with pytest.raises(TypeError, match="unhashable"):
            hash(Secret(CANARY))


class TestFrozen:
    """A secret cannot be changed."""

    def test_set(self) -> None:
        """No attribute can be set."""
        with pytest.raises(AttributeError, match=r"^a secret cannot be changed$"):
            Secret(CANARY).value = "x"

    def test_delete(self) -> None:
        """No attribute can be deleted."""
        secret = Secret(CANARY)

        with pytest.raises(AttributeError, match=r"^a secret cannot be changed$"):
            del secret.value  # type: ignore[attr-defined]
        assert CANARY == secret.reveal()
