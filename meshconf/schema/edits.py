"""What may change between two versions of a file's layout, declared as data.

A path is dotted, with quotes around keys that hold dots. `*` stands for every key of a table, so
that `upstreams.*.retries` speaks of each upstream. An edit with several paths stays within one
entry: up to their last `*`, all of them are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import TYPE_CHECKING, Any, Literal

import attrs

from meshconf.diagnostics.suggest import fold
from meshconf.diagnostics.words import MOST_BITS, parse_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "EVERY",
    "DeclaredEdit",
    "Names",
    "convert",
    "join",
    "map_values",
    "move",
    "remove",
    "rename",
    "set_default",
    "split",
]

Names = tuple[str, ...]
"""A declared path, part by part."""

#: The part of a path that stands for every key.
EVERY = "*"

Kind = Literal["move", "remove", "set", "convert", "split", "join"]


@attrs.frozen(eq=False, kw_only=True)
class DeclaredEdit:
    """One change of the layout; the functions of this module make them.

    Attributes:
        kind: What it does: a new place or name (``move``), no place at all (``remove``), a value
            where there is none (``set``), another value (``convert``, also by a table of
            values), several values of one (``split``), one of several (``join``).

        paths: Where the values stand that it takes.

        into: Where the values stand that it gives.

        function: What makes the new values of the old ones.

        value: What is set where nothing is.

        reason: Why, in the author's words.

        loses: What the new values no longer say, if anything.

        secret: Whether what it removes is a secret.

        values: The values that it replaces, where it is those alone.
    """

    kind: Kind
    paths: tuple[Names, ...]
    into: tuple[Names, ...] = ()
    function: Callable[..., Any] | None = None
    value: Any = None
    reason: str = ""
    loses: str = ""
    secret: bool = False
    values: tuple[Any, ...] = ()


def rename(old: str, new: str, *, reason: str = "") -> DeclaredEdit:
    """Give a setting or a table another name in the same table.

    Args:
        old: Its path.

        new: Its new name, or the whole path with that name.

        reason: Why, for those who still use the old name.

    Raises:
        ValueError: If a path is none, or *new* is in another table.
    """
    before, after = _names(old), _names(new)
    if len(after) == 1:
        after = (*before[:-1], *after)
    if before[:-1] != after[:-1]:
        msg = f"{new} is not in the table of {old}; use move"
        raise ValueError(msg)
    return _moved(before, after, reason)


def move(old: str, new: str, *, reason: str = "") -> DeclaredEdit:
    """Put a setting or a table elsewhere.

    Args:
        old: Its path.

        new: Its new path.

        reason: Why, for those who still use the old place.

    Raises:
        ValueError: If a path is none.
    """
    return _moved(_names(old), _names(new), reason)


def _moved(old: Names, new: Names, reason: str) -> DeclaredEdit:
    if old == new:
        msg = f"{'.'.join(old)} stays where it is: the paths are the same"
        raise ValueError(msg)
    _check_entry(old, new)
    return DeclaredEdit(kind="move", paths=(old,), into=(new,), reason=reason)


def remove(path: str, *, reason: str, secret: bool = False) -> DeclaredEdit:
    """Drop a setting or a table; in a file, its lines stay as a comment.

    Args:
        path: Its path.

        reason: Why; it is told, because the value is lost.

        secret: Whether the setting was a secret, so that its value is still never shown.

    Raises:
        ValueError: If the path is none.
    """
    return DeclaredEdit(
        kind="remove", paths=(_names(path),), reason=reason, loses=reason, secret=secret
    )


def set_default(path: str, value: Any) -> DeclaredEdit:
    """Set a value where a document has none, because the class is about to change its default.

    Args:
        path: Where.

        value: The default so far, as a document says it.

    Raises:
        ValueError: If the path is none.

        TypeError: If the value is none that a document can hold.
    """
    names = _names(path)
    _check_entry(names)
    if not is_plain(value):
        msg = f"the value of {path} cannot stand in a document: {type(value).__name__}"
        raise TypeError(msg)
    return DeclaredEdit(kind="set", paths=(names,), into=(names,), value=value)


def map_values(path: str, values: Mapping[Any, Any]) -> DeclaredEdit:
    """Replace some values of a setting by others.

    Args:
        path: Its path.

        values: The new value of each old one; what is not among them stays.

    Raises:
        ValueError: If the path is none.
    """
    pairs = tuple(values.items())

    def mapped(value: Any) -> Any:
        same = (new for old, new in pairs if type(old) is type(value) and old == value)
        return next(same, None)

    return attrs.evolve(convert(path, mapped), values=tuple(old for old, _ in pairs))


def convert(path: str, function: Callable[[Any], Any], *, loses: str = "") -> DeclaredEdit:
    """Make another value of the value of a setting.

    Args:
        path: Its path.

        function: Takes what the document says and gives what it is to say; ``None`` leaves it.

        loses: What the new value no longer says, if anything.

    Raises:
        ValueError: If the path is none.
    """
    names = _names(path)
    return DeclaredEdit(kind="convert", paths=(names,), function=function, loses=loses)


def split(
    path: str, into: Sequence[str], function: Callable[[Any], Iterable[Any]], *, loses: str = ""
) -> DeclaredEdit:
    """Make several settings of one.

    Args:
        path: Its path.

        into: The paths of the new ones.

        function: Takes the value and gives as many as there are paths; ``None`` sets none.

        loses: What the new values no longer say, if anything.

    Raises:
        ValueError: If a path is none, or one of *into* is within another.
    """
    old, new = _names(path), tuple(map(_names, into))
    _check_entry(old, *new)
    if within := _within(new):
        msg = f"{path} cannot become both {within[0]} and {within[1]}"
        raise ValueError(msg)
    return DeclaredEdit(kind="split", paths=(old,), into=new, function=function, loses=loses)


def join(
    paths: Sequence[str], into: str, function: Callable[..., Any], *, loses: str = ""
) -> DeclaredEdit:
    """Make one setting of several.

    Args:
        paths: Their paths.

        into: The path of the new one.

        function: Takes a value for each path, ``None`` for one that is not set, and gives the new
            value; ``None`` leaves all as it is. It is not called where none of them is set.

        loses: What the new value no longer says, if anything.

    Raises:
        ValueError: If a path is none, or one of *paths* is within another.
    """
    old, new = tuple(map(_names, paths)), _names(into)
    _check_entry(*old, new)
    if within := _within(old):
        msg = f"{within[1]} is a part of {within[0]}, or the same, and cannot be joined with it"
        raise ValueError(msg)
    return DeclaredEdit(kind="join", paths=old, into=(new,), function=function, loses=loses)


def is_plain(value: Any) -> bool:
    """Tell whether a TOML document can hold a value."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    import datetime as dt  # only edits that make values need it

    if type(value) is str:
        return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)
    if type(value) is int:
        return value.bit_length() <= MOST_BITS
    if type(value) is dt.time:
        return value.tzinfo is None
    return type(value) in (bool, float, dt.datetime, dt.date)


def _names(text: str) -> Names:
    path = parse_path(text.replace(EVERY, f'"{EVERY}"')) if EVERY in text else parse_path(text)
    names = tuple(part for part in path if isinstance(part, str))
    if not all(names) or not names:
        msg = f"{text!r} is no dotted path"
        raise ValueError(msg)
    return names


def entry(names: Names) -> Names:
    """Return the part of a path up to its last `*`."""
    length = max((number for number, name in enumerate(names, 1) if name == EVERY), default=0)
    return names[:length]


def _within(paths: Sequence[Names]) -> tuple[str, str] | None:
    """Find a path and another one that is within it, or the same to a file."""
    for one, other in permutations(paths, 2):
        if list(map(fold, one)) == list(map(fold, other[: len(one)])):
            return ".".join(one), ".".join(other)
    return None


def _check_entry(*paths: Names) -> None:
    for names in paths:
        if names[-1] == EVERY or entry(names) != entry(paths[0]):
            msg = f"{'.'.join(names)} does not name a setting of the entry of {'.'.join(paths[0])}"
            raise ValueError(msg)
