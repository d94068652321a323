"""The rules of TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meshconf.mesh import TlsConfig

PEM = Path("service.pem")


class TestCertificateHasKey:
    """cert_file and key_file."""

    @pytest.mark.parametrize(("certificate", "key"), [(None, None), (PEM, PEM)])
    def test_holds(self, certificate: Path | None, key: Path | None) -> None:
        """Both or neither are set."""
        assert TlsConfig.certificate_has_key(certificate, key) is None

    @pytest.mark.parametrize(
        ("given", "missing"), [("cert_file", "key_file"), ("key_file", "cert_file")]
    )
    def test_refuses_the_load(self, given: str, missing: str, find: Any) -> None:
        """One without the other is an error that names the missing one."""
        message = f"`tls`: {given} is set without {missing}: mutual TLS wants both"

        assert [("error", message)] == find({f"tls.{given}": "service.pem"})


class TestPeersAreVerified:
    """verify and enabled."""

    @pytest.mark.parametrize(("verify", "enabled"), [(True, True), (True, False), (False, False)])
    def test_holds(self, verify: bool, enabled: bool) -> None:
        """Certificates are checked, or there are none."""
        assert TlsConfig.peers_are_verified(verify, enabled) is None

    def test_warns(self, find: Any) -> None:
        """TLS that trusts whoever answers is a warning."""
        message = "`tls`: verify false encrypts, but trusts whoever answers"

        assert [("warning", message)] == find({"tls.enabled": True, "tls.verify": False})

    def test_system_roots(self, find: Any) -> None:
        """TLS without a file of authorities believes those of the system."""
        assert [] == find({"tls.enabled": True})
