"""How hosts are asked, where the setting does not fit what they speak."""

from __future__ import annotations

import pytest

from meshconf.mesh.render.health import check_type, checked_over_http2
from meshconf.mesh.render.rendered import Account
from meshconf.mesh.render.upstreams import upstreams_of
from tests.mesh.render.configs import a_config

CHECK = "load_balancer.health_check"
OWN = f"upstreams.payments.{CHECK}"


@pytest.mark.parametrize(
    ("protocol", "asked", "port", "expected"),
    [
        ("http", "http", None, "http"),
        ("http2", "http", None, "http"),
        ("grpc", "http", None, "grpc"),
        ("tcp", "http", None, "tcp"),
        ("grpc", "http", 80, "http"),
        ("tcp", "http", 80, "http"),
        ("http", "grpc", None, "tcp"),
        ("http2", "grpc", None, "grpc"),
        ("tcp", "grpc", None, "tcp"),
        ("http", "tcp", None, "tcp"),
        ("grpc", "tcp", None, "tcp"),
        ("tcp", "none", None, "none"),
        ("grpc", "none", 80, "none"),
    ],
)
def test_type(protocol: str, asked: str, port: int | None, expected: str) -> None:
    """A host is asked in a way that it can answer, and where that is another one, it is told."""
    config = a_config(
        {
            "upstreams.payments.protocol": protocol,
            f"{OWN}.type": asked,
            **({} if port is None else {f"{OWN}.port": port}),
        }
    )
    upstreams = upstreams_of(config, "payments")
    account = Account("Proxy", config, upstreams)
    found = check_type(account, upstreams[0])
    told = {one.path for one in account.rendered("").dropped}

    assert expected == found
    assert (found != asked) == bool(told & {f"{CHECK}.type", f"{OWN}.type"})


def test_reason() -> None:
    """The reason names what is spoken, and path and statuses have no use then."""
    config = a_config({f"{CHECK}.path": "/ready"})
    upstreams = upstreams_of(config, "mainframe")
    account = Account("Proxy", config, upstreams)
    check_type(account, upstreams[0])
    told = {
        one.path: one.reason for one in account.rendered("").dropped if one.path.startswith(CHECK)
    }

    assert (
        dict.fromkeys(
            [f"{CHECK}.{name}" for name in ("expected_statuses", "path", "type")],
            "what speaks tcp is asked for a connection",
        )
        == told
    )


@pytest.mark.parametrize(
    ("protocol", "settings", "expected"),
    [
        ("http", {}, False),
        ("tcp", {}, False),
        ("grpc", {}, True),
        ("http2", {}, True),
        ("http2", {f"{OWN}.port": 8081}, False),
        ("http2", {f"{OWN}.port": 8080}, True),  # which BASE has for the hosts
        ("http2", {f"{OWN}.port": 8080, "upstreams.payments.port": 8081}, False),
        ("http2", {f"{OWN}.port": 8081, "upstreams.payments.port": 8081}, True),
    ],
)
def test_http2(protocol: str, settings: dict[str, int], expected: bool) -> None:
    """What answers on another port than the service itself is no matter of what that speaks."""
    config = a_config({"upstreams.payments.protocol": protocol, **settings})

    assert expected is checked_over_http2(upstreams_of(config, "payments")[0])
