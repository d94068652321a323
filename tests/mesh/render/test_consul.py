"""Tests for `meshconf.mesh.render.consul_entries`, with a real agent and with definitions."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings

from meshconf import ConfigError, ServiceMeshConfig
from meshconf.mesh.addresses import is_name
from meshconf.mesh.render import Dropped, Rendered, consul
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
from tests.programs import SERVERS, required
from tests.servers.consul import Consul

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Entry = dict[str, Any]

#: The agent at hand.
OLD = "1.8"

#: Where keys of entries came with a version, that version and the one before.
STEPS = ("1.8", "1.9", "1.10", "1.13", "1.14", "1.15", "1.16", "1.18")

BY_SUCCESS_RATE = (
    "Consul leaves on that Envoy ejects hosts whose success rate is far below the rest"
)

#: Since when there are keys that 1.8 does not have.
SINCE = {
    "LoadBalancer": "1.9",
    "UpstreamConfig": "1.10",
    "RetryOn": "1.14",
    "IdleTimeout": "1.14",
    "EnforcingConsecutive5xx": "1.14",
    "MaxEjectionPercent": "1.15",
    "BaseEjectionTime": "1.15",
}


@pytest.fixture(scope="module", name="agent")
def _agent() -> Iterator[Consul]:
    """Share an agent of its own, as entries are left in it."""
    with Consul(in_memory=True) as agent:
        yield agent


def entries_of(text: str) -> list[Entry]:
    """Read what is one entry in each line."""
    return [json.loads(line) for line in text.splitlines()]


def rendered(*settings: tuple[str, Any], version: str = "1.18") -> list[Entry]:
    """Render entries for settings, by dotted path, in place of or beside the base."""
    return entries_of(consul(a_config(dict(settings)), target_version=version).text)


def entry(entries: Sequence[Entry], kind: str, name: str = "payments") -> Entry:
    """Return the only entry of a kind and name."""
    (found,) = [one for one in entries if (one["Kind"], one["Name"]) == (kind, name)]
    return found


def route(*settings: tuple[str, Any], version: str = "1.18") -> Any:
    """Render settings; return where the router of payments sends requests, and how."""
    found = entry(rendered(*settings, version=version), "service-router")
    return found["Routes"][0]["Destination"]


def balancer(*settings: tuple[str, Any]) -> Any:
    """Render settings; return how a host of payments is picked."""
    return entry(rendered(*settings), "service-resolver")["LoadBalancer"]


def allowed(*settings: tuple[str, Any], version: str = "1.18") -> Any:
    """Render settings; return what this service allows its upstreams."""
    return entry(rendered(*settings, version=version), "service-defaults", "orders")[
        "UpstreamConfig"
    ]


def ejection(*settings: tuple[str, Any], version: str = "1.18") -> Any:
    """Render settings; return when hosts of any upstream are ejected."""
    return allowed(*settings, version=version)["Defaults"]["PassiveHealthCheck"]


def reasons(found: Rendered) -> dict[str, str]:
    """Return why each setting is dropped that is."""
    return {one.path: one.reason for one in found.dropped}


def reason(path: str, *settings: tuple[str, Any], version: str = "1.18") -> str | None:
    """Render settings; return why one of them is dropped, if it is."""
    return reasons(consul(a_config(dict(settings)), target_version=version)).get(path)


def every_reason(path: str, *settings: tuple[str, Any], version: str = "1.18") -> list[str]:
    """Render settings; return all reasons for which one of them is dropped, in whole or in part."""
    found = consul(a_config(dict(settings)), target_version=version).dropped
    return [one.reason for one in found if one.path == path]


def problems(config: ServiceMeshConfig, **options: Any) -> list[tuple[str, str, str]]:
    """Render what cannot be; return the code, the path and the message of each problem."""
    with pytest.raises(ConfigError) as caught:
        consul(config, **options)
    return [(one.code, one.path, one.message) for one in caught.value.problems]


def keys_of(value: Any) -> set[str]:
    """Return all keys in an entry, however deep."""
    if isinstance(value, list):
        return {key for one in value for key in keys_of(one)}
    if not isinstance(value, dict):
        return set()
    return set(value).union(*map(keys_of, value.values()))


def plain(value: Any) -> Any:
    """Write durations in milliseconds, as an agent writes them in its own way."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: milliseconds(one) if key.endswith("Timeout") else plain(one)
        for key, one in value.items()
    }


