"""A first file for a schema: every setting with its help, commented out where it has a default."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from meshconf.describe.comments import WIDTH, comment, remark
from meshconf.describe.description import ELEMENT, ENTRY
from meshconf.describe.examples import NO_EXAMPLE, value_to_show
from meshconf.describe.file_text import about, toml_value
from meshconf.diagnostics.words import dotted
from meshconf.loading.versions import VERSION_KEY
from meshconf.sources.environment import FILE_SUFFIX

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


def starter_file(description: Description) -> str:
    """Write a first file.

    It loads as it is, but for required settings for which no example is found and for secrets,
    which do not belong in a file.

    Args:
        description: The schema.

    Returns:
        A TOML document, with a newline at its end.
    """
    root = description.root
    blocks = ["\n".join(_head(description)), *_settings(root), *_groups(root)]
    return "\n\n".join(blocks) + "\n"


def _head(description: Description) -> Iterator[str]:
    model = description.root.model
    yield f"#:schema ./{schema_file(model)}"
    if said := about(model.cls):
        yield from comment(said)
    yield "#"
    wins = "" if description.prefix is None else f" Variables ({description.prefix}…) win over it."
    yield from comment(
        f"Settings that are commented out have the default that they show.{wins} For completion "
        f"in editors: meshconf schema > {schema_file(model)}"
    )
    if model.configuration.version > 1 and VERSION_KEY not in model.settings:
        yield ""
        yield f"{VERSION_KEY} = {model.configuration.version}"


def _settings(group: DescribedGroup) -> Iterator[str]:
    """Write the settings of a group that are no groups."""
    for described in group.settings:
        if not described.groups:
            yield "\n".join([*comment(described.setting.facts.help), *_lines(described)])


def _lines(described: Described) -> Iterator[str]:
    key = dotted(described.path[-1:])
    if described.setting.secret:
        yield from comment(f"{key} is a secret: {_remedy(described)}")
        return
    shown = value_to_show(described)
    value = UNKNOWN if shown is NO_EXAMPLE else toml_value(shown)
    off = "" if described.always and described.required and value != UNKNOWN else "# "
    line, said = f"{off}{key} = {value}", remark(described)
    if len(line) + len(said) <= WIDTH:
        yield f"{line}  # {said}"
    else:
        yield from [*comment(said), line]


def _remedy(described: Described) -> str:
    name = described.variable
    return f"set {name} or {name}{FILE_SUFFIX}" if name else "give it by overrides"


def _groups(group: DescribedGroup) -> Iterator[str]:
    """Write the groups in a group, each under its header."""
    for described in group.settings:
        # Of a union, one class is enough to begin with.
        for below in described.groups[:1]:
            yield from _section(described, below)


def _section(described: Described, group: DescribedGroup) -> Iterator[str]:
    path = _example_path(group.path)
    # A header alone would make an entry, or set what is optional.
    header = f"[[{dotted(path)}]]" if group.path[-1] == ELEMENT else f"[{dotted(path)}]"
    lines = [
        *comment(described.setting.facts.help),
        f"{'' if described.holds_always else '# '}{header}",
    ]
    if described.inherits is not None:
        base = dotted(described.inherits)
        yield "\n".join([*lines, *comment(f"Takes the settings of [{base}], where they differ.")])
        return
    first, *rest = [*_settings(group), ""]
    yield "\n".join([*lines, first] if first else lines)
    yield from rest[:-1]
    yield from _groups(group)


def _example_path(path: Path) -> Path:
    parts: Iterable[str | int] = (part for part in path if part != ELEMENT)
    return tuple(EXAMPLE_ENTRY if part == ENTRY else part for part in parts)
