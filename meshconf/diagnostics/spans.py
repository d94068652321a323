"""Where in a text each key and each value stands.

The parsers give values without places. The scanner here gives places without
judging anything: it reads only text that the parser has already accepted, so it
knows just enough grammar to tell where a token ends. Whatever an accepted text
cannot hold in some place (a comma in a table header, a newline before `=`) it
steps over without a question. That is also why one scanner reads both languages:
a JSON text is a TOML value, but for `:` after a key and the escapes within it.

    index_toml / index_json ──> SpanIndex   path ──> Span (offsets in the text)
    LineIndex(text).position(offset) ──> Position (line, column, byte)
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

import attrs
import tomli

from meshconf.diagnostics.words import Path

__all__ = [
    "LineIndex",
    "Position",
    "Span",
    "SpanIndex",
    "Statement",
    "Statements",
    "first_key",
    "index_json",
    "index_toml",
    "key_parts",
    "statements_of",
]


class Span(NamedTuple):
    """A stretch of a text, in characters from 0; `end` is exclusive."""

    start: int
    end: int


class Position(NamedTuple):
    """A place in a text: `line` and `column` in characters from 1, `byte` in UTF-8 from 0."""

    line: int
    column: int
    byte: int


@attrs.frozen
class SpanIndex:
    """The places of all keys, values, table headers and comments of one text."""

    keys: Mapping[Path, Span]
    """The first place that names a path: its own part of a dotted key or header, with quotes.

    An element of an array of tables is named by its own `[[header]]`; other list
    elements have no key.
    """

    values: Mapping[Path, Span]
    """The text of a value: a literal, an array or inline table with its brackets, or the
    header of a table or of an element of an array of tables.

    A table that no header opens, and an array of tables as a whole, have none.
    """

    headers: Mapping[Path, Span]
    """The `[a.b]` or `[[a.b]]` of each table that a header opens."""

    comments: tuple[Span, ...]
    """From each `#` to the end of its line, in order."""


class Statement(NamedTuple):
    """One `key = value`, on lines of its own or in an inline table."""

    table: Path
    """The table that it stands in: that of the header above it, or the inline table."""

    path: Path
    """What it sets; all after `table` is its key."""

    key: Span
    """The whole key, dotted or not."""

    value: Span


class Statements(NamedTuple):
    """All that stands in a text, statement by statement."""

    by_table: Mapping[Path, list[Statement]]
    """The statements by the table that they stand in, in order."""

    headers: Mapping[Path, Span]
    """The `[a.b]` or `[[a.b]]` of each table that a header opens."""

    comments: tuple[Span, ...]
    """From each `#` to the end of its line, in order."""


def index_toml(text: str) -> SpanIndex:
    """Find the spans of a TOML document.

    Args:
        text: A document that `tomli.loads` accepts, with LF or CRLF. Anything else
            gives a wrong index, an `IndexError` or a `ValueError`.

    Returns:
        The spans, in time linear in the text.
    """
    scan = _Scan(text, _decode_toml_key)
    scan.document()
    return scan.index()


def statements_of(text: str) -> Statements:
    """Find the statements of a TOML document, without the places of every part of them.

    Args:
        text: A document that `tomli.loads` accepts, as for `index_toml`.

    Returns:
        The statements, headers and comments.
    """
    statements: dict[Path, list[Statement]] = {}
    scan = _Scan(text, _decode_toml_key, statements)
    scan.document()
    return Statements(statements, scan.headers, tuple(scan.comments))


def first_key(text: str, paths: Collection[Path]) -> Span | None:
    """Find the first of some keys in a TOML document; no more of it is read than that takes.

    Args:
        text: A document that `tomli.loads` accepts, as for `index_toml`.

        paths: The paths of the keys.

    Returns:
        Where the first of them stands; ``None`` if none does.
    """
    scan = _Scan(text, _decode_toml_key)
    table: Path = ()
    pos = scan.gap(0)
    while pos < len(text):
        known = len(scan.keys)
        table, pos = scan.statement(table, pos)
        new = islice(reversed(scan.keys), len(scan.keys) - known)
        if found := [path for path in new if path in paths]:
            return scan.keys[found[-1]]
        pos = scan.gap(pos)
    return None


def key_parts(text: str, key: Span) -> list[Span]:
    """Find the parts of a dotted key, each with its quotes.

    Args:
        text: The text.

        key: Where a key stands in it, from its first part to the end of its last.
    """
    return [Span(*part.span(1)) for part in _PART.finditer(text, *key)]


def index_json(text: str) -> SpanIndex:
    """Find the spans of a JSON text; the whole value has the path `()`.

    Args:
        text: A text that `json.loads` accepts and whose objects name no key twice.

    Returns:
        The spans, in time linear in the text, with neither headers nor comments.
    """
    scan = _Scan(text, json.loads)
    scan.value((), scan.gap(0))
    return scan.index()


def _starts_in_characters(index: LineIndex) -> Sequence[int]:
    return _starts(len(line) for line in index.text.split("\n"))


def _starts_in_bytes(index: LineIndex) -> Sequence[int]:
    return _starts(_byte_length(line) for line in index.text.split("\n"))


def _starts(lengths: Iterable[int]) -> Sequence[int]:
    # One more than there are lines: the last is where another line would start.
    return tuple(accumulate((length + 1 for length in lengths), initial=0))


def _byte_length(text: str) -> int:
    # Bytes of an environment variable that are not UTF-8 arrive as lone surrogates;
    # "replace" counts one byte for each.
    return len(text.encode(errors="replace"))


@attrs.frozen
class LineIndex:
    """Turn the offsets of one text into lines and columns; LF or CRLF end a line."""

    text: str
    _characters: Sequence[int] = attrs.field(
        init=False,
        repr=False,
        eq=False,
        default=attrs.Factory(_starts_in_characters, takes_self=True),
    )
    _bytes: Sequence[int] = attrs.field(
        init=False,
        repr=False,
        eq=False,
        default=attrs.Factory(_starts_in_bytes, takes_self=True),
    )

    def position(self, offset: int) -> Position:
        """Find the line, column and byte of an offset.

        Args:
            offset: From 0 to the length of the text, as in a `Span`.
        """
        line = bisect_right(self._characters, offset)
        start = self.start(line)
        byte = self._bytes[line - 1] + _byte_length(self.text[start:offset])
        return Position(line, offset - start + 1, byte)

    def start(self, line: int) -> int:
        """Find the offset at which a line starts.

        Args:
            line: From 1 to the number of lines.
        """
        return self._characters[line - 1]

    def line_text(self, line: int) -> str:
        """Give a line without its ending.

        Args:
            line: From 1; a text that ends with a newline has an empty last line.

        Raises:
            IndexError: The text has fewer lines.
        """
        text = self.text[self.start(line) : self._characters[line]]
        return text.removesuffix("\r\n").removesuffix("\n")


# A comment, or the next character that matters. A comma stands only where it parts
# elements, so it is as good as a blank.
_INK = re.compile(r"(#[^\r\n]*)|[^ \t\r\n,]")

# One part of a key, with the sign that parts it from the next or from the value.
_PART = re.compile(
    r"""
    ( [A-Za-z0-9_-]+
    | "[^"\\]*(?:\\.[^"\\]*)*"
    | '[^']*'
    )
    [ \t\r\n]*([.=:]?)[ \t\r\n]*
    """,
    re.VERBOSE,
)

# A value without elements. Two more quotes may stand before the three that end a
# multi-line string; a blank may part a date from its time.
_SCALAR = re.compile(
    r"""
      "{3} [^"\\]* (?: (?: \\. | ""?(?!") ) [^"\\]* )* "{3,5}
    | '{3} .*? '{3,5}
    | "[^"\\]*(?:\\.[^"\\]*)*"
    | '[^']*'
    | (?:[0-9]{4}-[0-9]{2}-[0-9]{2}[ ])?[A-Za-z0-9_.:+-]+
    """,
    re.VERBOSE | re.DOTALL,
)


def _decode_toml_key(literal: str) -> str:
    if literal[0] not in "\"'":
        return literal
    if "\\" in literal:
        return str(tomli.loads(f"key = {literal}")["key"])
    return literal[1:-1]


@attrs.frozen
class _Scan:
    """One walk over a text; each method reads from an offset and gives the one after."""

    text: str
    decode_key: Callable[[str], str]
    statements: dict[Path, list[Statement]] | None = None
    """All statements so far, by table, where they are asked for; keys and values are not then."""
    keys: dict[Path, Span] = attrs.field(init=False, factory=dict[Path, Span])
    values: dict[Path, Span] = attrs.field(init=False, factory=dict[Path, Span])
    headers: dict[Path, Span] = attrs.field(init=False, factory=dict[Path, Span])
    comments: list[Span] = attrs.field(init=False, factory=list[Span])
    sizes: dict[Path, int] = attrs.field(init=False, factory=dict[Path, int])
    """How many elements each array of tables has so far."""

    def index(self) -> SpanIndex:
        return SpanIndex(self.keys, self.values, self.headers, tuple(self.comments))

    def document(self) -> None:
        table: Path = ()
        pos = self.gap(0)
        while pos < len(self.text):
            table, pos = self.statement(table, pos)
            pos = self.gap(pos)

    def statement(self, table: Path, start: int) -> tuple[Path, int]:
        """Read a header or a pair below a table; give also the table that is open after it."""
        if self.text[start] == "[":
            return self.header(start)
        return table, self.pair(table, start)

    def header(self, start: int) -> tuple[Path, int]:
        """Read a header; give also the path of the table that it opens."""
        opening = "[[" if self.text.startswith("[[", start) else "["
        table, name = self.key((), self.gap(start + len(opening)))
        if opening == "[[":
            table = self.append_element(table)
            self.keys[table] = Span(*name.span(1))
        end = name.end() + len(opening)
        self.headers[table] = self.values[table] = Span(start, end)
        return table, end

    def append_element(self, array: Path) -> Path:
        size = self.sizes.get(array, 0)
        self.sizes[array] = size + 1
        return (*array, size)

    def pair(self, table: Path, start: int) -> int:
        path, name = self.key(table, start)
        end = self.value(path, name.end())
        if self.statements is not None:
            key, value = Span(start, name.end(1)), Span(name.end(), end)
            self.statements.setdefault(table, []).append(Statement(table, path, key, value))
        return end

    def key(self, table: Path, start: int) -> tuple[Path, re.Match[str]]:
        """Read a dotted key below a table; give its path and its last part."""
        part = self.key_part(start)
        path = self.name(table, part)
        while part[2] == ".":
            part = self.key_part(part.end())
            path = self.name(self.last_element(path), part)
        return path, part

    def key_part(self, start: int) -> re.Match[str]:
        part = _PART.match(self.text, start)
        if part is None:
            msg = f"no key at offset {start}; the text must be one that the parser accepts"
            raise ValueError(msg)
        return part

    def name(self, parent: Path, part: re.Match[str]) -> Path:
        path = (*parent, self.decode_key(part[1]))
        if self.statements is None:
            self.keys.setdefault(path, Span(*part.span(1)))
        return path

    def last_element(self, path: Path) -> Path:
        return (*path, self.sizes[path] - 1) if path in self.sizes else path

    def value(self, path: Path, start: int) -> int:
        if scalar := _SCALAR.match(self.text, start):
            end = scalar.end()
        elif self.text[start] == "[":
            end = self.array(path, start)
        else:
            end = self.inline_table(path, start)
        if self.statements is None:
            self.values[path] = Span(start, end)
        return end

    def array(self, path: Path, start: int) -> int:
        pos, size = self.gap(start + 1), 0
        while self.text[pos] != "]":
            pos = self.gap(self.value((*path, size), pos))
            size += 1
        return pos + 1

    def inline_table(self, path: Path, start: int) -> int:
        pos = self.gap(start + 1)
        while self.text[pos] != "}":
            pos = self.gap(self.pair(path, pos))
        return pos + 1

    def gap(self, start: int) -> int:
        """Step over blanks, commas and comments, and note the comments."""
        pos = start
        while ink := _INK.search(self.text, pos):
            if ink[1] is None:
                return ink.start()
            self.comments.append(Span(*ink.span(1)))
            pos = ink.end()
        return len(self.text)
