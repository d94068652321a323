"""The account of what a text does not say."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf import ConfigError
from meshconf.mesh import UpstreamConfig
from meshconf.mesh.render.rendered import Account, Dropped, Rendered
from meshconf.mesh.render.upstreams import Upstream, upstreams_of
from tests.mesh.render.configs import loaded

TWO: dict[str, Any] = {"payments": {}, "ledger": {}}


class Given:
    """An account of a configuration, and its upstreams by name."""

    def __init__(self, only: str | None = None, /, **settings: Any) -> None:
        self.config = loaded({"service_name": "orders", "upstreams": TWO, **settings})
        upstreams = upstreams_of(self.config, only)
        self.account = Account("Target", self.config, upstreams)
        self.upstreams = {one.name: one for one in upstreams}

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What was noted."""
        return self.account.rendered("").dropped


class TestDrop:
    def test_setting(self) -> None:
        """A setting that is dropped is noted with its reason, and whether it is a default."""
        given = Given(**{"consul.port": 1})
        given.account.drop("why", "consul.port", "consul.host")

        assert (Dropped("consul.host", "why", default=True), Dropped("consul.port", "why")) == (
            given.dropped
        )

    def test_group(self) -> None:
        """Of a group, all settings are noted."""
        given = Given()
        given.account.drop("why", "metrics")

        assert ["metrics.enabled", "metrics.path", "metrics.port"] == [
            one.path for one in given.dropped
        ]

    def test_unset(self) -> None:
        """What is not set is not noted."""
        given = Given()
        given.account.drop("why", "consul.token", "consul.namespace")
        given.account.drop("why", "port", upstream=given.upstreams["payments"])

        assert () == given.dropped

    def test_first_reason(self) -> None:
        """The reason that was given first stays."""
        given = Given()
        given.account.drop("first", "consul.port")
        given.account.drop("second", "consul.port")

        assert ["first"] == [one.reason for one in given.dropped]

    def test_part(self) -> None:
        """What is said, though not exactly, is noted as such, with every reason."""
        given = Given()
        given.account.drop_part("rounded", "consul.port")
        given.account.drop_part("cut", "consul.port")
        given.account.drop_part("rounded", "consul.port")

        assert [
            Dropped("consul.port", reason, default=True, in_part=True)
            for reason in ("rounded", "cut")
        ] == list(given.dropped)

    @pytest.mark.parametrize("first", ["drop", "drop_part"])
    def test_whole_wins(self, first: str) -> None:
        """What is not said at all is not said in part."""
        given = Given()
        for method in dict.fromkeys((first, "drop", "drop_part")):
            getattr(given.account, method)(method, "consul.port")

        assert (Dropped("consul.port", "drop", default=True),) == given.dropped

    def test_notable(self) -> None:
        """What is set should be read, and a default where the target says so."""
        given = Given(**{"consul.port": 1})
        given.account.drop("why", "consul.port", "consul.host")
        given.account.drop("why", "consul.scheme", notable=True)
        given.account.drop_part("why", "consul.datacenter", notable=True)

        assert {
            "consul.datacenter": True,
            "consul.host": False,
            "consul.port": True,
            "consul.scheme": True,
        } == {one.path: one.notable for one in given.dropped}

    def test_all(self) -> None:
        """Several settings have a reason each."""
        given = Given()
        given.account.drop_all({"consul.port": "one", "consul.host": "two"})
        payments = given.upstreams["payments"]
        given.account.drop_all({"protocol": "three"}, payments)

        assert {
            "consul.port": "one",
            "consul.host": "two",
            "upstreams.payments.protocol": "three",
        } == {one.path: one.reason for one in given.dropped}

    def test_in_order(self) -> None:
        """What was noted is in the order of the paths."""
        given = Given()
        given.account.drop("why", "metrics.port", "consul.port", "consul.host")

        assert ["consul.host", "consul.port", "metrics.port"] == [one.path for one in given.dropped]


