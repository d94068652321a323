"""The mesh's upstreams without meshconf: tomli and cattrs on equal classes.

The same fields and defaults as the mesh schema, and none of its checks: no validators, no
inheritance, no origins. What is left is the price of the data itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cattrs
import tomli
from attrs import Factory, frozen

if TYPE_CHECKING:
    from pathlib import Path

CONVERTER = cattrs.Converter(detailed_validation=False)

RETRY_ON = ("connect-failure", "refused-stream", "unavailable", "cancelled")


@frozen
class CircuitBreaker:
    """The settings of CircuitBreakerConfig."""

    max_requests: int = 1000
    max_connections: int = 1024
    max_pending_requests: int = 1024
    error_threshold: float = 0.5
    minimum_requests: int = 20
    window: float = 10.0
    consecutive_failures: int = 5
    reset_timeout: float = 30.0
    max_reset_timeout: float = 300.0
    half_open_max_requests: int = 5
    max_ejection_percent: int = 50
    enabled: bool = True


@frozen
class HealthCheck:
    """The settings of `load_balancer.health_check`."""

    type: str = "http"
    path: str = "/health"
    port: int | None = None
    interval: float = 10.0
    timeout: float = 5.0
    healthy_threshold: int = 2
    unhealthy_threshold: int = 3
    expected_statuses: tuple[str, ...] = ("200-299",)


@frozen
class LoadBalancer:
    """The settings of LoadBalancerConfig."""

    algorithm: str = "round_robin"
    health_check: HealthCheck = Factory(HealthCheck)
    max_retries: int = 3
    choice_count: int = 2
    hash_key: str | None = None
    minimum_ring_size: int = 1024
    table_size: int = 65537
    slow_start: float | None = None
    panic_threshold: float = 0.5


@frozen
class Retry:
    """The settings of `retry`."""

    max_attempts: int = 3
    base_delay: float = 1.0
    max_delay: float = 30.0
    multiplier: float = 2.0
    jitter: float = 0.2
    on: tuple[str, ...] = (*RETRY_ON, "retriable-status-codes")
    status_codes: tuple[int, ...] = (503,)
    budget: float | None = None


@frozen
class Timeouts:
    """The settings of `timeouts`."""

    connect: float = 5.0
    request: float = 60.0
    per_try: float = 15.0
    idle: float = 300.0


@frozen
class Upstream:
    """The settings of one upstream."""

    protocol: Literal["http", "http2", "grpc", "tcp"] = "http"
    port: int | None = None
    circuit_breaker: CircuitBreaker = Factory(CircuitBreaker)
    load_balancer: LoadBalancer = Factory(LoadBalancer)
    retry: Retry = Factory(Retry)
    timeouts: Timeouts = Factory(Timeouts)


@frozen
class Mesh:
    """The part of ServiceMeshConfig that the large files fill."""

    service_name: str
    upstreams: dict[str, Upstream] = Factory(dict)


def load_upstreams(path: Path) -> Mesh:
    """Load a large mesh file."""
    with path.open("rb") as file:
        document = tomli.load(file)
    return CONVERTER.structure({"service_name": "gateway", **document}, Mesh)
