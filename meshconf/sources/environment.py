"""Environment variables, and whatever else gives named texts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import attrs

from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.suggest import fold
from meshconf.diagnostics.words import dotted
from meshconf.schema import kinds
from meshconf.schema.model import Model, Setting
from meshconf.schema.names import Variables, variables_of
from meshconf.sources.layer import Broken, Layer, Stray, Unparsed
from meshconf.sources.reading import Refused, read_text
from meshconf.sources.text_values import TextReader, format_of, is_service_link

__all__ = ["Environment", "NamedText", "choosers_of", "layer_of_texts", "names_for"]

Path = tuple[str | int, ...]

#: The largest file that a NAME_FILE variable or a directory of secrets may point to.
LARGEST_SECRET = 65_536

FILE_SUFFIX = "_FILE"

#: The names after the prefix of what chooses files; they set nothing in the schema.
CHOOSERS = ("CONFIG", "PROFILE")

names_for = lru_cache(maxsize=64)(variables_of)
"""The names of a model's variables, made once per prefix and separator."""


def choosers_of(variables: Variables, prefix: str) -> dict[str, str]:
    """Name the variables that choose files; one that a setting of the schema has is the setting's."""
    names = {word: prefix + word for word in CHOOSERS}
    return {word: name for word, name in names.items() if name not in variables.by_name}


@attrs.frozen(eq=False, repr=False)
class NamedText:
    """A text under a name that may set something.

    Attributes:
        name: The name that is looked up.

        text: What it holds.

        source: The text as reports show it.
    """

    name: str
    text: str
    source: SourceText


@attrs.frozen
class Environment:
    """The environment variables of one schema.

    Attributes:
        prefix: What their names begin with, such as ``MESH_``.

        separator: What stands between the parts of a name; ``__`` for those who come from such
            a convention.

        environ: The variables; ``None`` means those of the process, listed at each read.
    """

    prefix: str
    separator: str = attrs.field(default="_", kw_only=True)
    environ: Mapping[str, str] | None = attrs.field(default=None, kw_only=True, repr=False)

    def read(self, model: Model) -> Layer:
        """List the variables once and read those that the schema knows."""
        environ = os.environ if self.environ is None else self.environ
        variables = names_for(model, self.prefix, self.separator)
        present = [name for name in environ if name.startswith(self.prefix)]
        present += [name for name in variables.outright if name in environ]
        choosers = choosers_of(variables, self.prefix).values()
        texts = [
            NamedText(name, text, SourceText("env", name, text))
            for name in sorted(set(present))
            if name not in choosers and (text := environ.get(name)) is not None
        ]
        return layer_of_texts(
            model, texts, variables, kind="env", name="environment", prefix=self.prefix
        )


def layer_of_texts(
    model: Model,
    texts: Sequence[NamedText],
    variables: Variables,
    *,
    kind: str,
    name: str,
    prefix: str = "",
    problems: Sequence[Problem] = (),
) -> Layer:
    """Read named texts into a layer.

    Groups given as JSON are laid down first and single settings over them, so that an exploded
    variable wins leaf by leaf.

    Args:
        model: The schema.

        texts: The texts in the order in which the source has them.

        variables: The names that the schema knows.

        kind: The kind of the layer's origins.

        name: What reports call the source.

        prefix: What the names begin with.

        problems: What was already wrong with the source.

    Returns:
        The layer.
    """
    builder = _Builder(model, variables, {text.name for text in texts}, TextReader(prefix))
    builder.problems += problems
    for text in texts:
        builder.sort_in(text)
    builder.lay_down()
    return Layer(
        kind,
        name,
        builder.data,
        builder.places,
        frozenset(builder.spelled),
        tuple(builder.problems),
        tuple(builder.broken),
        tuple(builder.strays),
    )


@attrs.frozen(eq=False, repr=False)
class _Entry:
    path: Path
    setting: Setting
    named: NamedText
    entries: tuple[int, ...]


