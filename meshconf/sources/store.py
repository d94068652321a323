"""Documents in key-value stores: how they are asked for, followed, and kept for a bad day.

One key holds one whole TOML document. ``ConsulKV`` and ``EtcdKV`` say where it is; a session asks
for it, once or for as long as a process follows it.
"""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar
from urllib.parse import quote

import attrs

from meshconf.sources.file import LARGEST_FILE
from meshconf.sources.reading import Refused, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from meshconf.schema.model import Model
    from meshconf.sources.layer import Layer

__all__ = [
    "LONGEST_REASON",
    "Client",
    "Found",
    "Store",
    "fit_for_a_header",
    "one_of",
    "said_without",
    "secret_at",
    "token_in_clear",
    "understood",
]

T = TypeVar("T")

#: So much is repeated of what a store says of its trouble.
LONGEST_REASON = 100

#: The largest file with a token that is read.
LARGEST_TOKEN = 65_536


@attrs.frozen
class Found:
    """What a store had under a key at one time.

    Attributes:
        content: The document; ``None`` if the key was not there.

        version: What the store calls this state of the key: an index, a revision.

        cursor: What to wait after: the state of the store.
    """

    content: bytes | None = attrs.field(repr=False)
    version: int
    cursor: int


def understood(kind: str, read: Callable[[], T]) -> T:
    """Read an answer.

    Args:
        kind: Which store gave it.

        read: Reads it.

    Raises:
        Refused: If it is none that such a store gives.
    """
    try:
        return read()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise Refused("MC411", f"answers otherwise than {kind} does")


class Client(Protocol):
    """Speaks with a store; one question at a time."""

    def get(self) -> Found:
        """Ask for the key.

        Raises:
            Refused: If the store cannot be reached, or does not answer the question.
        """
        ...

    def wait(self, after: Found) -> Found:
        """Wait until the key may have changed, for about a minute at most.

        Raises:
            Refused: As ``get`` does.
        """
        ...

    def put(self, content: bytes, expected: Found) -> bool:
        """Set the key, unless it has changed since; tell whether it was set.

        Raises:
            Refused: As ``get`` does.
        """
        ...

    def entries(self) -> dict[str, bytes]:
        """Ask for what stands right below the key, by what follows the key and a slash.

        Raises:
            Refused: As ``get`` does.
        """
        ...

    def grant(self, seconds: int) -> str:
        """Make a lease, which ends unless it is renewed in so many seconds; return its name.

        Raises:
            Refused: As ``get`` does.
        """
        ...

    def renew(self, lease: str) -> bool:
        """Have a lease begin anew; tell whether there still was one.

        Raises:
            Refused: As ``get`` does.
        """
        ...

    def put_under(self, lease: str, content: bytes) -> bool:
        """Set the key until a lease ends, unless another lease holds it; tell whether it was set.

        Raises:
            Refused: As ``get`` does.
        """
        ...

    def revoke(self, lease: str) -> None:
        """End a lease, and delete what was set under it.

        Raises:
            Refused: As ``get`` does.
        """
        ...

    def interrupt(self) -> None:
        """Break off what another thread waits for, for good."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def is_seconds(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Check that an attribute is a positive number: a validator for attrs."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:  # type: ignore[operator]
        msg = f"{attribute.name} is a positive number of seconds, not {value!r}"
        raise ValueError(msg)


def is_size(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Check that an attribute is a positive number of bytes: a validator for attrs."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        msg = f"{attribute.name} is a positive number of bytes, not {value!r}"
        raise ValueError(msg)


def is_start(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Check what becomes of a load without the document: a validator for attrs."""
    one_of(("required", "optional", "cached"), attribute, value)


