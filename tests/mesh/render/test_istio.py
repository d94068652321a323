"""Tests for `meshconf.mesh.render.istio_resources`, with the definitions of its resources."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from meshconf import ConfigError, ServiceMeshConfig
from meshconf.mesh.render import Rendered, istio
from tests.mesh.render.configs import (
    DEFAULTS,
    HOSTILE,
    a_config,
    at_bounds,
    configs,
    hostile_configs,
    loaded,
)
from tests.mesh.render.resources import milliseconds, validator

Resource = dict[str, Any]

#: The statuses that have a text in Go's net/http, of which alone Istio takes some.
KNOWN = [*range(400, 419), *range(421, 427), 428, 429, 431, 451, *range(500, 509), 510, 511]

TLS = {
    "tls.enabled": True,
    "tls.ca_file": "/etc/mesh/ca.pem",
    "tls.cert_file": "/etc/mesh/cert.pem",
    "tls.key_file": "/etc/mesh/key.pem",
    "tls.server_name": "payments.example.com",
}


def items_of(text: str) -> list[Resource]:
    """Read the resources of a list."""
    found = json.loads(text)
    assert ("v1", "List") == (found["apiVersion"], found["kind"])
    items: list[Resource] = found["items"]
    return items


def item(kind: str, *settings: tuple[str, Any], name: str = "payments") -> Resource:
    """Render settings, by dotted path, in place of or beside the base; return one resource."""
    items = items_of(istio(a_config(dict(settings))).text)
    (found,) = [one for one in items if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def policy(*settings: tuple[str, Any], name: str = "payments") -> Any:
    """Render settings; return how an upstream is connected to, on its port if it has one."""
    found = item("DestinationRule", *settings, name=name)["spec"]["trafficPolicy"]
    if "portLevelSettings" not in found:
        return found
    ((only,),) = found.values()
    return {key: value for key, value in only.items() if key != "port"}


def route(*settings: tuple[str, Any]) -> Any:
    """Render settings; return where requests for payments go, and how."""
    (found,) = item("VirtualService", *settings)["spec"]["http"]
    return found


def reasons(found: Rendered) -> dict[str, str]:
    """Return why each setting is dropped that is."""
    return {one.path: one.reason for one in found.dropped}


def reason(path: str, *settings: tuple[str, Any]) -> str | None:
    """Render settings for payments; return why one of them is dropped, if it is."""
    return reasons(istio(a_config(dict(settings)), upstream="payments")).get(path)


def problems(settings: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Render what cannot be; return the code, the path and the message of each problem."""
    with pytest.raises(ConfigError) as caught:
        istio(loaded({"service_name": "orders", "upstreams": {"payments": {}}, **settings}))
    return [(one.code, one.path, one.message) for one in caught.value.problems]


def errors(found: Resource) -> list[str]:
    """Return what is wrong with a resource, by its definition and by what Istio's source adds."""
    schema = validator(f"istio-{found['kind'].lower()}")
    resource = {"spec": found["spec"]}
    return [str(one.message) for one in schema.iter_errors(resource)] or beyond(found["spec"])


def beyond(value: Any) -> list[str]:
    """Return what Istio would refuse although the definition does not.

    These are rules of its source, in words of this test; there is no Istio at hand.
    """
    if isinstance(value, list):
        return [error for one in value for error in beyond(one)]
    if not isinstance(value, dict):
        return []
    found = [error for one in value.values() for error in beyond(one)]
    for key, one in value.items():
        if key in ("timeout", "duration", "backoff", "interval") or key.endswith(
            ("Timeout", "Time")
        ):
            found += [f"{key} {one}"] * (milliseconds(one) != int(milliseconds(one)))
        if key == "retries" and one["attempts"] == 0:
            found += [f"{name} beside 0 attempts" for name in one if name != "attempts"]
        if key == "retryOn":
            codes = [int(code) for code in one.split(",") if code.isdigit()]
            found += [f"status {code}" for code in codes if code not in KNOWN]
        if key == "tableSize":
            found += [f"{key} {one}"] * (not 0 < one < 5_000_011)
        if key.endswith("Percent"):
            found += [f"{key} {one}"] * (not 0 <= one <= 100)
        if key == "tls" and one.get("insecureSkipVerify"):
            found += [key for key in ("caCertificates", "subjectAltNames") if key in one]
    return found


