"""How often, when and how fast a failed request is tried again."""

from collections.abc import Callable, Collection
from operator import attrgetter
from typing import Annotated, Literal

import annotated_types
import attrs

from meshconf import Ratio, Seconds, rule, setting

__all__ = ["RetryCondition", "RetryConfig"]

# Envoy's words, without those that need settings which only Envoy has. Envoy takes any other
# word without a complaint and then never retries; so the set is closed.
RetryCondition = Literal[
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "refused-stream",
    "retriable-4xx",
    "retriable-status-codes",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
]

_REST = ("base_delay", "max_delay", "multiplier", "jitter", "on", "status_codes", "budget")


@attrs.frozen(kw_only=True)
class RetryConfig:
    """Attempts, the pauses between them, and the failures that are worth another attempt."""

    max_attempts: int = setting(
        3,
        ge=1,
        le=2**31 - 1,
        help=(
            "Most attempts of one request in total, the first included; gRPC's maxAttempts, and "
            "one more than the retries that Envoy, HAProxy, Consul and Istio count."
        ),
    )
    base_delay: Seconds = setting(
        1.0,
        gt=0,
        help=(
            "Seconds to wait before the second attempt; the base interval of exponential back-off."
        ),
    )
    max_delay: Seconds = setting(
        30.0,
        gt=0,
        help=(
            "Most seconds to wait between two attempts, before jitter; the maximum interval of "
            "exponential back-off."
        ),
    )
    multiplier: float = setting(
        2.0,
        ge=1,
        help="Factor by which each wait is longer than the one before; 1 waits equally long.",
    )
    jitter: Ratio = setting(
        0.2,
        help=(
            "Share, 0 to 1, by which a wait is made longer at random, so that clients do not come "
            "back all at once."
        ),
    )
    on: tuple[RetryCondition, ...] = setting(
        ("connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"),
        help="The kinds of failure after which a request is tried again, in Envoy's words.",
    )
    status_codes: tuple[Annotated[int, annotated_types.Interval(ge=400, le=599)], ...] = setting(
        (503,),
        help=(
            "HTTP status codes after which a request is tried again, where `on` lists "
            "retriable-status-codes."
        ),
    )
    budget: Ratio | None = setting(
        None,
        help=(
            "Most retries in flight as a share, 0 to 1, of all requests in flight, without a limit "
            "if not set; the retry budget of Envoy and Finagle."
        ),
    )

    @rule("base_delay", "max_delay")
    @staticmethod
    def backoff_can_grow(base: float, longest: float) -> str | None:
        """The first delay is at most the last."""
        if base > longest:
            return f"base_delay {base:g} s is longer than max_delay {longest:g} s"
        return None

    @rule("max_attempts", *_REST, level="warning", layers=True)
    @staticmethod
    def retries_happen(
        attempts: int, *rest: object, layers: Callable[[str], Collection[str]]
    ) -> str | None:
        """A retry setting is changed only where there are retries."""
        if attempts > 1:
            return None
        # What an upstream inherits, it cannot take back: only its own settings count.
        defaults = attrgetter(*_REST)(RetryConfig())
        idle = [
            name
            for name, value, default in zip(_REST, rest, defaults, strict=True)
            if value != default and layers(name)
        ]
        if idle:
            return f"max_attempts 1 means no retry, so {' and '.join(idle)} would have no effect"
        return None
