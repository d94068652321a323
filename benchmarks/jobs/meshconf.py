"""The job with meshconf: an attrs schema of the user's own."""

from __future__ import annotations

from typing import Literal

import attrs

import meshconf
from meshconf import setting


@attrs.frozen
class Consul:
    """Where services are found."""

    host: str = setting(default="consul")
    port: int = setting(default=8500, ge=1, le=65535)
    datacenter: str = setting(default="dc1")


@attrs.frozen
class CircuitBreaker:
    """When to stop calling."""

    max_requests: int = setting(default=1000, ge=1, le=2**31 - 1)
    error_threshold: float = setting(default=0.5, ge=0, le=1)
    minimum_requests: int = setting(default=20, ge=1)
    window: float = setting(default=10.0, ge=0.001)
    consecutive_failures: int = setting(default=5, ge=0)
    reset_timeout: float = setting(default=30.0, gt=0)


@attrs.frozen
class LoadBalancer:
    """Whom to call."""

    algorithm: Literal["round_robin", "least_request", "random"] = setting(default="round_robin")
    max_retries: int = setting(default=3, ge=0)
    choice_count: int = setting(default=2, ge=2)
    panic_threshold: float = setting(default=0.5, ge=0, le=1)


@attrs.frozen
class Retry:
    """How often to call again."""

    max_attempts: int = setting(default=3, ge=1)
    base_delay: float = setting(default=1.0, gt=0)
    on: list[str] = attrs.field(factory=list)


@attrs.frozen
class Metrics:
    """What to tell the outside."""

    enabled: bool = setting(default=True)
    port: int = setting(default=9102, ge=1, le=65535)


@attrs.frozen
class App:
    """One service of the mesh."""

    service_name: str
    service_version: str = setting(default="0.1.0")
    consul: Consul = attrs.field(factory=Consul)
    circuit_breaker: CircuitBreaker = attrs.field(factory=CircuitBreaker)
    load_balancer: LoadBalancer = attrs.field(factory=LoadBalancer)
    retry: Retry = attrs.field(factory=Retry)
    metrics: Metrics = attrs.field(factory=Metrics)


def load() -> App:
    """Load file and variables."""
    return meshconf.load("app.toml", schema=App, prefix="APP_")