@contextlib.contextmanager
def written(agent: Consul, text: str) -> Iterator[list[Entry]]:
    """Write entries one by one, as they come; give what the agent has of them, and take it back."""
    entries = entries_of(text)
    targets = [f"/v1/config/{one['Kind']}/{quote(one['Name'], safe='')}" for one in entries]
    for one in entries:
        agent.ask("PUT", "/v1/config", json.dumps(one))
    found = [agent.ask("GET", target).data for target in targets]
    for one in found:
        for key in ("CreateIndex", "ModifyIndex", "MeshGateway", "Expose"):
            one.pop(key, None)
    yield found
    # A router forbids that its service gets another protocol.
    for target in reversed(targets):
        agent.ask("DELETE", target)


def read_back(agent: Consul, text: str) -> list[Entry]:
    """Write entries; return what the agent then has of them."""
    with written(agent, text) as found:
        return found


class TestAgent:
    """An agent of 1.8.7, which refuses keys that it does not know."""

    def test_defaults(self, agent: Consul) -> None:
        """What is rendered from the defaults is accepted line by line, and read back equal."""
        text = consul(DEFAULTS, target_version=OLD).text

        assert plain(entries_of(text)) == plain(read_back(agent, text))
        assert 3 == len(entries_of(text))

    def test_bounds(self, agent: Consul) -> None:
        """So is what is rendered from each setting at its limits."""
        texts: set[str] = set()
        for name, config in at_bounds():
            if "peak_ewma" not in name and "weighted" not in name:
                texts.add(consul(config, target_version=OLD).text)

        assert len(texts) > 20
        for text in texts:
            assert plain(entries_of(text)) == plain(read_back(agent, text))

    @settings(
        max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(config=configs())
    def test_any(self, agent: Consul, config: ServiceMeshConfig) -> None:
        """So is what is rendered from whatever configuration."""
        try:
            text = consul(config, target_version=OLD).text
        except ConfigError:
            return

        assert plain(entries_of(text)) == plain(read_back(agent, text))

    @settings(
        max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(config=hostile_configs())
    def test_hostile(self, agent: Consul, config: ServiceMeshConfig) -> None:
        """Names and texts that are made to be misread are refused, or read back equal."""
        try:
            text = consul(config, target_version=OLD).text
        except ConfigError:
            return

        assert plain(entries_of(text)) == plain(read_back(agent, text))

    def test_chain(self, agent: Consul) -> None:
        """The agent sends requests by the router, and has connections stand as the resolver says."""
        with written(agent, consul(a_config({"timeouts.connect": 0.25}), target_version=OLD).text):
            chain = agent.ask("GET", "/v1/discovery-chain/payments").data["Chain"]
        router = chain["Nodes"][chain["StartNode"]]
        resolver = chain["Nodes"][router["Routes"][0]["NextNode"]]["Resolver"]

        assert "http" == chain["Protocol"]
        assert plain(route(version=OLD)) == plain(router["Routes"][0]["Definition"]["Destination"])
        assert "250ms" == resolver["ConnectTimeout"]

    def test_shell(self, agent: Consul, tmp_path: Path) -> None:
        """The loop of the documentation writes all entries, in the order in which they come."""
        (tmp_path / "entries").write_text(consul(a_config(), target_version=OLD).text)
        loop = (
            "while IFS= read -r entry; do "
            """printf '%s' "$entry" | consul config write - || exit 1; """
            "done < entries"
        )
        required("consul", demanded_by=SERVERS)
        environ = {**os.environ, "CONSUL_HTTP_ADDR": agent.address.removeprefix("http://")}
        done = subprocess.run(
            ["/bin/sh", "-c", loop],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert ("", 0) == (done.stderr, done.returncode)
        assert [
            f"Config entry written: {one['Kind']}/{one['Name']}" for one in rendered(version=OLD)
        ] == done.stdout.splitlines()

    @staticmethod
    def own(name: str) -> Entry:
        """Return what a service has written of itself, in an entry that 1.8 takes."""
        return {
            "Kind": "service-defaults",
            "Name": name,
            "Protocol": "http",
            "MeshGateway": {"Mode": "local"},
        }

    @pytest.mark.parametrize(
        ("upstream", "kept"), [("payments", False), ("ledger", False), ("mainframe", True)]
    )
    def test_own(self, agent: Consul, upstream: str, kept: bool) -> None:
        """What a service has written itself stays as it was, where a router does not need more."""
        found = consul(a_config(), upstream=upstream, target_version=OLD)
        own = self.own(upstream)
        agent.ask("PUT", "/v1/config", json.dumps(own))
        for one in entries_of(found.text):
            agent.ask("PUT", "/v1/config", json.dumps(one))
        left = agent.ask("GET", f"/v1/config/service-defaults/{upstream}").data

        assert kept is (own["MeshGateway"] == left["MeshGateway"])

    def test_own_protocol(self, agent: Consul) -> None:
        """Control: to a service that has a router, its own entry is lost without its protocol."""
        router = {"Kind": "service-router", "Name": "called", "Routes": []}
        for one in (self.own("called"), router):
            agent.ask("PUT", "/v1/config", json.dumps(one))
        mine = {"Kind": "service-defaults", "Name": "called"}
        found = agent.ask("PUT", "/v1/config", json.dumps(mine), errors=True)

        assert b"does not permit advanced routing" in found.body

    @pytest.mark.parametrize("kind", ["service-resolver", "service-router"])
    def test_newer(self, agent: Consul, kind: str) -> None:
        """Control: what is rendered for a newer one, the agent refuses."""
        agent.ask("PUT", "/v1/config", json.dumps(entry(rendered(), "service-defaults")))
        found = agent.ask("PUT", "/v1/config", json.dumps(entry(rendered(), kind)), errors=True)

        assert 400 == found.status
        assert b"invalid config key" in found.body

    def test_order(self, agent: Consul) -> None:
        """Control: before the protocol, a router is refused."""
        router = {**entry(rendered(version=OLD), "service-router"), "Name": "unknown"}
        found = agent.ask("PUT", "/v1/config", json.dumps(router), errors=True)

        assert b"does not permit advanced routing" in found.body

    def test_names(self, agent: Consul) -> None:
        """Control: names that differ in case alone are one to the agent."""
        for name in ("Orders", "orders"):
            written = {"Kind": "service-defaults", "Name": name, "Protocol": "http"}
            agent.ask("PUT", "/v1/config", json.dumps(written))
        found = agent.ask("GET", "/v1/config/service-defaults").data

        assert ["orders"] == [one["Name"] for one in found if one["Name"].lower() == "orders"]


class TestDefinitions:
    """What is newer than the agent: by the definitions of consul-k8s, in which keys begin small."""

    @staticmethod
    def spec(value: Any) -> Any:
        """Write keys as the definitions do."""
        if isinstance(value, list):
            return [TestDefinitions.spec(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {
            "http" if key == "HTTP" else key[0].lower() + key[1:]: TestDefinitions.spec(one)
            for key, one in value.items()
            if key not in ("Kind", "Name") or "Kind" not in value
        }

    @staticmethod
    def errors(found: Entry) -> list[str]:
        """Return what is wrong with an entry."""
        schema = validator(f"consul-{found['Kind'].replace('-', '')}")
        return [
            str(one.message) for one in schema.iter_errors({"spec": TestDefinitions.spec(found)})
        ]

    @pytest.mark.parametrize("version", STEPS)
    def test_defaults(self, version: str) -> None:
        """Entries of the defaults are valid."""
        assert [] == [error for one in rendered(version=version) for error in self.errors(one)]

    def test_bounds(self) -> None:
        """Entries of each setting at its limits are valid."""
        lines: set[str] = set()
        for name, config in at_bounds():
            if "peak_ewma" not in name and "weighted" not in name:
                lines |= {*consul(config).text.splitlines()}

        assert len(lines) > 100
        assert [] == [error for line in lines for error in self.errors(json.loads(line))]

    @settings(max_examples=200, deadline=None)
    @given(config=configs())
    def test_any(self, config: ServiceMeshConfig) -> None:
        """Entries of whatever configuration are valid."""
        try:
            entries = entries_of(consul(config).text)
        except ConfigError:
            return

        assert [] == [error for one in entries for error in self.errors(one)]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"Kind": "service-resolver", "Name": "a", "LoadBalancer": {"Polcy": "random"}},
            {"Kind": "service-resolver", "Name": "a", "ConnectTimeout": 5},
            {"Kind": "service-router", "Name": "a", "Routes": [{"Destination": {"Retries": 1}}]},
            {
                "Kind": "service-router",
                "Name": "a",
                "Routes": [{"Destination": {"NumRetries": 2**31}}],
            },
            {
                "Kind": "service-defaults",
                "Name": "a",
                "UpstreamConfig": {"Defaults": {"Limits": {"MaxRequests": 1}}},
            },
        ],
    )
    def test_control(self, wrong: Entry) -> None:
        """What is no such entry is found to be none."""
        assert 1 == len(self.errors(wrong))


class TestVersions:
    @pytest.mark.parametrize("version", STEPS)
    def test_keys(self, version: str) -> None:
        """A version gets all that it has, and nothing that is newer."""
        found = keys_of(rendered(version=version)) & {*SINCE}

        assert {key for key, since in SINCE.items() if minor(since) <= minor(version)} == found

    @pytest.mark.parametrize(("version", "expected"), [("1.15", None), ("1.16", "60s")])
    def test_resolver_timeout(self, version: str, expected: str | None) -> None:
        """A resolver says how long a request may take from 1.16 on."""
        found = entry(rendered(version=version), "service-resolver")

        assert expected == found.get("RequestTimeout")

    @pytest.mark.parametrize(
        ("version", "path", "expected"),
        [
            (
                "1.8",
                "circuit_breaker.max_requests",
                "Consul has that from 1.10 on: limits and ejections are those of Envoy by default",
            ),
            (
                "1.8",
                "service_name",
                "before 1.10, Consul has no entry for what a service allows its upstreams",
            ),
            ("1.8", "load_balancer.algorithm", "Consul has that from 1.9 on"),
            ("1.9", "load_balancer.algorithm", None),
            ("1.13", "timeouts.idle", "Consul has that from 1.14 on"),
            (
                "1.13",
                "retry.on",
                "Consul has that from 1.14 on: refused-stream, unavailable, cancelled",
            ),
            ("1.14", "circuit_breaker.reset_timeout", "Consul has that from 1.15 on"),
            ("1.14", "circuit_breaker.max_ejection_percent", "Consul has that from 1.15 on"),
            ("1.15", "circuit_breaker.reset_timeout", None),
        ],
    )
    def test_reasons(self, version: str, path: str, expected: str | None) -> None:
        """What a version is too old for is dropped, with the version that has it."""
        assert expected == reasons(consul(DEFAULTS, target_version=version)).get(path)

    @pytest.mark.parametrize(
        ("algorithm", "path"),
        [
            ("least_request", "choice_count"),
            ("ring_hash", "minimum_ring_size"),
            ("ring_hash", "hash_key"),
            ("maglev", "hash_key"),
        ],
    )
    def test_options(self, algorithm: str, path: str) -> None:
        """What an algorithm is told goes with it where the version is too old."""
        key = [("load_balancer.hash_key", "source_ip")] * (algorithm != "least_request")
        found = reason(
            f"load_balancer.{path}",
            ("load_balancer.algorithm", algorithm),
            *key,
            version="1.8",
        )

        assert "Consul has that from 1.9 on" == found

    @pytest.mark.parametrize(
        ("text", "other"),
        [("1.8", "1.8.7"), ("1.10", "1.10.12"), ("1.18", "1.21"), ("1.18", "2.0.0")],
    )
    def test_same(self, text: str, other: str) -> None:
        """The last number of a version does not count, nor do versions to come."""
        assert rendered(version=text) == rendered(version=other)

    def test_default(self) -> None:
        """Without a version, that of a long-lived line counts."""
        assert consul(a_config()) == consul(a_config(), target_version="1.18")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "1",
            "1.",
            "v1.18",
            "1.18.2+ent",
            "1.18.2.1",
            " 1.18",
            "1.18\n",
            "1.١٨",
            "1.9999",
            "x",
        ],
    )
    def test_none(self, text: str) -> None:
        """What is no version is refused."""
        with pytest.raises(
            ValueError, match=r"is no version of Consul: write it as 1\.18 or 1\.18\.2$"
        ):
            consul(a_config(), target_version=text)

    @pytest.mark.parametrize("text", ["1.7.14", "1.0", "0.9"])
    def test_too_old(self, text: str) -> None:
        """A version before 1.8 is refused."""
        with pytest.raises(ValueError, match=f"Consul {text} is too old: .* for 1.8 and newer"):
            consul(a_config(), target_version=text)


