"""The settings of a schema and their variables, as tables in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.describe.description import CHOOSER_HELP, DescribedGroup, about, written
from meshconf.describe.file_text import plain
from meshconf.describe.markdown import cell, code, prose, table
from meshconf.diagnostics.toml_text import toml_value
from meshconf.schema.configuration import VERSION_KEY
from meshconf.schema.model import REQUIRED
from meshconf.sources.environment import FILE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.describe.description import Described, Description
    from meshconf.diagnostics.words import Path

__all__ = ["settings_markdown"]


def settings_markdown(description: Description) -> str:
    """Write all settings, a table for each group.

    Args:
        description: The schema.

    Returns:
        The document, with a newline at its end.
    """
    root = description.root
    file = root.model.configuration.file
    parts = [
        "<!-- Made by `meshconf docs`; change the schema instead. -->",
        f"# Settings {f'in {code(file)}' if file else f'of {root.model.cls.__name__}'}",
        *_about(description),
        *_group(root),
    ]
    return "\n\n".join(parts) + "\n"


def _about(description: Description) -> Iterator[str]:
    """Say where settings are read from."""
    if said := about(description.root.model.cls):
        yield prose(said)
    file = description.root.model.configuration.file
    if description.prefix is None:
        if file:
            yield f"They stand in {code(file)}."
        return
    yield (
        f"They stand in {code(file) if file else 'a file'}; the variable below each of them wins "
        f"over the file, and the same name with `{FILE_SUFFIX}` at its end names a file that holds "
        "the value. Lists are written `a,b` or as JSON, groups as JSON."
    )
    version = description.root.model.configuration.version
    if version > 1:
        yield f"`{VERSION_KEY} = {version}` at the top of a file says which layout it has."
    if description.choosers:
        rows = [(f"`{name}`", CHOOSER_HELP[word]) for word, name in description.choosers.items()]
        yield table(("Variable", "Meaning"), rows)


def _group(group: DescribedGroup) -> Iterator[str]:
    """Write the settings of a group itself, then the groups in it."""
    leaves = [_row(one) for one in group.settings if _is_leaf(one)]
    if leaves:
        yield table(("Setting", "Type", "Default", "Meaning"), leaves)
    for described in group.settings:
        for below in described.groups:
            yield from _section(described, below)


def _section(described: Described, group: DescribedGroup) -> Iterator[str]:
    chosen = ", ".join(f"`{group.tag} = {toml_value(value)}`" for value in group.tags)
    yield f"## `{written(group.path)}`{f' with {chosen}' if chosen else ''}"
    said = [prose(described.setting.facts.help)]
    if described.variable:
        what = "All of it" if described.setting.map_of is None else "All of them"
        said.append(f"{what} as JSON: `{described.variable}`.")
    said += [*_without_file(described), *_old_names(described)]
    if described.required:
        said.append("It is **required**.")
    if text := " ".join(filter(None, said)):
        yield text
    if described.inherits is None:
        yield from _group(group)
    else:  # what each setting means stands at the group that is inherited from
        rows = [_inherited_row(one, described.path) for one in group.walk()]
        yield table(("Setting", "If not set, as"), rows)


def _inherited_row(described: Described, above: Path) -> tuple[str, ...]:
    assert described.inherits is not None
    said = [f"`{written(described.inherits)}`", *_without_file(described), *_old_names(described)]
    return _name(described, described.path[len(above) :]), ". ".join(said)


def _name(described: Described, path: Path) -> str:
    """Write the name of a setting with its variable below it."""
    variable = f"<br>`{described.variable}`" if described.variable else ""
    return f"`{written(path)}`{variable}"


def _is_leaf(described: Described) -> bool:
    return not described.groups or not described.setting.holds_settings


def _row(described: Described) -> tuple[str, ...]:
    return (
        _name(described, described.path[-1:]),
        code(described.setting.type_text()),
        _default(described),
        " ".join(_meaning(described)),
    )


def _default(described: Described) -> str:
    if described.required or described.default is REQUIRED:
        return "**required**"
    if described.computed:
        return "computed"
    if described.default is None:
        return "not set"
    if described.setting.secret:
        return "a secret"
    return code(toml_value(plain(described.default)))


def _meaning(described: Described) -> Iterator[str]:
    facts = described.setting.facts
    if facts.help:
        yield cell(facts.help)
    if described.setting.secret:
        yield "Never shown, and not meant to stand in a file."
    if facts.local_only:
        yield "Only this machine may set it, not a document in a store."
    if described.needs_restart:
        yield "A change needs a restart."
    yield from _without_file(described)
    yield from _old_names(described)


def _without_file(described: Described) -> Iterator[str]:
    """Say where the rule for names of files does not hold."""
    if described.variable and not described.file_variable:
        yield f"`{described.variable}{FILE_SUFFIX}` names no file with it: that is another setting."


def _old_names(described: Described) -> Iterator[str]:
    names = [*described.setting.facts.renamed_from, *described.old_variables]
    if names:
        yield f"Old names: {', '.join(f'`{old}`' for old in names)}."
    for path, version in described.old_paths:
        yield f"Up to version {version}: `{path}`."
