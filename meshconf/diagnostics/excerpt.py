"""The lines of a source as they may be shown.

This is the one place where text of a source becomes part of a report, so it is the one place that
masks secrets, escapes what could steer a terminal, and cuts what is too long.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.problem import Excerpt, Label, Line, Mark
from meshconf.diagnostics.spans import Span
from meshconf.diagnostics.words import LONGEST_VALUE, MASK, cells, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from meshconf.diagnostics.source_text import SourceText

__all__ = ["ELLIPSIS", "MASK", "Highlight", "Mask", "excerpt", "joined", "labels"]

#: What is shown in the place of a text that may be a secret under a misspelt name.
ELLIPSIS = "…"

#: The longest line that is shown whole, in terminal cells.
LONGEST_LINE = 100

#: Lines between two highlights are shown up to so many; more are left out.
LONGEST_GAP = 3

TAB = "    "


@attrs.frozen
class Mask:
    """A stretch of a text that is not shown, and what stands in its place."""

    start: int
    end: int
    shown: str = MASK


@attrs.frozen
class Highlight:
    """A stretch of a text that a problem speaks of, and what it says of it."""

    span: Span
    text: str
    primary: bool = True


def labels(
    source: SourceText, highlights: Iterable[Highlight], masks: Sequence[Mask] = ()
) -> tuple[Label, ...]:
    """Turn highlights into labels with places, for programs.

    The end of a secret is left out: it would tell how long the secret is.
    """
    return tuple(
        Label(
            source.origin(highlight.span),
            highlight.text,
            source.lines.position(highlight.span.start),
            None if _within(highlight.span, masks) else source.lines.position(highlight.span.end),
            highlight.primary,
        )
        for highlight in highlights
    )


def _within(span: Span, masks: Sequence[Mask]) -> bool:
    return any(mask.start <= span.start for mask in _overlapping(masks, span.start, span.end))


def _overlapping(masks: Sequence[Mask], start: int, end: int) -> Sequence[Mask]:
    """Find the masks that hide a part of a stretch, or stand where it is empty."""
    first = bisect_right(masks, start, key=lambda mask: mask.end)
    return masks[first : bisect_right(masks, end, key=lambda mask: mask.start)]


def excerpt(
    source: SourceText,
    highlights: Sequence[Highlight],
    masks: Sequence[Mask] = (),
    *,
    gaps: bool = True,
) -> Excerpt:
    """Show the lines of a text on which highlights stand.

    Args:
        source: The text.

        highlights: What to underline, the primary one first.

        masks: What must not be shown, in order and apart from each other.

        gaps: Whether to show the few lines between two highlights too.

    Returns:
        The lines; it holds nothing of what is masked.
    """
    by_line: dict[int, list[Highlight]] = {}
    for highlight in sorted(highlights, key=lambda item: item.span.start):
        by_line.setdefault(source.lines.position(highlight.span.start).line, []).append(highlight)
    numbers = _with_gaps(by_line) if gaps else by_line
    lines = tuple(_shown(source, number, by_line.get(number, ()), masks) for number in numbers)
    return Excerpt(source.origin(highlights[0].span), lines)


def joined(excerpts: Iterable[Excerpt]) -> tuple[Excerpt, ...]:
    """Show the lines of one file in one block, in their order."""
    blocks: list[Excerpt] = []
    for one in excerpts:
        last = blocks[-1] if blocks else None
        numbered = all(line.number is not None for line in one.lines)
        if last is None or not numbered or _file(last) != _file(one):
            blocks.append(one)
            continue
        lines = {line.number: line for line in last.lines}
        for line in one.lines:
            marks = (*lines[line.number].marks, *line.marks) if line.number in lines else line.marks
            lines[line.number] = attrs.evolve(line, marks=marks)
        ordered = sorted(lines.values(), key=lambda line: line.number or 0)
        blocks[-1] = attrs.evolve(last, lines=tuple(ordered))
    return tuple(blocks)


def _file(one: Excerpt) -> tuple[str, str]:
    return one.origin.kind, one.origin.name


def _with_gaps(numbers: Iterable[int]) -> Iterable[int]:
    last: int | None = None
    for number in numbers:
        if last is not None and number - last <= LONGEST_GAP + 1:
            yield from range(last + 1, number)
        yield number
        last = number


def _shown(
    source: SourceText, number: int, highlights: Sequence[Highlight], masks: Sequence[Mask]
) -> Line:
    start = source.lines.start(number)
    end = start + len(source.lines.line_text(number))
    # Of a very long line only what surrounds the first highlight is looked at.
    first = min((highlight.span.start for highlight in highlights), default=start)
    first = min(first, end)
    near = _near(masks, first, start, end)
    left, right = _around(first, start, end, near)
    text, place = _masked(source.text, left, right, near)
    shown, columns = _safe(text)
    marks = [_mark(highlight, columns, place) for highlight in highlights]
    longest = LONGEST_LINE if source.first_line is not None else LONGEST_VALUE
    before, after = "…" * (left > start), "…" * (right < end)
    shown, marks = _cut(shown, marks, longest, before, after)
    numbered = None if source.first_line is None else number + source.first_line - 1
    return Line(numbered, shown, tuple(marks))


def _near(masks: Sequence[Mask], at: int, start: int, end: int) -> Sequence[Mask]:
    """Find the masks of a line that may be shown with a place: each takes a character at least."""
    first = bisect_right(masks, start, key=lambda mask: mask.end)
    last = bisect_right(masks, end, key=lambda mask: mask.start)
    middle = bisect_right(masks, at, first, max(first, last), key=lambda mask: mask.end)
    left, right = middle - LONGEST_LINE - 1, middle + 2 * LONGEST_LINE + 1
    return masks[max(first, left) : min(last, right)]


def _around(at: int, start: int, end: int, masks: Sequence[Mask]) -> tuple[int, int]:
    """Choose what is looked at of a line; no mask is cut, so its length makes no difference."""
    turned = (Mask(-mask.end, -mask.start, mask.shown) for mask in reversed(masks))
    return -_reach(-at, -start, LONGEST_LINE, turned), _reach(at, end, 2 * LONGEST_LINE, masks)


def _reach(at: int, end: int, size: int, masks: Iterable[Mask]) -> int:
    """Go so many characters to the right; a mask is as long as what stands in its place."""
    for mask in masks:
        if mask.end <= at:
            continue
        if mask.start >= at + size:
            break
        size -= max(mask.start - at, 0) + len(mask.shown)
        at = mask.end
        if size <= 0:
            return min(at, end)
    return min(at + size, end)


def _masked(
    text: str, left: int, right: int, masks: Iterable[Mask]
) -> tuple[str, Callable[[int], int]]:
    """Put what is shown in the place of masks; also return where a place of the text is then."""
    pieces: list[str] = []
    moves: list[tuple[int, int, bool]] = []
    at, length = left, 0
    for mask in masks:
        start, end = max(mask.start, left), min(mask.end, right)
        if start >= end:
            continue
        moves += [(at, length, False), (start, length + start - at, True)]
        pieces += [text[at:start], mask.shown]
        at, length = end, length + start - at + len(mask.shown)
    moves.append((at, length, False))
    pieces.append(text[at:right])

    def place(offset: int) -> int:
        offset = min(max(offset, left), right)
        began, moved, hidden = moves[bisect_right(moves, offset, key=lambda move: move[0]) - 1]
        return moved if hidden else moved + offset - began

    return "".join(pieces), place


def _safe(text: str) -> tuple[str, list[int]]:
    """Write a line so that it can be shown, and tell at which cell each of its characters stands."""
    shown: list[str] = []
    columns: list[int] = []
    cell = 0
    for char in text:
        columns.append(cell)
        piece = TAB if char == "\t" else printable(char)
        shown.append(piece)
        cell += cells(piece)
    columns.append(cell)
    return "".join(shown), columns


def _mark(highlight: Highlight, columns: Sequence[int], place: Callable[[int], int]) -> Mark:
    left, right = columns[place(highlight.span.start)], columns[place(highlight.span.end)]
    return Mark(left, max(right - left, 1), highlight.text, highlight.primary)


def _cut(
    text: str, marks: list[Mark], longest: int, before: str, after: str
) -> tuple[str, list[Mark]]:
    """Cut a long line to a window around its first mark; mark what is left out on either side."""
    width, skipped, kept = cells(text), 0, text
    if before or after or width > longest:
        left = max(min((mark.offset for mark in marks), default=0) - longest // 3, 0)
        kept, skipped, size = _window(text, left, longest)
        before = "…" if skipped else before
        after = "…" if skipped + size < width else after
        width = size
    shift = len(before) - skipped
    end = len(before) + width
    moved = [
        attrs.evolve(
            mark,
            offset=min(mark.offset + shift, end),
            width=max(1, min(mark.width, end - (mark.offset + shift))),
        )
        for mark in marks
    ]
    return f"{before}{kept}{after}", moved


def _window(text: str, left: int, longest: int) -> tuple[str, int, int]:
    """Return the part of a text from cell *left* on, the cells before it, and its width."""
    kept: list[str] = []
    skipped = width = 0
    for char in text:
        size = cells(char)
        if skipped < left:
            skipped += size
        elif width + size <= longest - 2:  # two cells for the marks of a cut
            kept.append(char)
            width += size
        else:
            break
    return "".join(kept), skipped, width
