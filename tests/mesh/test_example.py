"""The example's file."""

from __future__ import annotations

from pathlib import Path

import meshconf
from meshconf import ServiceMeshConfig
from meshconf.mesh import RetryConfig

FILE = Path(__file__).parents[2] / "examples" / "orders" / "mesh.toml"


class TestOrders:
    """examples/orders/mesh.toml."""

    def test_has_no_finding(self) -> None:
        """The file loads without a finding."""
        snapshot = meshconf.read(FILE, schema=ServiceMeshConfig, environ={})

        assert () == snapshot.warnings

    def test_what_its_comments_say(self) -> None:
        """What the comments say of the upstreams is so."""
        config = meshconf.load(FILE, schema=ServiceMeshConfig, environ={})

        payments, inventory = config.upstreams["payments"], config.upstreams["inventory"]
        assert ["payments", "inventory"] == list(config.upstreams)
        assert RetryConfig(max_attempts=1, base_delay=0.1, max_delay=2.0) == payments.retry
        assert payments.timeouts.request == payments.timeouts.per_try
        assert "ring_hash" == inventory.load_balancer.algorithm
        assert config.retry is inventory.retry
