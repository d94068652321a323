"""Tests for the notes by which instances tell a fleet what they run, with real stores."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import meshconf
from meshconf.live import fleet, process
from meshconf.sources.consul import _Client
from tests.live.conftest import put, until
from tests.servers.places import BriefConsul, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from meshconf import Live

#: What must appear nowhere.
CANARY = "canary-4711"


@pytest.fixture
def publish(place: Place) -> Iterator[Callable[..., Callable[[], None]]]:
    """Return a function that publishes under a name; all is ended with the test."""
    ends: list[Callable[[], None]] = []

    def publish(live: Live[Any], instance: str | None = "one", **options: Any) -> Any:
        options = {"ttl": 1, "environ": {}, **options}
        end = fleet.publish(live, options.pop("url", place.url()), instance=instance, **options)
        ends.append(end)
        return end

    yield publish
    for end in ends:
        end()


def note(place: Place, instance: str = "one") -> Any:
    """Return the note of an instance as it is now; None if there is none."""
    text = place.get(f"/{instance}")
    return None if text is None else json.loads(text)


class TestNote:
    def test_content(self, watch, place: Place, publish):
        """A note has names and numbers, and no value."""
        live = watch(f'name = "{CANARY}"\ntoken = "{CANARY}"\n')
        publish(live)
        found = until(lambda: note(place))

        assert {
            "format_version": "1.0",
            "service": place.key.rpartition("/")[2],
            "schema": "App",
            "instance": "one",
            "fingerprint": live.snapshot.fingerprint,
            "generation": 1,
            "pending_restart": [],
            "rejected": False,
            "config_version": 1,
            "meshconf": metadata.version("meshconf"),
            "time": found["time"],
        } == found
        assert CANARY not in str(found)

    def test_without_a_version(self, watch, place: Place, publish, monkeypatch):
        """What was never installed has no version."""

        def missing(name: str) -> str:
            raise metadata.PackageNotFoundError

        monkeypatch.setattr(metadata, "version", missing)
        publish(watch(""))

        assert "" == until(lambda: note(place))["meshconf"]

    def test_names(self, watch, place: Place, publish):
        """Without a name an instance is called by its host and process; a service by its key."""
        publish(watch(""), None, url=f"{place.url()}/", service="orders")
        name = f"{socket.gethostname()}:{os.getpid()}"
        found = until(lambda: note(place, name))

        assert (name, "orders") == (found["instance"], found["service"])

    def test_generation(self, watch, place: Place, publish, folder: Path):
        """Another configuration is told at once."""
        live = watch("limit = 1\n")
        publish(live, ttl=60)
        before = until(lambda: note(place))
        put("app.toml", "limit = 2\n")
        live.reload()
        found = until(lambda: note(place)["generation"] == 2 and note(place))

        assert live.snapshot.fingerprint == found["fingerprint"] != before["fingerprint"]
        assert found["time"] > before["time"]

    def test_change_that_waits(self, watch, place: Place, publish, folder: Path):
        """A change that waits for a restart is told by its name, one that is refused as well."""
        live = watch("")
        publish(live, ttl=60)
        put("app.toml", "listen = 81\n")
        live.reload()
        until(lambda: note(place) and note(place)["pending_restart"] == ["listen"])
        put("app.toml", "limit = 0\n")
        with pytest.raises(meshconf.ConfigError):
            live.reload()

        assert until(lambda: note(place)["rejected"])

    def test_unchanged(self, watch, place: Place, publish):
        """A note that says what is so is not written again."""
        publish(watch(""))
        before = until(lambda: note(place))
        time.sleep(1.5)  # some renewals

        assert before == note(place)


class TestLife:
    def test_end(self, watch, place: Place, publish):
        """The note is deleted at the end, which may come twice; nothing is told afterwards."""
        live = watch("")
        end = publish(live)
        until(lambda: note(place))
        end()
        end()

        assert note(place) is None

        live.reload()
        time.sleep(0.5)

        assert note(place) is None
        assert not [one for one in threading.enumerate() if place.key in one.name]

    def test_end_at_once(self, watch, place: Place, publish):
        """An end before the beginning leaves nothing behind."""
        publish(watch(""))()

        assert note(place) is None

    def test_renewed(self, watch, place: Place, publish):
        """The note outlives its time as long as the instance lives."""
        publish(watch(""), ttl=2)
        until(lambda: note(place))
        end = time.monotonic() + 6
        while time.monotonic() < end:
            assert note(place)
            time.sleep(0.1)

    def test_deleted(self, watch, place: Place, publish):
        """A note that somebody deletes is written again."""
        publish(watch(""))
        until(lambda: note(place))
        place.delete("/one")

        assert until(lambda: note(place))

    def test_lease_lost(self, watch, place: Place, publish):
        """A note whose lease is lost is written again."""
        publish(watch(""))
        until(lambda: note(place))
        server: Any = place.server
        if place.kind == "consul":
            for session in server.ask("GET", "/v1/session/list").data:
                server.ask("PUT", f"/v1/session/destroy/{session['ID']}")
        else:
            for lease in server.ask("/v3/lease/leases", {})["leases"]:
                server.revoke(lease["ID"])

        assert note(place) is None
        assert until(lambda: note(place))

    def test_name_taken(self, watch, place: Place, publish, caplog: pytest.LogCaptureFixture):
        """Of two of one name the first one is told of; the other one says so, and waits."""
        first, second = watch(""), watch("", overrides={"limit": 2})
        end = publish(first)
        before = until(lambda: note(place))
        publish(second)
        until(lambda: "another instance by this name" in caplog.text)
        time.sleep(1)

        assert before == note(place)
        assert 1 == caplog.text.count("another instance by this name")

        end()

        assert until(lambda: note(place))["fingerprint"] == second.snapshot.fingerprint


class TestFailure:
    """What fails is logged once, tried again, and never a matter of the service."""

    def test_down(self, watch, key: str, caplog: pytest.LogCaptureFixture):
        """A store that is down is told of once; so is that it is up again, where the note is."""
        caplog.set_level(logging.INFO, "meshconf")
        with BriefConsul(in_memory=True) as server:
            place = Place(server, key)
            server.stop()
            end = fleet.publish(watch(""), place.url(), instance="one", ttl=1, environ={})
            until(lambda: "the fleet is not told" in caplog.text)
            time.sleep(1)
            server.start()
            until(lambda: "the fleet is told again" in caplog.text)

            assert note(place)

            server.restart()  # it has lost everything

            assert until(lambda: note(place))

            end()

            assert note(place) is None
        lines = [one.message for one in caplog.records if one.name == "meshconf"]

        assert (
            f"the fleet is not told: {place.url()}/one cannot be asked at {server.address[7:]}: "
            "connection refused"
        ) == lines[0]
        assert f"the fleet is told again: {place.url()}/one" == lines[1]

    def test_token(self, watch, new_consul, key: str, caplog: pytest.LogCaptureFixture):
        """A token that may not do it is told of, and not shown."""
        server = new_consul(in_memory=True, acl=True)
        token = server.create_token('key_prefix "" { policy = "write" }').secret
        place = Place(server, key)
        environ = {"CONSUL_HTTP_TOKEN": token}
        end = fleet.publish(watch(""), place.url(), instance="one", environ=environ)
        until(lambda: "the fleet is not told" in caplog.text)
        end()

        assert "one refuses its token: 403" in caplog.text
        assert token not in caplog.text
        assert note(place) is None

    def test_token_that_may(self, watch, new_consul, key: str, caplog: pytest.LogCaptureFixture):
        """A token that may write keys and make sessions is enough."""
        server = new_consul(in_memory=True, acl=True)
        rules = 'key_prefix "" { policy = "write" } session_prefix "" { policy = "write" }'
        environ = {"CONSUL_HTTP_TOKEN": server.create_token(rules).secret}
        place = Place(server, key)
        end = fleet.publish(watch(""), place.url(), instance="one", environ=environ)

        assert until(lambda: note(place))

        end()

        assert "" == caplog.text

    def test_user(self, watch, new_etcd, key: str):
        """A user of etcd who may write the keys is enough."""
        server = new_etcd(auth=True)
        server.add_user("fleet", CANARY, "tests", "READWRITE")
        place = Place(server, key)
        environ = {"ETCDCTL_USER": f"fleet:{CANARY}"}
        end = fleet.publish(watch(""), place.url(), instance="one", ttl=1, environ=environ)
        until(lambda: note(place))
        end()

        assert note(place) is None

    @pytest.mark.parametrize("store", ["consul"], indirect=True)
    def test_fault(
        self,
        watch,
        place: Place,
        publish,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ):
        """What nobody expected is told by its kind alone, and does not end the thread."""

        def broken(self: Any) -> Any:
            raise RuntimeError(CANARY)

        with monkeypatch.context() as patched:
            patched.setattr(_Client, "get", broken)
            publish(watch(""))
            until(lambda: "the fleet is not told" in caplog.text)

        assert "one is not told: RuntimeError\n" in caplog.text
        assert CANARY not in caplog.text
        assert until(lambda: note(place))

    def test_hung_store(
        self, watch, key: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        """An end does not wait long for a store that hangs."""
        monkeypatch.setattr(fleet, "PATIENCE", 0.2)
        with BriefConsul(in_memory=True) as server:
            place = Place(server, key)
            end = fleet.publish(watch(""), place.url("timeout=20"), instance="one", environ={})
            until(lambda: note(place))
            server.pause()
            began = time.monotonic()
            end()

            assert time.monotonic() - began < 15
            assert f"the note {place.url()}/one is left to its end" in caplog.text

            server.resume()
            until(lambda: not [one for one in threading.enumerate() if key in one.name])


class TestArguments:
    @pytest.mark.parametrize(
        ("url", "options", "message"),
        [
            ("http://x/fleet", {}, "the URL of a fleet is consul://HOST:PORT/KEY"),
            ("consul://x", {}, "the URL of a document is consul://HOST:PORT/KEY"),
            ("consul://x/y", {"instance": "a/b"}, "without a slash"),
            ("consul://x/y", {"instance": ""}, "1 to 255 printable characters"),
            ("consul://x/y", {"instance": "a\n"}, "1 to 255 printable characters"),
            ("consul://x/y", {"instance": "a" * 256}, "1 to 255 printable characters"),
            ("consul://x/y", {"ttl": 0}, "ttl is a positive number of whole seconds, not 0"),
            ("consul://x/y", {"ttl": 1.5}, "ttl is a positive number of whole seconds"),
            ("consul://x/y", {"ttl": True}, "ttl is a positive number of whole seconds"),
        ],
    )
    def test_wrong(self, watch, url: str, options: dict[str, Any], message: str):
        """What can never work is refused at once."""
        with pytest.raises(ValueError, match=message):
            fleet.publish(watch(""), url, environ={}, **options)

    def test_variables_of_the_process(self, watch, monkeypatch: pytest.MonkeyPatch):
        """Tokens come from the variables of the process."""
        monkeypatch.setenv("CONSUL_HTTP_TOKEN_FILE", "x")
        seen = []
        monkeypatch.setattr(fleet._Publisher, "start", lambda self: seen.append(self._store))
        monkeypatch.setattr(process, "add", lambda _: None)
        fleet.publish(watch(""), "consul://x/y")

        assert "x" == seen[0].token_file


SCRIPT = """
import os, sys, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
import attrs, meshconf
from meshconf.live.fleet import publish

