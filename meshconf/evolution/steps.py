"""From one version of a file's layout to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from meshconf.evolution.edits import DeclaredEdit
from meshconf.schema.configuration import VERSION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Step", "check_steps", "step", "version_of"]


@attrs.frozen(eq=False)
class Step:
    """The migration from one version to the next.

    Attributes:
        to: The version that it gives.

        edits: What changes, in order.

        since: The release that deprecates the old layout, such as ``2.1``.

        removed_in: The release that no longer reads it.
    """

    to: int
    edits: tuple[DeclaredEdit, ...]
    since: str = ""
    removed_in: str = ""


def step(to: int, *edits: DeclaredEdit, since: str = "", removed_in: str = "") -> Step:
    """Declare the migration to a version from the one before it.

    Args:
        to: The version that it gives, from 2.

        edits: What changes, in order.

        since: The release that deprecates the old layout, such as ``2.1``.

        removed_in: The release that no longer reads it.

    Raises:
        TypeError: If an edit is none.
    """
    for edit in edits:
        if not isinstance(edit, DeclaredEdit):
            msg = f"the step to version {to} holds {edit!r}, which is no edit"
            raise TypeError(msg)
    return Step(to, edits, since, removed_in)


def check_steps(steps: Iterable[Step], version: int) -> None:
    """Check that steps lead from version 1 to the current one; no steps at all are fine.

    Args:
        steps: The steps of a schema.

        version: The version that the schema declares.

    Raises:
        TypeError: If one of them is no step.

        ValueError: If a version has no step, or two, or the last is not the current one.
    """
    numbers: list[int] = []
    for one in steps:
        if not isinstance(one, Step):
            msg = f"steps holds {one!r}, which is no step"
            raise TypeError(msg)
        if one.to in numbers:
            msg = f"there are two steps to version {one.to}"
            raise ValueError(msg)
        numbers.append(one.to)
    wanted = range(2, version + 1)
    if numbers and (missing := [number for number in wanted if number not in numbers]):
        msg = f"there is no step to version {missing[0]}"
        raise ValueError(msg)
    if strangers := [number for number in numbers if number not in wanted]:
        msg = f"there is a step to version {strangers[0]}, but the current version is {version}"
        raise ValueError(msg)
    if numbers != sorted(numbers):
        msg = "the steps are not in the order of their versions"
        raise ValueError(msg)


def version_of(document: Mapping[str, Any]) -> int | None:
    """Return the version that a document tells; ``None`` if what it tells is no version."""
    version = document.get(VERSION_KEY, 1)
    return version if type(version) is int and version >= 1 else None
