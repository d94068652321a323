"""How long a request, its attempts and its connection may take."""

import attrs

from meshconf import Seconds, rule, setting

__all__ = ["TimeoutsConfig"]


@attrs.frozen(kw_only=True)
class TimeoutsConfig:
    """Four clocks: for the connection, one attempt, the whole request, and silence."""

    connect: Seconds = setting(
        5.0,
        gt=0,
        help="Seconds until a new connection must stand; connect_timeout in Envoy and Consul.",
    )
    request: Seconds = setting(
        60.0,
        gt=0,
        help=(
            "Seconds for a request with all its attempts and waits; the route timeout of Envoy "
            "and Istio, a deadline in gRPC."
        ),
    )
    per_try: Seconds = setting(
        15.0,
        gt=0,
        help=(
            "Seconds for one attempt, shorter than `request` so that time is left for another, which "
            "`retry.on` has to ask for by 5xx, gateway-error or reset; per_try_timeout of Envoy, "
            "perTryTimeout of Istio."
        ),
    )
    idle: Seconds = setting(
        300.0,
        gt=0,
        help="Seconds without traffic after which a connection is closed; the idle timeout.",
    )

    @rule("per_try", "request")
    @staticmethod
    def attempt_fits_request(per_try: float, request: float) -> str | None:
        """One attempt takes at most as long as the whole request."""
        if per_try > request:
            return f"per_try {per_try:g} s is longer than request {request:g} s"
        return None

    @rule("connect", "per_try", level="warning")
    @staticmethod
    def connection_fits_attempt(connect: float, per_try: float) -> str | None:
        """A connection stands before its attempt is over."""
        if connect > per_try:
            return (
                f"connect {connect:g} s is longer than per_try {per_try:g} s: an attempt ends "
                "before its connection may"
            )
        return None
