"""The names of variables, which outlive layouts."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest

#: The names of the first, flat layout, each with a text, the setting's path today and its value.
HISTORIC = [
    ("MESH_SERVICE_NAME", "billing", "service_name", "billing"),
    ("MESH_SERVICE_VERSION", "2.0.0", "service_version", "2.0.0"),
    ("MESH_CONSUL_HOST", "10.0.0.7", "consul.host", "10.0.0.7"),
    ("MESH_CONSUL_PORT", "8501", "consul.port", 8501),
    ("MESH_CONSUL_DATACENTER", "eu", "consul.datacenter", "eu"),
    ("MESH_CIRCUIT_BREAKER_MAX_REQUESTS", "7", "circuit_breaker.max_requests", 7),
    ("MESH_CIRCUIT_BREAKER_ERROR_THRESHOLD", "0.4", "circuit_breaker.error_threshold", 0.4),
    ("MESH_CIRCUIT_BREAKER_RESET_TIMEOUT", "45", "circuit_breaker.reset_timeout", 45.0),
    ("MESH_LOAD_BALANCER_ALGORITHM", "random", "load_balancer.algorithm", "random"),
    ("MESH_LOAD_BALANCER_MAX_RETRIES", "0", "load_balancer.max_retries", 0),
    ("MESH_RETRY_MAX_ATTEMPTS", "2", "retry.max_attempts", 2),
    ("MESH_RETRY_BASE_DELAY", "0.5", "retry.base_delay", 0.5),
    ("MESH_RETRY_MAX_DELAY", "20", "retry.max_delay", 20.0),
    ("MESH_METRICS_ENABLED", "false", "metrics.enabled", False),
    ("MESH_METRICS_PORT", "9999", "metrics.port", 9999),
    ("MESH_METRICS_PATH", "/m", "metrics.path", "/m"),
    ("MESH_TRACING_ENABLED", "no", "tracing.enabled", False),
    ("MESH_TRACING_SAMPLING_RATIO", "0.1", "tracing.sampling_ratio", 0.1),
    ("MESH_TRACING_ENDPOINT", "otel:4317", "tracing.endpoint", "otel:4317"),
]
NESTED = [
    ("MESH_LOAD_BALANCER_HEALTH_CHECK_INTERVAL", "6s", "load_balancer.health_check.interval", 6.0),
    ("MESH_RETRY_STATUS_CODES", "502,503", "retry.status_codes", (502, 503)),
    ("MESH_TLS_SERVER_NAME", "orders", "tls.server_name", "orders"),
    ("MESH_TIMEOUTS_IDLE", "1m30s", "timeouts.idle", 90.0),
]


class TestVariables:
    """One name for each setting."""

    @pytest.mark.parametrize(("name", "text", "path", "value"), HISTORIC + NESTED)
    def test_sets(self, name: str, text: str, path: str, value: Any, load: Any) -> None:
        """A variable sets its setting, under the name it always had."""
        config = load('service_name = "orders"', {name: text})

        assert value == attrgetter(path)(config)
