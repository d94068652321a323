"""Circuit breakers of pybreaker.

Importing this needs the extra ``pybreaker``.
"""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

try:
    import pybreaker
except ImportError as failure:
    message = 'pybreaker_breaker needs: pip install "meshconf[pybreaker]"'
    raise ImportError(message, name="pybreaker") from failure

from meshconf.mesh.adapters.failures import LONGEST, failing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from meshconf.mesh.adapters.failures import Failure
    from meshconf.mesh.circuit_breaker import CircuitBreakerConfig

__all__ = ["DROPPED", "pybreaker_breaker"]

T = TypeVar("T")

_ONE_AT_A_TIME = (
    "a breaker of pybreaker that may open lets one call at a time through, whatever is set"
)
_IN_A_ROW = "pybreaker counts failures in a row and knows no share of failures"

#: What pybreaker cannot do, by setting.
DROPPED: Mapping[str, str] = MappingProxyType(
    {
        "circuit_breaker.max_requests": _ONE_AT_A_TIME,
        "circuit_breaker.max_connections": "pybreaker knows of no connections",
        "circuit_breaker.max_pending_requests": "pybreaker lets any number of calls wait",
        "circuit_breaker.error_threshold": _IN_A_ROW,
        "circuit_breaker.minimum_requests": _IN_A_ROW,
        "circuit_breaker.window": _IN_A_ROW,
        "circuit_breaker.max_reset_timeout": "pybreaker stays open equally long each time",
        "circuit_breaker.max_ejection_percent": "a breaker of pybreaker knows of no hosts",
    }
)


def pybreaker_breaker(
    circuit_breaker: CircuitBreakerConfig, *, on: Failure = Exception
) -> pybreaker.CircuitBreaker:
    """Return a circuit breaker of pybreaker.

    It opens after ``consecutive_failures``, each of which is raised as it is, lets calls through again
    after ``reset_timeout``, and closes after ``half_open_max_requests`` of them without a failure. With
    0 failures, or where the group is not enabled, it never opens, and holds no call back; its
    listeners are told of calls all the same. Dropped, with reasons in ``DROPPED``: all about shares of
    failures (``error_threshold``, ``minimum_requests``, ``window``), hosts
    (``max_ejection_percent``), and limits (``max_requests``, ``max_connections``,
    ``max_pending_requests``), and ``max_reset_timeout``.

    A breaker that may open runs one call at a time, others wait for it. It is for functions: of a
    coroutine function, pybreaker sees no more than that it was called.

    Args:
        circuit_breaker: The settings.

        on: What counts as a failure: types of exceptions, or a function that tells. Any other
            exception counts as a success, as pybreaker has it.
    """
    opens = circuit_breaker.enabled and circuit_breaker.consecutive_failures
    fails = failing(on)
    make = pybreaker.CircuitBreaker if opens else _NeverOpen
    return make(
        fail_max=circuit_breaker.consecutive_failures if opens else sys.maxsize,
        reset_timeout=min(circuit_breaker.reset_timeout, LONGEST),
        success_threshold=circuit_breaker.half_open_max_requests,
        exclude=[lambda error: not fails(error)],
        # Else the failure that opens it would look like none to who tries again.
        throw_new_error_on_trip=False,
    )


class _NeverOpen(pybreaker.CircuitBreaker):
    """A breaker whose count of failures decides nothing, so that calls need not wait for it."""

    def call(self, func: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a function, side by side with others."""
        found: T = self.state.call(func, *args, **kwargs)
        return found
