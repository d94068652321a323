"""Migrating the text of a document that was migrated: comments and layout stay.

The result is proven to say what the document says before anybody sees it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from meshconf.diagnostics.words import dotted
from meshconf.evolution.proof import Unproven, is_proven
from meshconf.evolution.rewriting import splices_for
from meshconf.evolution.splices import Splice, spliced
from meshconf.schema.configuration import VERSION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meshconf.evolution.documents import Migrated

__all__ = ["migrated_text", "proven"]

# Strings and comments; in an accepted text, a quote or a # outside of them starts one.
_STRING_OR_COMMENT = re.compile(
    r"""
      "{3} [^"\\]* (?: (?: \\. | ""?(?!") ) [^"\\]* )* "{3,5}
    | '{3} .*? '{3,5}
    | "[^"\\]*(?:\\.[^"\\]*)*"
    | '[^']*'
    | (\#[^\r\n]*)
    """,
    re.VERBOSE | re.DOTALL,
)


def migrated_text(text: str, version: int, migrated: Migrated) -> str:
    """Write what a document becomes as a change of its text.

    Args:
        text: The text, which `tomli.loads` accepts.

        version: The version that it is to have.

        migrated: What the document in it becomes.

    Returns:
        The new text, proven to say just that, with all comments.

    Raises:
        Unproven: If a value has no place in the new layout, or the text cannot be changed in a way
            that is known to be right; its text is one sentence.
    """
    _refuse(migrated)
    return proven(text, splices_for(text, version, migrated), version, migrated)


def proven(text: str, splices: Iterable[Splice], version: int, migrated: Migrated) -> str:
    """Make splices if the result is right.

    Args:
        text: The text.

        splices: The splices.

        version: The version that the result is to tell.

        migrated: What the result is to hold beside it.

    Raises:
        Unproven: If the result holds anything else, or lacks a comment.
    """
    document = {**migrated.document, VERSION_KEY: version}
    try:
        new = spliced(text, splices)
    except ValueError:
        pass
    else:
        if is_proven(new, document) and _keeps_comments(text, new):
            return new
    msg = "the layout of the file is none that can be migrated with proof; nothing was changed"
    raise Unproven(msg)


def _refuse(migrated: Migrated) -> None:
    """Refuse what would leave a value at its old place, where the new layout has none."""
    if found := next((one for one in migrated.conflicts if not one.equal), None):
        old, new = dotted(found.old), dotted(found.new)
        msg = f"`{old}` is now `{new}`, and both are set to different values"
    elif migrated.failures:
        failure = migrated.failures[0]
        msg = (
            f"the step to version {failure.step.to} failed at `{dotted(failure.path)}`: "
            f"{failure.error}"
        )
    else:
        return
    msg = f"{msg}; nothing was changed"
    raise Unproven(msg)


def _comments(text: str) -> Counter[str]:
    found = _STRING_OR_COMMENT.finditer(text)
    return Counter(match[1] for match in found if match[1] is not None)


def _keeps_comments(old: str, new: str) -> bool:
    """Tell whether each comment is still one, or the end of one that holds a statement now."""
    before, after = _comments(old), _comments(new)
    missing = before - after
    lengths = sorted({len(comment) for comment in missing}, reverse=True)
    for comment in (after - before).elements():
        ends = (comment[-length:] for length in lengths if length <= len(comment))
        held = next((end for end in ends if missing[end] > 0), None)
        if held is not None:
            missing[held] -= 1
    return not any(missing.values())
