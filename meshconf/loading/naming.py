"""Finding the setting that a person means: by its path, or by the name of its variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.suggest import fold, nearest
from meshconf.diagnostics.words import Path, dotted, elide, parse_path
from meshconf.loading.values import values_in
from meshconf.loading.walk import step
from meshconf.schema import kinds
from meshconf.schema.names import entry_key
from meshconf.schema.old_paths import old_path_at, with_entries
from meshconf.sources.environment import found_by, gone_by, names_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.schema.model import Model
    from meshconf.schema.names import Found

__all__ = ["path_of_key", "path_of_variable", "said_of_old"]


def path_of_key(model: Model, config: Any, text: str, *, declared: bool = False) -> Path:
    """Read a dotted path.

    Args:
        model: The schema.

        config: The configuration, whose maps tell which entries there are, or a Partial of it.

        text: What was given.

        declared: Whether it is enough that the schema declares it, as a setting of an optional
            group that is not set; old names and other spellings that files may use count too.

    Raises:
        KeyError: If there is no such path; it names the nearest.
    """
    path = _canonical(model, parse_path(text)) if declared else parse_path(text)
    if path and model.find(path) is not None:
        above = [model.find(path[:end]) for end in range(1, len(path))]
        in_map = any(setting is not None and setting.map_of is not None for setting in above)
        if (declared and not in_map) or _exists(model, config, path):
            return path
        if declared and (absent := _absent_entry(model, config, path)):
            msg = f"{text} is not set, and {absent}"
            raise KeyError(msg)
    raise KeyError(_unknown(text, _paths(model, config)))


def said_of_old(model: Model, text: str, prefix: str | None) -> str:
    """Say what became of a path or a variable of an earlier version that is no setting any more.

    Args:
        model: The schema.

        text: What was given.

        prefix: What the names of variables begin with; None if they are not read.

    Returns:
        The sentence; empty if it is none, or one that a setting has taken over.
    """
    path = parse_path(text)
    old = old_path_at(model, path) if path else None
    if old is not None:
        new = [dotted(into) for into in old.into]
        return "" if len(new) == 1 else old.said(text, new)
    if prefix is None or not text.startswith(prefix):
        return ""
    names = names_for(model, prefix)
    old = None if found_by(names, text) else gone_by(names, text)
    return "" if old is None else old.said_of_gone(text, [dotted(into) for into in old.into])


def _canonical(model: Model, path: Path) -> Path:
    """Spell a path as the schema does; one that files of an earlier version have, as it is now."""
    path = _current(model, path)
    kind: kinds.Kind | None = kinds.Group(model)
    spelled: Path = ()
    for part in path:
        setting, kind = step(kind, part)
        spelled = (*spelled, part if setting is None else setting.name)
    return spelled


def _current(model: Model, path: Path) -> Path:
    """Return where a path of an earlier version leads; itself if it is none."""
    for end in range(len(path), 0, -1):
        old = old_path_at(model, path[:end])
        if old is not None and len(old.into) == 1:
            return (*with_entries(old.into[0], old.names, path), *path[end:])
    return path


def _absent_entry(model: Model, config: Any, path: Path) -> str:
    """Say which entry on a path is not there; empty if all are."""
    for end in range(1, len(path)):
        setting = model.find(path[:end])
        if setting is None or setting.map_of is None or path[end - 1] != setting.name:
            continue
        if not _exists(model, config, path[: end + 1]):
            return f"{dotted(path[:end])} has no entry {path[end]}"
    return ""


def _exists(model: Model, config: Any, path: Path) -> bool:
    return any(where == path for where, _, _ in values_in(model, config, only=path))


def _paths(model: Model, config: Any) -> Iterator[str]:
    yield from (dotted(path) for path, _ in model.walk())
    yield from (dotted(path) for path, _, _ in values_in(model, config))


def path_of_variable(model: Model, config: Any, name: str, prefix: str) -> Path:
    """Find what a variable sets.

    Args:
        model: The schema.

        config: The configuration, or a Partial of it.

        name: The name of the variable, with or without ``_FILE`` at its end.

        prefix: What the names of variables begin with.

    Raises:
        KeyError: If it sets nothing; it names the nearest.
    """
    names = names_for(model, prefix)
    found = found_by(names, name)
    if found is not None:
        return _with_keys(model, config, name, found)
    raise KeyError(_unknown(name, names.by_name, "variable"))


def _with_keys(model: Model, config: Any, name: str, found: Found) -> Path:
    """Spell the entries on the path of a variable as the configuration does."""
    path = found.path
    for position in found.entries:
        spelled = str(path[position])
        known = (
            where[position]
            for where, _, _ in values_in(model, config)
            if len(where) > position
            and where[:position] == path[:position]
            and fold(str(where[position])) == fold(spelled)
        )
        key = next(known, None)
        if key is None:
            above, entry = dotted(path[:position]), entry_key(spelled)
            msg = f"{name} is not set, and {above} has no entry {entry}"
            raise KeyError(msg)
        path = (*path[:position], key, *path[position + 1 :])
    return path


def _unknown(text: str, known: Any, what: str = "setting") -> str:
    names = list(dict.fromkeys(known))
    leaves = {name.rpartition(".")[2]: name for name in reversed(names)}
    near = nearest(text, names) or [
        leaves[leaf] for leaf in nearest(text.rpartition(".")[2], leaves)
    ]
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"no {what} is called {elide(text)}{hint}"