@attrs.frozen
class App:
    limit: int = 0

live = meshconf.watch(schema=App, prefix="APP_", environ={})
"""


def script(place: Place, text: str) -> subprocess.Popen[str]:
    """Run an instance as a process of its own."""
    text = f"{SCRIPT}\nurl = {place.url()!r}\n{text}"
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(meshconf.__file__).parents[1])},
    )


class TestProcess:
    def test_killed(self, place: Place):
        """The note of an instance that is killed is gone when its time is over."""
        with script(place, 'publish(live, url, instance="one", ttl=1)\ntime.sleep(60)') as instance:
            until(lambda: note(place))
            instance.send_signal(signal.SIGKILL)
            instance.communicate()

        assert note(place)  # nobody has deleted it
        assert until(lambda: not note(place))

    def test_end(self, place: Place):
        """A process that ends takes its note with it at once, without a word."""
        with script(place, 'publish(live, url, instance="one", ttl=60)\ninput()') as instance:
            until(lambda: note(place))
            output = instance.communicate("\n")

        assert (0, ("", "")) == (instance.returncode, output)
        assert note(place) is None

    def test_fork(self, place: Place):
        """A child that was forked tells of itself, by its process; its end leaves its parent be."""
        with script(
            place,
            """
end = publish(live, url, instance="one", ttl=1)
time.sleep(0.5)
child = os.fork()
if child == 0:
    time.sleep(2.5)
    end()
    os._exit(0)
