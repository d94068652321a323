"""The configuration as resources of Istio: for each upstream a DestinationRule and a VirtualService.

Checked against the custom resource definitions of Istio, and by what its source says beyond them;
never run in a cluster.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from meshconf.mesh.paths import dotted
from meshconf.mesh.render.istio_destination import destination_rule
from meshconf.mesh.render.istio_route import virtual_service
from meshconf.mesh.render.rendered import Account
from meshconf.mesh.render.upstreams import kubernetes_host, upstreams_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.mesh.render.rendered import Rendered
    from meshconf.mesh.render.upstreams import Upstream
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = ["istio"]

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"  # RFC 1123
_LABEL_HELP = "use up to 63 lower-case letters, digits and inner hyphens"
# The last label is no number, else the whole could be an address.
_DOMAIN = rf"({_LABEL}\.)*(?![0-9]+\Z){_LABEL}"
_LONGEST_NAME = 253  # RFC 1035

# These name the host of an upstream, whatever the backend is.
_USED = ("kubernetes.namespace", "kubernetes.cluster_domain")

_HOSTS = "Istio finds hosts in Kubernetes"
_TELEMETRY = "a Telemetry of Istio says that"

_NOT_SAID = {
    "service_version": "the resources are those of the services that are called",
    "discovery": _HOSTS,
    "kubernetes.port_name": "Istio wants the number of a port: the port of an upstream",
    "metrics": _TELEMETRY,
    "tracing": _TELEMETRY,
}


def istio(config: ServiceMeshConfig, *, upstream: str | None = None) -> Rendered:
    """Render resources for Istio, as a JSON list that ``kubectl apply -f -`` takes.

    The host of an upstream is its name in the namespace and the domain of the group ``kubernetes``,
    and the resources stand in that namespace. They belong to the upstream: they hold for all who
    call it, and take the place of what has its name. An annotation says for whom they were rendered.
    What is set for the port of an upstream leaves the other ports of that host alone.

    Args:
        config: The configuration.

        upstream: The upstream whose resources are wanted, all if not given.

    Raises:
        ConfigError: If something cannot be rendered; it holds all of it.
    """
    upstreams = upstreams_of(config, upstream)
    account = Account("Istio", config, upstreams, used=_USED)
    _refuse_names(account, upstreams)
    _drop_general(account, upstreams)
    items = [
        resource
        for one in upstreams
        for resource in (
            destination_rule(account, one, kubernetes_host(config, one.name)),
            virtual_service(account, one, kubernetes_host(config, one.name)),
        )
    ]
    found = {"apiVersion": "v1", "kind": "List", "items": items}
    return account.rendered(f"{json.dumps(found, indent=2)}\n")


def _drop_general(account: Account, upstreams: Sequence[Upstream]) -> None:
    config = account.config
    account.drop_all(_NOT_SAID)
    if config.discovery.backend == "static":
        account.drop_part(f"{_HOSTS}, by the names alone", "static.endpoints")
    elif config.discovery.backend != "kubernetes":
        account.drop(_HOSTS, config.discovery.backend)
    if not upstreams:
        reason = "there is no upstream for which it could hold"
        account.drop(reason, *_USED, "service_name", "tls")
    elif not config.tls.enabled:
        account.drop("Istio encrypts between its proxies by itself", "tls.enabled")


def _refuse_names(account: Account, upstreams: Sequence[Upstream]) -> None:
    """Refuse what Kubernetes would not take as a name, or Istio not as a host."""
    config = account.config
    for path, text in (
        ("service_name", config.service_name),
        ("kubernetes.namespace", config.kubernetes.namespace),
        *((dotted("upstreams", one.name), one.name) for one in upstreams),
    ):
        if re.fullmatch(_LABEL, text) is None:
            account.refuse(path, "is no RFC 1123 label, which Kubernetes wants", _LABEL_HELP)
    path, remedy = "kubernetes.cluster_domain", "write a domain in lower case: cluster.local"
    if re.fullmatch(_DOMAIN, config.kubernetes.cluster_domain) is None:
        account.refuse(path, "is no domain, which Istio wants", remedy)
    elif any(len(kubernetes_host(config, one.name)) > _LONGEST_NAME for one in upstreams):
        message = f"makes hosts with more than {_LONGEST_NAME} characters, which DNS does not take"
        account.refuse(path, message, "write a shorter one")
