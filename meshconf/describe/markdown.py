"""Text in Markdown that stays what it is: in its cell, in its quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meshconf.diagnostics.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["cell", "code", "prose", "table"]


def code(text: str) -> str:
    """Write a text as code that ends neither its quotes nor its cell."""
    text = _within_cell(printable(text))
    longest = max(map(len, re.findall("`+", text)), default=0)
    if not longest:
        return f"`{text}`"
    quotes = "`" * (longest + 1)
    return f"{quotes} {text} {quotes}"


def cell(text: str) -> str:
    """Write a text so that it stays within its cell."""
    return _within_cell(prose(text))


def prose(text: str) -> str:
    """Write a text on one line, safe to print."""
    return printable(" ".join(text.split()))


def _within_cell(text: str) -> str:
    return text.replace("|", "\\|")


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Write a table whose cells are Markdown already."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
