"""The client with libraries alone: it takes hosts in turn, tries again and ejects by itself."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
from pybreaker import CircuitBreakerError

from meshconf.mesh.adapters import (
    httpx_failure,
    httpx_host_failure,
    httpx_timeout,
    pybreaker_breaker,
    tenacity_retry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf import ServiceMeshConfig
    from storefront.story import Get


@contextmanager
def client(config: ServiceMeshConfig) -> Iterator[Get]:
    """Give what asks by itself."""
    with ExitStack() as stack:
        upstreams = {name: Upstream(config, name) for name in config.upstreams}
        for upstream in upstreams.values():
            stack.enter_context(upstream.client)
        yield lambda name, path: upstreams[name].get(path)


class Upstream:
    """An upstream, whose hosts have a breaker each."""

    def __init__(self, config: ServiceMeshConfig, name: str) -> None:
        its = config.upstreams[name]
        self.client = httpx.Client(timeout=httpx_timeout(its.timeouts))
        self.hosts = deque(
            (f"http://{endpoint}", pybreaker_breaker(its.circuit_breaker, on=httpx_host_failure))
            for endpoint in config.static.endpoints[name]
        )
        self.tried = tenacity_retry(
            its.retry, on=httpx_failure(its.retry), timeout=its.timeouts.request
        )(self.try_once)

    def get(self, path: str) -> int:
        """Ask as often as it takes; return the status of the answer, with Envoy's if there is none."""
        try:
            return self.tried(path)
        except httpx.HTTPStatusError as error:
            return error.response.status_code
        except httpx.TimeoutException:
            return HTTPStatus.GATEWAY_TIMEOUT
        except httpx.HTTPError:
            return HTTPStatus.SERVICE_UNAVAILABLE

    def try_once(self, path: str) -> int:
        """Ask the next host that is not ejected."""
        for _ in range(len(self.hosts)):
            url, breaker = self.hosts[0]
            self.hosts.rotate(-1)
            try:
                return breaker.call(self.ask, url + path)
            except CircuitBreakerError:
                continue
        return HTTPStatus.SERVICE_UNAVAILABLE

    def ask(self, url: str) -> int:
        """Ask a host; an answer that tells of its failure is an exception."""
        return self.client.get(url).raise_for_status().status_code
