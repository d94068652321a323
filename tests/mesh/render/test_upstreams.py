"""Which upstreams are rendered, and what is known of each."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf import ConfigError, ServiceMeshConfig
from meshconf.mesh import TimeoutsConfig, UpstreamConfig
from meshconf.mesh.render.rendered import Account
from meshconf.mesh.render.upstreams import general, names_of, refuse_names, upstreams_of
from tests.mesh.render.configs import loaded


def config_of(**settings: Any) -> ServiceMeshConfig:
    """Load settings of a service that calls others."""
    return loaded({"service_name": "orders", **settings})


STATIC = {
    "discovery": {"backend": "static"},
    "static.endpoints": {"ledger": ["10.0.0.1:80", "[::1]:81"], "payments": ["a:1"]},
    "upstreams": {"payments": {"protocol": "grpc"}, "shipping": {}},
}


class TestUpstreamsOf:
    def test_map(self) -> None:
        """They are those of the map, each with its own settings and those that it inherits."""
        config = config_of(
            timeouts={"connect": 1}, upstreams={"b": {"timeouts": {"idle": 2}}, "a": {}}
        )
        first, second = upstreams_of(config)

        assert ("b", "a") == (first.name, second.name)
        assert TimeoutsConfig(connect=1, idle=2) == first.config.timeouts
        assert TimeoutsConfig(connect=1) == second.config.timeouts

    def test_static(self) -> None:
        """Services whose static hosts are known are among them, each with its hosts."""
        found = {one.name: one.hosts for one in upstreams_of(config_of(**STATIC))}

        assert {
            "payments": (("a", 1),),
            "shipping": (),
            "ledger": (("10.0.0.1", 80), ("::1", 81)),
        } == found

    def test_static_has_general_policies(self) -> None:
        """A service that only has hosts gets the policies that hold in general."""
        config = config_of(**{**STATIC, "timeouts.connect": 1})
        (ledger,) = upstreams_of(config, "ledger")

        assert UpstreamConfig(timeouts=TimeoutsConfig(connect=1)) == ledger.config

    def test_other_backend(self) -> None:
        """Static hosts are nobody's where another backend is asked."""
        config = config_of(**{**STATIC, "discovery": {"backend": "consul"}})

        assert {"payments": (), "shipping": ()} == {
            one.name: one.hosts for one in upstreams_of(config)
        }

    def test_port(self) -> None:
        """The port of an upstream stands for those of its hosts, and each host is there once."""
        endpoints = {"payments": ["b:1", "a:1", "b:2", "b:1"]}
        config = config_of(**STATIC | {"static.endpoints": endpoints, "upstreams": {}})
        on_one_port = config_of(
            **STATIC | {"static.endpoints": endpoints, "upstreams": {"payments": {"port": 9}}}
        )

        assert (("b", 1), ("a", 1), ("b", 2)) == upstreams_of(config)[0].hosts
        assert (("b", 9), ("a", 9)) == upstreams_of(on_one_port)[0].hosts

    def test_only(self) -> None:
        """One that is named is the only one, of the map or not."""
        config = config_of(**STATIC)

        assert ["payments"] == [one.name for one in upstreams_of(config, "payments")]
        assert ["ledger"] == [one.name for one in upstreams_of(config, "ledger")]

    def test_unknown(self) -> None:
        """A name that is none is refused, with those that there are."""
        with pytest.raises(ConfigError) as caught:
            upstreams_of(config_of(upstreams={"payments": {}, "a\n": {}}), "a.b")

        (problem,) = caught.value.problems
        assert ("MC303", "error", 'upstreams."a.b"') == (
            problem.code,
            problem.severity,
            problem.path,
        )
        assert '`upstreams."a.b"` does not exist' == problem.message
        assert r'there are payments, "a\n"' == problem.help
        assert "nothing was rendered" == caught.value.outcome

    @pytest.mark.parametrize(("number", "more"), [(5, ""), (7, " and 2 more")])
    def test_unknown_among_many(self, number: int, more: str) -> None:
        """Of many names, a few are told, and the others counted."""
        with pytest.raises(ConfigError) as caught:
            upstreams_of(config_of(upstreams={f"s{n}": {} for n in range(number)}), "x")

        (problem,) = caught.value.problems
        assert f"there are s0, s1, s2, s3, s4{more}" == problem.help

    def test_unknown_among_none(self) -> None:
        """Where there are no upstreams, that is told."""
        with pytest.raises(ConfigError) as caught:
            upstreams_of(config_of(), "x")

        (problem,) = caught.value.problems
        assert "the configuration has no upstreams" == problem.help


class TestNamesOf:
    def test_are_named_once(self) -> None:
        """The map comes first, then what only has hosts; nothing twice."""
        assert ("payments", "shipping", "ledger") == names_of(config_of(**STATIC))


class TestGeneral:
    def test_has_all_policies(self) -> None:
        """What holds in general are the policies of the configuration, without a name."""
        config = config_of(
            **{
                "circuit_breaker.window": 1,
                "load_balancer.max_retries": 1,
                "retry.jitter": 0.1,
                "timeouts.idle": 1,
            }
        )
        found = general(config)

        assert "" == found.name
        assert config.circuit_breaker == found.config.circuit_breaker
        assert config.load_balancer == found.config.load_balancer
        assert config.retry == found.config.retry
        assert config.timeouts == found.config.timeouts


class TestRefuseNames:
    @pytest.mark.parametrize("name", ["payments", "a.b", "A_b-1", "1e3", "10.0.0.1", "a" * 253])
    def test_takes_host_names(self, name: str) -> None:
        """Host names pass."""
        assert [] == refused(name)

    @pytest.mark.parametrize(
        "name", ["", "a b", "a\n", "a:1", "::1", "/", "größe", ".a", "-a", "a..b", "*", "a" * 254]
    )
    def test_refuses_others(self, name: str) -> None:
        """Whatever is no host name is refused."""
        ((_, message, remedy),) = refused(name)

        assert message.endswith(" is no host name, which Target wants")
        assert "use letters, digits, inner hyphens and dots" == remedy

    def test_refuses_those_alike(self) -> None:
        """Names that differ in case alone are one, of which the first may stay."""
        remedy = "give one of them another name"

        assert [
            (path, f"`{path}` and payments are one name to Target", remedy)
            for path in ("upstreams.Payments", "upstreams.PAYMENTS")
        ] == refused("payments", "Payments", "PAYMENTS", "ledger")


def refused(*names: str) -> list[tuple[str, str, str | None]]:
    """Return what is refused of some names: the path, the message, the remedy."""
    config = config_of(upstreams={name: {} for name in names})
    upstreams = upstreams_of(config)
    account = Account("Target", config, upstreams)
    refuse_names(account, upstreams)
    try:
        account.rendered("")
    except ConfigError as error:
        return [(one.path, one.message, one.help) for one in error.problems]
    return []
