"""The fleet: two instances that follow one document in a real Consul."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.examples.conftest import Example, copy_of
from tests.programs import SERVERS, required
from tests.servers.process import free_ports

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

#: What the example says if a port was taken meanwhile.
FAILED = "consul ended with exit code 1"


class Fleet(Example):
    """The example, each time on other ports that are free."""

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the folder; once more if a port was taken meanwhile."""
        if "PATH" not in variables:
            required("consul", demanded_by=SERVERS)
        ended = self._run(*arguments, **variables)
        return self._run(*arguments, **variables) if FAILED in ended.stderr else ended

    def _run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return super().python(*arguments, "--ports", *map(str, free_ports(3)), **variables)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Copy the example."""
    return Fleet(copy_of("fleet", tmp_path), "INDEXER_")


class TestRefusal:
    def test_consul_is_missing(self, fleet: Fleet):
        """Where Consul is not installed, one line says so."""
        code, printed, said = fleet.module("fleet", PATH="")

        assert (1, "", 1) == (code, printed, len(said.splitlines()))
        assert said.startswith("consul is not installed")

    def test_port_that_is_taken(self, fleet: Fleet):
        """A Consul that cannot listen is told, and nothing else is run."""
        required("consul", demanded_by=SERVERS)
        with socket.create_server(("127.0.0.1", 0)) as server:
            taken = str(server.getsockname()[1])
            ended = Example.python(fleet, "-m", "fleet", "--ports", taken, *map(str, free_ports(2)))

        assert (1, "") == (ended.returncode, ended.stdout)
        assert ended.stderr.startswith(FAILED)
        assert "address already in use" in ended.stderr


class TestReadme:
    def test_commands_print_what_is_shown(self, fleet: Fleet):
        """All console commands of the README, run in order, print what it shows."""
        shown, printed = fleet.readme()

        assert shown == printed
