"""Environment variables, and whatever else gives named texts."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.problem import Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.suggest import fold, folded
from meshconf.diagnostics.words import LONGEST_NAME, Path, dotted, printable, quoted_key
from meshconf.schema.names import Found, Variables, name_of, variables_of
from meshconf.sources.files import AS_FOUND, Files
from meshconf.sources.layer import Broken, Layer, Stray, Unparsed
from meshconf.sources.reading import Refused
from meshconf.sources.text_values import TextReader, format_of, is_service_link

if TYPE_CHECKING:
    from meshconf.schema.model import Model, Setting
    from meshconf.schema.old_paths import OldPath

__all__ = [
    "Environment",
    "NamedText",
    "choosers_of",
    "file_variable",
    "found_by",
    "gone_by",
    "layer_of_texts",
    "named_outright",
    "names_for",
    "variable_at",
]

#: The largest file that a NAME_FILE variable or a directory of secrets may point to.
LARGEST_SECRET = 65_536

FILE_SUFFIX = "_FILE"

#: The names after the prefix of what chooses files; they set nothing in the schema.
CHOOSERS = ("CONFIG", "PROFILE")

names_for = functools.lru_cache(maxsize=64)(variables_of)
"""The names of a model's variables, made once per prefix and separator."""


def variable_at(model: Model, path: Path, prefix: str) -> str:
    """Name the variable that sets what stands at a path; empty if none sets just that.

    Within a list or a mapping that is replaced whole nothing has a variable of its own, nor has
    an entry of a map as a whole.
    """
    if any(isinstance(part, int) for part in path):
        return ""
    name = name_of(model, path, prefix)
    return name if names_for(model, prefix).find(name) else ""


def found_by(variables: Variables, name: str) -> Found | None:
    """Look up what a variable sets, by its own text or by the file that it names."""
    return variables.find(name) or variables.find(name.removesuffix(FILE_SUFFIX))


def gone_by(variables: Variables, name: str) -> OldPath | None:
    """Look up what a variable set in an earlier version, by its own text or by a file."""
    return variables.find_gone(name) or variables.find_gone(name.removesuffix(FILE_SUFFIX))


def file_variable(variables: Variables, name: str) -> str:
    """Name the variable that names the file with a value; empty if that is another setting's."""
    with_suffix = name + FILE_SUFFIX
    return "" if variables.find(with_suffix) else with_suffix


def choosers_of(variables: Variables, prefix: str) -> dict[str, str]:
    """Name the variables that choose files; one that a setting of the schema has is the setting's."""
    names = {word: prefix + word for word in CHOOSERS}
    return {word: name for word, name in names.items() if name not in variables.by_name}


def named_outright(variables: Variables) -> set[str]:
    """List the names that count although they do not begin with the prefix."""
    return {name + end for name in variables.outright for end in ("", FILE_SUFFIX)}


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
        return self.read_from(AS_FOUND, model)

    def read_from(self, files: Files, model: Model) -> Layer:
        """Read the variables, and the files that they name as *files* has them."""
        environ = os.environ if self.environ is None else self.environ
        variables = names_for(model, self.prefix, self.separator)
        present = {name for name in environ if name.startswith(self.prefix)}
        present |= {name for name in named_outright(variables) if name in environ}
        choosers = choosers_of(variables, self.prefix).values()
        texts = [
            NamedText(name, text, SourceText("env", name, text))
            for name in sorted(present)
            if name not in choosers and (text := environ.get(name)) is not None
        ]
        return layer_of_texts(
            texts, variables, kind="env", name="environment", prefix=self.prefix, files=files
        )


def layer_of_texts(
    texts: Sequence[NamedText],
    variables: Variables,
    *,
    kind: str,
    name: str,
    prefix: str = "",
    problems: Sequence[Problem] = (),
    files: Files = AS_FOUND,
) -> Layer:
    """Read named texts into a layer.

    Groups given as JSON are laid down first and single settings over them, so that an exploded
    variable wins leaf by leaf.

    Args:
        texts: The texts in the order in which the source has them.

        variables: The names that the schema knows.

        kind: The kind of the layer's origins.

        name: What reports call the source.

        prefix: What the names begin with.

        problems: What was already wrong with the source.

        files: Has the files that texts name.

    Returns:
        The layer.
    """
    builder = _Builder(variables, texts, files)
    builder.problems += problems
    for text in texts:
        builder.sort_in(text)
    builder.lay_down()
    return Layer(
        kind,
        name,
        builder.data,
        {path: entry.named.source for path, entry in builder.laid.items()},
        frozenset(builder.spelled),
        tuple(builder.problems),
        tuple(builder.broken),
        # Without a prefix, most names are none of ours.
        tuple(stray for stray in builder.strays if prefix or stray.family == "old"),
        complete=not any(problem.severity == "error" for problem in builder.problems),
    )


