"""What the text says where a running Envoy would show it too late, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from meshconf.mesh.render import envoy
from tests.mesh.render.configs import a_config, loaded


def bootstrap(settings: dict[str, Any], upstream: str | None = None, **options: str) -> Any:
    """Render, and read what was written."""
    return json.loads(envoy(a_config(settings), upstream=upstream, **options).text)


def cluster(settings: dict[str, Any], upstream: str = "payments") -> Any:
    """Return the cluster of an upstream."""
    return bootstrap(settings, upstream)["static_resources"]["clusters"][0]


def lookup(found: Any) -> Any:
    """Return how a cluster looks up names."""
    return found["cluster_type"]["typed_config"]


def manager(settings: dict[str, Any], upstream: str = "payments") -> Any:
    """Return what deals with requests."""
    listeners = bootstrap(settings, upstream)["static_resources"]["listeners"]
    return listeners[0]["filter_chains"][0]["filters"][0]["typed_config"]


def collector(endpoint: str) -> Any:
    """Return how a collector is asked, and its cluster."""
    config = loaded({"service_name": "orders", "tracing.endpoint": endpoint})
    found = json.loads(envoy(config).text)["static_resources"]
    provider = found["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]["tracing"]
    return provider["provider"]["typed_config"], found["clusters"][0]


class TestBootstrap:
    def test_node(self) -> None:
        """Envoy knows whose it is."""
        found = bootstrap({"service_name": "orders", "service_version": "2.1.0"})["node"]

        assert {
            "id": "orders",
            "cluster": "orders",
            "metadata": {"service_version": "2.1.0"},
        } == found

    def test_addresses(self) -> None:
        """Envoy listens where the caller says; metrics can be had from elsewhere."""
        own = {"listen": "10.0.0.9:80", "admin": "[::1]:81"}
        found = bootstrap({"metrics.port": 82}, **own)
        listeners = found["static_resources"]["listeners"]
        places = [found["admin"], listeners[0], listeners[-1]]

        assert [("::1", 81), ("10.0.0.9", 80), ("0.0.0.0", 82)] == [  # noqa: S104 - see above
            tuple(place["address"]["socket_address"].values()) for place in places
        ]

    @pytest.mark.parametrize(
        ("listen", "admin", "message"),
        [
            ("localhost:1", "127.0.0.1:2", "listen: Envoy wants an IP address, which localhost is"),
            ("127.0.0.1:1", "a.b:2", "admin: Envoy wants an IP address, which a.b is not"),
            ("127.0.0.1", "127.0.0.1:2", 'listen "127.0.0.1": write "host:port"'),
            ("127.0.0.1:1", "127.0.0.1:0", 'admin "127.0.0.1:0": write "host:port"'),
            ("127.0.0.1:1", "127.0.0.1:1", "listen and admin are both 127.0.0.1:1"),
        ],
    )
    def test_wrong_addresses(self, listen: str, admin: str, message: str) -> None:
        """A place where Envoy could not listen is a mistake of the caller."""
        with pytest.raises(ValueError, match=message):
            envoy(a_config(), listen=listen, admin=admin)

    def test_long_requests(self) -> None:
        """Only its own timeout ends a request, and not Envoy's five minutes of silence."""
        found = manager({"timeouts.request": 86400.0})

        assert "0s" == found["stream_idle_timeout"]
        assert (
            "86400.000s"
            == (found["route_config"]["virtual_hosts"][0]["routes"][0]["route"]["timeout"])
        )


