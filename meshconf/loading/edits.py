"""Remedies as changes to the text of a file: the edits that problems propose.

A secret has none, nor has what a report may not show.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.problem import Edit
from meshconf.diagnostics.words import Path, quoted_key
from meshconf.loading.lookup import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.diagnostics.excerpt import Mask
    from meshconf.diagnostics.source_text import SourceText
    from meshconf.diagnostics.spans import Span, SpanIndex
    from meshconf.loading.findings import Masks
    from meshconf.loading.lookup import InText
    from meshconf.sources.layer import Layer

__all__ = ["literal_at", "renaming", "replacing", "value_at"]


def value_at(layer: Layer, path: Path) -> Any:
    """Return what stands at a path of a layer, as the layer spells it."""
    value: Any = layer.data
    for part in path:
        value = value[part]
    return value


def literal_at(layer: Layer, path: Path) -> str:
    """Return how a file writes the value at a path; empty if it stands in no text of that kind."""
    found = text_of(layer, path)
    if found is None or found.text.format not in ("toml", "json") or layer.is_remade(path):
        return ""
    span = found.text.index.values.get(found.path)
    return "" if span is None else found.text.text[span.start : span.end]


def replacing(
    layer: Layer, path: Path, masks: Masks, replacement: str, *, safe: bool
) -> Edit | None:
    """Make the edit that writes a value differently.

    Args:
        layer: The layer that holds it.

        path: Its path as the layer spells it.

        masks: What must not be shown.

        replacement: How to write it.

        safe: Whether it is certain to be what the author meant.

    Returns:
        The edit; None if the value stands in no TOML file, or as a string of several lines or
        with escapes.
    """
    found = _in_toml(layer, path)
    literal = literal_at(layer, path)
    if found is None or not literal or "\\" in literal or literal.startswith(('"""', "'''")):
        return None
    span = found.text.index.values[found.path]
    return _edit(found.text, span, masks.of(layer, found), replacement, safe=safe)


def renaming(layer: Layer, path: Path, masks: Masks, name: str, *, safe: bool) -> Edit | None:
    """Make the edit that gives a key another name.

    Args:
        layer: The layer that holds it.

        path: Its path as the layer spells it.

        masks: What must not be shown.

        name: The new name.

        safe: Whether it is certain to be what the author meant.

    Returns:
        The edit; None if the key stands in no TOML file, or in several places of one.
    """
    found = _in_toml(layer, path)
    if found is None or found.path != path:  # in another layout, the name is another one
        return None
    index = found.text.index
    if _places(index, found.path, value_at(layer, path), within=False) != 1:
        return None
    hidden = masks.of(layer, found)
    return _edit(found.text, index.keys[found.path], hidden, quoted_key(name), safe=safe)


def _in_toml(layer: Layer, path: Path) -> InText | None:
    found = text_of(layer, path)
    return found if found is not None and found.text.format == "toml" else None


def _places(index: SpanIndex, path: Path, value: Any, *, within: bool) -> int:
    """Count the statements that name a path.

    Args:
        index: The spans of the text.

        path: The path.

        value: What stands there.

        within: Whether a header names it already, so that the pairs under that need not.
    """
    opened = path in index.headers
    if path in index.values and not opened:
        return 0 if within else 1
    parts = value.items() if isinstance(value, Mapping) else enumerate(value)
    below = (_places(index, (*path, part), one, within=within or opened) for part, one in parts)
    return opened + sum(below)


def _edit(
    text: SourceText, span: Span, hidden: Sequence[Mask], replacement: str, *, safe: bool
) -> Edit | None:
    first = bisect_right(hidden, span.start, key=lambda mask: mask.end)  # they stand in order
    if first < len(hidden) and hidden[first].start < span.end:
        return None
    start, end = text.lines.position(span.start), text.lines.position(span.end)
    return Edit(text.origin(), start, end, replacement, safe)
