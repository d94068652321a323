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
    "Spellings",
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


@attrs.frozen(eq=False, repr=False)
class Spellings:
    """How the tables of layers spell what the schema names.

    A table of many keys is gone through once, however many of its settings are looked up.
    """

    _keys: dict[tuple[int, Path], dict[str, str]] = attrs.field(factory=dict)

    def of(
        self, layer: Layer, kind: kinds.Kind, raw: Path, table: Mapping[str, Any]
    ) -> Mapping[str, str]:
        """List the keys of a table by what the schema calls them; the first of several counts.

        Args:
            layer: The layer.

            kind: The kind of the table.

            raw: The path of the table as the layer spells it.

            table: The table.

        Returns:
            The keys by the names of settings; those of a map that stand for any key that folds
            to the same letters, by these letters.
        """
        known = self._keys.get((id(layer), raw))
        if known is None:
            known = self._keys[id(layer), raw] = {}
            is_map = isinstance(kind, kinds.GroupMap)
            for key in table:
                if not is_map:
                    name = _name(kind, key, table)
                else:
                    name = fold(key) if (*raw, key) in layer.spelled else None
                if name is not None:
                    known.setdefault(name, key)
        return known


def held(
    model: Model, layers: Sequence[Layer], path: Path, spellings: Spellings | None = None
) -> Iterator[Held]:
    """Yield what the layers hold for a path, the winner first.

    Args:
        model: The schema.

        layers: The layers, lowest precedence first.

        path: The path as the schema spells it.

        spellings: What is already known of the keys of these layers.
    """
    spellings = Spellings() if spellings is None else spellings
    if any(isinstance(part, int) for part in path):
        layers, path = _element(model, layers, path, spellings)
    for layer in reversed(layers):
        found = _spelled(model, layer, path, spellings)
        if found is not None:
            yield Held(layer, *found)


def held_or_inherited(
    model: Model, layers: Sequence[Layer], path: Path, spellings: Spellings | None = None
) -> Iterator[Held]:
    """Yield what the layers hold for a path, and then for the path that it inherits from."""
    yield from held(model, layers, path, spellings)
    if base := inherited_path(model, path):
        yield from held(model, layers, base, spellings)


def _element(
    model: Model, layers: Sequence[Layer], path: Path, spellings: Spellings
) -> tuple[Sequence[Layer], Path]:
    """Find the layer that gave an element of a joined list, and the element's path in it."""
    for end, part in enumerate(path):
        setting = setting_at(model, path[:end])
        if setting is None or not setting.appends or not isinstance(part, int):
            continue
        position = part
        joined: list[Held] = []
        for one in reversed(list(held(model, layers, path[:end], spellings))):
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
    item: kinds.Kind | None = None  # of what a map or a list holds, which has a name or a position
    value: Any = REQUIRED
    for part in path:
        if item is not None:
            at = item.model if isinstance(item, kinds.Group) else None
            item, value = _item(item), REQUIRED
            continue
        setting = at.settings.get(str(part)) if at is not None else None
        if setting is None:
            return REQUIRED
        if type(value) is setting.owner:
            value = getattr(value, setting.attribute)
        else:
            value = setting.default_value()
        at, item = setting.group, _item(setting.kind)
    return value


def _item(kind: kinds.Kind) -> kinds.Kind | None:
    """Return the kind of the elements of a list, or of the entries of a map; None for others."""
    match kinds.bare(kind):
        case kinds.GroupMap(model):
            return kinds.Group(model)
        case kinds.ListOf(item) | kinds.MapOf(_, item):
            return kinds.bare(item)
        case _:
            return None


def names_that_set(model: Model, layers: Sequence[Layer], path: Path) -> Collection[str]:
    """Return the names of the layers that set a path or anything under it."""
    found = held(model, layers, path)
    return [one.layer.name for one in found if not (isinstance(one.value, dict) and not one.value)]


def _spelled(
    model: Model, layer: Layer, path: Path, spellings: Spellings
) -> tuple[Path, Any] | None:
    value: Any = layer.data
    kind: kinds.Kind | None = kinds.Group(model)
    raw: Path = ()
    for part in path:
        key = _key(layer, kind, raw, value, part, spellings)
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
    layer: Layer,
    kind: kinds.Kind | None,
    raw: Path,
    table: Any,
    part: str | int,
    spellings: Spellings,
) -> str | int:
    """Return the key by which a table of a layer calls what the schema calls *part*."""
    if not isinstance(table, Mapping) or part in table or kind is None:
        return part
    kind = kinds.bare(kind)
    name = str(part)
    name = fold(name) if isinstance(kind, kinds.GroupMap) else name
    return spellings.of(layer, kind, raw, table).get(name, part)


def _name(kind: kinds.Kind, key: str | int, table: Any) -> str | None:
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