def minor(version: str) -> int:
    """Return the number that counts of a version."""
    return int(version.split(".")[1])


class TestCaller:
    """What this service allows its upstreams."""

    def test_defaults(self) -> None:
        """What holds in general holds for all upstreams that have nothing of their own."""
        expected = {
            "Defaults": {
                "ConnectTimeoutMs": 5000,
                "Limits": {
                    "MaxConnections": 1024,
                    "MaxPendingRequests": 1024,
                    "MaxConcurrentRequests": 1000,
                },
                "PassiveHealthCheck": {
                    "Interval": "10s",
                    "MaxFailures": 5,
                    "EnforcingConsecutive5xx": 100,
                    "MaxEjectionPercent": 50,
                    "BaseEjectionTime": "30s",
                },
            }
        }

        assert expected == allowed()

    def test_overrides(self) -> None:
        """An upstream that differs stands there with all that holds for it."""
        own = "upstreams.payments.circuit_breaker.max_requests"
        found = allowed((own, 7), ("upstreams.ledger.timeouts.connect", 0.25))
        general = found["Defaults"]
        payments = {**general["Limits"], "MaxConcurrentRequests": 7}

        assert [
            {"Name": "payments", **general, "Limits": payments},
            {"Name": "ledger", **general, "ConnectTimeoutMs": 250},
        ] == found["Overrides"]

    def test_of_one(self) -> None:
        """The entry is whole even where the rest is that of one upstream, and tells of it alone."""
        own = "upstreams.payments.timeouts.connect"
        config = a_config({own: 1e300, "upstreams.ledger.timeouts.connect": 1e300})
        found = consul(config, upstream="payments")
        entries = entries_of(found.text)

        assert ["payments", "ledger"] == [
            one["Name"] for one in entries[0]["UpstreamConfig"]["Overrides"]
        ]
        assert {"orders", "payments"} == {one["Name"] for one in entries}
        assert [own] == [one.path for one in found.dropped if "timeouts.connect" in one.path]

    def test_no_upstream(self) -> None:
        """Without upstreams, what holds in general is said, and the rest is nobody's."""
        found = consul(loaded({"service_name": "orders", "load_balancer.algorithm": "random"}))
        (only,) = entries_of(found.text)

        assert 5000 == only["UpstreamConfig"]["Defaults"]["ConnectTimeoutMs"]
        assert (
            "there is no upstream for which it could hold"
            == (reasons(found)["load_balancer.algorithm"])
        )
        assert "timeouts.connect" not in reasons(found)
        assert "circuit_breaker.max_requests" not in reasons(found)

    def test_nothing(self) -> None:
        """An old version has nothing to say of a service without upstreams."""
        assert "" == consul(loaded({"service_name": "orders"}), target_version="1.8").text

    def test_itself(self) -> None:
        """A service that calls itself has its protocol and its upstreams in one entry."""
        found = rendered(("upstreams.orders.protocol", "grpc"))
        own = entry(found, "service-defaults", "orders")

        assert "grpc" == own["Protocol"]
        assert {"Defaults"} == {*own["UpstreamConfig"]}
        assert own == found[0]

    def test_tcp(self) -> None:
        """Of plain TCP, nobody counts requests."""
        found = consul(a_config())
        (only,) = [one for one in found.dropped if one.path == "circuit_breaker.max_requests"]

        assert ("mainframe",) == only.upstreams


