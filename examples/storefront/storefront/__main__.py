"""Let a host fail, and print who notices: behind Envoy, or with Python libraries alone."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys

import meshconf
from storefront.hosts import Host
from storefront.story import Story


def main() -> str | None:
    """Do what the arguments say; return what went wrong."""
    parser = argparse.ArgumentParser(prog="storefront", description=__doc__)
    parser.add_argument("--through", choices=["envoy", "adapters"], required=True)
    parser.add_argument("--listen", default="127.0.0.1:15001", help="where Envoy listens")
    parser.add_argument("--admin", default="127.0.0.1:9901", help="where Envoy's admin does")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it, and Envoy, as Ctrl-C does
    try:
        config = meshconf.load()
        hosts = {
            upstream: [Host(f"{upstream}-{number}", one) for number, one in enumerate(endpoints, 1)]
            for upstream, endpoints in config.static.endpoints.items()
        }
        if arguments.through == "envoy":
            from storefront import envoy

            opened = envoy.client(arguments.listen, arguments.admin)
        else:
            from storefront import adapters

            opened = adapters.client(config)
        with contextlib.suppress(KeyboardInterrupt), opened as get:
            Story(get, hosts["prices"], hosts["stock"]).tell()
    except (meshconf.ConfigError, OSError) as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main())  # a text goes to stderr, with exit code 1
