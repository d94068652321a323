"""Values and settings, written as variables."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from meshconf.describe.alike import alike
from meshconf.describe.comments import comment, remark
from meshconf.describe.description import CHOOSER_HELP, about, written
from meshconf.describe.examples import NO_EXAMPLE, value_to_show
from meshconf.describe.file_text import plain
from meshconf.diagnostics.opaque import json_value, own_words
from meshconf.diagnostics.words import printable
from meshconf.loading.structure import Structurer
from meshconf.schema import kinds
from meshconf.sources.environment import FILE_SUFFIX
from meshconf.sources.text_values import TextReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from meshconf.describe.description import Described, Description

__all__ = ["env_example", "env_line", "env_text", "sayable"]

#: What every reader of .env files takes as it stands.
_BARE = re.compile(r"[A-Za-z0-9_.,:/@%+=-]*")

#: An element that can stand between commas as it is.
_ELEMENT = re.compile(r"[^,\s\[\]]+")


def env_text(value: Any, kind: kinds.Kind | None = None) -> str:
    """Write a value as its variable would hold it.

    Args:
        value: A value of a configuration.

        kind: What it is declared as, if that is known.

    Returns:
        The text; lists of plain words as ``a,b``, other lists and mappings as JSON.
    """
    value = plain(value)
    if isinstance(value, list) and value and all(map(_is_word, value)) and not _of_any(kind):
        return ",".join(map(env_text, value))
    if isinstance(value, (list, Mapping)):
        text = json.dumps(json_value(value), ensure_ascii=False)
        return "".join(char if char == printable(char) else json.dumps(char)[1:-1] for char in text)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):  # a quantity has no exponent
        return f"{Decimal(float.__repr__(value)):f}"
    if isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, dt.datetime) else own_words(value)


def sayable(value: Any, kind: kinds.Kind) -> bool:
    """Tell whether a variable can hold a value, and a line of a .env file be shown with it."""
    if isinstance(value, str):
        line = value.replace("\n", "")
        return line == printable(line)
    # The text of a variable for any value stays text, and JSON has no dates: only reading tells.
    read = TextReader().read("", env_text(value, kind), kind)
    try:
        converted = _converter(kind)(read)
    except Exception:  # what a check of the author's raises is a refusal
        return False
    return alike(kind, plain(converted, reveal=True), value)


def _converter(kind: kinds.Kind) -> Callable[[Any], Any]:
    single = kinds.bare(kind)
    if isinstance(single, (kinds.Scalar, kinds.Choice)):  # nearly all; a Structurer takes long
        return single.convert
    return Structurer().of_kind(kind)


def _of_any(kind: kinds.Kind | None) -> bool:
    """Tell whether a list is one of any values, whose words would all be read as text."""
    listed = None if kind is None else kinds.bare(kind)
    return isinstance(listed, kinds.ListOf) and isinstance(kinds.bare(listed.item), kinds.Anything)


def _is_word(value: Any) -> bool:
    return not isinstance(value, (list, Mapping, type(None))) and bool(
        _ELEMENT.fullmatch(env_text(value))
    )


def env_line(name: str, text: str) -> str:
    """Write a line of a .env file, with quotes where the text needs them."""
    if not _BARE.fullmatch(text):
        text = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"{name}={text}"


def env_example(description: Description) -> str:
    """Write all variables of a schema as a .env file, with their help.

    Every line is a comment, to be uncommented where a value is set.

    Args:
        description: The schema, with a prefix.

    Returns:
        The file, with a newline at its end.
    """
    cls = description.root.model.cls
    made = (
        f"Made by `meshconf docs --format env`. A name with {FILE_SUFFIX} at its end names a file "
        "that holds the value."
    )
    blocks = ["\n".join([*comment(about(cls)), *comment(made)])]
    for word, name in description.choosers.items():
        said = f"{CHOOSER_HELP[word]} Of the process itself; not read from this file by DotEnv."
        blocks.append("\n".join([*comment(said), f"# {name}="]))
    # One variable serves all classes of a union.
    by_name: dict[str, list[Described]] = {}
    for described in description.root.walk():
        by_name.setdefault(described.variable, []).append(described)
    by_name.pop("", None)
    blocks += ["\n".join([*_said(same), _line(same[0])]) for same in by_name.values()]
    return "\n\n".join(blocks) + "\n"


def _said(same: Sequence[Described]) -> Iterator[str]:
    """Say what a variable does; for a union, what it does in each class that has it."""
    described = same[0]
    setting, name = described.setting, described.variable
    if described.inherits is None:
        for text in dict.fromkeys(one.setting.facts.help for one in same):
            yield from comment(text)
        yield from comment("; or ".join(dict.fromkeys(map(_remark, same))))
    else:
        yield from comment(f"If not set, as {written(described.inherits)}.")
    if not described.file_variable:
        yield from comment(f"{name}{FILE_SUFFIX} is another setting, and names no file with it.")
    elif setting.secret:
        yield from comment(f"Or {described.file_variable}: the file that holds it.")
    if old := list(dict.fromkeys(old for one in same for old in one.old_variables)):
        yield from comment(f"Old names: {', '.join(old)}.")


def _remark(described: Described) -> str:
    if not described.setting.holds_settings:
        return remark(described)
    said = "As JSON, all of it in one"
    return (
        f"{said}, or by the variables below; it is required." if described.required else f"{said}."
    )


def _line(described: Described) -> str:
    # All of them are comments: an example that is taken over by oversight would win over files.
    shown = _shown(described)
    return "# " + env_line(described.variable, "" if shown is NO_EXAMPLE else shown)


def _shown(described: Described) -> Any:
    """Return the text that is shown; ``NO_EXAMPLE`` if there is none."""
    setting = described.setting
    if setting.secret or setting.holds_settings or described.inherits is not None:
        return NO_EXAMPLE
    shown = value_to_show(described)
    if shown is NO_EXAMPLE or not sayable(shown, setting.kind):
        return NO_EXAMPLE
    text = env_text(shown, setting.kind)
    return NO_EXAMPLE if "\n" in text else text  # a comment ends with its line
