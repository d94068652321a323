"""The job's settings as plain attrs classes, bounds by attrs validators."""

from __future__ import annotations

from typing import Literal

import attrs
from attrs import field
from attrs.validators import and_, ge, gt, le


@attrs.frozen
class Consul:
    """Where services are found."""

    host: str = "consul"
    port: int = field(default=8500, validator=and_(ge(1), le(65535)))
    datacenter: str = "dc1"


@attrs.frozen
class CircuitBreaker:
    """When to stop calling."""

    max_requests: int = field(default=1000, validator=and_(ge(1), le(2**31 - 1)))
    error_threshold: float = field(default=0.5, validator=and_(ge(0), le(1)))
    minimum_requests: int = field(default=20, validator=ge(1))
    window: float = field(default=10.0, validator=ge(0.001))
    consecutive_failures: int = field(default=5, validator=ge(0))
    reset_timeout: float = field(default=30.0, validator=gt(0))


@attrs.frozen
class LoadBalancer:
    """Whom to call."""

    algorithm: Literal["round_robin", "least_request", "random"] = "round_robin"
    max_retries: int = field(default=3, validator=ge(0))
    choice_count: int = field(default=2, validator=ge(2))
    panic_threshold: float = field(default=0.5, validator=and_(ge(0), le(1)))


@attrs.frozen
class Retry:
    """How often to call again."""

    max_attempts: int = field(default=3, validator=ge(1))
    base_delay: float = field(default=1.0, validator=gt(0))
    on: list[str] = field(factory=list)


@attrs.frozen
class Metrics:
    """What to tell the outside."""

    enabled: bool = True
    port: int = field(default=9102, validator=and_(ge(1), le(65535)))


@attrs.frozen
class App:
    """One service of the mesh."""

    service_name: str
    service_version: str = "0.1.0"
    consul: Consul = field(factory=Consul)
    circuit_breaker: CircuitBreaker = field(factory=CircuitBreaker)
    load_balancer: LoadBalancer = field(factory=LoadBalancer)
    retry: Retry = field(factory=Retry)
    metrics: Metrics = field(factory=Metrics)
