"""Probes of a real Consul."""

from __future__ import annotations

import shlex
import subprocess
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest

from meshconf.mesh.discovery.probing import probe
from tests.mesh.discovery.conftest import CANARY, configured
from tests.programs import required
from tests.servers.consul import Consul

READ = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }'


def at(address: str, **settings: Any) -> dict[str, Any]:
    """Return the settings of Consul for an address."""
    parts = urlsplit(address)
    where = {"scheme": parts.scheme, "host": parts.hostname, "port": parts.port}
    return {f"consul.{name}": value for name, value in {**where, **settings}.items()}


@pytest.fixture
def service(consul: Consul):
    """Return a function that registers a service; it is taken back with the test."""
    registered = []

    def service(*, port: int = 80, passing: bool = True) -> str:
        name = f"service-{uuid.uuid4().hex[:8]}"
        consul.register(name, port, passing=passing)
        registered.append(name)
        return name

    yield service
    for name in registered:
        consul.deregister(name)


@pytest.fixture(scope="module")
def secured(authority):
    """Share a Consul with a certificate for localhost."""
    with Consul(in_memory=True, tls=authority.issue("localhost")) as consul:
        yield consul


@pytest.fixture(scope="module")
def guarded():
    """Share a Consul that denies everything without a token."""
    with Consul(in_memory=True, acl=True) as consul:
        consul.register("payments")
        consul.register("orders")
        yield consul


class TestHealthy:
    def test_everything(self, found, consul: Consul, service):
        """With all services there, each check finds that all is well."""
        orders, payments = service(), service()
        findings = found({**at(consul.address), "service_name": orders}, payments)

        assert {
            "consul agent": ("ok", f"answers at {consul.address}"),
            "consul.datacenter": ("ok", "the agent knows dc1"),
            "consul.token": ("ok", "access control is off at the agent"),
            f"service {orders}": ("ok", "healthy instances: 1 of 1"),
            f"upstream {payments}": ("ok", "healthy instances: 1 of 1"),
        } == {name: (one.severity, one.message) for name, one in findings.items()}
        assert [
            "",
            "consul.datacenter",
            "consul.token",
            "service_name",
            f"upstreams.{payments}",
        ] == [one.path for one in findings.values()]

    @pytest.mark.parametrize("consistency", ["stale", "consistent"])
    def test_consistency(self, found, consul: Consul, service, consistency: str):
        """Consul takes the consistency that is asked for."""
        name = service()
        findings = found(at(consul.address, consistency=consistency), name)

        assert "ok" == findings[f"upstream {name}"].severity

    def test_token_that_is_not_asked_for(self, found, consul: Consul):
        """Where access control is off, a token is not looked at, which is said."""
        one = found(at(consul.address, token=CANARY))["consul.token"]

        assert ("ok", "access control is off at the agent, so the token is not looked at") == (
            one.severity,
            one.message,
        )


class TestAgent:
    def test_absent(self, found, closed_port: int):
        """Where nothing listens, one error says so, and the rest is not repeated."""
        findings = found(at(f"http://127.0.0.1:{closed_port}"), "payments")
        agent = findings.pop("consul agent")

        assert (
            "error",
            f"nothing answers at http://127.0.0.1:{closed_port} (connection refused)",
            "consul.host",
        ) == (agent.severity, agent.message, agent.path)
        assert "start the agent, or correct consul.host and consul.port" == agent.help
        assert {
            "consul.datacenter": "needs consul agent",
            "consul.token": "needs consul agent",
            "service orders": "needs consul agent",
            "upstream payments": "needs consul agent",
        } == {name: one.message for name, one in findings.items()}
        assert {"skipped"} == {one.severity for one in findings.values()}

    def test_ipv6(self, found, closed_port: int):
        """An IPv6 address is put in brackets, whether the setting has them or not."""
        for host in ("::1", "[::1]"):
            one = found({"consul.host": host, "consul.port": closed_port})["consul agent"]

            assert f"http://[::1]:{closed_port}" in one.message

    def test_something_else(self, found, new_stub):
        """Another server of HTTP is not taken for Consul."""
        stub = new_stub()
        one = found(at(f"http://127.0.0.1:{stub.port}"))["consul agent"]

        assert ("error", f"http://127.0.0.1:{stub.port} answers, but not as Consul does") == (
            one.severity,
            one.message,
        )
        assert "set consul.host and consul.port to where the agent listens" == one.help

    @pytest.mark.parametrize(
        "answer",
        [(400, "no"), (404, "HTTPS"), (500, "127.0.0.1:8300"), (500, ""), (200, 8300), (200, None)],
    )
    def test_something_alike(self, found, new_stub, answer: tuple[int, Any]):
        """Neither is one that has the same path, and answers otherwise."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = answer
        one = found(at(f"http://127.0.0.1:{stub.port}"))["consul agent"]

        assert one.message.endswith("answers, but not as Consul does")

    def test_no_leader(self, found, new_stub):
        """An agent whose servers have no leader knows nothing."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = (200, "")
        one = found(at(f"http://127.0.0.1:{stub.port}"))["consul agent"]

        assert "have no leader" in one.message

    def test_wrong_data(self, found, new_stub):
        """What answers with other kinds of values than Consul is found out."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = (200, "127.0.0.1:8300")
        stub.answers["/v1/catalog/datacenters"] = (200, {"dc1": 1})
        one = found(at(f"http://127.0.0.1:{stub.port}"))["consul.datacenter"]

        assert "answers, but not as Consul does" in one.message

    def test_error_of_the_server(self, found, new_stub):
        """An error of the server is told by its status, and nothing of its text."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = (200, "127.0.0.1:8300")
        stub.answers["/v1/catalog/datacenters"] = (500, f"boom {CANARY}")
        one = found(at(f"http://127.0.0.1:{stub.port}", token=CANARY))["consul.datacenter"]

        assert ("error", "the agent answered with status 500") == (one.severity, one.message)


