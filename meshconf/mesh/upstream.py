"""One service that is called."""

from typing import Literal

import attrs

from meshconf import Port, setting
from meshconf.mesh import policies
from meshconf.mesh.circuit_breaker import CircuitBreakerConfig
from meshconf.mesh.load_balancer import LoadBalancerConfig
from meshconf.mesh.retry import RetryConfig
from meshconf.mesh.timeouts import TimeoutsConfig

__all__ = ["UpstreamConfig"]


@attrs.frozen(kw_only=True)
class UpstreamConfig:
    """One service that is called; what it does not set holds as for all the others."""

    protocol: Literal["http", "http2", "grpc", "tcp"] = setting(
        "http",
        help="What is spoken with the upstream: HTTP/1.1, HTTP/2, gRPC or plain TCP.",
    )
    port: Port | None = setting(
        None,
        help="TCP port of the upstream's hosts, the one that discovery finds if not set.",
    )
    circuit_breaker: CircuitBreakerConfig = setting(
        CircuitBreakerConfig(),
        inherits="circuit_breaker",
        help="Limits and ejections for this upstream, where they differ from the general ones.",
    )
    load_balancer: LoadBalancerConfig = setting(
        LoadBalancerConfig(),
        inherits="load_balancer",
        help="The choice of a host of this upstream, where it differs from the general one.",
    )
    retry: RetryConfig = setting(
        RetryConfig(),
        inherits="retry",
        help="Attempts of a request to this upstream, where they differ from the general ones.",
    )
    timeouts: TimeoutsConfig = setting(
        TimeoutsConfig(),
        inherits="timeouts",
        help="Timeouts towards this upstream, where they differ from the general ones.",
    )

    attempts_fit_request = policies.attempts_fit_request
    attempts_are_possible = policies.attempts_are_possible
    one_request_is_no_volume = policies.one_request_is_no_volume
    one_request_ejects_no_host = policies.one_request_ejects_no_host
    ejections_avoid_panic = policies.ejections_avoid_panic
