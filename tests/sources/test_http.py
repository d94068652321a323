"""Asking servers over HTTP, where no real store does what has to be met."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from meshconf.sources.addresses import Address, split_paths
from meshconf.sources.http import Caller, Limits
from meshconf.sources.reading import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def serve() -> Iterator[Callable[..., Address]]:
    """Return what has a server send pieces, with a pause after each."""
    listeners: list[socket.socket] = []

    def serve(*pieces: bytes, pause: float = 0.0) -> Address:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:  # nobody comes any more
                    return
                give(client)

        def give(client: socket.socket) -> None:
            with client:
                with contextlib.suppress(OSError):
                    client.recv(65536)
                for piece in pieces:
                    try:
                        client.sendall(piece)
                    except OSError:
                        return
                    time.sleep(pause)

        threading.Thread(target=answer, daemon=True).start()
        return Address("http", "127.0.0.1", listener.getsockname()[1])

    yield serve
    for listener in listeners:
        listener.close()


def caller(address: Address, timeout: float = 5.0) -> Caller:
    """Make somebody who asks."""
    return Caller(address, Limits(timeout, 10_000))


def ask(asked: Caller) -> Any:
    """Ask a question."""
    return asked.ask("GET", "/", headers={})


class TestCaller:
    def test_slow(self, serve: Callable[..., Address]):
        """An answer that trickles in is not waited for to its end."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nTransfer-Encoding: chunked\r\n\r\n"
        address = serve(head, *[b"1\r\nx\r\n"] * 100, pause=0.1)
        with pytest.raises(Refused) as caught:
            ask(caller(address, timeout=0.5))

        assert "no answer in time" in caught.value.message

    def test_last_line(self, serve: Callable[..., Address]):
        """A line that ends with the answer is one too."""
        address = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\nb")
        lines = caller(address).lines("POST", "/", headers={}, body=b"", patience=0.0)

        assert [(200, b"a"), (200, b"b")] == list(lines)

    @pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n"])
    def test_no_http(self, serve: Callable[..., Address], answer: bytes):
        """A server that speaks no HTTP is refused."""
        with pytest.raises(Refused) as caught:
            ask(caller(serve(answer)))

        assert "MC408" == caught.value.code

    def test_is_interrupted(self, serve: Callable[..., Address]):
        """Who is interrupted asks no more."""
        asked = caller(serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        asked.interrupt()
        with pytest.raises(Refused):
            ask(asked)

    def test_is_interrupted_as_it_connects(
        self, serve: Callable[..., Address], monkeypatch: pytest.MonkeyPatch
    ):
        """An interruption that comes before there is a connection is not missed."""
        asked = caller(serve(pause=5.0), timeout=60.0)
        connected = asked._connected

        def interrupted() -> Any:
            asked.interrupt()
            return connected()

        monkeypatch.setattr(asked, "_connected", interrupted)
        with pytest.raises(Refused):
            ask(asked)

    def test_trickle(self, serve: Callable[..., Address]):
        """An answer of known length that trickles in is not waited for to its end either."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        address = serve(head, *[b"x"] * 200, pause=0.1)
        began = time.monotonic()
        with pytest.raises(Refused) as caught:
            ask(caller(address, timeout=0.5))

        assert "no answer in time" in caught.value.message
        assert time.monotonic() - began < 10
        assert caught.value.__context__ is None

    def test_answer_that_ends_the_connection_can_be_broken_off(self, serve: Callable[..., Address]):
        """A stream whose answer ends the connection is interrupted like any other."""
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na\n"
        asked = caller(serve(head, pause=20), timeout=60)
        lines = asked.lines("POST", "/", headers={}, body=b"", patience=60)

        assert (200, b"a") == next(lines)

        threading.Timer(0.2, asked.interrupt).start()
        began = time.monotonic()

        assert [] == list(lines)
        assert time.monotonic() - began < 10

    @pytest.mark.parametrize(
        "head",
        [
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
            b"HTTP/1.0 200 OK\r\n\r\n",
        ],
    )
    def test_answer_that_ends_the_connection(self, serve: Callable[..., Address], head: bytes):
        """An answer is read whole if the connection ends with it, as with proxies and old servers."""
        asked = caller(serve(head + b"he", b"llo", pause=0.05))

        assert [b"hello", b"hello"] == [ask(asked).body, ask(asked).body]


class TestAddress:
    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            (Address("http", "127.0.0.1", 1), True),
            (Address("http", "127.1", 1), True),
            (Address("http", "localhost.", 1), True),
            (Address("http", "::1", 1), True),
            (Address("https", "consul", 1), True),
            (Address("http", "consul", 1), False),
            (Address("http", "127.evil.example", 1), False),
        ],
    )
    def test_is_private(self, address: Address, expected: bool):
        """Within a machine, and over TLS, nobody listens."""
        assert expected is address.is_private

    def test_of_version_6(self):
        """An IPv6 address is written in brackets."""
        assert "[::1]:8500" == str(Address("http", "::1", 8500))


class TestSplitPaths:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a.toml:b.toml", ["a.toml", "b.toml"]),
            (":a.toml::", ["a.toml"]),
            ("a.toml:consul://h:8500/k:b.toml", ["a.toml", "consul://h:8500/k", "b.toml"]),
            ("consul://h/k:etcd://h/k", ["consul://h/k", "etcd://h/k"]),
            (
                "etcd+https://a:1,b:2,[::1]:3/k?timeout=3:x",
                ["etcd+https://a:1,b:2,[::1]:3/k?timeout=3", "x"],
            ),
            ("consul://[::1]:8500/k:x", ["consul://[::1]:8500/k", "x"]),
        ],
    )
    def test_between_colons(self, text: str, expected: list[str]):
        """Colons within a URL separate nothing."""
        assert expected == split_paths(text, ":")

    def test_between_semicolons(self):
        """Where paths hold colons themselves, something else stands between them."""
        assert ["C:\\a.toml", "consul://h:1/k"] == split_paths("C:\\a.toml;;consul://h:1/k", ";")