class TestTls:
    def test_sound(self, found, secured, authority, monkeypatch):
        """A certificate for the name, of an authority that is believed, is well."""
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))

        assert "ok" == found(at(secured.https_address))["consul agent"].severity

    def test_name_mismatch(self, found, secured, authority, monkeypatch):
        """A certificate for another name is told with the names that it has."""
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
        one = found(at(secured.https_by_number))["consul agent"]

        assert "error" == one.severity
        assert one.message.endswith("is not for 127.0.0.1; it is for localhost")
        assert one.help.startswith("use one of its names in consul.host")
        assert "consul.host" == one.path

    def test_unknown_authority(self, found, secured):
        """An authority that is not believed is told with the way to name it."""
        one = found(at(secured.https_address))["consul agent"]

        assert one.message.endswith("is of no authority that this machine believes")
        assert "SSL_CERT_FILE=/path/to/ca.pem" in one.help

    def test_http_where_https_is(self, found, secured):
        """Who asks in clear where TLS is wanted is told to set the scheme."""
        address = secured.https_by_number.replace("https", "http")
        one = found(at(address))["consul agent"]

        assert ("error", f"{address} wants TLS", 'set consul.scheme = "https"') == (
            one.severity,
            one.message,
            one.help,
        )

    def test_https_where_http_is(self, found, secured):
        """Who speaks TLS where none is spoken is told of the scheme."""
        one = found(at(secured.address.replace("http", "https")))["consul agent"]

        assert "does not speak TLS" in one.message
        assert "consul.scheme" == one.path
        assert "say http in consul.scheme" in one.help


