"""Which host of an upstream gets a request, and which hosts count as healthy."""

from collections.abc import Callable, Collection
from enum import Enum
from functools import lru_cache
from itertools import count
from math import isqrt
from typing import Annotated, Literal

import annotated_types
import attrs

from meshconf import Port, Ratio, Seconds, rule, setting

__all__ = ["Algorithm", "HealthCheckConfig", "LoadBalancerConfig"]

_MOST = 2**31 - 1
_LARGEST_RING = 8_388_608  # Envoy's limit
_LARGEST_TABLE = 5_000_011  # Envoy's limit, a prime itself


class Algorithm(str, Enum):
    """How the next host is picked; each member equals its text."""

    _value_: str

    ROUND_ROBIN = "round_robin"
    LEAST_REQUEST = "least_request", "least_connections", "least_conn", "leastconn"
    RANDOM = "random"
    RING_HASH = "ring_hash", "consistent_hash"
    MAGLEV = "maglev"
    WEIGHTED_ROUND_ROBIN = "weighted_round_robin"
    PEAK_EWMA = "peak_ewma", "response_time", "least_response_time"

    def __new__(cls, value: str, *others: str) -> "Algorithm":  # noqa: PYI034 - Python 3.10 has no Self
        """Make a member; it is also read by the names that other products use."""
        member = str.__new__(cls, value)
        member._value_ = value
        for other in others:  # as _add_value_alias_ does, which Python has from 3.13 on
            cls._value2member_map_[other] = member
        return member

    def __str__(self) -> str:
        return self._value_


_HASHING = (Algorithm.RING_HASH, Algorithm.MAGLEV)
_WITH_SLOW_START = (Algorithm.ROUND_ROBIN, Algorithm.LEAST_REQUEST)


def status_range(text: str) -> bool:
    """Accept one status code, or the first and the last of a range."""
    first, dash, last = text.partition("-")
    if _is_status(first) and (not dash or (_is_status(last) and first <= last)):
        return True
    msg = 'write a status code such as "204", or a range such as "200-299"'
    raise ValueError(msg)


def _is_status(text: str) -> bool:
    return len(text) == 3 and "100" <= text <= "599" and text.isascii() and text.isdigit()  # noqa: PLR2004 - three digits


def prime(number: int) -> bool:
    """Accept prime numbers, as Maglev's table demands."""
    if _is_prime(number):
        return True
    following = next(filter(_is_prime, count(number)))
    msg = f"{number} is no prime number, the next one is {following}"
    raise ValueError(msg)


@lru_cache(maxsize=16)
def _is_prime(number: int) -> bool:
    if number < 4:  # noqa: PLR2004 - two and three
        return number > 1
    return number % 2 == 1 and all(number % odd for odd in range(3, isqrt(number) + 1, 2))


# The bounds stand first, so that only numbers within them are divided.
TableSize = Annotated[
    int,
    annotated_types.Interval(ge=2, le=_LARGEST_TABLE),
    annotated_types.Predicate(prime),
]


@attrs.frozen(kw_only=True)
class HealthCheckConfig:
    """Questions to each host, apart from the traffic; active health checking."""

    type: Literal["http", "tcp", "grpc", "none"] = setting(
        "http",
        help=(
            "How a host is asked: an HTTP request, a TCP connection, gRPC's health service, or not "
            "at all; active health checking in Envoy and HAProxy, a service check in Consul."
        ),
    )
    path: str = setting(
        "/health",
        matches=r"/\S*",
        help="Path that an HTTP health check asks for.",
    )
    port: Port | None = setting(
        None,
        help="TCP port that is asked, the one of the traffic if not set.",
    )
    interval: Seconds = setting(
        10.0,
        gt=0,
        help="Seconds from one health check of a host to the next; inter in HAProxy.",
    )
    timeout: Seconds = setting(
        5.0,
        gt=0,
        help="Seconds for the answer to one health check, shorter than `interval`.",
    )
    healthy_threshold: int = setting(
        2,
        ge=1,
        le=_MOST,
        unit="checks",
        help="Checks in a row that must pass before a host gets traffic; rise in HAProxy.",
    )
    unhealthy_threshold: int = setting(
        3,
        ge=1,
        le=_MOST,
        unit="checks",
        help="Checks in a row that must fail before a host gets no traffic; fall in HAProxy.",
    )
    expected_statuses: tuple[Annotated[str, annotated_types.Predicate(status_range)], ...] = (
        setting(
            ("200-299",),
            help=(
                "HTTP status codes that pass a health check, single ones or ranges; expected_statuses "
                "of Envoy, http-check expect status of HAProxy."
            ),
        )
    )

    @rule("timeout", "interval")
    @staticmethod
    def answer_precedes_next_check(timeout: float, interval: float) -> str | None:
        """A check is over when the next one begins."""
        if timeout > interval:
            return f"timeout {timeout:g} s is longer than interval {interval:g} s"
        return None

    @rule("timeout", "interval", level="warning")
    @staticmethod
    def checks_have_a_pause(timeout: float, interval: float) -> str | None:
        """Some time is left between a check and the next one."""
        if timeout == interval:
            return f"timeout {timeout:g} s is all of interval {interval:g} s: checks run without a pause"
        return None


