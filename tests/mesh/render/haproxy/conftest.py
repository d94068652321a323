"""A HAProxy that runs what is rendered, between clients and the services of a test."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from meshconf.mesh.render import haproxy
from tests.mesh.render.configs import loaded
from tests.servers.answering import Answering
from tests.servers.fixtures import authority, new_consul
from tests.servers.haproxy import HAProxy
from tests.servers.process import PATIENCE, free_ports

if TYPE_CHECKING:
    from tests.servers.names import Names

__all__ = ["authority", "new_consul"]

Serve = Callable[..., Answering]
Start = Callable[..., HAProxy]
Hosts = Sequence[Answering | str]

#: What a test asks for if it is about that.
_QUIET: Mapping[str, Any] = {
    "circuit_breaker.enabled": False,
    "load_balancer.health_check.type": "none",
    "metrics.enabled": False,
    "retry.max_attempts": 1,
    "timeouts.connect": 1.0,
}


def settings(hosts: Mapping[str, Hosts], own: Mapping[str, Any]) -> dict[str, Any]:
    """Write settings for upstreams with these hosts; what they have of their own comes last."""
    endpoints = {
        name: [
            f"127.0.0.1:{each.port}" if isinstance(each, Answering) else each for each in several
        ]
        for name, several in hosts.items()
    }
    static = {"discovery.backend": "static", "static.endpoints": endpoints} if hosts else {}
    return {
        "service_name": "orders",
        **static,
        "upstreams": {name: {} for name in hosts},
        **_QUIET,
        **own,
    }


@pytest.fixture(name="start")
def _start() -> Iterator[Start]:
    """Start HAProxy with the hosts of upstreams and settings; nothing retries, checks or limits.

    A name server of the test may be asked in place of the system's.
    """
    with contextlib.ExitStack() as stack:

        def start(
            hosts: Mapping[str, Hosts],
            own: Mapping[str, Any] | None = None,
            *,
            host: str = "127.0.0.1",
            names: Names | None = None,
        ) -> HAProxy:
            [port] = free_ports(1)
            config = loaded(settings(hosts, own or {}))
            text = haproxy(config, listen=f"{host}:{port}").text
            if names is not None:
                ours = f"    nameserver ours 127.0.0.1:{names.port}\n"
                text = text.replace("    parse-resolv-conf\n", ours)
            return stack.enter_context(HAProxy(text))

        yield start


@pytest.fixture(name="serve")
def _serve() -> Iterator[Serve]:
    """Start services that are called, each with the text that it answers."""
    with contextlib.ExitStack() as stack:
        yield lambda body="", **options: stack.enter_context(Answering(body, **options))


def checked(**own: Any) -> dict[str, Any]:
    """Return settings for quick checks."""
    check = {"type": "http", "interval": 0.1, "timeout": 0.1, **own}
    return {f"load_balancer.health_check.{name}": value for name, value in check.items()}


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.005)
