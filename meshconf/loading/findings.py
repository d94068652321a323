"""Making problems: the words about a value, with the lines of the source that gave it."""

from __future__ import annotations

import functools
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.excerpt import (
    ELLIPSIS,
    MASK,
    Highlight,
    Mask,
    excerpt,
    labels,
)
from meshconf.diagnostics.problem import Edit, Excerpt, Label, Origin, Problem
from meshconf.diagnostics.spans import Span
from meshconf.diagnostics.suggest import speaks_of
from meshconf.diagnostics.words import Path, dotted
from meshconf.loading.lookup import default_at, text_of
from meshconf.loading.walk import kind_at, setting_at, step
from meshconf.schema import kinds
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.secret import Secret
from meshconf.sources.layer import Layer

if TYPE_CHECKING:
    from meshconf.diagnostics.source_text import SourceText
    from meshconf.loading.lookup import InText
    from meshconf.schema.values import BadValue
    from meshconf.sources.layer import Broken, History

__all__ = ["Located", "Masks", "apart", "broken_problem", "located", "shown", "value_problem"]

Located = tuple[Origin, tuple[Label, ...], tuple[Excerpt, ...]]


@attrs.frozen(eq=False, repr=False)
class Masks:
    """What must not be shown: the values of secrets, and what may be one.

    Made once for a report. A string under an unknown key may be a secret whose name is misspelt,
    and a comment may be one that was taken out of use: neither is shown.
    """

    model: Model
    layers: Sequence[Layer]
    _masks: dict[int, tuple[Mask, ...]] = attrs.field(factory=dict)
    _judged: dict[str, bool] = attrs.field(factory=dict)
    _holding: dict[kinds.Kind, bool] = attrs.field(factory=dict)

    def of(self, layer: Layer, found: InText) -> tuple[Mask, ...]:
        """Return the stretches of a text that are masked, in order and apart from each other.

        Args:
            layer: The layer that the text belongs to.

            found: A place in the text.
        """
        key = id(found.text)
        if key not in self._masks:
            secret = bool(self.model.secret_names)
            masks = self._found(layer, found.text, found.start) if secret else ()
            self._masks[key] = apart(masks)
        return self._masks[key]

    def harmless(self, said: str) -> str:
        """Return what the schema's author says of values; nothing if it would tell of a secret."""
        if not self._secrets:
            return said
        parts = frozenset(_in_parts(said))
        return "" if any(_tells(said, parts, text) for text in self._secrets) else said

    @functools.cached_property
    def _secrets(self) -> frozenset[str]:
        return frozenset(filter(None, self._secret_texts() if self.model.secret_names else ()))

    def _secret_texts(self) -> Iterator[str]:
        """Yield the secrets of all layers and defaults, plain and as programs quote them."""
        for value in (*self._secret_values(), *self._secret_defaults()):
            text = str(value.reveal() if isinstance(value, Secret) else value)
            yield from (text, repr(text)[1:-1], json.dumps(text)[1:-1])

    def _secret_values(self) -> Iterator[Any]:
        for layer in self.layers:
            hidden = self._hidden(kinds.Group(self.model), layer.data)
            if layer.history is not None:
                hidden = chain(hidden, self._hidden_before(layer.history))
            for _, shown, value in hidden:
                if shown == MASK and not isinstance(value, (Mapping, list, tuple)):
                    yield value

    def _secret_defaults(self) -> Iterator[Any]:
        for path, setting in self.model.walk():
            value = default_at(self.model, path) if setting.secret else None
            if value is not None and value is not REQUIRED:
                yield value

    def _found(self, layer: Layer, text: SourceText, start: Path) -> Iterator[Mask]:
        value: Any = layer.data
        kind: kinds.Kind | None = kinds.Group(self.model)
        for part in start:
            setting, kind = step(kind, part, value)
            value = value[part]
            if setting is not None and setting.secret:
                yield Mask(0, len(text.text))
                return
        secrets: set[Path] = set()
        ends: list[int] = []
        history = layer.history
        hidden = self._hidden(kind, value) if history is None else self._hidden_before(history)
        for path, shown, _ in hidden:
            if shown == MASK:
                secrets.add(path)
            # In a table that stands for a secret, the keys may be what is secret.
            if path[:-1] in secrets and path in text.index.keys:
                yield Mask(*text.index.keys[path])
            if path in text.index.values and path not in text.index.headers:
                yield Mask(*text.index.values[path], shown)
                ends.append(text.index.values[path].end)
        yield from self._comments(text, sorted(ends))

    def _hidden(self, kind: kinds.Kind | None, value: Any) -> Iterator[tuple[Path, str, Any]]:
        """Yield what must not be shown of a value: its path, what is shown instead, and itself.

        What holds something comes before that.
        """
        left: list[tuple[kinds.Kind | None, Any, Path, str]] = [(kind, value, (), "")]
        while left:
            kind, value, path, shown = left.pop()
            shown = shown or self._instead(kind, value)
            if shown:
                yield path, shown, value
            for part, below in _parts(value):
                setting, below_kind = step(kind, part, value)
                secret = shown or (
                    setting.secret
                    if setting is not None
                    else below_kind is None and self._like_secret(part)
                )
                # Most of a large document are single values that may be shown.
                if (
                    secret
                    or isinstance(below, _TABLES_AND_ARRAYS)
                    or self._instead(below_kind, below)
                ):
                    left.append((below_kind, below, (*path, part), MASK if secret else ""))

    def _hidden_before(self, history: History) -> Iterator[tuple[Path, str, Any]]:
        """Yield the same of a document of an earlier version, by the paths that it has there."""
        return self._hidden_below(history, history.original, ())

    def _hidden_below(
        self, history: History, value: Any, path: Path, shown: str = ""
    ) -> Iterator[tuple[Path, str, Any]]:
        for part, below in _parts(value):
            here = (*path, part)
            hidden = shown or self._instead_before(history.gave(here), part, below)
            if hidden:
                yield here, hidden, below
            yield from self._hidden_below(history, below, here, MASK if hidden == MASK else "")

    def _instead_before(self, places: Sequence[Path], name: str | int, value: Any) -> str:
        """Say what is shown instead of a value that came to some places, or to none."""
        for path in places:
            setting, kind = setting_at(self.model, path), kind_at(self.model, path)
            if setting is not None and setting.secret:
                return MASK
            if kind is None and self._like_secret(name):
                return MASK
            if said := self._instead(kind, value):
                return said
        if places or isinstance(value, (Mapping, list, tuple)):
            return ""
        return MASK if self._like_secret(name) else ELLIPSIS

    def _instead(self, kind: kinds.Kind | None, value: Any) -> str:
        """Say what is shown instead of a value that may be a secret in the wrong place."""
        if isinstance(value, Mapping):
            return ""
        if isinstance(value, (list, tuple)) and not _wants_table(kind):
            return ""
        if kind is None:
            return ELLIPSIS if isinstance(value, str) else ""
        return ELLIPSIS if self._holds_secrets(kind) else ""

    def _holds_secrets(self, kind: kinds.Kind) -> bool:
        known = self._holding.get(kind)
        if known is None:
            known = any(model.secret_names for model in kinds.models_in(kind))
            self._holding[kind] = known
        return known

    def _comments(self, text: SourceText, ends: Sequence[int]) -> Iterator[Mask]:
        """Hide the comments that speak of a secret, or stand on the line of one."""
        for start, end in text.index.comments:
            before = bisect_right(ends, start)
            beside = before and text.text.rfind("\n", ends[before - 1], start) < 0
            words = _WORD.findall(text.text, start, end)
            if beside or any(map(self._like_secret, words)):
                yield Mask(start + 1, end, ELLIPSIS)

    def _like_secret(self, name: str | int) -> bool:
        if isinstance(name, int):  # a position
            return False
        if name not in self._judged:
            if len(self._judged) >= MOST_NAMES:
                return True
            self._judged[name] = speaks_of(name, self.model.secret_names)
        return self._judged[name]


