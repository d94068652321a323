"""Where a proxy listens, so that no two of its listeners want the same port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address
from itertools import count
from typing import TYPE_CHECKING

import attrs

from meshconf.mesh.addresses import host_and_port, is_ip_address, split_endpoint
from meshconf.mesh.paths import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["Address", "Listeners", "address_of", "drop_port", "listeners_of"]

#: A host and a port.
Address = tuple[str, int]


@attrs.frozen
class Listeners:
    """Where a proxy listens.

    Attributes:
        http: For requests, which name their upstream.

        tcp: For the connections to each upstream that speaks plain TCP, by its name.
    """

    http: Address
    tcp: Mapping[str, Address]


def address_of(name: str, text: str) -> Address:
    """Read an argument that is a host and a port.

    Raises:
        ValueError: If it is none.
    """
    try:
        host_and_port(text)
    except ValueError as error:
        msg = f"{name} {json.dumps(text)}: {error}"
        raise ValueError(msg) from None
    return split_endpoint(text)


def listeners_of(
    account: Account,
    upstreams: Sequence[Upstream],
    http: Address,
    admin: Address | None = None,
) -> Listeners:
    """Give each upstream that speaks plain TCP a listener on its port.

    What gets none is noted in the account, and metrics on a port that is taken are refused.

    Args:
        account: The account.

        upstreams: The upstreams.

        http: Where requests come in; connections do so at the same host.

        admin: Where the proxy is administered, if it is by a listener of its own.
    """
    own = (http,) if admin is None else (http, admin)
    taken = {port: f"{account.target} itself" for _, port in own}
    metrics = account.config.metrics
    if metrics.enabled:
        if metrics.port in taken:
            message = f"is {metrics.port}, which {account.target} wants for itself"
            account.refuse("metrics.port", message, "choose another port for one of the two")
        taken[metrics.port] = "metrics"
    tcp: dict[str, Address] = {}
    for one in upstreams:
        port = one.config.port
        if one.config.protocol != "tcp":
            continue
        if port is None:
            reason = (
                f"no listener of {account.target} leads to {one.name}, which has no port of its own"
            )
            account.drop(reason, "protocol", upstream=one)
        elif port in taken:
            reason = f"no listener of {account.target} leads to {one.name}: port {port} is that of {taken[port]}"
            account.drop(reason, "protocol", upstream=one)
        else:
            taken[port] = one.name
            tcp[one.name] = (http[0], port)
    _refuse_loops(account, upstreams, Listeners(http, tcp), admin)
    return Listeners(http, tcp)


def drop_port(account: Account, reason: str, upstream: Upstream) -> None:
    """Note that no host is asked on the port of an upstream; a listener for plain TCP has it still."""
    drop = account.drop_part if upstream.config.protocol == "tcp" else account.drop
    drop(reason, "port", upstream=upstream)


def _refuse_loops(
    account: Account, upstreams: Sequence[Upstream], listeners: Listeners, admin: Address | None
) -> None:
    """Refuse hosts that are the proxy itself: it would send to itself without end."""
    place = f"{_free_address(upstreams)}:{listeners.http[1]}"
    elsewhere = (
        "let the proxy listen on another address of this machine: "
        f'--listen {place} (listen="{place}" in Python)'
    )
    remedies = dict.fromkeys(listeners.tcp.values(), elsewhere)
    remedies[listeners.http] = "choose another --listen (listen= in Python)"
    if admin is not None:
        remedies[admin] = "choose another --admin (admin= in Python)"
    for one in upstreams:
        for text, host, port in _endpoints(account, one):
            for (where, taken), remedy in remedies.items():
                if port == taken and _is_at(host, where):
                    path = dotted("static", "endpoints", one.name)
                    message = f"holds {text}, where {account.target} itself listens"
                    account.refuse(path, message, remedy)


def _endpoints(account: Account, upstream: Upstream) -> Iterator[tuple[str, str, int]]:
    """Return the hosts of an upstream with their ports, each with what the settings say of it."""
    if account.config.discovery.backend != "static":
        return
    own = upstream.config.port
    for text in account.config.static.endpoints.get(upstream.name, ()):
        host, port = split_endpoint(text)
        if own in (None, port):
            yield text, host, port
        else:
            path = account.path_of(upstream, "port")
            yield f"{text}, on port {own} by {path}", host, own


def _free_address(upstreams: Sequence[Upstream]) -> str:
    """Return an address of this machine that no host has, other than the usual one."""
    hosts = {host for one in upstreams for host, _ in one.hosts}
    addresses = (str(IPv4Address("127.0.0.0") + number) for number in count(2))
    return next(one for one in addresses if one not in hosts)


def _is_at(host: str, listening: str) -> bool:
    """Tell whether who connects to a host reaches what listens at an address of this machine."""
    local = {"localhost": "127.0.0.1"}
    host, listening = local.get(host, host), local.get(listening, listening)
    is_loopback = is_ip_address(host) and ip_address(host).is_loopback
    return host == listening or (is_loopback and listening in ("0.0.0.0", "::"))  # noqa: S104 - compared
