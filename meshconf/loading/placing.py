"""Showing where the value stands that somebody else has found something about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from meshconf.loading.findings import Masks, located
from meshconf.loading.lookup import held_or_inherited
from meshconf.loading.naming import path_of_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meshconf.diagnostics.problem import Problem
    from meshconf.loading.load import Outcome

__all__ = ["placed"]


def placed(outcome: Outcome, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Give problems about settings their places, as the problems of a load have them.

    What is about a default, or about no single setting, is left as it is.

    Args:
        outcome: The load of the configuration in which they were found.

        problems: The problems, each with the path of its setting.
    """
    masks, config = Masks(outcome.model, outcome.layers), outcome.config
    for problem in problems:
        try:
            path = path_of_key(outcome.model, config, problem.path)
        except KeyError:
            yield problem
            continue
        found = next(held_or_inherited(outcome.model, outcome.layers, path), None)
        if found is None:
            yield problem
            continue
        origin, labels, excerpts = located(found.layer, found.path, "", masks)
        yield attrs.evolve(problem, origin=origin, labels=labels, excerpts=excerpts)