class TestDefinitions:
    """The custom resource definitions of Istio, closed to what they do not name."""

    def test_defaults(self) -> None:
        """Resources of the defaults are valid."""
        found = items_of(istio(DEFAULTS).text)

        assert ["DestinationRule", "VirtualService"] == [one["kind"] for one in found]
        assert [] == [error for one in found for error in errors(one)]

    def test_bounds(self) -> None:
        """Resources of each setting at its limits are valid, or refused by that setting's name."""
        refused, found = set(), set()
        for _, config in at_bounds():
            try:
                found |= {json.dumps(one) for one in items_of(istio(config).text)}
            except ConfigError as error:
                refused |= {one.path for one in error.problems}

        assert len(found) > 100
        assert [] == [error for one in found for error in errors(json.loads(one))]
        assert {
            "service_name",
            "kubernetes.namespace",
            "kubernetes.cluster_domain",
            "load_balancer.algorithm",
            "upstreams.payments.load_balancer.algorithm",
            "tls.server_name",
        } == refused

    @settings(max_examples=350, deadline=None)
    @given(config=configs())
    def test_any(self, config: ServiceMeshConfig) -> None:
        """Resources of whatever configuration are valid; a third of them have names to refuse."""
        try:
            found = items_of(istio(config).text)
        except ConfigError:
            return

        assert [] == [error for one in found for error in errors(one)]

    @settings(max_examples=100, deadline=None)
    @given(config=hostile_configs())
    def test_hostile(self, config: ServiceMeshConfig) -> None:
        """Names and texts that are made to be misread are refused, or come through."""
        try:
            found = items_of(istio(config).text)
        except ConfigError:
            return

        assert [] == [error for one in found for error in errors(one)]
        assert {*config.upstreams} <= {one["metadata"]["name"] for one in found}

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (["outlierDetection"], {"consecutiveErrorz": 5}),
            (["outlierDetection", "interval"], "0.000s"),
            (["outlierDetection", "interval"], 10),
            (["outlierDetection", "maxEjectionPercent"], 101),
            (["connectionPool", "tcp", "maxConnections"], 2**31),
            (["loadBalancer", "simple"], "PEAK_EWMA"),
            (["loadBalancer", "consistentHash"], {"useSourceIp": True}),
            (["tls"], {"mode": "SIMPLE", "insecureSkipVerify": True, "caCertificates": "a"}),
        ],
    )
    def test_control(self, path: list[str], value: Any) -> None:
        """What is no DestinationRule is found to be none."""
        wrong = item("DestinationRule")
        inner = wrong["spec"]["trafficPolicy"]
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value

        assert 1 == len(errors(wrong))

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("timeout", "0.0001s"),
            ("timeout", "1.0005s"),
            ("timeouts", "1s"),
            ("retries", {"attempts": "2"}),
            ("retries", {"attempts": 0, "retryOn": "5xx"}),
            ("retries", {"attempts": 1, "retryOn": "499"}),
        ],
    )
    def test_control_of_routes(self, path: str, value: Any) -> None:
        """What is no VirtualService is found to be none."""
        wrong = item("VirtualService")
        wrong["spec"]["http"][0][path] = value

        assert errors(wrong)


