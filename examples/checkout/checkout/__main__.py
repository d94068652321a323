"""Listen until SIGTERM or Ctrl-C, with whatever configuration is in force."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import meshconf
from checkout.app import application
from checkout.config import Checkout

if TYPE_CHECKING:
    from meshconf import Change, Live

logger = logging.getLogger("checkout")
request_log = logging.getLogger("checkout.requests")


def main() -> str | None:
    """Serve; return why that cannot be."""
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
    request_log.propagate = False
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    try:
        with contextlib.suppress(KeyboardInterrupt), meshconf.watch(schema=Checkout) as live:
            live.enlist(AccessLog(live.config))
            live.subscribe(tell)
            with listening(live) as server:
                print(f"http://{live.config.server.host}:{server.server_port}/config", flush=True)
                server.serve_forever()
    except (meshconf.ConfigError, OSError) as error:
        return str(error)
    return None


def listening(live: Live[Checkout]) -> WSGIServer:
    """Listen; a port that cannot be had is told with the line that names it."""
    where = live.config.server
    try:
        return make_server(where.host, where.port, application(live), Server, Handler)
    except OSError as error:
        origin = live.snapshot.origin("server.port")
        msg = f"{origin}: server.port {where.port} of {where.host}: {error.strerror}"
        raise OSError(msg) from error


def tell(_old: Checkout, _new: Checkout, changes: tuple[Change, ...]) -> None:
    """Log what a reload changed; secrets are masked in it."""
    for change in changes:
        logger.info("%s: %r, was %r (%s)", change.path, change.new, change.old, change.origin)


class AccessLog:
    """Where requests are logged; a file that cannot be opened is refused before it is needed."""

    def __init__(self, config: Checkout) -> None:
        self.prepare(config)
        self.now = self.next
        request_log.addHandler(self.now)

    def prepare(self, new: Checkout) -> None:
        self.next = logging.FileHandler(new.access_log, encoding="utf-8")

    def commit(self, new: Checkout) -> None:  # noqa: ARG002 - prepare knows it
        request_log.addHandler(self.next)
        request_log.removeHandler(self.now)
        self.now.close()
        self.now = self.next

    def abort(self, new: Checkout) -> None:  # noqa: ARG002 - prepare knows it
        self.next.close()


class Server(ThreadingMixIn, WSGIServer):
    """Answers several requests at a time."""

    daemon_threads = True  # a request that hangs does not keep the process from its end


class Handler(WSGIRequestHandler):
    """Logs to the file of the configuration."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002
        request_log.info("%r %s", self.requestline, code)


if __name__ == "__main__":
    sys.exit(main())  # a text goes to stderr, with exit code 1
