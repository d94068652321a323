"""Rules between the circuit breaker, the load balancer, retries and timeouts.

They hold for the service and for each upstream alike: a class with these four groups takes them
over by name.
"""

# ruff: noqa: FBT001 - a rule gets its values by position

from meshconf import rule

__all__ = [
    "attempts_are_possible",
    "attempts_fit_request",
    "ejections_avoid_panic",
    "one_request_ejects_no_host",
    "one_request_is_no_volume",
]

# So many waits into the back-off, a delay has reached its maximum, or grows so slowly that the
# rest may count as equally long.
_PAUSES = 100


@rule(
    "retry.max_attempts",
    "retry.base_delay",
    "retry.max_delay",
    "retry.multiplier",
    "retry.jitter",
    "timeouts.per_try",
    "timeouts.request",
    level="warning",
)
def attempts_fit_request(
    attempts: int,
    base: float,
    longest: float,
    multiplier: float,
    jitter: float,
    per_try: float,
    request: float,
) -> str | None:
    """All attempts and the pauses between them fit into the request."""
    if per_try >= request or base > longest:  # what other rules are about
        return None
    waits = _waits(attempts - 1, base, longest, multiplier) * (1 + jitter)
    total = attempts * per_try + waits
    if total <= request * (1 + 1e-9):
        return None
    return (
        f"{attempts} attempts of timeouts.per_try {per_try:g} s and waits of {waits:g} s take up to "
        f"{total:g} s, longer than timeouts.request {request:g} s"
    )


def _waits(pauses: int, delay: float, longest: float, multiplier: float) -> float:
    """Add up the waits between attempts, without jitter, in seconds."""
    total = 0.0
    for _ in range(min(pauses, _PAUSES)):
        total += min(delay, longest)
        delay *= multiplier
    return total + max(pauses - _PAUSES, 0) * min(delay, longest)


@rule("retry.max_attempts", "timeouts.per_try", "timeouts.request", level="warning")
def attempts_are_possible(attempts: int, per_try: float, request: float) -> str | None:
    """An attempt that times out leaves time for another."""
    if per_try == request and attempts > 1:
        return (
            f"timeouts.per_try {per_try:g} s is all of timeouts.request {request:g} s: a request "
            f"that times out is never tried again, though retry.max_attempts is {attempts}"
        )
    return None


@rule(
    "circuit_breaker.minimum_requests",
    "retry.max_attempts",
    "circuit_breaker.enabled",
    level="warning",
)
def one_request_is_no_volume(minimum: int, attempts: int, enabled: bool) -> str | None:
    """The attempts of one request are too few to be judged."""
    if minimum <= attempts and enabled:
        return (
            f"one request with retry.max_attempts {attempts} can reach "
            f"circuit_breaker.minimum_requests {minimum} and eject a host on its own"
        )
    return None


@rule(
    "circuit_breaker.consecutive_failures",
    "retry.max_attempts",
    "circuit_breaker.enabled",
    level="warning",
)
def one_request_ejects_no_host(failures: int, attempts: int, enabled: bool) -> str | None:
    """The attempts of one request are fewer than the failures that eject a host."""
    if 0 < failures <= attempts and enabled:
        return (
            f"one request with retry.max_attempts {attempts} can reach "
            f"circuit_breaker.consecutive_failures {failures} and eject a host on its own"
        )
    return None


@rule(
    "circuit_breaker.max_ejection_percent",
    "load_balancer.panic_threshold",
    "circuit_breaker.enabled",
    level="warning",
)
def ejections_avoid_panic(percent: int, panic: float, enabled: bool) -> str | None:
    """Ejections leave more hosts than panic mode asks for."""
    # The margin keeps 100 - 100 * 0.1 from counting as less than 90.
    if percent > 100 - 100 * panic + 1e-9 and enabled:
        return (
            f"circuit_breaker.max_ejection_percent {percent} can leave {100 - percent} % of the "
            f"hosts, fewer than load_balancer.panic_threshold {panic:g}: then ejected hosts get "
            "traffic again"
        )
    return None