class TestHost:
    def test_default(self) -> None:
        """A host is a name in a namespace, where the resources stand too."""
        for kind in ("DestinationRule", "VirtualService"):
            found = item(kind)
            assert {
                "name": "payments",
                "namespace": "default",
                "annotations": {"meshconf/service": "orders"},
            } == found["metadata"]
            assert "networking.istio.io/v1" == found["apiVersion"]

        host = "payments.default.svc.cluster.local"

        assert host == item("DestinationRule")["spec"]["host"]
        assert [host] == item("VirtualService")["spec"]["hosts"]
        assert [{"destination": {"host": host}}] == route()["route"]

    @pytest.mark.parametrize("backend", ["kubernetes", "consul"])
    def test_settings(self, backend: str) -> None:
        """The group kubernetes counts whatever the backend is."""
        chosen = {
            "service_name": "orders",
            "discovery.backend": backend,
            "kubernetes.namespace": "shop",
            "kubernetes.cluster_domain": "example.com",
            "upstreams": {"payments": {}},
        }
        found = istio(loaded(chosen))
        rule, _ = items_of(found.text)

        assert "payments.shop.svc.example.com" == rule["spec"]["host"]
        assert "shop" == rule["metadata"]["namespace"]
        assert not {"kubernetes.namespace", "kubernetes.cluster_domain"} & reasons(found).keys()

    def test_port(self) -> None:
        """A port is that of the host, and requests for others of its ports are left alone."""
        found = route(("upstreams.payments.port", 8443))

        assert {"number": 8443} == found["route"][0]["destination"]["port"]
        assert [{"port": 8443}] == found["match"]
        assert "match" not in route()

    def test_port_of_tcp(self) -> None:
        """So it is for plain TCP."""
        port = ("upstreams.mainframe.port", 3270)
        (found,) = item("VirtualService", port, name="mainframe")["spec"]["tcp"]

        assert [{"port": 3270}] == found["match"]

    def test_port_of_connections(self) -> None:
        """What holds for connections holds for that port alone."""
        port = ("upstreams.payments.port", 8443)
        found = item("DestinationRule", port, ("tls.enabled", True))["spec"]["trafficPolicy"]
        ((only,),) = found.values()

        assert {"portLevelSettings"} == {*found}
        assert {"number": 8443} == only.pop("port")
        assert policy(("tls.enabled", True)) == only

    @pytest.mark.parametrize("name", [one for one in HOSTILE if 0 < len(one) < 254])
    def test_hostile(self, name: str) -> None:
        """What is no label is refused, wherever it would be a part of a name."""
        if name == "null":
            assert [] == items_of(istio(loaded({"service_name": name})).text)
            return
        found = problems(
            {
                "service_name": name,
                "upstreams": {name: {}},
                "kubernetes.namespace": name,
                "kubernetes.cluster_domain": name,
            }
        )
        label = "is no RFC 1123 label, which Kubernetes wants"

        assert ("MC303", "service_name", f"`service_name` {label}") == found[0]
        assert ("MC303", "kubernetes.namespace", f"`kubernetes.namespace` {label}") == found[1]
        assert found[2][2].endswith(label)
        assert {"MC303"} == {code for code, _, _ in found}
        assert 4 == len(found)

    @pytest.mark.parametrize(
        "name", ["Payments", "a.b", "a_b", "-a", "a-", "a" * 64, "a\n", "10.0.0.1"]
    )
    def test_no_label(self, name: str) -> None:
        """A host name need not be a label."""
        assert 1 == len(problems({"upstreams": {name: {}}}))

    @pytest.mark.parametrize("name", ["n", "1", "true", "1e3", "a" * 63, "a--b"])
    def test_label(self, name: str) -> None:
        """A label that other formats would misread is left as it is."""
        config = loaded({"service_name": "on", "upstreams": {name: {}}})

        assert [name] * 2 == [one["metadata"]["name"] for one in items_of(istio(config).text)]

    @pytest.mark.parametrize("domain", ["", "1", "a.1", ".a", "a.", "a..b", "A.b", "a_b", "a\n"])
    def test_no_domain(self, domain: str) -> None:
        """What is no domain is refused."""
        message = "`kubernetes.cluster_domain` is no domain, which Istio wants"
        expected = [("MC303", "kubernetes.cluster_domain", message)]

        assert expected == problems({"kubernetes.cluster_domain": domain})

    def test_long(self) -> None:
        """A domain that makes hosts too long for DNS is refused, and one that does not is not."""
        path, label = "kubernetes.cluster_domain", "a" * 55
        longest = ".".join([label] * 4 + ["b" * 8])
        found = istio(loaded({"service_name": "a", "upstreams": {"payments": {}}, path: longest}))
        host = items_of(found.text)[0]["spec"]["host"]

        assert 253 == len(host)
        assert [path] == [one for _, one, _ in problems({path: f"{longest}b"})]

    def test_no_upstream(self) -> None:
        """Without upstreams there is no resource, and nothing is said of hosts."""
        chosen = {"service_name": "a", "kubernetes.namespace": "b", "tls.enabled": True}
        found = istio(loaded(chosen))

        assert [] == items_of(found.text)
        assert (
            "there is no upstream for which it could hold"
            == (reasons(found)["kubernetes.namespace"])
        )
        assert {
            "service_name",
            "tls.enabled",
            "retry.on",
            "kubernetes.cluster_domain",
        } <= reasons(found).keys()


