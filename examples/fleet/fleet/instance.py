"""One instance: ``python -m fleet.instance NAME CONSUL``. It ends when its standard input does."""

from __future__ import annotations

import contextlib
import sys

import meshconf
from fleet.config import Indexer
from meshconf.live.fleet import publish


def main(name: str, consul: str) -> str | None:
    """Follow the document, tell the fleet, and print each batch size that comes into force."""
    try:
        live = meshconf.watch(f"consul://{consul}/config/indexer", schema=Indexer)
    except meshconf.ConfigError as error:
        return str(error)
    with live:
        live.subscribe(lambda _old, new, _changes: print("batch:", new.batch, flush=True))
        end = publish(live, f"consul://{consul}/fleet/indexer", instance=name)
        print("batch:", live.config.batch, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()
        end()
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))  # a text goes to stderr, with exit code 1
