"""What the tests of the probes share: real servers, a stub of one, and a way to ask."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

import meshconf
from meshconf import ServiceMeshConfig
from meshconf.mesh.discovery.probing import Finding, probe
from tests.servers.fixtures import (
    authority,
    consul,
    etcd,
    etcd_program,
    key,
    new_consul,
    new_etcd,
    new_zookeeper,
    zookeeper,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.servers.certificates import Certificate

__all__ = [
    "authority",
    "consul",
    "etcd",
    "etcd_program",
    "key",
    "new_consul",
    "new_etcd",
    "new_zookeeper",
    "zookeeper",
]

#: A token that must turn up nowhere; Consul takes nothing but UUIDs.
CANARY = "0badcafe-5ec2-4e75-9a7e-c0ffee123456"


def configured(settings: Mapping[str, Any]) -> ServiceMeshConfig:
    """Load settings, by dotted path, for a service called orders."""
    overrides = {"service_name": "orders", **settings}
    return meshconf.read(schema=ServiceMeshConfig, environ={}, overrides=overrides).config


@pytest.fixture
def found(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Finding]]:
    """Return a function that probes for settings; it gives what each check found, by its name."""
    monkeypatch.chdir(tmp_path)

    def found(
        settings: Mapping[str, Any], *upstreams: str, timeout: float = 3.0
    ) -> dict[str, Finding]:
        settings = {**settings, "upstreams": {name: {} for name in upstreams}}
        findings = probe(configured(settings), timeout=timeout)
        assert not [one for one in findings if CANARY in str(one)]
        named = {finding.check: finding for finding in findings}
        assert len(named) == len(findings)
        return named

    return found


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Return a port on 127.0.0.1 at which nothing listens, and nothing will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # without listen(), connections are refused
        yield taken.getsockname()[1]


@pytest.fixture
def silent() -> Iterator[int]:
    """Return a port on 127.0.0.1 that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def full() -> Iterator[int]:
    """Return a port on 127.0.0.1 where connections wait for ever, as behind some firewalls."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # more than may wait to be taken
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def saying() -> Iterator[Callable[[bytes | None], int]]:
    """Return what starts a server that answers anything with these bytes; it gives the port.

    With None for bytes it breaks the connection off.
    """
    with contextlib.ExitStack() as stack:

        def saying(answer: bytes | None) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def serve() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        client, _ = listener.accept()
                        with contextlib.suppress(OSError), client:
                            client.recv(65536)
                            if answer is None:
                                now = struct.pack("ii", 1, 0)
                                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
                            else:
                                client.sendall(answer)

            threading.Thread(target=serve, daemon=True).start()
            stack.callback(lambda: _wake(listener))
            return int(listener.getsockname()[1])

        yield saying


def _wake(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)


class Stub:
    """A server of HTTP that answers with what a test says.

    Attributes:
        port: Where it listens on 127.0.0.1.
        answers: The status and the document for each path, without its query.
        asked: The path, the query and the headers of each request.
    """

    def __init__(self, tls: Certificate | None, *, wants_certificate: bool = False) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stub.asked.append((self.path, dict(self.headers)))
                status, document = stub.answers.get(self.path.partition("?")[0], (404, None))
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                with contextlib.suppress(OSError):  # who asked has had enough
                    self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - http.server's

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # clients that do not believe the certificate

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.cert, tls.key)
            if wants_certificate:
                # Later versions tell of it when the client thinks that all is well.
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(tls.ca)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop it."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def new_stub() -> Iterator[Callable[..., Stub]]:
    """Return what starts a stub, with TLS if it is given a certificate; it ends with the test."""
    with contextlib.ExitStack() as stack:

        def new_stub(tls: Certificate | None = None, **options: bool) -> Stub:
            stub = Stub(tls, **options)
            stack.callback(stub.close)
            return stub

        yield new_stub
