"""A .env file: variables written down."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.text import MOST_FOUND
from meshconf.sources.environment import (
    NamedText,
    choosers_of,
    layer_of_texts,
    named_outright,
    names_for,
)
from meshconf.sources.files import AS_FOUND
from meshconf.sources.layer import Layer
from meshconf.sources.reading import Refused

if TYPE_CHECKING:
    from meshconf.schema.model import Model
    from meshconf.sources.files import Files

__all__ = ["DotEnv"]

LARGEST_DOTENV = 1_048_576

LONGEST_LINE = 32_768
MOST_BLANKS = 1_000

#: A line or a run of blanks over the limit: python-dotenv takes quadratic time for the blanks.
_TOO_LONG = (
    rf"(?<![^\r\n])[^\r\n]{{{LONGEST_LINE + 1}}}|(?<![^\S\r\n])[^\S\r\n]{{{MOST_BLANKS + 1}}}"
)


@attrs.frozen
class DotEnv:
    """A .env file, read only where it is asked for.

    Variables of the process win over it; nothing in it is interpolated, and the environment of
    the process is never changed.

    Attributes:
        path: Where it is.

        prefix: What the names of its variables begin with, such as ``MESH_``; others are not
            looked at.

        separator: What stands between the parts of a name.

        optional: Whether it may be missing.
    """

    path: str | os.PathLike[str]
    prefix: str
    separator: str = attrs.field(default="_", kw_only=True)
    optional: bool = attrs.field(default=False, kw_only=True)

    def read(self, model: Model) -> Layer:
        """Read the file; the last of several lines for one name wins."""
        return self.read_from(AS_FOUND, model)

    def read_from(self, files: Files, model: Model) -> Layer:
        """Read the file as *files* has it."""
        name = os.fspath(self.path)
        try:
            text, _ = files.text(self.path, LARGEST_DOTENV)
            _refuse_long_lines(text)
        except Refused as refused:
            if self.optional and refused.code == "MC401":
                return Layer("dotenv", name, {}, absent=True)
            problem = refused.problem("dotenv", name, name)
            return Layer("dotenv", name, {}, problems=(problem,), complete=False)
        variables = names_for(model, self.prefix, self.separator)
        outright = named_outright(variables)
        choosers = choosers_of(variables, self.prefix).values()
        texts, problems = _bindings(text, name, self.prefix)
        wanted = [
            named
            for named in texts
            if (named.name.startswith(self.prefix) or named.name in outright)
            and named.name not in choosers
        ]
        return layer_of_texts(
            wanted,
            variables,
            kind="dotenv",
            name=name,
            prefix=self.prefix,
            problems=problems,
            files=files,
        )


def _refuse_long_lines(text: str) -> None:
    if len(text) > MOST_BLANKS and (found := re.search(_TOO_LONG, text)):
        line = text.count("\n", 0, found.start()) + 1
        limit = (
            f"{MOST_BLANKS:,} blanks in a row"
            if found[0].isspace()
            else f"{LONGEST_LINE:,} characters"
        )
        raise Refused("MC004", f"has more than {limit} on line {line}", line=line)


def _bindings(text: str, name: str, prefix: str) -> tuple[list[NamedText], list[Problem]]:
    from dotenv.parser import parse_stream

    texts: dict[str, NamedText] = {}
    problems: list[Problem] = []
    for binding in parse_stream(io.StringIO(text)):
        # The original text of a line begins with the blank lines and comments before it.
        skipped = len(binding.original.string) - len(binding.original.string.lstrip())
        line = binding.original.line + binding.original.string.count("\n", 0, skipped)
        key, value = binding.key, binding.value
        if binding.error or (key is not None and value is None and key.startswith(prefix)):
            if len(problems) < MOST_FOUND:
                problems.append(_bad_line(name, line))
        elif key is not None and value is not None:
            source = SourceText("dotenv", name, value, first_line=line)
            texts[key] = NamedText(key, value, source)
    return list(texts.values()), problems


def _bad_line(name: str, line: int) -> Problem:
    return Problem(
        "MC005",
        "error",
        "",
        f"line {line} of {name} is not NAME=value",
        Origin("dotenv", name, line),
        help="write NAME=value; a quote that is opened is closed on the same line or later",
    )
