"""A TOML file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Literal

import attrs
import tomli

from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.words import KEY_PART, MOST_BITS
from meshconf.sources.budget import DEEPEST, levels
from meshconf.sources.files import AS_FOUND
from meshconf.sources.layer import Layer, is_policy
from meshconf.sources.reading import Refused, text_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meshconf.schema.model import Model
    from meshconf.sources.files import Files

__all__ = ["Document", "File", "parse_toml", "unread"]

#: The largest file that is read unless more is asked for: 1 MiB, ten thousand lines and more.
LARGEST_FILE = 1_048_576

#: A dotted key has at most so many parts.
MOST_KEY_PARTS = 32

#: The start of a line with a dotted key of more than 32 parts, which costs a parser quadratic time.
#: Keys within inline tables cost no more than their length.
_LONG_KEY = (
    r"(?m)^[ \t]*(?:\[{1,2}[ \t]*)?"
    rf"(?:{KEY_PART}[ \t]*\.[ \t]*){{{MOST_KEY_PARTS}}}"
)

#: The start of a line with a dotted key of three parts or more: a decimal fraction in an array looks
#: like one of two.
_DOTTED_KEY = (
    r"(?m)^[ \t]*(?:\[{1,2}[ \t]*)?"
    rf"((?:{KEY_PART}[ \t]*\.[ \t]*){{2,}})"
)

#: What an integer of more than `MOST_BITS` begins with, and the fewest characters that it takes; tomli
#: refuses those of decimal digits itself.
_BASES = ("0x", "0o", "0b")
_SHORTEST_HUGE = MOST_BITS // 4
_HUGE_NUMBER = (
    rf"(?<![A-Za-z0-9_.])(?:0[xob][0-9A-Fa-f_]{{{_SHORTEST_HUGE},}}|[0-9][0-9_]{{4300,}})"
)

#: How to mend what is over the budget.
_FLATTEN = "flatten it: no setting stands that deep"
_SHORTEN = "shorten it, or make it a text in quotes"
_SPLIT = "split it into several; for a file, File(…, {}=…) raises the limit"

#: What opens and closes arrays and inline tables, and what only looks like that.
_BRACKET = r"""(?xs)
      "{3} (?: \\. | [^\\] )*? "{3,5} | '{3} .*? '{3,5}
    | " (?: \\. | [^"\\\n] )* " | ' [^'\n]* ' | \# [^\n]*
    | [\[\]{}]
