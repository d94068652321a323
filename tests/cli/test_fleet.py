"""Tests for `meshconf doctor --fleet`, with real stores and real pages of metrics."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

import meshconf
from meshconf.live.fleet import publish
from meshconf.live.prometheus import ConfigCollector
from tests.servers.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: What must appear nowhere.
CANARY = "canary-4711"


def note(fingerprint: str = "aa", **others: Any) -> str:
    """Write the note of an instance."""
    about = {
        "service": "orders",
        "schema": "App",
        "fingerprint": fingerprint,
        "generation": 1,
        "pending_restart": [],
        "rejected": False,
        "config_version": 1,
        "time": "2026-01-01T00:00:00.000+00:00",
    }
    return json.dumps({**about, **others})


class TestStore:
    def test_same(self, run, place: Place):
        """Where all run the same, all is well."""
        place.put(note(), "/a")
        place.put(note(generation=7), "/b")
        result = run("doctor", "--fleet", place.url())

        assert (0, "") == (result.exit_code, result.stderr)
        assert result.stdout == (
            "ok       orders (App): all 2 instances run aa\n"
            "meshconf: 2 instances, no drift\n"
            "not compared: secrets, which are in no fingerprint\n"
        )

    def test_one(self, run, place: Place):
        """An instance alone cannot drift."""
        place.put(note(), "/a")
        result = run("doctor", "--fleet", f"{place.url()}/")

        assert 0 == result.exit_code
        assert result.stdout.startswith("ok       orders (App): 1 instance runs aa\n")

    def test_drift(self, run, place: Place):
        """What runs something else than the majority is named, with what else is known of it."""
        for name in "abc":
            place.put(note(), f"/{name}")
        place.put(note("bb", generation=3, pending_restart=["x"], rejected=True), "/d")
        place.put(note("cc", pending_restart=["x", "y"]), "/e")
        result = run("doctor", "--fleet", place.url())

        assert (1, "") == (result.exit_code, result.stderr)
        assert result.stdout == (
            "drift    orders (App): 3 of 5 instances run aa\n"
            "         = d runs bb, since 2026-01-01T00:00:00.000+00:00, generation 3, 1 change "
            "waits for a restart, it rejected the latest change\n"
            "         = e runs cc, since 2026-01-01T00:00:00.000+00:00, generation 1, 2 changes "
            "wait for a restart\n"
            "meshconf: 5 instances, 2 drifted, 2 with a change that waits or was rejected\n"
            "not compared: secrets, which are in no fingerprint\n"
        )

    def test_tie(self, run, place: Place):
        """Without a majority the groups are listed, some members of each."""
        for number in range(12):
            place.put(note("bb"), f"/b{number:02}")
            place.put(note("aa"), f"/a{number:02}")
        place.put(note("cc"), "/c")
        result = run("doctor", "--fleet", place.url())

        assert 1 == result.exit_code
        assert result.stdout.splitlines()[:4] == [
            "drift    orders (App): 25 instances run 3 configurations, and none most of them",
            "         = aa: a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 2 more",
            "         = bb: b00, b01, b02, b03, b04, b05, b06, b07, b08, b09 and 2 more",
            "         = cc: c",
        ]
        assert "25 instances, 25 differ\n" in result.stdout

    def test_waiting(self, run, place: Place):
        """A change that waits on one instance alone is a difference too."""
        place.put(note(), "/a")
        place.put(note(pending_restart=["x"]), "/b")
        result = run("doctor", "--fleet", place.url())

        assert 1 == result.exit_code
        assert "ok       orders (App): all 2 instances run aa\n" in result.stdout
        assert (
            "differs  b runs the same, since 2026-01-01T00:00:00.000+00:00, generation 1, "
            "1 change waits for a restart\n"
        ) in result.stdout

    def test_waiting_everywhere(self, run, place: Place):
        """A change that waits on all instances alike is none."""
        for name in "ab":
            place.put(note(pending_restart=["x"]), f"/{name}")

        assert 0 == run("doctor", "--fleet", place.url()).exit_code

    def test_several_services(self, run, place: Place):
        """Only instances of one service and schema are compared."""
        place.put(note("aa"), "/a")
        place.put(note("bb", service="payments"), "/b")
        place.put(note("cc", schema="Other"), "/c")
        result = run("doctor", "--fleet", place.url())

        assert 0 == result.exit_code
        assert 3 == result.stdout.count("ok  ")

    def test_json(self, run, place: Place):
        """The JSON form holds what was found as data."""
        place.put(note(), "/a")
        place.put(note(), "/b")
        place.put(note("bb"), "/c")
        result = run("doctor", "--fleet", place.url(), "--output-format", "json")
        found = json.loads(result.stdout)

        assert (1, "") == (result.exit_code, result.stderr)
        assert ("1.0", False, []) == (found["format_version"], found["same"], found["unreached"])
        assert found["groups"] == [
            {
                "service": "orders",
                "schema": "App",
                "majority": "aa",
                "fingerprints": {"aa": ["a", "b"], "bb": ["c"]},
                "drifted": ["c"],
                "differing": [],
            }
        ]
        assert found["instances"][0] == {
            "name": "a",
            "place": place.url(),
            "service": "orders",
            "schema": "App",
            "fingerprint": "aa",
            "generation": 1,
            "pending_restart": 0,
            "rejected": False,
            "config_version": "1",
            "since": "2026-01-01T00:00:00.000+00:00",
        }

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "[" * 100_000,
            "\xff",
            note(generation="x"),
            note(generation=float("inf")),
            note(service=1),
            note(time=None),
            note("x" * 2000),
            note(pending_restart=3),
        ],
    )
    def test_no_note(self, run, place: Place, text: str):
        """What is no note is told of, and keeps the rest from being called the same."""
        place.put(note(), "/a")
        place.put(text.encode("latin-1"), "/b")
        result = run("doctor", "--fleet", place.url())

        assert 2 == result.exit_code
        assert f"error    {place.url()}/b: is no note of an instance\n" in result.stdout
        assert "1 instance, no drift, 1 not reached\n" in result.stdout

    def test_characters(self, run, new_etcd, key: str):
        """What an instance says of itself cannot do anything to a terminal."""
        place = Place(new_etcd(), key)
        place.put(note("\x1b[31m" * 200, service="\u202e"), "/a\x1b")
        result = run("doctor", "--fleet", place.url())

        assert 0 == result.exit_code
        assert "\x1b" not in result.stdout
        assert "\u202e" not in result.stdout
        assert len(result.stdout) < 1000

    def test_other_keys(self, run, place: Place):
        """Keys beside and further below are none of the fleet."""
        place.put(note(), "/a")
        place.put("x")
        place.put("x", "s/a")
        place.put("x", "/a/b")
        place.put("x", "/")

        assert 0 == run("doctor", "--fleet", place.url()).exit_code

    def test_nobody(self, run, place: Place):
        """Where nobody is there is nothing to compare."""
        result = run("doctor", "--fleet", place.url())

        assert 2 == result.exit_code
        assert f"error    {place.url()}: has no instances, or its token may" in result.stdout
        assert "meshconf: 0 instances, 1 not reached\n" in result.stdout

    def test_slow(self, run, place: Place, new_proxy):
        """--timeout is how long a store is waited for."""
        proxy = new_proxy(place.server)
        proxy.delay(30)
        began = time.monotonic()
        result = run("doctor", "--fleet", place.url(through=proxy), "--timeout", "0.2")

        assert 2 == result.exit_code
        assert "no answer in time" in result.stdout
        assert time.monotonic() - began < 20

    def test_published(self, run, place: Place, folder: Path):
        """What instances publish is what is compared."""
        ends: list[Callable[[], None]] = []
        lives = []
        for number, port in enumerate((80, 80, 81)):
            file = folder / f"{number}.toml"
            file.write_text(f'service_name = "{CANARY}"\n[upstreams.a]\nport = {port}\n')
            lives.append(meshconf.watch(file, environ={}))
            ends.append(publish(lives[-1], place.url(), instance=f"i{number}", ttl=60, environ={}))
        end = time.monotonic() + 10
        while (result := run("doctor", "--fleet", place.url())).stdout.count("3 instances") < 1:
            assert time.monotonic() < end
        for each in ends:
            each()
        for live in lives:
            live.close()

        assert 1 == result.exit_code
        assert "(ServiceMeshConfig): 2 of 3 instances run " in result.stdout
        assert "         = i2 runs " in result.stdout
        assert CANARY not in result.stdout

    def test_consul_without_token(self, run, new_consul, key: str):
        """Without a token Consul says that nobody is there; the token is not shown otherwise."""
        server = new_consul(in_memory=True, acl=True)
        place = Place(server, key)
        place.put(note(), "/a")
        token = server.create_token('key_prefix "" { policy = "read" }').secret
        without = run("doctor", "--fleet", place.url())
        with_token = run("doctor", "--fleet", place.url(), CONSUL_HTTP_TOKEN=token)

        assert (2, 0) == (without.exit_code, with_token.exit_code)
        assert "or its token may not list them" in without.stdout
        assert token not in with_token.stdout

    def test_etcd_user(self, run, new_etcd, key: str):
        """A user of etcd who may not read is told of, without the password."""
        server = new_etcd(auth=True)
        place = Place(server, key)
        server.add_user("other", CANARY, "elsewhere")
        result = run("doctor", "--fleet", place.url(), ETCDCTL_USER=f"other:{CANARY}")

        assert 2 == result.exit_code
        assert "refuses other: " in result.stdout
        assert CANARY not in result.stdout


class Server(HTTPServer):
    """A server that does not mind if nobody waits for its answer."""

    def handle_error(self, *_: object) -> None:
        """Do nothing."""


class Pages:
    """A server of pages."""

    def __init__(self) -> None:
        self.pages: dict[str, Callable[[], tuple[int, bytes]]] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = pages.get(self.path, lambda: (404, b""))()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.where = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def put(self, path: str, text: str, status: int = 200) -> str:
        """Show a page, and return its URL."""
        self.pages[path] = lambda: (status, text.encode())
        return f"http://{self.where}{path}"

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Serve pages."""
    pages = Pages()
    yield pages
    pages.close()


