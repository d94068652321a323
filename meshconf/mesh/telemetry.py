"""What the service tells of itself: metrics and traces."""

import attrs

from meshconf import Port, Ratio, setting

__all__ = ["MetricsConfig", "TracingConfig"]


@attrs.frozen(kw_only=True)
class MetricsConfig:
    """The page that Prometheus scrapes."""

    enabled: bool = setting(
        default=True,
        reload="restart",
        help="Whether metrics are offered to Prometheus.",
    )
    port: Port = setting(
        9102,
        reload="restart",
        help="TCP port on which metrics are offered; the port of the scrape target in Prometheus.",
    )
    path: str = setting(
        "/metrics",
        matches=r"/\S*",
        reload="restart",
        help="Path under which metrics are offered; metrics_path in Prometheus.",
    )


@attrs.frozen(kw_only=True)
class TracingConfig:
    """The traces that OpenTelemetry collects."""

    enabled: bool = setting(
        default=True,
        reload="restart",
        help="Whether requests are traced.",
    )
    sampling_ratio: Ratio = setting(
        1.0,
        help=(
            "Share of requests, 0 to 1, whose trace is recorded; head sampling in OpenTelemetry, "
            "random_sampling in Envoy."
        ),
    )
    endpoint: str | None = setting(
        None,
        reload="restart",
        help=(
            "Where traces are sent, the address of an OTLP collector: port 4317 for gRPC, 4318 for "
            "HTTP."
        ),
    )
