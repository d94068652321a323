"""A configuration that follows its sources."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import inspect
import logging
import os
import time
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from meshconf.diagnostics.problem import ConfigError, Problem
from meshconf.diagnostics.words import dotted
from meshconf.live import process
from meshconf.live.changes import Update
from meshconf.live.reloading import State, first_state, next_state, read_whole
from meshconf.live.status import (
    RESULTS,
    Attempt,
    Result,
    SourceStatus,
    Status,
    fails_again,
    new_warnings,
)
from meshconf.live.subscribers import Changes, Subscribers, call_for_each
from meshconf.live.worker import Worker
from meshconf.loading.load import log_warnings, planned
from meshconf.schema.values import raised_at
from meshconf.sources.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from meshconf.live.reloading import OnRestartFields, Reading
    from meshconf.live.subscribers import Participant
    from meshconf.loading.load import Plan
    from meshconf.loading.snapshot import Snapshot
    from meshconf.sources.files import Input
    from meshconf.sources.layer import Layer

__all__ = ["Live", "watch_schema"]

T = TypeVar("T")

logger = logging.getLogger("meshconf")

#: `close` waits so many seconds for a reload or a subscriber that runs.
PATIENCE = 5.0

#: So many changed paths are logged.
MOST_LOGGED = 10


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
    return Live(_with_variables(plan, variables), on_restart_fields, sighup=sighup)


def _with_variables(plan: Plan, variables: Mapping[str, str]) -> Plan:
    """Have all sources of variables read those of the start."""
    return attrs.evolve(
        plan,
        sources=tuple(
            attrs.evolve(one, environ=variables)
            if isinstance(one, Environment) and one.environ is None
            else one
            for one in plan.sources
        ),
    )


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
        self._base = str(Path.cwd())
        self._subscribers: Subscribers[T] = Subscribers()
        self._tasks: set[asyncio.Task[None]] = set()
        self._results: dict[Result, int] = dict.fromkeys(RESULTS, 0)
        self._sources: tuple[SourceStatus, ...] = ()
        began = time.perf_counter()
        self._start = self._reading = read_whole(plan, self._base)
        state = first_state(plan, self._start)
        log_warnings(state.snapshot.warnings)
        self._take(state)
        self.attempt = self._counted("start", "success", time.perf_counter() - began)
        self._worker = Worker(f"meshconf {plan.model.cls.__name__}", self._reload, self._inputs)
        self._forget_hangup = (
            process.on_hangup(functools.partial(self._worker.nudge, "sighup")) if sighup else None
        )
        self._worker.start()
        process.add(self)

    # What anybody may ask.

    @property
    def status(self) -> Status:
        """How it is doing now."""
        attempt = self.attempt
        return Status(
            generation=self._state.generation,
            results=dict(self._results),
            last_success=self._last_success,
            last_error=attempt.error,
            pending_restart=attempt.pending_restart,
            sources=self._sources,
            watcher_alive=self._worker.is_alive and not self._worker.is_stopping,
            subscriber_errors=self._subscribers.errors,
            last_subscriber_error=self._subscribers.last_error,
            snapshot=self._state.snapshot,
        )

    def reload(self) -> Snapshot[T]:
        """Load the sources now, without waiting for them to be quiet.

        Calls at the same time share a load that begins after them. In a subscriber it only asks
        for a load, which follows when all are told.

        Returns:
            The snapshot in force afterwards.

        Raises:
            ConfigError: If what the sources say has errors or is refused; what was in force stays.

            RuntimeError: If it is closed.
        """
        if self._worker.is_here:
            self._worker.nudge("reload")
            return self.snapshot
        try:
            error: ConfigError | None = self._worker.ask("reload").result()
        except CancelledError:
            msg = "a Live that is closed cannot be reloaded"
        else:
            if error is not None:
                raise ConfigError(error.problems, error.sources)
            return self.snapshot
        raise RuntimeError(msg)

    def subscribe(self, callback: Callable[..., Any]) -> Callable[[], None]:
        """Call a function with ``(old, new, changes)`` whenever a new configuration is in force.

        A plain function is called in the thread that watches, in the order of subscription. A
        coroutine function runs on the event loop of the caller, one call after the other; it may
        miss configurations in between. What it raises is logged and counted, and undoes nothing.

        Args:
            callback: It is given the configuration before, the one now, and a tuple of changes.

        Returns:
            A function that ends the subscription.

        Raises:
            RuntimeError: If a coroutine function is given where no event loop runs.
        """
        if not _is_async(callback):
            return self._subscribers.add("callbacks", callback)
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
        that watches.

        Returns:
            A function that takes the participant out.
        """
        return self._subscribers.add("participants", participant)

    def observe(self, observer: Callable[[Attempt], Any]) -> Callable[[], None]:
        """Call a function with every attempt to load, whether it went well or not.

        It is called in the thread that watches, after the subscribers. The latest attempt is
        ``live.attempt``.

        Returns:
            A function that ends it.
        """
        return self._subscribers.add("observers", observer)

    def changes(self) -> Changes[T]:
        """Return an asynchronous iterator of what changes from now on; it ends with ``close``.

        Raises:
            RuntimeError: If no event loop runs.
        """
        changes: Changes[T] = Changes(lambda: None if self._is_over() else self._state)
        self._subscribers.follow(changes)
        return changes

    def close(self) -> None:
        """Stop following the sources; ``config`` stays what it is.

        It waits for a reload or a subscriber that runs, for at most 5 s; nobody is called
        afterwards.
        """
        process.remove(self)
        if self._forget_hangup is not None:
            self._forget_hangup()
        if not self._worker.stop(PATIENCE):
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
        await asyncio.to_thread(self.close)

    # What the process tells it.

    def go_on_in_child(self) -> None:
        """Go on in a child that was forked."""
        self._subscribers.go_on_in_child()
        self._worker.go_on_in_child()

    def tell_to_stop(self) -> None:
        """Tell the thread to stop."""
        self._worker.tell_to_stop()

    def stop(self, seconds: float) -> bool:
        """Wait for the thread to stop."""
        return self._worker.stop(seconds)

    # What its thread does.

    def _reload(self, trigger: str) -> ConfigError | None:
        """Load the sources once, and tell everybody; return why it failed."""
        began = time.perf_counter()
        before, error = self._state, None
        try:
            self._reading = read_whole(self._plan, self._base)
            state = next_state(
                self._plan, self._start, before, self._reading, self._on_restart_fields
            )
            if state.generation != before.generation:
                self._subscribers.prepare(state)
        except ConfigError as refusal:
            error, state = refusal, before
        except Exception as fault:
            error, state = _failed(fault), before
        if self._is_over():
            return error
        self._take(state)
        result = _result(before, state, error)
        update = None
        if result == "success":
            update = Update[T](state.generation, before.outcome, state.outcome)
        seconds = time.perf_counter() - began
        last, self.attempt = self.attempt, self._counted(trigger, result, seconds, error, update)
        _log(last, self.attempt, before, state)
        if update is not None:
            self._subscribers.tell(update, is_over=self._is_over)
        if not self._is_over():
            self._subscribers.observe(self.attempt)
        return error

    def _take(self, state: State) -> None:
        """Put a state into force: the one assignment that readers see is that of ``config``."""
        snapshot = state.snapshot
        self._state = state
        self.snapshot = snapshot
        self.config = snapshot.config

    def _counted(
        self,
        trigger: str,
        result: Result,
        seconds: float,
        error: ConfigError | None = None,
        update: Update[T] | None = None,
    ) -> Attempt:
        now = dt.datetime.now(dt.timezone.utc)
        self._results[result] += 1
        if error is None:
            self._last_success = now
        self._sources = tuple(_seen(self._reading, self._sources, now))
        return Attempt(
            trigger=trigger,
            result=result,
            at=now,
            seconds=seconds,
            generation=self._state.generation,
            error=error,
            update=update,
            pending_restart=tuple(map(dotted, self._state.held)),
        )

    def _inputs(self) -> Mapping[str, Input]:
        return self._reading.inputs

    def _is_over(self) -> bool:
        return self._worker.is_stopping


