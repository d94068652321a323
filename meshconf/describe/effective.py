"""The effective configuration: each value with its origin, as TOML, JSON or variables."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.describe.env_text import env_line, env_text, sayable
from meshconf.describe.file_text import holds_secret, plain
from meshconf.diagnostics.json_report import json_text, origin_data
from meshconf.diagnostics.opaque import is_json
from meshconf.diagnostics.styled import Piece, StyledLine
from meshconf.diagnostics.toml_text import can_say, toml_value
from meshconf.diagnostics.words import dotted, printable
from meshconf.schema import kinds
from meshconf.schema.configuration import VERSION_KEY
from meshconf.schema.names import name_of
from meshconf.schema.secret import MASK

if TYPE_CHECKING:
    # Nothing resolves annotations.
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from meshconf.diagnostics.problem import Origin  # noqa: TC004
    from meshconf.diagnostics.words import Path  # noqa: TC004
    from meshconf.loading.snapshot import Snapshot
    from meshconf.schema.model import Model, Setting  # noqa: TC004

    _Row = tuple[Path, Setting, Any]

__all__ = [
    "Shown",
    "effective_data",
    "effective_env",
    "effective_json",
    "effective_toml",
    "shown_at",
    "shown_excerpt",
    "shown_values",
]

FORMAT_VERSION = "1.0"

#: A key of an entry that a variable can spell, whatever else the map holds.
_SPELLABLE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@attrs.frozen(eq=False, repr=False)
class Shown:
    """A value as it may be shown.

    Attributes:
        path: Where it stands; a group, an entry or a map only if nothing in it is shown.

        setting: What was declared.

        value: The value as a file would say it; ``None`` if it is not set.

        origin: Where it comes from.

        sensitive: Whether it is a secret, or holds one.

        hidden: Whether it is masked, or something in it.
    """

    path: Path
    setting: Setting
    value: Any
    origin: Origin
    sensitive: bool
    hidden: bool


def shown_values(
    snapshot: Snapshot[Any],
    path: str = "",
    *,
    non_default: bool = False,
    show_secrets: bool = False,
) -> list[Shown]:
    """Choose the values that are shown.

    Args:
        snapshot: The configuration.

        path: Only what stands at or under this dotted path.

        non_default: Only what a source sets just there: neither defaults nor what is inherited.

        show_secrets: Whether secrets are shown.

    Returns:
        The values in the order of the schema.

    Raises:
        KeyError: If nothing stands at *path*.
    """
    rows, _ = _rows(snapshot, path)
    chosen = [row for row in rows if not non_default or snapshot.sets(row[0])]
    return [
        _shown(snapshot, row, show_secrets=show_secrets) for row in _without_shown_tables(chosen)
    ]


def shown_excerpt(
    snapshot: Snapshot[Any], path: str = "", *, most_entries: int | None
) -> tuple[list[Shown], dict[Path, int]]:
    """Choose the values that are shown, of each map only those of its first entries.

    Args:
        snapshot: The configuration.

        path: Only what stands at or under this dotted path.

        most_entries: Of each map at or under the path, so many entries are shown; None for all.

    Returns:
        The values in the order of the schema, secrets masked; and how many entries of which map
        are left out.

    Raises:
        KeyError: If nothing stands at *path*.
    """
    rows, left_out = _rows(snapshot, path, most_entries)
    return [_shown(snapshot, row) for row in _without_shown_tables(rows)], left_out


def shown_at(snapshot: Snapshot[Any], paths: AbstractSet[str]) -> dict[str, Shown]:
    """Return the values at dotted paths, secrets masked; what is no value is left out."""
    rows, _ = _rows(snapshot, "")
    named = ((dotted(row[0]), row) for row in _without_shown_tables(rows))
    return {name: _shown(snapshot, row) for name, row in named if name in paths}


def _shown(snapshot: Snapshot[Any], row: _Row, *, show_secrets: bool = False) -> Shown:
    path, setting, value = row
    sensitive = setting.secret or holds_secret(value)
    hidden = sensitive and value is not None and not show_secrets
    return Shown(
        path,
        setting,
        MASK if setting.secret and hidden else plain(value, reveal=show_secrets),
        snapshot.candidates_at(path, setting)[0].origin,
        sensitive,
        hidden,
    )


def _rows(
    snapshot: Snapshot[Any], path: str, most_entries: int | None = None
) -> tuple[list[_Row], dict[Path, int]]:
    """Return values, and before them the tables that are only there if something says so.

    The second part of the result is how many entries of which map are not among them.
    """
    under = snapshot.path(path) if path else ()
    rows: list[_Row] = []
    # How many entries are left out, by the first of them: once the walk has come to it, all that
    # follows in its map is left out.
    rest: dict[Path, int] = {}
    ended: Path | None = None
    for where, setting, value in snapshot.values():
        if where[:-1] in rest:
            ended = where[:-2]
        is_left_out = ended is not None and where[: len(ended)] == ended
        if is_left_out or where[: len(under)] != under[: len(where)]:
            continue
        if setting.holds_value(value):
            rows.append((where, setting, value))
        elif setting.map_of is not None:
            entries = [(*where, key) for key in value]
            # A map above the path is not cut: any entry may be the one that is asked for.
            seen = list(islice(entries, most_entries if len(where) >= len(under) else None))
            if len(seen) < len(entries):
                rest[entries[len(seen)]] = len(entries) - len(seen)
            if not seen and snapshot.sets(where):
                rows.append((where, setting, {}))
            rows += [(entry, setting, {}) for entry in seen]
        elif isinstance(setting.kind, kinds.OptionalOf):
            rows.append((where, setting, {}))
    left_out = {entry[:-1]: number for entry, number in rest.items()}
    return [row for row in rows if row[0][: len(under)] == under], left_out


def _without_shown_tables(rows: Sequence[_Row]) -> list[_Row]:
    """Leave out the tables that are seen from what stands in them."""
    kept: list[_Row] = []
    seen: set[Path] = set()
    for row in reversed(rows):
        path, setting, value = row
        if setting.holds_value(value) or path not in seen:
            kept.append(row)
            seen |= {path[:end] for end in range(1, len(path))}
    return kept[::-1]


def effective_toml(shown: Iterable[Shown], model: Model) -> Iterator[StyledLine]:
    """Write values as TOML, with the origin of each in a comment.

    Values with secrets, those that TOML cannot say, and settings that are not set stand in
    comments, so that what is loaded is right.

    Args:
        shown: The values.

        model: The schema; the document tells its version if files have had others.

    Yields:
        The lines of the document.
    """
    blocks: dict[Path, list[Shown]] = {}
    for one in shown:
        blocks.setdefault(one.path[:-1], []).append(one)
    has_history = bool(model.configuration.steps)
    if has_history:
        yield (Piece(f"{VERSION_KEY} = {model.configuration.version}"),)
    # What stands at the top has to stand before every table.
    for position, table in enumerate(sorted(blocks, key=bool)):
        if position or (table and has_history):
            yield ()
        if table:
            yield (Piece(f"[{dotted(table)}]", "title"),)
        yield from map(_toml_line, blocks[table])


def _toml_line(shown: Shown) -> StyledLine:
    key, origin = dotted(shown.path[-1:]), _place(shown.origin)
    if shown.value is None:
        return (Piece(f"# {key} is not set", "quiet"),)
    text = MASK if shown.hidden and shown.setting.secret else toml_value(shown.value)
    if shown.hidden or not can_say(shown.value):
        return (Piece(f"# {key} = {text}  # {origin}", "quiet"),)
    return (Piece(f"{key} = {text}"), Piece(f"  # {origin}", "quiet"))


def _place(origin: Origin) -> str:
    return "default" if origin.kind == "default" else printable(str(origin))


def effective_env(shown: Iterable[Shown], model: Model, prefix: str) -> Iterator[StyledLine]:
    """Write values as the lines of a .env file.

    Values with secrets, those that no variable can hold, and what is not set are comments.

    Args:
        shown: The values.

        model: The schema.

        prefix: What the names of variables begin with.

    Yields:
        The lines. A map with a key that no variable can spell, and what has no setting that
        could be written, is given as JSON.
    """
    rows = list(shown)
    as_json: dict[Path, dict[str, Any]] = {path: {} for path in _whole(model, rows)}
    for one in rows:
        name = printable(name_of(model, one.path, prefix))
        above = next((end for end in range(1, len(one.path)) if one.path[:end] in as_json), 0)
        if above:
            _put(as_json[one.path[:above]], one.path[above:], one)
        if one.value is None:
            yield (Piece(f"# {name} is not set", "quiet"),)
        elif one.hidden:
            yield (Piece(f"# {name}={printable(env_text(one.value))}", "quiet"),)
        elif above:
            yield from () if is_json(one.value) else (_unsaid(name, one),)
        elif one.path not in as_json:
            yield _env_line(name, one)
    for path, entries in as_json.items():
        if not any(path[:end] in as_json for end in range(1, len(path))):
            yield (Piece(env_line(name_of(model, path, prefix), env_text(entries))),)


def _env_line(name: str, shown: Shown) -> StyledLine:
    if not sayable(shown.value, shown.setting.kind):
        return _unsaid(name, shown)
    return (Piece(env_line(name, env_text(shown.value, shown.setting.kind))),)


def _unsaid(name: str, shown: Shown) -> StyledLine:
    text = printable(env_text(shown.value, shown.setting.kind))
    return (Piece(f"# {name} has a value that no line can hold: {text}", "quiet"),)


def _whole(model: Model, rows: Sequence[Shown]) -> Iterator[Path]:
    """Yield the maps and the optional groups that have to be written as JSON."""
    written = [one.path for one in rows if _is_written(one)]
    said = {path[:end] for path in written for end in range(1, len(path))}
    for path in dict.fromkeys(above for one in rows for above in _tables_of(one)):
        setting = model.find(path)
        assert setting is not None
        if setting is model.find(path[:-1]):  # an entry of the map before it
            if path not in said or not _SPELLABLE.fullmatch(str(path[-1])):
                yield path[:-1]
        elif isinstance(setting.kind, kinds.OptionalOf) and path not in said:
            yield path


def _tables_of(shown: Shown) -> Iterator[Path]:
    """Yield the paths of the tables that a row shows to be there."""
    is_table = not shown.setting.holds_value(shown.value)
    yield from (shown.path[:end] for end in range(1, len(shown.path) + is_table))


def _is_written(shown: Shown) -> bool:
    """Tell whether a setting has a line of its own that sets it."""
    if shown.value is None or shown.hidden or not shown.setting.holds_value(shown.value):
        return False
    return sayable(shown.value, shown.setting.kind)


def _put(table: dict[str, Any], path: Path, shown: Shown) -> None:
    for part in path[:-1]:
        table = table.setdefault(str(part), {})
    if shown.value is not None and not shown.hidden and is_json(shown.value):
        table[str(path[-1])] = shown.value


def effective_json(snapshot: Snapshot[Any], shown: Iterable[Shown]) -> str:
    """Write values as JSON; see ``effective_data``.

    Returns:
        The document, without a newline at its end.
    """
    return json_text(effective_data(snapshot, shown))


def effective_data(snapshot: Snapshot[Any], shown: Iterable[Shown]) -> dict[str, Any]:
    """Return values as the data of a JSON document: for each setting its path, value and origin."""
    settings = [
        {
            "path": dotted(one.path),
            "value": one.value,
            "sensitive": one.sensitive,
            "origin": origin_data(one.origin),
        }
        for one in shown
    ]
    return {
        "format_version": FORMAT_VERSION,
        "fingerprint": snapshot.fingerprint,
        "sources": list(snapshot.sources),
        "settings": settings,
    }