class TestEjection:
    """When hosts are ejected; without a word of it, Envoy ejects by defaults of its own."""

    def test_no_failures(self) -> None:
        """0 is no number of failures to Consul, so that ejection is switched off beside it."""
        found = ejection(("circuit_breaker.consecutive_failures", 0))

        assert 0 == found["EnforcingConsecutive5xx"]
        assert "MaxFailures" not in found

    def test_no_hosts(self) -> None:
        """A share of 0 ejects nobody, though Consul would still eject one."""
        found = ejection(("circuit_breaker.max_ejection_percent", 0))

        assert (0, 0, 5) == (
            found["EnforcingConsecutive5xx"],
            found["MaxEjectionPercent"],
            found["MaxFailures"],
        )

    def test_no_failures_in_old_ones(self) -> None:
        """What switches ejection off is as new as that."""
        path = "circuit_breaker.consecutive_failures"

        told = "Consul has that from 1.14 on: 5 failures in a row eject a host"

        assert told in every_reason(path, (path, 0), version="1.13")
        assert told not in every_reason(path, (path, 1), version="1.13")
        assert {"Interval": "10s"} == ejection((path, 0), version="1.13")

    @pytest.mark.parametrize(
        ("version", "expected"),
        [
            ("1.13", {}),
            ("1.14", {"EnforcingConsecutive5xx": 0}),
            ("1.15", {"EnforcingConsecutive5xx": 0, "MaxEjectionPercent": 0}),
        ],
    )
    def test_off(self, version: str, expected: Any) -> None:
        """A breaker that is off says so, and has the largest limits."""
        off = ("circuit_breaker.enabled", False)
        found = allowed(off, version=version)["Defaults"]

        assert expected == found["PassiveHealthCheck"]
        assert {2**31 - 1} == {*found["Limits"].values()}
        told = every_reason("circuit_breaker.enabled", off, version=version)
        by_default = "Consul has that from 1.14 on: 5 failures in a row eject a host"

        assert [BY_SUCCESS_RATE, *[by_default] * (version == "1.13")] == told

    @pytest.mark.parametrize("failures", [0, 5])
    def test_success_rate(self, failures: int) -> None:
        """Envoy's ejection by success rate, which no key switches off, is told."""
        path = "circuit_breaker.consecutive_failures"
        found = [one for one in consul(a_config({path: failures})).dropped if one.path == path]

        assert [(BY_SUCCESS_RATE, True)] == [(one.reason, one.in_part) for one in found]


