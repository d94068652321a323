"""What a proxy looks up by DNS, whatever the proxy: what it cannot ask so, and what it does not hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.addresses import is_ip_address, is_name
from meshconf.mesh.paths import dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = [
    "DNS_PORT",
    "NOT_ASKED",
    "note_looked_up",
    "parts_of_names",
    "refuse_no_name",
    "refuse_not_asked",
]

#: The port of a name server that is named without one.
DNS_PORT = 53

#: The backends that answer no DNS, and what they are called.
NOT_ASKED: Mapping[str, str] = {"etcd": "etcd", "zookeeper": "ZooKeeper"}

_LONGEST_LABEL = 63  # RFC 1035


def refuse_not_asked(account: Account) -> None:
    """Refuse a backend that answers no DNS, one of ``NOT_ASKED``."""
    backend = account.config.discovery.backend
    message = f"is {backend}, and {account.target} cannot ask {NOT_ASKED[backend]}"
    remedy = (
        'set discovery.backend = "static" and name hosts in static.endpoints, or choose consul, '
        "kubernetes or dns"
    )
    account.refuse("discovery.backend", message, remedy)


def note_looked_up(account: Account) -> None:
    """Note what is lost where Consul or Kubernetes is asked by DNS."""
    backend, target = account.config.discovery.backend, account.target
    if backend == "consul":
        reason = "Consul's DNS leaves out critical hosts alone, or what its agent says"
        account.drop(reason, "discovery.only_passing")
        reason = (
            f"{target} asks Consul by DNS: the name servers of its machine have to forward .consul"
        )
        unsaid = ("port", "scheme", "token", "namespace", "consistency")
        account.drop(reason, "consul.host", notable=True)
        account.drop(reason, *(f"consul.{name}" for name in unsaid))
    elif backend == "kubernetes":
        reason = "Kubernetes' DNS leaves out hosts that are not ready"
        account.drop(reason, "discovery.only_passing")
        # The others have one address, which stands for all their hosts.
        reason = f"{target} sees the hosts of headless services alone (clusterIP: None), of others one address"
        account.drop_part(reason, "discovery.backend", notable=True)


def parts_of_names(config: ServiceMeshConfig) -> dict[str, str]:
    """Return what settings put into the names that a backend gives, by their paths."""
    if config.discovery.backend == "consul":
        return {"consul.datacenter": config.consul.datacenter}
    if config.discovery.backend == "kubernetes":
        return {
            "kubernetes.namespace": config.kubernetes.namespace,
            "kubernetes.cluster_domain": config.kubernetes.cluster_domain,
        }
    return {"dns.name": (config.dns.name or "").replace("{service}", "service")}


def refuse_no_name(
    account: Account, upstream: Upstream, name: str, parts: Mapping[str, str]
) -> None:
    """Refuse the settings that make a name one that no DNS server knows.

    Args:
        account: The account.

        upstream: The upstream whose hosts the name stands for.

        name: The whole name.

        parts: What the settings put into it, by their paths; the rest is the upstream's name.
    """
    wrong = [path for path, text in parts.items() if not _can_be_looked_up(text)]
    if not wrong and not _can_be_looked_up(name):
        wrong = [dotted("upstreams", upstream.name)]
    for path in wrong:
        message = f"makes no name that can be looked up, which {account.target} wants"
        account.refuse(path, message, "write labels of up to 63 characters, with dots between them")


def _can_be_looked_up(name: str) -> bool:
    labels = name.removesuffix(".").split(".")
    return is_name(name) and not is_ip_address(name) and max(map(len, labels)) <= _LONGEST_LABEL
