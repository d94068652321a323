"""Upstreams that speak HTTP/2, and gRPC on it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from meshconf.mesh.render.haproxy_grpc_check import SERVING, health_request
from tests.mesh.render.haproxy.conftest import checked, until
from tests.servers.grpc_health import GrpcHealth
from tests.servers.haproxy import HAProxy
from tests.servers.process import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.mesh.render.haproxy.conftest import Start
    from tests.servers.certificates import Authority, Certificate

#: An upstream that tells by what protocol it was asked, and that answers health checks by nothing
#: but one version of HTTP.
ECHO = """\
global
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend echo
    bind 127.0.0.1:{port} {options}
    http-request deny if {{ path /health }} !{{ req.ver {health} }}
    http-request return status 200 content-type text/plain lf-string "%[req.ver] %[ssl_fc_alpn]"
"""


@pytest.fixture(name="echo")
def _echo() -> Iterator[Callable[..., str]]:
    """Start such an upstream; return its address."""
    with contextlib.ExitStack() as stack:

        def start(options: str = "", health: str = "2.0") -> str:
            [port] = free_ports(1)
            text = ECHO.format(port=port, options=options, health=health)
            stack.enter_context(HAProxy(text))
            return f"localhost:{port}"

        yield start


def encrypted(certificate: Certificate) -> dict[str, Any]:
    """Return settings for upstreams with this certificate."""
    return {"tls.enabled": True, "tls.ca_file": str(certificate.ca)}


class TestHttp2:
    @pytest.mark.parametrize("protocol", ["http", "http2"])
    def test_in_clear(self, protocol: str, start: Start, echo: Callable[..., str]) -> None:
        """An upstream of protocol http2 is asked by HTTP/2, without a question before."""
        haproxy = start({"payments": [echo()]}, {"upstreams.payments.protocol": protocol})
        expected = {"http": b"1.1 ", "http2": b"2.0 "}[protocol]

        assert expected == haproxy.get("payments").body

    @pytest.mark.parametrize("is_elsewhere", [False, True])
    def test_over_tls(
        self, is_elsewhere: bool, start: Start, echo: Callable[..., str], authority: Authority
    ) -> None:
        """Over TLS, HTTP/2 is agreed on, by health checks too, but on another port HTTP/1.1."""
        issued = authority.issue()
        both = issued.cert.with_name("both.pem")
        both.write_bytes(issued.cert.read_bytes() + issued.key.read_bytes())
        bind = f"ssl crt {both} alpn h2,http/1.1"
        address, other = echo(bind), echo(bind, health="1.1")
        port = int(other.rpartition(":")[2]) if is_elsewhere else None
        own = {
            **encrypted(issued),
            **checked(unhealthy_threshold=1, interval=0.1, timeout=0.1, port=port),
            "upstreams.payments.protocol": "http2",
        }
        haproxy = start({"payments": [address]}, own)
        found = {haproxy.get("payments").body for _ in range(100)}

        assert {b"2.0 h2"} == found

    @pytest.mark.parametrize("is_elsewhere", [False, True])
    @pytest.mark.parametrize("protocol", ["http2", "grpc"])
    def test_health_checks(
        self, is_elsewhere: bool, protocol: str, start: Start, echo: Callable[..., str]
    ) -> None:
        """Health checks speak HTTP/2 to the service itself, and HTTP/1.1 on another port."""
        address = echo()
        port = int((echo(health="1.1") if is_elsewhere else address).rpartition(":")[2])
        own = {
            **checked(unhealthy_threshold=1, interval=0.05, timeout=0.05, port=port),
            "upstreams.payments.protocol": protocol,
        }
        haproxy = start({"payments": [address]}, own)
        found = {haproxy.get("payments").status for _ in range(100)}

        assert {200} == found


class TestGrpc:
    @pytest.mark.parametrize("is_encrypted", [False, True])
    @pytest.mark.parametrize("is_elsewhere", [False, True])
    def test_health_checks(
        self, is_encrypted: bool, is_elsewhere: bool, start: Start, authority: Authority
    ) -> None:
        """The health service of gRPC is asked, and a host that does not serve is down."""
        pytest.importorskip("grpc")
        issued = authority.issue()
        with GrpcHealth(issued if is_encrypted else None) as server, contextlib.ExitStack() as more:
            traffic = server
            if is_elsewhere:
                traffic = more.enter_context(GrpcHealth(issued if is_encrypted else None))
            own = {
                **(encrypted(issued) if is_encrypted else {}),
                **checked(
                    type="grpc",
                    port=server.port if is_elsewhere else None,
                    unhealthy_threshold=1,
                    healthy_threshold=1,
                ),
                "upstreams.payments.protocol": "grpc",
            }
            haproxy = start({"payments": [f"localhost:{traffic.port}"]}, own)
            before = haproxy.get("payments").status
            checks = server.says(2)
            until(lambda: haproxy.get("payments").status == 503)
            first_log = haproxy.process.log
            server.says(1)
            until(lambda: haproxy.get("payments").status != 503)

        assert 503 != before
        assert checks > 0
        assert "Layer7 timeout" in first_log

    def test_answer(self) -> None:
        """A whole message is looked for, in which the first field is 1."""
        flag, length, message = b"\x00", (2).to_bytes(4, "big"), b"\x08\x01"

        assert flag + length + message == bytes.fromhex(SERVING)

    @pytest.mark.parametrize("host", ["a", "a" * 126, "a" * 127, "a" * 128, "a" * 253])
    def test_request(self, host: str) -> None:
        """The name of the upstream is in the request, with its length before it."""
        length = len(host)
        size = bytes([length] if length < 127 else [127, length - 127])
        found = bytes.fromhex(health_request(host))
        headers_at = found.index(b"\x01\x04\x00\x00\x00\x01")

        assert b"\x00\x0a:authority" + size + host.encode() + b"\x00\x0ccontent-type" in found
        assert int.from_bytes(found[headers_at - 3 : headers_at], "big") == (
            found.index(b"\x00\x00\x05\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00")
            - headers_at
            - 6
        )
