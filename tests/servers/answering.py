"""A service that is called: it answers as the test says, and tells what it was asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.servers.process import PATIENCE, free_ports
from tests.servers.proxy import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from tests.servers.certificates import Certificate

#: Status, headers and body.
Answer = tuple[int, dict[str, str], bytes]


class Answering:
    """An HTTP/1.1 server on loopback, listening once it is made; usable in a `with`.

    What it does can be changed between requests, and while some are in flight.

    Attributes:
        port: Its port, also after it was stopped and started.
        address: `http://127.0.0.1:PORT`.
        status: What it answers to all but health checks.
        headers: What it says beside, to health checks too.
        health: What it answers to health checks.
        delay: The seconds that an answer takes, that to a health check apart.
        hangs_up: Whether it closes the connection in place of an answer, that to a health check
            apart.

    Args:
        body: What is in the body of each answer, so that it can be told who has answered.
        status: See above.
        health_path: What health checks ask for.
        tls: Answer https, and not http, with this certificate.
    """

    def __init__(
        self,
        body: str = "",
        *,
        status: int = 200,
        health_path: str = "/health",
        tls: Certificate | None = None,
    ) -> None:
        [self.port] = free_ports(1)
        self.address = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.status, self.health = status, 200
        self.delay, self.hangs_up = 0.0, False
        self.headers: dict[str, str] = {}
        self._body, self._health_path, self._tls = body, health_path, tls
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._health_checks: list[Request] = []
        self._in_flight = self._most_in_flight = 0
        self._server: _Server | None = None
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def requests(self) -> list[Request]:
        """All requests until now, or since they were forgotten, but no health checks."""
        with self._lock:
            return list(self._requests)

    @property
    def health_checks(self) -> list[Request]:
        """All health checks until now, or since they were forgotten."""
        with self._lock:
            return list(self._health_checks)

    @property
    def in_flight(self) -> int:
        """How many requests have come, and are not answered yet; no health checks."""
        with self._lock:
            return self._in_flight

    @property
    def most_in_flight(self) -> int:
        """The most requests that were in flight at once, until now or since that was forgotten."""
        with self._lock:
            return self._most_in_flight

    def wait_for_health_checks(self, number: int) -> None:
        """Wait until so many have come."""
        end = time.monotonic() + PATIENCE
        while len(self.health_checks) < number:
            assert time.monotonic() < end, f"{len(self.health_checks)} health checks, not {number}"
            time.sleep(0.005)

    def forget(self) -> None:
        """Count from zero again."""
        with self._lock:
            self._requests.clear()
            self._health_checks.clear()
            self._most_in_flight = self._in_flight

    def start(self) -> None:
        """Take connections, after they were refused."""
        if self._server is None:
            self._server = _Server(self.port, self._tls, self._take)

    def stop(self) -> None:
        """Refuse new connections, and cut those that are open, in the midst of an answer too."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _take(self, request: Request, ended: threading.Event) -> Answer | None:
        """Record a request, and return the answer; None is none."""
        if request.target.split("?")[0] == self._health_path:
            with self._lock:
                self._health_checks.append(request)
            return self.health, self.headers, b""
        with self._lock:
            self._requests.append(request)
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            ended.wait(self.delay)
            return None if self.hangs_up else (self.status, self.headers, self._body.encode())
        finally:
            with self._lock:
                self._in_flight -= 1


class _Server(ThreadingHTTPServer):
    """What listens, from a start to the next stop."""

    request_queue_size = 128

    def __init__(
        self,
        port: int,
        tls: Certificate | None,
        take: Callable[[Request, threading.Event], Answer | None],
    ) -> None:
        self.take = take
        self.ended = threading.Event()
        self._context: ssl.SSLContext | None = None
        if tls is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(tls.cert, tls.key)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=[0.01], daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close everything, and wait until no connection is left."""
        self.ended.set()
        self.shutdown()
        self.server_close()
        self._thread.join()
        end = time.monotonic() + PATIENCE
        while self._cut():
            assert time.monotonic() < end, "connections do not end"
            time.sleep(0.005)

    def _cut(self) -> int:
        """Cut the connections that are open; return how many there are."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(each, socket.SHUT_RDWR)  # below TLS
            return len(self._open)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; hands are shaken where it is read, not here."""
        connection, address = super().get_request()
        if self._context is not None:
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        super().shutdown_request(request)
        with self._lock:
            self._open.discard(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that left."""


class _Handler(BaseHTTPRequestHandler):
    """Takes the requests of one connection, one after the other."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(headers.get("content-length", "0")))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _answer(self) -> None:
        arrived = time.monotonic()
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._body(headers), arrived)
        answer = self.server.take(request, self.server.ended)
        if answer is None or self.server.ended.is_set():
            self.close_connection = True
            return
        status, headers, text = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _answer  # noqa: N815 - what it calls