#: So many names that are no settings are looked at; what stands under more of them is hidden.
MOST_NAMES = 10_000

_WORD = re.compile(r"[A-Za-z0-9_-]+")

#: Who knows so many characters of a secret knows a part of it.
PART = 8


def _tells(said: str, parts: frozenset[str], secret: str) -> bool:
    """Tell whether a text, given whole and in parts, holds a secret or a part of it."""
    return secret in said or any(part in parts for part in _in_parts(secret))


def _in_parts(text: str) -> Iterator[str]:
    return (text[start : start + PART] for start in range(len(text) - PART + 1))


_TABLES_AND_ARRAYS = (Mapping, list, tuple)


def _wants_table(kind: kinds.Kind | None) -> bool:
    """Tell whether an array is as wrong as any single value in the place of a kind."""
    return kind is not None and isinstance(kinds.bare(kind), (kinds.Group, kinds.GroupMap))


def _parts(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, (list, tuple)) else ()


def apart(masks: Iterable[Mask]) -> tuple[Mask, ...]:
    """Sort masks and leave out those that stand within another."""
    apart: list[Mask] = []
    for mask in sorted(masks, key=lambda one: (one.start, -one.end)):
        if not apart or mask.start >= apart[-1].end:
            apart.append(mask)
    return tuple(apart)


