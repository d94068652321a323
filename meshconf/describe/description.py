"""The description of a schema: each setting where it stands, with its default and its variable.

It is computed from the Model once; tables, JSON Schema and starter files are ways to write it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.words import Path, dotted
from meshconf.loading.walk import restart_at
from meshconf.schema import kinds
from meshconf.schema.model import REQUIRED
from meshconf.schema.names import variable_name
from meshconf.sources.environment import choosers_of, file_variable, names_for, variable_at

if TYPE_CHECKING:
    from meshconf.schema.edits import Names
    from meshconf.schema.model import Model, Setting  # noqa: TC004 - nothing resolves annotations
    from meshconf.schema.old_paths import OldPath

__all__ = [
    "CHOOSER_HELP",
    "ELEMENT",
    "ENTRY",
    "Described",
    "DescribedGroup",
    "Description",
    "about",
    "describe",
    "written",
]

#: Stands in a path for the key of an entry of a map.
ENTRY = "<name>"

#: Stands in a path for the number of an element of a list.
ELEMENT = "[]"

#: What the variables that choose files do.
CHOOSER_HELP = {
    "CONFIG": "Names the files that are read instead of the usual one, separated as in PATH.",
    "PROFILE": "Names a profile such as production, whose file is read after the usual one.",
}


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Described:
    """A setting at one place of a schema.

    Attributes:
        path: Where it stands; ``ENTRY`` and ``ELEMENT`` stand for keys of maps and for positions.

        setting: What was declared.

        default: What holds there if no source sets it; ``REQUIRED`` if one has to, ``None`` if it
            is then not set.

        inherits: The path whose value holds before the default does; ``None`` if there is none.

        variable: The name of its variable; empty if only a whole list or mapping around it has one.

        file_variable: The variable that names a file with the value; empty if there is none.

        old_variables: Names that its variable had earlier.

        old_paths: Where files of an earlier version have it, dotted, each with that version.

        groups: What it is made of: one group, or for a union one for each class.

        needs_restart: Whether a running process cannot take a change of it over.

        always: Whether it is there in every configuration: in no entry of a map, no element of a
            list and no group that is optional.
    """

    path: Path
    setting: Setting
    default: Any
    inherits: Path | None = None
    variable: str = ""
    file_variable: str = ""
    old_variables: tuple[str, ...] = ()
    old_paths: tuple[tuple[str, int], ...] = ()
    groups: tuple[DescribedGroup, ...] = ()
    needs_restart: bool = False
    always: bool = True

    @property
    def holds_always(self) -> bool:
        """Whether what it holds is there in every configuration."""
        return self.always and self.setting.group is not None and self.default is not None

    @property
    def required(self) -> bool:
        """Whether a source has to set it; a group or a map is made without one."""
        made = self.setting.group is not None or self.setting.map_of is not None
        return self.default is REQUIRED and self.inherits is None and not made

    @property
    def computed(self) -> bool:
        """Whether the class computes the default from other settings."""
        return isinstance(self.setting.default, attrs.Factory) and self.setting.default.takes_self  # type: ignore[arg-type]


@attrs.frozen(eq=False, repr=False, kw_only=True)
class DescribedGroup:
    """A group at one place of a schema.

    Attributes:
        path: Where it stands.

        model: Its class.

        settings: What it holds.

        tag: For a class of a union: the name of the setting that tells it apart.

        tags: The values of that setting that choose this class.
    """

    path: Path
    model: Model
    settings: tuple[Described, ...]
    tag: str = ""
    tags: tuple[Any, ...] = ()

    def walk(self) -> Iterator[Described]:
        """Yield every setting in it, groups before what they hold."""
        for described in self.settings:
            yield described
            for group in described.groups:
                yield from group.walk()


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Description:
    """A schema as users see it.

    Attributes:
        root: All of it.

        prefix: What the names of variables begin with; ``None`` if the environment is not read.

        choosers: The variables that choose files: ``CONFIG`` and ``PROFILE``.
    """

    root: DescribedGroup
    prefix: str | None
    choosers: Mapping[str, str]

    @property
    def variables(self) -> Iterator[str]:
        """Yield all names that set something, old ones included and those of files left out."""
        # One variable serves all classes of a union.
        names = ((one.variable, *one.old_variables) for one in self.root.walk())
        yield from dict.fromkeys(name for group in names for name in group if name)


def describe(model: Model, prefix: str | None) -> Description:
    """Describe a schema.

    Args:
        model: The schema.

        prefix: What the names of variables begin with; None if the environment is not read.

    Raises:
        TypeError: If two settings share a variable.
    """
    choosers = {} if prefix is None else choosers_of(names_for(model, prefix), prefix)
    root = _Describer(model, prefix).group(model, (), None)
    return Description(root=root, prefix=prefix, choosers=choosers)


def written(path: Path) -> str:
    """Write a path as documentation does: ``upstreams.<name>.port``, ``parts[].name``."""
    text = ""
    for part in path:
        if part == ELEMENT or isinstance(part, int):
            text += dotted((part,)) if part != ELEMENT else ELEMENT
        else:
            name = part if part == ENTRY else dotted((part,))
            text += f".{name}" if text else name
    return text


def about(cls: type) -> str:
    """Return what the docstring of a class begins with; empty if its author wrote none."""
    # It may be anything: a class may be given a property or a number as its docstring.
    said: object = cls.__doc__
    first = inspect.cleandoc(said if isinstance(said, str) else "").split("\n\n", 1)[0]
    # dataclasses write one of their own.
    return "" if first.startswith(f"{cls.__name__}(") else " ".join(first.split())


@attrs.frozen(eq=False, repr=False)
class _Describer:
    root: Model
    prefix: str | None

    def group(
        self,
        model: Model,
        path: Path,
        above: Described | None,
        tag: str = "",
        tags: tuple[Any, ...] = (),
    ) -> DescribedGroup:
        """Describe a group; *above* is the setting that holds it, None for the root."""
        settings = tuple(
            self._setting(setting, (*path, name), above) for name, setting in model.settings.items()
        )
        return DescribedGroup(path=path, model=model, settings=settings, tag=tag, tags=tags)

    def _setting(self, setting: Setting, path: Path, above: Described | None) -> Described:
        variable = self._variable(path)
        described = Described(
            path=path,
            setting=setting,
            default=_default(setting, above),
            inherits=_inherits(setting, above),
            variable=variable,
            file_variable=self._file_variable(variable),
            old_variables=tuple(dict.fromkeys(self._old_variables(setting, path, variable))),
            old_paths=tuple(self._old_paths(path)),
            needs_restart=restart_at(self.root, path) is not None,
            always=above is None or above.holds_always,
        )
        groups = (
            self.group(model, where, described, *tagged)
            for model, where, *tagged in _groups(setting.kind, path)
        )
        return attrs.evolve(described, groups=tuple(groups))

    def _variable(self, path: Path) -> str:
        return "" if self.prefix is None else variable_at(self.root, path, self.prefix)

    def _file_variable(self, variable: str) -> str:
        if self.prefix is None or not variable:
            return ""
        return file_variable(names_for(self.root, self.prefix), variable)

    def _old_variables(self, setting: Setting, path: Path, variable: str) -> Iterator[str]:
        """Yield the old names that are read: where classes of a union share a key, the first's."""
        if self.prefix is None or not variable:
            return
        for old in setting.facts.renamed_from:
            if name := self._variable((*path[:-1], old)):
                yield name
        names = names_for(self.root, self.prefix)
        for before, _ in self._before(path):
            name = _old_name(before, self.prefix)
            found = names.find(name)
            if found is not None and found.old_path is not None and name != variable:
                yield name

    def _old_paths(self, path: Path) -> Iterator[tuple[str, int]]:
        """Yield the old paths that steps name; those below a group that moved go without saying."""
        for names, old in self._before(path):
            if any(len(into) == len(path) for into in old.into):
                yield written(names), old.step.to - 1

    def _before(self, path: Path) -> Iterator[tuple[Names, OldPath]]:
        if self.root.configuration.steps:
            from meshconf.schema.old_paths import paths_before  # most schemas have no history

            yield from paths_before(self.root.configuration.steps, path)


