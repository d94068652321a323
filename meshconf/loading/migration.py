"""What migrating a file comes to, before anything is written: the new text, proven, or why not."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.excerpt import ELLIPSIS, Mask
from meshconf.diagnostics.words import dotted, printable
from meshconf.evolution.documents import Migrated, migrate
from meshconf.evolution.proof import Unproven
from meshconf.evolution.splices import Splice, spliced
from meshconf.evolution.texts import migrated_text
from meshconf.loading.about_versions import changes
from meshconf.loading.findings import Masks, apart
from meshconf.loading.load import Outcome, UnknownVariables, load_layers
from meshconf.loading.lookup import InText
from meshconf.loading.versions import all_up_to_date
from meshconf.schema.configuration import version_of
from meshconf.sources.file import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.diagnostics.problem import Problem  # noqa: TC004 - nothing resolves annotations
    from meshconf.diagnostics.source_text import SourceText
    from meshconf.schema.model import Model
    from meshconf.sources.layer import Layer  # noqa: TC004 - nothing resolves annotations

__all__ = ["Migration", "masked", "migration_of"]

#: What a file alone cannot be blamed for: others of its stack may say what it lacks, or what would
#: make a rule hold; and that it is old is no reason not to migrate it.
_OF_THE_STACK = ("MC102", "MC301", "MC302", "MC502")


@attrs.frozen(eq=False)
class Migration:
    """What becomes of one file.

    Attributes:
        layer: The file as it was read.

        old: Its text; ``None`` if it could not be read.

        new: Its text in the wanted version; ``None`` if it cannot be migrated.

        before: The version that it has; ``None`` if it tells none that is known.

        version: The version that it is to have.

        changes: What is changed, in sentences.

        lost: What new values no longer say, in sentences.

        problems: Why it cannot be migrated.

        obstacle: The same in one sentence, where no problem tells it.
    """

    layer: Layer
    old: str | None
    new: str | None
    before: int | None
    version: int
    changes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    obstacle: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to change."""
        return self.new != self.old


def migration_of(
    model: Model, layer: Layer, version: int, under: Sequence[Layer] = ()
) -> Migration:
    """Find out what migrating a file comes to.

    The file has to be sound in the layout of the current version, whatever the wanted one is: its
    values, and the ones that steps make of them, are judged as a load judges them.

    Args:
        model: The schema.

        layer: The file as its source gave it.

        version: The version that it is to have, at most the current one; a newer file stays.

        under: The files that it lies over, as their sources gave them; none if a default holds where
            it says nothing.

    Returns:
        The new text, proven to say what the steps make of the document, or why there is none.
    """
    text = layer.texts.get(())
    old = None if text is None else text.text
    before = version_of(layer.data)
    if old is not None and before is not None and version <= before <= model.configuration.version:
        return Migration(layer, old, old, before, version)
    outcome = load_layers(model, [layer], None, UnknownVariables("ignore"))
    errors = [one for one in outcome.problems if one.severity == "error"]
    in_the_way = tuple(one for one in errors if one.code not in _OF_THE_STACK)
    if old is None or before is None or in_the_way:
        return Migration(layer, old, None, before, version, problems=in_the_way)
    migrated = _migrated(model, layer, version, outcome, under)
    said = tuple(changes(model, migrated))
    lost = tuple(
        f"`{dotted(use.path)}`: {printable(use.edit.loses)}"
        for use in migrated.uses
        if use.edit.loses and use.edit.kind != "remove"  # of which the change itself tells
    )
    try:
        new = migrated_text(old, version, migrated)
    except Unproven as error:
        obstacle = f"{printable(layer.name)}: {error}"
    else:
        return Migration(layer, old, new, before, version, said, lost)
    return Migration(layer, old, None, before, version, said, lost, obstacle=obstacle)


def _migrated(
    model: Model, layer: Layer, version: int, outcome: Outcome, under: Sequence[Layer]
) -> Migrated:
    """Migrate the document, unless the load that judged it has done just that."""
    done = outcome.layers[0].history
    if not under and version == model.configuration.version and isinstance(done, Migrated):
        return done
    documents = [one.data for one in all_up_to_date(model, under)]
    return migrate(layer.data, version, model.configuration.steps, documents or None)


def masked(model: Model, layer: Layer, text: str, before: str | None = None) -> str:
    """Return a text of a file, old or new, with the secrets in it masked.

    Args:
        model: The schema.

        layer: The file, of which the kind and the name count.

        text: The text.

        before: The text that it was before. Where the schema has secrets, a comment that was not
            shown there is not shown: what it holds was taken out, or it stood beside a secret.
    """
    source, masks = _hidden(model, layer, text)
    if before is not None and model.secret_names:
        said = set(_shown_comments(*_hidden(model, layer, before)))
        new = (one for one in source.index.comments if text[slice(*one)] not in said)
        masks = apart([*masks, *(Mask(start + 1, end, ELLIPSIS) for start, end in new)])
    return spliced(text, (Splice(mask.start, mask.end, mask.shown) for mask in masks))


def _hidden(model: Model, layer: Layer, text: str) -> tuple[SourceText, Sequence[Mask]]:
    """Read a text of a file; return what of it is not shown."""
    (read,) = all_up_to_date(model, [parse_toml(model, text, kind=layer.kind, name=layer.name)])
    source = read.texts[()]
    return source, Masks(model, [read]).of(read, InText(source, (), ()))


def _shown_comments(source: SourceText, masks: Sequence[Mask]) -> Iterator[str]:
    for start, end in source.index.comments:
        last = bisect_right(masks, start + 1, key=lambda mask: mask.start) - 1
        if last < 0 or masks[last].end <= start + 1:
            yield source.text[start:end]
