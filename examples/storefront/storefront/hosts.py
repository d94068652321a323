"""The hosts of the upstreams, which remember what they are asked."""

from __future__ import annotations

import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Host(ThreadingHTTPServer):
    """A host that answers 200, or 503 while it is failing."""

    daemon_threads = True  # no connection keeps the process from its end

    def __init__(self, name: str, endpoint: str) -> None:
        address, _, port = endpoint.rpartition(":")
        super().__init__((address, int(port)), Answer)
        self.name = name
        self.failing = False
        self.asked: list[str] = []
        self.last_asked = 0.0
        Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, path: str) -> HTTPStatus:
        if path == "/health":
            return HTTPStatus.OK
        self.asked.append(path)
        self.last_asked = time.monotonic()
        return HTTPStatus.SERVICE_UNAVAILABLE if self.failing else HTTPStatus.OK


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay
    server: Host

    def do_GET(self) -> None:
        self.send_response(self.server.answer(self.path))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass
