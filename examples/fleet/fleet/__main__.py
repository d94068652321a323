"""Let two instances follow one document in Consul: push a change, and ask who differs."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from fleet.consul import consul

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 30.0


def main() -> str | None:
    """Tell the story; return what went wrong."""
    parser = argparse.ArgumentParser(prog="fleet", description=__doc__)
    parser.add_argument("--ports", nargs=3, type=int, default=(18500, 18501, 18502), metavar="N")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends all of it, as Ctrl-C does
    try:
        with consul(arguments.ports) as address, ExitStack() as stack:
            tell(address, stack)
    except KeyboardInterrupt:
        return None
    except OSError as error:
        return str(error)
    return None


def tell(address: str, stack: ExitStack) -> None:
    def started(name: str, **variables: str) -> Instance:
        instance = Instance(name, address, variables)
        stack.callback(instance.end)
        instance.say()
        return instance

    print("A document says batch = 100, and two instances are started:")
    push(address, 100)
    one, two = started("one"), started("two")

    print("\nA push changes both:")
    push(address, 200)
    one.say()
    two.say()
    compare(address, "all 2 instances")

    print("\nSomebody starts two again, with INDEXER_BATCH=5:")
    two.end()
    started("two", INDEXER_BATCH="5")
    compare(address, "2 configurations")


class Instance:
    """A process that runs fleet.instance."""

    def __init__(self, name: str, address: str, variables: Mapping[str, str]) -> None:
        self.name = name
        self.process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "fleet.instance", name, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **variables},
            text=True,
        )

    def say(self) -> None:
        """Print the next line that it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            msg = f"instance {self.name} ended with exit code {self.process.wait()}"
            raise ChildProcessError(msg)
        print(f"  {self.name} has {line}", end="", flush=True)

    def end(self) -> None:
        """End it, and wait until it has taken its leave of the fleet."""
        self.process.communicate()


def push(address: str, batch: int) -> None:
    said = meshconf("push", "-", f"consul://{address}/config/indexer", given=f"batch = {batch}\n")
    if "wrote" not in said:
        raise ChildProcessError(said)


def compare(address: str, expected: str) -> None:
    """Print what the doctor says, as soon as both instances have told the fleet."""
    end = time.monotonic() + PATIENCE
    while expected not in (
        said := meshconf("doctor", "--fleet", f"consul://{address}/fleet/indexer")
    ):
        if time.monotonic() > end:
            break
    print(said, end="", flush=True)


def meshconf(*arguments: str, given: str = "") -> str:
    """Run the command line; return all that it prints."""
    ended = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "meshconf", *arguments],
        check=False,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())  # a text goes to stderr, with exit code 1
