"""The default of every setting."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import meshconf
from meshconf import CircuitBreakerConfig, LoadBalancerConfig, ServiceMeshConfig
from meshconf.mesh import RetryConfig, TimeoutsConfig, UpstreamConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULTS: dict[str, Any] = {
    "service_version": "0.1.0",
    "discovery.backend": "consul",
    "discovery.refresh_interval": 30.0,
    "discovery.only_passing": True,
    "consul.host": "consul",
    "consul.port": 8500,
    "consul.datacenter": "dc1",
    "consul.scheme": "http",
    "consul.token": None,
    "consul.namespace": None,
    "consul.consistency": "default",
    "etcd.endpoints": ("http://localhost:2379",),
    "etcd.username": None,
    "etcd.password": None,
    "etcd.prefix": "/services",
    "etcd.dial_timeout": 5.0,
    "kubernetes.namespace": "default",
    "kubernetes.port_name": None,
    "kubernetes.cluster_domain": "cluster.local",
    "dns.name": None,
    "dns.record_type": "SRV",
    "dns.port": None,
    "dns.nameservers": (),
    "static.endpoints": {},
    "zookeeper.hosts": (),
    "zookeeper.root": "/services",
    "zookeeper.session_timeout": 10.0,
    "circuit_breaker.enabled": True,
    "circuit_breaker.max_requests": 1000,
    "circuit_breaker.max_connections": 1024,
    "circuit_breaker.max_pending_requests": 1024,
    "circuit_breaker.error_threshold": 0.5,
    "circuit_breaker.minimum_requests": 20,
    "circuit_breaker.window": 10.0,
    "circuit_breaker.consecutive_failures": 5,
    "circuit_breaker.reset_timeout": 30.0,
    "circuit_breaker.max_reset_timeout": 300.0,
    "circuit_breaker.half_open_max_requests": 5,
    "circuit_breaker.max_ejection_percent": 50,
    "load_balancer.algorithm": "round_robin",
    "load_balancer.health_check.type": "http",
    "load_balancer.health_check.path": "/health",
    "load_balancer.health_check.port": None,
    "load_balancer.health_check.interval": 10.0,
    "load_balancer.health_check.timeout": 5.0,
    "load_balancer.health_check.healthy_threshold": 2,
    "load_balancer.health_check.unhealthy_threshold": 3,
    "load_balancer.health_check.expected_statuses": ("200-299",),
    "load_balancer.max_retries": 3,
    "load_balancer.choice_count": 2,
    "load_balancer.hash_key": None,
    "load_balancer.minimum_ring_size": 1024,
    "load_balancer.table_size": 65537,
    "load_balancer.slow_start": None,
    "load_balancer.panic_threshold": 0.5,
    "retry.max_attempts": 3,
    "retry.base_delay": 1.0,
    "retry.max_delay": 30.0,
    "retry.multiplier": 2.0,
    "retry.jitter": 0.2,
    "retry.on": (
        "connect-failure",
        "refused-stream",
        "unavailable",
        "cancelled",
        "retriable-status-codes",
    ),
    "retry.status_codes": (503,),
    "retry.budget": None,
    "timeouts.connect": 5.0,
    "timeouts.request": 60.0,
    "timeouts.per_try": 15.0,
    "timeouts.idle": 300.0,
    "metrics.enabled": True,
    "metrics.port": 9102,
    "metrics.path": "/metrics",
    "tracing.enabled": True,
    "tracing.sampling_ratio": 1.0,
    "tracing.endpoint": None,
    "tls.enabled": False,
    "tls.ca_file": None,
    "tls.cert_file": None,
    "tls.key_file": None,
    "tls.server_name": None,
    "tls.verify": True,
    "upstreams": {},
}


def leaves(config: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of all settings below an object."""
    for field in attrs.fields(type(config)):
        value = getattr(config, field.name)
        if attrs.has(type(value)):
            yield from leaves(value, f"{path}{field.name}.")
        else:
            yield path + field.name


class TestDefaults:
    """What holds where nothing is set."""

    @pytest.mark.parametrize(("path", "default"), DEFAULTS.items())
    def test_value(self, path: str, default: Any) -> None:
        """Each setting has its documented default, of the documented type."""
        config = ServiceMeshConfig(service_name="orders")

        actual = operator.attrgetter(path)(config)

        assert default == actual
        if path != "load_balancer.algorithm":
            assert type(default) is type(actual)

    def test_table_is_complete(self) -> None:
        """The table lists every setting, and the service's name is the only one without default."""
        config = ServiceMeshConfig(service_name="orders")

        assert {"service_name", *DEFAULTS} == set(leaves(config))

    def test_service_name_is_required(self) -> None:
        """A service without a name cannot be built."""
        with pytest.raises(TypeError, match="service_name"):
            ServiceMeshConfig()

    def test_upstream(self) -> None:
        """An upstream built directly has the defaults of the general groups."""
        expected = UpstreamConfig(
            protocol="http",
            port=None,
            circuit_breaker=CircuitBreakerConfig(),
            load_balancer=LoadBalancerConfig(),
            retry=RetryConfig(),
            timeouts=TimeoutsConfig(),
        )

        assert expected == UpstreamConfig()

    def test_load_without_finding(self, find: Any) -> None:
        """A service that only has a name loads without a finding."""
        assert [] == find({})

    def test_load_equals_construction(self, load: Any) -> None:
        """Loading nothing but a name gives what the constructor gives."""
        assert ServiceMeshConfig(service_name="orders") == load('service_name = "orders"')

    def test_objects_are_frozen(self) -> None:
        """A configuration cannot be changed."""
        config = ServiceMeshConfig(service_name="orders")

        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            config.retry.max_attempts = 5  # type: ignore[misc]


class TestSecrets:
    """The two secrets of the schema."""

    @pytest.mark.parametrize("path", ["consul.token", "etcd.password"])
    def test_is_masked(self, path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        """A secret's value is behind reveal() and in no repr."""
        monkeypatch.chdir(tmp_path)
        name = "MESH_" + path.replace(".", "_").upper()

        config = meshconf.load(
            schema=ServiceMeshConfig,
            environ={name: "hunter2", "MESH_SERVICE_NAME": "orders", "MESH_CONSUL_SCHEME": "https"},
        )

        assert "hunter2" == operator.attrgetter(path)(config).reveal()
        assert "hunter2" not in repr(config)