class TestRouter:
    """How requests to an upstream are sent."""

    def test_defaults(self) -> None:
        """A router tries again as often as there are attempts left after the first."""
        assert {
            "RequestTimeout": "60s",
            "IdleTimeout": "300s",
            "NumRetries": 2,
            "RetryOnConnectFailure": True,
            "RetryOnStatusCodes": [503],
            "RetryOn": ["refused-stream", "unavailable", "cancelled"],
        } == route()

    def test_match(self) -> None:
        """A router is for all requests."""
        found = entry(rendered(), "service-router")

        assert [{"HTTP": {"PathPrefix": "/"}}] == [one["Match"] for one in found["Routes"]]

    @pytest.mark.parametrize(
        "setting", [("retry.max_attempts", 1), ("retry.on", []), ("retry.budget", 0.0)]
    )
    def test_one_attempt(self, setting: tuple[str, Any]) -> None:
        """Where nothing is tried again, a request has the time of one attempt."""
        assert {"RequestTimeout": "15s", "IdleTimeout": "300s"} == route(setting)
        assert "15s" == entry(rendered(setting), "service-resolver")["RequestTimeout"]
        assert (
            Dropped(
                "timeouts.request",
                "a request with one attempt ends after timeouts.per_try",
                default=True,
                upstreams=("payments", "ledger"),
            )
            in consul(a_config(dict([setting]))).dropped
        )

    def test_retries_at_a_time(self) -> None:
        """That Envoy's own limit of retries holds is told where there are retries."""
        path = "retry.max_attempts"

        assert ["Consul leaves Envoy's limit of three retries at a time"] == [
            one.reason
            for one in consul(a_config(), upstream="payments").dropped
            if one.path == path and one.in_part
        ]
        assert path not in reasons(consul(a_config({path: 1}), upstream="payments"))

    def test_budget(self) -> None:
        """A budget is dropped, but for one that leaves no retries."""
        path = "retry.budget"
        found = [consul(a_config({path: ratio}), upstream="payments") for ratio in (0.5, 0.0)]

        assert "Consul has no retry budget" == reasons(found[0])[path]
        assert path not in reasons(found[1])

    @pytest.mark.parametrize(
        ("on", "expected"),
        [
            (["connect-failure"], {"RetryOnConnectFailure": True}),
            (["5xx", "reset", "5xx"], {"RetryOn": ["5xx", "reset"]}),
            (["retriable-status-codes"], {"RetryOnStatusCodes": [503]}),
            (["reset-before-request"], {}),
        ],
    )
    def test_conditions(self, on: list[str], expected: Any) -> None:
        """Connections and status codes have keys of their own, and one condition is not known."""
        config = a_config({"retry.on": on})
        dropped = reasons(consul(config, upstream="payments")).get("retry.on")
        both = {"RequestTimeout": "60s", "IdleTimeout": "300s", "NumRetries": 2}
        unknown = "Consul does not know reset-before-request"

        assert {**both, **expected} == route(("retry.on", on))
        assert (unknown if on == ["reset-before-request"] else None) == dropped

    def test_no_codes(self) -> None:
        """Without status codes, there is no list of them."""
        assert "RetryOnStatusCodes" not in route(("retry.status_codes", []))

    def test_tcp(self) -> None:
        """Plain TCP has no router, and what is about requests is dropped."""
        found = entries_of(consul(a_config(), upstream="mainframe").text)
        paths = ("retry.max_attempts", "timeouts.request", "timeouts.idle", "retry.base_delay")
        dropped = reasons(consul(a_config(), upstream="mainframe"))

        assert ["service-resolver"] == [one["Kind"] for one in found[1:]]
        assert {"Consul sees connections in plain TCP, and no requests"} == {
            dropped[path] for path in paths
        }

    @pytest.mark.parametrize("protocol", ["http", "http2", "grpc"])
    def test_protocol(self, protocol: str) -> None:
        """The protocol of an upstream is said before its router."""
        found = rendered(("upstreams.payments.protocol", protocol))
        kinds = [one["Kind"] for one in found if one["Name"] == "payments"]

        assert ["service-defaults", "service-resolver", "service-router"] == kinds
        assert protocol == entry(found, "service-defaults")["Protocol"]


