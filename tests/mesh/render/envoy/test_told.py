"""What Envoy does not say, and what it refuses."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from meshconf import ConfigError, ServiceMeshConfig
from meshconf.mesh import UpstreamConfig
from meshconf.mesh.discovery import StaticConfig
from meshconf.mesh.render import envoy, envoy_clusters, envoy_routes
from meshconf.mesh.render.envoy_tls import SYSTEM_ROOTS
from tests.mesh.render.configs import a_config

COUNTED = "load_balancer.panic_threshold"


def told(render: Any, settings: dict[str, Any], upstream: str | None = None) -> dict[str, str]:
    """Return the reasons, by path."""
    return {one.path: one.reason for one in render(a_config(settings), upstream=upstream).dropped}


def noted(
    settings: dict[str, Any], upstream: str | None = None, render: Any = envoy
) -> dict[str, tuple[bool, bool, bool]]:
    """Return whether each is dropped in part, whether it is a default, and whether it is notable."""
    found = render(a_config(settings), upstream=upstream).dropped
    return {one.path: (one.in_part, one.default, one.notable) for one in found}


def refused(settings: dict[str, Any], render: Any = envoy) -> dict[str, str]:
    """Return why settings are refused, by path."""
    with pytest.raises(ConfigError) as caught:
        render(a_config(settings))
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
            (
                {"tracing.endpoint": "http://a"},
                {"tracing.endpoint": "Envoy takes port 4317, as the endpoint names none"},
            ),
            (
                {"tracing.endpoint": "http://a/v1/traces"},
                {"tracing.endpoint": "Envoy takes port 4318, as the endpoint names none"},
            ),
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

    @pytest.mark.parametrize("endpoint", ["https://a", "https://a/v1/traces", "http://a:4317"])
    def test_port_of_collector(self, endpoint: str) -> None:
        """What the URL of a collector means by itself is not told."""
        assert "tracing.endpoint" not in told(envoy, {"tracing.endpoint": endpoint}, "payments")

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
            "retry.status_codes",
            "timeouts.per_try",
            "timeouts.request",
        } == {path for path, why in found.items() if why == reason}

    @pytest.mark.parametrize(
        ("retry", "expected", "unsaid"),
        [
            ({}, 5, {"retry.on": (True, True, False)}),
            ({"on": ["connect-failure"]}, 5, {"retry.on": (True, False, True)}),
            ({"on": []}, 1, {}),
            ({"budget": 0.2}, 5, {"retry.budget": (False, False, True)}),
            ({"budget": 0}, 1, {}),
        ],
    )
    def test_attempts_of_tcp(
        self, retry: dict[str, Any], expected: int, unsaid: dict[str, Any]
    ) -> None:
        """A connection is tried again where anything is, if the budget is not 0."""
        settings = {"retry.max_attempts": 5, **{f"retry.{name}": retry[name] for name in retry}}
        found = noted(settings, "mainframe")

        assert f'"max_connect_attempts": {expected},' in envoy(a_config(settings)).text
        assert unsaid.items() <= found.items()
        assert unsaid or not {"retry.on", "retry.budget"} & {*found}

    def test_tcp_without_listener(self) -> None:
        """What a listener would say of plain TCP is told where there is none."""
        found = told(envoy, {"upstreams.mainframe.port": None}, "mainframe")
        reason = "Envoy does not listen for it"

        assert [reason] * 4 == [
            found[path]
            for path in ("retry.max_attempts", "retry.on", "retry.base_delay", "timeouts.idle")
        ]

    def test_hashed_connections(self) -> None:
        """The source of connections is known."""
        settings = {
            "load_balancer.algorithm": "ring_hash",
            "load_balancer.hash_key": "source_ip",
        }

        assert "load_balancer.hash_key" not in told(envoy, settings, "mainframe")


class TestNotes:
    """Whether a setting is dropped in part, and whether somebody has to read it."""

    @pytest.mark.parametrize(
        "settings",
        [
            {COUNTED: 0.505},
            {"tracing.endpoint": "a:1", "tracing.sampling_ratio": 0.12345},
            {"tracing.endpoint": "http://a"},
            {"retry.budget": 0.2},
            {"metrics.path": "/metrics?a=1"},
            {"load_balancer.health_check.expected_statuses": []},
            {"circuit_breaker.window": 10.00001},
        ],
    )
    def test_in_part(self, settings: dict[str, Any]) -> None:
        """What is said, and not exactly, is dropped in part."""
        path = [*settings][-1]

        assert (True, False, True) == noted(settings, "payments")[path]

    def test_in_whole(self) -> None:
        """How Envoy waits between attempts is its own matter; who has not set it need not know."""
        settings = {"retry.multiplier": 3.0, "circuit_breaker.half_open_max_requests": 7}
        found = noted(settings, "payments")

        assert (False, False, True) == found["retry.multiplier"]
        assert (False, False, True) == found["circuit_breaker.half_open_max_requests"]
        assert (False, True, False) == found["retry.jitter"]

    def test_defaults(self) -> None:
        """Of the defaults, with hosts that are given, nothing has to be read."""
        assert {
            "circuit_breaker.half_open_max_requests",
            "retry.jitter",
            "tracing.enabled",
            "tracing.sampling_ratio",
        } == {*noted({}, "payments")}
        assert not [one for one in noted({}).values() if one == (False, True, True)]

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({}, True),
            ({"tls.ca_file": "ca.pem"}, False),
            ({"tls.verify": False}, False),
        ],
    )
    def test_system_roots(self, settings: dict[str, Any], expected: bool) -> None:
        """It has to be known where the roots of the system are looked for."""
        found = envoy(a_config({"tls.enabled": True, **settings})).dropped
        notes = [one for one in found if one.path == "tls.verify"]

        assert [(True, True)] * expected == [(one.in_part, one.notable) for one in notes]
        assert all(SYSTEM_ROOTS in one.reason for one in notes)


class TestDiscovery:
    @pytest.mark.parametrize(
        "backend",
        [
            {"discovery.backend": "consul"},
            {"discovery.backend": "kubernetes"},
            {"discovery.backend": "dns", "dns.name": "{service}", "dns.record_type": "SRV"},
        ],
    )
    def test_no_port(self, backend: dict[str, Any]) -> None:
        """Where hosts come without a port, one without a port of its own is refused."""
        settings = {**backend, "upstreams.ledger.port": None, "upstreams.mainframe.port": 1}
        expected = {
            f"upstreams.{name}.port": "is not set, and Envoy asks DNS for addresses, without ports"
            for name in ("payments", "ledger")
        }

        assert expected == refused(settings)
        assert expected == refused(settings, envoy_clusters)
        # Routes lead to clusters, wherever these have their hosts from.
        assert '"cluster": "payments"' in envoy_routes(a_config(settings)).text
        assert '"port_value": 1' in envoy(a_config(settings), upstream="mainframe").text

    def test_defaults(self) -> None:
        """With the default backend, an upstream wants nothing but a port, and is told so."""
        bare = ServiceMeshConfig(service_name="orders", upstreams={"payments": UpstreamConfig()})
        with pytest.raises(ConfigError, match=r"write the port on which the service listens"):
            envoy(bare)
        ported = attrs.evolve(bare, upstreams={"payments": UpstreamConfig(port=80)})

        assert '"payments.service.dc1.consul"' in envoy(ported).text

    def test_consul(self) -> None:
        """That Consul is asked by DNS has to be known; the rest of how it is reached is lost."""
        settings = {"discovery.backend": "consul", "upstreams.payments.port": 1}
        reason = "Envoy asks Consul by DNS: the name servers of its machine have to forward .consul"
        unsaid = {f"consul.{name}" for name in ("host", "port", "scheme", "consistency")}
        found, notes = told(envoy, settings, "payments"), noted(settings, "payments")

        assert unsaid == {path for path, why in found.items() if why == reason}
        assert (False, True, True) == notes["consul.host"]
        assert (False, True, False) == notes["consul.port"]
        assert (
            "Consul's DNS leaves out critical hosts alone, or what its agent says"
            == found["discovery.only_passing"]
        )

    def test_kubernetes(self) -> None:
        """That an ordinary Service hides its hosts behind one address has to be known."""
        settings = {"discovery.backend": "kubernetes", "upstreams.payments.port": 1}
        found = told(envoy, settings, "payments")

        assert (
            "Envoy sees the hosts of headless services alone (clusterIP: None), of others one address"
            == found["discovery.backend"]
        )
        assert (True, False, True) == noted(settings, "payments")["discovery.backend"]
        assert (
            "Kubernetes' DNS leaves out hosts that are not ready"
            == (found["discovery.only_passing"])
        )

    def test_srv_name(self) -> None:
        """A name of SRV records, which bring ports, is refused as such, and not for want of a port."""
        settings = {"discovery.backend": "dns", "dns.name": "_{service}._tcp.a"}
        expected = {"dns.name": "makes a name of SRV records, which Envoy does not look up"}
        some = {"upstreams.payments.port": 1}

        assert expected == refused({**settings, "upstreams.ledger.port": None})
        assert expected == refused({**settings, **some}, envoy_clusters)
        # What no backend asks for is not judged.
        assert "_{service}" not in envoy(a_config({"dns.name": "_{service}"})).text

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({"discovery.backend": "etcd"}, "is etcd, and Envoy cannot ask etcd"),
            (
                {"discovery.backend": "zookeeper", "zookeeper.hosts": ["a:1"]},
                "is zookeeper, and Envoy cannot ask ZooKeeper",
            ),
        ],
    )
    def test_not_asked(self, settings: dict[str, Any], expected: str) -> None:
        """What Envoy has no way to ask is refused, unless nobody is called."""
        nobody = ServiceMeshConfig(service_name="orders", discovery=a_config(settings).discovery)

        assert {"discovery.backend": expected} == refused(settings)
        assert {"discovery.backend": expected} == refused(settings, envoy_clusters)
        assert (False, False, True) == noted(settings, None, envoy_routes)["discovery.backend"]
        assert '"service_version"' in envoy(nobody).text

    def test_not_asked_help(self) -> None:
        """Who has to choose another backend is told how to name hosts."""
        with pytest.raises(ConfigError) as caught:
            envoy(a_config({"discovery.backend": "etcd"}))

        [problem] = caught.value.problems

        assert (
            'set discovery.backend = "static" and name hosts in static.endpoints, or choose consul, '
            "kubernetes or dns" == problem.help
        )

    def test_no_hosts(self) -> None:
        """Those without hosts are named, and somebody has to read that."""
        hosts = {"ledger": ["b:9090"], "mainframe": []}
        extra = {f"upstreams.{name}.protocol": "http" for name in "abcdef"}
        found = told(envoy, {"static.endpoints": hosts, **extra})
        notes = noted({"static.endpoints": hosts})

        missing = "payments, mainframe, a, b, c and 3 more"
        expected = f"it has no hosts of {missing}: whatever is sent there fails"

        assert expected == found["static.endpoints"]
        assert (True, False, True) == notes["static.endpoints"]
        assert "static.endpoints" not in told(envoy, {"static.endpoints": hosts}, "ledger")

    def test_no_endpoints(self) -> None:
        """Where no hosts at all are given, which no file can do, that is notable too."""
        config = attrs.evolve(a_config(), static=StaticConfig())
        [found] = [one for one in envoy(config).dropped if one.path == "static.endpoints"]

        assert (True, True, True) == (found.in_part, found.default, found.notable)

    def test_ports_of_nothing(self) -> None:
        """A port is told where no host is known that could have it."""
        settings = {
            "static.endpoints": {"ledger": ["b:1"]},
            "upstreams.payments.port": 1,
            "load_balancer.health_check.port": 2,
        }
        found = told(envoy_clusters, settings, "payments")
        reason = "Envoy knows no hosts on it"

        assert reason == found["upstreams.payments.port"]
        assert reason == found["load_balancer.health_check.port"]
        assert (False, False, True) == noted(settings)["upstreams.payments.port"]
        # Envoy listens there, all the same.
        assert (True, False, True) == noted(settings)["upstreams.mainframe.port"]

    def test_ports(self) -> None:
        """Where names and ports are known, nothing is missing."""
        settings = {"discovery.backend": "dns", "dns.name": "a", "dns.record_type": "A"}
        found = told(envoy, {**settings, "dns.port": 80, "dns.nameservers": ["10.0.0.1"]})

        assert not [path for path in found if path.startswith("discovery.")]
        assert [] == [path for path in found if path.startswith("dns.")]

    def test_dns(self) -> None:
        """What Envoy cannot ask by DNS is told."""
        settings = {"discovery.backend": "dns", "dns.name": "a", "dns.nameservers": ["ns.a"]}
        found = told(envoy, {**settings, "upstreams.payments.port": 1}, "payments")

        assert {
            "dns.nameservers": "Envoy wants IP addresses of name servers",
            "dns.record_type": "Envoy looks up A and AAAA records",
        } == {path: why for path, why in found.items() if path.startswith("dns.")}

    def test_srv(self) -> None:
        """That SRV records, the default, are not looked up has to be known."""
        settings = {"discovery.backend": "dns", "dns.name": "a", "upstreams.payments.port": 1}

        assert (False, True, True) == noted(settings, "payments")["dns.record_type"]


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
        ],
    )
    def test_reasons(self, settings: dict[str, Any], expected: dict[str, str]) -> None:
        """What would mean something else, or nothing, is refused, all of it at once."""
        assert expected == refused(settings)

    @pytest.mark.parametrize(
        ("settings", "paths"),
        [
            ({"discovery.backend": "consul", "consul.datacenter": "a b"}, ["consul.datacenter"]),
            ({"discovery.backend": "consul", "consul.datacenter": ""}, ["consul.datacenter"]),
            (
                {"discovery.backend": "consul", "consul.datacenter": "{service}"},
                ["consul.datacenter"],
            ),
            (
                {
                    "discovery.backend": "kubernetes",
                    "kubernetes.namespace": "",
                    "kubernetes.cluster_domain": "a..b",
                },
                ["kubernetes.namespace", "kubernetes.cluster_domain"],
            ),
            (
                {"discovery.backend": "kubernetes", "kubernetes.namespace": "a" * 64},
                ["kubernetes.namespace"],
            ),
            ({"discovery.backend": "dns", "dns.name": "-{service}"}, ["dns.name"]),
            ({"discovery.backend": "dns", "dns.name": "{service}..a"}, ["dns.name"]),
            ({"discovery.backend": "dns", "dns.name": "10.0.0.1"}, ["dns.name"]),
            (
                {"discovery.backend": "dns", "dns.name": f"{{service}}{'a' * 56}"},
                ["upstreams.payments"],
            ),
        ],
    )
    def test_no_names(self, settings: dict[str, Any], paths: list[str]) -> None:
        """A name that no DNS server knows is refused, by the settings that make it one."""
        reason = "makes no name that can be looked up, which Envoy wants"
        only = {"upstreams.payments.port": 1, **settings}
        with pytest.raises(ConfigError) as caught:
            envoy(a_config(only), upstream="payments")

        assert dict.fromkeys(paths, reason) == {
            one.path: one.message.partition("` ")[2] for one in caught.value.problems
        }

    def test_tag(self) -> None:
        """In Consul's DNS, a name with a dot stands for a tag and another service."""
        names = ("payments", "eu.payments", "a" * 64)
        settings = {
            "discovery.backend": "consul",
            **{f'upstreams."{name}".port': 1 for name in names},
        }

        assert {
            'upstreams."eu.payments"': (
                "means another service in Consul's DNS: what precedes a dot is a tag"
            ),
            f"upstreams.{'a' * 64}": "makes no name that can be looked up, which Envoy wants",
        } == refused(settings)

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
    """Clusters and routes tell the same: what neither of them says."""

    @pytest.mark.parametrize("upstream", [None, "payments", "mainframe"])
    def test_same(self, upstream: str | None) -> None:
        """Who renders one of them is not told of what the other says."""
        settings = {
            "retry.multiplier": 3.0,
            "retry.max_attempts": 4,
            "circuit_breaker.max_connections": 5,
            "load_balancer.panic_threshold": 0.505,
            "timeouts.request": 50.00001,
        }
        clusters = envoy_clusters(a_config(settings), upstream=upstream).dropped
        routes = envoy_routes(a_config(settings), upstream=upstream).dropped

        paths = {one.path for one in routes}

        assert clusters == routes
        assert ("retry.max_attempts" in paths) == (upstream != "payments")
        assert "circuit_breaker.max_connections" not in paths
        # What clusters say, and what routes say, and neither exactly.
        assert {"load_balancer.panic_threshold", "timeouts.request"} <= paths

    def test_notable(self) -> None:
        """Where no other setting is, nothing of a pair that says all of them has to be read."""
        settings = {"circuit_breaker.max_connections": 5, "retry.max_attempts": 4}

        assert [] == [
            path
            for render in (envoy_clusters, envoy_routes)
            for path, (_, _, notable) in noted(settings, "payments", render).items()
            if notable
        ]

    def test_bootstrap(self) -> None:
        """What a bootstrap alone says is told."""
        found = told(envoy_routes, {"retry.multiplier": 3.0, "metrics.port": 99}, "payments")
        reason = "it stands in Envoy's bootstrap"

        assert "Envoy doubles each delay" == found["retry.multiplier"]
        assert {
            "metrics.enabled",
            "metrics.path",
            "metrics.port",
            "service_name",
            "service_version",
            "tracing.enabled",
            "tracing.sampling_ratio",
        } == {path for path, why in found.items() if why == reason}
        assert (False, True, False) == noted({}, None, envoy_routes)["service_name"]
        assert (False, False, True) == noted({"metrics.port": 99}, None, envoy_routes)[
            "metrics.port"
        ]

    def test_tcp(self) -> None:
        """What connections are about is said with the listeners, and there are no routes for them."""
        found = told(envoy_clusters, {}, "mainframe")
        reason = "it stands with Envoy's listeners"

        assert [reason] * 3 == [
            found[path] for path in ("retry.max_attempts", "retry.on", "timeouts.idle")
        ]
        assert "Envoy sees connections in plain TCP, and no requests" == found["timeouts.request"]
        assert "timeouts.connect" not in found
        assert '"virtual_hosts": []' in envoy_routes(a_config(), upstream="mainframe").text

    def test_refused(self) -> None:
        """What only the other one cannot say is refused by both: neither is of use without it."""
        settings = {"load_balancer.algorithm": "peak_ewma"}

        assert refused(settings, envoy_clusters) == refused(settings, envoy_routes)