def located(
    layer: Layer,
    path: Path,
    label: str,
    masks: Masks | None = None,
    *,
    key: bool = False,
    within: tuple[int, int] | None = None,
    primary: bool = True,
) -> Located:
    """Show where something stands.

    Args:
        layer: The layer that holds it.

        path: Its path as the layer spells it.

        label: What to write under it.

        masks: What must not be shown; None where nothing in the text can be a secret.

        key: Whether to point at the key and not at the value.

        within: The part of the value's text that is meant, in characters.

        primary: Whether it is what the problem blames.

    Returns:
        The origin, the label with places, and the excerpt.
    """
    found = text_of(layer, path)
    if found is None:
        origin = Origin(layer.kind, layer.name)
        return origin, (Label(origin, label, primary=primary),), (Excerpt(origin),)
    if layer.is_remade(path):
        within = None  # it is a part of another text
    hidden = masks.of(layer, found) if masks is not None else ()
    highlights = _highlights(found.text, found.path, label, key=key, within=within, primary=primary)
    return shown(found.text, highlights, hidden)


def shown(text: SourceText, highlights: Sequence[Highlight], masks: Sequence[Mask]) -> Located:
    """Make the origin, the labels and the excerpt for stretches of one text."""
    return (
        text.origin(highlights[0].span),
        labels(text, highlights, masks),
        (excerpt(text, highlights, masks),),
    )


def _highlights(
    text: SourceText,
    path: Path,
    label: str,
    *,
    key: bool,
    within: tuple[int, int] | None,
    primary: bool,
) -> list[Highlight]:
    index = text.index
    # A table that dots or the header of another make has no place but its name.
    span = index.keys.get(path) if key or path not in index.values else None
    span = span or text.value_span(path) or Span(0, len(text.text))
    if within is not None:
        span = _narrowed(text.text, span, within)
    return [Highlight(span, label, primary)]


def _narrowed(text: str, span: Span, within: tuple[int, int]) -> Span:
    """Narrow a span to a part of its value; the quotes of a string are not part of the value."""
    literal = text[span.start : span.end]
    if literal.startswith(('"""', "'''")) or "\\" in literal:
        return span  # characters of the value and of the text do not correspond
    start = span.start + (literal[:1] in ('"', "'"))
    left = min(start + within[0], span.end)
    return Span(left, min(max(start + within[1], left), span.end))


def value_problem(
    layer: Layer,
    path: Path,
    canonical: Path,
    setting: Setting,
    bad: BadValue,
    masks: Masks,
    *,
    notes: Sequence[str] = (),
    help: str | None = None,
    edit: Edit | None = None,
) -> Problem:
    """Make the finding about a value.

    Args:
        layer: The layer that is blamed.

        path: The path of the value in it.

        canonical: The path as the schema spells it.

        setting: What was declared.

        bad: What is wrong.

        masks: What must not be shown.

        notes: What else to say.

        help: A remedy, if there is a better one than the one of *bad*.

        edit: The remedy as a change to the text.
    """
    secret = setting.secret
    # What an author's check says may tell of any value.
    detail = masks.harmless(bad.detail) if bad.code == "MC207" else bad.detail
    detail, label = ("", "not shown") if secret else (detail, bad.label)
    within = None if secret else bad.span
    origin, found_labels, excerpts = located(layer, path, label, masks, within=within)
    return Problem(
        bad.code,
        "error",
        dotted(canonical),
        f"`{dotted(canonical)}` {bad.expected}{detail}",
        origin,
        tuple(notes),
        None if secret else help or bad.help,
        expected=bad.expected,
        found="" if secret else bad.found,
        sensitive=secret,
        labels=found_labels,
        excerpts=excerpts,
        edit=edit,
    )


def broken_problem(model: Model, broken: Broken) -> Problem:
    """Make the finding about a text for a whole group that could not be read.

    Where secrets stand in it is not known, so it is shown only if the group has none.
    """
    kind = kind_at(model, broken.path)
    secret = kind is None or any(one.secret_names for one in kinds.models_in(kind))
    bad, text = broken.bad, broken.source
    origin: Origin = text.origin()
    found_labels: tuple[Label, ...] = (Label(origin, ""),)
    excerpts: tuple[Excerpt, ...] = (Excerpt(origin),)
    if not secret:
        highlights = [
            Highlight(Span(*bad.span) if bad.span else Span(0, len(text.text)), bad.label)
        ]
        origin, found_labels, excerpts = shown(text, highlights, ())
    path = dotted(broken.path)
    return Problem(
        bad.code,
        "error",
        path,
        f"`{path}` {bad.expected}{'' if secret else bad.detail}",
        origin,
        expected=bad.expected,
        sensitive=secret,
        labels=found_labels,
        excerpts=excerpts,
    )
