"""Migrating the text of a document: comments and layout stay.

The document is migrated first, then the text by splices. The result is proven to say what the
document says before anybody sees it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import tomli

from meshconf.diagnostics.words import dotted
from meshconf.evolution.documents import Migrated, migrate
from meshconf.evolution.proof import Unproven, is_proven
from meshconf.evolution.rewriting import splices_for
from meshconf.evolution.splices import Splice, spliced
from meshconf.schema.configuration import VERSION_KEY, version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from meshconf.schema.steps import Step

__all__ = ["migrate_text", "proven"]

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


def migrate_text(text: str, version: int, steps: Sequence[Step]) -> str:
    """Migrate the text of a TOML document.

    Args:
        text: The text, which `tomli.loads` accepts.

        version: The version that it is to have.

        steps: The steps of the schema.

    Returns:
        The new text, proven to say what `migrate` makes of the document, with all comments; the
        same text if it has that version.

    Raises:
        Unproven: If the text cannot be migrated, or not in a way that is known to be right; its
            text is one sentence.

        ValueError: If the text is no TOML document.
    """
    document = tomli.loads(text)
    if version_of(document) == version:
        return text
    migrated = migrate(document, version, steps)
    _refuse(document, version, migrated)
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


def _refuse(document: Mapping[str, Any], version: int, migrated: Migrated) -> None:
    before = version_of(document)
    if before is None:
        msg = f"`{VERSION_KEY}` is no version"
    elif before > version:
        msg = f"the file has version {before}, newer than {version}"
    elif found := next((one for one in migrated.conflicts if not one.equal), None):
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