@attrs.frozen(eq=False, repr=False)
class _Entry:
    found: Found
    named: NamedText

    @property
    def setting(self) -> Setting:
        return self.found.variable.setting

    @property
    def is_old(self) -> bool:
        return bool(self.found.variable.old) or self.found.old_path is not None


@attrs.define(eq=False, repr=False)
class _Builder:
    """Puts texts where their settings are."""

    variables: Variables
    texts: Sequence[NamedText]
    files: Files
    reader: TextReader = attrs.field(factory=TextReader)
    entries: list[_Entry] = attrs.field(factory=list)
    data: dict[str, Any] = attrs.field(factory=dict)
    laid: dict[Path, _Entry] = attrs.field(factory=dict)
    spelled: set[Path] = attrs.field(factory=set)
    problems: list[Problem] = attrs.field(factory=list)
    broken: list[Broken] = attrs.field(factory=list)
    strays: list[Stray] = attrs.field(factory=list)
    keys: dict[Path, dict[str, list[str]]] = attrs.field(factory=dict)
    respelled: bool = False  # whether a key in the data may not be as the schema spells it

    def sort_in(self, named: NamedText) -> None:
        """Find out what a name sets."""
        if found := self.variables.find(named.name):
            self._take(found, named)
        elif named.name.endswith(FILE_SUFFIX) and (
            found := self.variables.find(named.name.removesuffix(FILE_SUFFIX))
        ):
            self._take_file(found, named)
        elif old := gone_by(self.variables, named.name):
            self.strays.append(Stray(named.name, "gone", old=old))
        else:
            injected = self._is_injected(named)
            self.strays.append(Stray(named.name, "service_link" if injected else "unknown"))

    def _take(self, found: Found, named: NamedText) -> None:
        """Note the text of a setting, unless it is no text that can set it."""
        setting = found.variable.setting
        if not _is_unicode(named.name + named.text):
            self.problems.append(_not_unicode(found.path, named))
            return
        if setting.holds_settings and not named.text.lstrip().startswith("{"):
            link = is_service_link(named.text)
            stray = Stray(named.name, "group", found.path)
            self.strays.append(Stray(named.name, "service_link") if link else stray)
            return
        if found.old_path is not None:
            self.strays.append(Stray(named.name, "old", found.path, found.old_path))
        if named.text or not setting.facts.empty_is_unset:
            self.entries.append(_Entry(found, named))

    def _is_injected(self, named: NamedText) -> bool:
        """Tell whether Kubernetes injects a variable for a Service."""
        if is_service_link(named.text):
            return True
        return len(named.name) <= LONGEST_NAME and any(
            named.name[: start.start()] in self._linked
            and _LINK_MEMBER.fullmatch(named.name, start.start())
            for start in _LINK_START.finditer(named.name)
        )

    @functools.cached_property
    def _linked(self) -> set[str]:
        """List what the names of the variables of each Service begin with."""
        return {
            text.name.removesuffix("PORT")
            for text in self.texts
            if text.name.endswith("_PORT") and is_service_link(text.text)
        }

    @functools.cached_property
    def _names(self) -> set[str]:
        return {text.name for text in self.texts}

    def _take_file(self, found: Found, named: NamedText) -> None:
        """Take the text of a NAME_FILE variable from the file that it names."""
        path = found.path
        base = named.name.removesuffix(FILE_SUFFIX)
        if base in self._names:
            self.problems.append(_given_twice(path, base, named))
            return
        try:
            text, _ = self.files.text(named.text, LARGEST_SECRET)
        except Refused as refused:
            subject = f'the file "{printable(named.text)}" of {named.name}'
            problem = refused.problem("env", named.name, subject, dotted(path))
            self.problems.append(attrs.evolve(problem, origin=named.source.origin(), excerpts=()))
            return
        text = text.removesuffix("\n").removesuffix("\r")
        source = SourceText("secret_file", f"{named.text} ({named.name})", text)
        self._take(found, NamedText(named.name, text, source))

    def lay_down(self) -> None:
        """Put the entries into the data, the shortest paths first."""
        for entry in sorted(self.entries, key=_depth_and_kind):
            named, setting = entry.named, entry.setting
            value = self.reader.read(named.name, named.text, setting.kind)
            if isinstance(value, Unparsed):
                if setting.holds_settings:
                    # Broken JSON must not hide the exploded variables of the same group.
                    self.broken.append(Broken(entry.found.path, value.bad, named.source))
                    continue
            else:  # only a sound text has elements to point at
                named.source.format = format_of(setting.kind, named.text)
            self.respelled = self.respelled or entry.is_old or isinstance(value, dict)
            path = self._put(entry, value)
            if path in self.laid:
                self.problems.append(_twice(entry, self.laid[path]))
            self.laid[path] = entry

    def _put(self, entry: _Entry, value: Any) -> Path:
        """Put a value into the data; return the path there."""
        data = self.data
        path: Path = ()
        for position, part in enumerate(entry.found.path[:-1]):
            if position in entry.found.entries:
                key = self._entry_key(data, path, str(part), entry.named)
            else:
                key = self._same_key(data, str(part))
            path = (*path, key)
            below = data.get(key)
            if not isinstance(below, dict):
                below = data[key] = {}
            data = below
        key = entry.found.variable.old or str(entry.found.path[-1])
        key = self._same_key(data, key, entry.setting.name, *entry.setting.facts.renamed_from)
        data[key] = value
        return (*path, key)

    def _same_key(self, data: Mapping[str, Any], key: str, *others: str) -> str:
        """Find how another variable has already spelled a key, by its own name or another one."""
        if not self.respelled or key in data:
            return key
        names = {fold(name) for name in (key, *others)}
        return next((held for held in data if fold(held) in names), key)

    def _entry_key(self, data: Mapping[str, Any], path: Path, key: str, named: NamedText) -> str:
        """Find how the map at a path already spells a key; its keys are folded once."""
        keys = self.keys.get(path)
        if keys is None:
            keys = self.keys[path] = folded(data)
        same = keys.setdefault(fold(key), [])
        if not same:
            same.append(key)
            self.spelled.add((*path, key))
        elif len(same) > 1:
            self.problems.append(_ambiguous(path, same, named))
        return same[0]


