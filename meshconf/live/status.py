"""How the configuration of a process is doing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

if TYPE_CHECKING:
    from meshconf.diagnostics.problem import ConfigError, Problem  # noqa: TC004 - not resolved
    from meshconf.live.changes import Update  # noqa: TC004
    from meshconf.loading.snapshot import Snapshot  # noqa: TC004

__all__ = [
    "DURATIONS",
    "RESULTS",
    "Attempt",
    "Result",
    "SourceStatus",
    "Status",
    "fails_again",
    "new_problems",
]

Result = Literal["success", "unchanged", "rejected", "error"]

#: Every result, the good ones first.
RESULTS: tuple[Result, ...] = ("success", "unchanged", "rejected", "error")

#: Upper bounds for the durations of loads, in seconds, by which monitoring sorts them: a small file
#: takes some milliseconds, a remote store may take seconds.
DURATIONS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@attrs.frozen(kw_only=True, eq=False)
class Attempt:
    """One attempt to load the configuration, the first at the start included.

    Attributes:
        trigger: What asked for it: ``start``, ``file``, ``store``, ``sighup`` or
            ``reload``.

        result: ``success``: a new configuration is in force; ``unchanged``: what was read is valid
            and means the same; ``rejected``: it is not valid, or was refused; ``error``: a source
            could not be read.

        at: When it ended, in UTC.

        seconds: How long it took, without the subscribers.

        generation: The number of the configuration that is in force afterwards.

        error: The report; ``None`` if it went well.

        update: What changed; ``None`` unless the result is ``success`` and something was in force
            before.

        pending_restart: The settings whose change waits for a restart.
    """

    trigger: str
    result: Result
    at: dt.datetime
    seconds: float
    generation: int
    error: ConfigError | None = None
    update: Update[Any] | None = None
    pending_restart: tuple[str, ...] = ()


def fails_again(before: Attempt | None, now: Attempt) -> bool:
    """Tell whether an attempt fails with the very report of the one before."""
    if now.error is None or before is None or before.error is None:
        return False
    return str(before.error) == str(now.error)


def new_problems(before: Snapshot[Any], found: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems of a load without the warnings that the one before had."""
    known = {one.message for one in before.warnings}
    return tuple(one for one in found if one.severity == "error" or one.message not in known)


@attrs.frozen
class SourceStatus:
    """How one source is doing.

    Attributes:
        kind: Its kind: ``file``, ``env``, ``dotenv``, ``secret_file``, ``consul``, ``etcd``,
            ``override``, or its own.

        name: What reports call it.

        connected: Whether it could be read when it was last tried.

        last_contact: When it could last be read, in UTC; ``None`` if it never could.

        fallback: Whether a copy of it is in force, since the store could not be reached.

        requests: Of a store, how often it was asked with ``success`` and with ``error``.

        resets: Of a store, how often what was waited after was void, by the reason:
            ``index_went_back``, ``compacted``, ``canceled``, ``broke_off``.
    """

    kind: str
    name: str
    connected: bool
    last_contact: dt.datetime | None
    fallback: bool = False
    requests: Mapping[str, int] = attrs.field(factory=dict)
    resets: Mapping[str, int] = attrs.field(factory=dict)

    @property
    def age(self) -> float | None:
        """How long ago it could last be read, in seconds; ``None`` if it never could."""
        if self.last_contact is None:
            return None
        return (dt.datetime.now(dt.timezone.utc) - self.last_contact).total_seconds()


@attrs.frozen(kw_only=True, eq=False)
class Status:
    """How the configuration of a process is doing, at one moment.

    Attributes:
        generation: The number of the configuration in force, from 1; it only rises.

        results: How often each result came, the load at the start included.

        last_success: When a valid configuration was last read, changed or not; in UTC.

        last_error: Why the last attempt failed; ``None`` while all is well. Its text is the whole
            report, without secrets.

        pending_restart: Dotted paths of the settings that changed in the sources, while the
            process keeps the values that it was started with.

        sources: How each source is doing, lowest precedence first.

        watcher_alive: Whether changes are still watched for.

        subscriber_errors: How often a subscriber or a participant raised an exception.

        last_subscriber_error: Which one raised what, where; empty if none has.

        snapshot: The configuration in force with its origins.
    """

    generation: int
    results: Mapping[Result, int]
    last_success: dt.datetime
    last_error: ConfigError | None
    pending_restart: tuple[str, ...]
    sources: tuple[SourceStatus, ...]
    watcher_alive: bool
    subscriber_errors: int
    last_subscriber_error: str
    snapshot: Snapshot[Any] = attrs.field(repr=False)

    @property
    def attempts(self) -> int:
        """How often a load was tried, the one at the start included."""
        return sum(self.results.values())

    @property
    def successes(self) -> int:
        """How often it went well, whether anything had changed or not."""
        return self.results["success"] + self.results["unchanged"]

    @property
    def failures(self) -> int:
        """How often it failed."""
        return self.results["rejected"] + self.results["error"]

    @property
    def fingerprint(self) -> str:
        """A hash of the configuration in force without its secrets; see ``Snapshot``."""
        return self.snapshot.fingerprint
