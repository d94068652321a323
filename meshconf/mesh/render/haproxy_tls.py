"""How HAProxy encrypts what it sends to an upstream, and whom it believes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.addresses import is_ip_address, is_name
from meshconf.mesh.render.haproxy_checks import asked_over_http1
from meshconf.mesh.render.haproxy_words import refuse_control_characters

if TYPE_CHECKING:
    from pathlib import Path

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["for_all_servers", "for_one_server", "note_tls"]

#: The roots of the operating system.
_SYSTEM_ROOTS = "@system-ca"


def note_tls(account: Account) -> None:
    """Note what HAProxy does not take from the settings of TLS, and refuse what it cannot."""
    tls = account.config.tls
    if not tls.enabled:
        return
    for name, file in (("ca_file", tls.ca_file), ("cert_file", tls.cert_file)):
        refuse_control_characters(account, f"tls.{name}", str(file or ""))
    places = [str(tls.cert_file), f"{tls.cert_file}.key"]
    if str(tls.key_file) not in places:
        # The names of files may hold what no terminal shows as it is: the settings are named instead.
        reason = "HAProxy looks for it in tls.cert_file, and in the file beside it with .key added"
        account.drop(reason, "tls.key_file")
    if tls.server_name and (not is_name(tls.server_name) or is_ip_address(tls.server_name)):
        message = "is no host name, which HAProxy wants"
        account.refuse("tls.server_name", message, "use letters, digits, inner hyphens and dots")


def for_all_servers(account: Account, upstream: Upstream) -> tuple[str, ...]:
    """Return what a backend says of TLS for all of its servers."""
    tls = account.config.tls
    if not tls.enabled:
        return ()
    words = ["ssl", "verify", "required" if tls.verify else "none"]
    if tls.verify:
        words += ["ca-file", _file(tls.ca_file) if tls.ca_file else _SYSTEM_ROOTS]
    if tls.cert_file is not None:
        words += ["crt", _file(tls.cert_file)]
    if upstream.speaks_http2:
        words += ["alpn", "h2"]
        words += ["check-alpn", "http/1.1" if asked_over_http1(upstream) else "h2"]
    if upstream.config.load_balancer.health_check.port is not None:
        words.append("check-ssl")  # another port is asked without TLS by default
    return tuple(words)


def for_one_server(account: Account, upstream: Upstream, host: str) -> tuple[str, ...]:
    """Return what is said of TLS for one server: whom it has to be.

    HAProxy compares no IP addresses with those in certificates: a host that has no name, and none that
    is set, has to be who the upstream is called.
    """
    tls = account.config.tls
    if not tls.enabled:
        return ()
    name = (tls.server_name or host).removesuffix(".")
    if is_ip_address(name) or name.startswith("_"):
        name = upstream.name
        if tls.verify:
            reason = (
                "HAProxy compares names alone: a host without one has to be called as its upstream"
            )
            account.drop_part(reason, "tls.verify", notable=True)
    expected = ("verifyhost", name) if tls.verify else ()
    return ("sni", f"str({name})", "check-sni", name, *expected)


def _file(path: Path) -> str:
    """Return a path that HAProxy does not take for one of its own words."""
    text = str(path)
    return f"./{text}" if text.startswith("@") else text