class TestCluster:
    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({"algorithm": "round_robin"}, {"lb_policy": "ROUND_ROBIN"}),
            ({"algorithm": "random"}, {"lb_policy": "RANDOM"}),
            (
                {"algorithm": "least_request", "choice_count": 3},
                {"lb_policy": "LEAST_REQUEST", "least_request_lb_config": {"choice_count": 3}},
            ),
            (
                {"algorithm": "ring_hash", "hash_key": "source_ip", "minimum_ring_size": 7},
                {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": 7}},
            ),
            (
                {"algorithm": "maglev", "hash_key": "source_ip", "table_size": 11},
                {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": 11}},
            ),
            (
                {"algorithm": "round_robin", "slow_start": 30.0},
                {
                    "lb_policy": "ROUND_ROBIN",
                    "round_robin_lb_config": {
                        "slow_start_config": {"slow_start_window": "30.000s"}
                    },
                },
            ),
            (
                {"algorithm": "least_request", "slow_start": 0.5},
                {
                    "lb_policy": "LEAST_REQUEST",
                    "least_request_lb_config": {
                        "choice_count": 2,
                        "slow_start_config": {"slow_start_window": "0.500s"},
                    },
                },
            ),
            ({"algorithm": "random", "slow_start": 30.0}, {"lb_policy": "RANDOM"}),
        ],
    )
    def test_balancing(self, settings: dict[str, Any], expected: dict[str, Any]) -> None:
        """Each algorithm has its policy, with what belongs to it."""
        found = cluster({f"load_balancer.{name}": value for name, value in settings.items()})

        assert expected == {
            key: value
            for key, value in found.items()
            if key == "lb_policy" or (key.endswith("_lb_config") and key != "common_lb_config")
        }

    def test_ejection(self) -> None:
        """What ends an ejection is the time alone, which grows up to the longest."""
        times = {"window": 1.5, "reset_timeout": 2.0, "max_reset_timeout": 90.0}
        settings = {f"circuit_breaker.{name}": seconds for name, seconds in times.items()}
        found = cluster(settings)["outlier_detection"]

        assert {
            "interval": "1.500s",
            "base_ejection_time": "2.000s",
            "max_ejection_time": "90.000s",
            "successful_active_health_check_uneject_host": False,
            "enforcing_success_rate": 0,
        }.items() <= found.items()

    @pytest.mark.parametrize(
        ("ratio", "expected"), [(0.0, 0), (1e-300, 1), (0.29, 29), (0.505, 50), (0.996, 100)]
    )
    def test_percents(self, ratio: float, expected: int) -> None:
        """Ratios are whole percents, and nothing but 0 becomes 0."""
        settings = {
            "circuit_breaker.error_threshold": ratio,
            "load_balancer.panic_threshold": ratio,
        }
        found = cluster(settings)

        assert expected == found["outlier_detection"]["failure_percentage_threshold"]
        assert {"value": expected} == found["common_lb_config"]["healthy_panic_threshold"]

    def test_delays(self) -> None:
        """The delays between attempts are those of the settings, for requests and connections."""
        delays = {"retry.base_delay": 0.25, "retry.max_delay": 4.0}
        host = manager(delays)["route_config"]["virtual_hosts"][0]
        listeners = bootstrap(delays, "mainframe")["static_resources"]["listeners"]
        proxy = listeners[1]["filter_chains"][0]["filters"][0]["typed_config"]
        expected = {"base_interval": "0.250s", "max_interval": "4.000s"}

        assert expected == host["routes"][0]["route"]["retry_policy"]["retry_back_off"]
        assert expected == proxy["backoff_options"]

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({}, {"num_retries": 2, "retry_on": "5xx"}),
            ({"retry.max_attempts": 1}, {"num_retries": 0}),
            ({"retry.budget": 0}, {"num_retries": 0}),
            ({"retry.on": []}, {"num_retries": 0}),
        ],
    )
    def test_attempts(self, settings: dict[str, Any], expected: dict[str, Any]) -> None:
        """Where nothing is tried again, no failure is worth it."""
        host = manager({"retry.on": ["5xx"], **settings})["route_config"]["virtual_hosts"][0]
        policy = host["routes"][0]["route"]["retry_policy"]

        assert expected == {
            name: policy[name] for name in ("num_retries", "retry_on") if name in policy
        }

    def test_hashed_connections(self) -> None:
        """Connections are told apart by the address that they come from."""
        hashed = {"load_balancer.algorithm": "maglev", "load_balancer.hash_key": "source_ip"}
        listeners = bootstrap(hashed, "mainframe")["static_resources"]["listeners"]
        proxy = listeners[1]["filter_chains"][0]["filters"][0]["typed_config"]

        assert [{"source_ip": {}}] == proxy["hash_policy"]

    def test_http2_over_tls(self) -> None:
        """What speaks HTTP/2 is told so by ALPN."""
        for upstream, expected in {"ledger": ["h2"], "payments": None}.items():
            socket = cluster({"tls.enabled": True}, upstream)["transport_socket"]
            common = socket["typed_config"]["common_tls_context"]

            assert expected == common.get("alpn_protocols")

    def test_final_dot(self) -> None:
        """A certificate names a host without the final dot of its name."""
        hosts = {"static.endpoints": {"payments": ["a.internal.:80"]}, "tls.enabled": True}
        socket = cluster(hosts)["transport_socket"]
        context = socket["typed_config"]["common_tls_context"]["validation_context"]

        assert [{"san_type": "DNS", "matcher": {"exact": "a.internal"}}] == (
            context["match_typed_subject_alt_names"]
        )


