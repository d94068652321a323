"""An Envoy that runs what is rendered, between clients and the services of a test."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from meshconf.mesh.paths import dotted
from meshconf.mesh.render import envoy
from tests.mesh.render.configs import loaded
from tests.servers.answering import Answering
from tests.servers.envoy import Envoy
from tests.servers.fixtures import authority, new_consul
from tests.servers.process import free_ports

__all__ = ["authority", "new_consul"]

#: The settings of an upstream, and its hosts by the word "hosts".
Upstreams = Mapping[str, Mapping[str, Any]]
Start = Callable[..., Envoy]
Serve = Callable[..., Answering]

#: What a test asks for if it is about that.
_QUIET: Mapping[str, Any] = {
    "circuit_breaker.enabled": False,
    "load_balancer.health_check.type": "none",
    "metrics.enabled": False,
    "retry.max_attempts": 1,
}


def _settings(upstreams: Upstreams, general: Mapping[str, Any]) -> dict[str, Any]:
    """Write settings by dotted paths."""
    found: dict[str, Any] = {
        "service_name": "orders",
        "discovery.backend": "static",
        **general,
        "upstreams": {name: {} for name in upstreams},
    }
    endpoints = {
        name: [
            f"127.0.0.1:{host.port}" if isinstance(host, Answering) else host
            for host in own["hosts"]
        ]
        for name, own in upstreams.items()
        if "hosts" in own
    }
    if endpoints:
        found["static.endpoints"] = endpoints
    for name, own in upstreams.items():
        prefix = dotted("upstreams", name)
        found |= {f"{prefix}.{path}": value for path, value in own.items() if path != "hosts"}
    return found


@pytest.fixture(name="start", scope="class")
def _start() -> Iterator[Start]:
    """Start Envoy with upstreams, and with settings for all of them; nothing retries or ejects."""
    with contextlib.ExitStack() as stack:

        def start(
            upstreams: Upstreams,
            general: Mapping[str, Any] | None = None,
            *,
            base: Mapping[str, Any] = _QUIET,
            host: str = "127.0.0.1",
            runtime: Mapping[str, Any] | None = None,
        ) -> Envoy:
            config = loaded(_settings(upstreams, {**base, **(general or {})}))
            listen, admin = free_ports(2)
            text = envoy(config, listen=f"{host}:{listen}", admin=f"127.0.0.1:{admin}").text
            if runtime is not None:
                layers = [{"name": "test", "static_layer": runtime}]
                text = json.dumps({**json.loads(text), "layered_runtime": {"layers": layers}})
            return stack.enter_context(Envoy(text))

        yield start


@pytest.fixture(name="serve", scope="class")
def _serve() -> Iterator[Serve]:
    """Start services that are called; the first is "1", for it answers so."""
    with contextlib.ExitStack() as stack:
        yield lambda body="", **options: stack.enter_context(Answering(body, **options))


def shares(envoy: Envoy, upstream: str, servers: Sequence[Answering], number: int) -> list[int]:
    """Send requests one after the other; return how many each server got."""
    for server in servers:
        server.forget()
    for _ in range(number):
        envoy.get(upstream)
    return [len(server.requests) for server in servers]


def until(is_so: Callable[[], object], patience: float = 15.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end, "it does not come to be so"
        time.sleep(0.01)