def page(fingerprint: str, service: str = "orders", more: str = "") -> str:
    """Write a page of metrics."""
    return (
        "# HELP meshconf_config_info The configuration in force.\n"
        "# TYPE meshconf_config_info gauge\n"
        f'meshconf_config_info{{config="App",config_version="1",fingerprint="{fingerprint}",'
        f'service="{service}",source="a.toml,b \\"x\\""}} 1.0\n{more}'
    )


class TestPages:
    def test_real(self, run, pages: Pages, folder: Path):
        """The page of prometheus_client is understood."""
        from prometheus_client import CollectorRegistry, generate_latest

        (folder / "mesh.toml").write_text('service_name = "orders"\n')
        with meshconf.watch("mesh.toml", environ={}) as live:
            registry = CollectorRegistry()
            registry.register(ConfigCollector(live, service='the "orders"'))
            url = pages.put("/metrics", generate_latest(registry).decode())
            result = run("doctor", "--fleet", url, "--output-format", "json")
            [found] = json.loads(result.stdout)["instances"]

            assert 0 == result.exit_code
            assert found == {
                "name": pages.where,
                "place": url,
                "service": 'the "orders"',
                "schema": "ServiceMeshConfig",
                "fingerprint": live.snapshot.fingerprint,
                "generation": 1,
                "pending_restart": 0,
                "rejected": False,
                "config_version": "2",
                "since": "",
            }

    def test_drift(self, run, pages: Pages):
        """Several pages are compared, whatever else stands on them."""
        urls = [
            pages.put("/metrics", page("aa", more="up 1\n")),
            pages.put("/2", page("aa")),
            pages.put("/3?x=y", page("bb")),
        ]
        result = run("doctor", *(part for url in urls for part in ("--fleet", url)))

        assert 1 == result.exit_code
        assert "drift    orders (App): 2 of 3 instances run aa\n" in result.stdout
        assert f"         = {pages.where} runs bb\n" in result.stdout

    def test_path(self, run, pages: Pages):
        """Without a path it is /metrics that is asked for; a URL that is given twice counts once."""
        pages.put("/metrics", page("aa", service=""))
        url = f"http://{pages.where}"
        result = run("doctor", "--fleet", url, "--fleet", url)

        assert 0 == result.exit_code
        assert result.stdout.startswith("ok       the instances (App): 1 instance runs aa\n")

    def test_numbers(self, run, pages: Pages):
        """Numbers are read as far as they are told; what cannot be a number is none."""
        more = (
            'meshconf_config_generation{config="App"} 5.0\n'
            'meshconf_config_pending_restart{config="App"} 2.0\n'
            'meshconf_config_last_reload_successful{config="App"} 0.0\n'
            'meshconf_config_generation{config="Else"} 1e999\n'
            'meshconf_config_pending_restart{config="Else"} e\n'
            'meshconf_config_info{config="Else",fingerprint="a\\\\b\\nc"} 1\n'
            "meshconf_config_info 1\n"
        )
        url = pages.put("/metrics", page("aa", more=more))
        result = run("doctor", "--fleet", url, "--output-format", "json")
        other, app = json.loads(result.stdout)["instances"]

        assert ("Else", 0, 0, None, "a\\b\nc") == (
            other["schema"],
            other["generation"],
            other["pending_restart"],
            other["rejected"],
            other["fingerprint"],
        )
        assert (5, 2, True) == (app["generation"], app["pending_restart"], app["rejected"])

    def test_with_a_store(self, run, pages: Pages, place: Place):
        """Instances in a store and pages may be one fleet."""
        place.put(note("aa"), "/a")
        url = pages.put("/metrics", page("bb"))
        result = run("doctor", "--fleet", place.url(), "--fleet", url)

        assert 1 == result.exit_code
        assert "orders (App): 2 instances run 2 configurations" in result.stdout

    @pytest.mark.parametrize(
        ("text", "status", "reason"),
        [("", 404, "answers 404"), ("up 1\n", 200, "shows no meshconf_config_info")],
    )
    def test_other_page(self, run, pages: Pages, text: str, status: int, reason: str):
        """A page without what is looked for is told of."""
        url = pages.put("/metrics", text, status)
        result = run("doctor", "--fleet", url)

        assert 2 == result.exit_code
        assert f"error    {url}: {reason}\n" in result.stdout

    def test_unreachable(self, run, pages: Pages):
        """Who cannot be reached may have drifted: that the rest is the same is not enough."""
        url = pages.put("/metrics", page("aa"))
        dead = "http://127.0.0.1:1/metrics"
        result = run("doctor", "--fleet", url, "--fleet", dead)

        assert 2 == result.exit_code
        assert f"error    {dead}: cannot be asked at 127.0.0.1:1: conn" in result.stdout

        pages.put("/2", page("bb"))
        result = run(
            "doctor", "--fleet", url, "--fleet", dead, "--fleet", f"http://{pages.where}/2"
        )

        assert 1 == result.exit_code

    def test_slow(self, run, pages: Pages):
        """--timeout is how long a place is waited for."""
        over = threading.Event()

        def slow() -> tuple[int, bytes]:
            over.wait(5)
            return 404, b""

        pages.pages["/metrics"] = slow
        began = time.monotonic()
        result = run("doctor", "--fleet", f"http://{pages.where}/metrics", "--timeout", "0.2")

        assert 2 == result.exit_code
        assert "no answer in time" in result.stdout
        assert time.monotonic() - began < 4

        over.set()


