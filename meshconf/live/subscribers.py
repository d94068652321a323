"""Those who are told of a new configuration, and those who have a say in it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from meshconf.diagnostics.problem import ConfigError, Problem
from meshconf.diagnostics.words import printable
from meshconf.live.changes import Update
from meshconf.loading.findings import Masks
from meshconf.schema.values import raised_at, said_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshconf.live.reloading import State
    from meshconf.live.status import Attempt

__all__ = ["Changes", "Participant", "Subscribers", "call_for_each"]

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

logger = logging.getLogger("meshconf")


class Participant(Protocol[T_contra]):
    """A part of a program that has a say in which configuration comes into force."""

    def prepare(self, new: T_contra) -> None:
        """Get ready for a new configuration, which is valid and not in force yet.

        Raises:
            Exception: To refuse it; the words of the exception are reported.
        """
        ...

    def commit(self, new: T_contra) -> None:
        """Take the configuration over: it is in force."""
        ...

    def abort(self, new: T_contra) -> None:
        """Undo what was prepared: a participant after this one refused the configuration."""
        ...


class Subscribers(Generic[T]):
    """Who is called when, in the order in which they came; one that fails stops no other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: tuple[Callable[..., Any], ...] = ()
        self._observers: tuple[Callable[[Attempt], Any], ...] = ()
        self._participants: tuple[Participant[T], ...] = ()
        self._followers: tuple[weakref.ref[Changes[T]], ...] = ()
        self.errors = 0
        self.last_error = ""

    def go_on_in_child(self) -> None:
        """Go on in a child that was forked: a lock may have been taken by another thread."""
        self._lock = threading.Lock()

    def add(self, sort: str, one: Any) -> Callable[[], None]:
        """Add somebody to ``callbacks``, ``observers`` or ``participants``.

        Returns:
            A function that takes them out again.
        """
        attribute = f"_{sort}"
        with self._lock:
            setattr(self, attribute, (*getattr(self, attribute), one))

        def remove() -> None:
            with self._lock:
                left = [other for other in getattr(self, attribute) if other is not one]
                setattr(self, attribute, tuple(left))

        return remove

    def follow(self, changes: Changes[T]) -> None:
        """Wake an iterator at every change, for as long as somebody holds it."""
        with self._lock:
            alive = (ref for ref in self._followers if ref() is not None)
            self._followers = (*alive, weakref.ref(changes))

    def prepare(self, state: State) -> None:
        """Ask all participants.

        Raises:
            ConfigError: If one refuses; those before it are told to abort.
        """
        new = state.outcome.config
        for position, participant in enumerate(self._participants):
            try:
                participant.prepare(new)
            except Exception as error:
                problem = _veto(participant, error, state)
            else:
                continue
            for earlier in self._participants[:position]:
                self._guarded(earlier.abort, new)
            raise ConfigError((problem,), state.outcome.sources)

    def tell(self, update: Update[T], *, is_over: Callable[[], bool]) -> None:
        """Tell everybody of a new configuration, until it is over."""
        for participant in self._participants:
            if not is_over():
                self._guarded(participant.commit, update.new)
        for callback in self._callbacks:
            if not is_over():
                self._guarded(callback, update.old, update.new, update.changes)
        self.wake()

    def wake(self) -> None:
        """Wake all iterators, to find out what is new or that it is over."""
        for ref in self._followers:
            if (changes := ref()) is not None:
                changes.wake()

    def observe(self, attempt: Attempt) -> None:
        """Tell the observers of an attempt."""
        for observer in self._observers:
            self._guarded(observer, attempt)

    def _guarded(self, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception as error:
            self.note(function, error)

    def note(self, function: Callable[..., Any], error: Exception) -> None:
        """Note that somebody who was told failed."""
        name = printable(getattr(function, "__qualname__", type(function).__name__))
        said = f"{name} raised {type(error).__name__}{raised_at(error)}"
        with self._lock:
            self.errors += 1
            self.last_error = said
        logger.error("told of the configuration, %s", said, exc_info=error)


def _veto(participant: Participant[Any], error: Exception, state: State) -> Problem:
    name = type(participant).__name__
    said = Masks(state.outcome.model, state.outcome.layers).harmless(said_by(error))
    reason = said or f"it raised {type(error).__name__}{raised_at(error)}"
    return Problem("MC601", "error", "", f"{name} refused the new configuration: {reason}")


class Changes(Generic[T]):
    """What changes, as an asynchronous iterator.

    One that takes long misses configurations in between, but never goes back: each update leads
    from the one before.
    """

    def __init__(self, live_state: Callable[[], State | None]) -> None:
        self._now = live_state
        self._seen = live_state()
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look again, from whatever thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
            self._loop.call_soon_threadsafe(self._woken.set)

    def __aiter__(self) -> Changes[T]:
        return self

    async def __anext__(self) -> Update[T]:
        while True:
            self._woken.clear()
            state = self._now()
            if state is None or self._seen is None:
                raise StopAsyncIteration
            if state.generation != self._seen.generation:
                update: Update[T] = Update(state.generation, self._seen.outcome, state.outcome)
                self._seen = state
                return update
            await self._woken.wait()


async def call_for_each(
    changes: Changes[T], callback: Callable[..., Any], failed: Callable[..., None]
) -> None:
    """Call an asynchronous subscriber for each update, one after the other."""
    async for update in changes:
        try:
            await callback(update.old, update.new, update.changes)
        except Exception as error:
            failed(callback, error)
