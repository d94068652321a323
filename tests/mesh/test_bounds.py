"""The bounds of every setting: at the limit, and beyond it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from meshconf import CircuitBreakerConfig, LoadBalancerConfig, ServiceMeshConfig
from meshconf.mesh import (
    ConsulConfig,
    DiscoveryConfig,
    DnsConfig,
    EtcdConfig,
    HealthCheckConfig,
    MetricsConfig,
    RetryConfig,
    StaticConfig,
    TimeoutsConfig,
    TlsConfig,
    TracingConfig,
    UpstreamConfig,
    ZookeeperConfig,
)

Row = tuple[type, str, list[Any], list[Any]]

MOST = 2**31 - 1
TINY = 5e-324

#: The class, the setting, the values at its limits, the values just beyond them.
NUMBERS: list[Row] = [
    (CircuitBreakerConfig, "max_requests", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "max_connections", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "max_pending_requests", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "error_threshold", [0.0, 1.0], [-TINY, 1.0000001]),
    (CircuitBreakerConfig, "minimum_requests", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "window", [0.001, 86400.0], [0.0009]),
    (CircuitBreakerConfig, "consecutive_failures", [0, MOST], [-1, MOST + 1]),
    (CircuitBreakerConfig, "reset_timeout", [TINY, 86400.0], [0.0]),
    (CircuitBreakerConfig, "max_reset_timeout", [TINY, 86400.0], [0.0]),
    (CircuitBreakerConfig, "half_open_max_requests", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "max_ejection_percent", [0, 100], [-1, 101]),
    (LoadBalancerConfig, "max_retries", [0, MOST], [-1, MOST + 1]),
    (LoadBalancerConfig, "choice_count", [2, MOST], [1, MOST + 1]),
    (LoadBalancerConfig, "minimum_ring_size", [1, 8388608], [0, 8388609]),
    (LoadBalancerConfig, "table_size", [2, 3, 5, 5000011], [-7, 0, 1, 4, 9, 65536, 5000077]),
    (LoadBalancerConfig, "slow_start", [None, TINY], [0.0]),
    (LoadBalancerConfig, "panic_threshold", [0.0, 1.0], [-TINY, 1.0000001]),
    (HealthCheckConfig, "port", [None, 1, 65535], [0, 65536]),
    (HealthCheckConfig, "interval", [TINY], [0.0]),
    (HealthCheckConfig, "timeout", [TINY], [0.0]),
    (HealthCheckConfig, "healthy_threshold", [1, MOST], [0, MOST + 1]),
    (HealthCheckConfig, "unhealthy_threshold", [1, MOST], [0, MOST + 1]),
    (RetryConfig, "max_attempts", [1, MOST], [0, MOST + 1]),
    (RetryConfig, "base_delay", [TINY], [0.0, -1.0]),
    (RetryConfig, "max_delay", [TINY], [0.0, -1.0]),
    (RetryConfig, "multiplier", [1.0, 1e300], [0.9999999]),
    (RetryConfig, "jitter", [0.0, 1.0], [-TINY, 1.0000001]),
    (RetryConfig, "budget", [None, 0.0, 1.0], [-TINY, 1.0000001]),
    (TimeoutsConfig, "connect", [TINY], [0.0]),
    (TimeoutsConfig, "request", [TINY], [0.0]),
    (TimeoutsConfig, "per_try", [TINY], [0.0]),
    (TimeoutsConfig, "idle", [TINY], [0.0]),
    (DiscoveryConfig, "refresh_interval", [TINY], [0.0]),
    (ConsulConfig, "port", [1, 65535], [0, 65536]),
    (EtcdConfig, "dial_timeout", [TINY], [0.0]),
    (DnsConfig, "port", [None, 1, 65535], [0, 65536]),
    (ZookeeperConfig, "session_timeout", [TINY], [0.0]),
    (MetricsConfig, "port", [1, 65535], [0, 65536]),
    (TracingConfig, "sampling_ratio", [0.0, 1.0], [-TINY, 1.0000001]),
    (UpstreamConfig, "port", [None, 1, 65535], [0, 65536]),
]
TEXTS: list[Row] = [
    (ServiceMeshConfig, "service_name", ["a", "a" * 253], ["", "a" * 254]),
    (HealthCheckConfig, "path", ["/", "/health?deep=1"], ["", "health", "/he alth", "/a\n"]),
    (MetricsConfig, "path", ["/", "/metrics"], ["", "metrics", "/met rics"]),
    (ZookeeperConfig, "root", ["/", "/a/b"], ["", "services"]),
    (ConsulConfig, "host", ["consul", "::1"], ["", "http://consul", "consul:8500"]),
    (
        LoadBalancerConfig,
        "hash_key",
        [None, "header:x-user", "cookie:sid", "query:id", "source_ip"],
        ["", "header:", "x-user", "header:a b", "source_ip:", "body:id", "source_ip\n"],
    ),
    (
        DnsConfig,
        "name",
        [None, "orders.internal", "{service}.service.consul", "_{service}._tcp.example.com"],
        ["", "{servcie}.consul", "{service", "a b", "{}"],
    ),
]


def flat(values: Literal["at", "beyond"]) -> list[tuple[type, str, Any]]:
    """Return each value with its class and setting."""
    rows = [(cls, name, {"at": at, "beyond": beyond}) for cls, name, at, beyond in NUMBERS + TEXTS]
    return [(cls, name, value) for cls, name, lists in rows for value in lists[values]]


def build(cls: type, name: str, value: Any) -> Any:
    """Build an object with one setting."""
    required = {"service_name": "orders"} if cls is ServiceMeshConfig else {}
    return cls(**{**required, name: value})


class TestConstruction:
    """Objects that a program builds itself."""

    @pytest.mark.parametrize(("cls", "name", "value"), flat("at"))
    def test_takes_the_limit(self, cls: type, name: str, value: Any) -> None:
        """A value at the limit is taken."""
        assert value == getattr(build(cls, name, value), name)

    @pytest.mark.parametrize(("cls", "name", "value"), flat("beyond"))
    def test_refuses_what_is_beyond(self, cls: type, name: str, value: Any) -> None:
        """A value beyond the limit raises ValueError with the setting's name."""
        with pytest.raises(ValueError, match=name):
            build(cls, name, value)

    def test_version_is_not_empty(self) -> None:
        """The service's version is not empty."""
        with pytest.raises(ValueError, match="service_version"):
            ServiceMeshConfig(service_name="orders", service_version="")


