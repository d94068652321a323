"""A Consul of one's own, in memory."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

AGENT = (
    *("consul", "agent", "-dev", "-bind=127.0.0.1", "-log-level=err", "-disable-host-node-id"),
    *("-dns-port=-1", "-grpc-port=-1", "-serf-wan-port=-1"),
)


@contextmanager
def consul(ports: Sequence[int]) -> Iterator[str]:
    """Run Consul on three ports, of which the first is for clients; give the address of that."""
    if shutil.which("consul") is None:
        msg = "consul is not installed: https://developer.hashicorp.com/consul/install has it"
        raise FileNotFoundError(msg)
    http, server, serf = ports
    own = (f"-http-port={http}", f"-server-port={server}", f"-serf-lan-port={serf}")
    command = (*AGENT, *own)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:  # noqa: S603 - our own
        try:
            wait_for(agent, f"http://127.0.0.1:{http}/v1/health/state/passing")
            yield f"127.0.0.1:{http}"
        finally:
            agent.kill()  # there is nothing to keep


def wait_for(agent: subprocess.Popen[str], url: str) -> None:
    """Wait until Consul leads itself and knows that it is well."""
    while agent.poll() is None:
        try:
            with urlopen(url, timeout=1) as answer:  # noqa: S310 - see above
                if answer.read().strip() != b"[]":
                    return
        except OSError:
            pass
        time.sleep(0.02)
    assert agent.stdout is not None
    msg = f"consul ended with exit code {agent.returncode}: {agent.stdout.read()}"
    raise ChildProcessError(msg)
