"""Run the command line, as ``meshconf`` or ``python -m meshconf``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; without its extra, say how to get it."""
    try:
        from meshconf.cli import run

        run()
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in {"click", "rich"}:
            raise
        sys.stderr.write('meshconf: the command line needs: pip install "meshconf[cli]"\n')
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
