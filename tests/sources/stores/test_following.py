"""Following documents in real Consul and etcd, whatever becomes of the servers."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from meshconf import ConsulKV, EtcdKV
from meshconf.live import following
from meshconf.sources import session as sessions
from meshconf.sources.reading import Refused
from meshconf.sources.store import Found
from tests.live.conftest import put
from tests.programs import required
from tests.sources.stores.conftest import CANARY, Place, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.consul import Consul
    from tests.servers.etcd import Etcd
    from tests.servers.proxy import CountingProxy

#: A store that comes back is found within so many seconds, whatever wait was drawn.
BACK = 60.0


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have stores asked again soon."""
    monkeypatch.setattr(sessions, "LONGEST_WAIT", 0.5)


def until_limit(live: Any, number: int) -> None:
    """Wait for a number to be in force."""
    until(lambda: live.config.limit == number, BACK)


class TestChanges:
    def test_is_seen_at_once(self, place: Place, watch):
        """A push is in force at once, with its changes, and one request told of it."""
        place.put("limit = 1\n")
        live = watch(place.url())
        told: list[Any] = []
        live.subscribe(lambda *update: told.append(update))
        for number in (2, 3, 4):
            began = time.monotonic()
            place.put(f"limit = {number}\n")
            until_limit(live, number)

            assert time.monotonic() - began < 10  # and not after a wait of 60 s
        until(lambda: len(told) == 3)
        [change] = told[-1][2]

        assert ("limit", 3, 4) == (change.path, change.old, change.new)
        assert change.origin.name.startswith(f"{place.url()}@")
        assert "store" == live.attempt.trigger

    def test_invalid(self, place: Place, watch):
        """An invalid document is refused, and a valid one is in force again."""
        place.put("limit = 1\n")
        live = watch(place.url())
        before = live.config
        place.put("limit = 0\n")
        until(lambda: live.status.last_error)

        assert before is live.config
        assert "rejected" == live.attempt.result

        place.put("limit = 1\n")
        until(lambda: live.status.last_error is None)

        assert before is live.config

    def test_comment(self, place: Place, watch):
        """A document that means the same is unchanged; its places are new."""
        place.put("limit = 1\n")
        live = watch(place.url())
        before = live.config
        place.put("# one\nlimit = 1\n")
        until(lambda: live.status.attempts == 2)

        assert before is live.config
        assert 2 == live.snapshot.origin("limit").line

    def test_other_keys(self, place: Place, watch):
        """What becomes of other keys is nobody's business."""
        place.put("limit = 1\n")
        live = watch(place.url())
        for number in range(20):
            place.server.put(f"{place.key}/other", str(number))
        place.put("limit = 2\n")
        until_limit(live, 2)

        assert 2 == live.status.attempts

    def test_file_beside(self, place: Place, watch, folder: Path):
        """A file beside it is followed too, and does not ask the store again."""
        place.put("limit = 1\n")
        (folder / "app.toml").write_text("name = 'a'\n")
        live = watch("app.toml", place.url())
        until(lambda: sum(live.status.sources[1].requests.values()) == 1)
        put("app.toml", "name = 'b'\n")
        until(lambda: live.config.name == "b")

        assert {"success": 1, "error": 0} == live.status.sources[1].requests
        assert 1 == live.config.limit

    def test_reload(self, place: Place, watch):
        """A reload that is asked for asks the store."""
        place.put("limit = 1\n")
        live = watch(place.url())
        asked = live.status.sources[0].requests["success"]
        live.reload()

        assert asked < live.status.sources[0].requests["success"]

    def test_only_one_request_for_each_change(
        self, place: Place, watch, new_proxy: Callable[..., CountingProxy]
    ):
        """The server is asked once for each change, and not meanwhile."""
        proxy = new_proxy(place.server)
        place.put("limit = 1\n")
        live = watch(place.url(through=proxy))
        proxy.wait_for(2)
        time.sleep(0.5)
        at_rest = proxy.count()
        for number in (2, 3, 4):
            place.put(f"limit = {number}\n")
            until_limit(live, number)
        time.sleep(0.3)

        assert 2 == at_rest
        assert proxy.count() - at_rest <= 3

    def test_nothing_happens_for_longer_than_an_answer_may_take(self, place: Place, watch):
        """A wait goes on for longer than the store is given to answer, and asks nothing meanwhile."""
        place.put("limit = 1\n")
        live = watch(place.url("timeout=0.3"))
        time.sleep(2)
        source = live.status.sources[0]

        assert source.requests["success"] <= 2
        assert 0 == source.requests["error"]
        assert {} == source.resets

        place.put("limit = 2\n")
        until_limit(live, 2)

        assert 2 == live.status.attempts

    def test_reload_is_never_stale(self, place: Place, watch):
        """What a reload returns is at least as new as what was put before it."""
        place.put("limit = 1\n")
        live = watch(place.url())
        for number in range(2, 80):
            place.put(f"limit = {number}\n")

            assert number == live.reload().config.limit

    def test_reload_beside_news(self, place: Place, watch):
        """A reload that is asked for together with a change that was seen asks the store too."""
        place.put("limit = 1\n")
        live = watch(place.url())
        until(lambda: live.status.sources[0].requests["success"] >= 1)
        before = live.status.sources[0].requests["success"]
        live._reload(["store", "reload"])

        assert before < live.status.sources[0].requests["success"]
        assert "reload" == live.attempt.trigger


