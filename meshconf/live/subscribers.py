"""Those who are told of a new configuration, and those who have a say in it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import threading
import weakref
from traceback import format_exception
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs

from meshconf.diagnostics.problem import ConfigError, Problem
from meshconf.diagnostics.words import printable
from meshconf.live.changes import Update
from meshconf.schema.values import raised_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from meshconf.live.reloading import State
    from meshconf.live.status import Attempt

__all__ = [
    "Changes",
    "Participant",
    "Subscribers",
    "call_for_each",
    "demand_function",
    "is_async",
]

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

logger = logging.getLogger("meshconf")


def is_async(callback: Callable[..., Any]) -> bool:
    """Tell whether what a call of something returns has to be awaited."""
    called = getattr(callback, "__call__", None)  # noqa: B004 - of an object, its method
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(called)


def demand_function(
    function: Any, what: str, arguments: str, number: int, *, may_be_async: bool = True
) -> None:
    """Refuse what cannot be called with so many arguments.

    Args:
        function: What was given.

        what: What it is to be, for the message.

        arguments: What it is called with, for the message.

        number: How many these are.

        may_be_async: Whether it may be a coroutine function.

    Raises:
        TypeError: If it cannot.
    """
    msg = f"{what} is called with {arguments}"
    if not callable(function):
        msg = f"{msg}, and {type(function).__name__} is no function"
        raise TypeError(msg)
    if not may_be_async and is_async(function):
        msg = f"{msg} in a thread, and cannot be a coroutine function"
        raise TypeError(msg)
    with contextlib.suppress(ValueError):  # functions in C may not tell what they take
        try:
            inspect.signature(function).bind(*range(number))
        except TypeError as error:
            msg = f"{msg}: {error}"
            raise TypeError(msg) from None


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


class Listeners(Generic[T]):
    """Those who are told the same thing, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: Mapping[object, T] = {}

    def add(self, one: T) -> Callable[[], None]:
        """Add somebody, once more if they are there already.

        Returns:
            A function that takes them out again.
        """
        key = object()
        with self._lock:
            self._all = {**self._all, key: one}

        def remove() -> None:
            with self._lock:
                self._all = {other: one for other, one in self._all.items() if other is not key}

        return remove

    def __iter__(self) -> Iterator[T]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def go_on_in_child(self) -> None:
        """Go on in a child that was forked: a lock may have been taken by another thread."""
        self._lock = threading.Lock()


class Subscribers(Generic[T]):
    """Who is called when; one that fails stops no other.

    Args:
        harmless: Returns a text that may be shown, or nothing if it would tell a secret.

    Attributes:
        participants: Have a say in a new configuration.

        callbacks: Are told of a new configuration.

        observers: Are told of every attempt.

        errors: How often one of them raised an exception.

        last_error: Which one raised what, where.
    """

    def __init__(self, harmless: Callable[[str], str]) -> None:
        self._harmless = harmless
        self._lock = threading.Lock()
        self._iterators: tuple[weakref.ref[Changes[T]], ...] = ()
        self.participants: Listeners[Participant[T]] = Listeners()
        self.callbacks: Listeners[Callable[..., Any]] = Listeners()
        self.observers: Listeners[Callable[[Attempt], Any]] = Listeners()
        self.errors = 0
        self.last_error = ""

    def go_on_in_child(self) -> None:
        """Go on in a child that was forked: loops and other threads stay with the parent."""
        self._lock = threading.Lock()
        self._iterators = ()
        for listeners in (self.participants, self.callbacks, self.observers):
            listeners.go_on_in_child()

    def follow(self, changes: Changes[T]) -> None:
        """Wake an iterator at every change, for as long as somebody holds it."""
        with self._lock:
            alive = (ref for ref in self._iterators if ref() is not None)
            self._iterators = (*alive, weakref.ref(changes))

    def prepare(self, state: State) -> Prepared[T]:
        """Ask all participants.

        Returns:
            Those who are ready, to be told what comes of it.

        Raises:
            ConfigError: If one refuses; those before it are told to abort.
        """
        ready = Prepared(self, state.outcome.config)
        for participant in self.participants:
            try:
                participant.prepare(ready.new)
            except BaseException as error:  # foreign code may try to end the process
                ready.abort()
                raise ConfigError((self._veto(participant, error),), state.sources) from None
            ready.participants.append(participant)
        return ready

    def _veto(self, participant: Participant[T], error: BaseException) -> Problem:
        name = type(participant).__name__
        said = self._harmless(_words(error))
        reason = said or f"it raised {type(error).__name__}{raised_at(error)}"
        return Problem("MC601", "error", "", f"{name} refused the new configuration: {reason}")

    def tell(self, update: Update[T], *, is_over: Callable[[], bool]) -> None:
        """Tell the callbacks of a new configuration, until it is over."""
        for callback in self.callbacks:
            if not is_over():
                self.guarded(callback, lambda: (update.old, update.new, update.changes))

    def wake(self) -> None:
        """Wake all iterators, to find out what is new or that it is over."""
        for ref in self._iterators:
            if (changes := ref()) is not None:
                changes.wake()

    def observe(self, attempt: Attempt) -> None:
        """Tell the observers of an attempt."""
        for observer in self.observers:
            self.guarded(observer, lambda: (attempt,))

    def guarded(
        self, function: Callable[..., Any], arguments: Callable[[], tuple[Any, ...]]
    ) -> None:
        """Call a function; what it raises is noted."""
        try:
            function(*arguments())
        except BaseException as error:  # foreign code may try to end the process
            self.note(function, error)

    def note(self, function: Callable[..., Any], error: BaseException) -> None:
        """Note that somebody who was told failed."""
        name = printable(getattr(function, "__qualname__", type(function).__name__))
        said = f"{name} raised {type(error).__name__}{raised_at(error)}"
        with self._lock:
            self.errors += 1
            self.last_error = said
        told = self._harmless("".join(format_exception(error)))
        logger.error("told of the configuration, %s", said, exc_info=error if told else None)


@attrs.frozen(eq=False)
class Prepared(Generic[T]):
    """Participants that are ready for a configuration.

    Attributes:
        subscribers: Notes what fails.

        new: The configuration.

        participants: Those who are ready.
    """

    subscribers: Subscribers[T]
    new: T
    participants: list[Participant[T]] = attrs.field(factory=list)

    def commit(self) -> None:
        """Tell them that it is in force."""
        for one in self.participants:
            self.subscribers.guarded(one.commit, lambda: (self.new,))

    def abort(self) -> None:
        """Tell them that it was refused."""
        for one in self.participants:
            self.subscribers.guarded(one.abort, lambda: (self.new,))


def _words(error: BaseException) -> str:
    """Return what an exception says; nothing if it cannot say it."""
    try:
        return str(error)
    except Exception:
        return ""


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
        # A task of its own: that it is cancelled is not that this one is.
        task = asyncio.ensure_future(callback(update.old, update.new, update.changes))
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        if task.cancelled():
            failed(callback, asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            failed(callback, error)
