"""The layouts that mesh.toml had, and how a file of one becomes one of the next.

Version 1 was flat, but for the circuit breaker and the load balancer. Version 2 has a table for
each group.
"""

from meshconf import edits, step

__all__ = ["STEPS"]

STEPS = (
    step(
        2,
        edits.move("consul_host", "consul.host"),
        edits.move("consul_port", "consul.port"),
        edits.move("consul_dc", "consul.datacenter"),
        edits.move("retry_max_attempts", "retry.max_attempts"),
        edits.move("retry_base_delay", "retry.base_delay"),
        edits.move("retry_max_delay", "retry.max_delay"),
        edits.move("metrics_enabled", "metrics.enabled"),
        edits.move("tracing_enabled", "tracing.enabled"),
        edits.move("load_balancer.health_check_interval", "load_balancer.health_check.interval"),
    ),
)