class TestLoadBalancer:
    """How a host is picked."""

    @pytest.mark.parametrize("algorithm", ["round_robin", "random"])
    def test_simple(self, algorithm: str) -> None:
        """An algorithm is called as it is here."""
        assert {"Policy": algorithm} == balancer(("load_balancer.algorithm", algorithm))

    def test_least_request(self) -> None:
        """The number of hosts to choose from goes with the algorithm."""
        assert {"Policy": "least_request", "LeastRequestConfig": {"ChoiceCount": 3}} == balancer(
            ("load_balancer.algorithm", "least_request"), ("load_balancer.choice_count", 3)
        )

    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            ("source_ip", {"SourceIP": True}),
            ("header:X-User", {"Field": "header", "FieldValue": "X-User"}),
            ("cookie:sid", {"Field": "cookie", "FieldValue": "sid"}),
            ("query:u", {"Field": "query_parameter", "FieldValue": "u"}),
        ],
    )
    def test_ring_hash(self, key: str, expected: Any) -> None:
        """A ring has a largest size too, as Envoy would take 0 for one."""
        assert {
            "Policy": "ring_hash",
            "RingHashConfig": {"MinimumRingSize": 8_388_608, "MaximumRingSize": 8_388_608},
            "HashPolicies": [expected],
        } == balancer(
            ("load_balancer.algorithm", "ring_hash"),
            ("load_balancer.hash_key", key),
            ("load_balancer.minimum_ring_size", 8_388_608),
        )

    def test_maglev(self) -> None:
        """Maglev's table has the size that Envoy gives it."""
        chosen = [("load_balancer.algorithm", "maglev"), ("load_balancer.hash_key", "source_ip")]
        path = "load_balancer.table_size"

        assert {"Policy": "maglev", "HashPolicies": [{"SourceIP": True}]} == balancer(*chosen)
        assert "Consul sets no table size" == reason(path, *chosen, (path, 251))

    def test_tcp(self) -> None:
        """Nothing is hashed of plain TCP."""
        chosen = ("load_balancer.algorithm", "maglev"), ("load_balancer.hash_key", "source_ip")
        found = consul(a_config(dict(chosen)))
        (dropped,) = [one for one in found.dropped if one.path == "load_balancer.hash_key"]

        assert ("mainframe",) == dropped.upstreams
        assert {"Policy": "maglev"} == (
            entry(entries_of(found.text), "service-resolver", "mainframe")["LoadBalancer"]
        )

    @pytest.mark.parametrize(
        ("algorithm", "nearest"),
        [("peak_ewma", "least_request"), ("weighted_round_robin", "round_robin")],
    )
    @pytest.mark.parametrize("version", ["1.8", "1.18"])
    def test_unknown(self, algorithm: str, nearest: str, version: str) -> None:
        """An algorithm that Consul does not have is refused once, with one that it has."""
        config = a_config({"load_balancer.algorithm": algorithm})
        with pytest.raises(ConfigError) as caught:
            consul(config, target_version=version)
        (only,) = caught.value.problems

        assert ("MC303", "load_balancer.algorithm") == (only.code, only.path)
        assert f'{nearest} comes nearest: algorithm = "{nearest}"' == only.help
        assert problems(config, upstream="ledger")