class TestDatacenter:
    def test_unknown(self, found, consul: Consul):
        """A datacenter that the agent does not know is told with the one it knows."""
        findings = found(at(consul.address, datacenter="dc9"), "payments")
        one = findings["consul.datacenter"]

        assert (
            "error",
            'the agent does not know "dc9", only dc1',
            'set consul.datacenter = "dc1"',
            "consul.datacenter",
        ) == (one.severity, one.message, one.help, one.path)
        assert "skipped" == findings["upstream payments"].severity

    @pytest.mark.parametrize(("known", "said"), [(["eu", "us"], "eu, us"), ([], "none")])
    def test_several(self, found, new_stub, known: list[str], said: str):
        """Of several, none is recommended; there may be none at all."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = (200, "127.0.0.1:8300")
        stub.answers["/v1/catalog/datacenters"] = (200, known)
        one = found(at(f"http://127.0.0.1:{stub.port}"))["consul.datacenter"]

        assert one.message.endswith(f"only {said}")
        assert one.help.startswith("set consul.datacenter to one of them")


class TestAccess:
    def test_good_token(self, found, guarded):
        """A token that may read services is well."""
        token = guarded.create_token(READ)
        findings = found(at(guarded.address, token=token.secret), "payments")

        assert {"ok"} == {one.severity for one in findings.values()}
        assert "the agent accepts the token" == findings["consul.token"].message
        assert token.secret not in str(findings)

    def test_refused_token(self, found, guarded):
        """A token that Consul does not know is one error, without the token."""
        findings = found(at(guarded.address, token=CANARY), "payments")
        one = findings["consul.token"]

        assert ("error", "the agent refuses the token", "consul.token") == (
            one.severity,
            one.message,
            one.path,
        )
        assert "skipped" == findings["upstream payments"].severity

    def test_token_without_rights(self, found, guarded):
        """What a token may not read looks absent in Consul, so that is named as a reason."""
        token = guarded.create_token('service "other" { policy = "read" }')
        one = found(at(guarded.address, token=token.secret), "payments")["upstream payments"]

        assert "error" == one.severity
        assert one.message.startswith("is not registered in dc1; without the right to read it")

    def test_no_token(self, found, guarded):
        """Access control without a token is a warning."""
        one = found(at(guarded.address))["consul.token"]

        assert ("warning", "consul.token") == (one.severity, one.path)
        assert "MESH_CONSUL_TOKEN_FILE" in one.help

    def test_token_that_is_no_header(self, found, guarded):
        """A token with a line break is told as such, without its text."""
        one = found(at(guarded.address, token=f"{CANARY}\n{CANARY}"))["consul.token"]

        assert ("error", "consul.token") == (one.severity, one.path)
        assert "the token holds what no HTTP header can" in one.message
        assert "see where it comes from: meshconf explain consul.token" == one.help

    def test_token_that_is_repeated(self, found, new_stub):
        """A token that the server repeats in its answers is masked."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = (200, "127.0.0.1:8300")
        stub.answers["/v1/catalog/datacenters"] = (200, [f"a {CANARY}", 1, {CANARY: None}])
        one = found(at(f"http://127.0.0.1:{stub.port}", token=CANARY))["consul.datacenter"]

        assert "only a <secret>, 1, {'<secret>': None}" in one.message

    def test_forbidden(self, found, new_stub):
        """A status of 403 for a service is told with the rights that it takes."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = (200, "127.0.0.1:8300")
        stub.answers["/v1/catalog/datacenters"] = (200, ["dc1"])
        stub.answers["/v1/acl/token/self"] = (200, {})
        stub.answers["/v1/health/service/payments"] = (403, None)
        settings = at(f"http://127.0.0.1:{stub.port}", token=CANARY)
        one = found(settings, "payments")["upstream payments"]

        assert ("error", "the token may not read it", "consul.token") == (
            one.severity,
            one.message,
            one.path,
        )
        assert 'service "payments" { policy = "read" }' in one.help
        assert {CANARY} == {
            headers["X-Consul-Token"] for path, headers in stub.asked if "health" in path
        }

    def test_token_that_may_not_see_nodes(self, found, guarded):
        """A token that may read a service, but no node, sees no instance of it; the help says so."""
        guarded.register("orders")
        token = guarded.create_token('service "orders" { policy = "read" }')
        one = found(at(guarded.address, token=token.secret))["service orders"]
        guarded.deregister("orders")

        assert "it is registered, and its instances are hidden" in one.help
        assert "correct the name" not in one.help


class TestNamespace:
    def test_without_enterprise(self, found, consul: Consul):
        """A namespace is an error where Consul knows none."""
        findings = found(at(consul.address, namespace="team"), "payments")
        one = findings["consul.namespace"]

        assert ("error", 'the agent knows no namespaces, so it refuses "team"') == (
            one.severity,
            one.message,
        )
        assert "needs consul.namespace" == findings["upstream payments"].message

    def test_absent(self, found, closed_port: int):
        """Where no agent answers, a namespace is not asked for."""
        findings = found(at(f"http://127.0.0.1:{closed_port}", namespace="team"))

        assert "needs consul agent" == findings["consul.namespace"].message

    def test_with_enterprise(self, found, new_stub):
        """Where it is taken, services are asked for in it; tested against a stub only."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = (200, "127.0.0.1:8300")
        stub.answers["/v1/catalog/datacenters"] = (200, ["dc1"])
        stub.answers["/v1/acl/token/self"] = (401, None)
        stub.answers["/v1/catalog/services"] = (200, {})
        stub.answers["/v1/health/service/payments"] = (200, [{"Checks": []}])
        settings = at(f"http://127.0.0.1:{stub.port}", namespace="team")
        findings = found(settings, "payments")

        assert "ok" == findings["consul.namespace"].severity
        assert "ok" == findings["upstream payments"].severity
        assert "/v1/health/service/payments?dc=dc1&ns=team" in [path for path, _ in stub.asked]


