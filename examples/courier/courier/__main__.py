"""Say where messages would go; a real courier would take them there."""

from __future__ import annotations

import logging
import sys

import meshconf
from courier.config import Courier


def main() -> str | None:
    """Print the plan; return what is wrong with the configuration."""
    logging.basicConfig(format="%(levelname)s %(message)s")
    try:
        courier = meshconf.load(schema=Courier)
    except meshconf.ConfigError as error:
        return str(error)
    relay = courier.relay
    print(f"to {relay.host}:{relay.port} ({relay.security}), waiting {relay.timeout:g} s")
    for name, queue in courier.queues.items():
        print(f"queue {name}: {queue.attempts} attempts, one each {queue.pause:g} s")
    return None


if __name__ == "__main__":
    sys.exit(main())
