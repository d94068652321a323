"""Where the hosts of an upstream are looked up: the choice of a backend, and its settings."""

from collections.abc import Mapping
from typing import Literal

import attrs

from meshconf import Port, Seconds, Secret, rule, setting
from meshconf.mesh.addresses import Endpoint, Host, HttpAddress, Nameserver

__all__ = [
    "Backend",
    "ConsulConfig",
    "DiscoveryConfig",
    "DnsConfig",
    "EtcdConfig",
    "KubernetesConfig",
    "StaticConfig",
    "ZookeeperConfig",
]

# Each is also the name of the group with its settings.
Backend = Literal["consul", "etcd", "kubernetes", "dns", "static", "zookeeper"]


@attrs.frozen(kw_only=True)
class DiscoveryConfig:
    """How hosts are found, whatever the backend."""

    backend: Backend = setting(
        "consul",
        reload="restart",
        help="Where hosts are looked up; the group of the same name has its settings.",
    )
    refresh_interval: Seconds = setting(
        30.0,
        gt=0,
        help="Seconds from one look-up of the hosts to the next, where the backend tells no news.",
    )
    only_passing: bool = setting(
        default=True,
        help="Whether hosts that the backend calls unhealthy are left out; passing in Consul.",
    )


@attrs.frozen(kw_only=True)
class ConsulConfig:
    """The Consul agent that is asked."""

    host: Host = setting(
        "consul",
        local_only=True,
        help="Host name or IP address of the Consul agent.",
    )
    port: Port = setting(
        8500,
        local_only=True,
        help="TCP port of the agent's HTTP API.",
    )
    datacenter: str = setting(
        "dc1",
        renamed_from="dc",
        help="Datacenter whose catalogue is asked, as Consul calls it.",
    )
    scheme: Literal["http", "https"] = setting(
        "http",
        local_only=True,
        help="Whether the agent is asked in clear (http) or over TLS (https).",
    )
    token: Secret[str] | None = setting(
        None,
        local_only=True,
        help="ACL token that is shown to Consul, none if not set.",
    )
    namespace: str | None = setting(
        None,
        help="Namespace in Consul Enterprise, that of the token if not set.",
    )
    consistency: Literal["default", "stale", "consistent"] = setting(
        "default",
        help=(
            "How fresh answers are, Consul's consistency mode: stale ones come from any server, "
            "consistent ones cost the leader a round of its peers."
        ),
    )

    @rule("token", "scheme", "host", level="warning")
    @staticmethod
    def token_is_not_sent_in_clear(token: Secret[str] | None, scheme: str, host: str) -> str | None:
        """A token leaves the machine only over TLS."""
        if token is None or scheme == "https" or _is_loopback(host):
            return None
        return f'token goes over http to {host}, readable on the way: set scheme = "https"'


def _is_loopback(host: str) -> bool:
    if host.startswith("127."):
        return host.replace(".", "").isdigit()
    return host in ("localhost", "::1", "[::1]")


@attrs.frozen(kw_only=True)
class EtcdConfig:
    """The etcd cluster that is asked."""

    endpoints: tuple[HttpAddress, ...] = setting(
        ("http://localhost:2379",),
        local_only=True,
        help="URLs of the members of the etcd cluster, any of which is asked.",
    )
    username: str | None = setting(
        None,
        local_only=True,
        help="User that signs in to etcd, nobody if not set.",
    )
    password: Secret[str] | None = setting(
        None,
        local_only=True,
        help="Password of `username`.",
    )
    prefix: str = setting(
        "/services",
        help="What the keys of all services begin with.",
    )
    dial_timeout: Seconds = setting(
        5.0,
        gt=0,
        help="Seconds until a connection to a member must stand; --dial-timeout of etcdctl.",
    )


@attrs.frozen(kw_only=True)
class KubernetesConfig:
    """The Kubernetes services that are asked for."""

    namespace: str = setting(
        "default",
        help="Namespace in which services are looked up.",
    )
    port_name: str | None = setting(
        None,
        help="Name of the service's port that gets the traffic, its only port if not set.",
    )
    cluster_domain: str = setting(
        "cluster.local",
        help="Domain under which the cluster names its services in DNS.",
    )


@attrs.frozen(kw_only=True)
class DnsConfig:
    """The DNS records that are asked for."""

    name: str | None = setting(
        None,
        matches=r"([A-Za-z0-9_.-]|\{service\})+",
        help=(
            "Name that is looked up, in which {service} stands for the name of the upstream, such "
            'as "{service}.service.consul".'
        ),
    )
    record_type: Literal["SRV", "A", "AAAA"] = setting(
        "SRV",
        help="Records that are asked for: SRV (with ports), A (IPv4) or AAAA (IPv6).",
    )
    port: Port | None = setting(
        None,
        help="TCP port of all hosts, for A and AAAA records; SRV records bring their own.",
    )
    nameservers: tuple[Nameserver, ...] = setting(
        (),
        help=(
            "Name servers that are asked, with a port where it is not 53; those of the operating "
            "system if empty."
        ),
    )


@attrs.frozen(kw_only=True)
class StaticConfig:
    """The hosts themselves."""

    endpoints: Mapping[str, tuple[Endpoint, ...]] = setting(
        attrs.Factory(dict[str, tuple[Endpoint, ...]]),
        help='The hosts of each service as a list of "host:port"; nothing is looked up.',
    )


@attrs.frozen(kw_only=True)
class ZookeeperConfig:
    """The ZooKeeper ensemble that is asked."""

    hosts: tuple[Endpoint, ...] = setting(
        (),
        help='Members of the ensemble as "host:port"; what ZooKeeper calls the connect string.',
    )
    root: str = setting(
        "/services",
        matches=r"/\S*",
        help="Node under which all services stand.",
    )
    session_timeout: Seconds = setting(
        10.0,
        gt=0,
        help="Seconds of silence after which ZooKeeper gives the session up.",
    )
