"""A real Envoy, started with a bootstrap."""

from __future__ import annotations

import json
import subprocess
import tempfile
from typing import TYPE_CHECKING

from tests.programs import SERVERS, required
from tests.servers.process import Process
from tests.servers.talk import Answer, ask

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

#: Envoy in its own time: what it needs to count after an answer has been given.
_QUICK = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning")


def validate(text: str) -> str:
    """Have Envoy judge a bootstrap; return its complaints, empty if there are none."""
    program = required("envoy", demanded_by=SERVERS)
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        found = subprocess.run(
            [program, "--mode", "validate", "--log-level", "error", "--config-path", file.name],
            capture_output=True,
            text=True,
            check=False,
        )
    return "" if found.returncode == 0 else found.stdout + found.stderr


class Envoy:
    """`envoy`, ready once it is made; usable in a `with`.

    Attributes:
        process: Its process.

    Args:
        text: The bootstrap; its first listener and its admin interface are asked.
    """

    def __init__(self, text: str) -> None:
        program = required("envoy", demanded_by=SERVERS)
        self.process = Process("envoy")
        bootstrap = json.loads(text)
        self.address = _url(bootstrap["static_resources"]["listeners"][0]["address"])
        self.admin = _url(bootstrap["admin"]["address"])
        file = self.process.folder / "bootstrap.json"
        file.write_text(text, encoding="utf-8")
        self._command = [program, "--config-path", str(file), *_QUICK]
        try:
            self.process.start(self._command, self._is_ready)
        except BaseException:
            self.process.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.close()

    @property
    def folder(self) -> Path:
        """A folder that goes with it."""
        return self.process.folder

    def _is_ready(self) -> bool:
        return ask("GET", f"{self.admin}/ready", timeout=2.0, errors=True).status == 200

    def get(
        self,
        upstream: str,
        path: str = "/",
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        timeout: float = 30.0,
    ) -> Answer:
        """Send a request to an upstream, by its Host header."""
        asked = {"Host": upstream, **(headers or {})}
        return ask(method, f"{self.address}{path}", None, asked, timeout=timeout, errors=True)

    def stat(self, name: str) -> int:
        """Read one of its counters or gauges."""
        found = ask("GET", f"{self.admin}/stats?filter=^{name}$").body.decode()
        return sum(int(line.rpartition(": ")[2]) for line in found.splitlines())


def _url(address: dict[str, dict[str, object]]) -> str:
    where = address["socket_address"]
    return f"http://{where['address']}:{where['port_value']}"
