"""Tests for `FakeStore`: it is loaded and followed as documents in real stores are."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import meshconf
from meshconf import ConfigError, setting
from meshconf.sources import session
from meshconf.sources.reading import Refused
from meshconf.sources.store import Found
from meshconf.testing import ExpectedProblem, FakeStore, assert_problems
from tests.live.conftest import until
from tests.servers.fixtures import etcd_program, key
from tests.servers.places import Place, place, store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["etcd_program", "key", "place", "store"]


@attrs.frozen
class App:
    """An application."""

    limit: int = setting(10, ge=1)
    folder: str = setting("data", local_only=True)


OPTIONS: Any = {"schema": App, "prefix": None}


@pytest.fixture
def fake() -> FakeStore:
    """Return a store with a document."""
    fake = FakeStore()
    fake.put("limit = 1\n")
    return fake


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have stores asked again soon."""
    monkeypatch.setattr(session, "LONGEST_WAIT", 0.2)


def failure(call: Callable[[], Any]) -> ConfigError:
    """Return the error of a load that fails."""
    with pytest.raises(ConfigError) as caught:
        call()
    return caught.value


class TestLoad:
    def test_origin(self) -> None:
        """A value is from a line of a state of the document."""
        fake = FakeStore("config/orders")
        fake.put("# one\nlimit = 2\n")
        first = meshconf.read(fake, **OPTIONS)
        fake.put({"limit": 3})
        second = meshconf.read(fake, **OPTIONS)

        assert (2, 3) == (first.config.limit, second.config.limit)
        assert "fake://config/orders@2:2:9" == str(first.origin("limit"))
        assert "fake://config/orders@3:1:9" == str(second.origin("limit"))

    def test_wins_over_files(self, fake: FakeStore, tmp_path: Path) -> None:
        """It wins over files, as documents in stores do, and sets nothing that is local."""
        file = tmp_path / "app.toml"
        file.write_text("limit = 5\n")

        assert 1 == meshconf.load(fake, file, **OPTIONS).limit

        fake.put({"folder": "other"})

        assert_problems(failure(lambda: meshconf.load(fake, **OPTIONS)), "MC107 folder")

    def test_empty(self) -> None:
        """Without a document a load fails."""
        assert_problems(failure(lambda: meshconf.load(FakeStore(), **OPTIONS)), "MC410")

    def test_outage(self, fake: FakeStore) -> None:
        """While nobody reaches it a load fails; afterwards it succeeds, whatever happened."""
        expected = ExpectedProblem("MC408", origin="fake://config", message="connection refused")

        def fail() -> None:
            with fake.outage():
                meshconf.load(fake, **OPTIONS)

        assert_problems(failure(fail), expected)
        assert 1 == meshconf.load(fake, **OPTIONS).limit

    def test_settings_of_all_stores(self, tmp_path: Path) -> None:
        """What becomes of a load without the document is said as for any store."""
        optional = FakeStore(start="optional")
        cached = FakeStore(start="cached", cache=tmp_path / "copy")
        cached.put({"limit": 3})
        meshconf.load(cached, **OPTIONS)
        with cached.outage(), optional.outage():
            found = [meshconf.load(one, **OPTIONS).limit for one in (optional, cached)]

        assert [10, 3] == found

    def test_two(self, fake: FakeStore) -> None:
        """Two of one name have nothing in common."""
        FakeStore().put({"limit": 7})

        assert 1 == meshconf.load(fake, **OPTIONS).limit


