"""R16, R17: settings that a running process cannot take over."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import attrs
import pytest

import meshconf
from meshconf import ConfigError, Layer, Secret, rule, setting
from meshconf.describe.differing import ABSENT, Pair
from meshconf.live.restarts import waiting
from meshconf.schema.compile import model_of
from tests.live.conftest import App, Pool, put, until


@attrs.frozen(kw_only=True)
class Outer:
    """A group whose default says what its class does not."""

    pool: Pool = Pool(kind="fiber")


@attrs.frozen(kw_only=True)
class Root:
    """A schema with such groups."""

    one: Pool = Pool(kind="fiber")
    outer: Outer = Outer(pool=Pool(kind="process"))


@attrs.frozen(kw_only=True)
class Bounds:
    """A schema with a rule across what can change and what cannot."""

    low: int = 1
    high: int = setting(2, reload="restart")

    @rule("low", "high")
    @staticmethod
    def are_in_order(low: int, high: int) -> str | None:
        """The low bound is below the high one."""
        return None if low < high else f"{low} is not below {high}"


@attrs.frozen(kw_only=True)
class Defaulted:
    """A schema with a map that has an entry by default."""

    limit: int = 1
    pools: dict[str, Pool] = {"a": Pool(kind="fiber")}


class TestHold:
    """`on_restart_fields="hold"`."""

    def test_one_of_each_kind(self, watch, caplog: pytest.LogCaptureFixture):
        """What can change does; what cannot keeps its value, is listed and logged."""
        live = watch("limit = 1\nlisten = 80\n")
        put("app.toml", "limit = 2\nlisten = 81\n")
        live.reload()

        assert (2, 80) == (live.config.limit, live.config.listen)
        assert ("listen",) == live.status.pending_restart
        assert "changes wait for a restart: listen" in caplog.text
        assert live.status.last_error is None

    def test_reverting_clears_it(self, watch):
        """Once the file says the old value again, nothing waits."""
        live = watch("listen = 80\n")
        put("app.toml", "listen = 81\n")
        live.reload()
        before = live.config
        put("app.toml", "listen = 80\n")
        live.reload()

        assert () == live.status.pending_restart
        assert before is live.config
        assert 1 == live.status.generation

    def test_stays_while_others_change(self, watch):
        """What waits goes on to wait while others change, whatever it becomes meanwhile."""
        live = watch("limit = 1\n")
        for limit, listen in ((2, 81), (3, 82), (4, 82)):
            put("app.toml", f"limit = {limit}\nlisten = {listen}\n")
            live.reload()

        assert (4, 80) == (live.config.limit, live.config.listen)
        assert ("listen",) == live.status.pending_restart

    def test_only_what_waits(self, watch):
        """A change of nothing but what waits is told as unchanged, and tells nobody."""
        live = watch("listen = 80\n")
        before, told = live.config, []
        live.subscribe(lambda *update: told.append(update))
        put("app.toml", "listen = 81\n")
        live.reload()

        assert "unchanged" == live.attempt.result
        assert before is live.config
        assert [] == told

    def test_origin(self, watch):
        """The value that is held says so, and what it holds back."""
        live = watch("listen = 80\n")
        put("app.toml", "listen = 81\n")
        live.reload()

        assert live.snapshot.explain("listen").startswith(
            "listen = 80\n\n"
            "  from       the value held until a restart\n"
            "  overrides  81 from app.toml:1:10\n"
            "             80 from the default\n"
            "  because    a change of it takes effect at a restart\n"
        )
        assert ("app.toml", "environment") == live.snapshot.sources

    def test_default(self, watch):
        """A value that was the default is held as that."""
        live = watch("")
        put("app.toml", "listen = 81\n[pool]\nkind = 'process'\nsize = 7\n")
        live.reload()

        assert (80, Pool(size=7)) == (live.config.listen, live.config.pool)
        assert ("listen", "pool.kind") == live.status.pending_restart

    def test_default_of_a_group(self, watch):
        """A value that the default of its group gave is held, not the one of its class."""
        live = watch("", schema=Root)
        put(
            "app.toml",
            "[one]\nkind = 'thread'\nsize = 7\n[outer.pool]\nkind = 'thread'\nsize = 8\n",
        )
        live.reload()

        assert Pool(kind="fiber", size=7) == live.config.one
        assert Pool(kind="process", size=8) == live.config.outer.pool

    def test_value_that_is_set_no_more(self, watch):
        """A value that the file no longer sets is held too."""
        live = watch("listen = 81\n")
        put("app.toml", "limit = 3\n")
        live.reload()

        assert (3, 81) == (live.config.limit, live.config.listen)
        assert ("listen",) == live.status.pending_restart

    def test_new_entry_of_a_map(self, watch):
        """What a new entry says is new, and waits for nothing; that of an old one does."""
        live = watch("[pools.a]\n")
        put("app.toml", "[pools.a]\nkind = 'process'\n[pools.b]\nkind = 'process'\n")
        live.reload()

        assert {"a": Pool(), "b": Pool(kind="process")} == live.config.pools
        assert ("pools.a.kind",) == live.status.pending_restart

    def test_entry_that_falls_back_to_a_default(self, watch):
        """An entry that its map's default has too keeps its value when the file no longer sets it."""
        live = watch("[pools.a]\nkind = 'thread'\n", schema=Defaulted)
        put("app.toml", "limit = 2\n")
        live.reload()

        assert (2, "thread") == (live.config.limit, live.config.pools["a"].kind)
        assert ("pools.a.kind",) == live.status.pending_restart

    def test_entry_that_goes(self, watch):
        """An entry that goes is gone, with what it held back."""
        live = watch("[pools.a]\n")
        put("app.toml", "[pools.a]\nkind = 'process'\n")
        live.reload()
        put("app.toml", "limit = 10\n")
        live.reload()

        assert {} == live.config.pools
        assert () == live.status.pending_restart

    def test_variable(self, watch):
        """A setting that a variable sets does not wait for the file."""
        live = watch("listen = 80\n", environ={"APP_LISTEN": "90"})
        put("app.toml", "listen = 81\n")
        live.reload()

        assert () == live.status.pending_restart
        assert 90 == live.config.listen

    def test_by_overrides(self, watch):
        """Values that were given ready are held as well."""
        live = watch("", overrides={"pool": Pool(kind="fiber")})
        put("app.toml", "listen = 81\n")
        live.reload()

        assert ("fiber", 80) == (live.config.pool.kind, live.config.listen)

    def test_objects_of_a_source(self, watch):
        """A group that a source of one's own gives ready keeps what needs a restart."""
        source = Source({"pool": Pool(kind="fiber"), "pools": {"a": Pool()}})
        live = watch(None, source)
        source.data = {"pool": Pool(kind="process", size=7), "pools": {"a": Pool(kind="fiber")}}
        live.reload()

        assert Pool(kind="fiber", size=7) == live.config.pool
        assert {"a": Pool()} == live.config.pools
        assert ("pool.kind", "pools.a.kind") == live.status.pending_restart

    def test_rule_across_both_kinds(self, watch, failure):
        """If what is held and the rest do not go together, the report says what needs a restart."""
        live = watch("low = 1\nhigh = 2\n", schema=Bounds)
        put("app.toml", "low = 11\nhigh = 12\n")
        problems = failure(live).problems

        assert [("MC301", ""), ("MC602", "high")] == [(one.code, one.path) for one in problems]

    def test_what_only_one_side_has(self):
        """A setting that only one side has, in no table of its own, waits for itself."""
        model = model_of(App)
        pair = Pair(("listen",), model.settings["listen"], ABSENT, 81)

        assert [("listen",)] == waiting(model, [pair])

    def test_is_logged_once(self, watch, caplog: pytest.LogCaptureFixture):
        """What waits is logged when it is something else than before."""
        live = watch("limit = 1\n")
        for limit, more in ((2, ""), (3, ""), (4, "[pool]\nkind = 'fork'\n")):
            put("app.toml", f"limit = {limit}\nlisten = 81\n{more}")
            live.reload()

        assert ["listen", "listen, pool.kind"] == [
            one.message.removeprefix("changes wait for a restart: ")
            for one in caplog.records
            if one.levelname == "WARNING"
        ]

    def test_when_nothing_waits_any_more(self, watch, caplog: pytest.LogCaptureFixture):
        """That the change was taken back is logged, and the status forgets it."""
        caplog.set_level("INFO", "meshconf")
        live = watch("listen = 80\n")
        for listen in (81, 80):
            put("app.toml", f"listen = {listen}\n")
            live.reload()

        assert "nothing waits for a restart any more" == caplog.records[-1].message


