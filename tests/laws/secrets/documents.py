"""Documents that set every secret of a schema, found by walking it, and how sources say them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from meshconf.schema import kinds
from meshconf.schema.constraints import OneOf
from meshconf.schema.model import REQUIRED, _holds_secret
from meshconf.schema.names import name_of
from tests.laws.secrets.canaries import MARK, Canaries

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from meshconf.diagnostics.words import Path
    from meshconf.schema.model import Model, Setting

__all__ = ["Leaf", "bare", "document", "files_of", "leaves", "planted", "toml", "variables"]

#: Makes the value of a secret: of the name of its field, its kind, and what it may be if it may not
#: be anything.
Leaf = Callable[[str, kinds.Kind, tuple[Any, ...]], Any]

#: The key of the entries of maps.
ENTRY = "one"

_NUMBERS = ("int", "float", "seconds", "bytes")


def bare(canaries: Canaries) -> Leaf:
    """Return what makes values of the right type."""

    def leaf(field: str, kind: kinds.Kind, choices: tuple[Any, ...]) -> Any:
        if choices:
            return choices[0]
        is_number = isinstance(kind, kinds.Scalar) and kind.name in _NUMBERS
        return canaries.number(field) if is_number else canaries.text(field)

    return leaf


def document(model: Model, leaf: Leaf, path: Path = ()) -> dict[str, Any]:
    """Return a document that sets every secret of a class, at any depth, and little else."""
    made: dict[str, Any] = {}
    for name, setting in model.settings.items():
        value = _value(setting.kind, leaf, (*path, name), setting)
        if value is not None:
            made[name] = value
    return made


def _value(kind: kinds.Kind, leaf: Leaf, path: Path, setting: Setting) -> Any:
    """Return a value with secrets in all its parts; None if it holds none and may be left out."""
    choices = tuple(_choices(kind, setting))
    kind = kinds.bare(kind)
    match kind:
        case kinds.ListOf(item):
            return _several(item, leaf, path, setting)
        case kinds.FixedArray(items):
            return [
                _value(item, leaf, (*path, n), setting) if _holds_secret(item) else "x"
                for n, item in enumerate(items)
            ]
        case kinds.MapOf(_, item):
            found = _value(item, leaf, (*path, ENTRY), setting)
            return None if found is None else {ENTRY: found}
        case kinds.Group(model):
            return document(model, leaf, path) or None
        case kinds.GroupMap(model):
            found = document(model, leaf, (*path, ENTRY))
            return {ENTRY: found} if found else None
        case kinds.TaggedUnion(tag, models):
            return {tag: next(iter(models)), **document(next(iter(models.values())), leaf, path)}
        case _ if setting.secret:
            return leaf(".".join(map(str, path)), kind, choices)
        case _:
            return "x" if setting.default is REQUIRED else None


def _choices(kind: kinds.Kind, setting: Setting) -> Iterator[Any]:
    """Yield the values that a setting may have, if they are few."""
    constraints = list(setting.constraints)
    while isinstance(kind, (kinds.Masked, kinds.OptionalOf, kinds.Constrained)):
        constraints += kind.constraints if isinstance(kind, kinds.Constrained) else ()
        kind = kind.inner
    if isinstance(kind, kinds.Choice):
        yield from kind.options
    for one in constraints:
        yield from one.options if isinstance(one, OneOf) else ()


def _several(item: kinds.Kind, leaf: Leaf, path: Path, setting: Setting) -> Any:
    """Return two elements, or one of each class that they may have."""
    if isinstance(item, kinds.TaggedUnion):
        return [
            {item.tag: tag, **document(model, leaf, (*path, number))}
            for number, (tag, model) in enumerate(item.models.items())
        ]
    found = [_value(item, leaf, (*path, number), setting) for number in (0, 1)]
    return None if found[0] is None else found


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield what a document holds that is neither a table nor an array."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from leaves(below, (*path, name))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from leaves(below, (*path, number))
    else:
        yield path, value


def planted(value: Any) -> frozenset[Any]:
    """Return the canaries in a document: texts with a mark, and long numbers."""
    found = [leaf for _, leaf in leaves(value)]
    return frozenset(one for one in found if _is_canary(one))


def _is_canary(value: Any) -> bool:
    if isinstance(value, str):
        return MARK in value
    return isinstance(value, int) and value > 10**9


# --- How sources say a document ---------------------------------------------------------


def toml(document: Mapping[str, Any], layout: str = "headers") -> str:
    """Write a document as TOML.

    Args:
        document: The document.

        layout: `headers` for tables with headers, `inline` for a line for each top-level key,
            `long` for values over several lines.
    """
    if layout == "inline":
        return "".join(f"{_key(name)} = {_inline(one)}\n" for name, one in document.items())
    return "\n".join(_lines(document, (), long=layout == "long")) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...], *, long: bool) -> Iterator[str]:
    for name, value in table.items():
        if not isinstance(value, Mapping) and not _is_array_of_tables(value):
            said = f"{_key(name)} = {_long(value) if long else _inline(value)}"
            if planted(value):  # it may have been another one before
                yield f"# {_key(name)} = {_inline(value)}"
                said += f"  # not {_inline(value)}"
            yield said
    for name, value in table.items():
        here = (*path, name)
        header = ".".join(map(_key, here))
        if isinstance(value, Mapping):
            yield f"[{header}]"
            yield from _lines(value, here, long=long)
        elif _is_array_of_tables(value):
            for element in value:
                yield f"[[{header}]]"
                yield from _lines(element, here, long=long)


def _is_array_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else json.dumps(name)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{_key(name)} = {_inline(one)}" for name, one in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _long(value: Any) -> str:
    if isinstance(value, list):
        return "[\n  " + ",\n  ".join(map(_inline, value)) + ",\n]"
    if isinstance(value, str):
        quoted = json.dumps(value, ensure_ascii=False)[1:-1]
        middle = max(quoted.find(MARK, 1), 0)  # what it begins with needs no escape
        return f'"""\n{quoted[:middle]}\\\n   {quoted[middle:]}"""'
    return _inline(value)


def variables(model: Model, document: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Write a document as variables, one for each setting that can have one."""
    return {
        name_of(model, path, prefix): _variable(value)
        for path, value in _settings(model, document, ())
    }


