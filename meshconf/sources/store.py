"""Documents in key-value stores: how they are asked for, followed, and kept for a bad day.

One key holds one whole TOML document. ``ConsulKV`` and ``EtcdKV`` say where it is; a session asks
for it, once or for as long as a process follows it.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import os
import random
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import attrs

from meshconf.sources.file import LARGEST_FILE, parse_toml, unread
from meshconf.sources.kept import Kept, keep, kept
from meshconf.sources.layer import Layer
from meshconf.sources.reading import Refused, read_text, text_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from meshconf.diagnostics.problem import Problem
    from meshconf.schema.model import Model

__all__ = [
    "Client",
    "Found",
    "Session",
    "Store",
    "fit_for_a_header",
    "one_of",
    "secret_at",
    "token_in_clear",
    "understood",
]

T = TypeVar("T")

#: Waits between attempts to reach a store: they double from the first to the longest, in seconds, and
#: each is drawn from between nothing and that (full jitter), so that a fleet does not come at once.
FIRST_WAIT = 0.25
LONGEST_WAIT = 60.0

#: After an answer that changes nothing, a store is left alone for up to so many seconds: another key
#: may change time and again.
SHORT_WAIT = 0.1

#: The longest of these pauses; they double while nothing changes.
LONGEST_IDLE = 2.0

#: Waits double at most so often.
MOST_DOUBLED = 16

#: That the copy of a document is still right is noted at most every so many seconds.
REST = 3600.0

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

    def read(self, model: Model) -> Layer:
        """Ask for the document once, and parse it."""
        session = Session(self)
        try:
            session.refresh()
            return session.read(model)
        finally:
            session.close()


class Session:
    """Asks for one document, and follows it.

    It is a source too: what it reads is what was found last.

    Args:
        store: Where the document is.

    Attributes:
        store: The same.

        requests: How many questions went well, and how many did not: ``success`` and ``error``.

        resets: How often what was waited after was void, by the reason.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.requests = {"success": 0, "error": 0}
        self.resets: dict[str, int] = {}
        self._lock = threading.Lock()
        self._news = 0
        self._found: Found | None = None
        self._refused: Refused | None = None
        self._had_value = False
        self._stop = threading.Event()
        self._following: Client | None = None
        self._asking: Client | None = None
        self._failed: Refused | None = None
        self._is_in_doubt = False
        self._kept: Kept | None = None
        self._last_contact: dt.datetime | None = None

    def counted(self) -> dict[str, Any]:
        """Return what is known of the store without asking it, for its status."""
        known = {"requests": dict(self.requests), "resets": self.resets}
        if self._last_contact is None:
            return known
        return {**known, "last_contact": self._last_contact}

    # What a load does.

    def refresh(self) -> None:
        """Ask for the document now; the next ``read`` tells what comes of it.

        That it fails says nothing of the document that was found by following it.
        """
        before = self._news
        found, refused = self._asked(self._once)
        with self._lock:
            self._failed = refused
            self._is_in_doubt = refused is not None
            if found is not None:
                self._take(found, None, before)

    def read(self, model: Model) -> Layer:
        """Parse what was found last."""
        with self._lock:
            found, had_value = self._found, self._had_value
            refused, self._failed = self._failed or self._refused, None
        store = self.store
        is_empty = found is not None and found.content is not None and not found.content.strip()
        if refused is None and found is not None and had_value and is_empty:
            found = attrs.evolve(found, content=None)
        is_missing = refused is None and found is not None and found.content is None
        if is_missing:
            if store.on_missing == "defaults" and had_value:
                return Layer(store.kind, store.name, {}, absent=True, remote=True)
            refused = Refused(
                "MC410",
                "is empty, and was not before" if is_empty else "is not there",
                "put it there with meshconf push, or see whether the token may read it",
            )
        if refused is None and found is not None and found.content is not None:
            layer = self._parsed(model, found.content, f"{store.name}@{found.version}")
            copy = Kept(store.name, found.version, time.time(), found.content)
            return attrs.evolve(layer, accept=functools.partial(self._accepted, copy))
        assert refused is not None  # it was asked
        if had_value or store.start == "required":
            return self._unread(refused)
        if store.start == "cached" and not (is_missing and store.on_missing == "defaults"):
            return self._from_cache(model, refused)
        problems = () if is_missing else (self._warning(refused),)
        return Layer(store.kind, store.name, {}, problems=problems, absent=True, remote=True)

    def _parsed(self, model: Model, content: bytes, name: str) -> Layer:
        store = self.store
        try:
            text = text_in(content, store.max_bytes)
        except Refused as refused:
            return self._unread(refused)
        layer = parse_toml(model, text, kind=store.kind, name=name, secrets="allow")
        return attrs.evolve(layer, name=store.name, remote=True)

    def _unread(self, refused: Refused) -> Layer:
        return attrs.evolve(unread(self.store.kind, self.store.name, refused), remote=True)

    def _from_cache(self, model: Model, refused: Refused) -> Layer:
        store = self.store
        assert store.cache is not None  # the store was checked
        try:
            copy = kept(store.cache, store.name, store.cache_max_age, store.max_bytes)
        except Refused as other:
            message = f"{refused.message}, and its copy {os.fspath(store.cache)} {other.message}"
            return self._unread(Refused(refused.code, message, refused.help))
        layer = self._parsed(
            model, copy.content, f"{store.name}@{copy.version} (copy of {copy.date})"
        )
        message = f"{refused.message}: the copy of {copy.date} is used"
        told = (self._warning(Refused(refused.code, message, refused.help)), *layer.problems)
        return attrs.evolve(layer, problems=told, fallback=True)

    def _warning(self, refused: Refused) -> Problem:
        problem = refused.problem(self.store.kind, self.store.name, self.store.name)
        return attrs.evolve(problem, severity="warning")

    def _accepted(self, copy: Kept) -> None:
        """Note that a document is in force."""
        self._had_value = bool(copy.content.strip())
        if self.store.cache is not None:
            keep(self.store.cache, copy)
            self._kept = copy

    def _confirmed(self) -> None:
        """Note, now and then, that the document in force is still that of the store."""
        copy, found = self._kept, self._found
        if copy is None or self.store.cache is None or found is None:
            return
        if found.content == copy.content and time.time() - copy.time > REST:
            self._kept = attrs.evolve(copy, time=time.time())
            keep(self.store.cache, self._kept)

    # What a thread does that follows.

    def follow(self, changed: Callable[[], None]) -> None:
        """Follow the document until it is interrupted.

        Args:
            changed: Called whenever ``read`` would give something else.
        """
        failures = idle = 0
        while not self._stop.is_set():
            with self._lock:
                before = self._found if self._refused is None else None
                news = self._news
            began = time.monotonic()
            found, refused = self._asked(lambda: self._next(before))  # noqa: B023 - called at once
            if self._stop.is_set():
                return
            with self._lock:
                is_news = self._take(found, refused, news) or self._is_in_doubt
                self._is_in_doubt = False
            if is_news:
                changed()
            if refused is not None:
                self._pause(min(FIRST_WAIT * 2**failures, LONGEST_WAIT))
                failures = min(failures + 1, MOST_DOUBLED)
                continue
            self._confirmed()
            if before is not None:  # an answer that was waited for: that is what has to work
                failures = 0
            if is_news or time.monotonic() - began > 1:
                idle = 0
            else:
                self._pause(min(SHORT_WAIT * 2**idle, LONGEST_IDLE))
                idle = min(idle + 1, MOST_DOUBLED)

    def interrupt(self) -> None:
        """End ``follow``, from another thread."""
        self._stop.set()
        for client in (self._following, self._asking):
            if client is not None:
                client.interrupt()

    def close(self) -> None:
        """Let go of connections."""
        client, self._following = self._following, None
        if client is not None:
            client.close()

    def go_on_in_child(self) -> None:
        """Go on in a child that was forked: connections are those of the parent."""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._following = None

    def _pause(self, most: float) -> None:
        self._stop.wait(random.uniform(0, most))  # noqa: S311 - nothing is kept secret by it

    def _next(self, before: Found | None) -> Found:
        """Ask for what follows: the first answer comes at once."""
        client = self._following
        if client is None:
            client = self._following = self.store.client(self._reset)
        if self._stop.is_set():  # the interruption came while there was nobody to interrupt
            raise Refused("MC408", "is no longer followed")
        return client.get() if before is None else client.wait(before)

    def _reset(self, reason: str) -> None:
        self.resets = {**self.resets, reason: self.resets.get(reason, 0) + 1}

    def _once(self) -> Found:
        client = self._asking = self.store.client()
        try:
            return client.get()
        finally:
            self._asking = None
            client.close()

    def _asked(self, question: Callable[[], Found]) -> tuple[Found | None, Refused | None]:
        try:
            found = question()
        except Refused as refused:
            self.requests["error"] += 1
            return None, refused
        self.requests["success"] += 1
        self._last_contact = dt.datetime.now(dt.timezone.utc)
        return found, None

    def _take(self, found: Found | None, refused: Refused | None, news: int) -> bool:
        """Keep what came of a question; tell whether it says something else than before.

        What was found by another question meanwhile may be later.

        Args:
            found: What was found.

            refused: Why nothing was.

            news: How much had been found when it was asked.
        """
        held = self._found
        if self._news != news and found is not None and held is not None:
            found = found if found.cursor >= held.cursor else held
        self._news += 1
        said = self._said()
        self._refused = refused
        if found is not None:
            self._found = found
        return bool(said != self._said())

    def _said(self) -> Any:
        if self._refused is not None:
            return self._refused.code, self._refused.message
        return None if self._found is None else (self._found.content, self._found.version)


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
        f"use {scheme}+https://, or say insecure_token=True",
    )
