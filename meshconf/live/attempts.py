"""What became of an attempt to load: what it left behind, and what is logged of it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.problem import ConfigError, Problem
from meshconf.diagnostics.words import dotted, few
from meshconf.live.changes import Update
from meshconf.live.status import (
    RESULTS,
    Attempt,
    Result,
    SourceStatus,
    fails_again,
    new_problems,
)
from meshconf.loading.load import log_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meshconf.live.reloading import Reading, State  # noqa: TC004 - nothing resolves annotations

__all__ = ["Now", "about_reload", "first", "following", "log"]

logger = logging.getLogger("meshconf")


@attrs.frozen(eq=False, kw_only=True)
class Now:
    """What an attempt to load left behind; it is replaced whole, so that it is of one moment."""

    state: State
    attempt: Attempt
    results: Mapping[Result, int]
    last_success: dt.datetime
    sources: tuple[SourceStatus, ...]


def first(state: State, reading: Reading, seconds: float) -> Now:
    """Return what the load at the start left behind."""
    at = dt.datetime.now(dt.timezone.utc)
    return Now(
        state=state,
        attempt=_attempt(state, "start", "success", at, seconds),
        results={**dict.fromkeys(RESULTS, 0), "success": 1},
        last_success=at,
        sources=tuple(_seen(reading, (), None, at)),
    )


def following(
    last: Now,
    state: State,
    reading: Reading,
    trigger: str,
    *,
    seconds: float,
    error: ConfigError | None,
) -> Now:
    """Return what an attempt leaves behind.

    Args:
        last: What the one before left behind.

        state: What is in force now.

        reading: What the sources said.

        trigger: What asked for it.

        seconds: How long it took.

        error: Why it failed; None if it did not.
    """
    at = dt.datetime.now(dt.timezone.utc)
    result = _result(last, state, error)
    update: Update[object] | None = None
    if result == "success":
        update = Update(state.generation, last.state.outcome, state.outcome)
    attempt = _attempt(state, trigger, result, at, seconds)
    return Now(
        state=state,
        attempt=attrs.evolve(attempt, error=error, update=update),
        results={**last.results, result: last.results[result] + 1},
        last_success=at if error is None else last.last_success,
        sources=tuple(_seen(reading, last.sources, error, at)),
    )


def _attempt(
    state: State, trigger: str, result: Result, at: dt.datetime, seconds: float
) -> Attempt:
    return Attempt(
        trigger=trigger,
        result=result,
        at=at,
        seconds=seconds,
        generation=state.generation,
        pending_restart=tuple(map(dotted, state.held)),
    )


def about_reload(error: ConfigError, before: State) -> ConfigError:
    """Say what a failed reload came to, and leave out the warnings that were given before."""
    problems = new_problems(before.snapshot, error.problems)
    return ConfigError(problems, error.sources, f"generation {before.generation} stays in force")


def _result(last: Now, state: State, error: ConfigError | None) -> Result:
    if error is None:
        return "unchanged" if state.generation == last.state.generation else "success"
    return "error" if any(map(_is_unread, error.problems)) else "rejected"


def _is_unread(problem: Problem) -> bool:
    """Tell whether a problem is that a source could not be read, or the reload itself failed."""
    is_error = problem.severity == "error"
    return is_error and (problem.code.startswith("MC4") or problem.code == "MC603")


def _seen(
    reading: Reading,
    before: Sequence[SourceStatus],
    error: ConfigError | None,
    now: dt.datetime,
) -> Iterable[SourceStatus]:
    """Tell how each source is doing after a reading: one for each layer, in their order."""
    unread = () if error is None else filter(_is_unread, error.problems)
    gone = {one.origin.name for one in unread if one.origin is not None}
    # One that fails may not even say its name any more.
    for layer, last in zip_longest(reading.layers, before):
        is_read = layer.name not in gone and not any(map(_is_unread, layer.problems))
        # An optional document whose store cannot be asked is only warned of.
        connected = is_read and not (layer.remote and layer.problems)
        if connected or last is None:
            contact = now if connected else None
            yield SourceStatus(layer.kind, layer.name, connected, contact, layer.fallback)
        else:
            yield attrs.evolve(last, connected=False, fallback=layer.fallback)


def log(last: Now, now: Now) -> None:
    """Say what became of a reload."""
    before, attempt = last.attempt, now.attempt
    if attempt.error is not None:
        if not fails_again(before, attempt):
            what = "could not be read" if attempt.result == "error" else "was rejected"
            logger.error("a change of the configuration %s\n%s", what, attempt.error)
        return
    if attempt.update is not None:
        if logger.isEnabledFor(logging.INFO):
            logger.info(
                "generation %d of the configuration is in force: %s",
                attempt.generation,
                few([one.path for one in attempt.update.changes]),
            )
    elif before.error is not None:
        logger.info(
            "the configuration is valid again; generation %d stays in force", attempt.generation
        )
    if attempt.pending_restart != before.pending_restart:
        if attempt.pending_restart:
            logger.warning("changes wait for a restart: %s", few(attempt.pending_restart))
        else:
            logger.info("nothing waits for a restart any more")
    log_warnings(new_problems(last.state.snapshot, now.state.snapshot.warnings))
