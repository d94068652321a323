"""The whole configuration of one service in the mesh."""

# ruff: noqa: FBT001 - a rule gets its values by position

import re
from collections.abc import Callable, Collection, Mapping

import attrs
from attrs.validators import max_len, min_len

from meshconf import configuration, rule, setting
from meshconf.mesh import policies
from meshconf.mesh.circuit_breaker import CircuitBreakerConfig
from meshconf.mesh.discovery import (
    ConsulConfig,
    DiscoveryConfig,
    DnsConfig,
    EtcdConfig,
    KubernetesConfig,
    StaticConfig,
    ZookeeperConfig,
)
from meshconf.mesh.history import STEPS
from meshconf.mesh.load_balancer import LoadBalancerConfig
from meshconf.mesh.retry import RetryConfig
from meshconf.mesh.telemetry import MetricsConfig, TracingConfig
from meshconf.mesh.timeouts import TimeoutsConfig
from meshconf.mesh.tls import TlsConfig
from meshconf.mesh.upstream import UpstreamConfig

__all__ = ["ServiceMeshConfig"]

_BACKENDS = ("consul", "etcd", "kubernetes", "dns", "static", "zookeeper")
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"  # RFC 1123


@configuration(prefix="MESH_", file="mesh.toml", version=2, steps=STEPS)
@attrs.frozen(kw_only=True)
class ServiceMeshConfig:
    """A service in the mesh: who it is, how it finds others, and how it treats them."""

    service_name: str = setting(
        validator=[min_len(1), max_len(253)],
        reload="restart",
        help=(
            "Name of this service, under which others find it; a DNS label (RFC 1123) where "
            "Kubernetes or Istio is to know it."
        ),
    )
    service_version: str = setting(
        "0.1.0",
        validator=min_len(1),
        reload="restart",
        help="Version of this service, in traces and metrics; service.version in OpenTelemetry.",
    )
    discovery: DiscoveryConfig = setting(
        DiscoveryConfig(),
        help="How the hosts of upstreams are found; service discovery.",
    )
    consul: ConsulConfig = setting(
        ConsulConfig(),
        help="The Consul agent that is asked, for the backend consul.",
    )
    etcd: EtcdConfig = setting(
        EtcdConfig(),
        help="The etcd cluster that is asked, for the backend etcd.",
    )
    kubernetes: KubernetesConfig = setting(
        KubernetesConfig(),
        help="The Kubernetes services that are asked for, for the backend kubernetes.",
    )
    dns: DnsConfig = setting(
        DnsConfig(),
        help="The DNS records that are asked for, for the backend dns.",
    )
    static: StaticConfig = setting(
        StaticConfig(),
        help="The hosts themselves, for the backend static.",
    )
    zookeeper: ZookeeperConfig = setting(
        ZookeeperConfig(),
        help="The ZooKeeper ensemble that is asked, for the backend zookeeper.",
    )
    circuit_breaker: CircuitBreakerConfig = setting(
        CircuitBreakerConfig(),
        help=(
            "Limits on requests in flight and the ejection of failing hosts; circuit breaking and "
            "outlier detection."
        ),
    )
    load_balancer: LoadBalancerConfig = setting(
        LoadBalancerConfig(),
        help="The choice of a host for each request, and health checks; load balancing.",
    )
    retry: RetryConfig = setting(
        RetryConfig(),
        help="Attempts of a failed request, and the waits between them; exponential back-off.",
    )
    timeouts: TimeoutsConfig = setting(
        TimeoutsConfig(),
        help="How long connections, attempts and requests may take; deadlines.",
    )
    metrics: MetricsConfig = setting(
        MetricsConfig(),
        help="The page that Prometheus scrapes.",
    )
    tracing: TracingConfig = setting(
        TracingConfig(),
        help="The traces that OpenTelemetry collects; distributed tracing.",
    )
    tls: TlsConfig = setting(
        TlsConfig(),
        help="TLS towards upstreams, mutual TLS with a certificate of the service's own.",
    )
    upstreams: Mapping[str, UpstreamConfig] = setting(
        attrs.Factory(dict[str, UpstreamConfig]),
        help=(
            "The services that are called, by name, each with what differs from the general "
            "groups; clusters in Envoy, upstreams in Consul."
        ),
    )

    attempts_fit_request = policies.attempts_fit_request
    attempts_are_possible = policies.attempts_are_possible
    one_request_is_no_volume = policies.one_request_is_no_volume
    one_request_ejects_no_host = policies.one_request_ejects_no_host
    ejections_avoid_panic = policies.ejections_avoid_panic

    @rule("service_name", level="warning")
    @staticmethod
    def name_is_a_label(name: str) -> str | None:
        """The service's name is a DNS label, as Kubernetes and Istio demand."""
        if re.fullmatch(_LABEL, name):
            return None
        return (
            "service_name is no RFC 1123 label (at most 63 lower-case letters, digits and inner "
            "hyphens), which Kubernetes and Istio demand"
        )

    @rule("discovery.backend", *_BACKENDS, level="warning", layers=True)
    @staticmethod
    def only_the_backend_is_set(
        backend: str, *groups: object, layers: Callable[[str], Collection[str]]
    ) -> str | None:
        """Who chooses a backend sets the group of no other one to anything but its defaults."""
        # The layer that won comes first; a default was chosen by every layer.
        chosen_by = next(iter(layers("discovery.backend")), None)
        idle = [
            f"[{name}]"
            for name, group in zip(_BACKENDS, groups, strict=True)
            if name != backend
            and group != type(group)()
            and (setters := layers(name))
            and (chosen_by is None or chosen_by in setters)
        ]
        if idle:
            return f'{" and ".join(idle)} would have no effect: discovery.backend is "{backend}"'
        return None

    @rule("discovery.backend", "dns.name")
    @staticmethod
    def dns_has_a_name(backend: str, name: str | None) -> str | None:
        """The backend dns knows which name to look up."""
        if backend == "dns" and name is None:
            return 'discovery.backend "dns" wants dns.name, such as "{service}.service.consul"'
        return None

    @rule("discovery.backend", "dns.record_type", "dns.port")
    @staticmethod
    def dns_has_a_port(backend: str, record_type: str, port: int | None) -> str | None:
        """The backend dns knows the port of hosts whose records have none."""
        if backend == "dns" and record_type != "SRV" and port is None:
            return f"dns.record_type {record_type} wants dns.port: only SRV records hold ports"
        return None

    @rule("discovery.backend", "static.endpoints")
    @staticmethod
    def static_has_endpoints(backend: str, endpoints: Mapping[str, tuple[str, ...]]) -> str | None:
        """The backend static knows hosts."""
        if backend == "static" and not any(endpoints.values()):
            return 'discovery.backend "static" wants static.endpoints: the hosts of each service'
        return None

    @rule("discovery.backend", "zookeeper.hosts")
    @staticmethod
    def zookeeper_has_hosts(backend: str, hosts: tuple[str, ...]) -> str | None:
        """The backend zookeeper knows whom to ask."""
        if backend == "zookeeper" and not hosts:
            return 'discovery.backend "zookeeper" wants zookeeper.hosts: whom to ask'
        return None

    @rule("discovery.backend", "etcd.endpoints")
    @staticmethod
    def etcd_has_endpoints(backend: str, endpoints: tuple[str, ...]) -> str | None:
        """The backend etcd knows whom to ask."""
        if backend == "etcd" and not endpoints:
            return 'discovery.backend "etcd" wants etcd.endpoints: whom to ask'
        return None

    @rule(
        "circuit_breaker.max_ejection_percent",
        "static.endpoints",
        "discovery.backend",
        "circuit_breaker.enabled",
        "upstreams",
        level="warning",
    )
    @staticmethod
    def a_static_host_can_be_ejected(
        percent: int,
        endpoints: Mapping[str, tuple[str, ...]],
        backend: str,
        enabled: bool,
        upstreams: Mapping[str, UpstreamConfig],
    ) -> str | None:
        """The percentage of hosts that may be ejected is at least one host."""
        if backend != "static":
            return None
        for service, hosts in endpoints.items():
            limit, limited = percent, enabled
            if service in upstreams:
                breaker = upstreams[service].circuit_breaker
                limit, limited = breaker.max_ejection_percent, breaker.enabled
            # A single host has nobody to stand in for it.
            if limited and len(hosts) > 1 and limit * len(hosts) < 100:  # noqa: PLR2004 - percent
                return (
                    f"circuit_breaker.max_ejection_percent {limit} is less than one of the "
                    f"{len(hosts)} hosts of {service}: {-(-100 // len(hosts))} would eject one"
                )
        return None
