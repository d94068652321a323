"""A configuration that follows its sources."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import time
from concurrent.futures import CancelledError
from itertools import zip_longest
from pathlib import Path
from traceback import format_exception
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from meshconf.diagnostics.problem import ConfigError, Problem
from meshconf.live import process
from meshconf.live.attempts import Now, about_reload, first, following, log
from meshconf.live.following import StoreFollower
from meshconf.live.reloading import first_state, next_state, read_whole
from meshconf.live.status import Attempt, SourceStatus, Status
from meshconf.live.subscribers import (
    Changes,
    Subscribers,
    call_for_each,
    demand_function,
    is_async,
)
from meshconf.live.worker import Worker
from meshconf.loading.findings import Masks
from meshconf.loading.load import accept, log_warnings, planned
from meshconf.loading.versions import all_up_to_date
from meshconf.schema.values import raised_at
from meshconf.sources.environment import Environment
from meshconf.sources.session import Session
from meshconf.sources.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from meshconf.live.changes import Change
    from meshconf.live.reloading import OnRestartFields
    from meshconf.live.subscribers import Participant
    from meshconf.loading.load import Plan
    from meshconf.loading.snapshot import Snapshot
    from meshconf.sources.layer import Source
    from meshconf.sources.pinned import Input

__all__ = ["Live", "watch_schema"]

T = TypeVar("T")

logger = logging.getLogger("meshconf")

#: `close` waits so many seconds for a reload or a subscriber that runs.
PATIENCE = 5.0

#: What asks for a reload since it has seen a change; who asks otherwise wants all sources asked.
FOLLOWED = ("file", "store")


def watch_schema(
    schema: Any,
    sources: Sequence[Any],
    *,
    environ: Mapping[str, str] | None,
    on_restart_fields: OnRestartFields,
    sighup: bool,
    **options: Any,
) -> Live[Any]:
    """Load a schema and follow its sources; see ``meshconf.watch``.

    Raises:
        ConfigError: If the configuration has errors.

        TypeError: If the schema or a source is none, or there is no prefix.

        ValueError: If an option is no such word, or signals cannot be had here.
    """
    if on_restart_fields not in ("hold", "reject"):
        msg = f"on_restart_fields is hold or reject, not {on_restart_fields!r}"
        raise ValueError(msg)
    variables = dict(os.environ if environ is None else environ)
    plan = planned(schema, sources, environ=variables, **options)
    return Live(_to_follow(plan), on_restart_fields, sighup=sighup)


def _to_follow(plan: Plan) -> Plan:
    """Have variables of the process read those of the start, and stores keep what they found."""
    variables = dict(os.environ)

    def followed(source: Source) -> Source:
        if isinstance(source, Environment) and source.environ is None:
            return attrs.evolve(source, environ=variables)
        return Session(source) if isinstance(source, Store) else source

    return attrs.evolve(plan, sources=tuple(map(followed, plan.sources)))


class Live(Generic[T]):
    """A configuration that follows its sources, made by ``meshconf.watch``.

    Reading ``config`` costs what an attribute costs, in any thread. What it gives never changes:
    a reload puts another object in its place, whole and valid. Read it once for each request.

    It is a context manager, for ``with`` and ``async with``; its end closes it.

    Attributes:
        config: The configuration in force.

        snapshot: The same with the origins of its values.
    """

    config: T
    snapshot: Snapshot[T]

    def __init__(self, plan: Plan, on_restart_fields: OnRestartFields, *, sighup: bool) -> None:
        self._plan = plan
        self._on_restart_fields: OnRestartFields = on_restart_fields
        self._base = _working_directory()
        self._subscribers: Subscribers[T] = Subscribers(self._harmless)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions = tuple(one for one in plan.sources if isinstance(one, Session))
        began = time.perf_counter()
        self._refresh()
        self._start = self._reading = read_whole(plan, self._base)
        state = first_state(plan, self._start)
        accept(self._start.layers)
        log_warnings(state.snapshot.warnings)
        seconds = time.perf_counter() - began
        self._take(first(state, self._start, seconds))
        self._told = state
        self._worker = Worker(
            f"meshconf {plan.model.cls.__name__}",
            self._reload,
            self._inputs,
            self._subscribers.go_on_in_child,
        )
        self._forget_hangup = (
            process.on_hangup(functools.partial(self._worker.nudge, "sighup")) if sighup else None
        )
        self._worker.start()
        process.add(self._worker)
        nudge = functools.partial(self._worker.nudge, "store")
        self._followers = tuple(StoreFollower(one, nudge) for one in self._sessions)
        for follower in self._followers:
            follower.start()
            process.add(follower)

    # What anybody may ask.

    @property
    def status(self) -> Status:
        """How it is doing now."""
        now = self._now
        return Status(
            generation=now.attempt.generation,
            results=now.results,
            last_success=now.last_success,
            last_error=now.attempt.error,
            pending_restart=now.attempt.pending_restart,
            sources=tuple(self._sources_now()),
            watcher_alive=self._is_watching(),
            subscriber_errors=self._subscribers.errors,
            last_subscriber_error=self._subscribers.last_error,
            snapshot=now.state.snapshot,
        )

    @property
    def attempt(self) -> Attempt:
        """The latest attempt to load."""
        return self._now.attempt

    def reload(self) -> Snapshot[T]:
        """Load the sources now, without waiting for them to be quiet.

        Calls at the same time share a load that begins after them. It returns when the subscribers
        are told; on an event loop, call it by ``asyncio.to_thread``. In a subscriber it only asks
        for a load, which follows when all are told.

        Returns:
            The snapshot in force afterwards.

        Raises:
            ConfigError: If what the sources say has errors or is refused; what was in force stays.

            RuntimeError: If it is closed, no thread can be started, or two threads died of it.
        """
        if self._worker.is_here:
            self._worker.nudge("reload")
            return self.snapshot
        try:
            error = self._worker.ask("reload").result()
        except CancelledError:
            error = _closed()
        if isinstance(error, ConfigError):
            raise ConfigError(*error.args)
        if error is not None:
            raise error
        return self.snapshot

    def subscribe(self, callback: Callable[[T, T, tuple[Change, ...]], Any]) -> Callable[[], None]:
        """Call a function with ``(old, new, changes)`` whenever a new configuration is in force.

        A plain function is called in the thread that watches, in the order of subscription. A
        coroutine function runs on the event loop of the caller, one call after the other; it may
        miss configurations in between. What it raises is logged and counted, and undoes nothing.

        Args:
            callback: It is given the configuration before, the one now, and a tuple of changes.

        Returns:
            A function that ends the subscription.

        Raises:
            TypeError: If it cannot be called so.

            RuntimeError: If a coroutine function is given where no event loop runs, or this is
                closed.
        """
        self._demand_open()
        demand_function(callback, "a subscriber", "(old, new, changes)", 3)
        if not is_async(callback):
            return self._subscribers.callbacks.add(callback)
        loop = asyncio.get_running_loop()
        calls = call_for_each(self.changes(), callback, self._subscribers.note)
        task = loop.create_task(calls)
        self._tasks.add(task)  # the loop itself holds it weakly
        task.add_done_callback(self._tasks.discard)

        def cancel() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(task.cancel)

        return cancel

    def enlist(self, participant: Participant[T]) -> Callable[[], None]:
        """Give a part of the program a say in reloads.

        Before a new configuration comes into force, each participant's ``prepare`` is called with
        it; one that raises refuses it, and those before it are told to ``abort``. If none does,
        each is told to ``commit``, before the subscribers are told. All are called in the thread
        that watches, in the order in which they came.

        Args:
            participant: An object with the three methods, none of them a coroutine function.

        Returns:
            A function that takes the participant out.

        Raises:
            TypeError: If it has not.

            RuntimeError: If this is closed.
        """
        self._demand_open()
        for name in ("prepare", "commit", "abort"):
            method = getattr(participant, name, None)
            what = f"{name} of a participant"
            demand_function(method, what, "(new)", 1, may_be_async=False)
        return self._subscribers.participants.add(participant)

    def observe(self, observer: Callable[[Attempt], Any]) -> Callable[[], None]:
        """Call a function with every attempt to load, whether it went well or not.

        It is called in the thread that watches, after the subscribers. The latest attempt is
        ``live.attempt``, which is all there is to see of one that is closed.

        Args:
            observer: It is given the attempt; it is no coroutine function.

        Returns:
            A function that ends it.

        Raises:
            TypeError: If it cannot be called so.
        """
        demand_function(observer, "an observer", "(attempt)", 1, may_be_async=False)
        return self._subscribers.observers.add(observer)

    def changes(self) -> Changes[T]:
        """Return an asynchronous iterator of what changes from now on; it ends with ``close``.

        Raises:
            RuntimeError: If no event loop runs.
        """
        changes: Changes[T] = Changes(lambda: None if self._is_over() else self._told)
        self._subscribers.follow(changes)
        return changes

    def close(self) -> None:
        """Stop following the sources; ``config`` stays what it is.

        It waits for a reload or a subscriber that runs, for at most 5 s; nobody is called
        afterwards.
        """
        if self._forget_hangup is not None:
            self._forget_hangup()
        threads: tuple[Worker | StoreFollower, ...] = (self._worker, *self._followers)
        for thread in threads:
            process.remove(thread)
            thread.tell_to_stop()
        end = time.monotonic() + PATIENCE
        if False in [thread.stop(max(end - time.monotonic(), 0.0)) for thread in threads]:
            logger.warning("closed while a reload or a subscriber still runs, after %g s", PATIENCE)
        self._subscribers.wake()

    def __enter__(self) -> Live[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Live[T]:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._forget_hangup is not None:
            self._forget_hangup()  # only the main thread can undo it wholly
        await asyncio.to_thread(self.close)

    def __repr__(self) -> str:
        name = self._plan.model.cls.__name__
        closed = ", closed" if self._is_over() else ""
        return f"<Live of {name}, generation {self._now.attempt.generation}{closed}>"

    # What its thread does.

    def _reload(self, triggers: Sequence[str]) -> ConfigError | RuntimeError | None:
        """Load the sources once, and tell everybody; return why it failed."""
        asked = [one for one in triggers if one not in FOLLOWED]
        trigger = (asked or triggers)[0]
        began = time.perf_counter()
        last, error, ready = self._now, None, None
        before = last.state
        try:
            if asked:
                self._refresh()
            self._reading = read_whole(self._plan, self._base)
            state = next_state(
                self._plan, self._start, before, self._reading, self._on_restart_fields
            )
            if state.generation != before.generation:
                ready = self._subscribers.prepare(state)
        except ConfigError as refusal:
            error, state = about_reload(refusal, before), before
        except BaseException as fault:  # foreign code may try to end the process
            error, state = about_reload(self._fault(fault), before), before
        if self._is_over():
            if ready is not None:
                ready.abort()
            return _closed()
        if error is None:
            accept(self._reading.layers)
        seconds = time.perf_counter() - began
        self._take(following(last, state, self._reading, trigger, seconds=seconds, error=error))
        attempt = self._now.attempt
        log(last, self._now)
        if ready is not None:
            ready.commit()
        if attempt.update is not None:
            self._subscribers.tell(attempt.update, is_over=self._is_over)
        self._told = state
        self._subscribers.wake()
        if not self._is_over():
            self._subscribers.observe(attempt)
        return error

    def _take(self, now: Now) -> None:
        """Put a state into force: the one assignment that readers see is that of ``config``."""
        snapshot = now.state.snapshot
        self.snapshot = snapshot
        self.config = snapshot.config
        self._now = now

    def _fault(self, fault: BaseException) -> ConfigError:
        """Tell what went wrong that is no report."""
        told = self._harmless("".join(format_exception(fault)))
        logger.error("the reload failed", exc_info=fault if told else None)
        message = f"the reload failed: {type(fault).__name__}{raised_at(fault)}"
        return ConfigError((Problem("MC603", "error", "", message),), self._now.state.sources)

    def _harmless(self, text: str) -> str:
        """Return a text that may be logged; nothing if it tells a secret, or who knows what."""
        model = self._plan.model
        try:
            read = all_up_to_date(model, self._reading.layers)  # which may never come into force
            for layers in (self._told.outcome.layers, self._now.state.outcome.layers, read):
                text = Masks(model, layers).harmless(text)
        except BaseException:  # a table of a source's own may raise, or try to end the process
            return ""
        return text

    def _demand_open(self) -> None:
        if self._is_over():
            raise _closed()

    def _refresh(self) -> None:
        """Ask all stores now; otherwise, what they were found to have last counts."""
        for session in self._sessions:
            session.refresh()

    def _sources_now(self) -> Iterator[SourceStatus]:
        for one, source in zip_longest(self._now.sources, self._plan.sources):
            if isinstance(source, Session):
                yield attrs.evolve(one, **source.counted())
            elif one.name:
                yield one

    def _is_watching(self) -> bool:
        is_alive = self._worker.is_alive and all(one.is_alive for one in self._followers)
        return is_alive and not self._worker.is_stopping

    def _inputs(self) -> Mapping[str, Input]:
        return self._reading.inputs

    def _is_over(self) -> bool:
        return self._worker.is_stopping


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it is gone; paths may be absolute
        return ""


def _closed() -> RuntimeError:
    return RuntimeError("this Live is closed")