class TestDropOfUpstream:
    def test_own(self) -> None:
        """What is an upstream's own is noted under its name."""
        given = Given(upstreams={"a.b": {"port": 1, "retry": {"jitter": 0.1}}})
        given.account.drop("why", "port", "retry.jitter", upstream=given.upstreams["a.b"])

        assert (
            Dropped('upstreams."a.b".port', "why"),
            Dropped('upstreams."a.b".retry.jitter', "why"),
        ) == given.dropped

    def test_inherited(self) -> None:
        """What all upstreams inherit is noted once, where it is set."""
        given = Given(**{"retry.jitter": 0.1})
        for one in given.upstreams.values():
            given.account.drop("why", "retry.jitter", upstream=one)

        assert (Dropped("retry.jitter", "why"),) == given.dropped

    def test_own_default(self) -> None:
        """An upstream's own value may be a default, where the general one is not."""
        own = {"payments": {"retry": {"jitter": 0.2}}}
        given = Given(**{"retry.jitter": 0.1}, upstreams=own)
        given.account.drop("why", "retry.jitter", upstream=given.upstreams["payments"])

        assert (Dropped("upstreams.payments.retry.jitter", "why", default=True),) == given.dropped

    def test_only_some(self) -> None:
        """Where other upstreams use what is inherited, those that do not are named."""
        given = Given(**{"retry.jitter": 0.1})
        given.account.drop("why", "retry.jitter", upstream=given.upstreams["ledger"])

        assert (Dropped("retry.jitter", "why", upstreams=("ledger",)),) == given.dropped

    def test_reasons(self) -> None:
        """Where the reasons are not the same for all, each is told with its upstreams."""
        given = Given(**{"retry.jitter": 0.1})
        for name, one in given.upstreams.items():
            given.account.drop(f"of {name}", "retry.jitter", upstream=one)

        assert (
            Dropped("retry.jitter", "of payments", upstreams=("payments",)),
            Dropped("retry.jitter", "of ledger", upstreams=("ledger",)),
        ) == given.dropped

    def test_only_some_of_those_that_share(self) -> None:
        """An upstream with a value of its own does not count among those that inherit."""
        own = {"payments": {"retry": {"jitter": 0.3}}, "ledger": {}}
        given = Given(**{"retry.jitter": 0.1}, upstreams=own)
        given.account.drop("why", "retry.jitter", upstream=given.upstreams["ledger"])

        assert (Dropped("retry.jitter", "why"),) == given.dropped

    def test_only_rendered_ones(self) -> None:
        """An upstream that is not rendered does not count either."""
        given = Given("ledger", **{"retry.jitter": 0.1})
        given.account.drop("why", "retry.jitter", upstream=given.upstreams["ledger"])

        assert (Dropped("retry.jitter", "why"),) == given.dropped


class TestIdle:
    def test_general(self) -> None:
        """What has no effect is noted by itself."""
        given = Given(**{"etcd.prefix": "/x"})

        assert (Dropped("etcd.prefix", 'discovery.backend is "consul"'),) == given.dropped

    def test_used_all_the_same(self) -> None:
        """What a target says whatever the backend is, it may take from these."""
        config = loaded({"service_name": "orders", "etcd.prefix": "/x", "etcd.username": "x"})
        account = Account(
            "Target", config, [Upstream("payments", UpstreamConfig())], {"etcd.prefix"}
        )

        assert ["etcd.username"] == [one.path for one in account.rendered("").dropped]

    def test_own(self) -> None:
        """Nor has an upstream's own where it takes the effect from it."""
        own = {"max_attempts": 1, "budget": 0.1, "jitter": 0.1}
        given = Given(upstreams={"payments": {"retry": own}, "ledger": {}})

        assert (
            Dropped("upstreams.payments.retry.budget", "retry.max_attempts is 1"),
            Dropped("upstreams.payments.retry.jitter", "retry.max_attempts is 1"),
        ) == given.dropped

    def test_wins(self) -> None:
        """That is the reason, whatever a target says later."""
        given = Given(**{"etcd.prefix": "/x", "retry.max_attempts": 1, "retry.jitter": 0.1})
        given.account.drop("why", "etcd.prefix")
        for one in given.upstreams.values():
            given.account.drop("why", "retry.jitter", upstream=one)

        assert ['discovery.backend is "consul"', "retry.max_attempts is 1"] == [
            one.reason for one in given.dropped
        ]

    def test_used_by_another(self) -> None:
        """What one upstream has no use for is nothing lost where another inherits and uses it."""
        own = {"payments": {"retry": {"max_attempts": 1}}, "ledger": {}}
        given = Given(**{"retry.jitter": 0.1}, upstreams=own)

        assert () == given.dropped

    def test_dropped_for_all_others(self) -> None:
        """What one upstream has no use for, and is dropped for the others, is dropped for all."""
        own = {"payments": {"retry": {"max_attempts": 1}}, "ledger": {}}
        given = Given(**{"retry.jitter": 0.1}, upstreams=own)
        given.account.drop("why", "retry.jitter", upstream=given.upstreams["ledger"])

        assert (Dropped("retry.jitter", "why"),) == given.dropped

    def test_dropped_for_some(self) -> None:
        """With a third one that uses it, the one for which it is dropped is named."""
        own = {"payments": {"retry": {"max_attempts": 1}}, "ledger": {}, "shipping": {}}
        given = Given(**{"retry.jitter": 0.1}, upstreams=own)
        given.account.drop("why", "retry.jitter", upstream=given.upstreams["ledger"])

        assert (Dropped("retry.jitter", "why", upstreams=("ledger",)),) == given.dropped