class TestConnections:
    def test_http(self) -> None:
        """Limits and timeouts are those of a pool."""
        assert {
            "tcp": {"connectTimeout": "5.000s", "maxConnections": 1024},
            "http": {
                "http1MaxPendingRequests": 1024,
                "http2MaxRequests": 1000,
                "idleTimeout": "300.000s",
                "h2UpgradePolicy": "DO_NOT_UPGRADE",
            },
        } == policy()["connectionPool"]

    @pytest.mark.parametrize("protocol", ["http2", "grpc"])
    def test_http2(self, protocol: str) -> None:
        """HTTP/2 is spoken where the upstream speaks it."""
        found = policy(("upstreams.payments.protocol", protocol))["connectionPool"]

        assert "UPGRADE" == found["http"]["h2UpgradePolicy"]

    @pytest.mark.parametrize(("protocol", "expected"), [("http2", []), ("grpc", ["protocol"])])
    def test_grpc(self, protocol: str, expected: list[str]) -> None:
        """That HTTP/2 is gRPC is not said."""
        found = istio(a_config({"upstreams.payments.protocol": protocol}), upstream="payments")
        prefix = "upstreams.payments."

        assert expected == [
            one.path.removeprefix(prefix) for one in found.dropped if one.path.startswith(prefix)
        ]

    def test_tcp(self) -> None:
        """Plain TCP has connections that wait, and that may be silent."""
        assert {
            "tcp": {
                "connectTimeout": "5.000s",
                "maxConnections": 1024,
                "idleTimeout": "300.000s",
            },
            "http": {"http1MaxPendingRequests": 1024},
        } == policy(name="mainframe")["connectionPool"]
        (only,) = [
            one for one in istio(a_config()).dropped if one.path == "circuit_breaker.max_requests"
        ]

        assert ("mainframe",) == only.upstreams

    def test_off(self) -> None:
        """A breaker that is off limits and ejects nothing, as Istio does by itself."""
        off = ("circuit_breaker.enabled", False)

        assert {
            "tcp": {"connectTimeout": "5.000s"},
            "http": {"idleTimeout": "300.000s", "h2UpgradePolicy": "DO_NOT_UPGRADE"},
        } == policy(off)["connectionPool"]
        assert {"tcp": {"connectTimeout": "5.000s", "idleTimeout": "300.000s"}} == (
            policy(off, name="mainframe")["connectionPool"]
        )
        assert "outlierDetection" not in policy(off)
        assert "Istio knows panic only where hosts are ejected" == (
            reason("load_balancer.panic_threshold", off)
        )

    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [(5e-324, "0.001s"), (1.2344, "1.234s"), (1e300, "2147483.647s")],
    )
    def test_durations(self, seconds: float, expected: str) -> None:
        """A duration is said in milliseconds, within what Envoy takes, and it is told."""
        found = policy(("timeouts.connect", seconds))["connectionPool"]

        assert expected == found["tcp"]["connectTimeout"]
        assert reason("timeouts.connect", ("timeouts.connect", seconds)) is not None