def files_of(model: Model, document: Mapping[str, Any]) -> dict[str, str]:
    """Write a document as the files of a directory of secrets; entries of maps have none."""
    known = {path for path, _ in model.walk()}
    found: dict[str, str] = {}
    for path, value in _settings(model, document, (), through_maps=False):
        if path in known:
            found[".".join(map(str, path))] = _variable(value)
    return found


def _settings(
    model: Model, table: Mapping[str, Any], path: Path, *, through_maps: bool = True
) -> Iterator[tuple[Path, Any]]:
    for name, value in table.items():
        setting, here = model.settings.get(name), (*path, name)
        group = setting.group if setting is not None else None
        entries = setting.map_of if setting is not None and through_maps else None
        if group is not None and isinstance(value, dict):
            yield from _settings(group, value, here, through_maps=through_maps)
        elif entries is not None and isinstance(value, dict):
            for key, below in value.items():
                if isinstance(below, dict):
                    yield from _settings(entries, below, (*here, key))
                else:
                    yield (*here, key), below
        elif setting is not None and setting.union is not None and isinstance(value, dict):
            yield from (((*here, key), below) for key, below in value.items())
        else:
            yield here, value


def _variable(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def dotenv(named: Mapping[str, str]) -> str:
    """Write variables as a .env file."""
    return "".join(f"{name}={shlex.quote(text)}\n" for name, text in named.items())


def put(folder: FilePath, name: str, content: str | bytes, mode: int = 0o600) -> FilePath:
    """Write a file for its owner alone."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path
