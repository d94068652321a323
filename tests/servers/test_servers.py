"""The servers of the tests do what is said of them."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.programs import required
from tests.servers import process
from tests.servers.certificates import Authority
from tests.servers.talk import Refused, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.servers.consul import Consul
    from tests.servers.etcd import Etcd
    from tests.servers.proxy import CountingProxy
    from tests.servers.zookeeper import ZooKeeper

ROOT = Path(__file__).parents[2]


def gone(pid: int) -> bool:
    """Wait until no process of a group is left."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.killpg(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def get_over_tls(url: str, ca: Path) -> int:
    """Ask as a careful client does; return the status."""
    with urllib3.PoolManager(ca_certs=str(ca), retries=False, timeout=5) as pool:
        return pool.request("GET", url, headers={"Connection": "close"}).status


class TestConsul:
    """Consul."""

    def test_keeps_keys(self, consul: Consul, key: str) -> None:
        """A key is written, read and deleted."""
        consul.put(key, "a = 'é'")
        found = consul.get(key)
        consul.delete(key)

        assert "a = 'é'" == found
        assert consul.get(key) is None

    def test_deletes_below(self, consul: Consul, key: str) -> None:
        """All keys that start with one are deleted at once."""
        consul.put(f"{key}/a", "1")
        consul.put(f"{key}/b", "2")
        consul.delete(f"{key}/", below=True)

        assert [None, None] == [consul.get(f"{key}/a"), consul.get(f"{key}/b")]

    def test_wakes_who_waits(self, consul: Consul, key: str) -> None:
        """A blocking read of a key that is missing ends when it comes."""
        index = consul.index(key)
        timer = threading.Timer(0.2, consul.put, [key, "1"])
        timer.start()
        started = time.monotonic()
        found = consul.ask("GET", f"/v1/kv/{key}?index={index}&wait=30s")
        timer.join()

        assert 0.1 < time.monotonic() - started < 5
        assert index < int(found.headers["X-Consul-Index"])

    def test_starts_again(self, new_consul: Callable[..., Consul]) -> None:
        """It has its data and its address after a stop, and no data where they are lost."""
        consul = new_consul(datacenter="north")
        address, index = consul.address, consul.index("a")
        for number in range(5):
            consul.put("a", str(number))
        consul.restart()
        found = consul.get("a")
        grown = consul.index("a")
        consul.lose_data()
        consul.start()

        assert "4" == found
        assert consul.get("a") is None
        assert address == consul.address
        assert index < grown > consul.index("a")
        assert ["north"] == consul.ask("GET", "/v1/catalog/datacenters").data

    def test_loses_what_is_in_memory(self, new_consul: Callable[..., Consul]) -> None:
        """In memory, a stop is enough to lose the data; a gentle one too."""
        consul = new_consul(in_memory=True)
        consul.put("a", "1")
        consul.stop(signal.SIGTERM)
        with pytest.raises(OSError, match="refused"):
            consul.get("a")
        consul.start()

        assert consul.get("a") is None

    def test_hangs(self, new_consul: Callable[..., Consul]) -> None:
        """It answers nobody in a pause, and everybody after it."""
        consul = new_consul(in_memory=True)
        consul.put("a", "1")
        consul.pause()
        with pytest.raises(OSError, match="timed out"):
            consul.ask("GET", "/v1/kv/a", timeout=0.3)
        consul.resume()

        assert "1" == consul.get("a")

    @pytest.mark.parametrize("in_memory", [True, False])
    def test_heeds_tokens(self, new_consul: Callable[..., Consul], in_memory: bool) -> None:
        """A token may do what its policy says; it gets 403 once it is revoked."""
        consul = new_consul(acl=True, in_memory=in_memory)
        consul.put("a/b", "1")
        consul.put("c", "1")
        token = consul.create_token('key_prefix "a/" { policy = "read" }')

        def status(method: str, key: str, secret: str) -> int:
            return consul.ask(method, f"/v1/kv/{key}", token=secret, errors=True).status

        assert 200 == status("GET", "a/b", token.secret)
        assert 403 == status("PUT", "a/b", token.secret)
        assert 403 == status("GET", "c", token.secret)
        assert 403 == status("GET", "a/b", "")
        assert 404 == status("GET", "a/?recurse", "")
        consul.revoke(token)

        assert 403 == status("GET", "a/b", token.secret)

    def test_answers_over_tls(
        self, new_consul: Callable[..., Consul], authority: Authority, tmp_path: Path
    ) -> None:
        """The name in its certificate is right; another, or another authority, is not."""
        consul = new_consul(in_memory=True, tls=authority.issue())
        other = Authority(tmp_path)

        assert 200 == get_over_tls(f"{consul.https_address}/v1/status/leader", authority.ca)
        with pytest.raises(urllib3.exceptions.SSLError, match=r"127\.0\.0\.1"):
            get_over_tls(f"{consul.https_by_number}/v1/status/leader", authority.ca)
        with pytest.raises(urllib3.exceptions.SSLError, match="verify failed"):
            get_over_tls(f"{consul.https_address}/v1/status/leader", other.ca)

    def test_knows_services(self, consul: Consul) -> None:
        """A service is healthy or not as registered, and DNS tells only of healthy ones."""
        consul.register("good", 4000)
        consul.register("bad", 4001, passing=False)
        counts = [answers(consul, name) for name in ("good", "bad", "none")]
        consul.register("bad", 4001)
        after = answers(consul, "bad")
        consul.deregister("good")
        consul.deregister("bad")

        assert [1, 0, 0] == counts
        assert 1 == after
        assert 0 == answers(consul, "good")