class TestEjection:
    def test_defaults(self) -> None:
        """Hosts are ejected after failures in a row."""
        assert {
            "consecutive5xxErrors": 5,
            "interval": "10.000s",
            "baseEjectionTime": "30.000s",
            "maxEjectionPercent": 50,
            "minHealthPercent": 50,
        } == policy()["outlierDetection"]

    def test_no_failures(self) -> None:
        """0 failures eject nobody."""
        found = policy(("circuit_breaker.consecutive_failures", 0))["outlierDetection"]

        assert 0 == found["consecutive5xxErrors"]

    def test_no_hosts(self) -> None:
        """A share of 0, which Istio would take for none, is said by leaving ejection out."""
        none = ("circuit_breaker.max_ejection_percent", 0)

        assert "outlierDetection" not in policy(none)
        for path in (
            "circuit_breaker.window",
            "circuit_breaker.consecutive_failures",
            "circuit_breaker.reset_timeout",
            "load_balancer.panic_threshold",
        ):
            found = "circuit_breaker.max_ejection_percent is 0, so that no host is ejected"
            assert found == reason(path, none)

    @pytest.mark.parametrize(("ratio", "expected"), [(0.505, 50), (0.001, 1), (0.0, 0), (1.0, 100)])
    def test_panic(self, ratio: float, expected: int) -> None:
        """Panic begins below whole percents; nothing but 0 is 0."""
        path = "load_balancer.panic_threshold"
        told = reason(path, (path, ratio))

        assert expected == policy((path, ratio))["outlierDetection"]["minHealthPercent"]
        assert (None if ratio in (0, 1) else f"Istio takes whole percents: {expected}") == told


class TestLoadBalancer:
    @pytest.mark.parametrize("algorithm", ["round_robin", "random", "least_request"])
    def test_simple(self, algorithm: str) -> None:
        """An algorithm is called as it is here, in capitals."""
        found = policy(("load_balancer.algorithm", algorithm))["loadBalancer"]

        assert {"simple": algorithm.upper()} == found

    @pytest.mark.parametrize(("choices", "expected"), [(2, None), (3, "one of 2 hosts")])
    def test_choices(self, choices: int, expected: str | None) -> None:
        """Two hosts are what Istio chooses from."""
        path = "load_balancer.choice_count"
        chosen = ("load_balancer.algorithm", "least_request"), (path, choices)
        found = reason(path, *chosen)

        assert expected == (found and found.removeprefix("Istio takes the less busy "))

    @pytest.mark.parametrize("algorithm", ["round_robin", "least_request"])
    def test_slow_start(self, algorithm: str) -> None:
        """A slow start is a warm-up."""
        found = policy(("load_balancer.algorithm", algorithm), ("load_balancer.slow_start", 0.25))[
            "loadBalancer"
        ]

        assert {"simple": algorithm.upper(), "warmup": {"duration": "0.250s"}} == found

    def test_no_slow_start(self) -> None:
        """An algorithm without a slow start has none."""
        found = policy(("load_balancer.algorithm", "random"), ("load_balancer.slow_start", 0.25))[
            "loadBalancer"
        ]

        assert {"simple": "RANDOM"} == found

    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            ("source_ip", {"useSourceIp": True}),
            ("header:X-User", {"httpHeaderName": "X-User"}),
            ("cookie:sid", {"httpCookie": {"name": "sid", "ttl": "0s"}}),
            ("query:u", {"httpQueryParameterName": "u"}),
        ],
    )
    def test_hash(self, key: str, expected: Any) -> None:
        """Requests are told apart by a key; that Istio sets a cookie is told."""
        path = "load_balancer.hash_key"
        chosen = ("load_balancer.algorithm", "ring_hash"), (path, key)
        ring = {"ringHash": {"minimumRingSize": 1024}}

        assert {"consistentHash": {**expected, **ring}} == policy(*chosen)["loadBalancer"]
        assert (key == "cookie:sid") is (reason(path, *chosen) is not None)

    @pytest.mark.parametrize(
        ("key", "expected"), [("source_ip", {"useSourceIp": True}), ("header:a", {})]
    )
    def test_tcp(self, key: str, expected: Any) -> None:
        """Of plain TCP there are no headers."""
        path = "load_balancer.hash_key"
        chosen = {"load_balancer.algorithm": "maglev", path: key}
        found = policy(*chosen.items(), name="mainframe")["loadBalancer"]
        dropped = [one.upstreams for one in istio(a_config(chosen)).dropped if one.path == path]

        assert {"consistentHash": {**expected, "maglev": {"tableSize": 65537}}} == found
        assert ([] if expected else [("mainframe",)]) == dropped

    @pytest.mark.parametrize(
        ("size", "expected"), [(2, 2), (4_999_999, 4_999_999), (5_000_011, 4_999_999)]
    )
    def test_maglev(self, size: int, expected: int) -> None:
        """The largest table is one that Istio does not take, so the next one is said."""
        path = "load_balancer.table_size"
        chosen = ("load_balancer.algorithm", "maglev"), ("load_balancer.hash_key", "source_ip")
        found = policy(*chosen, (path, size))["loadBalancer"]["consistentHash"]

        assert {"tableSize": expected} == found["maglev"]
        assert (size == expected) is (reason(path, *chosen, (path, size)) is None)

    @pytest.mark.parametrize(
        ("algorithm", "nearest"),
        [("peak_ewma", "least_request"), ("weighted_round_robin", "round_robin")],
    )
    def test_unknown(self, algorithm: str, nearest: str) -> None:
        """An algorithm that Istio does not have is refused once, with one that it has."""
        with pytest.raises(ConfigError) as caught:
            istio(a_config({"load_balancer.algorithm": algorithm}))
        (only,) = caught.value.problems

        assert ("MC303", "load_balancer.algorithm") == (only.code, only.path)
        assert f'{nearest} comes nearest: algorithm = "{nearest}"' == only.help