@pytest.mark.usefixtures("_soon")
class TestWatch:
    def test_push(self, fake: FakeStore) -> None:
        """What is put comes into force by itself, as another generation."""
        with meshconf.watch(fake, **OPTIONS) as live:
            fake.put({"limit": 2})
            until(lambda: live.config.limit == 2)

            assert (2, "store") == (live.status.generation, live.attempt.trigger)

    def test_reload(self, fake: FakeStore) -> None:
        """A reload does not wait."""
        with meshconf.watch(fake, **OPTIONS) as live:
            for number in range(2, 20):
                fake.put({"limit": number})

                assert number == live.reload().config.limit

    def test_outage(self, fake: FakeStore) -> None:
        """An outage leaves in force what was, the status tells, and then the last push is in force."""
        with meshconf.watch(fake, **OPTIONS) as live:
            with fake.outage():
                until(lambda: live.status.last_error)
                fake.put({"limit": 2})
                error = live.status.last_error
                [source] = live.status.sources

                assert (1, 1) == (live.config.limit, live.status.generation)
                assert not source.connected
                assert_problems(failure(live.reload), "MC408")
            until(lambda: live.status.last_error is None)

            assert error is not None
            assert_problems(error, "MC408")
            assert (2, 2) == (live.config.limit, live.status.generation)

    def test_nothing_happens(self, fake: FakeStore) -> None:
        """While nothing happens it is not asked."""
        with meshconf.watch(fake, **OPTIONS) as live:
            time.sleep(0.3)

            assert {"success": 1, "error": 0} == live.status.sources[0].requests

    def test_end(self, fake: FakeStore) -> None:
        """Its thread ends at once with the Live that follows it, and only with that."""
        with meshconf.watch(fake, **OPTIONS) as other:
            live = meshconf.watch(fake, **OPTIONS)
            began = time.monotonic()
            live.close()

            assert time.monotonic() - began < 4  # and not a minute
            assert 1 == sum(one.name == "meshconf fake://config" for one in threading.enumerate())
            assert other.status.watcher_alive


def told(live: meshconf.Live[Any]) -> tuple[Any, ...]:
    """Return what anybody can see of a reload, but for names and times."""
    try:
        live.reload()
    except ConfigError as error:
        codes = [one.code for one in error.problems]
    else:
        codes = []
    status = live.status
    return codes, live.config, status.generation, dict(status.results), status.sources[0].connected


class TestLikeRealStores:
    def test_tells_the_same(self, fake: FakeStore, place: Place) -> None:
        """Pushes, mistakes and a missing document come to the same as in Consul and etcd."""
        place.put("limit = 1\n")
        documents = ["limit = 2\n", "limit = 0\n", "limit = 2 # the same\n", "", "limit =", None]
        stories = []
        for there, source in ((fake, fake), (place, place.url())):
            # Who is only told by reload() is told each thing once.
            with meshconf.watch(source, **OPTIONS) as live:
                live._followers[0].stop(5)
                story = []
                for document in (*documents, "limit = 3\n"):
                    there.delete() if document is None else there.put(document)
                    story.append(told(live))
                stories.append(story)

        assert stories[0] == stories[1]
        assert [[], ["MC202"], [], ["MC410"], ["MC001"], ["MC410"], []] == [
            codes for codes, *_ in stories[0]
        ]


class TestClient:
    """What other users of stores ask it."""

    def test_put(self, fake: FakeStore) -> None:
        """A document is put unless another was put meanwhile."""
        client = fake.client()
        before = client.get()

        assert client.put(b"limit = 2\n", before)
        assert not client.put(b"limit = 3\n", before)
        assert b"limit = 2\n" == client.get().content
        assert fake.largest_value == fake.max_bytes

    def test_wait_of_the_past(self, fake: FakeStore) -> None:
        """Who waits after what is over has the answer at once."""
        found = fake.client().wait(Found(None, 0, 0))

        assert b"limit = 1\n" == found.content

    def test_has_one_key_and_no_leases(self, fake: FakeStore) -> None:
        """It has nothing but its document."""
        client = fake.client()
        client.revoke("lease")

        assert {} == client.entries()
        assert not client.renew("lease")
        assert not client.put_under("lease", b"")
        with pytest.raises(Refused, match="no leases"):
            client.grant(10)