def _old_name(names: Names, prefix: str) -> str:
    """Derive the variable of an old path; the names of entries stand between two underscores."""
    parts = [tuple(group) for is_entry, group in groupby(names, ENTRY.__eq__) if not is_entry]
    return prefix + f"__{ENTRY.upper()}__".join(variable_name("", part) for part in parts)


def _default(setting: Setting, above: Described | None) -> Any:
    """Return the default; that of the object that the group around it has as its own decides."""
    if above is not None and type(above.default) is setting.owner:
        return getattr(above.default, setting.attribute)
    return setting.default_value()


def _inherits(setting: Setting, above: Described | None) -> Path | None:
    if setting.facts.inherits is not None:
        return tuple(setting.facts.inherits.split("."))
    # Entries of maps and elements of lists are taken whole.
    if above is None or above.inherits is None or above.setting.group is None:
        return None
    return (*above.inherits, setting.name)


def _groups(kind: kinds.Kind, path: Path) -> Iterator[tuple[Any, ...]]:
    """Yield the classes that a value is made of, each with its place and its tag."""
    match kinds.bare(kind):
        case kinds.Group(model):
            yield model, path
        case kinds.GroupMap(model):
            yield model, (*path, ENTRY)
        case kinds.TaggedUnion(tag, models):
            for model in dict.fromkeys(models.values()):
                tags = tuple(value for value, one in models.items() if one is model)
                yield model, path, tag, tags
        case kinds.ListOf(item):
            yield from _groups(item, (*path, ELEMENT))
        case kinds.MapOf(_, item):
            yield from _groups(item, (*path, ENTRY))
        case kinds.FixedArray(items):
            for number, item in enumerate(items):
                yield from _groups(item, (*path, number))
        case _:
            pass
