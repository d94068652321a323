"""A first file for a schema: every setting with its help, commented out where it has a default."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from meshconf.describe.comments import WIDTH, comment, remark
from meshconf.describe.description import ELEMENT, ENTRY, about
from meshconf.describe.examples import NO_EXAMPLE, value_to_show
from meshconf.diagnostics.toml_text import can_say, toml_value
from meshconf.diagnostics.words import dotted, printable
from meshconf.schema.configuration import VERSION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meshconf.describe.description import Described, DescribedGroup, Description
    from meshconf.diagnostics.words import Path
    from meshconf.schema.model import Model

__all__ = ["schema_file", "starter_file"]

#: What stands for a value that only the author of the file can know.
UNKNOWN = "…"

#: What stands in a header for the name of an entry.
EXAMPLE_ENTRY = "example"


def schema_file(model: Model) -> str:
    """Name the file in which editors look for the JSON Schema."""
    file = model.configuration.file or f"{model.cls.__name__.lower()}.toml"
    return f"{PurePath(file).stem}.schema.json"


def starter_file(description: Description, *, command: str = "meshconf schema") -> str:
    """Write a first file.

    It loads as it is, but for required settings for which no example is found and for secrets,
    which do not belong in a file.

    Args:
        description: The schema.

        command: What writes the JSON Schema.

    Returns:
        A TOML document, with a newline at its end.
    """
    root = description.root
    blocks = [
        "\n".join(_head(description, command)),
        *_settings(root, there=True),
        *_groups(root, there=True),
    ]
    return "\n\n".join(blocks) + "\n"


def _head(description: Description, command: str) -> Iterator[str]:
    model = description.root.model
    yield f"#:schema ./{printable(schema_file(model))}"
    if said := about(model.cls):
        yield from comment(said)
    yield "#"
    wins = "" if description.prefix is None else f" Variables ({description.prefix}…) win over it."
    yield from comment(
        f"Settings that are commented out have the default that they show.{wins} For completion "
        f"in editors: {command} > {schema_file(model)}"
    )
    if model.configuration.version > 1 and VERSION_KEY not in model.settings:
        yield ""
        yield f"{VERSION_KEY} = {model.configuration.version}"


def _settings(group: DescribedGroup, *, there: bool) -> Iterator[str]:
    """Write the settings of a group that have no header; *there*: the group is not commented."""
    for described in group.settings:
        if not _has_header(described):
            lines = _lines(described, there=there)
            yield "\n".join([*comment(described.setting.facts.help), *lines])


def _has_header(described: Described) -> bool:
    """Tell whether a setting is written as tables of its own.

    Arrays within arrays, and of tables by name, have no headers in TOML.
    """
    below = (group.path[len(described.path) :] for group in described.groups)
    return bool(described.groups) and all(
        ELEMENT not in parts[:-1] and not any(isinstance(part, int) for part in parts)
        for parts in below
    )


def _lines(described: Described, *, there: bool) -> Iterator[str]:
    key = dotted(described.path[-1:])
    if described.setting.secret:
        yield from comment(f"{key} is a secret: {_remedy(described)}")
        return
    shown = value_to_show(described)
    value = UNKNOWN if shown is NO_EXAMPLE or not can_say(shown) else toml_value(shown)
    off = "" if there and described.required and value != UNKNOWN else "# "
    line, said = f"{off}{key} = {value}", remark(described)
    if len(line) + len(said) <= WIDTH:
        yield f"{line}  # {said}"
    else:
        yield from [*comment(said), line]


def _remedy(described: Described) -> str:
    names = [name for name in (described.variable, described.file_variable) if name]
    return f"set {' or '.join(names)}" if names else "give it by overrides"


def _groups(group: DescribedGroup, *, there: bool) -> Iterator[str]:
    """Write the groups in a group, each under its header."""
    for described in group.settings:
        if _has_header(described):
            yield from _section(described, _first(described), there=there and _is_made(described))


def _first(described: Described) -> DescribedGroup:
    """Choose the class of a union that is written: that of the default, or the first."""
    cls = type(described.default)
    return next((one for one in described.groups if one.model.cls is cls), described.groups[0])


def _is_made(described: Described) -> bool:
    """Tell whether a header changes nothing, or is there because one is required."""
    return described.required or (
        described.setting.group is not None and described.default is not None
    )


def _other_class(group: DescribedGroup) -> str:
    """Say what a union holds if its tag chooses another class."""
    chosen = " or ".join(f"{group.tag} = {toml_value(value)}" for value in group.tags)
    names = (name for name in group.model.settings if name != group.tag)
    return f"With {chosen} it has these settings instead: {', '.join(names) or 'none'}."


def _section(described: Described, group: DescribedGroup, *, there: bool) -> Iterator[str]:
    path = _example_path(group.path)
    # A header alone would make an entry, or set what is optional.
    header = f"[[{dotted(path)}]]" if group.path[-1] == ELEMENT else f"[{dotted(path)}]"
    lines = comment(described.setting.facts.help)
    for other in described.groups:
        lines += [] if other is group else comment(_other_class(other))
    lines.append(header if there else f"# {header}")
    if described.inherits is not None:
        base = dotted(described.inherits)
        yield "\n".join([*lines, *comment(f"Takes the settings of [{base}], where they differ.")])
        return
    first, *rest = [*_settings(group, there=there), ""]
    yield "\n".join([*lines, first] if first else lines)
    yield from rest[:-1]
    yield from _groups(group, there=there)


def _example_path(path: Path) -> Path:
    parts: Iterable[str | int] = (part for part in path if part != ELEMENT)
    return tuple(EXAMPLE_ENTRY if part == ENTRY else part for part in parts)
