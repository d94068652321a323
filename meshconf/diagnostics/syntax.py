"""Texts that are no TOML: what broke, where, and what was probably meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.excerpt import Highlight, excerpt, labels
from meshconf.diagnostics.problem import Excerpt, Problem
from meshconf.diagnostics.spans import Span, index_toml
from meshconf.diagnostics.suggest import speaks_of
from meshconf.diagnostics.words import KEY_PART, dotted, printable

if TYPE_CHECKING:
    from collections.abc import Collection

    import tomli

    from meshconf.diagnostics.source_text import SourceText
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
    r"Cannot (?:declare .* twice|overwrite a value|(?:mutate immutable|redefine) namespace .*)"
    r"|Duplicate inline table key.*",
    re.DOTALL,
)

#: A bare duration or size, the value that people most often forget to quote.
_UNQUOTED = re.compile(r"([A-Za-z0-9_.-]+)\s*=\s*(\d+(?:\.\d+)?\s*[A-Za-zµ]+)\s*(?:#.*)?$")
_BARE_WORD = re.compile(r"([A-Za-z0-9_.-]+)\s*=\s*([A-Za-z_][A-Za-z0-9_./:-]*)\s*(?:#.*)?$")

_WORD = re.compile(r"[A-Za-z0-9_-]+")

#: What a statement begins with that says what it is about: a key, of whatever letters, with what
#: follows it, or the name of a table. What stands alone, or begins with a quote, may be the value of a secret.
_KEYED = re.compile(
    rf"[ \t]*(?:(?:{KEY_PART}|\w+)[ \t]*[=.:]|[A-Za-z0-9_-]+[ \t]+[^\s#]|\[\[?[ \t]*[A-Za-z0-9_-])"
)

#: A key and its sign, at the end of a text.
_KEY = re.compile(rf"({KEY_PART}(?:[ \t]*\.[ \t]*{KEY_PART})*)[ \t]*=\s*\Z")

#: Of a longer line nothing is guessed.
LONGEST_LINE = 200

#: Longer keys are not looked for.
LONGEST_KEY = 200

#: In a table of more different words, no secret's name is looked for, and no line of it is shown.
MOST_WORDS = 20_000

#: What tells statements apart: strings and comments, brackets, ends of lines with the blanks after
#: them. A quote alone is the start of a string that is not closed.
_TOKEN = re.compile(
    r"""
      "{3} (?: \\. | [^\\] )*? "{3,5}
    | '{3} .*? '{3,5}
    | "{3} | '{3}
    | " (?: \\. | [^"\\\n] )* "
    | ' [^'\n]* '
    | \# [^\n]*
    | \n [ \t\r\n]*
    | [\[\]{}"']
    """,
    re.VERBOSE | re.DOTALL,
)
_UNCLOSED = ('"""', "'''", '"', "'")
_CLOSING = {"[": "]", "{": "}"}


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
    at = _offset(source.text, error.pos)
    if _TWICE.fullmatch(error.msg):
        return _given_twice(source, at, secret_names)
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


def _offset(text: str, at: int) -> int:
    """Turn the parser's offset into one of the text: it counts the end of a line as one."""
    for line_end in re.finditer("\r\n", text):
        if line_end.start() >= at:
            break
        at += 1
    return min(at, len(text))


def _without_quote(message: str) -> str:
    """Drop what a message quotes from the text."""
    return message if message in _WORDS.values() else "it cannot be read here"


def _unexpected(text: str, at: int) -> str:
    if at >= len(text):
        return "the file ends here"
    return "unexpected end of line" if text[at] in "\r\n" else f"unexpected `{printable(text[at])}`"


def _excerpt(
    source: SourceText, highlights: list[Highlight], *, visible: bool, gaps: bool = False
) -> Excerpt:
    if visible:
        return excerpt(source, highlights, gaps=gaps)
    return Excerpt(source.origin(highlights[0].span))


def _visible(text: str, at: int, secret_names: Collection[str]) -> bool:
    """Tell whether the table around a position surely holds no secret, misspelt or not.

    A value whose key is lost may be one.
    """
    if not secret_names:
        return True
    end = text.find("\n[", at)
    statement = _statement(text[:at])
    if not _KEYED.match(text, statement.start):
        return False
    region = text[statement.table : end if end >= 0 else len(text)]
    if "\\" in region:  # an escape may write any name
        return False
    words = set(_WORD.findall(region))
    return len(words) <= MOST_WORDS and not any(speaks_of(word, secret_names) for word in words)


def _remedy(line: str) -> str | None:
    if len(line) > LONGEST_LINE:
        return None
    if found := _UNQUOTED.search(line):
        return f'durations and sizes are text: {found[1]} = "{found[2]}"'
    found = _BARE_WORD.search(line)
    if found and found[2].lower() in {"true", "yes", "on"}:
        return f"booleans are true or false: {found[1]} = true"
    if found and found[2].lower() in {"false", "no", "off"}:
        return f"booleans are true or false: {found[1]} = false"
    return f'text needs quotes: {found[1]} = "{found[2]}"' if found else None


def _given_twice(source: SourceText, at: int, secret_names: Collection[str]) -> Problem:
    """Name the key and both places."""
    span, path, first = _both_places(source.text, at)
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
        excerpts=(_excerpt(source, highlights, visible=visible, gaps=not secret_names),),
    )


def _both_places(text: str, at: int) -> tuple[Span, Path, Span | None]:
    """Find the key that a statement repeats: where, its path, and where it was given first.

    The text up to where the parser stopped is valid but for brackets that are still open and for
    the repetition itself, and the index of spans minds neither.
    """
    statement = _statement(text[:at])
    index = index_toml(text[:at] + statement.closing)
    found = next((p for p, span in index.headers.items() if span.start == statement.start), None)
    if found is not None:
        second = index.headers[found]
        second = Span(second.start, min(second.end, len(text)))
    else:
        found = next((p for p, span in index.values.items() if span.end == at), ())
        second = _key_before(text, index.values[found].start if found else at)
    # The index keeps the first place that names a path.
    while found and index.keys[found].start >= second.start:
        found = found[:-1]
    return second, found, index.keys[found] if found else None


def _key_before(text: str, value: int) -> Span:
    """Find the key of a value; the value's own first character where the key is too long."""
    start = max(value - LONGEST_KEY, 0)
    key = _KEY.search(text[start:value])
    return Span(value, value + 1) if key is None else Span(start + key.start(1), start + key.end(1))


@attrs.frozen
class _Statement:
    """The statement that a text ends in.

    Attributes:
        start: Where it starts.

        table: Where the table starts that it stands in: at its header, or with the text.

        closing: The brackets that are still open in it, closed.
    """

    start: int
    table: int
    closing: str


def _statement(text: str) -> _Statement:
    """Find the statement that a text ends in; all before it is valid TOML."""
    start = table = 0
    closing = ""
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in _UNCLOSED:
            break
        if sign in _CLOSING:
            closing = _CLOSING[sign] + closing
        elif sign in ("]", "}"):
            closing = closing[1:]
        elif sign[0] == "\n" and not closing:
            if text.startswith("[", start):
                table = start
            start = token.end()
    return _Statement(start, table, closing)
