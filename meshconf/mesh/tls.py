"""How connections to upstreams are encrypted and who is believed."""

# ruff: noqa: FBT001 - a rule gets its values by position

from pathlib import Path

import attrs

from meshconf import rule, setting

__all__ = ["TlsConfig"]


@attrs.frozen(kw_only=True)
class TlsConfig:
    """TLS towards upstreams; mutual TLS with a certificate and key of the service's own."""

    enabled: bool = setting(
        default=False,
        reload="restart",
        help="Whether connections to upstreams use TLS.",
    )
    ca_file: Path | None = setting(
        None,
        local_only=True,
        help=(
            "PEM file with the certificate authorities that are believed; the roots of the "
            "operating system if not set."
        ),
    )
    cert_file: Path | None = setting(
        None,
        local_only=True,
        help="PEM file with the service's own certificate chain, for mutual TLS.",
    )
    key_file: Path | None = setting(
        None,
        local_only=True,
        help="PEM file with the private key of `cert_file`, for mutual TLS.",
    )
    server_name: str | None = setting(
        None,
        help=(
            "Name that is asked for and expected in the upstream's certificate, its host name if "
            "not set; server name indication (SNI)."
        ),
    )
    verify: bool = setting(
        default=True,
        help="Whether the upstream's certificate is checked; false trusts whoever answers.",
    )

    @rule("cert_file", "key_file")
    @staticmethod
    def certificate_has_key(certificate: Path | None, key: Path | None) -> str | None:
        """A certificate comes with its key, and a key with its certificate."""
        if (certificate is None) is (key is None):
            return None
        given, missing = (
            ("key_file", "cert_file") if certificate is None else ("cert_file", "key_file")
        )
        return f"{given} is set without {missing}: mutual TLS wants both"

    @rule("verify", "enabled", level="warning")
    @staticmethod
    def peers_are_verified(verify: bool, enabled: bool) -> str | None:
        """TLS checks certificates."""
        if enabled and not verify:
            return "verify false encrypts, but trusts whoever answers"
        return None