@attrs.frozen(kw_only=True)
class LoadBalancerConfig:
    """The choice of a host for each request."""

    algorithm: Algorithm = setting(
        Algorithm.ROUND_ROBIN,
        help=(
            "How the next host is picked; lb_policy in Envoy, balance in HAProxy, the load "
            "balancing policy of gRPC."
        ),
    )
    health_check: HealthCheckConfig = setting(
        HealthCheckConfig(),
        help="Questions to each host, apart from the traffic; active health checking.",
    )
    max_retries: int = setting(
        3,
        ge=0,
        le=_MOST,
        help=(
            "How often another host is picked when the pick has already failed this request; "
            "host_selection_retry_max_attempts of Envoy, option redispatch of HAProxy."
        ),
    )
    choice_count: int = setting(
        2,
        ge=2,
        le=_MOST,
        unit="hosts",
        help=(
            "Hosts drawn at random, of which least_request takes the least busy one; 2 is the "
            "power of two choices."
        ),
    )
    hash_key: str | None = setting(
        None,
        matches=r"(header|cookie|query):[A-Za-z0-9_.-]+|source_ip",
        help=(
            "What ring_hash and maglev tell clients apart by: header:NAME, cookie:NAME, query:NAME "
            "or source_ip; the hash policy of Envoy."
        ),
    )
    minimum_ring_size: int = setting(
        1024,
        ge=1,
        le=_LARGEST_RING,
        unit="entries",
        help="Fewest entries on the ring of ring_hash, more of them spread requests more evenly.",
    )
    table_size: TableSize = setting(
        65537,
        unit="entries",
        help="Entries of maglev's look-up table, a prime number far above the number of hosts.",
    )
    slow_start: Seconds | None = setting(
        None,
        gt=0,
        help=(
            "Seconds over which the traffic of a host that has just become healthy grows to its "
            "share, all at once if not set; slow start in Envoy and HAProxy, warm-up in Istio."
        ),
    )
    panic_threshold: Ratio = setting(
        0.5,
        help=(
            "Share of healthy hosts, 0 to 1, below which all hosts get traffic, the unhealthy and "
            "ejected ones too; Envoy's panic mode."
        ),
    )

    @rule("algorithm", "hash_key", layers=True)
    @staticmethod
    def hash_has_key(
        algorithm: Algorithm, key: str | None, *, layers: Callable[[str], Collection[str]]
    ) -> str | None:
        """A hash algorithm has a hash key, and a hash key has a hash algorithm."""
        if algorithm in _HASHING:
            if key is None:
                return f"algorithm {algorithm} wants hash_key: what clients are told apart by"
        # A key that an upstream inherits, it cannot take back: only its own is a mistake.
        elif key is not None and layers("hash_key"):
            return f"hash_key is for ring_hash and maglev, and algorithm is {algorithm}"
        return None

    @rule(
        "algorithm",
        "choice_count",
        "minimum_ring_size",
        "table_size",
        level="warning",
        layers=True,
    )
    @staticmethod
    def options_fit_algorithm(
        algorithm: Algorithm,
        choices: int,
        ring: int,
        table: int,
        *,
        layers: Callable[[str], Collection[str]],
    ) -> str | None:
        """An option of one algorithm is changed only where that algorithm picks the hosts."""
        if choices == 2 and ring == 1024 and table == 65537:  # noqa: PLR2004 - the defaults
            return None
        idle = [
            f"{name} is for {user}"
            for name, user, value, default in (
                ("choice_count", Algorithm.LEAST_REQUEST, choices, 2),
                ("minimum_ring_size", Algorithm.RING_HASH, ring, 1024),
                ("table_size", Algorithm.MAGLEV, table, 65537),
            )
            if algorithm != user and value != default and layers(name)
        ]
        return f"{', '.join(idle)}, and algorithm is {algorithm}" if idle else None

    @rule("slow_start", "algorithm", level="warning", layers=True)
    @staticmethod
    def slow_start_fits_algorithm(
        seconds: float | None, algorithm: Algorithm, *, layers: Callable[[str], Collection[str]]
    ) -> str | None:
        """A slow start is only asked of the algorithms that know it."""
        if seconds is None or algorithm in _WITH_SLOW_START or not layers("slow_start"):
            return None
        return f"slow_start is for round_robin and least_request, and algorithm is {algorithm}"