class TestServices:
    def test_not_registered(self, found, consul: Consul):
        """An upstream that is not registered is an error, the service itself a warning."""
        findings = found(at(consul.address), "no-such thing")
        own, upstream = findings["service orders"], findings["upstream no-such thing"]

        assert ("warning", "is not registered in dc1, so nobody finds it", "service_name") == (
            own.severity,
            own.message,
            own.path,
        )
        assert ("error", "is not registered in dc1", 'upstreams."no-such thing"') == (
            upstream.severity,
            upstream.message,
            upstream.path,
        )
        command = f"consul services register -http-addr={consul.address} -name='no-such thing'"

        assert f"register it: {command}" == upstream.help

    def test_remedy(self, found, consul: Consul):
        """The command that is to register a service does so."""
        name = f"service-{uuid.uuid4().hex[:8]}"
        one = found(at(consul.address), name)[f"upstream {name}"]
        program = required("consul", demanded_by="MESHCONF_REQUIRE_SERVERS")
        _, *arguments = shlex.split(one.help.removeprefix("register it: "))
        subprocess.run([program, *arguments], check=True, capture_output=True)

        assert "ok" == found(at(consul.address), name)[f"upstream {name}"].severity
        consul.deregister(name)

    def test_misspelt(self, found, consul: Consul, service):
        """What is registered under almost the same name is named."""
        name = service()
        wrong = f"{name[:-1]}_"
        one = found(at(consul.address), wrong)[f"upstream {wrong}"]

        assert one.help.startswith(f"{name} is registered: correct the name, or else register it: ")

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("team/payments", "is not registered in dc1"),
            ("a?b=c#d", "is not registered in dc1"),
            ("../../status/leader", "the agent answered with status 301"),  # to nobody's use
        ],
    )
    def test_name_that_is_no_path(self, found, consul: Consul, name: str, said: str):
        """A name with the characters of a path asks for that service, and for nothing else."""
        assert said == found(at(consul.address), name)[f"upstream {name}"].message

    def test_no_healthy_instance(self, found, consul: Consul, service):
        """An upstream without a healthy instance is an error."""
        name = service(passing=False)
        one = found(at(consul.address), name)[f"upstream {name}"]

        assert (
            "error",
            "no healthy instance of 1",
            f"upstreams.{name}",
        ) == (one.severity, one.message, one.path)
        assert (
            f"see why: consul watch -http-addr={consul.address} -type=checks -service={name}"
            == one.help
        )

    def test_unhealthy_instances_are_used(self, found, consul: Consul, service):
        """It is a warning where unhealthy instances are used."""
        name = service(passing=False)
        settings = {**at(consul.address), "discovery.only_passing": False}
        one = found(settings, name)[f"upstream {name}"]

        assert "warning" == one.severity
        assert "discovery.only_passing = false uses them all the same" in one.message

    def test_itself_unhealthy(self, found, consul: Consul, service):
        """The health of the service itself is told, and no finding."""
        name = service(passing=False)
        one = found({**at(consul.address), "service_name": name})[f"service {name}"]

        assert ("ok", "healthy instances: 0 of 1") == (one.severity, one.message)

    @pytest.mark.parametrize(("port", "severity"), [(80, "ok"), (81, "warning")])
    def test_port(self, found, consul: Consul, service, port: int, severity: str):
        """A port of an upstream at which no instance listens is a warning."""
        name = service(port=80)
        settings = {**at(consul.address), "upstreams": {name: {"port": port}}}
        one = next(one for one in probe(configured(settings)) if one.check == f"upstream {name}")

        assert severity == one.severity
        if severity == "warning":
            assert one.message.endswith("but none on port 81: they listen on 80")
            assert f"upstreams.{name}.port" == one.path
            assert f"set upstreams.{name}.port = 80, or leave it out" == one.help

    @pytest.mark.parametrize(
        ("ports", "said"),
        [
            ([81, 0, None], "healthy instances: 3 of 3, but none on port 80: they listen on 81"),
            ([82, 81], "healthy instances: 2 of 2, but none on port 80: they listen on 81, 82"),
            ([81, 80], "healthy instances: 2 of 2"),
            ([0], "healthy instances: 1 of 1"),
        ],
    )
    def test_ports(self, found, new_stub, ports: list[int | None], said: str):
        """Instances without a port listen where the setting says, others where they do."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = (200, "127.0.0.1:8300")
        stub.answers["/v1/catalog/datacenters"] = (200, ["dc1"])
        stub.answers["/v1/acl/token/self"] = (401, None)
        services = [{"Service": {"Port": port}} for port in ports]
        stub.answers["/v1/health/service/payments"] = (200, services)
        settings = {**at(f"http://127.0.0.1:{stub.port}"), "upstreams": {"payments": {"port": 80}}}
        *_, one = probe(configured(settings))

        assert said == one.message

    def test_answers_of_another_shape(self, found, new_stub):
        """Instances that are no tables neither pass nor break the probe."""
        stub = new_stub()
        stub.answers["/v1/status/leader"] = (200, "127.0.0.1:8300")
        stub.answers["/v1/catalog/datacenters"] = (200, ["dc1"])
        stub.answers["/v1/acl/token/self"] = (401, None)
        stub.answers["/v1/health/service/payments"] = (200, [{"Checks": ["x"], "Service": 1}])
        one = found(at(f"http://127.0.0.1:{stub.port}"), "payments")["upstream payments"]

        assert "no healthy instance of 1" == one.message
