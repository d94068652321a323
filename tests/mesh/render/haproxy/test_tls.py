"""Whom HAProxy believes, and whom it tells who it is."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest

from tests.mesh.render.haproxy.conftest import checked, until
from tests.servers.certificates import Authority, Certificate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.mesh.render.haproxy.conftest import Serve, Start
    from tests.servers.answering import Answering

    Statuses = Callable[..., dict[str, int]]


@pytest.fixture(name="certificate")
def _certificate(authority: Authority) -> Certificate:
    """Return a certificate for two names and an address."""
    return authority.issue("localhost", "*.example.com", "127.0.0.1")


@pytest.fixture(name="statuses")
def _statuses(certificate: Certificate, start: Start) -> Statuses:
    """Return what services answer to HAProxy, each by a name or an address, for settings of TLS."""

    def statuses(own: dict[str, Any], /, **hosts: tuple[str, Answering]) -> dict[str, int]:
        tls = {"tls.enabled": True, "tls.ca_file": str(certificate.ca), **own}
        haproxy = start(
            {name: [f"{host}:{service.port}"] for name, (host, service) in hosts.items()}, tls
        )
        return {name: haproxy.get(name).status for name in hosts}

    return statuses


def context_of(service: Answering) -> ssl.SSLContext:
    """Return the settings of TLS of a service that answers https."""
    assert service._server is not None
    assert service._server._context is not None
    return service._server._context


class TestVerification:
    def test_names(self, serve: Serve, authority: Authority, statuses: Statuses) -> None:
        """The name of the host has to stand in its certificate."""
        right, wrong = serve(tls=authority.issue()), serve(tls=authority.issue("other.internal"))
        found = statuses({}, right=("localhost", right), wrong=("localhost", wrong))

        assert {"right": 200, "wrong": 503} == found

    def test_addresses(
        self, serve: Serve, certificate: Certificate, authority: Authority, statuses: Statuses
    ) -> None:
        """A host that is an address has to be called as its upstream; its address is not enough."""
        named, address = serve(tls=authority.issue("payments")), serve(tls=certificate)
        found = statuses({}, payments=("127.0.0.1", named), ledger=("127.0.0.1", address))

        assert {"payments": 200, "ledger": 503} == found

    def test_server_name(
        self, serve: Serve, certificate: Certificate, authority: Authority, statuses: Statuses
    ) -> None:
        """The name that is set is asked for, and expected in place of the host's."""
        right, wrong = serve(tls=certificate), serve(tls=authority.issue())
        asked: list[str | None] = []
        context_of(right).sni_callback = lambda _, name, __: asked.append(name)
        own = {"tls.server_name": "payments.example.com"}
        found = statuses(own, right=("localhost", right), wrong=("localhost", wrong))

        assert {"right": 200, "wrong": 503} == found
        assert ["payments.example.com"] == asked

    def test_authority(self, serve: Serve, tmp_path: Path, statuses: Statuses) -> None:
        """What another authority has signed is refused."""
        other = serve(tls=Authority(tmp_path).issue())

        assert {"other": 503} == statuses({}, other=("localhost", other))

    def test_system(self, serve: Serve, certificate: Certificate, statuses: Statuses) -> None:
        """Without an authority of one's own, those of the system are believed, and no others."""
        service = serve(tls=certificate)

        assert {"own": 503} == statuses({"tls.ca_file": None}, own=("localhost", service))

    def test_off(self, serve: Serve, tmp_path: Path, statuses: Statuses) -> None:
        """Where nothing is checked, whoever answers is trusted."""
        service = serve(tls=Authority(tmp_path).issue("other.internal"))

        assert {"any": 200} == statuses({"tls.verify": False}, any=("localhost", service))

    def test_in_clear(self, serve: Serve, statuses: Statuses) -> None:
        """Nothing is sent in clear."""
        service = serve()

        assert {"clear": 503} == statuses({"tls.verify": False}, clear=("localhost", service))
        assert [] == service.requests


class TestOwnCertificate:
    @pytest.mark.parametrize("place", ["same", "beside"])
    def test_mutual(
        self,
        place: str,
        serve: Serve,
        certificate: Certificate,
        authority: Authority,
        statuses: Statuses,
    ) -> None:
        """Who wants to know who asks gets the service's own certificate."""
        service, own = serve(tls=certificate), authority.issue("orders.internal")
        context_of(service).load_verify_locations(certificate.ca)
        context_of(service).verify_mode = ssl.CERT_REQUIRED
        key = own.cert
        if place == "same":
            own.cert.write_bytes(own.cert.read_bytes() + own.key.read_bytes())
        else:
            key = own.cert.with_name(f"{own.cert.name}.key")
            key.write_bytes(own.key.read_bytes())
        mutual = {"tls.cert_file": str(own.cert), "tls.key_file": str(key)}

        assert {"known": 200} == statuses(mutual, known=("localhost", service))
        # TLS 1.3 lets a client send before the server has looked at it.
        assert statuses({}, unknown=("localhost", service))["unknown"] in {502, 503}
        assert 1 == len(service.requests)


class TestHealthChecks:
    @pytest.mark.parametrize("port", ["that of the traffic", "another"])
    def test_encrypted(
        self, port: str, serve: Serve, certificate: Certificate, start: Start
    ) -> None:
        """Health checks are encrypted and verified as the traffic is, on any port."""
        service, other = serve(tls=certificate), serve(tls=certificate)
        asked = service if port == "that of the traffic" else other
        own = {
            "tls.enabled": True,
            "tls.ca_file": str(certificate.ca),
            **checked(port=None if asked is service else asked.port, unhealthy_threshold=1),
        }
        names: list[str | None] = []
        context_of(asked).sni_callback = lambda _, name, __: names.append(name)
        haproxy = start({"payments": [f"localhost:{service.port}"]}, own)
        asked.wait_for_health_checks(2)
        first = haproxy.get("payments").status
        asked.health = 500
        until(lambda: haproxy.get("payments").status == 503)

        assert 200 == first
        assert {"localhost"} == set(names)