class TestNames:
    @pytest.mark.parametrize(
        "name", [one for one in HOSTILE if len(one) < 254 and not is_name(one)]
    )
    def test_hostile(self, name: str) -> None:
        """A name that no host could have is refused, of an upstream and of this service alike."""
        found = problems(loaded({"service_name": name or " ", "upstreams": {name: {}}}))

        assert (
            "MC303",
            "service_name",
            "`service_name` is no host name, which Consul wants",
        ) in found
        assert 2 == len(found)

    def test_odd(self) -> None:
        """Names that other formats would misread are left as they are."""
        names = ["n", "1e3", "true", "null", "a_b", "10.0.0.1", "a" * 253]
        config = loaded({"service_name": "no", "upstreams": {name: {} for name in names}})
        found = entries_of(consul(config).text)

        assert ["no", *names] == list(dict.fromkeys(one["Name"] for one in found))

    def test_case(self) -> None:
        """Names that differ in case alone are one name, of which one entry would be lost."""
        config = loaded({"service_name": "orders", "upstreams": {"Orders": {}}})
        message = "`service_name` and the upstream Orders are one name to Consul"

        assert [("MC303", "service_name", message)] == problems(config)
        assert [] != entries_of(consul(config, target_version="1.8").text)

    def test_others(self) -> None:
        """The entry of this service holds the names of all upstreams, so all are looked at."""
        config = loaded({"service_name": "orders", "upstreams": {"a": {}, "b c": {}}})
        message = '`upstreams."b c"` is no host name, which Consul wants'

        assert [("MC303", 'upstreams."b c"', message)] == problems(config, upstream="a")
        assert consul(config, upstream="a", target_version="1.8").text


