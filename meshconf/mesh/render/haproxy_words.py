"""Lines of a HAProxy configuration, in which no word can be taken for anything but itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meshconf.mesh.render.durations import milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["LONGEST", "Lines", "duration", "line", "quoted", "refuse_control_characters", "section"]

#: The lines of a section.
Lines = list[str]

#: The longest duration, in milliseconds, 23 days: HAProxy's clock has 32 bits, and cannot tell what
#: is further away from what has been.
LONGEST = 2_000_000_000

#: What HAProxy takes as it stands; it would cut, expand or skip at some of the other characters.
_PLAIN = re.compile(r"[A-Za-z0-9_.,:;/@%()\[\]{}*+=?!&~^-]+\Z")

#: Control characters, which no quotes protect, and halves of characters, which are no text.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def quoted(word: str) -> str:
    """Return a word as HAProxy reads it: in single quotes, within which nothing is interpreted."""
    if _PLAIN.match(word):
        return word
    return "'" + word.replace("'", r"'\''") + "'"


def line(*words: object) -> str:
    """Return a line of a section: a keyword and its arguments."""
    return "    " + " ".join(quoted(str(word)) for word in words)


def duration(account: Account, path: str, upstream: Upstream | None = None) -> str:
    """Return a duration, of an upstream if there is one; see ``milliseconds``."""
    return f"{milliseconds(account, path, upstream, most=LONGEST)}ms"


def section(kind: str, name: str, lines: Sequence[str]) -> str:
    """Return a section: what it is, what it is called, and its lines."""
    return "\n".join([f"{kind} {name}".rstrip(), *lines]) + "\n"


def refuse_control_characters(account: Account, path: str, text: str) -> None:
    """Refuse a text of the configuration that no quotes protect."""
    if _CONTROL.search(text):
        message = f"holds control characters, which {account.target} does not take"
        account.refuse(path, message, "leave them out")
