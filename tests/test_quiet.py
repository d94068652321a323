"""Nothing that meshconf does is warned of by Python's development mode."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: The jobs of the README, as a service does them.
LIBRARY = """
import asyncio
import meshconf

meshconf.load()
snapshot = meshconf.read(environ={"MESH_CIRCUIT_BREAKER_MAX_REQUESTS": "800"})
assert "MESH_CIRCUIT_BREAKER_MAX_REQUESTS" in snapshot.explain("circuit_breaker.max_requests")
assert snapshot.fingerprint

try:
    meshconf.load("broken.toml")
except meshconf.ConfigError as error:
    assert "broken.toml" in str(error)

told = []
with meshconf.watch() as live:
    live.subscribe(lambda *update: told.append(update))
    with open("mesh.toml", "a") as file:
        file.write("[upstreams.stock]\\nport = 8081\\n")
    live.reload()
    assert live.status.generation == 2
assert len(told) == 1


async def follow():
    asyncio.get_running_loop().slow_callback_duration = 60  # how busy the machine is
    async with meshconf.watch() as live:
        changes = live.changes()
        with open("mesh.toml", "a") as file:
            file.write("timeouts.idle = '9s'\\n")
        await asyncio.to_thread(live.reload)
        return await changes.__anext__()


assert [one.path for one in asyncio.run(follow()).changes] == ["upstreams.stock.timeouts.idle"]
"""

#: The commands, each as the program runs it.
COMMANDS = """
import sys
from meshconf.__main__ import main

for line in (
    "check mesh.toml",
    "check broken.toml",
    "show circuit_breaker --file mesh.toml",
    "explain circuit_breaker.max_requests --file mesh.toml",
    "render envoy --file mesh.toml --output envoy.json",
    "render haproxy --file mesh.toml --output haproxy.cfg",
    "migrate old.toml",
):
    sys.argv = ["meshconf", *line.split()]
    try:
        main()
    except SystemExit as ended:
        print(line, ended.code, file=sys.stderr)
"""

#: Warnings that are shown by nobody else become errors, and what is left open is told.
DEVELOPMENT = ("-X", "dev", "-W", "error")


def said_by(code: str, folder: Path, *options: str) -> str:
    """Run code; return what stands on stderr."""
    folder.mkdir()
    for file in (ROOT / "examples" / "orders").glob("*.toml"):
        shutil.copy(file, folder)
    (folder / "old.toml").write_text('service_name = "orders"\nconsul_host = "consul"\n')
    environ = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    result = subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=folder,
        env={**environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return result.stderr


class TestDevelopmentMode:
    """`python -X dev -W error` has nothing to add."""

    def test_library(self, tmp_path: Path) -> None:
        """Loading, reading, reporting and watching say nothing, with threads and with asyncio."""
        assert "" == said_by(LIBRARY, tmp_path / "watched", *DEVELOPMENT)

    def test_commands(self, tmp_path: Path) -> None:
        """Checking, showing, explaining, rendering and migrating say what they say without it."""
        usual = said_by(COMMANDS, tmp_path / "usual")

        assert "check mesh.toml None\n" in usual
        assert usual == said_by(COMMANDS, tmp_path / "watched", *DEVELOPMENT)
