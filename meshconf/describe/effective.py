"""The effective configuration with the origin of each value, as TOML or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.describe.file_text import plain, toml_value
from meshconf.diagnostics.words import dotted, printable
from meshconf.schema.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.diagnostics.problem import Origin  # noqa: TC004 - nothing resolves annotations
    from meshconf.diagnostics.words import Path  # noqa: TC004 - the same
    from meshconf.loading.snapshot import Snapshot

__all__ = ["effective_json", "effective_toml"]

FORMAT_VERSION = "1.0"


@attrs.frozen
class _Shown:
    path: Path
    value: Any
    origin: Origin
    secret: bool


def effective_toml(snapshot: Snapshot[Any], path: str = "") -> str:
    """Write a configuration as TOML, with the origin of each value in a comment.

    Secrets and settings that are not set stand in comments, so that the text can be loaded.

    Args:
        snapshot: The configuration.

        path: Show only what stands at or under this dotted path.

    Returns:
        The document, with a newline at its end.

    Raises:
        KeyError: If nothing stands at *path*.
    """
    blocks: dict[Path, list[str]] = {}
    for shown in _shown(snapshot, path):
        blocks.setdefault(shown.path[:-1], []).append(_toml_line(shown))
    texts = [
        "\n".join(([f"[{dotted(table)}]"] if table else []) + lines)
        for table, lines in sorted(blocks.items(), key=lambda block: bool(block[0]))
    ]
    return "\n\n".join(texts) + "\n"


def _shown(snapshot: Snapshot[Any], path: str) -> Iterator[_Shown]:
    """Yield the settings at and under a path, groups left out."""
    under = snapshot.path(path) if path else ()
    for where, setting, value in snapshot.values():
        if where[: len(under)] == under and setting.holds_value(value):
            yield _Shown(
                where, value, snapshot.candidates_at(where, setting)[0].origin, setting.secret
            )


def _toml_line(shown: _Shown) -> str:
    key, origin = dotted(shown.path[-1:]), _place(shown.origin)
    if shown.value is None:
        return f"# {key} is not set"
    if shown.secret:
        return f"# {key} = {MASK}  # {origin}"
    return f"{key} = {toml_value(plain(shown.value))}  # {origin}"


def _place(origin: Origin) -> str:
    return "default" if origin.kind == "default" else printable(str(origin))


def effective_json(snapshot: Snapshot[Any], path: str = "") -> str:
    """Write a configuration as JSON: for each setting its path, value and origin.

    Args:
        snapshot: The configuration.

        path: Show only what stands at or under this dotted path.

    Returns:
        The document, without a newline at its end.

    Raises:
        KeyError: If nothing stands at *path*.
    """
    settings = [
        {
            "path": dotted(shown.path),
            "value": MASK if shown.secret and shown.value is not None else plain(shown.value),
            "sensitive": shown.secret,
            "origin": attrs.asdict(shown.origin),
        }
        for shown in _shown(snapshot, path)
    ]
    document = {
        "format_version": FORMAT_VERSION,
        "fingerprint": snapshot.fingerprint,
        "sources": list(snapshot.sources),
        "settings": settings,
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)