def _is_unicode(text: str) -> bool:
    """Tell whether a text can be encoded: bytes that are not UTF-8 arrive as lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _depth_and_kind(entry: _Entry) -> tuple[int, str]:
    return len(entry.found.path), entry.named.name


_LINK_START = re.compile("SERVICE_|PORT_")

#: How the names go on that Kubernetes injects for a Service along with `…_PORT=tcp://…`.
_LINK_MEMBER = re.compile(r"SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?")


def _given_twice(path: Path, other: str, named: NamedText) -> Problem:
    return Problem(
        "MC105",
        "error",
        dotted(path),
        f"`{dotted(path)}` is given twice: by {other} and by {named.name}",
        named.source.origin(),
        help=f"unset {other} or {named.name}",
    )


def _twice(entry: _Entry, other: _Entry) -> Problem:
    """Tell that a setting has two names set; to the same text, it is just a warning."""
    problem = _given_twice(entry.found.path, other.named.name, entry.named)
    old = next((one.named.name for one in (entry, other) if one.is_old), None)
    if old is not None:
        problem = attrs.evolve(problem, help=f"unset {old}, which is an old name")
    same = other.named.text == entry.named.text
    return attrs.evolve(problem, severity="warning") if same else problem


def _not_unicode(path: Path, named: NamedText) -> Problem:
    origin = named.source.origin()
    return Problem("MC003", "error", dotted(path), f"{origin} is not UTF-8", origin)


def _ambiguous(path: Path, keys: Sequence[str], named: NamedText) -> Problem:
    held = ", ".join(map(quoted_key, keys))
    return Problem(
        "MC105",
        "error",
        dotted(path),
        f"{printable(named.name)} could mean any of {held} in `{dotted(path)}`",
        named.source.origin(),
        help="give the entry as JSON in the variable of the whole map, or rename one of them",
    )