class TestOverruled:
    def test_no_upstreams(self) -> None:
        """Without upstreams, nothing has an effect that is about them."""
        given = Given(
            **{
                "upstreams": {},
                "retry.jitter": 0.1,
                "consul.port": 1,
                "discovery.refresh_interval": 1,
                "tls.enabled": True,
                "metrics.port": 1,
            }
        )
        reason = "there is no upstream for which it could hold"

        assert {
            "consul.port": reason,
            "discovery.refresh_interval": reason,
            "retry.jitter": reason,
            "tls.enabled": reason,
        } == {one.path: one.reason for one in given.dropped if not one.default}

    @pytest.mark.parametrize(
        ("endpoints", "port"), [(["a:1", "a:1"], None), (["a:1"], 2), (["a:1", "a:2"], 1)]
    )
    def test_static(self, endpoints: list[str], port: int | None) -> None:
        """Hosts that stand there twice, or on another port than their upstream's, are noted."""
        given = static(endpoints, port)

        assert (
            Dropped(
                "static.endpoints",
                "a host counts once, on the port of its upstream if that has one",
                in_part=True,
            ),
        ) == given.dropped

    @pytest.mark.parametrize(("endpoints", "port"), [(["a:1", "b:1"], 1), (["a:1", "a:2"], None)])
    def test_static_as_it_stands(self, endpoints: list[str], port: int | None) -> None:
        """Other hosts are not."""
        assert () == static(endpoints, port).dropped

    def test_dns(self) -> None:
        """The port of all hosts is noted where each upstream has its own."""
        given = Given(**DNS, upstreams={"payments": {"port": 1}, "ledger": {"port": 2}})

        assert (Dropped("dns.port", "each upstream has a port of its own"),) == given.dropped

    def test_dns_of_some(self) -> None:
        """It is not where one upstream has none."""
        given = Given(**DNS, upstreams={"payments": {"port": 1}, "ledger": {}})

        assert () == given.dropped


DNS = {
    "discovery.backend": "dns",
    "dns.name": "{service}",
    "dns.record_type": "A",
    "dns.port": 80,
}


def static(endpoints: list[str], port: int | None) -> Given:
    """Return an account of an upstream with static hosts, and perhaps with a port."""
    return Given(
        **{
            "discovery.backend": "static",
            "static.endpoints": {"payments": endpoints},
            "upstreams": {"payments": {"port": port}},
        }
    )


class TestRefuse:
    def test_raises_all(self) -> None:
        """All that is refused is raised when the account is closed, each problem once."""
        given = Given(**{"retry.jitter": 0.1})
        given.account.refuse("metrics.path", "is odd", "make it even")
        for one in given.upstreams.values():
            given.account.refuse_of(one, "retry.jitter", "is unknown")
            given.account.refuse_of(one, "protocol", "is unknown")

        with pytest.raises(ConfigError) as caught:
            given.account.rendered("text")

        assert [
            ("MC303", "error", "metrics.path", "`metrics.path` is odd", "make it even"),
            ("MC303", "error", "retry.jitter", "`retry.jitter` is unknown", None),
            *(
                ("MC303", "error", path, f"`{path}` is unknown", None)
                for path in ("upstreams.payments.protocol", "upstreams.ledger.protocol")
            ),
        ] == [
            (one.code, one.severity, one.path, one.message, one.help)
            for one in caught.value.problems
        ]
        assert "nothing was rendered" == caught.value.outcome

    def test_same_path(self) -> None:
        """Two things that are wrong with one setting are two problems."""
        given = Given()
        given.account.refuse("metrics.path", "is odd")
        given.account.refuse("metrics.path", "is long")

        with pytest.raises(ConfigError) as caught:
            given.account.rendered("text")

        assert 2 == len(caught.value.problems)


class TestRendered:
    def test_text(self) -> None:
        """What comes of it is the text as it was given."""
        assert Rendered("text") == Given().account.rendered("text")
