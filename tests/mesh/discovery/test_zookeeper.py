"""Probes of a real ZooKeeper."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from kazoo.client import KazooClient
from kazoo.security import make_digest_acl

from meshconf.mesh.discovery import zookeeper as probe_of_zookeeper

if TYPE_CHECKING:
    from tests.servers.zookeeper import ZooKeeper


def at(*hosts: str, **settings: Any) -> dict[str, Any]:
    """Return the settings of ZooKeeper for hosts."""
    settings = {"hosts": hosts, **settings}
    return {f"zookeeper.{name}": value for name, value in settings.items()} | {
        "discovery.backend": "zookeeper"
    }


@pytest.fixture
def root(zookeeper: ZooKeeper, key: str) -> str:
    """Return a node with an instance of orders and two of payments below it."""
    zookeeper.put(f"/{key}/orders/1", "127.0.0.1:80")
    zookeeper.put(f"/{key}/payments/1", "127.0.0.1:81")
    zookeeper.put(f"/{key}/payments/2", "127.0.0.1:82")
    zookeeper.put(f"/{key}/empty", "")
    return f"/{key}"


class TestHealthy:
    def test_everything(self, found, zookeeper: ZooKeeper, root: str):
        """With all nodes there, each check finds that all is well."""
        findings = found(at(zookeeper.address, root=f"{root}/"), "payments")

        assert {
            f"zookeeper member {zookeeper.address}": ("ok", "serves"),
            "zookeeper.root": ("ok", f"there is a node {root}"),
            "service orders": ("ok", f"1 instance below {root}/orders"),
            "upstream payments": ("ok", f"2 instances below {root}/payments"),
        } == {name: (one.severity, one.message) for name, one in findings.items()}

    def test_topmost_root(self, found, zookeeper: ZooKeeper, root: str):
        """Services may stand at the top."""
        top = root.split("/")[1]
        findings = found(at(zookeeper.address, root="/"), top)
        one = findings[f"upstream {top}"]

        assert "there is a node /" == findings["zookeeper.root"].message
        assert "ok" == one.severity
        assert one.message.endswith(f"below /{top}")

    def test_nothing_is_logged(self, found, zookeeper: ZooKeeper, root: str, capfd, caplog):
        """What kazoo says while it works is not shown."""
        found(at(zookeeper.address, root=root))

        assert ("", "") == tuple(capfd.readouterr())
        assert [] == caplog.records


class TestMembers:
    def test_absent(self, found, closed_port: int):
        """Where no member answers, each is an error, and the rest is not repeated."""
        host = f"127.0.0.1:{closed_port}"
        findings = found(at(host), "payments")
        one = findings[f"zookeeper member {host}"]

        assert ("error", "nothing answers there (connection refused)", "zookeeper.hosts") == (
            one.severity,
            one.message,
            one.path,
        )
        assert "skipped" == findings["zookeeper.root"].severity
        assert "skipped" == findings["upstream payments"].severity

    def test_half_broken(self, found, zookeeper: ZooKeeper, root: str, closed_port: int):
        """One member that serves is enough to see the nodes; the other is still an error."""
        host = f"127.0.0.1:{closed_port}"
        findings = found(at(host, zookeeper.address, root=root), "payments")

        assert "error" == findings[f"zookeeper member {host}"].severity
        assert "ok" == findings["upstream payments"].severity

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (None, "answers, but not as ZooKeeper does"),
            (b"", "answers, but not as ZooKeeper does"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "answers, but not as ZooKeeper does"),
            (b"x" * 5000, "answers, but not as ZooKeeper does"),
            (
                b"This ZooKeeper instance is not currently serving requests\n",
                "answers, but does not serve: it has no quorum",
            ),
        ],
    )
    def test_something_else(self, found, saying, answer: bytes | None, said: str):
        """What answers otherwise than a ZooKeeper that serves is told apart."""
        host = f"127.0.0.1:{saying(answer)}"
        one = found(at(host))[f"zookeeper member {host}"]

        assert ("error", said) == (one.severity, one.message)

    def test_guarded_word(self, found, saying):
        """A member that does not let everybody ask its words is one all the same."""
        answer = b"srvr is not executed because it is not in the whitelist.\n"
        host = f"127.0.0.1:{saying(answer)}"

        assert "ok" == found(at(host), timeout=0.5)[f"zookeeper member {host}"].severity

    def test_endless(self):
        """What never ends is not read to its end."""
        endless = SimpleNamespace(recv=lambda size: b"x" * size)

        assert 1024 == len(probe_of_zookeeper._read(endless))

    def test_silent(self, found, silent: int):
        """A member that takes connections and says nothing is an error once the time is over."""
        host = f"127.0.0.1:{silent}"
        one = found(at(host), timeout=0.2)[f"zookeeper member {host}"]

        assert "takes connections, but did not answer within 0.2 s" == one.message

    def test_without_sessions(self, found, saying):
        """A member that answers its words, but gives no session, is an error."""
        host = f"127.0.0.1:{saying(b'Zookeeper version: 3.8.0')}"
        before = time.monotonic()
        one = found(at(host), timeout=0.5)["zookeeper.root"]

        assert ("error", "no session within 0.5 s", "zookeeper.hosts") == (
            one.severity,
            one.message,
            one.path,
        )
        assert 5 > time.monotonic() - before


class TestNodes:
    def test_no_root(self, found, zookeeper: ZooKeeper):
        """A root that is not there is one error."""
        findings = found(at(zookeeper.address, root="/nothing/here"), "payments")
        one = findings.pop("zookeeper.root")

        assert ("error", "there is no node /nothing/here", "zookeeper.root") == (
            one.severity,
            one.message,
            one.path,
        )
        assert one.help.endswith("zkCli.sh ls /nothing")
        assert {
            f"zookeeper member {zookeeper.address}": "ok",
            "service orders": "skipped",
            "upstream payments": "skipped",
        } == {name: one.severity for name, one in findings.items()}

    def test_no_root_at_the_top(self, found, zookeeper: ZooKeeper):
        """Where the root would stand at the top, that is where to look."""
        one = found(at(zookeeper.address, root="/nothing"))["zookeeper.root"]

        assert one.help.endswith("zkCli.sh ls /")

    def test_missing_service(self, found, zookeeper: ZooKeeper, root: str):
        """An upstream without a node is an error, the service itself a warning."""
        settings = {**at(zookeeper.address, root=root), "service_name": "order"}
        findings = found(settings, "payment")

        assert ("warning", f"there is no node {root}/order", "service_name") == (
            findings["service order"].severity,
            findings["service order"].message,
            findings["service order"].path,
        )
        assert ("error", f"there is no node {root}/payment", "upstreams.payment") == (
            findings["upstream payment"].severity,
            findings["upstream payment"].message,
            findings["upstream payment"].path,
        )

    def test_no_instance(self, found, zookeeper: ZooKeeper, root: str):
        """A node without instances is an error."""
        one = found(at(zookeeper.address, root=root), "empty")["upstream empty"]

        assert ("error", f"no instance: the node {root}/empty has none below it") == (
            one.severity,
            one.message,
        )

    def test_no_access(self, found, zookeeper: ZooKeeper, root: str):
        """A node that may not be read is told as such."""
        client = KazooClient(zookeeper.address)
        client.start()
        client.set_acls(f"{root}/payments", [make_digest_acl("a", "b", all=True)])
        client.stop()
        client.close()
        one = found(at(zookeeper.address, root=root), "payments")["upstream payments"]

        assert ("error", f"the node {root}/payments may not be read without signing in") == (
            one.severity,
            one.message,
        )
