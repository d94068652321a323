"""The configuration as config entries of Consul's service mesh."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from meshconf.mesh.addresses import is_name
from meshconf.mesh.render.consul_called import called
from meshconf.mesh.render.consul_caller import caller
from meshconf.mesh.render.consul_language import UPSTREAM_CONFIG, version_of
from meshconf.mesh.render.rendered import Account
from meshconf.mesh.render.upstreams import general, refuse_names, upstreams_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meshconf.mesh.render.rendered import Rendered
    from meshconf.mesh.render.upstreams import Upstream
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = ["consul"]

_HOSTS = "Consul finds hosts in its own catalogue"
_WHOLE_MESH = "that stands in proxy-defaults, which hold for the whole mesh"

_NOT_SAID = {
    "service_version": "the registration of a service says that",
    "discovery": _HOSTS,
    "metrics": _WHOLE_MESH,
    "tracing": _WHOLE_MESH,
}

_OF_BACKEND_CONSUL = {
    "consul.namespace": "it is said when entries are written: consul config write -namespace",
    "consul": "how Consul is reached is said when entries are written: consul config write",
}


def consul(
    config: ServiceMeshConfig, *, upstream: str | None = None, target_version: str = "1.18"
) -> Rendered:
    """Render config entries for Consul, one JSON document on each line.

    ``consul config write`` takes one entry at a time, and accepts these in their order::

        meshconf render consul | while IFS= read -r entry; do
            printf '%s' "$entry" | consul config write -
        done

    The first is the ``service-defaults`` of this service: what it allows each of its upstreams, and
    all others. The ``service-defaults``, ``service-resolver`` and ``service-router`` of an upstream
    belong to that upstream: they hold for all who call it. Of one that speaks plain TCP, the resolver
    alone is written.

    **An entry takes the place of the one that has its kind and name**, with all that stands there.
    A service that calls others and is called has its upstreams and its ``Protocol`` in one
    ``service-defaults``: where Consul has one already, this is to be merged by hand. Consul refuses
    a router without a protocol, and ``service-defaults`` that take the protocol from a router.

    Args:
        config: The configuration.

        upstream: The upstream whose entries are wanted, all if not given. The entry of this service
            holds all of its upstreams all the same, as it is written as a whole.

        target_version: The oldest Consul that is to take the entries, as ``1.18`` or ``1.18.2``; it
            refuses an entry with a key that it does not know.

    Raises:
        ConfigError: If something cannot be rendered; it holds all of it.

        ValueError: If the version is none, or older than 1.8.
    """
    version = version_of(target_version)
    every = upstreams_of(config)
    chosen = every if upstream is None else upstreams_of(config, upstream)
    entries: list[dict[str, Any]] = []
    if version >= UPSTREAM_CONFIG:
        account = Account("Consul", config, chosen or (general(config),))
        refuse_names(account, every)
        _refuse_own_name(account, every)
        entries.append(caller(account, version, every, chosen))
    else:
        account = Account("Consul", config, chosen)
        refuse_names(account, chosen)
        reason = "before 1.10, Consul has no entry for what a service allows its upstreams"
        account.drop(reason, "service_name")
    if not chosen:
        reason = "there is no upstream for which it could hold"
        paths = "load_balancer", "retry", "timeouts.request", "timeouts.per_try", "timeouts.idle"
        account.drop(reason, *paths)
    for one in chosen:
        entries += called(account, version, one)
    _drop_general(account)
    return account.rendered("".join(f"{json.dumps(entry)}\n" for entry in _merged(entries)))


def _drop_general(account: Account) -> None:
    account.drop_all(_NOT_SAID)
    backend = account.config.discovery.backend
    if backend == "static":
        account.drop_part(f"{_HOSTS}, by the names alone", "static.endpoints")
    else:
        account.drop_all(_OF_BACKEND_CONSUL if backend == "consul" else {backend: _HOSTS})
    switched_off = "" if account.config.tls.enabled else ".enabled"
    reason = "proxies of Consul's mesh encrypt with certificates of its own"
    account.drop(reason, f"tls{switched_off}")


def _refuse_own_name(account: Account, upstreams: Iterable[Upstream]) -> None:
    """Refuse a name of this service that is no host name, or hides an upstream."""
    name = account.config.service_name
    if not is_name(name):
        remedy = "use letters, digits, inner hyphens and dots"
        account.refuse("service_name", "is no host name, which Consul wants", remedy)
    for one in upstreams:
        if one.name != name and one.name.lower() == name.lower():
            message = f"and the upstream {one.name} are one name to Consul"
            account.refuse("service_name", message, "give one of them another name")


def _merged(entries: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Make one entry of those with one kind and name: a service may be its own upstream."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        found.setdefault((entry["Kind"], entry["Name"]), {}).update(entry)
    return found.values()
