"""What has to listen for the backend ``static``."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING

from meshconf.mesh.addresses import split_endpoint
from meshconf.mesh.discovery.probing import Check, dotted, error, fail, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.mesh.discovery.probing import Finding
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = ["checks", "connect"]


def checks(config: ServiceMeshConfig, timeout: float) -> Iterator[Check]:
    """Name the hosts: each has to take a connection."""
    endpoints = config.static.endpoints
    for name in config.upstreams:
        if not endpoints.get(name):
            yield Check(f"upstream {name}", partial(_has_no_hosts, name))
    for service, hosts in endpoints.items():
        # An endpoint that is listed twice is one.
        for endpoint in dict.fromkeys(hosts):

            def of_endpoint(service: str = service, endpoint: str = endpoint) -> list[Finding]:
                path = dotted("static", "endpoints", service)
                with connect(endpoint, timeout, path, f"an instance of {service}"):
                    return [ok("takes connections", path=path)]

            yield Check(f"{service} at {endpoint}", of_endpoint)


def _has_no_hosts(name: str) -> list[Finding]:
    path = dotted("static", "endpoints", name)
    return [
        error(
            "has no hosts in static.endpoints",
            help=f'set {path} = ["host:port"]',
            path=dotted("upstreams", name),
        )
    ]


def connect(endpoint: str, timeout: float, path: str, what: str) -> socket.socket:
    """Connect to an endpoint.

    Raises:
        Failed: If that is not possible; the finding says why.
    """
    host, port = split_endpoint(endpoint)
    try:
        return socket.create_connection((host, port), timeout=timeout)
    except socket.gaierror:
        fail(
            f"the name {host} cannot be resolved on this machine",
            help=f"correct {path}, or run this where the service runs",
            path=path,
        )
    except TimeoutError:
        fail(
            f"no connection within {timeout:g} s",
            help=f"start {what}, or correct {path}; a firewall may be in the way",
            path=path,
        )
    except OSError as failure:
        reason = f" ({failure.strerror.lower()})" if failure.strerror else ""
        fail(f"nothing answers there{reason}", help=f"start {what}, or correct {path}", path=path)
