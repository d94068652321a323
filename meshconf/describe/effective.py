"""The effective configuration: each value with its origin, as TOML, JSON or variables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.describe.env_text import env_line, env_text
from meshconf.describe.file_text import plain, toml_value
from meshconf.diagnostics.styled import Piece, StyledLine
from meshconf.diagnostics.words import dotted, printable
from meshconf.schema.names import entry_key, name_of
from meshconf.schema.secret import MASK, Secret

if TYPE_CHECKING:
    # Nothing resolves annotations.
    from collections.abc import Iterable, Iterator

    from meshconf.diagnostics.problem import Origin  # noqa: TC004
    from meshconf.diagnostics.words import Path  # noqa: TC004
    from meshconf.loading.snapshot import Snapshot
    from meshconf.schema.model import Model, Setting  # noqa: TC004

__all__ = ["Shown", "effective_env", "effective_json", "effective_toml", "shown_values"]

FORMAT_VERSION = "1.0"


@attrs.frozen(eq=False, repr=False)
class Shown:
    """A value as it may be shown.

    Attributes:
        path: Where it stands.

        setting: What was declared.

        value: The value as a file would say it; ``None`` if it is not set.

        origin: Where it comes from.

        hidden: Whether it is a secret, which is masked.
    """

    path: Path
    setting: Setting
    value: Any
    origin: Origin
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
    under = snapshot.path(path) if path else ()
    return [
        Shown(
            where,
            setting,
            _plain(value, show_secrets=show_secrets),
            snapshot.origin(dotted(where)),
            setting.secret and value is not None and not show_secrets,
        )
        for where, setting, value in snapshot.values()
        if where[: len(under)] == under
        and setting.holds_value(value)
        and not (non_default and not snapshot.sets(where))
    ]


def _plain(value: Any, *, show_secrets: bool) -> Any:
    revealed = value.reveal() if show_secrets and isinstance(value, Secret) else value
    return None if revealed is None else plain(revealed)


def effective_toml(shown: Iterable[Shown]) -> Iterator[StyledLine]:
    """Write values as TOML, with the origin of each in a comment.

    Secrets and settings that are not set stand in comments, so that the text can be loaded.

    Yields:
        The lines of the document.
    """
    blocks: dict[Path, list[Shown]] = {}
    for one in shown:
        blocks.setdefault(one.path[:-1], []).append(one)
    # What stands at the top has to stand before every table.
    for position, table in enumerate(sorted(blocks, key=bool)):
        if position:
            yield ()
        if table:
            yield (Piece(f"[{dotted(table)}]", "title"),)
        yield from map(_toml_line, blocks[table])


def _toml_line(shown: Shown) -> StyledLine:
    key, origin = dotted(shown.path[-1:]), _place(shown.origin)
    if shown.value is None:
        return (Piece(f"# {key} is not set", "quiet"),)
    if shown.hidden:
        return (Piece(f"# {key} = {MASK}  # {origin}", "quiet"),)
    return (Piece(f"{key} = {toml_value(shown.value)}"), Piece(f"  # {origin}", "quiet"))


def _place(origin: Origin) -> str:
    return "default" if origin.kind == "default" else printable(str(origin))


def effective_env(shown: Iterable[Shown], model: Model, prefix: str) -> Iterator[StyledLine]:
    """Write values as the lines of a .env file, secrets and what is not set as comments.

    Args:
        shown: The values.

        model: The schema.

        prefix: What the names of variables begin with.

    Yields:
        The lines. A map with a key that no variable can spell is given as JSON.
    """
    as_json: dict[Path, dict[str, Any]] = {}
    for one in shown:
        above = _unspellable(model, one.path)
        if above is not None:
            _put(as_json.setdefault(above, {}), one.path[len(above) :], one)
            continue
        name = name_of(model, one.path, prefix)
        if one.value is None:
            yield (Piece(f"# {name} is not set", "quiet"),)
        elif one.hidden:
            yield (Piece(f"# {name}={MASK}", "quiet"),)
        else:
            yield (Piece(env_line(name, env_text(one.value))),)
    for path, entries in as_json.items():
        yield (Piece(env_line(name_of(model, path, prefix), env_text(entries))),)


def _unspellable(model: Model, path: Path) -> Path | None:
    """Find the map on a path that has a key no variable can spell."""
    for end in range(1, len(path)):
        setting = model.find(path[:end])
        if setting is not None and setting.map_of is not None and path[end - 1] == setting.name:
            key = str(path[end])
            if entry_key(key.replace("-", "_")) != key:
                return path[:end]
    return None


def _put(table: dict[str, Any], path: Path, shown: Shown) -> None:
    for part in path[:-1]:
        table = table.setdefault(str(part), {})
    if shown.value is not None and not shown.hidden:
        table[str(path[-1])] = shown.value


def effective_json(snapshot: Snapshot[Any], shown: Iterable[Shown]) -> str:
    """Write values as JSON: for each setting its path, value and origin.

    Returns:
        The document, without a newline at its end.
    """
    settings = [
        {
            "path": dotted(one.path),
            "value": MASK if one.hidden else one.value,
            "sensitive": one.setting.secret,
            "origin": attrs.asdict(one.origin),
        }
        for one in shown
    ]
    document = {
        "format_version": FORMAT_VERSION,
        "fingerprint": snapshot.fingerprint,
        "sources": list(snapshot.sources),
        "settings": settings,
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)
