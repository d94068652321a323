"""A reverse proxy that counts requests and makes faults, which no real server makes on demand."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import attrs

from tests.servers.process import PATIENCE, free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self


@attrs.frozen
class Request:
    """A request that a proxy has seen."""

    method: str
    #: Path and query.
    target: str
    #: By names in lower case.
    headers: Mapping[str, str]
    body: bytes
    #: By `time.monotonic`.
    time: float


@attrs.define
class _Fault:
    prefix: str
    #: How many times it is still to be made; None is for ever.
    times: int | None
    seconds: float = 0.0
    answer: bytes | None = None
    cut_after: int | None = None


class CountingProxy:
    """Forwards plain HTTP/1.1 to a server, byte by byte, long polls and streams as well.

    Connections are kept as client and server wish. Requests are counted as they come, faults or
    not. Usable in a `with`.

    Attributes:
        address: `http://127.0.0.1:PORT`, for clients to use in place of the server's.

    Args:
        target: The address of the server.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.scheme == "http", "the proxy forwards plain http only"
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        [self._port] = free_ports(1)
        self.address = f"http://127.0.0.1:{self._port}"
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._faults: list[_Fault] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()
        self._listener: tuple[socket.socket, threading.Thread] | None = None
        self.listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def requests(self) -> list[Request]:
        """All requests until now, or since they were forgotten."""
        with self._lock:
            return list(self._requests)

    def count(self, prefix: str = "/") -> int:
        """Count the requests whose path starts so."""
        return sum(each.target.startswith(prefix) for each in self.requests)

    def wait_for(self, number: int, prefix: str = "/") -> None:
        """Wait until so many requests have come."""
        end = time.monotonic() + PATIENCE
        while self.count(prefix) < number:
            assert time.monotonic() < end, f"{self.count(prefix)} requests, not {number}"
            time.sleep(0.005)

    def forget(self) -> None:
        """Count from zero again."""
        with self._lock:
            self._requests.clear()

    def delay(self, seconds: float, prefix: str = "/", *, times: int | None = None) -> None:
        """Forward requests only after so many seconds."""
        self._add(_Fault(prefix, times, seconds=seconds))

    def answer(
        self,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        prefix: str = "/",
        *,
        times: int | None = None,
    ) -> None:
        """Answer requests in place of the server, which does not see them."""
        told = {"Content-Length": str(len(body)), **(headers or {})}
        head = f"HTTP/1.1 {status} Told\r\n" + "".join(f"{k}: {v}\r\n" for k, v in told.items())
        self._add(_Fault(prefix, times, answer=head.encode() + b"\r\n" + body))

    def cut_after(self, number: int, prefix: str = "/", *, times: int | None = None) -> None:
        """Close the connection after so many bytes of the answer, its head included."""
        self._add(_Fault(prefix, times, cut_after=number))

    def _add(self, fault: _Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def mend(self) -> None:
        """Make no more faults, and listen."""
        with self._lock:
            self._faults.clear()
        self.listen()

    def cut(self) -> None:
        """Close all connections that are open, such as those of long polls."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def refuse(self) -> None:
        """Refuse new connections, and cut those that are open."""
        if self._listener is not None:
            (listener, thread), self._listener = self._listener, None
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            thread.join()
            listener.close()
        self.cut()

    def listen(self) -> None:
        """Take connections, after they were refused."""
        if self._listener is None:
            listener = socket.create_server(("127.0.0.1", self._port), backlog=128)
            self._listener = (listener, self._run(self._accept, listener))

    def close(self) -> None:
        """Close everything, and wait for all threads."""
        self._ended.set()
        self.refuse()
        for each in self._threads:
            while each.is_alive():
                self.cut()
                each.join(0.05)

    def _run(self, function: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        thread.start()
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()]
            self._threads.append(thread)
        return thread

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # when it is closed
            while True:
                client, _ = listener.accept()
                with self._lock:
                    self._open.add(client)
                self._run(self._serve, client)

    def _close(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def _serve(self, client: socket.socket) -> None:
        """Take the requests of one connection, one after the other."""
        link = _Link(client)
        try:
            with contextlib.suppress(OSError), client.makefile("rb") as stream:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for request, raw in _requests(stream):
                    self._take(link, request, raw)
        finally:
            if link.server is not None:
                with contextlib.suppress(OSError):
                    link.server.shutdown(socket.SHUT_RDWR)
            if link.pump is not None:
                link.pump.join()
            if link.server is not None:
                self._close(link.server)
            self._close(client)

    def _take(self, link: _Link, request: Request, raw: bytes) -> None:
        """Count a request, and make the faults that are due, or forward it."""
        with self._lock:
            self._requests.append(request)
            due = [
                each
                for each in self._faults
                if each.times != 0 and request.target.startswith(each.prefix)
            ]
            for each in due:
                each.times = None if each.times is None else each.times - 1
        if seconds := sum(each.seconds for each in due):
            self._ended.wait(seconds)
        for each in due:
            if each.answer is not None:
                link.client.sendall(each.answer)
                return
        link.left = next((each.cut_after for each in due if each.cut_after is not None), None)
        if link.server is None:
            link.server = socket.create_connection(self._target)
            link.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(link.server)
            link.pump = self._run(link.answer)
        link.server.sendall(raw)


@attrs.define(eq=False)
class _Link:
    """A connection of a client, and the one that is kept to the server for it."""

    client: socket.socket
    server: socket.socket | None = None
    pump: threading.Thread | None = None
    #: How many bytes the client still gets; None is no limit.
    left: int | None = None

    def answer(self) -> None:
        """Hand on what the server sends, until it or the client has enough."""
        assert self.server is not None
        with contextlib.suppress(OSError):
            while data := self.server.recv(65536):
                self.client.sendall(data if self.left is None else data[: self.left])
                if self.left is not None:
                    self.left -= len(data)
                    if self.left <= 0:
                        break
        with contextlib.suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)


def _requests(stream: BinaryIO) -> Iterator[tuple[Request, bytes]]:
    """Read requests, each with all its bytes, until the client closes."""
    while first := stream.readline():
        lines = []
        while (line := stream.readline()) not in {b"\r\n", b""}:
            lines.append(line)
        if not line:
            return  # cut in the middle
        method, target, _ = first.decode("latin-1").split(" ")
        pairs = (line.decode("latin-1").rstrip().split(":", 1) for line in lines)
        headers = {name.lower(): value.strip() for name, value in pairs}
        assert "transfer-encoding" not in headers, "the proxy takes no chunked requests"
        body = stream.read(int(headers.get("content-length", "0")))
        yield (
            Request(method, target, headers, body, time.monotonic()),
            b"".join([first, *lines, b"\r\n", body]),
        )
