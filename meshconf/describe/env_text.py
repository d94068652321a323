"""Values and settings, written as variables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from meshconf.describe.comments import comment, remark
from meshconf.describe.description import CHOOSER_HELP, written
from meshconf.describe.examples import NO_EXAMPLE, value_to_show
from meshconf.describe.file_text import about, plain
from meshconf.sources.environment import FILE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.describe.description import Described, Description

__all__ = ["env_example", "env_line", "env_text"]

#: What every reader of .env files takes as it stands.
_BARE = re.compile(r"[A-Za-z0-9_.,:/@%+=-]*")

#: An element that can stand between commas as it is.
_ELEMENT = re.compile(r"[^,\s\[\]]+")


def env_text(value: Any) -> str:
    """Write a value as its variable would hold it.

    Args:
        value: A value of a configuration.

    Returns:
        The text; lists of plain words as ``a,b``, other lists and mappings as JSON.
    """
    value = plain(value)
    if isinstance(value, list) and value and all(map(_is_word, value)):
        return ",".join(map(env_text, value))
    if isinstance(value, (list, Mapping)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _is_word(value: Any) -> bool:
    return not isinstance(value, (list, Mapping)) and bool(_ELEMENT.fullmatch(env_text(value)))


def env_line(name: str, text: str) -> str:
    """Write a line of a .env file, with quotes where the text needs them."""
    if not _BARE.fullmatch(text):
        text = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"{name}={text}"


def env_example(description: Description) -> str:
    """Write all variables of a schema as a .env file, with their help.

    What has a default is commented out.

    Args:
        description: The schema, with a prefix.

    Returns:
        The file, with a newline at its end.
    """
    cls = description.root.model.cls
    head = [*comment(about(cls)), *comment("Made by `meshconf docs --format env`.")]
    blocks = ["\n".join(head)]
    for word, name in description.choosers.items():
        said = f"{CHOOSER_HELP[word]} Of the process itself; not read from this file by DotEnv."
        blocks.append("\n".join([*comment(said), f"# {name}="]))
    seen: set[str] = set()
    for described in description.root.walk():
        # One variable serves all classes of a union.
        if described.variable and described.variable not in seen:
            seen.add(described.variable)
            blocks.append("\n".join(_lines(described)))
    return "\n\n".join(blocks) + "\n"


def _lines(described: Described) -> Iterator[str]:
    setting, name = described.setting, described.variable
    if described.inherits is not None:
        yield from comment(f"If not set, as {written(described.inherits)}.")
        yield f"# {name}="
        return
    yield from comment(setting.facts.help)
    if setting.holds_settings:
        yield from comment("As JSON, all of it in one.")
        yield f"# {name}="
        return
    yield from comment(remark(described))
    if setting.secret:
        yield from comment(f"Or {name}{FILE_SUFFIX}: the file that holds it.")
    shown = NO_EXAMPLE if setting.secret else value_to_show(described)
    text = "" if shown is NO_EXAMPLE else env_text(shown)
    yield f"{'' if described.required and described.always else '# '}{env_line(name, text)}"
