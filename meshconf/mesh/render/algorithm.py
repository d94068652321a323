"""Algorithms of load balancing that a target does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.load_balancer import Algorithm

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["NEAREST", "refuse_algorithm"]

#: What comes nearest to the algorithms that most targets do not have.
NEAREST = {
    Algorithm.PEAK_EWMA: Algorithm.LEAST_REQUEST,
    Algorithm.WEIGHTED_ROUND_ROBIN: Algorithm.ROUND_ROBIN,
}


def refuse_algorithm(account: Account, upstream: Upstream) -> None:
    """Refuse the algorithm of an upstream, one of ``NEAREST``, and name what comes nearest."""
    algorithm = upstream.config.load_balancer.algorithm
    nearest = NEAREST[algorithm]
    message = f"is {algorithm}, which {account.target} does not have"
    remedy = f'{nearest} comes nearest: algorithm = "{nearest}"'
    account.refuse_of(upstream, "load_balancer.algorithm", message, remedy)