class TestTls:
    def test_off(self) -> None:
        """Without TLS of its own, a service keeps that of the mesh."""
        assert "tls" not in policy()
        assert "Istio encrypts between its proxies by itself" == reason("tls.enabled")

    def test_simple(self) -> None:
        """Authorities are those of the system, and the name is that of the host, if none are set."""
        host = "payments.default.svc.cluster.local"

        assert {
            "mode": "SIMPLE",
            "caCertificates": "system",
            "sni": host,
            "subjectAltNames": [host],
        } == policy(("tls.enabled", True))["tls"]
        assert "tls.enabled" not in reasons(istio(a_config({"tls.enabled": True})))

    def test_empty_name(self) -> None:
        """An empty name is none."""
        chosen = ("tls.enabled", True), ("tls.server_name", "")

        assert policy(chosen[0]) == policy(*chosen)

    def test_dot(self) -> None:
        """A name that ends with a dot is expected without it, as it stands in no certificate."""
        found = policy(("tls.enabled", True), ("tls.server_name", "a.example."))["tls"]

        assert ("a.example.", ["a.example"]) == (found["sni"], found["subjectAltNames"])

    def test_no_host(self) -> None:
        """Where a host is refused, its name is not refused a second time."""
        found = problems({"tls.enabled": True, "kubernetes.namespace": "a b"})

        assert ["kubernetes.namespace"] == [path for _, path, _ in found]

    def test_unverified_host(self) -> None:
        """A host that is not verified is asked for by its name all the same."""
        assert {
            "mode": "SIMPLE",
            "sni": "mainframe.default.svc.cluster.local",
            "insecureSkipVerify": True,
        } == policy(("tls.enabled", True), ("tls.verify", False), name="mainframe")["tls"]

    def test_mutual(self) -> None:
        """A certificate of one's own makes it mutual; a name is asked for and expected."""
        assert {
            "mode": "MUTUAL",
            "clientCertificate": "/etc/mesh/cert.pem",
            "privateKey": "/etc/mesh/key.pem",
            "caCertificates": "/etc/mesh/ca.pem",
            "sni": "payments.example.com",
            "subjectAltNames": ["payments.example.com"],
        } == policy(*TLS.items())["tls"]

    def test_unverified(self) -> None:
        """Who answers is trusted: beside that, Istio takes no authority and no names."""
        assert {
            "mode": "MUTUAL",
            "clientCertificate": "/etc/mesh/cert.pem",
            "privateKey": "/etc/mesh/key.pem",
            "sni": "payments.example.com",
            "insecureSkipVerify": True,
        } == policy(*TLS.items(), ("tls.verify", False))["tls"]

    @pytest.mark.parametrize("path", ["tls.ca_file", "tls.cert_file", "tls.key_file"])
    @pytest.mark.parametrize("name", ["a\nb", "\udcff", "\u202egnp.exe"])
    def test_file(self, path: str, name: str) -> None:
        """A name of a file that cannot be printed is refused."""
        message = f"`{path}` holds characters that cannot be printed, which Istio may misread"

        assert [("MC303", path, message)] == problems({**TLS, path: name})

    @pytest.mark.parametrize("path", ["tls.ca_file", "tls.cert_file", "tls.key_file"])
    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("a~b", "holds a ~, at which Istio ends names"),
            ("system", "is system, by which Istio means the authorities of the operating system"),
        ],
    )
    def test_odd_file(self, path: str, name: str, message: str) -> None:
        """A name of a file that means something else to Istio is refused."""
        assert [("MC303", path, f"`{path}` {message}")] == problems({**TLS, path: name})

    @pytest.mark.parametrize("name", ["a b", "a:443", "\n"])
    def test_name(self, name: str) -> None:
        """A name that no host could have is refused."""
        message = "`tls.server_name` is no host name, which Istio wants"

        assert [("MC303", "tls.server_name", message)] == problems({**TLS, "tls.server_name": name})