print(child, flush=True)
input()
""",
        ) as instance:
            assert instance.stdout is not None
            name = f"one:{instance.stdout.readline().strip()}"
            found = until(lambda: note(place, name))
            until(lambda: not note(place, name))

            assert name == found["instance"]
            assert "one" == note(place)["instance"]

            output = instance.communicate("\n")

        assert (0, ("", "")) == (instance.returncode, output)

    def test_fork_without_a_name(self, place: Place):
        """Without a name given, a child is called by its host and process too."""
        with script(
            place,
            """
publish(live, url, ttl=1)
child = os.fork()
if child == 0:
    time.sleep(60)
print(child, flush=True)
input()
os.kill(child, 9)
""",
        ) as instance:
            assert instance.stdout is not None
            name = f"{socket.gethostname()}:{instance.stdout.readline().strip()}"

            assert until(lambda: note(place, name))

            instance.communicate("\n")

    def test_fork_while_it_imports(self, place: Place):
        """The thread imports nothing that a child which is forked meanwhile would wait for."""
        with script(
            place,
            """
publish(live, url, instance="one", ttl=60)
known = set(sys.modules)
time.sleep(1)
print(*sorted(set(sys.modules) - known), flush=True)
""",
        ) as instance:
            output = instance.communicate()

        assert (0, ("\n", "")) == (instance.returncode, output)

    def test_fork_that_is_short(self, place: Place):
        """A child that does not live long tells nothing, nor does one that was forked after the end."""
        with script(
            place,
            """