class TestTrouble:
    def test_restart_with_the_same_data(self, own_place: Place, watch, failure):
        """A server that stops is told, and followed again when it is back."""
        own_place.put("limit = 1\n")
        live = watch(own_place.url("timeout=1"))
        before = live.config
        own_place.server.stop()
        until(lambda: live.status.last_error)
        source = live.status.sources[0]

        assert before is live.config
        assert "error" == live.attempt.result
        assert not source.connected
        assert source.requests["error"]
        failure(live)

        own_place.server.start()
        until(lambda: live.status.last_error is None, BACK)

        assert before is live.config
        assert live.status.sources[0].connected

        own_place.put("limit = 2\n")
        until_limit(live, 2)

    def test_restart_with_lost_data(self, own_place: Place, watch):
        """A server that lost its data has no key: that is an error, until somebody puts it back."""
        for number in range(20):
            own_place.put(f"limit = {number + 1}\n")
        live = watch(own_place.url("timeout=1"))
        before = live.config
        own_place.server.lose_data()
        own_place.server.start()
        until(lambda: "MC410" in str(live.status.last_error), BACK)

        assert before is live.config

        own_place.put("limit = 7\n")
        until_limit(live, 7)

    def test_deleted(self, place: Place, watch):
        """A key that is gone is an error: what was in force stays."""
        place.put("limit = 1\n")
        live = watch(place.url())
        place.delete()
        until(lambda: "MC410" in str(live.status.last_error))

        assert 1 == live.config.limit

        place.put("limit = 2\n")
        until_limit(live, 2)

    def test_deleted_on_purpose(self, place: Place, watch):
        """With `on_missing="defaults"` it is the wish to have the defaults."""
        place.put("limit = 1\n")
        live = watch(place.url("on_missing=defaults"))
        place.delete()
        until_limit(live, 10)

        assert live.status.last_error is None

    def test_that_comes_later(self, place: Place, watch):
        """An optional key that comes later is taken over."""
        live = watch(place.url("start=optional"))
        place.put("limit = 2\n")
        until_limit(live, 2)

    def test_from_a_copy(self, own_place: Place, watch, tmp_path: Path):
        """A process that starts from a copy says so, until the store is there."""
        url = own_place.url(f"start=cached&cache={tmp_path / 'copy'}&timeout=1")
        own_place.put("limit = 1\n")
        watch(url).close()
        own_place.server.stop()
        live = watch(url)

        assert 1 == live.config.limit
        assert live.status.sources[0].fallback
        assert not live.status.sources[0].connected

        own_place.server.start()
        until(lambda: not live.status.sources[0].fallback, BACK)
        own_place.put("limit = 2\n")
        until_limit(live, 2)

    def test_copy_is_refreshed(
        self, place: Place, watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """That the document is still the same is noted in the copy now and then."""
        monkeypatch.setattr(sessions, "REST", 0.0)
        monkeypatch.setattr("meshconf.sources.consul.WAIT", 1)
        monkeypatch.setattr("meshconf.sources.etcd.WAIT", 0.1)
        copy = tmp_path / "copy"
        place.put("limit = 1\n")
        live = watch(place.url(f"start=cached&cache={copy}&timeout=0.5"))
        before = json.loads(copy.read_text())["time"]
        until(lambda: json.loads(copy.read_text())["time"] > before)
        place.put("limit = 0\n")
        until(lambda: live.status.last_error)
        last = json.loads(copy.read_text())["time"]
        time.sleep(3)

        # It is right no more, so it ages.
        assert last == json.loads(copy.read_text())["time"]

    def test_hanging(self, own_place: Place, watch):
        """A server that hangs does not hold up the end, nor what is read."""
        own_place.put("limit = 1\n")
        live = watch(own_place.url("timeout=1"))
        own_place.server.pause()
        try:
            time.sleep(0.1)
            began = time.monotonic()
            live.close()

            assert time.monotonic() - began < 4
            assert 1 == live.config.limit
        finally:
            own_place.server.resume()

    def test_thread_that_dies(self, place: Place, watch, monkeypatch: pytest.MonkeyPatch, caplog):
        """A thread that breaks off says so, and begins again."""
        monkeypatch.setattr(following, "SHORT_LIFE", 0.01)
        place.put("limit = 1\n")
        said = sessions.Session._take
        broken: list[int] = []

        def take(*arguments: Any) -> bool:
            if threading.current_thread().name.startswith(f"meshconf {place.kind}") and not broken:
                broken.append(1)
                raise SystemExit
            return said(*arguments)

        monkeypatch.setattr(sessions.Session, "_take", take)
        live = watch(place.url())
        place.put("limit = 2\n")
        until_limit(live, 2)

        assert f"following {place.url()} broke off; it begins again" in caplog.text

    def test_back_off(self, monkeypatch: pytest.MonkeyPatch):
        """Waits double to the longest, each drawn from between nothing and that."""
        monkeypatch.setattr(sessions, "LONGEST_WAIT", 60.0)
        session = sessions.Session(ConsulKV("a"))
        waits: list[float] = []

        def refuse(_: Any) -> Any:
            raise Refused("MC408", "no")

        def pause(most: float) -> None:
            waits.append(most)
            if len(waits) == 12:
                session.interrupt()

        monkeypatch.setattr(session, "_next", refuse)
        monkeypatch.setattr(session, "_pause", pause)
        session.follow(lambda: None)

        assert [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0] == waits

    def test_jitter(self, monkeypatch: pytest.MonkeyPatch):
        """No two of a fleet come at the same time."""
        session = sessions.Session(ConsulKV("a"))
        waits: list[float] = []
        monkeypatch.setattr(session._stop, "wait", waits.append)
        for _ in range(100):
            session._pause(8.0)

        assert 100 == len(set(waits))
        assert 0 <= min(waits) < 2
        assert 6 < max(waits) <= 8

    def test_is_interrupted_before_it_asks(self):
        """One that is to end before it asked asks nobody."""
        session = sessions.Session(ConsulKV("a", address="http://127.0.0.1:1"))
        session.interrupt()
        session.follow(lambda: None)
        session.close()

        assert {"success": 0, "error": 0} == session.requests

    def test_emptied(self, place: Place, watch):
        """A key that is emptied is no wish to have the defaults either."""
        place.put("limit = 1\n")
        live = watch(place.url())
        place.put(" \n")
        until(lambda: "is empty, and was not before" in str(live.status.last_error))

        assert 1 == live.config.limit

    def test_empty_from_the_start(self, place: Place, watch):
        """One that was empty when the process started may be so again."""
        place.put("")
        live = watch(place.url())
        place.put("\n")
        until(lambda: live.status.attempts == 2)

        assert live.status.last_error is None

    def test_one_failed_reload(
        self, place: Place, watch, failure, folder: Path, new_proxy: Callable[..., CountingProxy]
    ):
        """A reload that fails spoils nothing that is known by following."""
        (folder / "app.toml").write_text("name = 'a'\n")
        place.put("limit = 1\n")
        proxy = new_proxy(place.server)
        live = watch("app.toml", place.url(through=proxy))
        proxy.wait_for(2)
        proxy.answer(500, b"busy", times=1)
        failure(live)
        (folder / "app.toml").write_text("name = 'b'\n")
        until(lambda: live.config.name == "b")

        assert live.status.last_error is None

    def test_connection_that_is_cut(
        self, place: Place, watch, new_proxy: Callable[..., CountingProxy]
    ):
        """A connection that breaks while the store is there is no trouble at all."""
        place.put("limit = 1\n")
        proxy = new_proxy(place.server)
        live = watch(place.url(through=proxy))
        proxy.wait_for(2)
        proxy.cut()
        until(lambda: live.status.sources[0].resets.get("broke_off"))
        place.put("limit = 2\n")
        until_limit(live, 2)

        assert 0 == live.status.failures

    def test_refuses_to_hold_answers_back(
        self,
        place: Place,
        watch,
        new_proxy: Callable[..., CountingProxy],
        monkeypatch: pytest.MonkeyPatch,
    ):
        """A store that answers, but lets nobody wait, is asked less and less."""
        monkeypatch.setattr(sessions, "LONGEST_WAIT", 60.0)
        monkeypatch.setattr(sessions.Session, "_pause", lambda self, most: self._stop.wait(most))
        place.put("limit = 1\n")
        proxy = new_proxy(place.server)
        live = watch(place.url(through=proxy))
        proxy.wait_for(2)
        waiting = f"/v1/kv/{place.key}?index" if place.kind == "consul" else "/v3/watch"
        proxy.answer(503, b"", prefix=waiting)
        proxy.cut()
        time.sleep(4)

        assert proxy.count() < 25
        assert 1 == live.config.limit

    def test_reload_that_hangs(self, own_place: Place, watch):
        """A reload that waits for a store that hangs does not hold up the end."""
        own_place.put("limit = 1\n")
        live = watch(own_place.url("timeout=20"))
        own_place.server.pause()
        try:

            def reload() -> None:
                with pytest.raises(RuntimeError):
                    live.reload()

            thread = threading.Thread(target=reload)
            thread.start()
            time.sleep(0.3)
            began = time.monotonic()
            live.close()
            thread.join(10)

            assert time.monotonic() - began < 4
        finally:
            own_place.server.resume()

    def test_is_interrupted_as_it_begins(self):
        """An interruption that comes before there is anybody to interrupt is not missed."""
        session = sessions.Session(ConsulKV("a", address="http://127.0.0.1:1"))
        session.interrupt()
        with pytest.raises(Refused, match="MC408"):
            session._next(None)
        session.close()


class TestConsul:
    def test_token_that_is_revoked(self, new_consul: Callable[..., Consul], watch, tmp_path: Path):
        """A token that is revoked is told; another one in its file is taken up."""
        server = new_consul(acl=True)
        server.put("config/app", "limit = 1\n")
        rules = 'key_prefix "config" { policy = "read" }'
        first, second = server.create_token(rules), server.create_token(rules)
        file = tmp_path / "token"
        file.write_text(first.secret)
        live = watch(ConsulKV("config/app", address=server.address, token_file=file))
        before = live.config
        server.revoke(first)
        server.put("config/app", "limit = 2\n")  # ends the wait: the old answer is still given
        server.put("config/app", "limit = 3\n")
        until(lambda: "MC409" in str(live.status.last_error), BACK)

        assert live.config.limit in (before.limit, 2)
        assert first.secret not in str(live.status.last_error)

        file.write_text(second.secret)
        until_limit(live, 3)

        assert live.status.last_error is None

    def test_index_that_goes_back(
        self, new_proxy: Callable[..., CountingProxy], consul, key, watch
    ):
        """An index that goes back is begun with anew."""
        consul.put(key, "limit = 1\n")
        proxy = new_proxy(consul)
        live = watch(ConsulKV(key, address=proxy.address))
        proxy.wait_for(2)
        value = [{"Value": "bGltaXQgPSAyCg==", "ModifyIndex": 2}]
        proxy.answer(200, json.dumps(value).encode(), {"X-Consul-Index": "2"}, times=1)
        proxy.cut()
        consul.put(key, "limit = 3\n")
        until_limit(live, 3)
        proxy.answer(200, json.dumps(value).encode(), {"X-Consul-Index": "2"}, times=1)
        consul.put(key, "limit = 4\n")
        until(lambda: "index_went_back" in live.status.sources[0].resets)
        until_limit(live, 4)

        assert {"broke_off": 1, "index_went_back": 1} == live.status.sources[0].resets

    def test_wrong_datacenter(self, consul: Consul, key: str, watch):
        """A datacenter that the agent does not know is told."""
        with pytest.raises(ValueError, match=r"MC411.*answers 500: No path to datacenter"):
            watch(ConsulKV(key, address=consul.address, datacenter="nowhere"))

    @pytest.mark.parametrize("consistency", ["stale", "consistent"])
    def test_consistency(self, consul: Consul, key: str, watch, consistency: Any):
        """Any server may answer, or the leader is asked for sure."""
        consul.put(key, "limit = 1\n")
        live = watch(
            ConsulKV(key, address=consul.address, consistency=consistency, datacenter="dc1")
        )
        consul.put(key, "limit = 2\n")
        until_limit(live, 2)

    def test_without_an_index(self, consul: Consul, key: str):
        """Where there is nothing to wait after, the key is asked for."""
        consul.put(key, "limit = 1\n")
        client = ConsulKV(key, address=consul.address).client()
        found = client.wait(Found(None, 0, 0))
        client.close()

        assert b"limit = 1\n" == found.content


class TestEtcd:
    def test_compaction(self, etcd: Etcd, key: str, new_proxy: Callable[..., CountingProxy], watch):
        """A watch whose revision was compacted meanwhile begins with the key as it is."""
        etcd.put(key, "limit = 1\n")
        proxy = new_proxy(etcd)
        client = EtcdKV(key, endpoints=[proxy.address]).client()
        found = client.get()
        client.close()
        for number in (2, 3, 4):
            etcd.put(key, f"limit = {number}\n")
        etcd.compact()
        reasons: list[str] = []
        client = EtcdKV(key, endpoints=[proxy.address]).client(reasons.append)
        now = client.wait(found)
        client.close()

        assert b"limit = 4\n" == now.content
        assert ["compacted"] == reasons

    @pytest.mark.parametrize("is_gone", [False, True])
    def test_event_that_comes_late(self, etcd: Etcd, key: str, *, is_gone: bool):
        """What an event says is of its own revision, wherever the store is by then.

        Else it would be taken for newer than what was found meanwhile, and later events missed.
        """
        etcd.put(key, "limit = 1\n")
        client = EtcdKV(key, endpoints=[etcd.address]).client()
        found = client.get()
        revision = etcd.delete(key) if is_gone else etcd.put(key, "limit = 2\n")
        etcd.put(f"{key}/other", "later")
        now = client.wait(found)
        client.close()

        assert (None if is_gone else b"limit = 2\n", revision) == (now.content, now.cursor)

    def test_compaction_while_it_is_away(
        self, etcd: Etcd, key: str, new_proxy: Callable[..., CountingProxy], watch
    ):
        """What was compacted while the connection was cut is caught up with."""
        etcd.put(key, "limit = 1\n")
        proxy = new_proxy(etcd)
        live = watch(EtcdKV(key, endpoints=[proxy.address]))
        proxy.wait_for(2)
        proxy.refuse()
        for number in (2, 3, 4):
            etcd.put(key, f"limit = {number}\n")
        etcd.compact()
        proxy.mend()
        until_limit(live, 4)

    def test_canceled(self, etcd: Etcd, key: str, new_proxy: Callable[..., CountingProxy]):
        """A watch that is ended for another reason is begun with anew."""
        etcd.put(key, "limit = 1\n")
        proxy = new_proxy(etcd)
        reasons: list[str] = []
        client = EtcdKV(key, endpoints=[proxy.address]).client(reasons.append)
        found = client.get()
        proxy.answer(200, b'{"result": {"canceled": true}}\n', prefix="/v3/watch", times=1)
        client.wait(found)
        client.close()

        assert ["canceled"] == reasons

    @pytest.mark.parametrize(
        "body",
        [
            b'{"error": {"grpc_code": 7, "message": "denied"}}\n',
            b"{}\n",
            b"no\n",
            b"",
            b'{"result": {"events": [3], "header": {"revision": "1"}}}\n',
            b'{"result": {"canceled": true, "compact_revision": "x"}}\n',
            b"x" * 40_000,
        ],
        ids=["denied", "empty", "no JSON", "nothing", "events", "revision", "large"],
    )
    def test_watch_that_fails(
        self, etcd: Etcd, key: str, new_proxy: Callable[..., CountingProxy], body: bytes
    ):
        """Where only the watch fails, the key is asked for: that tells whether etcd is there."""
        etcd.put(key, "limit = 1\n")
        proxy = new_proxy(etcd)
        reasons: list[str] = []
        source = EtcdKV(key, endpoints=[proxy.address], max_bytes=100)
        client = source.client(reasons.append)
        found = client.get()
        proxy.answer(200, body, prefix="/v3/watch", times=1)
        now = client.wait(found)
        client.close()

        assert b"limit = 1\n" == now.content
        assert ["broke_off"] == reasons

    @pytest.mark.parametrize(
        "message",
        ["auth: revision in header is old", "etcdserver: revision of auth store is old"],
    )
    def test_token_of_before_a_change(
        self, new_etcd: Callable[..., Etcd], new_proxy: Callable[..., CountingProxy], message: str
    ):
        """A token of before a change of the rights is replaced by signing in again."""
        server = new_etcd(auth=True)
        server.put("config/app", "limit = 1\n")
        server.add_user("app", "password", "config")
        proxy = new_proxy(server)
        source = EtcdKV(
            "config/app", endpoints=[proxy.address], username="app", password="password"
        )
        client = source.client()
        client.get()
        told = json.dumps({"error": message, "code": 2, "message": message}).encode()
        proxy.answer(500, told, prefix="/v3/kv/range", times=1)
        found = client.get()
        client.close()

        assert b"limit = 1\n" == found.content
        assert 2 == proxy.count("/v3/auth/authenticate")

    def test_silence(self, etcd: Etcd, key: str, monkeypatch: pytest.MonkeyPatch):
        """A watch that says nothing for a minute is left, and the key asked for."""
        monkeypatch.setattr("meshconf.sources.etcd.WAIT", 0.2)
        etcd.put(key, "limit = 1\n")
        client = EtcdKV(key, endpoints=[etcd.address], timeout=0.2).client()
        future = Found(b"", 0, 10_000)
        found = client.wait(future)
        client.close()

        assert b"limit = 1\n" == found.content

    def test_lease_that_runs_out(self, etcd: Etcd, key: str, watch):
        """A key that goes with its lease is gone like any other."""
        etcd.put(key, "limit = 1\n", lease=(lease := etcd.grant(60)))
        live = watch(EtcdKV(key, endpoints=[etcd.address]))
        etcd.revoke(lease)
        until(lambda: "MC410" in str(live.status.last_error))

        assert 1 == live.config.limit

    def test_user_who_is_gone(self, new_etcd: Callable[..., Etcd], watch):
        """A user who is taken away is refused, and no password is told."""
        server = new_etcd(auth=True)
        server.put("config/app", "limit = 1\n")
        server.add_user("app", CANARY, "config")
        source = EtcdKV("config/app", endpoints=[server.address], username="app", password=CANARY)
        live = watch(source)
        server.remove_user("app")
        with pytest.raises(ValueError, match="MC409") as caught:
            live.reload()

        assert 1 == live.config.limit
        assert CANARY not in str(caught.value)


class TestEnd:
    def test_leaves_nothing(self, place: Place, watch):
        """A hundred that were closed leave no thread and no descriptor, and closing is quick."""
        place.put("limit = 1\n")
        watch(place.url()).close()
        threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
        began = time.monotonic()
        for _ in range(100):
            watch(place.url()).close()

        assert time.monotonic() - began < 60
        assert threading.active_count() == threads
        assert until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)

    def test_fork(self, place: Place, tmp_path: Path):
        """A child that is forked follows the store by itself."""
        place.put("limit = 1\n")
        script = f"""
import os, sys, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)
import attrs, meshconf
@attrs.frozen
class App:
    limit: int = 0
live = meshconf.watch({place.url()!r}, schema=App, prefix="APP_", environ={{}})
child = os.fork()
print("child" if child == 0 else "parent", "is ready", flush=True)
end = time.monotonic() + 10
while live.config.limit != 2 and time.monotonic() < end:
    time.sleep(0.01)
print("child" if child == 0 else "parent", live.config.limit, flush=True)
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
"""
        with subprocess.Popen(
            [sys.executable, "-X", "dev", "-c", script],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.readline()
            place.put("limit = 2\n")
            rest = process.stdout.read()

        assert {"child 2", "parent 2"} == set(rest.splitlines())
        assert 0 == process.returncode

    def test_interpreter(self, place: Place, tmp_path: Path):
        """A process that forgets to close it ends at once."""
        place.put("limit = 1\n")
        script = (
            "import attrs, meshconf\n"
            "@attrs.frozen\nclass App:\n    limit: int = 0\n"
            f"live = meshconf.watch({place.url()!r}, schema=App, prefix='APP_', environ={{}})\n"
            "print(live.config.limit)\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=30,
            check=False,
        )

        assert (0, "1\n", "") == (ended.returncode, ended.stdout, ended.stderr)

    def test_signal(self, place: Place, watch):
        """SIGHUP asks the store too."""
        place.put("limit = 1\n")
        live = watch(place.url(), sighup=True)
        os.kill(os.getpid(), signal.SIGHUP)
        until(lambda: live.attempt.trigger == "sighup")

    def test_child(self, place: Place, watch):
        """In a child a thread is started for each that is open; here it is one more."""
        place.put("limit = 1\n")
        live = watch(place.url())
        (follower,) = live._followers
        first = follower._thread
        follower.stop(10)
        follower._stop = threading.Event()  # as if it had not been told: a fork just ends it
        follower.go_on_in_child()
        place.put("limit = 2\n")
        until_limit(live, 2)

        assert first is not follower._thread

        live.close()
        follower.go_on_in_child()

        assert not follower.is_alive


class TestTold:
    def test_log(self, place: Place, watch, caplog: pytest.LogCaptureFixture):
        """What goes wrong is logged once, and that it is over."""
        caplog.set_level(logging.INFO, "meshconf")
        place.put("limit = 1\n")
        live = watch(place.url())
        place.delete()
        until(lambda: live.status.last_error)
        place.put("limit = 1\n")
        until(lambda: len(caplog.records) == 2)

        assert ["ERROR", "INFO"] == [one.levelname for one in caplog.records]
        assert "the configuration is valid again" in caplog.records[1].message

    def test_metrics(self, place: Place, watch):
        """Requests and resets of stores are counted for Prometheus."""
        from prometheus_client import CollectorRegistry, generate_latest

        from meshconf.live.prometheus import ConfigCollector

        place.put("limit = 1\n")
        live = watch(place.url())
        live.reload()
        live._sessions[0]._reset("compacted")
        registry = CollectorRegistry()
        registry.register(ConfigCollector(live))
        text = generate_latest(registry).decode()
        said = subprocess.run(
            [required("promtool"), "check", "metrics"],
            input=text,
            text=True,
            capture_output=True,
            check=False,
        )
        labels = f'config="App",result="success",source="{place.url()}"'

        assert (0, "", "") == (said.returncode, said.stdout, said.stderr)
        assert 'config="App",reason="compacted",' in text
        assert f"meshconf_source_requests_total{{{labels}}}" in text
        assert 'meshconf_config_fallback_active{config="App"} 0.0' in text
