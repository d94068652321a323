"""How a configuration is doing, for OpenTelemetry.

It tells names, paths and the fingerprint, and never the value of a setting.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from importlib import metadata
from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.words import printable
from meshconf.live.status import DURATIONS, RESULTS, fails_again

try:
    from opentelemetry._logs import LogRecord, SeverityNumber, get_logger
    from opentelemetry.metrics import get_meter
except ImportError as error:
    message = 'meshconf.live.otel needs: pip install "meshconf[otel]"'
    raise ImportError(message, name="opentelemetry") from error

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from opentelemetry._logs import Logger, LoggerProvider
    from opentelemetry.metrics import Meter, MeterProvider
    from opentelemetry.util.types import AttributeValue

    from meshconf.diagnostics.problem import Problem
    from meshconf.live.live import Live
    from meshconf.live.status import Attempt, Status
    from meshconf.loading.snapshot import Snapshot

__all__ = ["instrument"]

#: So many paths are told in one event; how many there are is told besides.
MOST_PATHS = 100


def instrument(
    live: Live[Any],
    *,
    meter_provider: MeterProvider | None = None,
    logger_provider: LoggerProvider | None = None,
    config: str = "",
    service: str = "",
) -> Callable[[], None]:
    """Tell OpenTelemetry how a configuration is doing, from its latest load on.

    The metrics are ``meshconf.config.load.duration`` and ``meshconf.config.reloads``. The events
    are:

    - ``meshconf.config.activated``: a configuration is in force; the one at the beginning is told
      too, without what it changed,
    - ``meshconf.config.rejected``: a load failed, for other reasons than the one before,
    - ``meshconf.config.source.lost`` and ``.recovered``: a source cannot be read, and can again,
    - ``meshconf.config.fallback.activated``: a copy stands in for a store that is not reached,
    - ``meshconf.config.migrated``: a source has the layout of an earlier version, and had not.

    They are told in the thread that watches, so a processor that takes its time delays the next
    load: export them in batches.

    Args:
        live: The configuration.

        meter_provider: Gets the metrics; by default, the one of the process.

        logger_provider: Gets the events; by default, the one of the process.

        config: What ``meshconf.config.name`` calls it; by default the name of its class.

        service: The service that it configures, as ``meshconf.config.service``; by default, it is
            not told.

    Returns:
        A function that ends it.
    """
    # The sources' names are those of the start: with other attributes, a counter is another one.
    names = dict.fromkeys(printable(one.name) for one in live.status.sources)
    attributes = {"meshconf.config.name": config or type(live.config).__name__}
    if service:
        attributes["meshconf.config.service"] = service
    version = metadata.version("meshconf")
    metrics = _Metrics(
        get_meter("meshconf", version, meter_provider),
        {**attributes, "meshconf.config.source": ",".join(names)},
    )
    events = _Events(get_logger("meshconf", version, logger_provider), attributes)
    telling = _Telling(live, metrics, events)
    end = live.observe(telling.tell)
    telling.tell_latest()
    return end


class _Telling:
    """Tells of each load once, in their order."""

    def __init__(self, live: Live[Any], metrics: _Metrics, events: _Events) -> None:
        self._live = live
        self._metrics = metrics
        self._events = events
        # The first load is told by whoever instruments; later ones by one thread.
        self._turn: AbstractContextManager[Any] = threading.Lock()
        self._last: Attempt | None = None

    def tell(self, attempt: Attempt) -> None:
        """Tell of a load."""
        with self._turn:
            self._tell(attempt)

    def tell_latest(self) -> None:
        """Tell of the latest load, unless that was done."""
        with self._turn:
            self._tell(self._live.attempt)
        self._turn = nullcontext()  # a lock that is held at a fork would hold up the child

    def _tell(self, attempt: Attempt) -> None:
        if attempt is self._last:
            return
        before, self._last = self._last, attempt
        self._metrics.count(attempt)
        self._events.tell(before, attempt, self._live.status)


class _Metrics:
    """The instruments."""

    def __init__(self, meter: Meter, attributes: dict[str, str]) -> None:
        self._durations = meter.create_histogram(
            "meshconf.config.load.duration",
            unit="s",
            description="How long loads of the configuration took, whether they went well or not.",
            explicit_bucket_boundaries_advisory=DURATIONS,
        )
        self._reloads = meter.create_counter(
            "meshconf.config.reloads",
            unit="{reload}",
            description="How often the configuration was loaded, by the result.",
        )
        self._attributes = attributes
        for result in RESULTS:  # a result that comes for the first time is a rise
            self._reloads.add(0, {**attributes, "meshconf.config.result": result})

    def count(self, attempt: Attempt) -> None:
        """Count a load."""
        self._durations.record(attempt.seconds, self._attributes)
        self._reloads.add(1, {**self._attributes, "meshconf.config.result": attempt.result})


class _Events:
    """The events, and what was told last."""

    def __init__(self, logger: Logger, attributes: dict[str, str]) -> None:
        self._logger = logger
        self._attributes = attributes
        self._sources: dict[tuple[str, str], bool] = {}
        self._copies: frozenset[str] = frozenset()
        self._old: frozenset[str] = frozenset()

    def tell(self, before: Attempt | None, attempt: Attempt, status: Status) -> None:
        """Tell what a load has changed."""
        self._tell_sources(attempt, status)
        self._tell_copies(attempt, status)
        if before is None or before.generation != attempt.generation:
            self._tell_activated(before, attempt, status)
        self._tell_migrated(attempt, status.snapshot)
        if attempt.error is not None and not fails_again(before, attempt):
            errors = [one for one in attempt.error.problems if one.severity == "error"]
            self._tell_rejected(attempt, errors)

    def _tell_sources(self, attempt: Attempt, status: Status) -> None:
        now: dict[tuple[str, str], bool] = {}
        for one in status.sources:
            key = one.kind, one.name
            now[key] = now.get(key, True) and one.connected
        for (kind, name), connected in now.items():
            if connected != self._sources.get((kind, name), True):
                self._emit(
                    "meshconf.config.source.recovered"
                    if connected
                    else "meshconf.config.source.lost",
                    SeverityNumber.INFO if connected else SeverityNumber.WARN,
                    "a source can be read again" if connected else "a source cannot be read",
                    attempt.at,
                    {
                        "meshconf.config.source.kind": printable(kind),
                        "meshconf.config.source.name": printable(name),
                    },
                )
        self._sources = now

    def _tell_copies(self, attempt: Attempt, status: Status) -> None:
        names = frozenset(printable(one.name) for one in status.sources if one.fallback)
        for name in sorted(names - self._copies):
            self._emit(
                "meshconf.config.fallback.activated",
                SeverityNumber.WARN,
                "a copy of a document is in force, since its store could not be reached",
                attempt.at,
                {"meshconf.config.source.name": name},
            )
        self._copies = names

    def _tell_activated(self, before: Attempt | None, attempt: Attempt, status: Status) -> None:
        attributes: dict[str, AttributeValue] = {
            "meshconf.config.generation": attempt.generation,
            "meshconf.config.fingerprint": status.fingerprint,
        }
        if before is not None and attempt.update is not None:
            paths = [printable(one.path) for one in attempt.update.changes]
            attributes["meshconf.config.changed.paths"] = paths[:MOST_PATHS]
            attributes["meshconf.config.changed.count"] = len(paths)
        self._emit(
            "meshconf.config.activated",
            SeverityNumber.INFO,
            f"generation {attempt.generation} of the configuration is in force",
            attempt.at,
            attributes,
        )

    def _tell_migrated(self, attempt: Attempt, snapshot: Snapshot[Any]) -> None:
        old = [one.origin for one in snapshot.warnings if one.code == "MC502"]
        names = frozenset(printable(origin.name) for origin in old if origin is not None)
        for name in sorted(names - self._old):
            self._emit(
                "meshconf.config.migrated",
                SeverityNumber.WARN,
                "a source has the layout of an earlier version, and was migrated as it was read",
                attempt.at,
                {"meshconf.config.source.name": name},
            )
        self._old = names

    def _tell_rejected(self, attempt: Attempt, errors: Sequence[Problem]) -> None:
        told = errors[:MOST_PATHS]
        self._emit(
            "meshconf.config.rejected",
            SeverityNumber.ERROR,
            f"a load failed; generation {attempt.generation} of the configuration stays in force",
            attempt.at,
            {
                "meshconf.config.generation": attempt.generation,
                "meshconf.config.result": attempt.result,
                "meshconf.config.problem.codes": [one.code for one in told],
                "meshconf.config.problem.paths": [printable(one.path) for one in told],
                "meshconf.config.problem.count": len(errors),
            },
        )

    def _emit(
        self,
        name: str,
        severity: SeverityNumber,
        body: str,
        at: dt.datetime,
        attributes: dict[str, AttributeValue],
    ) -> None:
        self._logger.emit(
            LogRecord(
                timestamp=int(at.timestamp() * 1_000_000_000),
                severity_number=severity,
                severity_text=severity.name,
                body=body,
                attributes={**self._attributes, **attributes},
                event_name=name,
            )
        )