end = publish(live, url, instance="one", ttl=60)
if os.fork() == 0:
    time.sleep(0.5)
    os._exit(0)
os.wait()
end()
if os.fork() == 0:
    time.sleep(2)
    os._exit(0)
os.wait()
""",
        ) as instance:
            output = instance.communicate()

        server: Any = place.server
        if place.kind == "consul":
            found = server.ask("GET", f"/v1/kv/{place.key}?keys", errors=True).status
        else:
            found = 404 if server.get(f"{place.key}/one") is None else 200
        assert (0, ("", ""), 404) == (instance.returncode, output, found)


class TestFork:
    @pytest.mark.parametrize("store", ["consul"], indirect=True)
    @pytest.mark.parametrize("instance", ["one", None])
    def test_child(self, watch, place: Place, publish, instance: str | None):
        """What a child does at its start, done here: it has another name, lease and thread."""
        publisher = publish(watch(""), instance).__self__
        name = publisher._name
        until(lambda: note(place, name))
        publisher.stop(5)
        publisher.go_on_in_child()

        assert name == publisher._name or instance  # nothing is begun again after a stop
        publisher._stop.clear()
        publisher.go_on_in_child()
        expected = f"one:{os.getpid()}" if instance else f"{socket.gethostname()}:{os.getpid()}"

        assert expected == publisher._name
        assert until(lambda: note(place, expected))
