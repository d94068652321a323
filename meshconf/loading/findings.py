"""Making problems: the words about a value, with the lines of the source that gave it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.excerpt import ELLIPSIS, MASK, Highlight, Mask, excerpt, labels
from meshconf.diagnostics.problem import Excerpt, Label, Origin, Problem
from meshconf.diagnostics.spans import Span
from meshconf.diagnostics.suggest import fold
from meshconf.diagnostics.words import dotted
from meshconf.loading.lookup import text_of
from meshconf.loading.merge import canonical_key
from meshconf.schema import kinds
from meshconf.schema.model import Model, Setting

if TYPE_CHECKING:
    from meshconf.diagnostics.source_text import SourceText
    from meshconf.schema.values import BadValue
    from meshconf.sources.layer import Broken, Layer

__all__ = ["Masks", "broken_problem", "located", "value_problem"]

Path = tuple[str | int, ...]
Located = tuple[Origin, tuple[Label, ...], tuple[Excerpt, ...]]


@attrs.frozen(eq=False)
class Masks:
    """What must not be shown of each text: the values of secrets, and what may be one.

    Made once for a report. A string under an unknown key may be a secret whose name is misspelt,
    and a comment may be one that was taken out of use: neither is shown.
    """

    model: Model
    _masks: dict[int, tuple[Mask, ...]] = attrs.field(factory=dict)

    def of(self, layer: Layer, text: SourceText, start: Path) -> tuple[Mask, ...]:
        """Return the spans of a text that are masked.

        Args:
            layer: The layer that the text belongs to.

            text: The text.

            start: The path in the layer of what was read from it.
        """
        if id(text) not in self._masks:
            self._masks[id(text)] = tuple(self._found(layer, text, start))
        return self._masks[id(text)]

    def _found(self, layer: Layer, text: SourceText, start: Path) -> Iterator[Mask]:
        value: Any = layer.data
        at: Any = kinds.Group(self.model)
        secret = False
        for part in start:
            value = value[part]
            at, below_secret = _step(at, part)
            secret = secret or below_secret
        if secret:
            yield Mask(0, len(text.text))
            return
        names = {fold(name) for name in self.model.secret_names}
        if not names:
            return
        for path, shown in _hidden(at, value, ()):
            if span := text.index.values.get(path):
                yield Mask(span.start, span.end, shown)
        for comment in text.index.comments:
            words = fold(text.text[comment.start : comment.end])
            if any(name in words for name in names):
                yield Mask(comment.start + 1, comment.end, ELLIPSIS)


def _step(kind: Any, part: str | int) -> tuple[Any, bool]:
    """Return the kind of what stands under a key of a value, and whether that is a secret."""
    kind = kinds.bare(kind) if kind is not None else None
    match kind:
        case kinds.Group(model):
            name = canonical_key(model, part) if isinstance(part, str) else None
            setting = model.settings[name] if name is not None else None
            return (setting.kind, setting.secret) if setting is not None else (None, False)
        case kinds.GroupMap(model):
            return kinds.Group(model), False
        case kinds.TaggedUnion(_, models):
            steps = [_step(kinds.Group(model), part) for model in models.values()]
            known = [step for step in steps if step[0] is not None]
            return (known[0][0], any(step[1] for step in known)) if known else (None, False)
        case kinds.ListOf(item) | kinds.MapOf(_, item):
            return item, False
        case kinds.FixedArray(items) if isinstance(part, int) and part < len(items):
            return items[part], False
        case _:
            return kind, False


def _hidden(kind: Any, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the paths below a value that must not be shown, and what is shown instead.

    *kind* is None below an unknown key, whose texts may be secrets under a misspelt name.
    """
    if isinstance(value, Mapping):
        pairs: Sequence[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, (list, tuple)):
        pairs = list(enumerate(value))
    else:
        if kind is _SECRET:
            yield path, MASK
        elif kind is None and isinstance(value, str):
            yield path, ELLIPSIS
        return
    for part, below in pairs:
        # A table in the place of a secret: what stands in it is as secret.
        below_kind, secret = (kind, False) if kind in (None, _SECRET) else _step(kind, part)
        yield from _hidden(_SECRET if secret else below_kind, below, (*path, part))


_SECRET: Any = object()


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
    text, rest = found
    hidden = masks.of(layer, text, path[: len(path) - len(rest)]) if masks is not None else ()
    return shown(
        text, _highlights(text, rest, label, key=key, within=within, primary=primary), hidden
    )


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
    span = index.keys.get(path) if key else None
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
    """
    secret = setting.secret
    label = "not shown" if secret else bad.label
    within = None if secret else bad.span
    origin, found_labels, excerpts = located(layer, path, label, masks, within=within)
    return Problem(
        bad.code,
        "error",
        dotted(canonical),
        f"`{dotted(canonical)}` {bad.expected}{'' if secret else bad.detail}",
        origin,
        tuple(notes),
        None if secret else help or bad.help,
        expected=bad.expected,
        found="" if secret else bad.found,
        sensitive=secret,
        labels=found_labels,
        excerpts=excerpts,
    )


def broken_problem(broken: Broken, setting: Setting) -> Problem:
    """Make the finding about a text for a whole group that could not be read.

    Where secrets stand in it is not known, so it is shown only if the group has none.
    """
    secret = setting.secret or any(model.secret_names for model in kinds.models_in(setting.kind))
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
