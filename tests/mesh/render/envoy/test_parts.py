"""Clusters and routes as files of a bootstrap of one's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from meshconf.mesh.render import envoy_clusters, envoy_routes
from tests.mesh.render.configs import loaded
from tests.mesh.render.envoy.conftest import until
from tests.servers.envoy import Envoy
from tests.servers.process import free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mesh.render.envoy.conftest import Serve

MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "envoy.extensions.filters.http.router.v3.Router"


def bootstrap(folder: Path) -> str:
    """Return a bootstrap that names two files."""
    listen, admin = (
        {"socket_address": {"address": "127.0.0.1", "port_value": port}} for port in free_ports(2)
    )
    watched = {
        name: {"path_config_source": {"path": str(folder / f"{name}.json")}}
        for name in ("clusters", "routes")
    }
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"type.googleapis.com/{ROUTER}"},
    }
    manager = {
        "@type": f"type.googleapis.com/{MANAGER}",
        "stat_prefix": "own",
        "rds": {"route_config_name": "meshconf", "config_source": watched["routes"]},
        "http_filters": [router],
    }
    filters = [{"name": "own", "typed_config": manager}]
    return json.dumps(
        {
            "node": {"id": "own", "cluster": "own"},
            "admin": {"address": admin},
            "dynamic_resources": {"cds_config": watched["clusters"]},
            "static_resources": {
                "listeners": [{"address": listen, "filter_chains": [{"filters": filters}]}]
            },
        }
    )


def write(folder: Path, settings: dict[str, Any]) -> None:
    """Move new files into the place of those that are there."""
    config = loaded({"service_name": "orders", "discovery.backend": "static", **settings})
    for name, part in (("clusters", envoy_clusters(config)), ("routes", envoy_routes(config))):
        new = folder / f"{name}.new"
        new.write_text(part.text)
        new.rename(folder / f"{name}.json")


class TestFiles:
    def test_replaced(self, serve: Serve, tmp_path: Path) -> None:
        """What is moved into the place of a file holds at once, for clusters and for routes."""
        old, new = serve("old", status=503), serve("new")
        settings = {
            "load_balancer.health_check.type": "none",
            "retry.max_attempts": 2,
            "retry.base_delay": 0.001,
            "static.endpoints": {"payments": [f"127.0.0.1:{old.port}"]},
        }
        write(tmp_path, settings)
        with Envoy(bootstrap(tmp_path)) as envoy:
            until(lambda: envoy.get("payments").body == b"old")
            old.forget()

            assert (503, 404) == (envoy.get("payments").status, envoy.get("ledger").status)
            assert 2 == len(old.requests)

            hosts = [f"127.0.0.1:{new.port}"]
            both = {"payments": [f"127.0.0.1:{old.port}"], "ledger": hosts}
            write(tmp_path, {**settings, "retry.max_attempts": 4, "static.endpoints": both})
            until(lambda: envoy.get("ledger").body == b"new")
            old.forget()
            envoy.get("payments")

            assert 4 == len(old.requests)

            write(tmp_path, {**settings, "static.endpoints": {"payments": hosts}})
            until(lambda: envoy.get("payments").body == b"new")
            until(lambda: envoy.get("ledger").status == 404)
