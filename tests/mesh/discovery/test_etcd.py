"""Probes of a real etcd, of either version."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.mesh.discovery.conftest import CANARY
from tests.servers.etcd import Etcd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mesh.discovery.conftest import Stub


def at(*endpoints: str, **settings: Any) -> dict[str, Any]:
    """Return the settings of etcd for endpoints."""
    settings = {"endpoints": endpoints, **settings}
    return {f"etcd.{name}": value for name, value in settings.items()} | {
        "discovery.backend": "etcd"
    }


@pytest.fixture
def prefix(etcd: Etcd, key: str) -> str:
    """Return a prefix with an instance of orders and one of payments."""
    prefix = f"/{key}"
    etcd.put(f"{prefix}/orders/1", "127.0.0.1:80")
    etcd.put(f"{prefix}/payments/1", "127.0.0.1:81")
    etcd.put(f"{prefix}/payments/2", "127.0.0.1:82")
    etcd.put(f"{prefix}/stock", "127.0.0.1:83")
    return prefix


@pytest.fixture(scope="module")
def guarded(etcd_program: str) -> Iterator[Etcd]:
    """Share an etcd that knows users."""
    with Etcd(etcd_program, auth=True) as etcd:
        etcd.put("/services/orders/1", "127.0.0.1:80")
        etcd.put("/services/payments/1", "127.0.0.1:81")
        etcd.add_user("reader", CANARY, "/services")
        etcd.add_user("stranger", CANARY, "/other")
        yield etcd


class TestHealthy:
    def test_everything(self, found, etcd: Etcd, prefix: str):
        """With all keys there, each check finds that all is well."""
        findings = found(at(etcd.address, prefix=prefix), "payments", "stock")

        assert {
            f"etcd member {etcd.address}": ("ok", "is healthy"),
            "etcd.username": ("ok", "none is asked for"),
            "etcd.prefix": ("ok", f"4 keys below {prefix}"),
            "service orders": ("ok", f"1 key below {prefix}/orders"),
            "upstream payments": ("ok", f"2 keys below {prefix}/payments"),
            "upstream stock": ("ok", f"1 key below {prefix}/stock"),
        } == {name: (one.severity, one.message) for name, one in findings.items()}

    def test_slash_at_the_end(self, found, etcd: Etcd, prefix: str):
        """A prefix and an endpoint may end with a slash."""
        findings = found(at(f"{etcd.address}/", prefix=f"{prefix}/"), "payments")

        assert {"ok"} == {one.severity for one in findings.values()}

    def test_no_prefix(self, found, etcd: Etcd, prefix: str):
        """An empty prefix stands for all keys."""
        one = found(at(etcd.address, prefix=""))["etcd.prefix"]

        assert "ok" == one.severity
        assert one.message.endswith("keys in all")

    def test_no_key_at_all(self, found, new_etcd):
        """An etcd that was never written to holds no key."""
        one = found(at(new_etcd().address, prefix=""))["etcd.prefix"]

        assert ("warning", "etcd holds no key") == (one.severity, one.message)


class TestMembers:
    def test_absent(self, found, closed_port: int):
        """Where no member answers, each is an error, and the rest is not repeated."""
        endpoint = f"http://127.0.0.1:{closed_port}"
        findings = found(at(endpoint), "payments")
        one = findings.pop(f"etcd member {endpoint}")

        assert (
            "error",
            f"nothing answers at {endpoint} (connection refused)",
            "etcd.endpoints",
        ) == (one.severity, one.message, one.path)
        assert {"skipped"} == {one.severity for one in findings.values()}

    def test_half_broken(self, found, etcd: Etcd, prefix: str, closed_port: int):
        """One member that answers is enough to see the keys; the other is still an error."""
        endpoint = f"http://127.0.0.1:{closed_port}"
        findings = found(at(endpoint, etcd.address, prefix=prefix), "payments")

        assert "error" == findings[f"etcd member {endpoint}"].severity
        assert "ok" == findings["upstream payments"].severity

    @pytest.mark.parametrize("answer", [(404, None), (200, {"ok": True}), (200, ["health"])])
    def test_something_else(self, found, new_stub, answer: tuple[int, Any]):
        """Another server of HTTP is not taken for etcd."""
        stub = new_stub()
        stub.answers["/health"] = answer
        endpoint = f"http://127.0.0.1:{stub.port}"
        one = found(at(endpoint))[f"etcd member {endpoint}"]

        assert f"{endpoint} answers, but not as etcd does" == one.message

    def test_unhealthy(self, found, new_stub):
        """A member that says that it is not healthy is an error."""
        stub = new_stub()
        stub.answers["/health"] = (503, {"health": "false", "reason": "RAFT NO LEADER"})
        endpoint = f"http://127.0.0.1:{stub.port}"
        one = found(at(endpoint))[f"etcd member {endpoint}"]

        assert ("error", "answers, but is not healthy: it has no leader or no space left") == (
            one.severity,
            one.message,
        )

    def test_dial_timeout(self, found, full: int):
        """A connection has as long as etcd.dial_timeout says, where that is less."""
        endpoint = f"http://127.0.0.1:{full}"
        before = time.monotonic()
        one = found(at(endpoint, dial_timeout=0.2), timeout=20)[f"etcd member {endpoint}"]

        assert 10 > time.monotonic() - before
        assert f"no connection to {endpoint} within 0.2 s (etcd.dial_timeout)" == one.message
        assert "firewall" in one.help

    def test_name_mismatch(self, found, authority, monkeypatch, etcd_program: str):
        """A certificate for another name is told with the names that it has."""
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
        with Etcd(etcd_program, tls=authority.issue("localhost")) as etcd:
            findings = found(at(etcd.https_by_number, etcd.https_address))

        assert "ok" == findings[f"etcd member {etcd.https_address}"].severity
        assert findings[f"etcd member {etcd.https_by_number}"].message.endswith(
            "is not for 127.0.0.1; it is for localhost"
        )


class TestUsers:
    def test_good_password(self, found, guarded: Etcd):
        """A user with the right password and rights is well."""
        settings = at(guarded.address, username="reader", password=CANARY)
        findings = found(settings, "payments")

        assert {"ok"} == {one.severity for one in findings.values()}
        assert "etcd lets reader in" == findings["etcd.username"].message

    def test_wrong_password(self, found, guarded: Etcd):
        """A wrong password is one error, without the password."""
        settings = at(guarded.address, username="reader", password=f"{CANARY}x")
        findings = found(settings, "payments")
        one = findings["etcd.username"]

        assert ("error", "etcd refuses reader with this password", "etcd.username") == (
            one.severity,
            one.message,
            one.path,
        )
        assert "skipped" == findings["upstream payments"].severity

    def test_no_user(self, found, guarded: Etcd):
        """Where etcd wants a user and none is set, that is said."""
        one = found(at(guarded.address))["etcd.username"]

        assert ("error", "is not set, and etcd wants to know who asks") == (
            one.severity,
            one.message,
        )
        assert "MESH_ETCD_PASSWORD_FILE" in one.help

    def test_no_password(self, found, guarded: Etcd):
        """A user without a password is an error before etcd is asked."""
        one = found(at(guarded.address, username="reader"))["etcd.username"]

        assert ("error", "etcd.password") == (one.severity, one.path)

    def test_no_rights(self, found, guarded: Etcd):
        """A user who may not read the prefix is told how to be let."""
        settings = at(guarded.address, username="stranger", password=CANARY)
        one = found(settings)["etcd.prefix"]

        assert ("error", "stranger may not read /services", "etcd.username") == (
            one.severity,
            one.message,
            one.path,
        )
        assert "grant-permission" in one.help

    def test_user_that_is_not_asked_for(self, found, etcd: Etcd):
        """Where etcd asks for no user, that is said."""
        one = found(at(etcd.address, username="reader", password=CANARY))["etcd.username"]

        assert ("ok", "etcd does not ask who signs in") == (one.severity, one.message)


class TestKeys:
    def test_empty_prefix(self, found, etcd: Etcd):
        """A prefix without keys is one error if there are upstreams, else a warning."""
        settings = at(etcd.address, prefix="/nothing/here")
        findings = found(settings, "payments")
        one = findings["etcd.prefix"]

        assert ("error", "no key begins with /nothing/here", "etcd.prefix") == (
            one.severity,
            one.message,
            one.path,
        )
        assert "needs etcd.prefix" == findings["upstream payments"].message
        assert "warning" == found(settings)["etcd.prefix"].severity

    def test_missing_service(self, found, etcd: Etcd, prefix: str):
        """An upstream without a key is an error, the service itself a warning."""
        settings = {**at(etcd.address, prefix=prefix), "service_name": "order"}
        findings = found(settings, "payment")  # whose names others begin with

        assert ("warning", f"no key {prefix}/order, so nobody finds it") == (
            findings["service order"].severity,
            findings["service order"].message,
        )
        assert ("error", f"no key {prefix}/payment, nor one below it", "upstreams.payment") == (
            findings["upstream payment"].severity,
            findings["upstream payment"].message,
            findings["upstream payment"].path,
        )


class TestOddAnswers:
    @pytest.fixture
    def stub(self, new_stub) -> Stub:
        """Return a server that is healthy, and no more."""
        stub: Stub = new_stub()
        stub.answers["/health"] = (200, {"health": True})
        return stub

    @pytest.mark.parametrize("settings", [{}, {"username": "reader", "password": CANARY}])
    def test_status(self, found, stub: Stub, settings: dict[str, str]):
        """An error of another kind is told by its status."""
        endpoint = f"http://127.0.0.1:{stub.port}"
        one = found(at(endpoint, **settings))["etcd.username"]

        assert ("error", f"{endpoint} answered with status 404") == (one.severity, one.message)

    @pytest.mark.parametrize("answer", [(500, {"count": "1"}), (200, [1])])
    def test_count(self, found, stub: Stub, answer: tuple[int, Any]):
        """Neither is a count taken from an error, nor from what is no answer of etcd."""
        stub.answers["/v3/kv/range"] = answer
        endpoint = f"http://127.0.0.1:{stub.port}"
        one = found(at(endpoint))["etcd.username"]

        assert ("error", f"{endpoint} answered with status {answer[0]}") == (
            one.severity,
            one.message,
        )