def answers(consul: Consul, service: str) -> int:
    """Ask its DNS for the SRV records of a service; return their number."""
    labels = [service, "service", "consul"]
    name = b"".join(bytes([len(each)]) + each.encode() for each in labels) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(5)
        question = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", 33, 1)
        connection.sendto(question, ("127.0.0.1", consul.dns_port))
        found: int = struct.unpack_from(">6H", connection.recv(4096))[3]
    return found


def watch(etcd: Etcd, key: str, revision: int) -> Generator[dict[str, Any], None, None]:
    """Watch a key from a revision on."""
    told = {
        "create_request": {
            "key": base64.b64encode(key.encode()).decode(),
            "start_revision": str(revision),
        }
    }
    with urllib3.PoolManager(retries=False, timeout=5) as pool:
        stream = pool.request(
            "POST", f"{etcd.address}/v3/watch", body=json.dumps(told), preload_content=False
        )
        try:
            for line in stream:
                yield json.loads(line)["result"]
        finally:
            stream.close()


class TestEtcd:
    """etcd, in either version."""

    def test_keeps_keys(self, etcd: Etcd, key: str) -> None:
        """A key is written, read and deleted, each at a revision."""
        revision = etcd.put(key, "a = 'é'")
        found = etcd.get(key)
        deleted = etcd.delete(key)

        assert "a = 'é'" == found
        assert revision + 1 == deleted == etcd.revision()
        assert etcd.get(key) is None

    def test_deletes_below(self, etcd: Etcd, key: str) -> None:
        """All keys that start with one are deleted at once."""
        etcd.put(f"{key}/a", "1")
        etcd.put(f"{key}/b", "")
        empty = etcd.get(f"{key}/b")
        etcd.delete(f"{key}/", below=True)

        assert "" == empty
        assert [None, None] == [etcd.get(f"{key}/a"), etcd.get(f"{key}/b")]

    def test_starts_again(self, new_etcd: Callable[..., Etcd]) -> None:
        """It has its data and its address after a stop, and no data where they are lost."""
        etcd = new_etcd()
        address = etcd.address
        revision = etcd.put("a", "1")
        etcd.restart()
        found, kept = etcd.get("a"), etcd.revision()
        etcd.lose_data()
        etcd.start()

        assert "1" == found
        assert revision == kept
        assert etcd.get("a") is None
        assert address == etcd.address
        assert 1 == etcd.revision()

    def test_hangs(self, new_etcd: Callable[..., Etcd]) -> None:
        """It answers nobody in a pause, and can be stopped in one."""
        etcd = new_etcd()
        etcd.pause()
        with pytest.raises(OSError, match="timed out"):
            ask("GET", f"{etcd.address}/version", timeout=0.3)
        etcd.stop()

        with pytest.raises(OSError, match="refused"):
            ask("GET", f"{etcd.address}/version")

    def test_cancels_a_watch_of_what_is_compacted(self, new_etcd: Callable[..., Etcd]) -> None:
        """A watch from a revision that is compacted is canceled, and says since when."""
        etcd = new_etcd()
        old = etcd.put("a", "1")
        etcd.put("a", "2")
        revision = etcd.compact()
        stream = watch(etcd, "a", old)
        found = [next(stream), next(stream)]
        stream.close()

        assert found[0]["created"]
        assert found[1]["canceled"]
        assert str(revision) == found[1]["compact_revision"]

    def test_ends_leases(self, etcd: Etcd, key: str) -> None:
        """A key goes with its lease, and a watch tells of it."""
        lease = etcd.grant(60)
        revision = etcd.put(key, "1", lease=lease)
        stream = watch(etcd, key, revision + 1)
        next(stream)
        etcd.revoke(lease)
        found = next(stream)
        stream.close()

        assert "DELETE" == found["events"][0]["type"]
        assert etcd.get(key) is None

    def test_heeds_users(self, new_etcd: Callable[..., Etcd]) -> None:
        """A user may do with keys below the prefix what is granted, also after a restart."""
        etcd = new_etcd(auth=True)
        etcd.put("a/b", "1")
        etcd.put("c", "1")
        etcd.add_user("reader", "invented", "a/")
        etcd.restart()
        token = etcd.token("reader", "invented")

        def answer(path: str, key: str, token: str) -> str:
            told = {"key": base64.b64encode(key.encode()).decode()}
            try:
                etcd.ask(path, told, token=token)
            except Refused as error:
                return str(error.body)
            return "done"

        assert "done" == answer("/v3/kv/range", "a/b", token)
        assert "permission denied" in answer("/v3/kv/put", "a/b", token)
        assert "permission denied" in answer("/v3/kv/range", "c", token)
        assert "user name is empty" in answer("/v3/kv/range", "a/b", "")
        etcd.remove_user("reader")

        assert "invalid auth token" in answer("/v3/kv/range", "a/b", token)
        assert "1" == etcd.get("a/b")

    def test_has_auth_again(self, new_etcd: Callable[..., Etcd]) -> None:
        """Auth is on again after a loss of the data."""
        etcd = new_etcd(auth=True)
        etcd.lose_data()
        etcd.start()

        with pytest.raises(Refused):
            etcd.ask("/v3/kv/range", {"key": "YQ=="}, token="")

    def test_answers_over_tls(
        self, new_etcd: Callable[..., Etcd], authority: Authority, tmp_path: Path
    ) -> None:
        """The name in its certificate is right; another, or another authority, is not."""
        etcd = new_etcd(tls=authority.issue())
        other = Authority(tmp_path)

        assert 200 == get_over_tls(f"{etcd.https_address}/version", authority.ca)
        with pytest.raises(urllib3.exceptions.SSLError, match=r"127\.0\.0\.1"):
            get_over_tls(f"{etcd.https_by_number}/version", authority.ca)
        with pytest.raises(urllib3.exceptions.SSLError, match="verify failed"):
            get_over_tls(f"{etcd.https_address}/version", other.ca)