def is_meaning(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Check what a key that is gone means: a validator for attrs."""
    one_of(("error", "defaults"), attribute, value)


def one_of(words: Sequence[str], attribute: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is none of some words."""
    if value not in words:
        msg = f"{attribute.name} is {', '.join(words[:-1])} or {words[-1]}, not {value!r}"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Store(ABC):
    """What documents in all stores have in common.

    Attributes:
        token_file: A file with the token, or the password; it is read again when it is refused.

        ca_file: The certificates that vouch for the store, in PEM; those of the system by default.

        insecure_token: Whether the token may go over http to another machine, where everybody on
            the way can read it.

        start: What becomes of a load if the document cannot be had: it fails (``required``), goes
            without (``optional``), or takes the copy in ``cache`` (``cached``).

        cache: A file for a copy of the document, 0600, written whenever one is in force.

        cache_max_age: The copy is used for so many seconds after it was last known to be right;
            7 days by default.

        on_missing: What it means that the key is gone once a value was in force: an ``error``,
            since a token that lost its rights looks the same, or the wish to have the ``defaults``.

        timeout: Seconds until a connection stands, and until an answer begins; 3 by default.

        max_bytes: The largest document; 1 MiB by default.
    """

    token_file: str | os.PathLike[str] | None = None
    ca_file: str | os.PathLike[str] | None = None
    insecure_token: bool = False
    start: Literal["required", "optional", "cached"] = attrs.field(
        default="required", validator=is_start
    )
    cache: str | os.PathLike[str] | None = None
    cache_max_age: float = attrs.field(default=604_800.0, validator=is_seconds)
    on_missing: Literal["error", "defaults"] = attrs.field(default="error", validator=is_meaning)
    timeout: float = attrs.field(default=3.0, validator=is_seconds)
    max_bytes: int = attrs.field(default=LARGEST_FILE, validator=is_size)

    def __attrs_post_init__(self) -> None:
        if (self.start == "cached") is (self.cache is None):
            msg = 'start="cached" and cache="FILE" belong together'
            raise ValueError(msg)

    @property
    @abstractmethod
    def kind(self) -> str:
        """The kind of its origins."""
        ...

    @property
    @abstractmethod
    def name(self) -> str:
        """What reports call it: its address, without what must not be shown."""
        ...

    @property
    @abstractmethod
    def largest_value(self) -> int:
        """How many bytes a value has at most, unless the servers are configured otherwise."""
        ...

    @abstractmethod
    def client(self, reset: Callable[[str], None] = lambda _: None) -> Client:
        """Make somebody who speaks with it.

        Args:
            reset: Called with the reason when what was waited after was void.

        Raises:
            Refused: If its settings do not allow that.
        """
        ...

    def named(self, version: int) -> str:
        """Name a state of the document: ``consul://consul:8500/config/orders@812``."""
        return f"{self.name}@{version}"

    def read(self, model: Model) -> Layer:
        """Ask for the document once, and parse it."""
        from meshconf.sources.session import Session  # which knows of stores

        session = Session(self)
        try:
            session.refresh()
            return session.read(model)
        finally:
            session.close()


def said_without(secrets: Iterable[str], said: str) -> str:
    """Return what a store says of a failure; nothing if it repeats a secret that it was shown.

    Args:
        secrets: The token or the password; empty ones do not count.

        said: Its words.
    """
    forms = (form for secret in filter(None, secrets) for form in _written(secret))
    return "" if any(form in said for form in forms) else said


def _written(secret: str) -> tuple[str, ...]:
    import json  # only failures are told

    return secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe="")


def secret_at(path: str | os.PathLike[str]) -> str:
    """Read a token from its file.

    Raises:
        Refused: If it cannot be read, or holds no token.
    """
    where = os.fspath(path)
    try:
        token = read_text(path, LARGEST_TOKEN)[0].strip()
    except Refused as other:
        refused = Refused("MC409", f"cannot be asked: {where} {other.message}", other.help)
    else:
        if token:
            return fit_for_a_header(token, where)
        refused = Refused("MC409", f"cannot be asked: {where} holds no token")
    raise refused


def fit_for_a_header(token: str, what: str) -> str:
    """Return a token.

    Raises:
        Refused: If it holds what no token holds, such as a line break.
    """
    if token.isprintable() and token.isascii():
        return token
    raise Refused("MC409", f"cannot be asked: {what} holds characters that no token has")


def token_in_clear(scheme: str) -> Refused:
    """Refuse to send a token where it could be read."""
    return Refused(
        "MC409",
        "cannot be asked: its token would go over http, readable on the way",
        f"use {scheme}+https://, or say insecure_token=True (?insecure_token=true in a URL)",
    )
