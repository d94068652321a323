"""Asking for a document in a store, once or for as long as a process follows it."""

from __future__ import annotations

import datetime as dt
import functools
import os
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.sources.file import parse_toml, unread
from meshconf.sources.kept import Kept, keep, kept
from meshconf.sources.layer import Layer
from meshconf.sources.reading import Refused, text_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshconf.diagnostics.problem import Problem
    from meshconf.schema.model import Model
    from meshconf.sources.store import Client, Found, Store

__all__ = ["Session"]

#: The code of the problem that there is no such key.
MISSING = "MC410"

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
        if refused is not None or found is None:
            assert refused is not None  # it was asked
            return self._without(model, refused, had_value=had_value)
        if found.content is None:
            return self._without(model, _missing("is not there"), had_value=had_value)
        if had_value and not found.content.strip():
            refused = _missing("is empty, and was not before")
            return self._without(model, refused, had_value=had_value)
        layer = self._parsed(model, found.content, self.store.named(found.version))
        copy = Kept(self.store.name, found.version, time.time(), found.content)
        return attrs.evolve(layer, accept=functools.partial(self._accepted, copy))

    def _without(self, model: Model, refused: Refused, *, had_value: bool) -> Layer:
        """Do without the document, as the store's settings say."""
        store = self.store
        is_missing = refused.code == MISSING
        if is_missing and store.on_missing == "defaults" and (had_value or store.start == "cached"):
            return Layer(store.kind, store.name, {}, absent=True, remote=True)
        if had_value or store.start == "required":
            return self._unread(refused)
        if store.start == "cached":
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
            model, copy.content, f"{store.named(copy.version)} (copy of {copy.date})"
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


def _missing(what: str) -> Refused:
    help_ = "put it there with meshconf push, or see whether the token may read it"
    return Refused(MISSING, what, help_)