class TestZooKeeper:
    """ZooKeeper."""

    def test_keeps_nodes(self, zookeeper: ZooKeeper) -> None:
        """A node is written with those above it, read and deleted."""
        zookeeper.put("/tests/a/b", "é")
        zookeeper.put("/tests/a/b", "è")
        found = [zookeeper.get(path) for path in ("/tests/a/b", "/tests/a", "/none")]
        zookeeper.delete("/tests/a/b")

        assert ["è", "", None] == found
        assert zookeeper.get("/tests/a/b") is None
        assert "imok" == zookeeper.word("ruok")

    def test_starts_again(self, new_zookeeper: Callable[[], ZooKeeper]) -> None:
        """It has its data after a stop, and no data where they are lost."""
        zookeeper = new_zookeeper()
        zookeeper.put("/a", "1")
        zookeeper.restart()
        found = zookeeper.get("/a")
        zookeeper.lose_data()
        zookeeper.start()

        assert "1" == found
        assert zookeeper.get("/a") is None


class TestProxy:
    """The proxy in front of a server."""

    def test_counts(
        self, consul: Consul, key: str, new_proxy: Callable[[Any], CountingProxy]
    ) -> None:
        """Requests on one connection are counted by path, and can be looked at."""
        proxy = new_proxy(consul)
        consul.put(key, "1")
        with urllib3.PoolManager(retries=False, timeout=5) as pool:
            found = [
                pool.request(method, f"{proxy.address}{path}", body=body).status
                for method, path, body in (
                    ("GET", f"/v1/kv/{key}?raw", None),
                    ("PUT", f"/v1/kv/{key}", b"2" * 100_000),
                    ("GET", "/v1/status/leader", None),
                )
            ]

        assert [200, 200, 200] == found
        assert "2" * 100_000 == consul.get(key)
        assert [3, 2, 0] == [proxy.count(), proxy.count("/v1/kv/"), proxy.count("/v2")]
        assert 100_000 == len(proxy.requests[1].body)
        assert f"/v1/kv/{key}?raw" == proxy.requests[0].target
        proxy.forget()
        assert 0 == proxy.count()

    def test_forwards_long_polls(
        self, consul: Consul, key: str, new_proxy: Callable[[Any], CountingProxy]
    ) -> None:
        """A blocking read waits through the proxy, until it is cut."""
        proxy = new_proxy(consul)
        url = f"{proxy.address}/v1/kv/{key}?index={consul.index(key)}&wait=30s"
        done: list[Any] = []

        def poll() -> None:
            try:
                done.append(ask("GET", url).status)
            except OSError as error:
                done.append(error)

        for ending in (lambda: consul.put(key, "1"), proxy.cut):
            url = f"{proxy.address}/v1/kv/{key}?index={consul.index(key)}&wait=30s"
            proxy.forget()
            thread = threading.Thread(target=poll)
            thread.start()
            proxy.wait_for(1)
            time.sleep(0.1)
            assert thread.is_alive()
            ending()
            thread.join(5)
            assert not thread.is_alive()

        assert 200 == done[0]
        assert isinstance(done[1], OSError)

    def test_makes_faults(
        self, consul: Consul, key: str, new_proxy: Callable[[Any], CountingProxy]
    ) -> None:
        """It refuses, delays, answers by itself or cuts answers short, until it is mended."""
        proxy = new_proxy(consul)
        consul.put(key, "1")
        url = f"{proxy.address}/v1/kv/{key}?raw"

        proxy.refuse()
        with pytest.raises(OSError, match="refused"):
            ask("GET", url)
        proxy.mend()
        assert b"1" == ask("GET", url).body

        proxy.answer(503, b"no leader", {"Retry-After": "7"}, "/v1/kv/", times=2)
        found = [ask("GET", url, errors=True) for _ in range(3)]
        assert [503, 503, 200] == [each.status for each in found]
        assert (b"no leader", "7") == (found[0].body, found[0].headers["retry-after"])

        proxy.delay(0.3, times=1)
        started = time.monotonic()
        ask("GET", url)
        assert 0.3 <= time.monotonic() - started < 5

        proxy.cut_after(40)
        with pytest.raises(OSError, match="IncompleteRead"):
            ask("GET", url)
        proxy.mend()
        assert b"1" == ask("GET", url).body

    def test_dies_with_the_server(
        self, new_etcd: Callable[..., Etcd], new_proxy: Callable[[Any], CountingProxy]
    ) -> None:
        """What is open is closed when the server stops, and works when it is started again."""
        etcd = new_etcd()
        proxy = new_proxy(etcd)
        url = f"{proxy.address}/version"
        assert 200 == ask("GET", url).status
        etcd.stop()
        with pytest.raises(OSError, match="closed connection"):
            ask("GET", url)
        etcd.start()

        assert 200 == ask("GET", url).status


