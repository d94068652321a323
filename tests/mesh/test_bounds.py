"""The bounds of every setting: at the limit, and beyond it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from meshconf import ServiceMeshConfig
from meshconf.mesh import StaticConfig, TlsConfig
from tests.mesh.bounds import NUMBERS, PATHS, TEXTS


def flat(values: Literal["at", "beyond"]) -> list[tuple[type, str, Any]]:
    """Return each value with its class and setting."""
    rows = [(cls, name, {"at": at, "beyond": beyond}) for cls, name, at, beyond in NUMBERS + TEXTS]
    return [(cls, name, value) for cls, name, lists in rows for value in lists[values]]


def build(cls: type, name: str, value: Any) -> Any:
    """Build an object with one setting."""
    required = {"service_name": "orders"} if cls is ServiceMeshConfig else {}
    return cls(**{**required, name: value})


class TestConstruction:
    """Objects that a program builds itself."""

    @pytest.mark.parametrize(("cls", "name", "value"), flat("at"))
    def test_takes_the_limit(self, cls: type, name: str, value: Any) -> None:
        """A value at the limit is taken."""
        assert value == getattr(build(cls, name, value), name)

    @pytest.mark.parametrize(("cls", "name", "value"), flat("beyond"))
    def test_refuses_what_is_beyond(self, cls: type, name: str, value: Any) -> None:
        """A value beyond the limit raises ValueError with the setting's name."""
        with pytest.raises(ValueError, match=name):
            build(cls, name, value)

    def test_version_is_not_empty(self) -> None:
        """The service's version is not empty."""
        with pytest.raises(ValueError, match="service_version"):
            ServiceMeshConfig(service_name="orders", service_version="")


class TestLoad:
    """Values that a source gives."""

    @pytest.mark.parametrize(("cls", "name", "value"), flat("beyond"))
    def test_refuses_what_is_beyond(self, cls: type, name: str, value: Any, find: Any) -> None:
        """A value beyond the limit is one error that names the setting."""
        path = PATHS[cls] + name

        ((severity, message),) = find({path: value})

        assert "error" == severity
        assert message.startswith(f"`{path}` ")

    @pytest.mark.parametrize(
        ("path", "value", "at"),
        [
            ("retry.status_codes", [399], "retry.status_codes[0]"),
            ("retry.status_codes", [503, 600], "retry.status_codes[1]"),
            ("retry.on", ["reset", "resett"], "retry.on[1]"),
            ("dns.nameservers", ["10.0.0.2", "10.0.0.2:0"], "dns.nameservers[1]"),
            ("etcd.endpoints", ["localhost:2379"], "etcd.endpoints[0]"),
            ("zookeeper.hosts", ["zk"], "zookeeper.hosts[0]"),
            ("static.endpoints", {"a": ["a:1", "a"]}, "static.endpoints.a[1]"),
            (
                "load_balancer.health_check.expected_statuses",
                ["200-299", "299-200"],
                "load_balancer.health_check.expected_statuses[1]",
            ),
        ],
    )
    def test_names_the_element(self, path: str, value: Any, at: str, find: Any) -> None:
        """A bad element of a list is one error that names the element."""
        ((severity, message),) = find({path: value})

        assert "error" == severity
        assert message.startswith(f"`{at}` ")

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("discovery.backend", "zoo"),
            ("consul.scheme", "ftp"),
            ("consul.consistency", "strong"),
            ("dns.record_type", "MX"),
            ("load_balancer.algorithm", "fastest"),
            ("load_balancer.health_check.type", "icmp"),
            ("upstreams.payments.protocol", "gopher"),
        ],
    )
    def test_refuses_other_choices(self, path: str, value: str, find: Any) -> None:
        """A value that is not in a closed set is one error that lists the set."""
        ((severity, message),) = find({path: value})

        assert "error" == severity
        assert message.startswith(f"`{path}` must be one of ")

    def test_takes_units(self, load: Any) -> None:
        """Text with a unit is taken where seconds are."""
        text = 'service_name = "orders"\n[timeouts]\nconnect = "500ms"\nidle = "1h30m"'

        config = load(text)

        assert (0.5, 5400.0) == (config.timeouts.connect, config.timeouts.idle)

    def test_takes_lists(self, load: Any) -> None:
        """Lists become tuples, and mappings of lists mappings of tuples."""
        text = (
            'service_name = "orders"\n[retry]\nstatus_codes = [400, 599]\n'
            '[discovery]\nbackend = "static"\n[static.endpoints]\npayments = ["10.0.0.7:80"]'
        )

        config = load(text)

        assert (400, 599) == config.retry.status_codes
        assert StaticConfig(endpoints={"payments": ("10.0.0.7:80",)}) == config.static

    def test_takes_paths(self, load: Any) -> None:
        """The files of TLS become paths."""
        config = load('service_name = "orders"\n[tls]\nca_file = "/etc/ca.pem"')

        assert TlsConfig(ca_file=Path("/etc/ca.pem")) == config.tls
