"""Putting a document into a store: judging it before, and keeping what others wrote meanwhile."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import attrs

from meshconf.loading.load import UnknownVariables, load_layers
from meshconf.sources.consul import ConsulKV
from meshconf.sources.file import parse_toml
from meshconf.sources.layer import Layer
from meshconf.sources.reading import Refused, text_in

if TYPE_CHECKING:
    from meshconf.diagnostics.problem import Problem
    from meshconf.loading.load import Outcome
    from meshconf.schema.model import Model
    from meshconf.sources.store import Found, Store

__all__ = [
    "Overtaken",
    "asked",
    "found_outcome",
    "given_elsewhere",
    "judged",
    "limit_of",
    "refusing",
    "write",
]

#: A setting that no source sets; another source of the service may.
MISSING = "MC102"


class Overtaken(Exception):  # noqa: N818 - it says what became of the document
    """Somebody else wrote in between.

    Attributes:
        now: What is there now.
    """

    def __init__(self, now: Found) -> None:
        super().__init__(now.version)
        self.now = now


def limit_of(store: Store, largest: int | None = None) -> int:
    """Return how large a document may be: the store has to take it, and services to read it.

    Args:
        store: Where it is put.

        largest: What the store takes, if its servers are configured otherwise.
    """
    return min(store.largest_value if largest is None else largest, store.max_bytes)


def judged(model: Model, store: Store, content: bytes, name: str, limit: int) -> Outcome:
    """Load a document alone, as what a store says: without variables and other files.

    Args:
        model: The schema.

        store: Where it is to be put.

        content: The document.

        name: What reports call it.

        limit: How large it may be.

    Raises:
        Refused: If it is too large, no plain UTF-8, or empty.
    """
    if not content.strip():
        raise Refused("MC407", "is empty", "to have all defaults, say so in a comment")
    layer = parse_toml(model, text_in(content, limit), kind="file", name=name)
    return _alone(model, attrs.evolve(layer, name=store.name, remote=True))


def refusing(outcome: Outcome) -> tuple[Problem, ...]:
    """Return the problems for which a document does not get into a store, and the warnings.

    Empty if there are but warnings: what is missing may be given elsewhere.
    """
    problems = tuple(one for one in outcome.problems if one.code != MISSING)
    return problems if any(one.severity == "error" for one in problems) else ()


def given_elsewhere(outcome: Outcome) -> list[str]:
    """Return the paths of required settings that a document leaves to variables and other files."""
    return [one.path for one in outcome.problems if one.code == MISSING]


def asked(store: Store) -> Found:
    """Ask for the document that is there now; never a server that may be behind.

    Raises:
        Refused: If the store cannot be reached, or does not answer the question.
    """
    with closing(_current(store).client()) as client:
        return client.get()


def found_outcome(model: Model, store: Store, found: Found) -> Outcome:
    """Load alone what a store has; nothing, if the key is not there.

    Raises:
        Refused: If it is too large for a service to read, or no plain UTF-8.
    """
    name = store.named(found.version)
    if found.content is None:
        return _alone(model, Layer(store.kind, name, {}, remote=True))
    text = text_in(found.content, store.max_bytes)
    layer = parse_toml(model, text, kind=store.kind, name=name, secrets="allow")
    return _alone(model, attrs.evolve(layer, remote=True))


def write(store: Store, content: bytes, expected: Found) -> int | None:
    """Put a document there unless the store has another one by now than expected.

    Returns:
        The version of the document; ``None`` if it is not known.

    Raises:
        Overtaken: If it has; nothing was written.

        Refused: If the store cannot be reached, or does not take it.
    """
    with closing(_current(store).client()) as client:
        was_put = client.put(content, expected)
        try:
            now = client.get()
        except Refused:
            if was_put:
                return None
            raise
    # A question that got no answer is asked again, though the first one may have been heard: what
    # is there by now tells whether it was.
    if now.content == content:
        return now.version
    if was_put:
        return None
    raise Overtaken(now)


def _current(store: Store) -> Store:
    is_behind = isinstance(store, ConsulKV) and store.consistency == "stale"
    return attrs.evolve(store, consistency="default") if is_behind else store  # type: ignore[call-arg]


def _alone(model: Model, layer: Layer) -> Outcome:
    return load_layers(model, [layer], None, UnknownVariables("ignore"))
