"""Whom Envoy believes, and whom it tells who it is."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from meshconf.mesh.render import envoy
from meshconf.mesh.render.envoy_tls import SYSTEM_ROOTS
from tests.mesh.render.configs import a_config, loaded
from tests.servers.certificates import Authority, Certificate
from tests.servers.envoy import Envoy, validate
from tests.servers.grpc_health import GrpcHealth
from tests.servers.process import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mesh.render.envoy.conftest import Serve, Start
    from tests.servers.answering import Answering

    Change = Callable[[ssl.SSLContext], None]


#: Whoever fails a check gets nothing.
CHECKED = {
    "tls.enabled": True,
    "load_balancer.health_check.type": "http",
    "load_balancer.health_check.interval": 0.3,
    "load_balancer.health_check.timeout": 0.3,
    "load_balancer.panic_threshold": 0.0,
}


@pytest.fixture(name="certificate", scope="class")
def _certificate(authority: Authority) -> Certificate:
    """Return a certificate for two names and an address."""
    return authority.issue("localhost", "*.example.com", "127.0.0.1")


@pytest.fixture(name="statuses", scope="class")
def _statuses(certificate: Certificate, start: Start) -> Callable[..., dict[str, int]]:
    """Return what services answer to Envoy, each by a name or an address, for settings of TLS."""

    def statuses(settings: dict[str, Any], **hosts: tuple[str, Answering]) -> dict[str, int]:
        upstreams = {
            name: {"hosts": [f"{host}:{service.port}"]} for name, (host, service) in hosts.items()
        }
        tls = {"tls.enabled": True, "tls.ca_file": str(certificate.ca), **settings}
        envoy = start(upstreams, tls)
        return {name: envoy.get(name).status for name in hosts}

    return statuses


def secret(serve: Serve, certificate: Certificate, change: Change | None = None) -> Answering:
    """Start a service that answers https, with other settings of TLS if there are some."""
    service: Answering = serve(tls=certificate)
    if change is not None:
        assert service._server is not None
        assert service._server._context is not None
        change(service._server._context)
    return service


def _over_tls(
    service: Answering, certificate: Certificate, port: int, health: int, admin: str
) -> str:
    """Return a bootstrap that leads to a service, by TLS on two ports, and prefers HTTP/2 on both."""
    settings = {
        "service_name": "ledger",
        "discovery.backend": "static",
        "static.endpoints": {"ledger": [f"127.0.0.1:{service.port}"]},
        "load_balancer.health_check.type": "none",
        "metrics.enabled": False,
    }
    bootstrap = json.loads(envoy(loaded(settings), listen=f"127.0.0.1:{port}", admin=admin).text)
    context = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificates": [
                {
                    "certificate_chain": {"filename": str(certificate.cert)},
                    "private_key": {"filename": str(certificate.key)},
                }
            ],
        },
    }
    [listener] = bootstrap["static_resources"]["listeners"]
    [chain] = listener["filter_chains"]
    chain["transport_socket"] = {"name": "tls", "typed_config": context}
    other = json.loads(json.dumps(listener))
    other["name"] = "health"
    other["address"]["socket_address"]["port_value"] = health
    other["filter_chains"][0]["filters"][0]["typed_config"]["stat_prefix"] = "health"
    bootstrap["static_resources"]["listeners"].append(other)
    return json.dumps(bootstrap)


class TestVerification:
    """A certificate has to come from the authority, and be for the host."""

    def test_names(self, serve: Serve, certificate: Certificate, authority: Authority, statuses):
        """The name or the address of the host has to stand in its certificate."""
        right, wrong = secret(serve, certificate), secret(serve, authority.issue("other.internal"))

        assert {
            "name": 200,
            "address": 200,
            "no-name": 503,
            "no-address": 503,
        } == statuses(
            {},
            name=("localhost", right),
            address=("127.0.0.1", right),
            **{"no-name": ("localhost", wrong), "no-address": ("127.0.0.1", wrong)},
        )

    def test_server_name(self, serve: Serve, certificate: Certificate, authority, statuses):
        """The name that is set is asked for, and expected in place of the host's."""
        asked: list[str | None] = []

        def note(context: ssl.SSLContext) -> None:
            context.sni_callback = lambda _, name, __: asked.append(name)

        right = secret(serve, certificate, note)
        wrong = secret(serve, authority.issue("localhost"))
        named = {"tls.server_name": "payments.example.com"}

        assert {"right": 200, "wrong": 503} == statuses(
            named, right=("localhost", right), wrong=("localhost", wrong)
        )

        statuses({}, name=("localhost", right))
        statuses({}, address=("127.0.0.1", right))
        statuses({"tls.server_name": "127.0.0.1"}, name=("localhost", right))

        # Addresses are expected, but not asked for.
        assert ["payments.example.com", "localhost", None, None] == asked

    def test_authority(self, serve: Serve, certificate: Certificate, tmp_path: Path, statuses):
        """What another authority has signed is refused."""
        other = secret(serve, Authority(tmp_path).issue("localhost"))
        own = secret(serve, certificate)

        assert {"other": 503, "own": 200} == statuses(
            {}, other=("localhost", other), own=("localhost", own)
        )

    @pytest.mark.skipif(not Path(SYSTEM_ROOTS).exists(), reason="the system has no such roots")
    def test_system(self, serve: Serve, certificate: Certificate, statuses):
        """Without an authority of one's own, those of the system are believed, and no others."""
        service = secret(serve, certificate)

        assert {"own": 503} == statuses({"tls.ca_file": None}, own=("localhost", service))

    @pytest.mark.skipif(not Path(SYSTEM_ROOTS).exists(), reason="the system has no such roots")
    def test_system_without(self, tmp_path: Path):
        """Where the roots of the system are elsewhere, Envoy does not start, rather than trust."""
        text = envoy(a_config({"tls.enabled": True})).text
        other = str(tmp_path / "roots.pem")

        assert "" == validate(text)
        assert other in validate(text.replace(SYSTEM_ROOTS, other))

    def test_off(self, serve: Serve, certificate: Certificate, tmp_path: Path, statuses):
        """Where nothing is checked, whoever answers is trusted."""
        service = secret(serve, Authority(tmp_path).issue("other.internal"))

        assert {"any": 200} == statuses({"tls.verify": False}, any=("localhost", service))

    def test_in_clear(self, serve: Serve, certificate: Certificate, statuses):
        """Nothing is sent in clear."""
        service = serve()

        assert {"clear": 503} == statuses({}, clear=("localhost", service))
        assert [] == service.requests


