"""How probes ask over HTTP, and what they say where there is no answer."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from meshconf.mesh.discovery.http import LARGEST_ANSWER, Server
from meshconf.mesh.discovery.probing import Failed, Finding
from tests.servers.certificates import Certificate

if TYPE_CHECKING:
    from pathlib import Path


def server(port: int, scheme: str = "http", host: str = "127.0.0.1", **options: Any) -> Server:
    """Return a server as a prober would describe it."""
    return Server(
        **{
            "url": f"{scheme}://{host}:{port}",
            "what": "the agent",
            "address": "agent.host",
            "scheme": "agent.scheme",
            "timeout": 3.0,
            **options,
        }
    )


def failure(asked: Server) -> Finding:
    """Ask, and return why there is no answer."""
    with pytest.raises(Failed) as caught:
        asked.get("/")
    return caught.value.finding


class TestAnswers:
    def test_redirect(self, new_stub):
        """A redirect is not followed."""
        stub = new_stub()
        stub.answers["/"] = (302, None)
        answer = server(stub.port).get("/")

        assert 302 == answer.status
        assert ["/"] == [path for path, _ in stub.asked]

    def test_no_json(self, new_stub):
        """A body that is no JSON is text, however deep it claims to be."""
        stub = new_stub()
        for body in (b"<html>\xff", b"[" * 100_000):
            stub.answers["/"] = (200, body)
            answer = server(stub.port).get("/")

            assert answer.data is None
            assert body.decode(errors="replace") == answer.text

    def test_large(self, new_stub):
        """A body of 1 MiB is read, and none that is larger."""
        stub = new_stub()
        stub.answers["/"] = (200, b" " * (LARGEST_ANSWER - 2) + b"{}")
        assert {} == server(stub.port).get("/").data
        stub.answers["/"] = (200, b" " * (LARGEST_ANSWER - 1) + b"{}")

        assert "answered with more than 1048576 bytes" in failure(server(stub.port)).message

    def test_compressed(self, new_stub):
        """A body is not unpacked, so that it cannot be larger than it looks."""
        stub = new_stub()
        stub.answers["/"] = (200, b"{}")
        server(stub.port).get("/")

        assert "gzip" not in stub.asked[0][1].get("Accept-Encoding", "")


class TestNoAnswer:
    def test_unknown_name(self):
        """A name that cannot be resolved is told as such; .invalid never exists (RFC 2606)."""
        found = failure(server(1, host="agent.invalid", timeout=20))

        assert "the name agent.invalid cannot be resolved on this machine" == found.message
        assert "agent.host" == found.path

    def test_refused(self, closed_port: int):
        """A port where nothing listens is told as such."""
        found = failure(server(closed_port))

        assert f"nothing answers at http://127.0.0.1:{closed_port} (connection refused)" == (
            found.message
        )
        assert "start the agent, or correct agent.host" == found.help

    def test_no_connection(self, full: int):
        """A connection that does not come about in time is told with its time."""
        found = failure(server(full, timeout=0.2))

        assert f"no connection to http://127.0.0.1:{full} within 0.2 s" == found.message

    def test_silent(self, silent: int):
        """A server that takes a connection and says nothing is told with its time."""
        before = time.monotonic()
        found = failure(server(silent, timeout=0.2))

        assert 10 > time.monotonic() - before
        assert "takes connections, but did not answer within 0.2 s" in found.message

    @pytest.mark.parametrize(
        "answer", [None, b"", b"\x00\x01\x02 nonsense\r\n\r\n", b"SSH-2.0-x\r\n"]
    )
    def test_no_http(self, saying, answer: bytes | None):
        """A server of another kind is told as such."""
        found = failure(server(saying(answer)))

        assert found.message.endswith("takes connections, but answers with no HTTP")
        assert "agent.scheme" in found.help


class TestTls:
    @pytest.fixture
    def issue(self, tmp_path: Path):
        """Return what makes a certificate with the dates that are given."""
        authority = trustme.CA()
        ca = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(ca))

        def issue(*names: str, **dates: Any) -> Certificate:
            made = authority.issue_cert(*names, **dates)
            cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
            for pem in made.cert_chain_pems:
                pem.write_to_path(str(cert), append=True)
            made.private_key_pem.write_to_path(str(key))
            return Certificate(cert, key, ca)

        return issue

    def test_expired(self, new_stub, issue):
        """A certificate that has expired is told as such."""
        yesterday = datetime.now(timezone.utc) - timedelta(days=1)
        tls = issue("127.0.0.1", not_after=yesterday, not_before=yesterday - timedelta(days=1))
        found = failure(server(new_stub(tls).port, "https", ca_file=tls.ca))

        assert "has expired" in found.message

    def test_not_yet_valid(self, new_stub, issue):
        """A certificate of the future is told as such."""
        tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
        tls = issue("127.0.0.1", not_before=tomorrow, not_after=tomorrow + timedelta(days=1))
        found = failure(server(new_stub(tls).port, "https", ca_file=tls.ca))

        assert "is not valid yet" in found.message
        assert "set the clock of this machine" == found.help

    def test_other_name(self, new_stub, issue):
        """A certificate for other names is told with these names."""
        tls = issue("a.test", "b.test")
        found = failure(server(new_stub(tls).port, "https", ca_file=tls.ca))

        assert found.message.endswith("is not for 127.0.0.1; it is for a.test, b.test")

    def test_other_name_and_gone(self, new_stub, issue, monkeypatch):
        """Where the names cannot be had any more, the rest is told."""
        tls = issue("a.test")

        def connect(*_: object, **__: object) -> None:
            raise ConnectionRefusedError

        asked = server(new_stub(tls).port, "https", ca_file=tls.ca)
        monkeypatch.setattr("meshconf.mesh.discovery.http.socket.create_connection", connect)

        assert failure(asked).message.endswith("is not for 127.0.0.1; it names others")

    @pytest.mark.parametrize(("url", "port"), [("https://a.test", 443), ("https://a.test:1", 1)])
    def test_port_of_other_names(self, monkeypatch, url: str, port: int):
        """The names are asked for where the certificate was, at the port of HTTPS if none is said."""
        asked = []

        def connect(address: tuple[str, int], **_: object) -> None:
            asked.append(address)
            raise ConnectionRefusedError

        monkeypatch.setattr("meshconf.mesh.discovery.http.socket.create_connection", connect)

        assert [] == server(1, url=url)._names()
        assert [("a.test", port)] == asked

    def test_client_certificate(self, new_stub, issue):
        """A server that wants a certificate of the client is told as such."""
        tls = issue("127.0.0.1")
        stub = new_stub(tls, wants_certificate=True)
        found = failure(server(stub.port, "https", ca_file=tls.ca))

        assert found.message.endswith("does not speak TLS as this machine does")
        assert "if it wants certificates of its clients, there is no setting for one" in found.help
