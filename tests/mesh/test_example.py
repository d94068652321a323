"""The example's file; its values are in test_orders.meshconf.toml."""

from __future__ import annotations

from pathlib import Path

import meshconf
from meshconf import ServiceMeshConfig

FILE = Path(__file__).parents[2] / "examples" / "orders" / "mesh.toml"


class TestOrders:
    """examples/orders/mesh.toml."""

    def test_upstreams(self) -> None:
        """The upstreams have the order of the file, and share what they inherit."""
        config = meshconf.load(FILE, schema=ServiceMeshConfig, environ={})

        payments, inventory = config.upstreams["payments"], config.upstreams["inventory"]
        assert ["payments", "inventory"] == list(config.upstreams)
        assert payments.timeouts.request == payments.timeouts.per_try
        assert config.retry is inventory.retry
