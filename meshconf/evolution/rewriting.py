"""Finding the splices that migrate the text of a document.

Its trail says what became of each statement: it stays, has another key, another value, stands
elsewhere or is a comment from now on. All of that are splices of one text, made at once.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.spans import Span, Statement, Statements, key_parts, statements_of
from meshconf.diagnostics.toml_text import toml_key, toml_value
from meshconf.diagnostics.words import Path, dotted
from meshconf.evolution.documents import Migrated, Trail, walk
from meshconf.evolution.fates import Place, new_values_in
from meshconf.evolution.lines import BLANKS, Lines
from meshconf.evolution.splices import Splice, spliced
from meshconf.schema.configuration import VERSION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["splices_for"]

#: A header, with the comments right above it.
_HEADER = re.compile(r"(?:[ \t]*#[^\n]*\n)*[ \t]*\[")

#: The comma that may stand behind the last member of an inline table.
_COMMA = re.compile(r"[ \t\r\n]*,")


def splices_for(text: str, version: int, migrated: Migrated) -> list[Splice]:
    """Find the splices that migrate a text.

    Args:
        text: The text, which `tomli.loads` accepts.

        version: The version that it is to have.

        migrated: What the document in the text becomes.
    """
    return _Rewriting.of(text, migrated).splices_to(version)


def _key(path: Path) -> str:
    """Write a dotted key; positions in arrays are no part of it."""
    return ".".join(toml_key(part) for part in path if isinstance(part, str))


@attrs.frozen
class _Arrival:
    """What comes to a place from elsewhere: a statement of the text, or a value."""

    new: Path
    value: str = ""
    statement: Statement | None = None
    is_line: bool = False
    """Whether the statement has lines of its own, and not a place in an inline table."""
    beside: Statement | None = None
    """What stands where the value came from; the value follows it if it can."""


@attrs.frozen
class _Rewriting:
    """The splices of one text in the making."""

    text: str
    lines: Lines
    index: Statements
    statements: Mapping[Path, list[Statement]]
    migrated: Migrated
    root: Place
    splices: list[Splice] = attrs.field(init=False, factory=list[Splice])
    marks: list[Splice] = attrs.field(init=False, factory=list[Splice])
    """What makes comments of lines: of all that is inserted at a place, it comes last."""
    inline: dict[Path, Statement] = attrs.field(init=False, factory=dict["Path", "Statement"])
    """The inline tables, by their new paths."""
    holders: dict[Path, Statement] = attrs.field(init=False, factory=dict["Path", "Statement"])
    """The same, by their old paths."""
    headers: dict[Path, Path] = attrs.field(init=False, factory=dict["Path", "Path"])
    """The old path of each table that a header opens, by its new one."""
    dotted: set[Path] = attrs.field(init=False, factory=set["Path"])
    """The tables that dotted keys make, by their new paths."""
    keys: dict[Path, Splice] = attrs.field(init=False, factory=dict["Path", Splice])
    """The new keys of statements that stay, by their old paths."""
    values: dict[Path, str] = attrs.field(init=False, factory=dict["Path", str])
    """The new values of statements, by their old paths."""
    away: set[Path] = attrs.field(init=False, factory=set["Path"])
    """The statements that leave their inline table, by their old paths."""
    tops: dict[Path, Statement] = attrs.field(init=False, factory=dict["Path", "Statement"])
    """The statements with lines of their own that stay, and may have other keys or values."""
    arrivals: list[_Arrival] = attrs.field(init=False, factory=list[_Arrival])
    joining: dict[Path, list[_Arrival]] = attrs.field(init=False, factory=dict["Path", Any])
    """What comes into an inline table, by its old path."""
    tables: dict[Path, list[str]] = attrs.field(init=False, factory=dict["Path", list[str]])
    """The lines of new tables."""

    @classmethod
    def of(cls, text: str, migrated: Migrated) -> _Rewriting:
        index = statements_of(text)
        lines = Lines(text, index.comments)
        return cls(text, lines, index, index.by_table, migrated, migrated.root)

    def splices_to(self, version: int) -> list[Splice]:
        self.find_inline()
        self.write_headers()
        for table in [(), *self.index.headers]:
            self.section(table)
        self.arrivals.extend(self.new_values())
        places = [(arrival, self.home(arrival.new)) for arrival in self.arrivals]
        inside = [(one, home) for one, home in places if home in self.inline]
        for arrival, home in inside:
            self.join(arrival, self.inline[home])
        for arrival, home in places:
            if home not in self.inline:
                self.insert(arrival, home)
        for statement in self.tops.values():
            self.splices.extend(self.changes(statement))
        self.add_tables()
        self.tell(version)
        return [*self.splices, *self.marks]

    # --- what stands where --------------------------------------------------------

    def find_inline(self) -> None:
        for group in self.statements.values():
            for statement in group:
                if self.text[statement.value.start] == "{":
                    place = self.root.below(statement.path)
                    if place.new is not None and not place.is_replaced:
                        self.inline[place.new] = self.holders[statement.path] = statement

    def write_headers(self) -> None:
        """Keep the headers, by their new names; those of tables that are gone become comments."""
        self.headers[()] = ()
        for table, span in self.index.headers.items():
            place = self.root.below(table)
            if place.new is None or place.is_replaced:
                self.marks.append(self.noted(span.start, place.note or "written anew"))
            elif any(place.new[:end] in self.inline for end in range(len(place.new))):
                self.marks.append(self.noted(span.start, f"moved to `{dotted(place.new)}`"))
            else:
                self.headers[place.new] = table
                if place.new != table:
                    self.splices.append(self.header(span, table, place.new))

    def header(self, span: Span, table: Path, new: Path) -> Splice:
        length = 2 if self.text.startswith("[[", span.start) else 1
        inner = Span(span.start + length, span.end - length)
        old = tuple(part for part in table if isinstance(part, str))
        return self.new_key(inner, old, tuple(part for part in new if isinstance(part, str)))

    def new_key(self, span: Span, old: Path, new: Path) -> Splice:
        """Write a key anew, or just the part that differs."""
        parts = key_parts(self.text, span)
        differs = [
            number for number, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]
        ]
        if len(old) == len(new) and len(differs) == 1:
            return Splice(*parts[differs[0]], _key((new[differs[0]],)))
        return Splice(parts[0].start, parts[-1].end, _key(new))

    def section(self, table: Path) -> None:
        """Decide on the statements below a header."""
        here = self.root.below(table)
        kept = here.new is not None and self.headers.get(here.new) == table
        for statement in self.statements.get(table, ()):
            rest = statement.path[len(table) :]
            if kept and (here.fate is None or str(rest[0]) not in here.fate.below):
                self.register(here.new or (), rest)
                continue
            place = here.below(rest)
            if kept and place.fate is None and place.new == (*(here.new or ()), *rest):
                self.register(here.new or (), rest)
            elif place.new is None:
                self.send_away(statement, place)
                self.comment_out(statement, place.note)
            else:
                self.stay_or_go(statement, place, here.new if kept else None, is_line=True)

    def send_away(self, statement: Statement, place: Place) -> None:
        """Take from an inline table that is gone, or written anew, what stands elsewhere now."""
        for member in self.statements.get(statement.path, ()):
            inner = place.below(member.path[len(statement.path) :])
            if inner.new is None:
                self.send_away(member, inner)
            else:
                self.stay_or_go(member, inner, None, is_line=False)

    def register(self, table: Path, rest: Path) -> None:
        for end in range(1, len(rest)):
            self.dotted.add((*table, *rest[:end]))

    def stay_or_go(
        self, statement: Statement, place: Place, table: Path | None, *, is_line: bool
    ) -> None:
        """Decide on a statement that is still one: whether it can stay in its table."""
        new = place.new or ()
        if place.is_replaced:
            self.values[statement.path] = toml_value(self.value_at(new))
            self.save_comments(statement)
            self.send_away(statement, place)
        elif place.fate is not None and new in self.inline:
            self.members(statement, place)
        if table is not None and self.home(new) == table and len(new) > len(table):
            rest, old = new[len(table) :], statement.path[len(statement.table) :]
            self.register(table, rest)
            if rest != old:
                self.keys[statement.path] = self.new_key(statement.key, old, rest)
            if is_line:
                self.tops[statement.path] = statement
        else:
            self.away.add(statement.path)
            self.arrivals.append(_Arrival(new, statement=statement, is_line=is_line))

    def members(self, statement: Statement, place: Place) -> None:
        """Decide on the statements in an inline table."""
        for member in self.statements.get(statement.path, ()):
            inner = place.below(member.path[len(statement.path) :])
            if inner.new is None:
                self.send_away(member, inner)
                self.away.add(member.path)
                self.note_above(self.top_of(member), member, inner.note)
            else:
                self.stay_or_go(member, inner, place.new, is_line=False)

    def top_of(self, statement: Statement) -> Statement:
        """Find the statement with lines of its own that holds one."""
        while statement.table in self.holders:
            statement = self.holders[statement.table]
        return statement

    def home(self, new: Path) -> Path:
        """Find the innermost inline table or header that a path can stand under."""
        ends = range(len(new) - 1, -1, -1)
        return next(
            new[:end] for end in ends if new[:end] in self.inline or new[:end] in self.headers
        )

    def value_at(self, path: Path) -> Any:
        value: Any = self.migrated.document
        for part in path:
            value = value[part]
        return value

    # --- values that are new ------------------------------------------------------

    def new_values(self) -> Iterator[_Arrival]:
        for path, trail in new_values_in(self.migrated.trail):
            if trail.came not in self.values:
                beside = self.tops.get(trail.made_of[0]) if trail.made_of else None
                yield _Arrival(path, toml_value(self.value_at(path)), beside=beside)
        for path, trail in walk(self.migrated.trail):
            if self.is_bare(path, trail):
                yield _Arrival(path, "{}")

    def is_bare(self, path: Path, trail: Trail) -> bool:
        """Tell whether a table is empty and nothing in the text says so."""
        is_said = path in self.headers or path in self.inline
        return not (is_said or trail.is_new) and self.value_at(path) == {}

    # --- lines --------------------------------------------------------------------

    def noted(self, offset: int, note: str) -> Splice:
        return Splice(offset, offset, f"# {note}: ")

    def comment_out(self, statement: Statement, note: str) -> None:
        """Turn the lines of a statement into comments."""
        self.marks.append(self.noted(statement.key.start, note))
        offset = self.lines.after(statement.key.start)
        while offset < statement.value.end:
            self.marks.append(Splice(offset, offset, "# "))
            offset = self.lines.after(offset)

    def note_above(self, top: Statement, member: Statement, note: str) -> None:
        """Write what an inline table no longer holds as a comment above it."""
        lines = self.text[member.key.start : member.value.end].split("\n")
        lines[0] = f"{note}: {lines[0]}"
        self.write_above(top, [f"# {line.rstrip()}" for line in lines])

    def save_comments(self, statement: Statement) -> None:
        """Write the comments within a value that is written anew above it."""
        start, end = statement.value
        if "#" in self.text[start:end]:
            first, last = (bisect_left(self.index.comments, (at, 0)) for at in (start, end))
            inside = [self.text[slice(*one)] for one in self.index.comments[first:last]]
            self.write_above(self.top_of(statement), inside)

    def write_above(self, top: Statement, comments: list[str]) -> None:
        start, indent = self.lines.block_start(top), self.lines.indent(top)
        text = "".join(f"{indent}{comment}{self.lines.newline}" for comment in comments)
        self.splices.append(Splice(start, start, text))

    # --- inline tables ------------------------------------------------------------

    def join(self, arrival: _Arrival, table: Statement) -> None:
        """Put what arrives into an inline table."""
        self.joining.setdefault(table.path, []).append(arrival)
        top = self.top_of(table)
        if top.path not in self.away:
            self.tops[top.path] = top
        if arrival.statement is not None and arrival.is_line:
            self.leave_comment(arrival.statement)

    def leave_comment(self, statement: Statement) -> None:
        """Take a statement out of its lines, and leave their comment."""
        end = self.lines.after(statement.value.end)
        rest = self.text[statement.value.end : end].lstrip(BLANKS)
        start = statement.key.start if rest[:1] == "#" else self.lines.start(statement.key.start)
        self.splices.append(Splice(start, end, rest if rest[:1] == "#" else ""))

    def changes(self, statement: Statement) -> Iterator[Splice]:
        """Yield the splices within a statement that stays."""
        if statement.path in self.keys:
            yield self.keys[statement.path]
        yield from self.value_changes(statement)

    def value_changes(self, statement: Statement) -> Iterator[Splice]:
        if statement.path in self.values:
            yield Splice(*statement.value, self.values[statement.path])
        elif self.text[statement.value.start] == "{":
            members = self.statements.get(statement.path, [])
            kept = [member for member in members if member.path not in self.away]
            for member in kept:
                yield from self.changes(member)
            yield from self.take_out(statement, members, kept)
            yield from self.bring_in(statement, kept)

    def take_out(
        self, table: Statement, members: list[Statement], kept: list[Statement]
    ) -> Iterator[Splice]:
        """Yield the splices that take members out, each with the comma that parts it."""
        last = kept[-1] if kept else None
        for member, after in pairwise(members):
            if member.path in self.away and last is not None and member.key < last.key:
                yield Splice(member.key.start, after.key.start, "")
        if members and members[-1] is not last:
            start = last.value.end if last is not None else table.value.start + 1
            end = members[-1].value.end
            comma = _COMMA.match(self.text, end) if last is None else None
            yield Splice(start, comma.end() if comma else end, "")

    def bring_in(self, table: Statement, kept: list[Statement]) -> Iterator[Splice]:
        pairs = [
            f"{_key(arrival.new[len(self.home(arrival.new)) :])} = {self.arriving(arrival)}"
            for arrival in self.joining.get(table.path, ())
        ]
        if pairs:
            offset = kept[-1].value.end if kept else table.value.start + 1
            text = ", ".join(pairs)
            yield Splice(offset, offset, f", {text}" if kept else f" {text} ")

    def arriving(self, arrival: _Arrival) -> str:
        """Write the value of what arrives."""
        if arrival.statement is None:
            return arrival.value
        return self.part(arrival.statement.value, self.value_changes(arrival.statement))

    def part(self, span: Span, splices: Iterable[Splice]) -> str:
        """Write a part of the text with the splices in it."""
        start, end = span
        inner = [Splice(one.start - start, one.end - start, one.replacement) for one in splices]
        return spliced(self.text[start:end], inner)

    # --- sections -----------------------------------------------------------------

    def insert(self, arrival: _Arrival, home: Path) -> None:
        """Put what arrives at the end of a table's own lines, or into a new table."""
        parent = arrival.new[:-1]
        if home == parent or parent in self.dotted:
            line = self.line(arrival, arrival.new[len(home) :])
            offset = self.section_end(self.headers[home])
            if arrival.beside is not None and arrival.beside.table == self.headers[home]:
                offset = self.lines.after(arrival.beside.value.end)
            if offset and self.text[offset - 1] != "\n":
                line = self.lines.newline + line.removesuffix(self.lines.newline)
            self.splices.append(Splice(offset, offset, line))
        else:
            line = self.line(arrival, arrival.new[-1:])
            self.tables.setdefault(parent, []).append(line)

    def line(self, arrival: _Arrival, key: Path) -> str:
        """Write the lines of what arrives, and take them from where they stand."""
        statement = arrival.statement
        if statement is None or not arrival.is_line:
            return f"{_key(key)} = {self.arriving(arrival)}{self.lines.newline}"
        start, end = self.lines.block_start(statement), self.lines.after(statement.value.end)
        self.splices.append(Splice(start, end, ""))
        old = statement.path[len(statement.table) :]
        keyed = [self.new_key(statement.key, old, key)] if key != old else []
        text = self.part(Span(start, end), [*keyed, *self.value_changes(statement)])
        return text if text.endswith("\n") else text + self.lines.newline

    def section_end(self, table: Path) -> int:
        statements = self.statements.get(table)
        if statements:
            return self.lines.after(statements[-1].value.end)
        return self.lines.after(self.index.headers[table].end) if table else self.lines.top

    def add_tables(self) -> None:
        pieces: list[str] = []
        for path, lines in self.tables.items():
            pieces.append(f"{self.lines.newline}[{_key(path)}]{self.lines.newline}{''.join(lines)}")
        if pieces:
            ending = "" if self.text.endswith("\n") or not self.text else self.lines.newline
            end = len(self.text)
            self.splices.append(Splice(end, end, ending + "".join(pieces)))

    # --- the version --------------------------------------------------------------

    def tell(self, version: int) -> None:
        """Set the version, as the first key if the text tells none."""
        own = self.statements.get((), [])
        told = next((one for one in own if one.path == (VERSION_KEY,)), None)
        if told is not None:
            self.splices.append(Splice(*told.value, str(version)))
            return
        offset, line = self.lines.top, f"{VERSION_KEY} = {version}{self.lines.newline}"
        if _HEADER.match(self.text, offset):
            line += self.lines.newline
        if offset and not self.text[:offset].endswith("\n"):
            line = self.lines.newline + line
        self.splices.insert(0, Splice(offset, offset, line))
