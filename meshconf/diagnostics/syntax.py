"""Texts that are no TOML: what broke, where, and what was probably meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import tomli

from meshconf.diagnostics.excerpt import Highlight, excerpt, labels
from meshconf.diagnostics.problem import Excerpt, Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.spans import Span
from meshconf.diagnostics.words import dotted, printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from meshconf.diagnostics.words import Path

__all__ = ["syntax_problem"]

_UNCHECKED = "nothing else in this file was checked; the other sources were"

#: What tomli says, in the words of a report. Anything else is shown as tomli says it.
_WORDS = {
    "Expected newline or end of document after a statement": (
        "expected the end of the line after this value"
    ),
    "Invalid value": "this is no value",
    "Invalid statement": "this is no key",
    "Expected '=' after a key in a key/value pair": "expected `=` after the key",
    "Expected ']' at the end of a table declaration": "expected `]` at the end of the table's name",
    "Expected ']]' at the end of an array declaration": "expected `]]` at the end of the name",
    "Unclosed array": "the array is not closed",
    "Unclosed inline table": "the inline table is not closed",
    "Unterminated string": "the string is not closed",
    "Illegal character '\\n'": "the string is not closed on its line",
    "Unescaped '\\' in a string": "a backslash in a string must be doubled",
    "Invalid initial character for a key part": "a key cannot begin like this",
}

_TWICE = re.compile(
    r"Cannot (?:declare .* twice|overwrite a value|mutate immutable namespace .*)"
    r"|Duplicate inline table key.*",
    re.DOTALL,
)

#: A bare duration or size, the value that people most often forget to quote.
_UNQUOTED = re.compile(r"([A-Za-z0-9_.-]+)\s*=\s*(\d+(?:\.\d+)?\s*[A-Za-zµ]+)\s*(?:#.*)?$")
_BARE_WORD = re.compile(r"([A-Za-z0-9_.-]+)\s*=\s*([A-Za-z_][A-Za-z0-9_./:-]*)\s*(?:#.*)?$")


def syntax_problem(
    source: SourceText, error: tomli.TOMLDecodeError, secret_names: Collection[str]
) -> Problem:
    """Make the finding for a text that tomli refused.

    Args:
        source: The text.

        error: What tomli raised.

        secret_names: The keys of the schema's secrets. Nothing is known of where values stand in
            a broken text, so a line is shown only if none of them stands in its table.

    Returns:
        The finding.
    """
    if _TWICE.fullmatch(error.msg):
        return _given_twice(source, error, secret_names)
    at = min(error.pos, len(source.text))
    span = Span(at, min(at + 1, len(source.text)))
    message = _WORDS.get(error.msg, error.msg[:1].lower() + error.msg[1:])
    visible = _visible(source.text, at, secret_names)
    label = _unexpected(source.text, at) if visible else ""
    return Problem(
        "MC001",
        "error",
        "",
        f"invalid TOML: {printable(message) if visible else _without_quote(message)}",
        source.origin(span),
        (_UNCHECKED,),
        _remedy(source.lines.line_text(source.lines.position(at).line)) if visible else None,
        labels=labels(source, [Highlight(span, label)]),
        excerpts=(_excerpt(source, [Highlight(span, label)], visible=visible),),
    )


def _without_quote(message: str) -> str:
    """Drop what a message quotes from the text."""
    return message if message in _WORDS.values() else "it cannot be read here"


def _unexpected(text: str, at: int) -> str:
    if at >= len(text):
        return "the file ends here"
    return "unexpected end of line" if text[at] in "\r\n" else f"unexpected `{printable(text[at])}`"


def _excerpt(source: SourceText, highlights: list[Highlight], *, visible: bool) -> Excerpt:
    if visible:
        return excerpt(source, highlights)
    return Excerpt(source.origin(highlights[0].span))


def _visible(text: str, at: int, secret_names: Collection[str]) -> bool:
    """Tell whether the table around a position surely holds no secret."""
    if not secret_names:
        return True
    before = text[:at]
    # A header inside a multi-line string is none; then only the whole text is safe to judge.
    starts = [] if '"""' in text or "'''" in text else list(re.finditer(r"(?m)^[ \t]*\[", before))
    start = starts[-1].start() if starts else 0
    end = text.find("\n[", at)
    region = text[start : end if end >= 0 else len(text)].lower().replace("-", "_")
    return "\\" not in region and not any(name.lower() in region for name in secret_names)


def _remedy(line: str) -> str | None:
    if found := _UNQUOTED.search(line):
        return f'durations and sizes are text: {found[1]} = "{found[2]}"'
    found = _BARE_WORD.search(line)
    if found and found[2].lower() in {"true", "yes", "on"}:
        return f"booleans are true or false: {found[1]} = true"
    if found and found[2].lower() in {"false", "no", "off"}:
        return f"booleans are true or false: {found[1]} = false"
    return f'text needs quotes: {found[1]} = "{found[2]}"' if found else None


def _given_twice(
    source: SourceText, error: tomli.TOMLDecodeError, secret_names: Collection[str]
) -> Problem:
    """Name the key and both places, as far as the text before the second one tells."""
    line = source.lines.position(min(error.pos, len(source.text))).line
    span, path, first = _second_place(source, error.pos, line)
    visible = _visible(source.text, span.start, secret_names)
    highlights = [Highlight(span, "again here")]
    if first is not None:
        highlights.append(Highlight(first, "first here", primary=False))
        visible = visible and _visible(source.text, first.start, secret_names)
    name = f"`{dotted(path)}`" if path else "a key"
    return Problem(
        "MC002",
        "error",
        dotted(path),
        f"{name} is given twice",
        source.origin(span),
        (_UNCHECKED,),
        "keep one of the two",
        labels=labels(source, highlights),
        excerpts=(_excerpt(source, highlights, visible=visible),),
    )


def _second_place(source: SourceText, at: int, line: int) -> tuple[Span, Path, Span | None]:
    """Find the statement that repeats a key: where it is, its path, and the first place."""
    for number in range(line, 0, -1):  # a value may span lines, so the key may stand further up
        start = source.lines.start(number)
        statement = source.lines.line_text(number)
        before = SourceText(source.kind, source.name, source.text[:start], "toml", 1)
        repeated = _statement_path(before, source.text[start:at], statement)
        if repeated is None:
            continue
        path, offset, length = repeated
        while path and path not in before.index.keys:
            path = path[:-1]
        return Span(start + offset, start + offset + length), path, before.index.keys.get(path)
    return Span(at, min(at + 1, len(source.text))), (), None


def _statement_path(before: SourceText, text: str, line: str) -> tuple[Path, int, int] | None:
    """Read the key of a statement that stands after a valid text."""
    try:
        tomli.loads(before.text)
    except (ValueError, RecursionError):
        return None
    key = re.match(r"\s*(\[{0,2})\s*((?:[^\s=\[\]\"']|\"[^\"]*\"|'[^']*'|\s(?=[^=]*=))+)", line)
    if key is None:
        return None
    name = key[2].strip()
    parts = _key_parts(name)
    header = () if key[1] else _last_header(before)
    return ((*header, *parts), key.start(2), len(name)) if parts and text is not None else None


def _key_parts(name: str) -> Path:
    try:
        nested: object = tomli.loads(f"{name} = 0")
    except (ValueError, RecursionError):
        return ()
    parts: list[str] = []
    while isinstance(nested, dict):
        part = next(iter(nested))
        parts.append(part)
        nested = nested[part]
    return tuple(parts)


def _last_header(source: SourceText) -> Path:
    headers = source.index.headers
    return max(headers, key=lambda path: headers[path].start, default=())
