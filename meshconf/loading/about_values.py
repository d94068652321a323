"""What a report says about a value: what it shadows, what was declared, how to mend it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.words import Path, dotted, quantity, variable_text
from meshconf.loading.findings import located, value_problem
from meshconf.loading.lookup import default_at
from meshconf.loading.walk import kind_at, without_secrets
from meshconf.schema import kinds
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.secret import Secret
from meshconf.schema.values import BadValue, refused
from meshconf.sources.layer import Unparsed

if TYPE_CHECKING:
    from meshconf.loading.diagnose import Diagnosis
    from meshconf.loading.lookup import Held

__all__ = ["bad_value", "described", "refused_by", "refused_group", "rules_on"]

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
    return value_problem(
        winner.layer,
        (*winner.path, *rest),
        canonical,
        setting,
        bad,
        diagnosis.masks,
        notes=_notes(setting, losers, left_out),
        help=_remedy(setting, bad, winner if element else found[0], otherwise),
    )


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


def _remedy(setting: Setting, bad: BadValue, winner: Held, otherwise: str) -> str | None:
    """Name a remedy that can be pasted, if one is certain; *otherwise* says what else would hold."""
    if setting.secret or bad.help:
        return bad.help
    key = str(winner.path[-1])
    by_variable = winner.layer.kind in ("env", "dotenv") and winner.path in winner.layer.texts
    name = winner.layer.texts[winner.path].name if by_variable else key
    value = winner.value
    written = _written(value, winner)
    if bad.code == "MC204" and isinstance(written, str):
        mended = _mended_quantity(written)
        if mended:
            return f"{name}={mended}" if by_variable else f'{key} = "{mended}"'
    if bad.at:
        return None
    if by_variable and winner.layer.kind == "env":
        return _unset(bad, name, otherwise)
    return _unquoted(setting, key, value)


def _written(value: Any, winner: Held) -> Any:
    text = winner.layer.texts.get(winner.path)
    return text.text if text is not None and text.format == "plain" else value


_UNITS = {
    "millis": "ms", "msec": "ms", "msecs": "ms", "millisecond": "ms", "milliseconds": "ms",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d",
}  # fmt: skip


def _mended_quantity(text: str) -> str | None:
    """Write a duration with the units that can be read, if it is clear what was meant."""
    found = re.fullmatch(r"\s*(\d{1,18}(?:\.\d{1,18})?)\s*([A-Za-z]+)\s*", text)
    unit = _UNITS.get(found[2].lower()) if found else None
    return f"{found[1]}{unit}" if found and unit else None


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


def _unquoted(setting: Setting, key: str, value: Any) -> str | None:
    """Say how to write a value whose only fault are its quotes, or their absence."""
    kind = kinds.bare(setting.kind)
    if kind is kinds.SCALARS[str] and isinstance(value, (bool, int, float)):
        return f'add quotes: {key} = "{variable_text(value)}"'
    if not isinstance(value, str):
        return None
    if kind is kinds.SCALARS[int] and re.fullmatch(r"[+-]?(0|[1-9]\d{0,17})", value):
        return f"remove the quotes: {key} = {value}"
    if kind is kinds.SCALARS[float] and re.fullmatch(r"[+-]?\d{1,17}(\.\d{1,17})?", value):
        return f"remove the quotes: {key} = {value}"
    if kind is kinds.SCALARS[bool] and value in ("true", "false"):
        return f"remove the quotes: {key} = {value}"
    return None


def rules_on(model: Model, path: Path) -> tuple[str, ...]:
    """Name the rules that a wrong value keeps from running."""
    names: list[str] = []
    for end in range(len(path)):
        above = model if end == 0 else _class_at(model, path[:end])
        name = ".".join(str(part) for part in path[end:])
        names += [
            rule.name
            for rule in (above.rules if above is not None else ())
            if any(name == read or name.startswith(f"{read}.") for read in rule.paths)
        ]
    return tuple(names)


def _class_at(model: Model, path: Path) -> Model | None:
    kind = kind_at(model, path)
    kind = None if kind is None else kinds.bare(kind)
    return kind.model if isinstance(kind, kinds.Group) else None


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
