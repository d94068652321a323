"""Finding in the layers what they hold for a path, as each of them spells it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from meshconf.diagnostics.problem import Origin
from meshconf.diagnostics.suggest import fold
from meshconf.diagnostics.words import Path
from meshconf.loading.walk import inherited_path, setting_at, step
from meshconf.schema import kinds
from meshconf.schema.model import REQUIRED
from meshconf.sources.layer import Layer

if TYPE_CHECKING:
    from meshconf.diagnostics.source_text import SourceText
    from meshconf.schema.model import Model

__all__ = [
    "Held",
    "InText",
    "default_at",
    "held",
    "held_or_inherited",
    "names_that_set",
    "place",
    "text_of",
]


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
    if any(isinstance(part, int) for part in path):
        layers, path = _element(model, layers, path)
    for layer in reversed(layers):
        found = _spelled(model, layer, path)
        if found is not None:
            yield Held(layer, *found)


def held_or_inherited(model: Model, layers: Sequence[Layer], path: Path) -> Iterator[Held]:
    """Yield what the layers hold for a path, and then for the path that it inherits from."""
    yield from held(model, layers, path)
    if base := inherited_path(model, path):
        yield from held(model, layers, base)


def _element(model: Model, layers: Sequence[Layer], path: Path) -> tuple[Sequence[Layer], Path]:
    """Find the layer that gave an element of a joined list, and the element's path in it."""
    for end, part in enumerate(path):
        setting = setting_at(model, path[:end])
        if setting is None or not setting.appends or not isinstance(part, int):
            continue
        position = part
        joined: list[Held] = []
        for one in reversed(list(held(model, layers, path[:end]))):
            # What is no list replaces those before it, and is itself replaced by the next.
            joined = [*joined, one] if isinstance(one.value, (list, tuple)) else []
        for one in joined:
            if position < len(one.value):
                return [one.layer], (*path[:end], position, *path[end + 1 :])
            position -= len(one.value)
    return layers, path


def default_at(model: Model, path: Path) -> Any:
    """Return the default of the setting at a path; REQUIRED if it has none.

    The default of a group, an object, decides over the defaults of the group's class.
    """
    at: Model | None = model
    entries: Model | None = None
    value: Any = REQUIRED
    for part in path:
        if entries is not None:
            at, entries, value = entries, None, REQUIRED
            continue
        setting = at.settings.get(str(part)) if at is not None else None
        if setting is None:
            return REQUIRED
        if type(value) is setting.owner:
            value = getattr(value, setting.attribute)
        else:
            value = setting.default_value()
        at, entries = setting.group, setting.map_of
    return value


def names_that_set(model: Model, layers: Sequence[Layer], path: Path) -> Collection[str]:
    """Return the names of the layers that set a path or anything under it."""
    return [one.layer.name for one in held(model, layers, path) if one.value != {}]


def _spelled(model: Model, layer: Layer, path: Path) -> tuple[Path, Any] | None:
    value: Any = layer.data
    kind: kinds.Kind | None = kinds.Group(model)
    raw: Path = ()
    for part in path:
        key = _key(layer, kind, raw, value, part)
        setting, kind = step(kind, part, value)
        if setting is not None and isinstance(value, setting.owner):
            value = getattr(value, setting.attribute)
        elif _has(value, key):
            value = value[key]
        else:
            return None
        raw = (*raw, key)
    return raw, value


def _key(
    layer: Layer, kind: kinds.Kind | None, raw: Path, table: Any, part: str | int
) -> str | int:
    """Return the key by which a table of a layer calls what the schema calls *part*."""
    if not isinstance(table, Mapping) or part in table or kind is None:
        return part
    kind = kinds.bare(kind)
    if isinstance(kind, kinds.GroupMap):
        folded = fold(str(part))
        same = (key for key in table if (*raw, key) in layer.spelled and fold(key) == folded)
    else:
        same = (key for key in table if _names(kind, key, table) == part)
    return next(same, part)


def _names(kind: kinds.Kind, key: str | int, table: Any) -> str | None:
    setting, _ = step(kind, key, table)
    return None if setting is None else setting.name


def _has(value: Any, key: str | int) -> bool:
    if isinstance(value, Mapping):
        return key in value
    return isinstance(value, (list, tuple)) and isinstance(key, int) and key < len(value)


class InText(NamedTuple):
    """Where a part of a layer stands: the text, its path there, and where the layer has the text."""

    text: SourceText
    path: Path
    start: Path


def text_of(layer: Layer, path: Path) -> InText | None:
    """Find the text that a part of a layer was read from, and where in it the part stands.

    Args:
        layer: The layer.

        path: The path in its data. The text of a file of an earlier version has another one.

    Returns:
        The place; None if no text gave it.
    """
    for end in range(len(path), -1, -1):
        start, rest = path[:end], path[end:]
        if start in layer.texts:
            below = layer.stood_at(rest)
            return None if below is None else InText(layer.texts[start], below, start)
    return None


def place(layer: Layer, path: Path) -> Origin:
    """Return the origin of what stands at a path of a layer, as the layer spells it."""
    found = text_of(layer, path)
    if found is not None:
        return found.text.origin(found.text.value_span(found.path))
    # A group that several variables set: the first of them.
    below = (text for at, text in layer.texts.items() if at[: len(path)] == path)
    first = next(below, None) if path else None
    return Origin(layer.kind, layer.name) if first is None else first.origin()
