"""How Envoy encrypts what it sends, and whom it believes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.addresses import is_ip_address, is_name
from meshconf.mesh.render.envoy_hosts import hosts_of
from meshconf.mesh.render.envoy_words import typed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["SYSTEM_ROOTS", "tls_to_collector", "tls_to_upstream"]

#: The roots of the operating system, on Debian, Ubuntu, Alpine and in Envoy's images. Envoy 1.40 takes
#: the field system_root_certs and then checks nothing at all.
SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"

_CONTEXT = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


def tls_to_upstream(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return what the cluster of an upstream says of TLS; nothing where it is off."""
    tls = account.config.tls
    if not tls.enabled:
        return {}
    name = tls.server_name or None
    if name is not None and not (is_name(name) or is_ip_address(name)):
        message = "is neither a host name nor an IP address, which Envoy wants"
        account.refuse("tls.server_name", message)
    context: dict[str, Any] = {}
    if tls.cert_file is not None and tls.key_file is not None:
        certificate = {
            "certificate_chain": {"filename": str(tls.cert_file)},
            "private_key": {"filename": str(tls.key_file)},
        }
        context["tls_certificates"] = [certificate]
    if upstream.speaks_http2:
        context["alpn_protocols"] = ["h2"]
    if tls.verify:
        if tls.ca_file is None:
            reason = f"Envoy reads the system's roots from {SYSTEM_ROOTS}: set tls.ca_file if they are elsewhere"
            account.drop_part(reason, "tls.verify", notable=True)
        hosts = dict.fromkeys(host for host, _ in hosts_of(account.config, upstream))
        context["validation_context"] = _validation(tls.ca_file, [name] if name else hosts)
    return _transport_socket(context, name)


def tls_to_collector(host: str) -> dict[str, Any]:
    """Return what the cluster of a collector of traces says of TLS."""
    return _transport_socket({"validation_context": _validation(None, [host])})


def _transport_socket(context: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    """Write a context; the name is asked for, that of each host if there is none."""
    asked: dict[str, Any] = {"auto_host_sni": True}
    if name is not None:
        asked = {} if is_ip_address(name) else {"sni": name}  # RFC 6066 knows names alone
    # Clients of Envoy stop at 1.2 by default.
    context["tls_params"] = {"tls_maximum_protocol_version": "TLSv1_3"}
    socket = typed(_CONTEXT, common_tls_context=context, **asked)
    return {
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": socket},
    }


def _validation(ca_file: Path | None, names: Iterable[str]) -> dict[str, Any]:
    """Return which certificates are believed: those of an authority, for one of these names."""
    expected = [
        {
            "san_type": "IP_ADDRESS" if is_ip_address(name) else "DNS",
            "matcher": {"exact": name.removesuffix(".")},
        }
        for name in names
    ]
    return {
        "trusted_ca": {"filename": str(ca_file or SYSTEM_ROOTS)},
        "match_typed_subject_alt_names": expected,
    }
