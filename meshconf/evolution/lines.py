"""The lines of a TOML document, by offsets: where they start, and which comments belong to what."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from meshconf.diagnostics.spans import Span, Statement  # noqa: TC004 - nothing resolves annotations

__all__ = ["BLANKS", "Lines"]

#: What may stand before a statement or behind it on its line.
BLANKS = " \t"

#: A line that starts a statement.
_STATEMENT = re.compile(r"[ \t]*[^ \t\r\n#\[]")

#: Empty lines, and the comments that open a text.
_TOP = re.compile(r"(?:[ \t]*\r?\n)*((?:[ \t]*#[^\n]*(?:\n|$))*)")


@attrs.frozen
class Lines:
    """The lines of one text.

    Attributes:
        text: The text.

        comments: Its comments, in order.
    """

    text: str
    comments: tuple[Span, ...]

    @functools.cached_property
    def newline(self) -> str:
        """How its lines end."""
        return "\r\n" if "\r\n" in self.text else "\n"

    @functools.cached_property
    def top(self) -> int:
        """Where the first key can stand: below the comments that open the text.

        Comments right above a statement are about that; then it is above them, unless they speak to
        programs, as `#:schema` does.
        """
        match = _TOP.match(self.text)
        assert match is not None  # it matches nothing at all, too
        speaks = re.search(r"^[ \t]*#[:!]", match[1], re.MULTILINE) is not None
        is_apart = self.text[match.end() : match.end() + 1] in ("", "\r", "\n")
        return match.end() if is_apart or speaks else match.start(1)

    def start(self, offset: int) -> int:
        """Return where the line starts that an offset is on."""
        return self.text.rfind("\n", 0, offset) + 1

    def after(self, offset: int) -> int:
        """Return where the next line starts."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end + 1

    def indent(self, statement: Statement) -> str:
        """Return what stands before a statement on its line."""
        return self.text[self.start(statement.key.start) : statement.key.start]

    def block_start(self, statement: Statement) -> int:
        """Find where the comments start that belong to a statement alone."""
        start = own = self.start(statement.key.start)
        if _STATEMENT.match(self.text, self.after(statement.value.end)):
            return own
        while start > 0:
            above = self.start(start - 1)
            if not self.is_comment(above):
                break
            start = above
        # The comments that open the text are about all of it.
        return start if start > self._first_ink else own

    @functools.cached_property
    def _first_ink(self) -> int:
        return len(self.text) - len(self.text.lstrip())

    def is_comment(self, start: int) -> bool:
        """Tell whether a line holds a comment and nothing else; a string may look like one."""
        end = self.after(start)
        blanks = len(self.text[start:end]) - len(self.text[start:end].lstrip(BLANKS))
        number = bisect_left(self.comments, (start, 0))
        found = self.comments[number : number + 1]
        return bool(found) and found[0].start == start + blanks