class TestProcess:
    """Processes."""

    def test_end_with_the_server(self, new_etcd: Callable[..., Etcd]) -> None:
        """A server that is closed leaves neither a process nor a folder."""
        etcd = new_etcd()
        pid, folder = etcd.process.pid, etcd.process.folder
        assert folder.exists()
        etcd.close()

        assert gone(pid)
        assert not folder.exists()

    @pytest.mark.parametrize("last", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_end_with_python(self, last: signal.Signals, tmp_path: Path) -> None:
        """A server goes, and its folder, when the Python that started it dies, by whatever."""
        required("etcd", demanded_by="MESHCONF_REQUIRE_SERVERS")
        script = (
            "import tempfile, time\n"
            f"tempfile.tempdir = {str(tmp_path)!r}\n"
            "from tests.servers.etcd import Etcd\n"
            "print(Etcd().process.pid, flush=True)\n"
            "time.sleep(60)\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as python:
            assert python.stdout is not None
            pid = int(python.stdout.readline())
            os.killpg(pid, 0)
            python.send_signal(last)
            python.wait(10)

        assert gone(pid)
        end = time.monotonic() + 10
        while list(tmp_path.iterdir()):
            assert time.monotonic() < end, "the folder is left"
            time.sleep(0.01)

    def test_tell_why_they_end(self) -> None:
        """A program that ends at once, or is not ready in time, has its log in the error."""
        made = process.Process("test")
        try:
            with pytest.raises(process.ServerFailed, match="no such port"):
                made.start(["/bin/sh", "-c", "echo no such port"], lambda: False)
            assert not made.is_running
        finally:
            made.close()