def _is_async(callback: Callable[..., Any]) -> bool:
    called = getattr(callback, "__call__", None)  # noqa: B004 - of an object, its method
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(called)


def _failed(fault: Exception) -> ConfigError:
    """Tell what went wrong that is no report."""
    logger.error("the reload failed", exc_info=fault)
    message = f"the reload failed: {type(fault).__name__}{raised_at(fault)}"
    return ConfigError((Problem("MC603", "error", "", message),))


def _result(before: State, state: State, error: ConfigError | None) -> Result:
    if error is None:
        return "unchanged" if state.generation == before.generation else "success"
    unread = any(one.code.startswith("MC4") or one.code == "MC603" for one in error.problems)
    return "error" if unread else "rejected"


def _seen(
    reading: Reading, before: Iterable[SourceStatus], now: dt.datetime
) -> Iterable[SourceStatus]:
    """Tell how each source is doing after a reading."""
    known = {(one.kind, one.name): one.last_contact for one in before}
    for layer in reading.layers:
        if not layer.name:
            continue
        connected = not _is_unread(layer)
        last = now if connected else known.get((layer.kind, layer.name), now)
        yield SourceStatus(layer.kind, layer.name, connected, last)


def _is_unread(layer: Layer) -> bool:
    errors = (one for one in layer.problems if one.severity == "error")
    return any(one.code.startswith("MC4") for one in errors)


def _log(last: Attempt, attempt: Attempt, before: State, state: State) -> None:
    """Say what became of a reload."""
    if attempt.error is not None:
        if not fails_again(last, attempt):
            logger.error(
                "a change of the configuration was rejected; generation %d stays in force\n%s",
                attempt.generation,
                attempt.error,
            )
        return
    if attempt.update is not None:
        if logger.isEnabledFor(logging.INFO):
            logger.info(
                "generation %d of the configuration is in force: %s",
                attempt.generation,
                _named([one.path for one in attempt.update.changes]),
            )
    elif last.error is not None:
        logger.info(
            "the configuration is valid again; generation %d stays in force", attempt.generation
        )
    if attempt.pending_restart and attempt.pending_restart != last.pending_restart:
        logger.warning("changes wait for a restart: %s", _named(attempt.pending_restart))
    log_warnings(new_warnings(before.snapshot, state.snapshot))


def _named(paths: Sequence[str]) -> str:
    more = len(paths) - MOST_LOGGED
    return f"{', '.join(paths[:MOST_LOGGED])}{f' and {more} more' if more > 0 else ''}"
