"""What files that are made from a schema say in comments."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from meshconf.diagnostics.words import printable

if TYPE_CHECKING:
    from meshconf.describe.description import Described

__all__ = ["WIDTH", "comment", "remark"]

#: Comments are wrapped at so many characters.
WIDTH = 92


def comment(text: str) -> list[str]:
    """Write a text as lines of a comment, safe to print; none if it is empty."""
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return list(map(printable, lines))


def remark(described: Described) -> str:
    """Say in a few words what a setting takes, and what holds if it is not set."""
    said = printable(described.setting.type_text().removeprefix("optional "))
    if described.required:
        return f"required: {said}"
    if described.computed:
        return f"computed if not set: {said}"
    return f"not set by default: {said}" if described.default is None else said
