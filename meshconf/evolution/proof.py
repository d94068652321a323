"""Proof that a changed text says what it should, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomli

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Unproven", "is_proven", "same"]


class Unproven(Exception):  # noqa: N818 - it says what became of the change
    """A change is not known to be right, so it was not made; its text is one sentence."""


def is_proven(text: str, document: Mapping[str, Any]) -> bool:
    """Tell whether a text is valid TOML and says just what a document holds.

    Args:
        text: The text that is to be written.

        document: What it must hold, parsed.
    """
    try:
        return same(tomli.loads(text), document)
    except (ValueError, RecursionError):
        return False


def same(left: Any, right: Any) -> bool:
    """Compare two parsed values to the letter.

    Types count, down to 1, 1.0 and true, and so do the sign of a zero and the offset of a time;
    nan equals nan. The order of keys does not count.
    """
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, (int, str)):
        return bool(left == right)
    return repr(left) == repr(right)  # of floats, dates and times: == says less