"""

#: The fewest characters that a key takes: `a.` within a dotted key.
_SHORTEST_KEY = 2


@attrs.frozen
class File:
    """A TOML file.

    Attributes:
        path: Where it is.

        optional: Whether it may be missing.

        max_bytes: The largest size that is read; 1 MiB by default, ten thousand lines and more.

        max_keys: The most keys, of all tables together, and the most tables and arrays in arrays.

        secret_in_file: What a secret's value in the file is, since such files end up in
            repositories: a warning (``warn``), an ``error``, or fine (``allow``).
    """

    path: str | os.PathLike[str]
    optional: bool = attrs.field(default=False, kw_only=True)
    max_bytes: int = attrs.field(default=LARGEST_FILE, kw_only=True)
    max_keys: int = attrs.field(default=100_000, kw_only=True)
    secret_in_file: Literal["warn", "error", "allow"] = attrs.field(
        default="warn", kw_only=True, validator=is_policy
    )

    def read(self, model: Model) -> Layer:
        """Read and parse the file."""
        return self.read_from(AS_FOUND, model)

    def read_from(self, files: Files, model: Model) -> Layer:
        """Read and parse the file as *files* has it."""
        name = os.fspath(self.path)
        try:
            text, _ = files.text(self.path, self.max_bytes)
        except Refused as refused:
            if self.optional and refused.code == "MC401":
                return Layer("file", name, {}, absent=True)
            if refused.code == "MC004":
                refused.help = _SPLIT.format("max_bytes")
            return self._unread(name, refused)
        return parse_toml(
            model, text, kind="file", name=name, max_keys=self.max_keys, secrets=self.secret_in_file
        )

    def _unread(self, name: str, refused: Refused) -> Layer:
        """Make the layer of a file that could not be read; who knows more of it may add that."""
        return unread("file", name, refused)


@attrs.frozen
class Document:
    """A TOML document that was read elsewhere, such as from standard input.

    Attributes:
        name: What reports call it.

        content: The document, at most 1 MiB.
    """

    name: str
    content: bytes = attrs.field(repr=False)

    def read(self, model: Model) -> Layer:
        """Parse the document."""
        try:
            text = text_in(self.content, LARGEST_FILE)
        except Refused as refused:
            return unread("file", self.name, refused)
        return parse_toml(model, text, kind="file", name=self.name)


def parse_toml(
    model: Model,
    text: str,
    *,
    kind: str,
    name: str,
    max_keys: int = 100_000,
    secrets: Literal["warn", "error", "allow"] = "warn",
) -> Layer:
    """Parse a TOML document into a layer, wherever its text came from.

    Args:
        model: The schema, which knows what must not be shown of a broken text.

        text: The document.

        kind: The kind of the layer's origins.

        name: What reports call the document.

        max_keys: The most keys, of all tables together, and the most tables and arrays in arrays.

        secrets: What a secret's value in the document is.

    Returns:
        The layer; with a problem in place of data if the text is no TOML or over the budget.
    """
    try:
        data = _parsed(text, max_keys)
    except Refused as refused:
        return unread(kind, name, refused)
    except tomli.TOMLDecodeError as error:
        broken = error
    else:
        return Layer(
            kind,
            name,
            data,
            {(): SourceText(kind, name, text, "toml", first_line=1)},
            secrets=secrets,
        )
    from meshconf.diagnostics.syntax import syntax_problem

    source = SourceText(kind, name, text, "toml", first_line=1)
    problem = syntax_problem(source, broken, model.secret_names)
    return Layer(kind, name, {}, problems=(problem,), complete=False)


def _may_have_long_key(text: str) -> bool:
    """Tell at little cost whether a line has dots enough."""
    return text.count(".") >= MOST_KEY_PARTS and any(
        line.count(".") >= MOST_KEY_PARTS for line in text.split("\n")
    )


def _dotted_parts(text: str) -> int:
    """Count the parts of dotted keys that another part follows."""
    return sum(len(re.findall(KEY_PART, key[1])) for key in re.finditer(_DOTTED_KEY, text))


def _parsed(text: str, max_keys: int) -> dict[str, Any]:
    """Parse a text within the budget."""
    if _may_have_long_key(text) and (long_key := re.search(_LONG_KEY, text)):
        line = text.count("\n", 0, long_key.start()) + 1
        reason = f"has a dotted key of more than {MOST_KEY_PARTS} parts"
        raise Refused("MC004", reason, _FLATTEN, line, 1)
    # Each part may make a table, at the price of a whole statement.
    if text.count(".") > max_keys and (parts := _dotted_parts(text)) > max_keys:
        limit = f"the limit is {max_keys:,}, as for keys"
        reason = f"has dotted keys of {parts:,} parts altogether; {limit}"
        raise _too_many(reason)
    try:
        data = tomli.loads(text)
    except RecursionError:
        refused = _too_deep(text)
    except tomli.TOMLDecodeError:
        raise
    except ValueError:  # Python refuses to read numbers of more than 4,300 digits
        refused = _huge(text)
    else:
        over = _over_budget(data, text, max_keys)
        if over is None:
            return data
        refused = over
    raise refused


def _too_deep(text: str) -> Refused:
    reason = f"nests deeper than {DEEPEST} levels"
    return Refused("MC004", reason, _FLATTEN, *_position(text, _deepest(text)))


def _huge(text: str) -> Refused:
    number = re.search(_HUGE_NUMBER, text)
    at = None if number is None else number.start()
    reason = "holds a number of thousands of digits"
    return Refused("MC004", reason, _SHORTEN, *_position(text, at))


def _too_many(reason: str) -> Refused:
    return Refused("MC004", reason, _SPLIT.format("max_keys"))


def _deepest(text: str) -> int | None:
    """Find the bracket that opens one level too many; None if keys and headers make the levels."""
    depth = 0
    for token in re.finditer(_BRACKET, text):
        if token[0] in ("[", "{"):
            depth += 1
            if depth > DEEPEST:
                return token.start()
        elif token[0] in ("]", "}"):
            depth -= 1
    return None


def _position(text: str, at: int | None) -> tuple[int, int] | tuple[None, None]:
    if at is None:
        return None, None
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _over_budget(data: Mapping[str, Any], text: str, max_keys: int) -> Refused | None:
    """Refuse data that exceed the budget; an ordinary text is too short for that."""
    if len(text) > _SHORTEST_HUGE and any(base in text for base in _BASES) and _holds_huge(data):
        return _huge(text)
    if len(text) <= _SHORTEST_KEY * max_keys and sum(map(text.count, "[{.")) <= DEEPEST:
        return None
    keys, elements, depth = 0, 0, -1  # the document itself is no level
    for level in levels(data):
        for item in level:
            if type(item) is dict:
                keys += len(item)
            else:
                elements += sum(type(below) in (dict, list) for below in item)
        depth += 1
    if depth > DEEPEST:
        return _too_deep(text)
    if keys > max_keys:
        return _too_many(f"has {keys:,} keys; the limit is {max_keys:,}")
    if elements > max_keys:
        return _too_many(
            f"has {elements:,} tables and arrays in arrays; the limit is {max_keys:,}, as for keys"
        )
    return None


def _holds_huge(data: Mapping[str, Any]) -> bool:
    return any(
        type(item) is int and item.bit_length() > MOST_BITS
        for level in levels(data)
        for below in level
        for item in (below.values() if type(below) is dict else below)
    )


def unread(kind: str, name: str, refused: Refused) -> Layer:
    """Make the layer of a source that could not be read."""
    problem = refused.problem(kind, name, name)
    return Layer(kind, name, {}, problems=(problem,), complete=False)
