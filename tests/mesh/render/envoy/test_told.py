"""What Envoy does not say, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf import ConfigError
from meshconf.mesh.render import envoy, envoy_clusters, envoy_routes
from tests.mesh.render.configs import a_config

NO_PORTS = "Envoy asks by DNS for addresses, without ports: set the port of "
COUNTED = "load_balancer.panic_threshold"


def told(render: Any, settings: dict[str, Any], upstream: str | None = None) -> dict[str, str]:
    """Return the reasons, by path."""
    return {one.path: one.reason for one in render(a_config(settings), upstream=upstream).dropped}


def refused(settings: dict[str, Any]) -> dict[str, str]:
    """Return why settings are refused, by path."""
    with pytest.raises(ConfigError) as caught:
        envoy(a_config(settings))
    return {one.path: one.message.partition("` ")[2] for one in caught.value.problems}


class TestDropped:
    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            (
                {"retry.multiplier": 3.0, "retry.jitter": 0.5},
                {
                    "retry.multiplier": "Envoy doubles each delay",
                    "retry.jitter": "Envoy waits a random time, up to the whole of each delay",
                },
            ),
            ({COUNTED: 0.505}, {COUNTED: "Envoy takes whole percents: 50"}),
            (
                {"tracing.endpoint": "a:1", "tracing.sampling_ratio": 0.12345},
                {"tracing.sampling_ratio": "Envoy counts in ten-thousandths: 0.1235"},
            ),
            (
                {"retry.budget": 0.2},
                {
                    "retry.budget": (
                        "Envoy allows three retries at a time, however few requests there are"
                    )
                },
            ),
            (
                {"metrics.path": "/metrics?a=1"},
                {
                    "metrics.path": (
                        "Envoy tells paths apart without what follows the question mark"
                    )
                },
            ),
            (
                {"load_balancer.health_check.expected_statuses": []},
                {"load_balancer.health_check.expected_statuses": "Envoy then expects 200"},
            ),
            (
                {"tracing.endpoint": "http://u:p@a:1"},
                {
                    "tracing.endpoint": (
                        'Envoy wants the address of a collector: "http://host:4317", '
                        "or 4318 for HTTP"
                    )
                },
            ),
            ({}, {"tracing.enabled": "tracing.endpoint is not set, so nothing is traced"}),
        ],
    )
    def test_reasons(self, settings: dict[str, Any], expected: dict[str, str]) -> None:
        """What is not said, or not exactly, is told with its reason."""
        assert expected.items() <= told(envoy, settings, "payments").items()

    def test_exact(self) -> None:
        """What is said exactly is not told."""
        settings = {
            "circuit_breaker.error_threshold": 0.29,
            "retry.budget": 0,
            "tracing.endpoint": "http://a:1",
            "tracing.sampling_ratio": 0.0001,
            "metrics.path": "/m",
        }

        assert not {*settings} & {*told(envoy, settings, "payments")}

    def test_tcp(self) -> None:
        """What is about requests is told of an upstream that speaks plain TCP."""
        settings = {
            "load_balancer.algorithm": "ring_hash",
            "load_balancer.hash_key": "header:a",
            "retry.budget": 0.5,
        }
        found = told(envoy, settings, "mainframe")
        reason = "Envoy sees connections in plain TCP, and no requests"

        assert {
            "circuit_breaker.max_requests",
            "load_balancer.hash_key",
            "load_balancer.max_retries",
            "retry.budget",
            "retry.on",
            "retry.status_codes",
            "timeouts.per_try",
            "timeouts.request",
        } == {path for path, why in found.items() if why == reason}

    @pytest.mark.parametrize(("on", "expected"), [([], 1), (["connect-failure"], 5)])
    def test_attempts_of_tcp(self, on: list[str], expected: int) -> None:
        """A connection is tried again where anything is."""
        text = envoy(a_config({"retry.on": on, "retry.max_attempts": 5})).text

        assert f'"max_connect_attempts": {expected},' in text

    def test_tcp_without_listener(self) -> None:
        """What a listener would say of plain TCP is told where there is none."""
        found = told(envoy, {"upstreams.mainframe.port": None}, "mainframe")
        reason = "Envoy does not listen for it"

        assert [reason] * 3 == [
            found[path] for path in ("retry.max_attempts", "retry.base_delay", "timeouts.idle")
        ]

    def test_hashed_connections(self) -> None:
        """The source of connections is known."""
        settings = {
            "load_balancer.algorithm": "ring_hash",
            "load_balancer.hash_key": "source_ip",
        }

        assert "load_balancer.hash_key" not in told(envoy, settings, "mainframe")


class TestDiscovery:
    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            (
                {"discovery.backend": "consul", "upstreams.ledger.port": None},
                f"{NO_PORTS}ledger, mainframe",
            ),
            (
                {"discovery.backend": "kubernetes", "upstreams.ledger.port": 1},
                f"{NO_PORTS}mainframe",
            ),
            (
                {
                    "discovery.backend": "dns",
                    "dns.name": "{service}",
                    "upstreams.ledger.port": 1,
                    **{f"upstreams.{name}.protocol": "http" for name in "abcdef"},
                },
                f"{NO_PORTS}mainframe, a, b, c, d and 2 more",
            ),
            ({"discovery.backend": "etcd"}, "Envoy cannot ask it: no cluster has hosts"),
            (
                {"discovery.backend": "zookeeper", "zookeeper.hosts": ["a:1"]},
                "Envoy cannot ask it: no cluster has hosts",
            ),
            (
                {"static.endpoints": {"payments": ["a:1"], "ledger": ["b:1"], "mainframe": []}},
                "static.endpoints has no hosts of mainframe",
            ),
        ],
    )
    def test_missing(self, settings: dict[str, Any], expected: str) -> None:
        """It is told whose hosts Envoy has no way to learn, be there one or many."""
        found = told(
            envoy, {"upstreams.mainframe.port": None, "upstreams.payments.port": 1, **settings}
        )

        assert expected == found["discovery.backend"]

    def test_ports_of_nothing(self) -> None:
        """A port is told where no host is known that could have it."""
        settings = {
            "discovery.backend": "etcd",
            "upstreams.payments.port": 1,
            "load_balancer.health_check.port": 2,
        }
        found = told(envoy_clusters, settings, "payments")
        reason = "Envoy knows no hosts on it"

        assert reason == found["upstreams.payments.port"]
        assert reason == found["load_balancer.health_check.port"]

    def test_ports(self) -> None:
        """Where names and ports are known, nothing is missing."""
        settings = {"discovery.backend": "dns", "dns.name": "a", "dns.record_type": "A"}
        found = told(envoy, {**settings, "dns.port": 80, "dns.nameservers": ["10.0.0.1"]})

        assert not {"discovery.backend", "discovery.refresh_interval"} & {*found}
        assert [] == [path for path in found if path.startswith("dns.")]

    def test_dns(self) -> None:
        """What Envoy cannot ask by DNS is told."""
        settings = {"discovery.backend": "dns", "dns.name": "a", "dns.nameservers": ["ns.a"]}
        found = told(envoy, {**settings, "upstreams.payments.port": 1}, "payments")

        assert {
            "dns.nameservers": "Envoy wants IP addresses of name servers",
            "dns.record_type": "Envoy looks up A and AAAA records",
        } == {path: why for path, why in found.items() if path.startswith("dns.")}

    def test_nothing_to_look_up(self) -> None:
        """Where no name is looked up, no setting of that has an effect."""
        found = told(envoy, {"discovery.backend": "consul"}, "payments")

        assert ["Envoy looks nothing up"] * 2 == [
            found["consul.datacenter"],
            found["discovery.refresh_interval"],
        ]


class TestRefused:
    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            (
                {"load_balancer.algorithm": "peak_ewma"},
                {"load_balancer.algorithm": "is peak_ewma, which Envoy does not have"},
            ),
            (
                {"upstreams.ledger.load_balancer.algorithm": "peak_ewma"},
                {
                    "upstreams.ledger.load_balancer.algorithm": (
                        "is peak_ewma, which Envoy does not have"
                    )
                },
            ),
            (
                {
                    "metrics.path": "/ü",
                    "upstreams.payments.load_balancer.health_check.path": "/\x7f",
                },
                dict.fromkeys(
                    ["metrics.path", "upstreams.payments.load_balancer.health_check.path"],
                    "holds characters that no HTTP request may",
                ),
            ),
            (
                {"tls.enabled": True, "tls.server_name": "a b"},
                {
                    "tls.server_name": (
                        "is neither a host name nor an IP address, which Envoy wants"
                    )
                },
            ),
            (
                {"discovery.backend": "consul", "consul.datacenter": "a b"},
                {"consul.datacenter": "makes no host name, by which Envoy could ask"},
            ),
            (
                {
                    "discovery.backend": "kubernetes",
                    "kubernetes.namespace": "",
                    "kubernetes.cluster_domain": "a..b",
                },
                dict.fromkeys(
                    ["kubernetes.namespace", "kubernetes.cluster_domain"],
                    "makes no host name, by which Envoy could ask",
                ),
            ),
            (
                {"discovery.backend": "dns", "dns.name": "-{service}"},
                {"dns.name": "makes no host name, by which Envoy could ask"},
            ),
        ],
    )
    def test_reasons(self, settings: dict[str, Any], expected: dict[str, str]) -> None:
        """What would mean something else, or nothing, is refused, all of it at once."""
        assert expected == refused(settings)

    def test_off(self) -> None:
        """What is switched off is not judged."""
        settings = {
            "metrics.enabled": False,
            "metrics.path": "/ü",
            "tls.server_name": "a b",
            "load_balancer.health_check.type": "tcp",
            "load_balancer.health_check.path": "/ü",
        }

        assert '"ü"' not in envoy(a_config(settings)).text


class TestParts:
    """Clusters and routes tell of each setting that it is said elsewhere, or nowhere."""

    def test_clusters(self) -> None:
        """What requests are about is said with the routes."""
        found = told(envoy_clusters, {"retry.multiplier": 3.0}, "payments")

        assert "it stands with Envoy's routes" == found["retry.max_attempts"]
        assert "it stands in Envoy's bootstrap" == found["metrics.port"]
        assert "Envoy doubles each delay" == found["retry.multiplier"]
        assert "timeouts.idle" not in found

    def test_clusters_of_tcp(self) -> None:
        """What connections are about is said with the listeners."""
        found = told(envoy_clusters, {}, "mainframe")

        assert "it stands with Envoy's listeners" == found["retry.max_attempts"]
        assert "it stands with Envoy's listeners" == found["timeouts.idle"]
        assert "Envoy sees connections in plain TCP, and no requests" == found["retry.on"]

    def test_routes(self) -> None:
        """What hosts are about is said with the clusters."""
        found = told(envoy_routes, {"upstreams.payments.port": 7}, "payments")
        reason = "it stands with Envoy's clusters"

        assert [reason] * 4 == [
            found[path]
            for path in (
                "circuit_breaker.max_requests",
                "discovery.backend",
                "tls.enabled",
                "upstreams.payments.port",
            )
        ]
        assert "retry.max_attempts" not in found

    def test_routes_of_tcp(self) -> None:
        """There are no routes for connections."""
        found = told(envoy_routes, {}, "mainframe")
        reason = "plain TCP has no routes: it stands with Envoy's clusters and listeners"

        assert (reason, reason) == (found["retry.max_attempts"], found["timeouts.connect"])
        assert '"virtual_hosts": []' in envoy_routes(a_config(), upstream="mainframe").text
