"""What type checkers make of the mesh schema; they read this file, and nobody runs it."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import TYPE_CHECKING

import meshconf
from meshconf import (
    CircuitBreakerConfig,
    File,
    LoadBalancerConfig,
    ServiceMeshConfig,
    Snapshot,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type  # noqa: TC004 - nobody runs this file


def loads() -> None:
    """Without a schema, `load` and `read` give the mesh's."""
    assert_type(meshconf.load(), ServiceMeshConfig)
    assert_type(meshconf.load("mesh.toml", prefix="MESH_", environ={}), ServiceMeshConfig)
    assert_type(meshconf.load(File("a.toml"), unknown_env="error"), ServiceMeshConfig)
    assert_type(meshconf.load(schema=CircuitBreakerConfig, prefix="CB_"), CircuitBreakerConfig)
    assert_type(meshconf.read(), Snapshot[ServiceMeshConfig])
    assert_type(meshconf.read("mesh.toml").config, ServiceMeshConfig)
    meshconf.load(prefx="MESH_")  # type: ignore[call-overload]
    meshconf.load(unknown_env="maybe")  # type: ignore[call-overload]
    meshconf.load().nothing  # type: ignore[attr-defined] # noqa: B018
    meshconf.load().circuit_breaker.error_treshold  # type: ignore[attr-defined] # noqa: B018
    meshconf.load().service_name = "a"  # type: ignore[misc]


def fields(config: ServiceMeshConfig) -> None:
    """Groups and fields have their declared types."""
    assert_type(config.service_name, str)
    assert_type(config.circuit_breaker, CircuitBreakerConfig)
    assert_type(config.circuit_breaker.error_threshold, float)
    assert_type(config.circuit_breaker.max_requests, int)
    assert_type(config.circuit_breaker.reset_timeout, float)
    assert_type(config.load_balancer, LoadBalancerConfig)
    assert_type(config.load_balancer.max_retries, int)
    assert_type(config.retry.max_attempts, int)
    assert_type(config.retry.budget, "float | None")
    assert_type(config.consul.port, int)
    assert_type(config.upstreams["a"].circuit_breaker, CircuitBreakerConfig)


def secret(config: ServiceMeshConfig) -> None:
    """A secret's value is text, behind `reveal`."""
    if config.consul.token is not None:
        assert_type(config.consul.token.reveal(), str)


def construction() -> None:
    """The classes may be made by hand, in tests for example."""
    assert_type(ServiceMeshConfig(service_name="a"), ServiceMeshConfig)
    assert_type(CircuitBreakerConfig(error_threshold=0.2), CircuitBreakerConfig)
    ServiceMeshConfig(sevice_name="a")  # type: ignore[call-arg]
    CircuitBreakerConfig(error_threshold="0.2")  # type: ignore[arg-type]
