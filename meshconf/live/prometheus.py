"""How configurations are doing, for Prometheus.

It shows names, paths and the fingerprint, and never the value of a setting.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.words import printable
from meshconf.live.status import DURATIONS, RESULTS
from meshconf.schema.compile import model_of

try:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )
    from prometheus_client.registry import Collector
except ImportError as error:
    message = 'meshconf.live.prometheus needs: pip install "meshconf[prometheus]"'
    raise ImportError(message, name="prometheus_client") from error

if TYPE_CHECKING:
    from collections.abc import (
        Callable,  # noqa: TC004 - nothing resolves annotations
        Iterable,
        Mapping,  # noqa: TC004
    )

    from prometheus_client.core import Metric

    from meshconf.live.live import Live  # noqa: TC004
    from meshconf.live.status import Attempt, Status  # noqa: TC004

__all__ = ["ConfigCollector"]

#: The bounds as Prometheus writes them.
LIMITS = (*map(str, DURATIONS), "+Inf")


class ConfigCollector(Collector):
    """A collector of ``prometheus_client`` for any number of configurations.

    ``REGISTRY.register(ConfigCollector(live))`` shows them with all other metrics. Every series has
    the label ``config``, which tells the configurations apart. What a Live that is closed did last
    stays, until it is removed. Like every collector of one's own, it tells of one process: where
    several share a port, each has its own.

    Args:
        live: The first configuration; see ``add``.

        config: See ``add``.

        service: See ``add``.
    """

    def __init__(
        self, live: Live[Any] | None = None, *, config: str = "", service: str = ""
    ) -> None:
        self._lock = threading.Lock()
        self._members: tuple[_Member, ...] = ()
        if live is not None:
            self.add(live, config=config, service=service)

    def add(self, live: Live[Any], *, config: str = "", service: str = "") -> None:
        """Tell of one more configuration.

        The durations of its loads are those from its latest load on.

        Args:
            live: The configuration.

            config: What the label ``config`` calls it; by default the name of its class.

            service: The service that it configures, for ``meshconf_config_info``.

        Raises:
            ValueError: If another one has that name.
        """
        name = config or type(live.config).__name__
        with self._lock:
            if any(member.config == name for member in self._members):
                msg = (
                    f"a configuration called {name!r} was added before: "
                    'pass config="…" to call this one otherwise, or remove the other'
                )
                raise ValueError(msg)
            source = ",".join(_by_source(live.status))
            member = _Member(live, name, service, source, *_observed(live))
            self._members = (*self._members, member)

    def remove(self, live: Live[Any]) -> None:
        """Tell of a configuration no longer.

        Raises:
            ValueError: If it was not added.
        """
        with self._lock:
            gone = [member for member in self._members if member.live is live]
            if not gone:
                msg = "a configuration that was not added cannot be removed"
                raise ValueError(msg)
            self._members = tuple(member for member in self._members if member.live is not live)
        for member in gone:
            member.end()

    def describe(self) -> Iterable[Metric]:
        """Return all metrics without their series, so that a registry finds duplicates."""
        return [*(family.empty() for family in FAMILIES), _without_durations()]

    def collect(self) -> Iterable[Metric]:
        """Return all metrics as they are now."""
        members = self._members
        now = [(member, member.live.status) for member in members]
        return [*(family.filled(now) for family in FAMILIES), _with_durations(members)]


@attrs.define(eq=False)
class _Durations:
    """How long loads took; changed only by the thread that watches.

    Attributes:
        latest: The load that was the latest when it began.

        counts: How many loads took at most each of the bounds, and more than the one before.

        seconds: How long all of them took.
    """

    latest: Attempt
    counts: tuple[int, ...] = (0,) * len(LIMITS)
    seconds: float = 0.0

    def observe(self, attempt: Attempt) -> None:
        """Take a later load into account."""
        if attempt is not self.latest:
            self.take(attempt.seconds)

    def take(self, seconds: float) -> None:
        """Take a duration into account."""
        at = bisect_left(DURATIONS, seconds)
        self.counts = (*self.counts[:at], self.counts[at] + 1, *self.counts[at + 1 :])
        self.seconds += seconds


@attrs.frozen(eq=False)
class _Member:
    """A configuration that a collector tells of.

    Attributes:
        live: The configuration.

        config: What it is called.

        service: The service that it configures.

        source: The names of its sources. They are those of the start, since a counter whose labels
            change is another counter.

        durations: How long its loads took.

        end: Ends the observation of its loads.
    """

    live: Live[Any]
    config: str
    service: str
    source: str
    durations: _Durations
    end: Callable[[], None]


def _observed(live: Live[Any]) -> tuple[_Durations, Callable[[], None]]:
    """Observe the loads of a configuration, the latest one included."""
    while True:
        durations = _Durations(live.attempt)
        durations.take(durations.latest.seconds)
        end = live.observe(durations.observe)
        if live.attempt is durations.latest:
            return durations, end
        end()  # a load ended meanwhile, and it cannot be known whether it was observed


def _by_source(status: Status) -> dict[str, tuple[bool, float]]:
    """Return whether each source is connected, and when it last was; of two alike, the worse."""
    found: dict[str, tuple[bool, float]] = {}
    for one in status.sources:
        name = printable(one.name)
        last = 0.0 if one.last_contact is None else one.last_contact.timestamp()
        connected, before = found.get(name, (True, last))
        found[name] = (connected and one.connected, min(before, last))
    return found


#: The values of the labels of a series, without ``config``.
Labels = tuple[str, ...]


@attrs.frozen(eq=False)
class _Family:
    """A metric.

    Attributes:
        name: Its name.

        documentation: What it tells.

        samples: Returns the values for one configuration by the values of the labels.

        labels: The labels besides ``config``.

        type: What sort of metric it is.
    """

    name: str
    documentation: str
    samples: Callable[[_Member, Status], Mapping[Labels, float]]
    labels: Labels = ()
    type: type[GaugeMetricFamily | CounterMetricFamily] = GaugeMetricFamily

    def empty(self) -> GaugeMetricFamily | CounterMetricFamily:
        """Make it without series."""
        return self.type(self.name, self.documentation, labels=("config", *self.labels))

    def filled(self, now: Iterable[tuple[_Member, Status]]) -> Metric:
        """Make it with the series of all configurations."""
        metric = self.empty()
        for member, status in now:
            for labels, value in self.samples(member, status).items():
                metric.add_metric((member.config, *labels), value)
        return metric


def _one(value: float) -> Mapping[Labels, float]:
    """Return the value of a metric that has no label besides ``config``."""
    return {(): float(value)}


def _info(member: _Member, status: Status) -> Mapping[Labels, float]:
    schema: Any = type(member.live.config)
    version = model_of(schema).configuration.version
    return {(member.service, str(version), status.fingerprint, member.source): 1.0}


def _connected(_: _Member, status: Status) -> Mapping[Labels, float]:
    return {(name,): float(one) for name, (one, _) in _by_source(status).items()}


def _last_contact(_: _Member, status: Status) -> Mapping[Labels, float]:
    return {(name,): last for name, (_, last) in _by_source(status).items()}


def _deprecated(_: _Member, status: Status) -> Mapping[Labels, float]:
    return {
        (printable(one.name), printable(one.removed_in)): 1.0
        for one in status.snapshot.deprecations
    }


def _by_word(status: Status, what: str) -> Mapping[Labels, float]:
    """Return what was counted of stores, by the name of the store and by a word."""
    found: dict[Labels, float] = {}
    for one in status.sources:
        for word, number in getattr(one, what).items():
            labels = (printable(one.name), word)
            found[labels] = found.get(labels, 0.0) + number
    return found


def _reloads(member: _Member, status: Status) -> Mapping[Labels, float]:
    return {(member.source, result): float(status.results[result]) for result in RESULTS}


FAMILIES = (
    _Family(
        "meshconf_config_last_reload_successful",
        "Whether the latest load of the configuration went well, changed or not.",
        lambda _, status: _one(status.last_error is None),
    ),
    _Family(
        "meshconf_config_last_reload_success_timestamp_seconds",
        "When a valid configuration was last read, changed or not, as Unix time.",
        lambda _, status: _one(status.last_success.timestamp()),
    ),
    _Family(
        "meshconf_config_info",
        "The configuration in force, always 1: the service, the version of its layout, a hash of "
        "it without its secrets, and its sources.",
        _info,
        labels=("service", "config_version", "fingerprint", "source"),
    ),
    _Family(
        "meshconf_config_generation",
        "The number of the configuration in force; that of the start is 1.",
        lambda _, status: _one(status.generation),
    ),
    _Family(
        "meshconf_config_warnings",
        "How many warnings the configuration in force has.",
        lambda _, status: _one(len(status.snapshot.warnings)),
    ),
    _Family(
        "meshconf_config_pending_restart",
        "How many changed settings wait for a restart.",
        lambda _, status: _one(len(status.pending_restart)),
    ),
    _Family(
        "meshconf_config_fallback_active",
        "Whether a copy of a document is in force, since its store could not be reached.",
        lambda _, status: _one(any(one.fallback for one in status.sources)),
    ),
    _Family(
        "meshconf_source_connected",
        "Whether a source could be read when it was last tried.",
        _connected,
        labels=("source",),
    ),
    _Family(
        "meshconf_source_last_contact_timestamp_seconds",
        "When a source could last be read, as Unix time; 0 if it never could.",
        _last_contact,
        labels=("source",),
    ),
    _Family(
        "meshconf_deprecated_keys_in_use",
        "A key or a variable in use that will go away, always 1, and the release that no longer "
        "reads it, if that is planned.",
        _deprecated,
        labels=("key", "removed_in"),
    ),
    _Family(
        "meshconf_config_reloads_total",
        "How often the configuration was loaded, the start included: with success, unchanged, "
        "rejected as it was not valid, or with the error that a source could not be read.",
        _reloads,
        labels=("source", "result"),
        type=CounterMetricFamily,
    ),
    _Family(
        "meshconf_source_requests_total",
        "How often a store was asked, by whether it answered.",
        lambda _, status: _by_word(status, "requests"),
        labels=("source", "result"),
        type=CounterMetricFamily,
    ),
    _Family(
        "meshconf_source_resets_total",
        "How often what was waited after in a store was void, by the reason.",
        lambda _, status: _by_word(status, "resets"),
        labels=("source", "reason"),
        type=CounterMetricFamily,
    ),
    _Family(
        "meshconf_subscriber_errors_total",
        "How often a part of the program that was told of a configuration raised an exception.",
        lambda _, status: _one(status.subscriber_errors),
        type=CounterMetricFamily,
    ),
)


def _without_durations() -> HistogramMetricFamily:
    return HistogramMetricFamily(
        "meshconf_config_load_duration_seconds",
        "How long loads of the configuration took, whether they went well or not.",
        labels=("config", "source"),
    )


def _with_durations(members: Iterable[_Member]) -> Metric:
    metric = _without_durations()
    for member in members:
        buckets = list(zip(LIMITS, accumulate(member.durations.counts), strict=True))
        metric.add_metric((member.config, member.source), buckets, member.durations.seconds)
    return metric
