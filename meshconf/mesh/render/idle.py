"""Settings that have no effect, whatever the target: another setting takes it from them.

Only those that are set are named: a default that has no effect is nothing lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from meshconf.mesh.discovery import Backend
from meshconf.mesh.load_balancer import Algorithm
from meshconf.mesh.paths import settings_of, value_at
from meshconf.mesh.render.defaults import defaults_of, is_default
from meshconf.mesh.upstream import UpstreamConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = ["idle_settings"]

_HASHING = (Algorithm.RING_HASH, Algorithm.MAGLEV)

#: Texts that need not be set; an empty one is none.
_OPTIONAL_TEXTS = (
    "consul.namespace",
    "etcd.username",
    "kubernetes.port_name",
    "tls.server_name",
    "tracing.endpoint",
)


def idle_settings(config: ServiceMeshConfig | UpstreamConfig) -> Mapping[str, str]:
    """Return the settings that are set and have no effect, each with the last reason there is.

    Args:
        config: A configuration, of which the settings outside of policies are looked at; or an
            upstream, of which the policies are.
    """
    pairs = _in_policies(config) if isinstance(config, UpstreamConfig) else _in_general(config)
    return {
        path: reason
        for group, reason in pairs
        for path in settings_of(defaults_of(config), group)
        if not is_default(config, path)
    }


def _in_general(config: ServiceMeshConfig) -> Iterator[tuple[str, str]]:
    backend = config.discovery.backend
    for other in get_args(Backend):
        if other != backend:
            yield other, f'discovery.backend is "{backend}"'
    if backend in ("static", "dns"):
        yield "discovery.only_passing", f'the backend "{backend}" calls no host unhealthy'
    if backend == "static":
        yield "discovery.refresh_interval", 'the backend "static" looks nothing up'
    for name in ("metrics", "tracing", "tls"):
        if not value_at(config, name).enabled:
            yield from _rest(config, name, "enabled", f"{name}.enabled is false")
    if config.tls.enabled and not config.tls.verify:
        yield "tls.ca_file", "tls.verify is false"
    for path in _OPTIONAL_TEXTS:
        if value_at(config, path) == "":
            yield path, "it is empty"


def _in_policies(upstream: UpstreamConfig) -> Iterator[tuple[str, str]]:
    breaker, balancer, retry = upstream.circuit_breaker, upstream.load_balancer, upstream.retry
    if not breaker.enabled:
        yield from _rest(upstream, "circuit_breaker", "enabled", "circuit_breaker.enabled is false")
    yield from _in_balancer(balancer.algorithm)
    check = balancer.health_check
    if check.type == "none":
        reason = 'load_balancer.health_check.type is "none"'
        yield from _rest(upstream, "load_balancer.health_check", "type", reason)
    elif check.type != "http":
        for name in ("path", "expected_statuses"):
            yield (
                f"load_balancer.health_check.{name}",
                f'the health check is of type "{check.type}"',
            )
    if "retriable-status-codes" not in retry.on:
        yield "retry.status_codes", 'retry.on does not list "retriable-status-codes"'
    for is_off, switch, reason in (
        (not retry.on, "on", "retry.on is empty"),
        (retry.max_attempts == 1, "max_attempts", "retry.max_attempts is 1"),
        (retry.budget == 0, "budget", "retry.budget is 0"),
    ):
        if is_off:
            yield from _rest(upstream, "retry", switch, reason)
            yield "load_balancer.max_retries", reason


def _in_balancer(algorithm: Algorithm) -> Iterator[tuple[str, str]]:
    for name, users in (
        ("choice_count", (Algorithm.LEAST_REQUEST,)),
        ("minimum_ring_size", (Algorithm.RING_HASH,)),
        ("table_size", (Algorithm.MAGLEV,)),
        ("hash_key", _HASHING),
        ("slow_start", (Algorithm.ROUND_ROBIN, Algorithm.LEAST_REQUEST)),
    ):
        if algorithm not in users:
            yield f"load_balancer.{name}", f"load_balancer.algorithm is {algorithm}"


def _rest(config: Any, group: str, switch: str, reason: str) -> Iterator[tuple[str, str]]:
    """Return all settings of a group but the one that switches it off."""
    for path in settings_of(defaults_of(config), group):
        if path != f"{group}.{switch}":
            yield path, reason
