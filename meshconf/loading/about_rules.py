"""What a report says about rules: every setting that a rule reads, and what would make it hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.excerpt import joined
from meshconf.diagnostics.problem import Excerpt, Label, Origin, Problem
from meshconf.diagnostics.words import Path, dotted, few
from meshconf.loading import check_rules
from meshconf.loading.about_values import described
from meshconf.loading.check_rules import Breach, Failed, Setters
from meshconf.loading.findings import located
from meshconf.loading.lookup import Held, default_at, names_that_set
from meshconf.loading.partial import BROKEN, Partial
from meshconf.loading.walk import inherited_path, setting_at
from meshconf.schema import kinds
from meshconf.schema.model import REQUIRED, Setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.loading.diagnose import Diagnosis
    from meshconf.schema.rules import Rule

__all__ = ["breach_problems", "broken_rules"]


def broken_rules(diagnosis: Diagnosis, partial: Partial, path: Path) -> Iterator[Problem]:
    """Run the rules of a group whose settings are sound, and tell which are broken."""
    for rule in partial.model.rules:
        values = [_value(partial, tuple(read.split("."))) for read in rule.paths]
        if any(value is _UNKNOWN for value in values):
            continue
        said = check_rules.run(
            rule, values, Setters(diagnosis.model, diagnosis.layers).of(rule, path)
        )
        if said is not None:
            yield from breach_problems(diagnosis, Breach(rule, path, said, values))


def breach_problems(diagnosis: Diagnosis, breach: Breach) -> Iterator[Problem]:
    """Tell that a rule does not hold, once: what is inherited is told where it comes from."""
    if not _is_echo(diagnosis, breach):
        yield _problem(diagnosis, breach)


def _is_echo(diagnosis: Diagnosis, breach: Breach) -> bool:
    """Tell whether all that a rule read is inherited from where the same rule was run."""
    model = diagnosis.model
    for read in breach.rule.paths:
        path = (*breach.path, *read.split("."))
        if names_that_set(model, diagnosis.layers, path) or inherited_path(model, path) is None:
            return False
    return inherited_path(model, breach.path) is not None or any(
        other.check is breach.rule.check for other in model.rules
    )


_UNKNOWN: Any = object()


def _value(partial: Partial, path: Path) -> Any:
    """Return the value that a rule reads; _UNKNOWN if it could not be made or is not there."""
    value: Any = partial
    for position, part in enumerate(path):
        if isinstance(value, Partial):
            value = value.values.get(str(part), BROKEN)
        elif value is None:
            return _UNKNOWN
        else:
            setting = setting_at(partial.model, path[: position + 1])
            value = getattr(value, setting.attribute) if setting is not None else BROKEN
        if value is BROKEN:
            return _UNKNOWN
    if isinstance(value, Partial):
        return _UNKNOWN if value.built is BROKEN else value.built
    return value


def _problem(diagnosis: Diagnosis, breach: Breach) -> Problem:
    rule, path, said = breach.rule, breach.path, breach.said
    paths = [(*path, *read.split(".")) for read in rule.paths]
    settings = [setting_at(diagnosis.model, one) for one in paths]
    secret = any(setting is not None and setting.secret for setting in settings)
    origin, labels, excerpts = _places(diagnosis, paths, settings, breach.values)
    failed = isinstance(said, Failed)
    if isinstance(said, Failed):
        message = f"the rule `{rule.name}` failed to run: {said.reason}"
    elif secret or not diagnosis.masks.harmless(said):
        message = f"the rule `{rule.name}` does not hold: {_statement(rule)}"
    else:
        message = said
    if path:
        message = f"`{dotted(path)}`: {message}"
    notes = (
        *_of_defaults(diagnosis, paths, settings, breach.values),
        *_counterfactual(diagnosis, rule, path, list(breach.values)),
    )
    return Problem(
        "MC302" if failed else "MC301",
        "error" if failed else rule.level,
        dotted(_common(paths)),
        message,
        origin,
        () if failed else notes,
        sensitive=secret,
        labels=labels,
        excerpts=excerpts,
    )


def _statement(rule: Rule) -> str:
    lines = (rule.check.__doc__ or rule.name).strip().splitlines()
    return lines[0]


def _common(paths: list[Path]) -> Path:
    """Return the path that all paths share, or the only one."""
    first, *rest = paths
    if not rest:
        return first
    end = 0
    while end < len(first) and all(one[: end + 1] == first[: end + 1] for one in rest):
        end += 1
    return first[:end]


def _places(
    diagnosis: Diagnosis, paths: list[Path], settings: list[Setting | None], values: Sequence[Any]
) -> tuple[Origin | None, tuple[Label, ...], tuple[Excerpt, ...]]:
    """Show where each setting got its value; defaults and whole groups have no place."""
    found: list[tuple[Path, Setting, Any, Held]] = []
    for path, setting, value in zip(paths, settings, values, strict=True):
        if setting is None or setting.group is not None or setting.map_of is not None:
            continue
        winners = diagnosis.held(path)
        if winners:
            found.append((path, setting, value, winners[0]))
    # The last one set comes first: it is the one that broke the rule.
    order = {id(layer): rank for rank, layer in enumerate(diagnosis.layers)}
    found.sort(key=lambda one: -order[id(one[3].layer)])
    labels: list[Label] = []
    excerpts: list[Excerpt] = []
    for position, (path, setting, value, winner) in enumerate(found):
        said = f"{path[-1]} {described(setting, value)}"
        _, one_label, one_excerpt = located(
            winner.layer, winner.path, said, diagnosis.masks, primary=position == 0
        )
        labels += one_label
        excerpts += one_excerpt
    return (labels[0].origin if labels else None), tuple(labels), joined(excerpts)


def _of_defaults(
    diagnosis: Diagnosis, paths: list[Path], settings: list[Setting | None], values: Sequence[Any]
) -> Iterator[str]:
    """Say which values that the rule read are defaults: no line of any source shows them."""
    found = [
        (f"`{dotted(path)}`", described(setting, value))
        for path, setting, value in zip(paths, settings, values, strict=True)
        if setting is not None and not (setting.secret or setting.holds_settings)
        if value is not None and not diagnosis.held(path)
    ]
    if len(found) == 1:
        yield f"{found[0][0]} is {found[0][1]}, the default"
    elif found:
        yield f"defaults: {few([f'{name} is {value}' for name, value in found])}"


def _counterfactual(
    diagnosis: Diagnosis, rule: Rule, path: Path, values: list[Any]
) -> Iterator[str]:
    """Say what would have held without the last value that was set."""
    strongest: tuple[int, int, list[Held]] | None = None
    order = {id(layer): rank for rank, layer in enumerate(diagnosis.layers)}
    for position, read in enumerate(rule.paths):
        setting = setting_at(diagnosis.model, (*path, *read.split(".")))
        if setting is None or setting.group is not None or setting.map_of is not None:
            continue
        found = diagnosis.held((*path, *read.split(".")))
        if found and (strongest is None or order[id(found[0].layer)] > strongest[0]):
            strongest = (order[id(found[0].layer)], position, found)
    if strongest is None:
        return
    _, position, found = strongest
    where = (*path, *rule.paths[position].split("."))
    setting = setting_at(diagnosis.model, where)
    assert setting is not None
    instead = _next_value(diagnosis, setting, where, found)
    if instead is None:
        return
    value, said = instead
    again = [*values[:position], value, *values[position + 1 :]]
    if (
        check_rules.run(rule, again, Setters(diagnosis.model, diagnosis.layers).of(rule, path))
        is None
    ):
        origin = found[0].origin
        # It is the place that the report shows first.
        in_file = origin.kind == "file" and origin.line is not None
        name = "this line" if in_file else origin.name if origin.kind == "env" else str(origin)
        yield f"without {name} it would be {said} and the rule would hold"


def _next_value(
    diagnosis: Diagnosis, setting: Setting, path: Path, found: list[Held]
) -> tuple[Any, str] | None:
    """Return the value that would win without the winner, and how to say it."""
    if len(found) > 1:
        kind, hook_of = setting.kind, diagnosis.structurer.of_kind
        # The hook leaves a converter to the class, where the class runs it.
        convert = kind.convert if isinstance(kind, kinds.Converted) else hook_of(kind)
        try:
            value = convert(found[1].value)
        except Exception:  # a wrong value, or what a converter of the author's raises
            return None
        return value, f"{described(setting, value)} ({found[1].origin})"
    value = default_at(diagnosis.model, path)
    if value is REQUIRED:
        return None
    if value is None:
        return value, "not set"
    shown = "" if setting.secret else f" {described(setting, value)}"
    return value, f"the default{shown}"
