"""Finding in the layers what they hold for a path, as each of them spells it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.problem import Origin
from meshconf.diagnostics.suggest import fold
from meshconf.loading.merge import canonical_key
from meshconf.sources.layer import Layer

if TYPE_CHECKING:
    from meshconf.diagnostics.source_text import SourceText
    from meshconf.schema.model import Model

__all__ = ["Held", "held", "names_that_set", "place", "text_of"]

Path = tuple[str | int, ...]


@attrs.frozen(eq=False, repr=False)
class Held:
    """What a layer holds for a path: the value, and the path as the layer spells it."""

    layer: Layer
    path: Path
    value: Any

    @property
    def origin(self) -> Origin:
        """The place of the value; looking it up reads the text of the layer."""
        return place(self.layer, self.path)


def held(model: Model, layers: Sequence[Layer], path: Path) -> Iterator[Held]:
    """Yield what the layers hold for a path, the winner first."""
    for layer in reversed(layers):
        found = _spelled(model, layer, path)
        if found is not None:
            yield Held(layer, *found)


def names_that_set(model: Model, layers: Sequence[Layer], path: Path) -> Collection[str]:
    """Return the names of the layers that set a path or anything under it."""
    return [one.layer.name for one in held(model, layers, path) if one.value != {}]


def _spelled(model: Model, layer: Layer, path: Path) -> tuple[Path, Any] | None:
    value: Any = layer.data
    at: Model | None = model
    entries: Model | None = None
    raw: Path = ()
    for part in path:
        key = part if entries is None else _entry(layer, raw, value, part)
        if entries is None and at is not None and isinstance(value, Mapping):
            key = _key(at, value, str(part))
        if not _has(value, key):
            return None
        value = value[key]
        raw = (*raw, key)
        if entries is not None:
            at, entries = entries, None
        elif at is not None:
            setting = at.settings.get(str(part))
            at = None if setting is None else (setting.group or _member(setting.union, value))
            entries = None if setting is None else setting.map_of
    return raw, value


def _member(union: Any, value: Any) -> Model | None:
    if union is None or not isinstance(value, Mapping):
        return None
    tag = value.get(union.tag)
    if isinstance(tag, (str, int)) and tag in union.models:
        model: Model = union.models[tag]
        return model
    # A layer may set a part of the union without its tag: any class that knows the names will do.
    return next((one for one in union.models.values() if set(value) <= set(one.settings)), None)


def _key(model: Model, table: Mapping[str, Any], name: str) -> str:
    if name in table:
        return name
    return next((key for key in table if canonical_key(model, key) == name), name)


def _entry(layer: Layer, raw: Path, table: Any, name: str | int) -> str | int:
    if not isinstance(table, Mapping) or name in table:
        return name
    folded = fold(str(name))
    return next(
        (key for key in table if (*raw, key) in layer.spelled and fold(key) == folded), name
    )


def _has(value: Any, key: str | int) -> bool:
    if isinstance(value, Mapping):
        return key in value
    return isinstance(value, (list, tuple)) and isinstance(key, int) and key < len(value)


def text_of(layer: Layer, path: Path) -> tuple[SourceText, Path] | None:
    """Return the text that a part of a layer was read from, and the path within that text."""
    for end in range(len(path), -1, -1):
        if path[:end] in layer.texts:
            return layer.texts[path[:end]], path[end:]
    return None


def place(layer: Layer, path: Path) -> Origin:
    """Return the origin of what stands at a path of a layer, as the layer spells it."""
    found = text_of(layer, path)
    if found is None:
        return Origin(layer.kind, layer.name)
    text, rest = found
    return text.origin(text.value_span(rest))