class TestOwnCertificate:
    def test_mutual(self, serve: Serve, certificate: Certificate, authority, statuses):
        """Who wants to know who asks gets the service's own certificate."""

        def demand(context: ssl.SSLContext) -> None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(certificate.ca)

        service = secret(serve, certificate, demand)
        own = authority.issue("orders.internal")
        mutual = {"tls.cert_file": str(own.cert), "tls.key_file": str(own.key)}

        assert {"known": 200} == statuses(mutual, known=("localhost", service))
        assert {"unknown": 503} == statuses({}, unknown=("localhost", service))


class TestVersions:
    @pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
    def test_only_one(self, serve: Serve, certificate: Certificate, statuses, version: str):
        """A host may insist on TLS 1.2 or on 1.3."""

        def insist(context: ssl.SSLContext) -> None:
            context.minimum_version = context.maximum_version = ssl.TLSVersion[version]

        service = secret(serve, certificate, insist)

        assert {"host": 200} == statuses({}, host=("localhost", service))


class TestHealthChecks:
    def test_encrypted(self, serve: Serve, certificate: Certificate, statuses):
        """Health checks are encrypted as the traffic is."""
        service = secret(serve, certificate)
        settings = {"load_balancer.health_check.type": "http", "load_balancer.panic_threshold": 0}

        assert {"host": 200} == statuses(settings, host=("localhost", service))
        assert [] != service.health_checks

    def test_grpc(self, certificate: Certificate, start: Start):
        """What speaks gRPC is asked by gRPC, over TLS too."""
        with GrpcHealth(certificate) as service:
            settings = {"hosts": [f"localhost:{service.port}"], "protocol": "grpc"}
            envoy = start({"ledger": settings}, {**CHECKED, "tls.ca_file": str(certificate.ca)})

            assert 1 == envoy.stat("cluster.ledger.membership_healthy")

    def test_other_port(self, serve: Serve, certificate: Certificate, start: Start):
        """Health on another port is asked in HTTP/1.1, and h2 is not offered for that."""
        service = serve("ledger")
        port, health, admin = free_ports(3)
        with Envoy(_over_tls(service, certificate, port, health, f"127.0.0.1:{admin}")) as second:
            settings = {
                "hosts": [f"localhost:{port}"],
                "protocol": "http2",
                "load_balancer.health_check.port": health,
            }
            envoy = start({"ledger": settings}, {**CHECKED, "tls.ca_file": str(certificate.ca)})

            assert (200, b"ledger") == (envoy.get("ledger").status, envoy.get("ledger").body)
            assert [] != service.health_checks
            assert [True, True, False] == [
                second.stat(f"http.{name}") > 0
                for name in (
                    "health.downstream_rq_http1_total",
                    "egress.downstream_rq_http2_total",
                    "health.downstream_rq_http2_total",
                )
            ]
