"""A real HAProxy, started with a configuration."""

from __future__ import annotations

import re
import socket
import subprocess
import tempfile
from typing import TYPE_CHECKING

from tests.programs import SERVERS, required
from tests.servers.process import Process
from tests.servers.talk import Answer, ask

if TYPE_CHECKING:
    from typing_extensions import Self


def complaints(text: str) -> list[str]:
    """Have HAProxy judge a configuration; return its warnings and errors."""
    program = required("haproxy", demanded_by=SERVERS)
    with tempfile.NamedTemporaryFile("w", suffix=".cfg", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        found = subprocess.run(
            [program, "-c", "-f", file.name], capture_output=True, text=True, check=False
        )
    told = re.findall(r"\[(?:WARNING|ALERT)\] *\(\d+\) : (.*)", found.stderr)
    if found.returncode != 0 and not told:
        return [found.stdout + found.stderr]
    return [each.replace(file.name, "FILE") for each in told]


class HAProxy:
    """`haproxy`, listening once it is made; usable in a `with`.

    Attributes:
        process: Its process; the log tells what becomes of servers.
        address: Where its first frontend listens.

    Args:
        text: The configuration.
    """

    def __init__(self, text: str) -> None:
        program = required("haproxy", demanded_by=SERVERS)
        self.process = Process("haproxy")
        self._listeners = [
            (host.strip("[]").replace("*", "127.0.0.1"), int(port))
            for host, port in re.findall(r"^    bind (\S+):(\d+)\b", text, re.MULTILINE)
        ]
        host, port = self._listeners[0]
        self.address = f"http://{host}:{port}"
        file = self.process.folder / "haproxy.cfg"
        file.write_text(text, encoding="utf-8")
        try:
            self.process.start([program, "-db", "-f", str(file)], self._is_ready)
        except BaseException:
            self.process.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.close()

    def _is_ready(self) -> bool:
        for listener in self._listeners:
            socket.create_connection(listener, timeout=2.0).close()
        return True

    def get(
        self,
        upstream: str,
        path: str = "/",
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 30.0,
    ) -> Answer:
        """Send a request to an upstream, by its Host header."""
        asked = {"Host": upstream, **(headers or {})}
        return ask(method, f"{self.address}{path}", body, asked, timeout=timeout, errors=True)
