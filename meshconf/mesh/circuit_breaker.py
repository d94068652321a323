"""When a host, or the whole upstream, is left alone for a while."""

# ruff: noqa: FBT001 - a rule gets its values by position

import attrs

from meshconf import Ratio, Seconds, rule, setting

__all__ = ["CircuitBreakerConfig"]

# Counts end where the 32-bit integers of the engines that enforce them do.
_MOST = 2**31 - 1


@attrs.frozen(kw_only=True)
class CircuitBreakerConfig:
    """Limits on requests in flight, and the ejection of hosts that fail.

    The names are older than the terms of today and mix three standard concepts: a concurrency
    limit, outlier detection, and the states of a breaker. The help of each setting says which.
    """

    enabled: bool = setting(
        default=True,
        help="Whether the limits and ejections of this group are enforced at all.",
    )
    max_requests: int = setting(
        1000,
        ge=1,
        le=_MOST,
        help=(
            "Most requests in flight to one upstream; what Envoy and Istio call circuit breaking "
            "and resilience4j a bulkhead."
        ),
    )
    max_connections: int = setting(
        1024,
        ge=1,
        le=_MOST,
        help="Most connections open to one upstream; the threshold of the same name in Envoy.",
    )
    max_pending_requests: int = setting(
        1024,
        ge=1,
        le=_MOST,
        help=(
            "Most requests that wait for a connection, further ones are refused; the threshold of "
            "the same name in Envoy, maxqueue in HAProxy."
        ),
    )
    error_threshold: Ratio = setting(
        0.5,
        help=(
            "Share of failed requests, 0 to 1, from which a host is ejected; outlier detection by "
            "failure percentage in Envoy, the failure rate threshold of resilience4j."
        ),
    )
    minimum_requests: int = setting(
        20,
        ge=1,
        le=_MOST,
        help=(
            "Requests within one window below which error_threshold is not judged; the request "
            "volume of Envoy's outlier detection, the minimum number of calls of resilience4j."
        ),
    )
    window: Seconds = setting(
        10.0,
        ge=0.001,
        help=(
            "Seconds over which failures are counted before error_threshold is judged; the "
            "interval of outlier detection."
        ),
    )
    consecutive_failures: int = setting(
        5,
        ge=0,
        le=_MOST,
        help=(
            "Failures in a row after which a host is ejected whatever error_threshold says, 0 for "
            "never; consecutive_5xx of Envoy, fail_max of pybreaker."
        ),
    )
    reset_timeout: Seconds = setting(
        30.0,
        gt=0,
        help=(
            "Seconds for which a host stays ejected the first time; the base ejection time of "
            "outlier detection, the wait in the open state of a breaker."
        ),
    )
    max_reset_timeout: Seconds = setting(
        300.0,
        gt=0,
        help=(
            "Most seconds for which a host stays ejected, however often it was ejected before; "
            "the maximum ejection time of outlier detection."
        ),
    )
    half_open_max_requests: int = setting(
        5,
        ge=1,
        le=_MOST,
        help=(
            "Trial requests that a host gets when its ejection ends; the permitted calls in the "
            "half-open state of a breaker."
        ),
    )
    max_ejection_percent: int = setting(
        50,
        ge=0,
        le=100,
        help=(
            "Most hosts of an upstream, in percent, that are ejected at the same time; under ten "
            "hosts Envoy's own default of 10 would eject none."
        ),
    )

    @rule("reset_timeout", "max_reset_timeout")
    @staticmethod
    def ejection_can_grow(first: float, longest: float) -> str | None:
        """The first ejection is at most as long as the longest."""
        if first > longest:
            return f"reset_timeout {first:g} s is longer than max_reset_timeout {longest:g} s"
        return None

    @rule("reset_timeout", "window", "enabled", level="warning")
    @staticmethod
    def ejection_outlasts_window(ejection: float, window: float, enabled: bool) -> str | None:
        """An ejection lasts at least one window."""
        if ejection < window and enabled:
            return (
                f"reset_timeout {ejection:g} s is shorter than window {window:g} s: a host is back "
                "before its failures are judged again"
            )
        return None

    @rule("error_threshold", "enabled", level="warning")
    @staticmethod
    def threshold_spares_healthy_hosts(threshold: float, enabled: bool) -> str | None:
        """The threshold is above 0."""
        if threshold == 0 and enabled:
            return "error_threshold 0 ejects every host, also without a single failure"
        return None

    @rule("minimum_requests", "error_threshold", "enabled", level="warning")
    @staticmethod
    def volume_resolves_threshold(volume: int, threshold: float, enabled: bool) -> str | None:
        """A single failure among the fewest requests judged stays at or below the threshold."""
        # The margin keeps 1 / 0.1 from counting as more than 10.
        if 0 < volume * threshold < 1 - 1e-9 and enabled:
            return (
                f"one failure in minimum_requests {volume} exceeds error_threshold {threshold:g}: "
                f"the threshold wants minimum_requests of at least {1 / threshold:g}"
            )
        return None