class TestRoute:
    def test_defaults(self) -> None:
        """A request is tried again as often as there are attempts left after the first."""
        found = route()

        assert "60.000s" == found["timeout"]
        assert {
            "attempts": 2,
            "perTryTimeout": "15.000s",
            "retryOn": (
                "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes,503"
            ),
            "backoff": "1.000s",
            "retryIgnorePreviousHosts": True,
        } == found["retries"]

    @pytest.mark.parametrize(
        "setting", [("retry.max_attempts", 1), ("retry.on", []), ("retry.budget", 0.0)]
    )
    def test_one_attempt(self, setting: tuple[str, Any]) -> None:
        """Where nothing is tried again, that is said, and a request has the time of one attempt."""
        found = route(setting)

        assert {"attempts": 0} == found["retries"]
        assert "15.000s" == found["timeout"]
        assert "a request with one attempt ends after timeouts.per_try" == (
            reason("timeouts.request", setting)
        )
        assert "retryBudget" not in policy(setting)

    def test_no_budget(self) -> None:
        """What is about retries has no effect where none are allowed."""
        idle = {"retry.max_attempts": 5, "retry.base_delay": 0.1, "load_balancer.max_retries": 1}
        found = reasons(istio(a_config({"retry.budget": 0.0, **idle}), upstream="payments"))

        assert "retry.budget" not in found
        assert dict.fromkeys(idle, "retry.budget is 0") == {path: found[path] for path in idle}

    def test_budget_of_port(self) -> None:
        """A port of a host has no budget of its own."""
        chosen = ("retry.budget", 0.25), ("upstreams.payments.port", 80)

        assert "retryBudget" not in policy(*chosen)
        assert "Istio has a retry budget for all ports of a host, and none for one of them" == (
            reason("retry.budget", *chosen)
        )

    def test_budget(self) -> None:
        """A budget is said in percent, and that there are always three retries."""
        assert {"percent": 25.0} == policy(("retry.budget", 0.25))["retryBudget"]
        assert "Istio allows three retries at a time, however few requests there are" == (
            reason("retry.budget", ("retry.budget", 0.25))
        )

    def test_tcp(self) -> None:
        """Plain TCP has a route of its own, and what is about requests is dropped."""
        found = item("VirtualService", name="mainframe")["spec"]
        dropped = reasons(istio(a_config({"retry.budget": 0.5}), upstream="mainframe"))
        paths = ("retry.max_attempts", "retry.budget", "timeouts.request", "timeouts.per_try")

        assert {"hosts", "tcp"} == {*found}
        assert {"Istio sees connections in plain TCP, and no requests"} == {
            dropped[path] for path in paths
        }
        assert "timeouts.idle" not in dropped
        assert "retryBudget" not in policy(("retry.budget", 0.5), name="mainframe")

    @pytest.mark.parametrize(
        ("codes", "expected", "dropped"),
        [
            ([503, 429, 503], "retriable-status-codes,503,429", None),
            ([], "retriable-status-codes", None),
            ([499, 503, 420, 499], "retriable-status-codes,503", "Istio does not take 499, 420"),
            ([599], "retriable-status-codes", "Istio does not take 599"),
        ],
    )
    def test_codes(self, codes: list[int], expected: str, dropped: str | None) -> None:
        """Status codes stand among the conditions; Istio refuses those without a name."""
        path = "retry.status_codes"
        chosen = ("retry.on", ["retriable-status-codes"]), (path, codes)

        assert expected == route(*chosen)["retries"]["retryOn"]
        assert dropped == reason(path, *chosen)

    def test_all_codes(self) -> None:
        """Of all status codes, those are said that have a name."""
        found = route(("retry.status_codes", [*range(400, 600)]))["retries"]["retryOn"]

        assert KNOWN == [int(code) for code in found.split(",") if code.isdigit()]

    def test_conditions(self) -> None:
        """Without the condition for them, status codes are not said."""
        assert "5xx,reset" == route(("retry.on", ["5xx", "reset", "5xx"]))["retries"]["retryOn"]

    @pytest.mark.parametrize(
        ("picks", "expected", "dropped"),
        [
            (0, False, None),
            (3, True, "Istio picks another host up to 5 times"),
            (5, True, None),
        ],
    )
    def test_picks(self, picks: int, expected: bool, dropped: str | None) -> None:
        """Another host is picked or not, and not so and so often."""
        path = "load_balancer.max_retries"

        assert expected is route((path, picks))["retries"]["retryIgnorePreviousHosts"]
        assert dropped == reason(path, (path, picks))

    @pytest.mark.parametrize(
        ("path", "value", "expected"),
        [
            ("retry.max_delay", 20.0, "Istio waits ten times retry.base_delay at most"),
            ("retry.multiplier", 3.0, "Istio doubles each delay"),
            ("retry.multiplier", 2.0, None),
            ("retry.jitter", 0.1, "Istio waits a random time, up to the whole of each delay"),
        ],
    )
    def test_waits(self, path: str, value: float, expected: str | None) -> None:
        """Of waits, the first is said."""
        assert expected == reason(path, (path, value))


class TestDropped:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("service_version", "the resources are those of the services that are called"),
            ("discovery.backend", "Istio finds hosts in Kubernetes"),
            ("static.endpoints", "Istio finds hosts in Kubernetes, by the names alone"),
            ("metrics.port", "a Telemetry of Istio says that"),
            ("load_balancer.health_check.path", "the probes of its pods say how a host is asked"),
            ("circuit_breaker.error_threshold", "Istio ejects by failures in a row alone"),
        ],
    )
    def test_reasons(self, path: str, expected: str) -> None:
        """What stands elsewhere is dropped with the place where it does."""
        assert expected == reason(path)

    def test_nothing_set(self) -> None:
        """Of a file with nothing but names, only defaults are dropped, and none one has to read."""
        found = istio(DEFAULTS).dropped

        assert [] == [one for one in found if not one.default or one.notable]

    def test_port_name(self) -> None:
        """The name of a port is dropped, with what takes its place."""
        chosen = {"discovery.backend": "kubernetes", "kubernetes.port_name": "http"}
        found = reasons(istio(loaded({"service_name": "a", "upstreams": {"b": {}}, **chosen})))

        assert (
            "Istio wants the number of a port: the port of an upstream"
            == (found["kubernetes.port_name"])
        )