class TestUsage:
    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("orders", "a fleet is found at consul://HOST:PORT/KEY"),
            ("http://", "a fleet is found at consul://HOST:PORT/KEY"),
            ("http://[x/metrics", "a fleet is found at consul://HOST:PORT/KEY"),
            ("http://x:port/metrics", "a fleet is found at consul://HOST:PORT/KEY"),
            (f"https://user:{CANARY}@x/metrics", "holds no user and no password"),
            (f"consul://x/y?token={CANARY}", "token does not belong into a URL"),
        ],
    )
    def test_url(self, run, url: str, message: str):
        """What is no URL of a fleet is wrong usage; what may be secret in it is not shown."""
        result = run("doctor", "--fleet", url)

        assert (2, "") == (result.exit_code, result.stdout)
        assert message in result.stderr
        assert CANARY not in result.stderr

    def test_port(self, run):
        """Without a port it is that of the protocol."""
        result = run("doctor", "--fleet", "https://127.0.0.1/metrics", "--timeout", "0.5")

        assert "https://127.0.0.1:443/metrics" in result.stdout

    def test_file(self, run):
        """A fleet is compared without any file."""
        result = run("doctor", "mesh.toml", "--fleet", "http://x/metrics")

        assert 2 == result.exit_code
        assert "--fleet compares what runs, and reads no FILE" in result.stderr