PATHS = {
    CircuitBreakerConfig: "circuit_breaker.",
    LoadBalancerConfig: "load_balancer.",
    HealthCheckConfig: "load_balancer.health_check.",
    RetryConfig: "retry.",
    TimeoutsConfig: "timeouts.",
    DiscoveryConfig: "discovery.",
    ConsulConfig: "consul.",
    EtcdConfig: "etcd.",
    DnsConfig: "dns.",
    ZookeeperConfig: "zookeeper.",
    MetricsConfig: "metrics.",
    TracingConfig: "tracing.",
    UpstreamConfig: "upstreams.payments.",
    ServiceMeshConfig: "",
}


class TestLoad:
    """Values that a source gives."""

    @pytest.mark.parametrize(("cls", "name", "value"), flat("beyond"))
    def test_refuses_what_is_beyond(self, cls: type, name: str, value: Any, find: Any) -> None:
        """A value beyond the limit is one error that names the setting."""
        path = PATHS[cls] + name

        ((severity, message),) = find({path: value})

        assert "error" == severity
        assert message.startswith(f"`{path}` ")

    @pytest.mark.parametrize(
        ("path", "value", "at"),
        [
            ("retry.status_codes", [399], "retry.status_codes[0]"),
            ("retry.status_codes", [503, 600], "retry.status_codes[1]"),
            ("retry.on", ["reset", "resett"], "retry.on[1]"),
            ("dns.nameservers", ["10.0.0.2", "10.0.0.2:0"], "dns.nameservers[1]"),
            ("etcd.endpoints", ["localhost:2379"], "etcd.endpoints[0]"),
            ("zookeeper.hosts", ["zk"], "zookeeper.hosts[0]"),
            ("static.endpoints", {"a": ["a:1", "a"]}, "static.endpoints.a[1]"),
            (
                "load_balancer.health_check.expected_statuses",
                ["200-299", "299-200"],
                "load_balancer.health_check.expected_statuses[1]",
            ),
        ],
    )
    def test_names_the_element(self, path: str, value: Any, at: str, find: Any) -> None:
        """A bad element of a list is one error that names the element."""
        ((severity, message),) = find({path: value})

        assert "error" == severity
        assert message.startswith(f"`{at}` ")

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("discovery.backend", "zoo"),
            ("consul.scheme", "ftp"),
            ("consul.consistency", "strong"),
            ("dns.record_type", "MX"),
            ("load_balancer.algorithm", "fastest"),
            ("load_balancer.health_check.type", "icmp"),
            ("upstreams.payments.protocol", "gopher"),
        ],
    )
    def test_refuses_other_choices(self, path: str, value: str, find: Any) -> None:
        """A value that is not in a closed set is one error that lists the set."""
        ((severity, message),) = find({path: value})

        assert "error" == severity
        assert message.startswith(f"`{path}` must be one of ")

    def test_takes_units(self, load: Any) -> None:
        """Text with a unit is taken where seconds are."""
        text = 'service_name = "orders"\n[timeouts]\nconnect = "500ms"\nidle = "1h30m"'

        config = load(text)

        assert (0.5, 5400.0) == (config.timeouts.connect, config.timeouts.idle)

    def test_takes_lists(self, load: Any) -> None:
        """Lists become tuples, and mappings of lists mappings of tuples."""
        text = (
            'service_name = "orders"\n[retry]\nstatus_codes = [400, 599]\n'
            '[discovery]\nbackend = "static"\n[static.endpoints]\npayments = ["10.0.0.7:80"]'
        )

        config = load(text)

        assert (400, 599) == config.retry.status_codes
        assert StaticConfig(endpoints={"payments": ("10.0.0.7:80",)}) == config.static

    def test_takes_paths(self, load: Any) -> None:
        """The files of TLS become paths."""
        config = load('service_name = "orders"\n[tls]\nca_file = "/etc/ca.pem"')

        assert TlsConfig(ca_file=Path("/etc/ca.pem")) == config.tls
