"""From one version of a file's layout to the next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from meshconf.schema.edits import DeclaredEdit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Step", "check_steps", "numbers_of", "step"]

_RELEASE = re.compile(r"v?(\d+(?:\.\d+)*)")


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

    @property
    def name(self) -> str:
        """What people call the change, which is the release that it came with, or its version."""
        return self.since or f"version {self.to}"

    def came_with(self, release: str) -> bool:
        """Tell whether it came with a release; not if one of the two is not told."""
        told = bool(self.since and release)
        return told and numbers_of(self.since) == numbers_of(release)

    def is_expired(self, release: str) -> bool:
        """Tell whether a release no longer reads the old layout; not if one is not told."""
        told = bool(self.removed_in and release)
        return told and numbers_of(release) >= numbers_of(self.removed_in)


def step(to: int, *edits: DeclaredEdit, since: str = "", removed_in: str = "") -> Step:
    """Declare the migration to a version from the one before it.

    Args:
        to: The version that it gives, from 2.

        edits: What changes, in order.

        since: The release that brings the new layout and deprecates the old one, such as
            ``2.1``; empty if it is not told.

        removed_in: The release that no longer reads the old one; empty if that is not planned.

    Raises:
        TypeError: If an edit is none.

        ValueError: If a release is none.
    """
    for release in filter(None, (since, removed_in)):
        numbers_of(release)
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


def numbers_of(release: str) -> tuple[int, ...]:
    """Read the numbers that a release begins with: `3.0rc1` and `3` are both 3.

    Returns:
        The numbers, without zeros at their end.

    Raises:
        ValueError: If it begins with none.
    """
    found = _RELEASE.match(release)
    if found is None:
        msg = f"{release!r} is no release: write its numbers, such as 2.1"
        raise ValueError(msg)
    numbers = [int(number) for number in found[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
