"""Timeouts of httpx, and which of its exceptions are failures: for another attempt, for a breaker.

Importing this needs the extra ``httpx``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

try:
    import httpx
except ImportError as failure:
    message = (
        'httpx_timeout, httpx_failure and httpx_host_failure need: pip install "meshconf[httpx]"'
    )
    raise ImportError(message, name="httpx") from failure

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from meshconf.mesh.retry import RetryConfig
    from meshconf.mesh.timeouts import TimeoutsConfig

__all__ = ["DROPPED", "httpx_failure", "httpx_host_failure", "httpx_timeout"]

#: What httpx cannot do, by setting.
DROPPED: Mapping[str, str] = MappingProxyType(
    {
        "timeouts.request": (
            "httpx makes one attempt and has no time for all: pass it as `timeout` to "
            "tenacity_retry or stamina_retry"
        ),
        "timeouts.per_try": "httpx limits each wait of an attempt, and not their sum",
        "timeouts.idle": (
            "the limits of a client say it: httpx.Limits(keepalive_expiry=config.timeouts.idle)"
        ),
    }
)

#: Sockets count milliseconds in 31 bits; in seconds.
_LONGEST = 2_147_483.0

_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)
_NO_ANSWER = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)

#: What each word of ``retry.on`` means to httpx, as measured with Envoy; none for the others.
_EXCEPTIONS: Mapping[str, tuple[type[httpx.TransportError], ...]] = {
    "5xx": _NO_ANSWER,
    "gateway-error": _NO_ANSWER,
    "reset": _NO_ANSWER,
    "reset-before-request": (*_NOT_CONNECTED, httpx.PoolTimeout),
    "connect-failure": _NOT_CONNECTED,
}
_STATUSES: Mapping[str, Collection[int]] = {
    "5xx": range(500, 600),
    "gateway-error": (502, 503, 504),
    "retriable-4xx": (409,),
}


def httpx_timeout(timeouts: TimeoutsConfig) -> httpx.Timeout:
    """Return timeouts for a client or a request: ``httpx.Client(timeout=…)``.

    A connection stands within ``connect``, and each wait for it, for data or for being rid of data
    takes ``per_try`` at most, which is not quite the same as an attempt. Dropped, with reasons in
    ``DROPPED``: ``request`` and ``idle``.

    Args:
        timeouts: The settings.
    """
    attempt = min(timeouts.per_try, _LONGEST)
    connect = min(timeouts.connect, attempt)
    return httpx.Timeout(connect=connect, read=attempt, write=attempt, pool=attempt)


def httpx_failure(retry: RetryConfig) -> Callable[[Exception], bool]:
    """Return a function that tells whether an exception is worth another attempt.

    It is one that ``retry.on`` lists; of an answer, one whose status is listed there or in
    ``retry.status_codes``, for which ``response.raise_for_status()`` has to be called. It is made for
    the argument ``on`` of ``tenacity_retry`` and ``stamina_retry``. Of Envoy's words, httpx knows no
    ``refused-stream`` and none that is a code of gRPC.

    As with Envoy, an attempt that takes longer than ``timeouts.per_try`` is followed by another where
    ``retry.on`` lists ``5xx``, ``gateway-error`` or ``reset``, and not by default: the host may have
    done what it was asked for. A connection that does not stand in time is a ``connect-failure``.

    Args:
        retry: The settings.
    """
    exceptions = tuple(one for word in retry.on for one in _EXCEPTIONS.get(word, ()))
    statuses = {status for word in retry.on for status in _STATUSES.get(word, ())}
    if "retriable-status-codes" in retry.on:
        statuses.update(retry.status_codes)

    def fails(error: Exception) -> bool:
        if isinstance(error, httpx.HTTPStatusError):
            return error.response.status_code in statuses
        return isinstance(error, exceptions)

    return fails


def httpx_host_failure(error: Exception) -> bool:
    """Tell whether an exception is a failure of the host, as Envoy counts them to eject it.

    It is one if there is no answer, or if its status is 500 or above, for which
    ``response.raise_for_status()`` has to be called; a client that has no connection left has asked
    nobody. It is made for the argument ``on`` of ``pybreaker_breaker``.
    """
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return isinstance(error, _NO_ANSWER) and not isinstance(error, httpx.PoolTimeout)
