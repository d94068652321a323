"""The job with dynaconf: a settings file, its environment loader, and validators."""

from __future__ import annotations

from dynaconf import Dynaconf, Validator

PORT = {"is_type_of": int, "gte": 1, "lte": 65535}
RATIO = {"is_type_of": float, "gte": 0, "lte": 1}
COUNT = {"is_type_of": int, "gte": 1}
DURATION = {"is_type_of": float, "gt": 0}

VALIDATORS = [
    Validator("service_name", must_exist=True, is_type_of=str),
    Validator("service_version", is_type_of=str, default="0.1.0"),
    Validator("consul.host", is_type_of=str, default="consul"),
    Validator("consul.port", **PORT, default=8500),
    Validator("consul.datacenter", is_type_of=str, default="dc1"),
    Validator("circuit_breaker.max_requests", **COUNT, lt=2**31, default=1000),
    Validator("circuit_breaker.error_threshold", **RATIO, default=0.5),
    Validator("circuit_breaker.minimum_requests", **COUNT, default=20),
    Validator("circuit_breaker.window", is_type_of=float, gte=0.001, default=10.0),
    Validator("circuit_breaker.consecutive_failures", is_type_of=int, gte=0, default=5),
    Validator("circuit_breaker.reset_timeout", **DURATION, default=30.0),
    Validator(
        "load_balancer.algorithm",
        is_in=["round_robin", "least_request", "random"],
        default="round_robin",
    ),
    Validator("load_balancer.max_retries", is_type_of=int, gte=0, default=3),
    Validator("load_balancer.choice_count", is_type_of=int, gte=2, default=2),
    Validator("load_balancer.panic_threshold", **RATIO, default=0.5),
    Validator("retry.max_attempts", **COUNT, default=3),
    Validator("retry.base_delay", **DURATION, default=1.0),
    Validator("retry.on", is_type_of=list, default=[]),
    Validator("metrics.enabled", is_type_of=bool, default=True),
    Validator("metrics.port", **PORT, default=9102),
]


def load() -> Dynaconf:
    """Load file and variables; dynaconf is lazy, so asking it to validate is what loads."""
    settings = Dynaconf(settings_files=["app.toml"], envvar_prefix="APP", validators=VALIDATORS)
    settings.validators.validate()
    return settings