@attrs.define(eq=False, repr=False)
class _Builder:
    """Puts texts where their settings are."""

    model: Model
    variables: Variables
    present: set[str]
    reader: TextReader
    entries: list[_Entry] = attrs.field(factory=list)
    data: dict[str, Any] = attrs.field(factory=dict)
    places: dict[Path, SourceText] = attrs.field(factory=dict)
    spelled: set[Path] = attrs.field(factory=set)
    problems: list[Problem] = attrs.field(factory=list)
    broken: list[Broken] = attrs.field(factory=list)
    strays: list[Stray] = attrs.field(factory=list)

    def sort_in(self, named: NamedText) -> None:
        """Find out what a name sets."""
        found = self.variables.find(named.name)
        if found is None and named.name.endswith(FILE_SUFFIX):
            found = self.variables.find(named.name.removesuffix(FILE_SUFFIX))
            if found is not None:
                self._sort_in_file(named, found.path)
                return
        if found is None:
            family = _family(named, self.present)
            self.strays.append(Stray(named.name, family))
            return
        setting = found.variable.setting
        if _is_group(setting.kind) and not named.text.lstrip().startswith("{"):
            link = is_service_link(named.text)
            self.strays.append(Stray(named.name, "service_link" if link else "group"))
            return
        if named.text or not setting.facts.empty_is_unset:
            self.entries.append(_Entry(found.path, setting, named, found.entries))

    def _sort_in_file(self, named: NamedText, path: Path) -> None:
        """Take the text of a NAME_FILE variable from the file that it names."""
        base = named.name.removesuffix(FILE_SUFFIX)
        if base in self.present:
            self.problems.append(_given_twice(path, base, named.name))
            return
        try:
            text, _ = read_text(named.text, LARGEST_SECRET)
        except Refused as refused:
            subject = f"the file {named.text!r} of {named.name}"
            self.problems.append(refused.problem("env", named.name, subject, dotted(path)))
            return
        text = text.removesuffix("\n").removesuffix("\r")
        source = SourceText("secret_file", f"{named.text} ({named.name})", text)
        self.sort_in(NamedText(base, text, source))

    def lay_down(self) -> None:
        """Put the entries into the data, the shortest paths first."""
        for entry in sorted(self.entries, key=_depth_and_kind):
            value = self.reader.read(entry.named.name, entry.named.text, entry.setting.kind)
            if isinstance(value, Unparsed) and _is_group(entry.setting.kind):
                # Broken JSON must not hide the exploded variables of the same group.
                self.broken.append(Broken(entry.path, value.bad, entry.named.source))
                continue
            if not isinstance(value, Unparsed):  # only a sound text has elements to point at
                entry.named.source.format = format_of(entry.setting.kind, entry.named.text)
            self.places[self._put(entry, value)] = entry.named.source

    def _put(self, entry: _Entry, value: Any) -> Path:
        data = self.data
        path: Path = ()
        for position, part in enumerate(entry.path[:-1]):
            key = str(part)
            if position in entry.entries:
                key = _same_key(data, key)
                if key not in data:
                    self.spelled.add((*path, key))
            path = (*path, key)
            below = data.get(key)
            if not isinstance(below, dict):
                below = data[key] = {}
            data = below
        data[str(entry.path[-1])] = value
        return (*path, entry.path[-1])


def _same_key(data: Mapping[str, Any], part: str) -> str:
    """Find the key that another variable has already used for the same entry."""
    if part in data:
        return part
    return next((key for key in data if fold(key) == fold(part)), part)


def _is_group(kind: kinds.Kind) -> bool:
    return isinstance(kinds.bare(kind), (kinds.Group, kinds.GroupMap, kinds.TaggedUnion))


def _depth_and_kind(entry: _Entry) -> tuple[int, str]:
    return len(entry.path), entry.named.name


def _family(named: NamedText, present: set[str]) -> Any:
    if is_service_link(named.text):
        return "service_link"
    return "service_link" if _belongs_to_link(named.name, present) else "unknown"


#: How the other variables of a Service end, beside the `NAME_PORT=tcp://…` that gives it away.
_LINK_ENDINGS = ("_SERVICE_HOST", "_SERVICE_PORT")


def _belongs_to_link(name: str, present: set[str]) -> bool:
    """Tell whether a name is one of those that Kubernetes injects along with NAME_PORT."""
    for ending in (*_LINK_ENDINGS, "_SERVICE_PORT_", "_PORT_"):
        stem, found, rest = name.partition(ending)
        complete = ending.endswith("_") or not rest
        if found and complete and f"{stem}_PORT" in present and f"{stem}_SERVICE_HOST" in present:
            return True
    return False


def _given_twice(path: Path, base: str, file: str) -> Problem:
    return Problem(
        "MC105",
        "error",
        dotted(path),
        f"`{dotted(path)}` is given twice: by {base} and by {file}",
        Origin("env", file),
        help=f"unset {base} or {file}",
    )
