"""The job as the bare sum of three libraries: tomli, environs, cattrs.

What a careful author writes without a configuration library. environs is asked only for the
variables that are present, and the converter is made once.
"""

from __future__ import annotations

import os

import cattrs
import tomli
from environs import Env

from jobs._attrs_schema import App

CONVERTER = cattrs.Converter(detailed_validation=False)

# The variable without its prefix, its group and key in the file, and environs' method for it.
VARIABLES = (
    ("SERVICE_NAME", None, "service_name", "str"),
    ("SERVICE_VERSION", None, "service_version", "str"),
    ("CONSUL_HOST", "consul", "host", "str"),
    ("CONSUL_PORT", "consul", "port", "int"),
    ("CONSUL_DATACENTER", "consul", "datacenter", "str"),
    ("CIRCUIT_BREAKER_MAX_REQUESTS", "circuit_breaker", "max_requests", "int"),
    ("CIRCUIT_BREAKER_ERROR_THRESHOLD", "circuit_breaker", "error_threshold", "float"),
    ("CIRCUIT_BREAKER_MINIMUM_REQUESTS", "circuit_breaker", "minimum_requests", "int"),
    ("CIRCUIT_BREAKER_WINDOW", "circuit_breaker", "window", "float"),
    ("CIRCUIT_BREAKER_CONSECUTIVE_FAILURES", "circuit_breaker", "consecutive_failures", "int"),
    ("CIRCUIT_BREAKER_RESET_TIMEOUT", "circuit_breaker", "reset_timeout", "float"),
    ("LOAD_BALANCER_ALGORITHM", "load_balancer", "algorithm", "str"),
    ("LOAD_BALANCER_MAX_RETRIES", "load_balancer", "max_retries", "int"),
    ("LOAD_BALANCER_CHOICE_COUNT", "load_balancer", "choice_count", "int"),
    ("LOAD_BALANCER_PANIC_THRESHOLD", "load_balancer", "panic_threshold", "float"),
    ("RETRY_MAX_ATTEMPTS", "retry", "max_attempts", "int"),
    ("RETRY_BASE_DELAY", "retry", "base_delay", "float"),
    ("RETRY_ON", "retry", "on", "list"),
    ("METRICS_ENABLED", "metrics", "enabled", "bool"),
    ("METRICS_PORT", "metrics", "port", "int"),
)


def load() -> App:
    """Load file and variables."""
    with open("app.toml", "rb") as file:  # noqa: PTH123 - pathlib is one more import
        document = tomli.load(file)
    env = Env(prefix="APP_")
    for name, group, key, method in VARIABLES:
        if "APP_" + name in os.environ:
            table = document if group is None else document.setdefault(group, {})
            table[key] = getattr(env, method)(name)
    return CONVERTER.structure(document, App)
