"""Settings that have no effect, whatever the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as examples

from meshconf.mesh.render.defaults import is_default
from meshconf.mesh.render.idle import idle_settings
from meshconf.mesh.render.upstreams import general
from tests.mesh.render.configs import configs, loaded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meshconf import ServiceMeshConfig
    from meshconf.mesh import UpstreamConfig

HASHING = {"load_balancer.algorithm": "ring_hash", "load_balancer.hash_key": "source_ip"}
DNS = {"discovery.backend": "dns", "dns.name": "{service}"}
STATIC = {"discovery.backend": "static", "static.endpoints": {"payments": ["a:1"]}}

#: What takes the effect from a setting, the setting, and the reason.
IDLE: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"etcd.prefix": "/x"}, 'discovery.backend is "consul"'),
    ({"discovery.backend": "etcd"}, {"consul.port": 1}, 'discovery.backend is "etcd"'),
    ({}, {"static.endpoints": {"a": ["a:1"]}}, 'discovery.backend is "consul"'),
    (DNS, {"discovery.only_passing": False}, 'the backend "dns" calls no host unhealthy'),
    (STATIC, {"discovery.only_passing": False}, 'the backend "static" calls no host unhealthy'),
    (STATIC, {"discovery.refresh_interval": 1.0}, 'the backend "static" looks nothing up'),
    ({"metrics.enabled": False}, {"metrics.port": 1}, "metrics.enabled is false"),
    ({"tracing.enabled": False}, {"tracing.endpoint": "a"}, "tracing.enabled is false"),
    ({"tls.enabled": False}, {"tls.verify": False}, "tls.enabled is false"),
    ({"tls.enabled": True, "tls.verify": False}, {"tls.ca_file": "a"}, "tls.verify is false"),
    ({}, {"consul.namespace": ""}, "it is empty"),
    ({"discovery.backend": "etcd"}, {"etcd.username": ""}, "it is empty"),
    ({"discovery.backend": "kubernetes"}, {"kubernetes.port_name": ""}, "it is empty"),
    ({}, {"tracing.endpoint": ""}, "it is empty"),
    ({"tls.enabled": True}, {"tls.server_name": ""}, "it is empty"),
    (
        {"circuit_breaker.enabled": False},
        {"circuit_breaker.window": 1.0},
        "circuit_breaker.enabled is false",
    ),
    (
        {"load_balancer.algorithm": "random"},
        {"load_balancer.choice_count": 3},
        "load_balancer.algorithm is random",
    ),
    (
        {"load_balancer.algorithm": "random"},
        {"load_balancer.slow_start": 3.0},
        "load_balancer.algorithm is random",
    ),
    (HASHING, {"load_balancer.table_size": 3}, "load_balancer.algorithm is ring_hash"),
    (
        {**HASHING, "load_balancer.algorithm": "maglev"},
        {"load_balancer.minimum_ring_size": 3},
        "load_balancer.algorithm is maglev",
    ),
    (
        {"load_balancer.health_check.type": "none"},
        {"load_balancer.health_check.port": 1},
        'load_balancer.health_check.type is "none"',
    ),
    (
        {"load_balancer.health_check.type": "tcp"},
        {"load_balancer.health_check.path": "/"},
        'the health check is of type "tcp"',
    ),
    (
        {"load_balancer.health_check.type": "grpc"},
        {"load_balancer.health_check.expected_statuses": ("204",)},
        'the health check is of type "grpc"',
    ),
    ({"retry.max_attempts": 1}, {"retry.jitter": 0.1}, "retry.max_attempts is 1"),
    ({"retry.max_attempts": 1}, {"retry.on": ("reset",)}, "retry.max_attempts is 1"),
    ({"retry.max_attempts": 1}, {"load_balancer.max_retries": 1}, "retry.max_attempts is 1"),
    ({"retry.on": ()}, {"retry.max_attempts": 2}, "retry.on is empty"),
    ({"retry.budget": 0.0}, {"retry.max_attempts": 2}, "retry.budget is 0"),
    ({"retry.on": ()}, {"load_balancer.max_retries": 1}, "retry.on is empty"),
    ({"retry.on": ()}, {"retry.status_codes": (502,)}, "retry.on is empty"),
    (
        {"retry.on": ("reset",)},
        {"retry.status_codes": (502,)},
        'retry.on does not list "retriable-status-codes"',
    ),
]

#: Settings that have an effect, though others of their group may not.
USED: list[dict[str, Any]] = [
    {"consul.port": 1},
    {"discovery.only_passing": False, "discovery.refresh_interval": 1.0},
    {**DNS, "discovery.refresh_interval": 1.0},
    {"discovery.backend": "zookeeper", "zookeeper.hosts": ("a:1",)},
    {"metrics.enabled": False},
    {"metrics.port": 1},
    {"tracing.endpoint": "a", "tracing.sampling_ratio": 0.5},
    {"tls.enabled": True, "tls.ca_file": "a", "tls.server_name": "a"},
    {"tls.enabled": True, "tls.verify": False, "tls.server_name": "a"},
    {"circuit_breaker.enabled": False},
    {"circuit_breaker.consecutive_failures": 0, "circuit_breaker.window": 1.0},
    {"load_balancer.algorithm": "least_request", "load_balancer.choice_count": 3},
    {"load_balancer.algorithm": "least_request", "load_balancer.slow_start": 3.0},
    {"load_balancer.slow_start": 3.0, "load_balancer.max_retries": 1},
    {**HASHING, "load_balancer.minimum_ring_size": 3},
    {**HASHING, "load_balancer.algorithm": "maglev", "load_balancer.table_size": 3},
    {"load_balancer.health_check.type": "none"},
    {"load_balancer.health_check.path": "/", "load_balancer.health_check.port": 1},
    {"load_balancer.health_check.type": "tcp", "load_balancer.health_check.port": 1},
    {"retry.max_attempts": 1, "timeouts.per_try": 1.0},
    {"retry.max_attempts": 2, "retry.status_codes": (502,)},
    {"retry.on": ("reset",), "retry.jitter": 0.1, "retry.budget": 0.1},
]


def idle_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Return what has no effect of settings that hold in general."""
    config = loaded({"service_name": "orders", **given})
    return {**idle_settings(config), **idle_settings(general(config).config)}


