"""Probes of hosts that are listed."""

from __future__ import annotations

import socket
import time

import pytest

STATIC = {"discovery.backend": "static"}


@pytest.fixture
def open_port():
    """Return a port on 127.0.0.1 that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_healthy(found, open_port: int):
    """A host that takes connections is well; one that is listed twice is asked once."""
    endpoint = f"127.0.0.1:{open_port}"
    findings = found({**STATIC, "static.endpoints": {"payments": [endpoint, endpoint]}}, "payments")

    assert [(f"payments at {endpoint}", "ok", "takes connections")] == [
        (one.check, one.severity, one.message) for one in findings.values()
    ]


def test_half_broken(found, open_port: int, closed_port: int):
    """A host that takes none is an error beside one that does."""
    endpoints = [f"127.0.0.1:{open_port}", f"127.0.0.1:{closed_port}"]
    findings = found({**STATIC, "static.endpoints": {"pay.ments": endpoints}}, "pay.ments")
    one = findings[f"pay.ments at {endpoints[1]}"]

    assert "ok" == findings[f"pay.ments at {endpoints[0]}"].severity
    assert (
        "error",
        "nothing answers there (connection refused)",
        'static.endpoints."pay.ments"',
    ) == (one.severity, one.message, one.path)
    assert one.help.startswith("start an instance of pay.ments, or correct static.endpoints")


def test_no_answer(found, full: int):
    """A host behind a firewall is an error once the time is over."""
    endpoint = f"127.0.0.1:{full}"
    before = time.monotonic()
    one = found({**STATIC, "static.endpoints": {"payments": [endpoint]}}, timeout=0.2)[
        f"payments at {endpoint}"
    ]

    assert 10 > time.monotonic() - before
    assert ("error", "no connection within 0.2 s") == (one.severity, one.message)
    assert "firewall" in one.help


def test_unknown_name(found):
    """A name that cannot be resolved is an error; .invalid never exists (RFC 2606)."""
    one = found({**STATIC, "static.endpoints": {"payments": ["payments.invalid:80"]}}, timeout=20)[
        "payments at payments.invalid:80"
    ]

    assert ("error", "the name payments.invalid cannot be resolved on this machine") == (
        one.severity,
        one.message,
    )


def test_ipv6(found, closed_port: int):
    """An IPv6 address in brackets is connected to."""
    endpoint = f"[::1]:{closed_port}"
    one = found({**STATIC, "static.endpoints": {"payments": [endpoint]}})[f"payments at {endpoint}"]

    assert one.message.startswith("nothing answers there (")


def test_upstream_without_hosts(found, open_port: int):
    """An upstream that has no hosts is an error."""
    endpoints = {"orders": [f"127.0.0.1:{open_port}"], "stock": []}
    findings = found({**STATIC, "static.endpoints": endpoints}, "payments", "stock")
    one = findings["upstream payments"]

    assert (
        "error",
        "has no hosts in static.endpoints",
        'set static.endpoints.payments = ["host:port"]',
        "upstreams.payments",
    ) == (one.severity, one.message, one.help, one.path)
    assert "error" == findings["upstream stock"].severity
