"""A text that values were read from, and where in it each value stands."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal

import attrs

from meshconf.diagnostics.problem import Origin

if TYPE_CHECKING:
    from meshconf.diagnostics.spans import LineIndex, Span, SpanIndex
    from meshconf.diagnostics.words import Path

__all__ = ["SourceText"]


@attrs.define(eq=False, repr=False)
class SourceText:
    """A text that a source gave; positions in it are computed when first asked for.

    Attributes:
        kind: The kind of its origins: ``file``, ``env``, ...

        name: What reports call it: the path of a file, the name of a variable.

        text: The text itself. It may hold secrets: only an excerpt of it is ever shown.

        format: ``toml``, ``json``, ``list`` (elements between commas) or ``plain`` (one value).

        first_line: The number of its first line in the file that it is a part of; ``None`` for
            a text whose lines have no numbers, such as a variable's.
    """

    kind: str
    name: str
    text: str
    format: Literal["toml", "json", "list", "plain"] = "plain"
    first_line: int | None = None

    # attrs keeps what these return without a lock, which another thread may hold at a fork.

    @functools.cached_property
    def index(self) -> SpanIndex:
        """The spans of keys and values; the text as a whole where it is no text of its format."""
        from meshconf.diagnostics import spans

        if self.format == "toml":
            return spans.index_toml(self.text)
        if self.format == "json":
            import json

            try:
                json.loads(self.text)  # the scanner judges nothing
                return spans.index_json(self.text)
            except (ValueError, RecursionError):
                pass
        values: dict[Path, Span] = {(): spans.Span(0, len(self.text))}
        if self.format == "list":
            values |= _elements(self.text)
        return spans.SpanIndex(keys={}, values=values, headers={}, comments=())

    @functools.cached_property
    def lines(self) -> LineIndex:
        """The lines of the text."""
        from meshconf.diagnostics import spans

        return spans.LineIndex(self.text)

    def value_span(self, path: Path) -> Span | None:
        """Return where the value at a path stands, or what holds it if it has no place of its own."""
        spans = self.index.values
        while path and path not in spans:
            path = path[:-1]
        return spans.get(path)

    def origin(self, span: Span | None = None) -> Origin:
        """Return the origin of a stretch of the text, or of the text as a whole."""
        if span is None or self.first_line is None:
            return Origin(self.kind, self.name, self.first_line if self.kind == "dotenv" else None)
        position = self.lines.position(span.start)
        return Origin(self.kind, self.name, position.line + self.first_line - 1, position.column)


def _elements(text: str) -> dict[Path, Span]:
    from meshconf.diagnostics.spans import Span

    elements: dict[Path, Span] = {}
    start = 0
    for number, element in enumerate(text.split(",")):
        left = start + len(element) - len(element.lstrip())
        elements[(number,)] = Span(left, max(left, start + len(element.rstrip())))
        start += len(element) + 1
    return elements
