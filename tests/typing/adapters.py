"""What type checkers make of the adapters; they read this file, and nobody runs it."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pybreaker
import stamina
import tenacity

from meshconf.mesh.adapters import (
    grpc_service_config,
    httpx_failure,
    httpx_host_failure,
    httpx_timeout,
    pybreaker_breaker,
    stamina_retry,
    tenacity_retry,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type  # noqa: TC004 - nobody runs this file

    from meshconf import ServiceMeshConfig


def results(config: ServiceMeshConfig) -> None:
    """Each adapter gives what its library wants."""
    assert_type(httpx_timeout(config.timeouts), httpx.Timeout)
    assert_type(pybreaker_breaker(config.circuit_breaker), pybreaker.CircuitBreaker)
    assert_type(grpc_service_config(config, upstream="payments"), "list[tuple[str, str | int]]")
    httpx.Client(timeout=httpx_timeout(config.timeouts))


def failures(config: ServiceMeshConfig) -> None:
    """What is a failure is said by types of exceptions, or by a function."""
    tenacity_retry(config.retry, on=OSError)
    stamina_retry(config.retry, on=(OSError, httpx.HTTPError), timeout=config.timeouts.request)
    pybreaker_breaker(config.circuit_breaker, on=lambda error: isinstance(error, OSError))
    pybreaker_breaker(config.circuit_breaker, on=httpx_host_failure)
    tenacity_retry(config.retry, on=httpx_failure(config.retry), timeout=1.5)
    tenacity_retry(config.retry, on=OSError())  # type: ignore[arg-type]
    stamina_retry(config.retry, on="5xx")  # type: ignore[arg-type]
    tenacity_retry(config)  # type: ignore[arg-type]
    httpx_timeout(config.retry)  # type: ignore[arg-type]


def decorated(config: ServiceMeshConfig) -> None:
    """A function that is decorated keeps its type."""

    @tenacity_retry(config.retry)
    def first(number: int, *, text: str) -> bytes:
        return text.encode() * number

    @stamina_retry(config.retry)
    def second(number: int, *, text: str) -> bytes:
        return text.encode() * number

    assert_type(first(1, text="a"), bytes)
    assert_type(second(1, text="a"), bytes)
    first("1", text="a")  # type: ignore[arg-type]
    second(1)  # type: ignore[call-arg]


async def awaited(config: ServiceMeshConfig) -> None:
    """So does a coroutine function; and attempts are those of the library."""

    @tenacity_retry(config.retry)
    async def first(number: int) -> str:
        return str(number)

    @stamina_retry(config.retry)
    async def second(number: int) -> str:
        return str(number)

    assert_type(await first(1), str)
    assert_type(await second(1), str)
    async for one in tenacity_retry(config.retry):
        assert_type(one, tenacity.AttemptManager)
    async for other in stamina_retry(config.retry):
        assert_type(other, stamina.Attempt)


def attempts(config: ServiceMeshConfig) -> None:
    """Attempts are those of the library, and what it is given may be added to."""
    for one in tenacity_retry(config.retry):
        assert_type(one, tenacity.AttemptManager)
    for other in stamina_retry(config.retry):
        assert_type(other, stamina.Attempt)
    tenacity.Retrying(**tenacity_retry(config.retry).arguments, name="page")
    tenacity.AsyncRetrying(**tenacity_retry(config.retry).arguments)
    stamina.retry_context(**stamina_retry(config.retry).arguments)
