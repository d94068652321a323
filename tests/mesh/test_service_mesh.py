"""The rules of the whole configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import attrs
import pytest

import meshconf
from meshconf import CircuitBreakerConfig, ServiceMeshConfig
from meshconf.mesh import UpstreamConfig
from meshconf.mesh.discovery import Backend

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOSTS = ("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80")

#: What each backend wants; nothing for those that have defaults.
WANTED: dict[str, dict[str, Any]] = {
    "consul": {},
    "etcd": {},
    "kubernetes": {},
    "dns": {"dns.name": "{service}.internal"},
    "static": {"static.endpoints": {"payments": HOSTS}},
    "zookeeper": {"zookeeper.hosts": ["zk:2181"]},
}
#: One setting of each backend's group.
SET: dict[str, tuple[str, Any]] = {
    "consul": ("host", "consul.internal"),
    "etcd": ("prefix", "/orders"),
    "kubernetes": ("namespace", "shop"),
    "dns": ("name", "{service}.internal"),
    "static": ("endpoints", {"payments": HOSTS}),
    "zookeeper": ("hosts", ["zk:2181"]),
}


class TestNameIsALabel:
    """service_name."""

    @pytest.mark.parametrize("name", ["orders", "o", "0", "orders-v2", "a" * 63])
    def test_holds(self, name: str) -> None:
        """Lower-case letters, digits and inner hyphens, at most 63, are a label."""
        assert ServiceMeshConfig.name_is_a_label(name) is None

    @pytest.mark.parametrize(
        "name", ["Orders", "-orders", "orders-", "orders.v2", "or_ders", "a" * 64, "orders\n", "ö"]
    )
    def test_warns(self, name: str, find: Any) -> None:
        """Any other name is a warning."""
        message = (
            "service_name is no RFC 1123 label (at most 63 lower-case letters, digits and inner "
            "hyphens), which Kubernetes and Istio demand"
        )

        assert [("warning", message)] == find({"service_name": name})


class TestOnlyTheBackendIsSet:
    """discovery.backend and the groups of the backends."""

    def test_groups_are_named_after_backends(self) -> None:
        """Each backend has a group of its name, and the tables above know it."""
        backends = set(get_args(Backend))

        assert backends == set(WANTED) == set(SET)
        assert backends <= {field.name for field in attrs.fields(ServiceMeshConfig)}

    @pytest.mark.parametrize("backend", get_args(Backend))
    def test_holds(self, backend: str, find: Any) -> None:
        """A backend with its own group is no finding."""
        key, value = SET[backend]
        settings = {**WANTED[backend], "discovery.backend": backend, f"{backend}.{key}": value}

        assert [] == find(settings)

    @pytest.mark.parametrize("backend", get_args(Backend))
    def test_warns_in_the_same_layer(self, backend: str, find: Any) -> None:
        """Groups of other backends in the layer that chooses one are one warning."""
        others = [other for other in get_args(Backend) if other != backend]
        settings = {**WANTED[backend], "discovery.backend": backend}
        settings |= {f"{other}.{SET[other][0]}": SET[other][1] for other in others}
        named = " and ".join(f"[{other}]" for other in others)
        message = f'{named} would have no effect: discovery.backend is "{backend}"'

        assert [("warning", message)] == find(settings)

    def test_warns_beside_the_default(self, find: Any) -> None:
        """Where no layer chooses a backend, the group of another one is a warning."""
        message = '[etcd] would have no effect: discovery.backend is "consul"'

        assert [("warning", message)] == find({"etcd.prefix": "/orders"})

    def test_another_layer_may_choose(self, load: Any) -> None:
        """A deployment may choose another backend than the file has settings for."""
        text = 'service_name = "orders"\n[consul]\nhost = "consul.internal"'

        config = load(text, {"MESH_DISCOVERY_BACKEND": "etcd"})

        assert "etcd" == config.discovery.backend

    def test_the_layer_that_wins_counts(self, tmp_path: Path) -> None:
        """A layer whose own choice lost may set the group of that choice."""
        base, local = tmp_path / "mesh.toml", tmp_path / "mesh.local.toml"
        version = "config_version = 2\n"
        base.write_text(
            f'{version}service_name = "orders"\n[discovery]\nbackend = "etcd"\n'
            '[etcd]\nprefix = "/orders"\n'
        )
        local.write_text(
            f'{version}[discovery]\nbackend = "consul"\n[consul]\nhost = "localhost"\n'
        )

        snapshot = meshconf.read(base, local, schema=ServiceMeshConfig, environ={})

        assert () == snapshot.warnings


class TestBackendsHaveWhatTheyWant:
    """discovery.backend and what some backends cannot do without."""

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            (
                {"discovery.backend": "dns"},
                'discovery.backend "dns" wants dns.name, such as "{service}.service.consul"',
            ),
            (
                {"discovery.backend": "dns", "dns.name": "a.b", "dns.record_type": "AAAA"},
                "dns.record_type AAAA wants dns.port: only SRV records hold ports",
            ),
            (
                {"discovery.backend": "static"},
                'discovery.backend "static" wants static.endpoints: the hosts of each service',
            ),
            (
                {"discovery.backend": "static", "static.endpoints": {"payments": []}},
                'discovery.backend "static" wants static.endpoints: the hosts of each service',
            ),
            (
                {"discovery.backend": "zookeeper"},
                'discovery.backend "zookeeper" wants zookeeper.hosts: whom to ask',
            ),
            (
                {"discovery.backend": "etcd", "etcd.endpoints": []},
                'discovery.backend "etcd" wants etcd.endpoints: whom to ask',
            ),
        ],
    )
    def test_refuses_the_load(self, settings: Mapping[str, Any], said: str, find: Any) -> None:
        """What is missing is an error that names it."""
        assert [("error", said)] == find(settings)

    @pytest.mark.parametrize("record_type", ["A", "AAAA"])
    def test_addresses_with_a_port(self, record_type: str, find: Any) -> None:
        """Address records and a port are enough."""
        settings = {
            "discovery.backend": "dns",
            "dns.name": "payments.internal",
            "dns.record_type": record_type,
            "dns.port": 8080,
        }

        assert [] == find(settings)

    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("dns_has_a_name", (None,)),
            ("dns_has_a_port", ("A", None)),
            ("static_has_endpoints", ({},)),
            ("zookeeper_has_hosts", ((),)),
            ("etcd_has_endpoints", ((),)),
        ],
    )
    def test_other_backends_want_nothing(self, name: str, wanted: tuple[Any, ...]) -> None:
        """With another backend, nothing has to be there."""
        assert getattr(ServiceMeshConfig, name)("consul", *wanted) is None


class TestAStaticHostCanBeEjected:
    """circuit_breaker.max_ejection_percent and static.endpoints."""

    @pytest.mark.parametrize(
        ("percent", "hosts", "backend", "enabled"),
        [
            (34, HOSTS, "static", True),
            (50, HOSTS[:2], "static", True),
            (10, HOSTS[:1], "static", True),
            (10, (), "static", True),
            (33, HOSTS, "static", False),
            (33, HOSTS, "consul", True),
        ],
    )
    def test_holds(self, percent: int, hosts: tuple[str, ...], backend: str, enabled: bool) -> None:
        """One host can be ejected, there is only one, or nothing is judged."""
        rule = ServiceMeshConfig.a_static_host_can_be_ejected

        assert rule(percent, {"payments": hosts}, backend, enabled, {}) is None

    @pytest.mark.parametrize(
        ("breaker", "holds"),
        [
            (CircuitBreakerConfig(max_ejection_percent=50), True),
            (CircuitBreakerConfig(max_ejection_percent=10, enabled=False), True),
            (CircuitBreakerConfig(max_ejection_percent=10), False),
        ],
    )
    def test_upstream_of_the_same_name(self, breaker: CircuitBreakerConfig, holds: bool) -> None:
        """The hosts of an upstream are judged by its own circuit breaker."""
        rule = ServiceMeshConfig.a_static_host_can_be_ejected
        upstreams = {"payments": UpstreamConfig(circuit_breaker=breaker)}

        assert holds is (rule(33, {"payments": HOSTS}, "static", True, upstreams) is None)

    def test_warns(self, find: Any) -> None:
        """A percentage below one host is a warning that names the one that would do."""
        settings = {
            "discovery.backend": "static",
            "static.endpoints": {"stock": HOSTS[:2], "payments": HOSTS},
            "circuit_breaker.max_ejection_percent": 33,
        }
        message = (
            "circuit_breaker.max_ejection_percent 33 is less than one of the 2 hosts of stock: "
            "50 would eject one"
        )

        assert [("warning", message)] == find(settings)
