"""What is rendered: each upstream with the policies that hold for it, and its hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from meshconf import ConfigError, Problem
from meshconf.mesh.addresses import is_name, split_endpoint
from meshconf.mesh.paths import dotted
from meshconf.mesh.render.words import few
from meshconf.mesh.upstream import UpstreamConfig

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = [
    "Upstream",
    "consul_host",
    "general",
    "kubernetes_host",
    "names_of",
    "refuse_names",
    "upstreams_of",
]


@attrs.frozen
class Upstream:
    """A service that is called.

    Attributes:
        name: What it is called; empty for what holds in general.

        config: Its settings, with the policies that it inherits.

        hosts: Its hosts with their ports, where the backend is ``static``.
    """

    name: str
    config: UpstreamConfig
    hosts: tuple[tuple[str, int], ...] = ()

    @property
    def speaks_http2(self) -> bool:
        """Whether it speaks HTTP/2 and nothing else."""
        return self.config.protocol in ("http2", "grpc")


def names_of(config: ServiceMeshConfig) -> tuple[str, ...]:
    """Name the upstreams: those of the map, and the services whose static hosts are known."""
    static = config.static.endpoints if config.discovery.backend == "static" else {}
    return tuple(dict.fromkeys([*config.upstreams, *static]))


def upstreams_of(config: ServiceMeshConfig, only: str | None = None) -> tuple[Upstream, ...]:
    """Return the upstreams, each with its policies and hosts.

    Args:
        config: The configuration.

        only: The name of the one that is wanted; all of them if not given.

    Raises:
        ConfigError: If there is none of that name.
    """
    names = names_of(config)
    if only is not None:
        if only not in names:
            raise ConfigError((_unknown(only, names),), outcome="nothing was rendered")
        names = (only,)
    return tuple(_upstream(config, name) for name in names)


def _upstream(config: ServiceMeshConfig, name: str) -> Upstream:
    settings = config.upstreams.get(name) or general(config).config
    hosts: tuple[tuple[str, int], ...] = ()
    if config.discovery.backend == "static":
        hosts = _hosts(config.static.endpoints.get(name, ()), settings.port)
    return Upstream(name, settings, hosts)


def general(config: ServiceMeshConfig) -> Upstream:
    """Return the policies that hold for whatever upstream has none of its own."""
    return Upstream(
        "",
        UpstreamConfig(
            circuit_breaker=config.circuit_breaker,
            load_balancer=config.load_balancer,
            retry=config.retry,
            timeouts=config.timeouts,
        ),
    )


def kubernetes_host(config: ServiceMeshConfig, upstream: str) -> str:
    """Return the name of an upstream in the DNS of its Kubernetes cluster."""
    return f"{upstream}.{config.kubernetes.namespace}.svc.{config.kubernetes.cluster_domain}"


def consul_host(config: ServiceMeshConfig, upstream: str) -> str:
    """Return the name of an upstream in the DNS of Consul."""
    return f"{upstream}.service.{config.consul.datacenter}.consul"


def refuse_names(account: Account, upstreams: tuple[Upstream, ...]) -> None:
    """Refuse upstreams whose names are no host names, or differ in nothing but case.

    Targets put names into Host headers, DNS names and identifiers.
    """
    seen: dict[str, str] = {}
    for one in upstreams:
        path = dotted("upstreams", one.name)
        first = seen.setdefault(one.name.lower(), one.name)
        if not is_name(one.name):
            account.refuse(
                path,
                f"is no host name, which {account.target} wants",
                "use letters, digits, inner hyphens and dots",
            )
        elif first != one.name:
            message = f"and {first} are one name to {account.target}"
            account.refuse(path, message, "give one of them another name")


def _hosts(endpoints: tuple[str, ...], port: int | None) -> tuple[tuple[str, int], ...]:
    pairs = map(split_endpoint, endpoints)
    return tuple(dict.fromkeys((host, port or found) for host, found in pairs))


def _unknown(name: str, names: tuple[str, ...]) -> Problem:
    known = (
        f"there are {few(map(dotted, names))}" if names else "the configuration has no upstreams"
    )
    path = dotted("upstreams", name)
    return Problem("MC303", "error", path, f"`{path}` does not exist", help=known)