class TestDropped:
    @pytest.mark.parametrize(
        ("path", "settings", "expected"),
        [
            (
                "metrics.port",
                [("metrics.port", 1)],
                "proxy-defaults, which hold for the whole mesh",
            ),
            ("tracing.enabled", [], "proxy-defaults, which hold for the whole mesh"),
            ("tls.enabled", [], "certificates of its own"),
            ("tls.server_name", [("tls.enabled", True), ("tls.server_name", "a")], "of its own"),
            ("static.endpoints", [], "Consul finds hosts in its own catalogue, by the names alone"),
            (
                "etcd.prefix",
                [("discovery.backend", "etcd")],
                "Consul finds hosts in its own catalogue",
            ),
            ("upstreams.ledger.port", [], "Consul finds hosts in its own catalogue"),
            ("load_balancer.health_check.path", [], "the registration of a service says that"),
            ("service_version", [], "the registration of a service says that"),
        ],
    )
    def test_reasons(self, path: str, settings: list[tuple[str, Any]], expected: str) -> None:
        """What stands elsewhere is dropped with the place where it does."""
        found = reason(path, *settings)

        assert found is not None
        assert found.endswith(expected)

    def test_nothing_set(self) -> None:
        """Of a file with nothing but names, only defaults are dropped, and none to be read."""
        found = consul(DEFAULTS).dropped

        assert [] == [one for one in found if not one.default or one.notable]

    @pytest.mark.parametrize(
        "setting", [("load_balancer.max_retries", 0), ("load_balancer.panic_threshold", 0.0)]
    )
    def test_what_is_done_anyway(self, setting: tuple[str, Any]) -> None:
        """What Consul does without being told is not dropped."""
        found = consul(a_config(dict([setting])), upstream="payments")

        assert setting[0] not in reasons(found)

    def test_tcp(self) -> None:
        """Plain TCP, which is not written, is told to hold where nothing else is said."""
        found = consul(a_config(), upstream="mainframe").dropped

        assert ["it holds as long as neither service-defaults nor proxy-defaults name another"] == [
            one.reason for one in found if one.path == "upstreams.mainframe.protocol"
        ]
        assert all(one.in_part for one in found if one.path == "upstreams.mainframe.protocol")

    def test_namespace(self) -> None:
        """A namespace, which only Consul Enterprise takes, is said when entries are written."""
        chosen = {"service_name": "a", "discovery.backend": "consul", "consul.namespace": "team"}
        found = reasons(consul(loaded(chosen)))

        assert (
            "it is said when entries are written: consul config write -namespace"
            == (found["consul.namespace"])
        )
        assert found["consul.port"].endswith("when entries are written: consul config write")

    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [(5e-324, 1), (0.0004, 1), (1.2344, 1234), (1.5005, 1500), (1e300, 2**31 - 1)],
    )
    def test_durations(self, seconds: float, expected: int) -> None:
        """A duration is said in milliseconds, within what Envoy takes, and it is told."""
        path = "timeouts.connect"

        assert expected == allowed((path, seconds))["Defaults"]["ConnectTimeoutMs"]
        assert (
            f"{expected}ms"
            == entry(rendered((path, seconds)), "service-resolver")["ConnectTimeout"]
        )
        assert reason(path, (path, seconds)) is not None
