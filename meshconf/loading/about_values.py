"""What a report says about a value: what it shadows, what was declared, how to mend it."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.suggest import nearest
from meshconf.diagnostics.words import Path, dotted, elide, quantity, quoted, variable_text
from meshconf.loading.edits import literal_at, replacing
from meshconf.loading.findings import located, value_problem
from meshconf.loading.lookup import default_at, text_of
from meshconf.loading.walk import step, without_secrets
from meshconf.schema import kinds
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.secret import Secret
from meshconf.schema.values import BadValue, refused
from meshconf.sources.layer import Unparsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.loading.diagnose import Diagnosis
    from meshconf.loading.lookup import Held

__all__ = ["bad_value", "described", "refused_by", "refused_group"]

#: So many rules are named that could not be run.
MOST_NAMED = 3


def bad_value(
    diagnosis: Diagnosis,
    setting: Setting,
    bad: BadValue,
    path: Path,
    *,
    left_out: tuple[str, ...] = (),
) -> Problem:
    """Blame the layer that gave a wrong value.

    Args:
        diagnosis: The pass that found it.

        setting: What was declared.

        bad: What is wrong.

        path: The setting's path; ``bad.at`` leads on to the element.

        left_out: The rules that could not be run because of it.
    """
    found = diagnosis.held(path)
    canonical = (*path, *bad.at)
    if not found:
        return _bad_default(setting, bad, canonical)
    element = diagnosis.held(canonical)
    winner = element[0] if element else found[0]
    text = winner.layer.texts.get(winner.path)
    rest = () if element or (text is not None and text.format == "plain") else bad.at
    # What is joined overrides nothing.
    losers = [] if setting.appends else found[1:]
    otherwise = _otherwise(setting, losers, default_at(diagnosis.model, path))
    bad = _as_written(bad, winner, (*winner.path, *rest))
    remedy = _remedy(setting, bad, winner, otherwise)
    edit = None
    if remedy.literal:
        edit = replacing(
            winner.layer, winner.path, diagnosis.masks, remedy.literal, safe=remedy.safe
        )
    return value_problem(
        winner.layer,
        (*winner.path, *rest),
        canonical,
        setting,
        bad,
        diagnosis.masks,
        notes=[*_remade(winner), *_notes(setting, losers, left_out)],
        help=remedy.help,
        edit=edit,
    )


def _as_written(bad: BadValue, winner: Held, path: Path) -> BadValue:
    """Say a whole number as its source does, which gave it for a float."""
    written = literal_at(winner.layer, path) or str(_written(winner))
    if not re.fullmatch(r"-?[0-9]{1,15}", written) or bad.found != quoted(float(written)):
        return bad
    detail = f", got {written}"
    return BadValue(bad.code, bad.expected, detail, label=bad.label, found=written, at=bad.at)


def _remade(winner: Held) -> Iterator[str]:
    """Say which value of a file of an earlier version a step made a value of."""
    if winner.layer.is_remade(winner.path):
        old = winner.layer.stood_at(winner.path)
        origin = "a step gives it" if old is None else f"a step made it of `{dotted(old)}`"
        yield f"{origin}, since {winner.layer.name} has the layout of an earlier version"


def _bad_default(setting: Setting, bad: BadValue, path: Path) -> Problem:
    """Blame the schema, whose default does not pass its own checks."""
    name = f"{setting.owner.__name__}.{setting.attribute}"
    return Problem(
        bad.code,
        "error",
        dotted(path),
        f"the default of `{dotted(path)}` {bad.expected}{'' if setting.secret else bad.detail}",
        Origin("default", name),
        (f"declared as {setting.declaration()}",),
        expected=bad.expected,
        sensitive=setting.secret,
    )


def _notes(setting: Setting, losers: list[Held], left_out: tuple[str, ...]) -> list[str]:
    notes: list[str] = []
    if losers:
        notes.append(f"overrides {described(setting, losers[0].value)} from {losers[0].origin}")
    notes.append(f"declared as {setting.declaration()}")
    if left_out:
        names = ", ".join(f"`{name}`" for name in left_out[:MOST_NAMED])
        notes.append(f"rules that read it were not run: {names}")
    return notes


def described(setting: Setting, value: Any) -> str:
    """Write a value for a sentence; a secret as such."""
    if setting.secret or isinstance(value, Secret):
        return "a secret"
    if isinstance(value, Unparsed):
        return "a text that cannot be read"
    return quantity(without_secrets(setting.kind, value), setting.unit)


@attrs.frozen
class _Remedy:
    """How to mend a value.

    Attributes:
        help: The remedy in words, or ``None``.

        literal: What a TOML file should say in place of the value; empty if that is not clear.

        safe: Whether the literal is certain to be what the author meant.
    """

    help: str | None = None
    literal: str = ""
    safe: bool = True


def _remedy(setting: Setting, bad: BadValue, winner: Held, otherwise: str) -> _Remedy:
    """Name a remedy that can be pasted, if one is certain; *otherwise* says what else would hold."""
    if setting.secret or bad.help or any(_remade(winner)):
        return _Remedy(bad.help)
    by_variable = winner.layer.kind in ("env", "dotenv") and winner.path in winner.layer.texts
    name = winner.layer.texts[winner.path].name if by_variable else _key(winner)
    kind = _kind_at(setting, bad.at)
    if bad.code == "MC204" and (mended := _mended_duration(kind, _written(winner))):
        if by_variable:
            return _Remedy(f"{name}={mended}")
        return _Remedy(None if bad.at else f'{name} = "{mended}"', f'"{mended}"')
    if by_variable and winner.layer.kind == "env":
        return _Remedy(None if bad.at else _unset(bad, name, otherwise))
    if meant := _meant(kind, bad, winner.value):
        return _Remedy(None, f'"{meant}"', safe=False)
    words, literal = _requoted(kind, winner) if bad.code == "MC201" else ("", "")
    said = f"{words}: {name} = {elide(literal)}"
    if not literal and not bad.at and (meant := _boolean(kind, winner.value)):
        return _Remedy(f"write a boolean: {name} = {meant}")  # a person decides whether it is one
    if not bad.at and (meant := _array(kind, winner.value)):
        return _Remedy(f"write an array: {name} = {elide(meant)}")  # a comma may be part of a text
    return _Remedy(said if literal and not bad.at else None, literal)


def _key(winner: Held) -> str:
    """Return the key of a value as its source has it."""
    found = text_of(winner.layer, winner.path)
    path = found.path if found is not None and found.path else winner.path
    return str(path[-1])


def _kind_at(setting: Setting, at: Path) -> kinds.Kind | None:
    kind: kinds.Kind | None = setting.kind
    for part in at:
        kind = step(kind, part)[1]
    return None if kind is None else kinds.bare(kind)


def _written(winner: Held) -> Any:
    text = winner.layer.texts.get(winner.path)
    return text.text if text is not None and text.format == "plain" else winner.value


_UNITS = {
    "millis": "ms", "msec": "ms", "msecs": "ms", "millisecond": "ms", "milliseconds": "ms",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d",
}  # fmt: skip


def _mended_duration(kind: kinds.Kind | None, text: Any) -> str:
    """Write a duration with the units that can be read; empty if it is not clear what was meant."""
    if kind not in (kinds.SECONDS, kinds.SCALARS[dt.timedelta]) or not isinstance(text, str):
        return ""
    found = re.fullmatch(r"\s*([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*([A-Za-z]+)\s*", text)
    unit = _UNITS.get(found[2].lower()) if found else None
    return f"{found[1]}{unit}" if found and unit else ""


def _meant(kind: kinds.Kind | None, bad: BadValue, value: Any) -> str:
    """Return the one choice that a value was probably meant to be; empty if there is none."""
    # A problem with the key of a mapping stands at the value too.
    if not isinstance(kind, kinds.Choice) or bad.code != "MC203" or bad.found != quoted(value):
        return ""
    near = nearest(value, map(str, kind.options)) if isinstance(value, str) else ()
    if len(near) != 1 or near[0] not in kind.options:
        return ""
    return near[0] if quoted(near[0]) == f'"{near[0]}"' else ""


def _otherwise(setting: Setting, losers: list[Held], default: Any) -> str:
    """Say what would hold without the value; empty if nothing would."""
    if losers:
        return f"use {described(setting, losers[0].value)}"
    if default is REQUIRED:
        return ""
    return "do without it" if default is None else f"use the default {described(setting, default)}"


def _unset(bad: BadValue, name: str, otherwise: str) -> str:
    wanted = _wanted(bad)
    return (
        f"unset {name} to {otherwise}, or set it to {wanted}"
        if otherwise
        else f"set {name} to {wanted}"
    )


def _wanted(bad: BadValue) -> str:
    said = bad.expected.removeprefix("must be ")
    if bad.code == "MC202":
        return f"a value {'of ' if said.startswith('at ') else ''}{said}"
    if bad.code == "MC206":
        return "valid JSON"
    return said if said != bad.expected else "a valid value"


def _requoted(kind: kinds.Kind | None, winner: Held) -> tuple[str, str]:
    """Write a value whose only fault are its quotes, or their absence; say what to do to them."""
    value = winner.value
    if kind is kinds.SCALARS[str] and isinstance(value, (bool, int, float)):
        written = literal_at(winner.layer, winner.path) or variable_text(value)
        return "add quotes", f'"{written}"'
    pattern = _BARE.get(kind.type) if isinstance(kind, kinds.Scalar) else None
    if pattern and isinstance(value, str) and re.fullmatch(pattern, value):
        return "remove the quotes", value
    return "", ""


def _boolean(kind: kinds.Kind | None, value: Any) -> str:
    """Write what a value in the place of a boolean says in other words; empty if it says none."""
    if kind is not kinds.SCALARS[bool] or type(value) not in (str, int):
        return ""
    return _BOOLEANS.get(str(value).lower(), "")


#: What other languages and people write for a boolean.
_BOOLEANS = {
    "yes": "true", "on": "true", "true": "true", "1": "true",
    "no": "false", "off": "false", "false": "false", "0": "false",
}  # fmt: skip


def _array(kind: kinds.Kind | None, value: Any) -> str:
    """Write a text like that of a variable, ``a,b``, as an array; empty if it does not fit."""
    if not isinstance(kind, kinds.ListOf) or not isinstance(value, str) or not value.strip():
        return ""
    item = kind.item.inner if isinstance(kind.item, kinds.Constrained) else kind.item
    parts = [part.strip() for part in value.split(",")]
    if item is kinds.SCALARS[str]:
        return f"[{', '.join(map(quoted, parts))}]"
    pattern = _BARE.get(item.type) if isinstance(item, kinds.Scalar) else None
    fits = pattern and all(re.fullmatch(pattern, part) for part in parts)
    return f"[{', '.join(parts)}]" if fits else ""


#: How TOML writes values of some types, in short: what is surely meant.
_BARE = {
    bool: r"true|false",
    int: r"[+-]?(0|[1-9][0-9]{0,17})",
    float: r"[+-]?(0|[1-9][0-9]{0,16})(\.[0-9]{1,17})?",
}


def refused_by(validator: Any, instance: Any, setting: Setting, value: Any) -> BadValue | None:
    """Run a validator of the author's; None if the value passes or cannot be judged."""
    try:
        validator(instance, setting.field, value)
    except AttributeError:  # it reads a neighbour that is itself wrong
        return None
    except Exception as error:
        name = getattr(validator, "__name__", None) or type(validator).__name__
        return refused(f"fails the check `{name}`", error)
    return None


def refused_group(diagnosis: Diagnosis, model: Model, path: Path, said: str) -> Problem:
    """Tell that a class refused values that are each fine."""
    where = f"`{dotted(path)}`" if path else model.cls.__name__
    said = "" if model.secret_names else diagnosis.masks.harmless(said)
    message = f"{where} is refused by {model.cls.__name__}{f': {said}' if said else ''}"
    found = diagnosis.held(path) if path else []
    if not found:
        return Problem("MC207", "error", dotted(path), message)
    origin, labels, excerpts = located(found[0].layer, found[0].path, "refused", diagnosis.masks)
    return Problem(
        "MC207", "error", dotted(path), message, origin, labels=labels, excerpts=excerpts
    )