class TestIdleSettings:
    @pytest.mark.parametrize(("context", "given", "reason"), IDLE)
    def test_has_no_effect(
        self, context: dict[str, Any], given: dict[str, Any], reason: str
    ) -> None:
        """A setting that another takes the effect from is named, with that for the reason."""
        (path,) = given

        assert {path: reason} == idle_of({**context, **given})

    @pytest.mark.parametrize("given", USED)
    def test_has_an_effect(self, given: dict[str, Any]) -> None:
        """Other settings are not named."""
        assert {} == idle_of(given)

    def test_two_switches(self) -> None:
        """What is switched off twice is told once, and each switch has no effect beside the other."""
        idle = idle_of({"retry.on": (), "retry.max_attempts": 1, "retry.jitter": 0.1})

        assert {
            "retry.jitter": "retry.max_attempts is 1",
            "retry.max_attempts": "retry.on is empty",
            "retry.on": "retry.max_attempts is 1",
        } == idle

    def test_upstream(self) -> None:
        """Of an upstream its policies are looked at, and no port or protocol."""
        config = loaded(
            {
                "service_name": "orders",
                "retry.jitter": 0.1,
                "upstreams.payments": {"port": 1, "protocol": "tcp", "retry": {"max_attempts": 1}},
            }
        )

        assert {"retry.jitter": "retry.max_attempts is 1"} == idle_settings(
            config.upstreams["payments"]
        )
        assert {} == idle_settings(general(config).config)

    @examples(max_examples=50, deadline=None)
    @given(configs())
    def test_is_set(self, config: ServiceMeshConfig) -> None:
        """Whatever the configuration is, a default is never named."""
        every: list[ServiceMeshConfig | UpstreamConfig] = [config, *config.upstreams.values()]
        for one in every:
            assert [] == [path for path in idle_settings(one) if is_default(one, path)]