class Source:
    """A source of one's own."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def read(self, _: Any) -> Layer:
        return Layer("store", "a store", self.data)


@attrs.frozen(kw_only=True)
class Tls:
    """A group that may be missing."""

    certificate: str = setting("", reload="restart")
    verify: bool = True


@attrs.frozen(kw_only=True)
class Memory:
    """One of two stores."""

    type: Literal["memory"] = "memory"
    size: int = 1


@attrs.frozen(kw_only=True)
class Disk:
    """The other one."""

    type: Literal["disk"] = "disk"
    path: str = setting(reload="restart")


@attrs.frozen(kw_only=True)
class Upstream:
    """An entry that inherits."""

    tls: Tls = setting(Tls(), inherits="tls")


@attrs.frozen(kw_only=True)
class Server:
    """A schema with groups of every sort."""

    limit: int = 1
    parts: Any = setting("", reload="restart", converter=lambda text: tuple(text.split("+")))
    tls: Tls = Tls()
    second: Tls | None = None
    whole: Pool = setting(Pool(), reload="restart")
    store: Memory | Disk = Memory()
    key: Secret[str] | None = setting(None, reload="restart")
    upstreams: dict[str, Upstream] = {}


@attrs.frozen(kw_only=True)
class Whole:
    """A schema with a map that needs a restart, and what its entries inherit does not."""

    tls: Tls = Tls()
    upstreams: dict[str, Upstream] = setting({}, reload="restart")


@attrs.frozen(kw_only=True)
class Listening:
    """A schema with a list of groups."""

    limit: int = 1
    ports: list[Tls] = []


@attrs.frozen(kw_only=True)
class Certificate:
    """A group that something has to set."""

    certificate: str = setting(reload="restart")


@attrs.frozen(kw_only=True)
class Entry:
    """An entry that inherits it."""

    tls: Certificate = setting(inherits="tls")


@attrs.frozen(kw_only=True)
class Inheriting:
    """A schema whose entries inherit what is required."""

    tls: Certificate
    upstreams: dict[str, Entry] = {}


class TestHoldGroups:
    """What is held of groups."""

    @pytest.fixture
    def live(self, watch) -> Any:
        """Watch a server."""
        return watch("limit = 1\n", schema=Server)

    def test_group_that_is_all_restart(self, live):
        """A group that says so itself is held as one."""
        put("app.toml", "limit = 2\n[whole]\nsize = 9\n")
        live.reload()

        assert (2, Pool()) == (live.config.limit, live.config.whole)
        assert ("whole",) == live.status.pending_restart

    @pytest.mark.parametrize(("setting", "value"), [("size", 4), ("kind", "thread")])
    def test_origin_in_a_group(self, live, setting, value):
        """What a group that is held had set, and what it had by default, say that they are held."""
        put("app.toml", "[whole]\nkind = 'fiber'\nsize = 9\n")
        live.reload()
        winner = live.snapshot.candidates(f"whole.{setting}")[0]

        assert ("held", value) == (winner.origin.kind, winner.value)

    def test_group_that_inherits(self, watch):
        """A group that is held keeps what it inherited, though that has changed where it stands."""
        live = watch("[tls]\nverify = true\n[upstreams.a]\n", schema=Whole)
        put("app.toml", "[tls]\nverify = false\n[upstreams.a]\n")
        live.reload()

        assert (Tls(verify=False), Tls()) == (live.config.tls, live.config.upstreams["a"].tls)
        assert ("upstreams",) == live.status.pending_restart

    def test_list_of_groups(self, watch):
        """A list of groups waits as a whole if something in its elements needs a restart."""
        live = watch("[[ports]]\ncertificate = 'a.pem'\n", schema=Listening)
        put("app.toml", "limit = 2\n[[ports]]\ncertificate = 'b.pem'\nverify = false\n")
        live.reload()

        assert (2, [Tls(certificate="a.pem")]) == (live.config.limit, live.config.ports)
        assert ("ports",) == live.status.pending_restart

    def test_group_that_comes(self, live):
        """A group that was not there waits as a whole if something in it needs a restart."""
        put("app.toml", "limit = 2\n[second]\ncertificate = 'a.pem'\n")
        live.reload()

        assert (2, None) == (live.config.limit, live.config.second)
        assert ("second",) == live.status.pending_restart

    def test_group_that_goes(self, watch):
        """So does one that goes."""
        live = watch("[second]\ncertificate = 'a.pem'\nverify = false\n", schema=Server)
        put("app.toml", "limit = 2\n")
        live.reload()

        assert (2, Tls(certificate="a.pem", verify=False)) == (
            live.config.limit,
            live.config.second,
        )
        assert ("second",) == live.status.pending_restart

    def test_leaf_and_then_its_group(self, watch):
        """A value that waited is still held when its group goes."""
        live = watch("[second]\ncertificate = 'a.pem'\n", schema=Server)
        put("app.toml", "[second]\ncertificate = 'b.pem'\nverify = false\n")
        live.reload()
        put("app.toml", "limit = 2\n")
        live.reload()

        assert Tls(certificate="a.pem", verify=False) == live.config.second
        assert ("second",) == live.status.pending_restart

    def test_other_class_of_a_union(self, live):
        """A union whose new class needs a restart is held as one."""
        put("app.toml", "limit = 2\n[store]\ntype = 'disk'\npath = '/tmp'\n")
        live.reload()

        assert (2, Memory()) == (live.config.limit, live.config.store)
        assert ("store",) == live.status.pending_restart

    def test_what_is_inherited(self, watch):
        """What upstreams inherit waits in all of them; what can change does."""
        live = watch("[upstreams.a]\n[upstreams.b.tls]\nverify = true\n", schema=Server)
        put(
            "app.toml",
            "[tls]\ncertificate = 'a.pem'\nverify = false\n"
            "[upstreams.a]\n[upstreams.b.tls]\nverify = true\n",
        )
        live.reload()
        config = live.config

        assert Tls(verify=False) == config.tls == config.upstreams["a"].tls
        assert Tls(verify=True) == config.upstreams["b"].tls
        assert "tls.certificate" in live.status.pending_restart

    def test_required_that_was_inherited(self, watch):
        """A required value that an entry inherited stays so, while one of its own waits."""
        start = "[tls]\ncertificate = 'a.pem'\n[upstreams.a]\n"
        live = watch(start, schema=Inheriting)
        put("app.toml", f"{start}[upstreams.a.tls]\ncertificate = 'b.pem'\n")
        live.reload()

        assert "a.pem" == live.config.upstreams["a"].tls.certificate
        assert ("upstreams.a.tls.certificate",) == live.status.pending_restart

    def test_what_a_converter_made(self, watch):
        """What a converter made of a text is held, and not converted again."""
        live = watch("parts = 'a+b'\n", schema=Server)
        put("app.toml", "limit = 2\nparts = 'c'\n")
        live.reload()
        put("app.toml", "limit = 3\nparts = 'd'\n")
        live.reload()

        assert (3, ("a", "b")) == (live.config.limit, live.config.parts)

    def test_secret(self, watch, failure):
        """A secret that waits is shown nowhere."""
        options: Any = {"schema": Server}
        put("key", "first-secret")
        live = watch("", environ={"APP_KEY_FILE": "key"}, **options)
        put("key", "second-secret")
        live.reload()
        put("app.toml", "limit = 'x'\n")
        error = failure(live)
        told = f"{live.status} {live.snapshot.explain('key')} {error} {live.snapshot.candidates('key')}"

        assert "first-secret" == live.config.key.reveal()
        assert ("key",) == live.status.pending_restart
        assert "-secret" not in told


class TestDefaults:
    """What is held leaves the defaults of the schema alone."""

    def test_are_as_before(self, watch):
        """A value held in groups that have defaults becomes the default of nothing."""
        live = watch("[outer.pool]\nkind = 'thread'\n", schema=Root)
        put("app.toml", "")
        with pytest.raises(ConfigError):
            live.reload()  # an empty file is refused
        put("app.toml", "[one]\nsize = 2\n")
        live.reload()

        assert "thread" == live.config.outer.pool.kind
        assert ("outer.pool.kind",) == live.status.pending_restart

        put("app.toml", "[one]\nsize = 3\n")
        live.reload()

        assert ("outer.pool.kind",) == live.status.pending_restart
        other: Any = {"overrides": {"outer": {"pool": {"size": 1}}}}

        assert (
            "process"
            == meshconf.load(schema=Root, prefix="X_", environ={}, **other).outer.pool.kind
        )

    def test_map_that_needs_a_restart(self, watch):
        """No entry comes or goes in a map that needs a restart itself."""
        live = watch("[upstreams.a]\n", schema=Whole)
        put("app.toml", "[upstreams.b]\n")
        live.reload()

        assert ["a"] == list(live.config.upstreams)
        assert ("upstreams",) == live.status.pending_restart


class TestReject:
    """`on_restart_fields="reject"`."""

    def test_refuses_the_whole(self, watch, failure):
        """A change that needs a restart is refused with all that comes with it."""
        live = watch("limit = 1\nlisten = 80\n", on_restart_fields="reject")
        put("app.toml", "limit = 2\nlisten = 81\n")
        error = failure(live)

        assert (
            "error[MC602]: `listen` cannot change without a restart\n"
            " --> app.toml:2:10\n"
            "  |\n"
            "2 | listen = 81\n"
            "  |          ^^ changed\n"
            "  |\n"
            "  = note: the change is 80 → 81\n"
            "  = help: start again, or take the change back\n"
            "\n"
            "meshconf: 1 error in app.toml, environment; generation 1 stays in force" == str(error)
        )
        assert () == live.status.pending_restart

    def test_what_is_set_no_more(self, watch, failure):
        """A value that falls back to its default is refused too, with no place to show."""
        live = watch("listen = 81\n", on_restart_fields="reject")
        put("app.toml", "limit = 10\n")
        [problem] = failure(live).problems

        assert ("MC602", "listen", "default") == (problem.code, problem.path, problem.origin.kind)
        assert ("the change is 81 → 80",) == problem.notes

    def test_takes_the_rest(self, watch):
        """A change that needs no restart is taken over."""
        live = watch("listen = 81\n", on_restart_fields="reject")
        put("app.toml", "listen = 81\nlimit = 2\n")
        live.reload()

        assert 2 == live.config.limit

    def test_secret(self, watch, failure):
        """Of a secret, neither value is shown."""
        put("key", "first-secret")
        live = watch("", environ={"APP_KEY_FILE": "key"}, schema=Server, on_restart_fields="reject")
        put("key", "second-secret")
        error = failure(live)

        assert ("the change is <secret> → <secret>",) == error.problems[0].notes
        assert "-secret" not in str(error)


@attrs.frozen(kw_only=True)
class Ruled:
    """A rule across both kinds."""

    workers: int = setting(4, reload="restart")
    queue: int = 10

    @rule("workers", "queue")
    @staticmethod
    def queue_is_longer(workers: int, queue: int) -> str | None:
        """The queue is longer than there are workers."""
        return f"{workers} workers, a queue of {queue}" if queue <= workers else None


class TestMixture:
    """R17: what is held and what is new is validated together."""

    def test_rule_across_both_kinds(self, watch, failure):
        """If the new values do not fit those that are held, the change is refused, with both places."""
        live = watch("workers = 4\nqueue = 10\n", schema=Ruled)
        put("app.toml", "workers = 2\nqueue = 3\n")
        error = failure(live)

        assert "error[MC301]: 4 workers, a queue of 3" in str(error)
        assert "the value held until a restart" in str(error)
        assert "app.toml:2:9" in str(error)
        assert () == live.status.pending_restart
        assert Ruled() == live.config

    def test_rule_that_holds(self, watch):
        """If they fit, they come into force."""
        live = watch("workers = 4\nqueue = 10\n", schema=Ruled)
        put("app.toml", "workers = 2\nqueue = 5\n")
        live.reload()

        assert Ruled(workers=4, queue=5) == live.config

    def test_class_that_refuses_the_mixture(self, watch, failure):
        """A class that itself refuses what is held with what is new refuses the change."""

        @attrs.frozen(kw_only=True)
        class Strict:
            low: Annotated[int, setting(reload="restart")] = setting(1, reload="restart")
            high: int = 2

            def __attrs_post_init__(self) -> None:
                if self.low >= self.high:
                    msg = "low is not below high"
                    raise ValueError(msg)

        live = watch("low = 5\nhigh = 9\n", schema=Strict)
        put("app.toml", "low = 1\nhigh = 3\n")
        error = failure(live)

        assert "low is not below high" in str(error)


def test_watch_of_the_file(watch, soon: None) -> None:
    """What is held is held as well when the file is followed, not only when a reload is asked for."""
    live = watch("listen = 80\n", schema=App)
    put("app.toml", "listen = 81\nlimit = 2\n")
    until(lambda: live.config.limit == 2)

    assert 80 == live.config.listen
