"""Making the safe edits that problems propose, in the file that they speak of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import attrs
import tomli

from meshconf.diagnostics.problem import Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.spans import Span
from meshconf.diagnostics.words import Path, parse_path, printable
from meshconf.evolution.proof import Unproven, is_proven
from meshconf.evolution.splices import Splice, spliced
from meshconf.evolution.write import write_atomically
from meshconf.sources.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meshconf.diagnostics.problem import Edit
    from meshconf.diagnostics.spans import Position

__all__ = ["Mended", "mend", "mend_file"]


@attrs.frozen
class Mended:
    """A text with edits made.

    Attributes:
        text: The text.

        made: The problems whose edits were made.
    """

    text: str
    made: tuple[Problem, ...]


@attrs.frozen
class _Change:
    """What an edit does to the document: a new value at a path, or a new name for its last key."""

    path: Path
    renames: bool
    replacement: str


def mend_file(
    path: str | os.PathLike[str], problems: Iterable[Problem], *, max_bytes: int = 1_048_576
) -> tuple[Problem, ...]:
    """Make the safe edits of problems in a file; a file that needs none is not touched.

    Args:
        path: The file, as the sources named it: the problems that blame it name it so.

        problems: The findings of a load, whatever they are about.

        max_bytes: The largest size that is read.

    Returns:
        The problems whose edits were made.

    Raises:
        Refused: If the file cannot be read.

        Unproven: If the edits do not fit the file, or are not known to leave all else as it was.

        NotWritten: If the file changed meanwhile, is a symbolic link, or cannot be written.
    """
    text, _ = read_text(path, max_bytes)
    source = SourceText("file", os.fspath(path), text, "toml", first_line=1)
    mended = mend(source, problems)
    if mended.text != text:
        write_atomically(path, mended.text, expected=text)
    return mended.made


def mend(source: SourceText, problems: Iterable[Problem]) -> Mended:
    """Make the safe edits of problems in a text.

    Args:
        source: The text, a TOML document.

        problems: The findings; those about other texts, and those without a safe edit, are left
            alone.

    Returns:
        The text, proven: parsed, it is what it was but for just those keys and values.

    Raises:
        Unproven: If the edits do not fit the text, or the proof fails.
    """
    origin = source.origin()
    found = [(problem, problem.edit) for problem in problems if problem.edit is not None]
    safe = [(problem, edit) for problem, edit in found if edit.safe and edit.origin == origin]
    if not safe:
        return Mended(source.text, ())
    # Two problems may have one remedy.
    edits = dict.fromkeys(edit for _, edit in safe)
    text = _proven(source, [_splice(source, edit) for edit in edits])
    return Mended(text, tuple(problem for problem, _ in safe))


def _splice(source: SourceText, edit: Edit) -> Splice:
    start, end = _offset(source, edit.start), _offset(source, edit.end)
    return Splice(start, end, edit.replacement)


def _offset(source: SourceText, position: Position) -> int:
    """Turn a position into an offset; where it is none of this text, the text is another one."""
    before = source.text.encode()[: position.byte]
    offset = len(before.decode(errors="ignore"))
    if source.lines.position(offset) != position:
        msg = f"{printable(source.name)} is not the text that was checked; nothing was changed"
        raise Unproven(msg)
    return offset


def _proven(source: SourceText, splices: list[Splice]) -> str:
    """Make splices if the document changes by what they say and by nothing else."""
    try:
        document = tomli.loads(source.text)
        for change in _in_order(_changes(source, splices)):
            _make(document, change)
        text = spliced(source.text, splices)
    except (LookupError, RecursionError, ValueError):
        pass
    else:
        if is_proven(text, document):
            return text
    name = printable(source.name)
    msg = f"the edits of {name} cannot be proven to change nothing else; nothing was changed"
    raise Unproven(msg)


def _changes(source: SourceText, splices: list[Splice]) -> Iterator[_Change]:
    """Find what splices replace: each is the whole of a key or of a value, or a LookupError."""
    index = source.index
    # The position of an element of an array of tables stands where the array's name does.
    keys = {span: path for path, span in index.keys.items() if isinstance(path[-1], str)}
    values = {span: path for path, span in index.values.items()}
    for start, end, replacement in splices:
        span = Span(start, end)
        renames = span in keys
        yield _Change(keys[span] if renames else values[span], renames, replacement)


def _in_order(changes: Iterable[_Change]) -> list[_Change]:
    """Put what is within before what it is within, and a value before its key: paths stay true."""
    return sorted(changes, key=lambda change: (-len(change.path), change.renames))


def _make(document: dict[str, Any], change: _Change) -> None:
    """Make a change to the document."""
    *above, last = change.path
    table: Any = document
    for part in above:
        table = table[part]
    if change.renames:
        (name,) = parse_path(change.replacement)
        if name in table:
            msg = "the name is taken"
            raise ValueError(msg)
        table[name] = table.pop(last)
    else:
        ((_, table[last]),) = tomli.loads(f"value = {change.replacement}").items()