class TestNames:
    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            (
                {"discovery.backend": "consul", "consul.datacenter": "west"},
                ("payments.service.west.consul", 80),
            ),
            (
                {
                    "discovery.backend": "kubernetes",
                    "kubernetes.namespace": "shop",
                    "kubernetes.cluster_domain": "example",
                },
                ("payments.shop.svc.example", 80),
            ),
            (
                {
                    "discovery.backend": "dns",
                    "dns.name": "{service}.a.{service}.",
                    "dns.record_type": "A",
                    "dns.port": 81,
                },
                ("payments.a.payments.", 80),
            ),
        ],
    )
    def test_looked_up(self, settings: dict[str, Any], expected: tuple[str, int]) -> None:
        """The name of an upstream in DNS is what its backend makes of it."""
        found = cluster(
            {**settings, "upstreams.payments.port": 80, "discovery.refresh_interval": 7.0}
        )
        [endpoint] = found["load_assignment"]["endpoints"][0]["lb_endpoints"]

        assert "7.000s" == lookup(found)["dns_refresh_rate"]
        assert expected == tuple(endpoint["endpoint"]["address"]["socket_address"].values())
        # What TLS asks for has no final dot.
        assert expected[0].removesuffix(".") == endpoint["endpoint"]["hostname"]

    @pytest.mark.parametrize(
        ("record_type", "expected"),
        [("A", "V4_ONLY"), ("AAAA", "V6_ONLY"), ("SRV", "V4_PREFERRED")],
    )
    def test_families(self, record_type: str, expected: str) -> None:
        """The records say which addresses are looked up."""
        found = cluster(
            {
                "discovery.backend": "dns",
                "dns.name": "{service}",
                "dns.record_type": record_type,
                "dns.port": None if record_type == "SRV" else 80,
                "upstreams.payments.port": 80,
            }
        )

        assert expected == lookup(found)["dns_lookup_family"]
        assert "typed_dns_resolver_config" not in lookup(found)

    def test_name_servers(self) -> None:
        """Name servers are addresses, with port 53 unless they have another."""
        servers = ["10.0.0.2", "10.0.0.3:54", "::1", "[::1]", "[::1]:55"]
        settings = {"discovery.backend": "dns", "dns.name": "a", "upstreams.payments.port": 80}
        found = cluster({**settings, "dns.nameservers": servers})
        resolver = lookup(found)["typed_dns_resolver_config"]

        assert [("10.0.0.2", 53), ("10.0.0.3", 54), ("::1", 53), ("::1", 53), ("::1", 55)] == [
            tuple(each["socket_address"].values()) for each in resolver["typed_config"]["resolvers"]
        ]

    def test_static(self) -> None:
        """A name among static hosts is looked up as often as Envoy likes, addresses are not."""
        named = cluster({}, "mainframe")

        assert "V4_PREFERRED" == lookup(named)["dns_lookup_family"]
        assert "dns_refresh_rate" not in lookup(named)
        assert "type" not in named
        assert "STATIC" == cluster({})["type"]


class TestCollector:
    @pytest.mark.parametrize(
        ("endpoint", "authority"),
        [
            ("collector:4317", "collector:4317"),
            ("http://collector", "collector:4317"),
            ("http://collector/", "collector:4317"),
            ("https://[::1]:9", "[::1]:9"),
            ("https://collector", "collector:443"),
            ("::1", "[::1]:4317"),
        ],
    )
    def test_grpc(self, endpoint: str, authority: str) -> None:
        """Spans go by gRPC, and to its port, unless something says otherwise."""
        asked, found = collector(endpoint)

        assert authority == asked["grpc_service"]["envoy_grpc"]["authority"]
        assert "typed_extension_protocol_options" in found

    @pytest.mark.parametrize(
        ("endpoint", "uri"),
        [
            ("collector:4318", "http://collector:4318/v1/traces"),
            ("http://collector/spans", "http://collector:4318/spans"),
            ("https://[::1]:9/v1/traces", "https://[::1]:9/v1/traces"),
            ("https://collector/v1/traces", "https://collector:443/v1/traces"),
            ("http://10.0.0.1:4318/", "http://10.0.0.1:4318/v1/traces"),
        ],
    )
    def test_http(self, endpoint: str, uri: str) -> None:
        """Spans go by HTTP where the port or a path says so."""
        asked, found = collector(endpoint)

        assert uri == asked["http_service"]["http_uri"]["uri"]
        assert "typed_extension_protocol_options" not in found
        assert uri.startswith("https:") == ("transport_socket" in found)

    def test_tls(self) -> None:
        """A collector that is asked by https has to be the one of that name."""
        _, found = collector("https://collector")
        context = found["transport_socket"]["typed_config"]["common_tls_context"]

        assert [{"san_type": "DNS", "matcher": {"exact": "collector"}}] == (
            context["validation_context"]["match_typed_subject_alt_names"]
        )
