"""What an upstream inherits."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest

from meshconf.mesh import RetryConfig, TimeoutsConfig

GENERAL = """
service_name = "orders"

[circuit_breaker]
max_requests = 10
error_threshold = 0.25

[load_balancer]
max_retries = 7
[load_balancer.health_check]
path = "/healthz"
interval = 20.0

[retry]
base_delay = 0.1
max_delay = 0.5

[timeouts]
per_try = 6.0
request = 30.0

[upstreams.payments]
protocol = "grpc"
[upstreams.payments.circuit_breaker]
error_threshold = 0.75
[upstreams.payments.load_balancer.health_check]
path = "/ready"
[upstreams.payments.retry]
base_delay = 0.2

[upstreams.stock]
"""


class TestInheritance:
    """Leaf by leaf, from the general groups."""

    @pytest.mark.parametrize(
        ("path", "payments", "stock"),
        [
            ("protocol", "grpc", "http"),
            ("circuit_breaker.error_threshold", 0.75, 0.25),
            ("circuit_breaker.max_requests", 10, 10),
            ("circuit_breaker.window", 10.0, 10.0),
            ("load_balancer.max_retries", 7, 7),
            ("load_balancer.health_check.path", "/ready", "/healthz"),
            ("load_balancer.health_check.interval", 20.0, 20.0),
            ("load_balancer.health_check.timeout", 5.0, 5.0),
            ("retry.base_delay", 0.2, 0.1),
            ("retry.max_delay", 0.5, 0.5),
            ("retry.max_attempts", 3, 3),
            ("timeouts.per_try", 6.0, 6.0),
        ],
    )
    def test_leaf(self, path: str, payments: Any, stock: Any, load: Any) -> None:
        """What an upstream sets holds; else what the general group sets; else the default."""
        config = load(GENERAL)

        assert payments == attrgetter(path)(config.upstreams["payments"])
        assert stock == attrgetter(path)(config.upstreams["stock"])

    def test_group_that_sets_nothing(self, load: Any) -> None:
        """An upstream that sets nothing of a group has the general one."""
        config = load(GENERAL)

        assert TimeoutsConfig(per_try=6.0, request=30.0) == config.upstreams["payments"].timeouts
        assert RetryConfig(base_delay=0.1, max_delay=0.5) == config.upstreams["stock"].retry

    def test_variable_of_the_general_group(self, load: Any) -> None:
        """A variable for the general group reaches the upstreams that do not say otherwise."""
        config = load(GENERAL, {"MESH_RETRY_BASE_DELAY": "300ms"})

        assert 0.3 == config.upstreams["stock"].retry.base_delay
        assert 0.2 == config.upstreams["payments"].retry.base_delay

    def test_variable_of_an_upstream(self, load: Any) -> None:
        """A variable for one upstream stays with it."""
        config = load(GENERAL, {"MESH_UPSTREAMS__STOCK__TIMEOUTS_PER_TRY": "6500ms"})

        assert 6.5 == config.upstreams["stock"].timeouts.per_try
        assert 6.0 == config.upstreams["payments"].timeouts.per_try
