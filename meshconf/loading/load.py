"""Loading: the way from sources to a snapshot, or to a report.

The happy path does the least work. It keeps the raw layers; positions, candidates and
explanations are computed from them when someone asks.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

from meshconf.diagnostics.problem import ConfigError, Origin, Problem
from meshconf.diagnostics.words import printable
from meshconf.loading.check_rules import Breach, breaches
from meshconf.loading.choose import chosen, expanded
from meshconf.loading.inheritance import inherit
from meshconf.loading.merge import Merged, merge
from meshconf.loading.snapshot import Snapshot
from meshconf.loading.structure import Hook, Structurer
from meshconf.loading.versions import without_version
from meshconf.schema.compile import model_of
from meshconf.sources.dotenv import DotEnv
from meshconf.sources.environment import Environment, names_for
from meshconf.sources.layer import Layer, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meshconf.schema.model import Model

__all__ = ["SCHEMAS_PREFIX", "UnknownVariables", "load_layers", "read_schema"]

#: Stands for the prefix that the schema itself names.
SCHEMAS_PREFIX: Any = ...

#: What decides between layers, lowest first; any kind not named here comes after files.
_RANKS = {"file": 0, "secret_file": 2, "dotenv": 3, "env": 4, "override": 5}
_OTHER_RANK = 1


@attrs.frozen
class UnknownVariables:
    """What a variable under the prefix is that matches no setting, and which are let pass."""

    policy: Literal["warn", "error", "ignore"] = "warn"
    ignored: tuple[str, ...] = ()


def read_schema(
    schema: Any,
    sources: Sequence[Any],
    *,
    prefix: str | None = SCHEMAS_PREFIX,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    unknown_env: Literal["warn", "error", "ignore"] = "warn",
    unknown_env_ignore: Iterable[str] = (),
) -> Snapshot[Any]:
    """Load a schema; see ``meshconf.load`` and ``meshconf.read`` for the arguments.

    Raises:
        ConfigError: If the configuration has errors.

        TypeError: If the schema or a source is none, or there is no prefix.

        ValueError: If ``unknown_env`` is no such word.
    """
    if unknown_env not in ("warn", "error", "ignore"):
        msg = f"unknown_env is warn, error or ignore, not {unknown_env!r}"
        raise ValueError(msg)
    model = model_of(schema)
    if prefix is SCHEMAS_PREFIX:
        prefix = model.configuration.prefix
        if prefix is None:
            name = model.cls.__name__
            msg = (
                f'{name} names no prefix for its variables: pass prefix="…", or prefix=None to '
                "leave the environment alone"
            )
            raise TypeError(msg)
    named = chosen(model, sources, prefix, os.environ if environ is None else environ)
    for source in named:
        if isinstance(source, (DotEnv, Environment)):
            # Names that clash are a fault of the schema, not of the source that finds them.
            names_for(model, source.prefix, source.separator)
    layers = [_read(source, model) for source in named]
    if overrides:
        layers.append(Layer("override", "overrides", expanded(overrides)))
    ignored = [unknown_env_ignore] if isinstance(unknown_env_ignore, str) else unknown_env_ignore
    unknown = UnknownVariables(unknown_env, tuple(ignored))
    snapshot = load_layers(schema, layers, prefix, unknown)
    if snapshot.warnings:
        _log(snapshot.warnings)
    return snapshot


def _log(warnings: Sequence[Problem]) -> None:
    import logging  # only what has something to log pays for it

    logger = logging.getLogger("meshconf")
    for warning in warnings:
        logger.warning("%s: %s", warning.code, printable(warning.message))


def _read(source: Source, model: Model) -> Layer:
    """Read a source; one that breaks its word is a finding too."""
    try:
        layer = source.read(model)
    except Exception as error:
        reason = type(error).__name__
    else:
        if isinstance(layer, Layer) and isinstance(layer.data, Mapping):
            return layer
        reason = f"it returned {type(layer).__name__}, not a Layer with a table of data"
    name = type(source).__name__
    problem = Problem(
        "MC405", "error", "", f"the source {name} failed: {reason}", Origin("source", name)
    )
    return Layer("source", name, {}, problems=(problem,), complete=False)


def load_layers(
    schema: Any, layers: Iterable[Layer], prefix: str | None, unknown: UnknownVariables
) -> Snapshot[Any]:
    """Make a snapshot of layers that were already read.

    Args:
        schema: The class.

        layers: The layers in the order of their sources; their kinds decide the precedence.

        prefix: What the names of variables begin with, for reports.

        unknown: What unknown variables are.

    Raises:
        ConfigError: If the configuration has errors.
    """
    model = model_of(schema)
    stack = sorted(layers, key=lambda layer: _RANKS.get(layer.kind, _OTHER_RANK))
    stack = [without_version(model, layer) for layer in stack]
    merged = merge(model, stack)
    config: Any = None
    found: Sequence[Breach] | None = None
    if _is_sound(stack, merged):
        try:
            structurer, build = _builder(model)
            tree = merged.tree
            inherit(model, tree, structurer)
            config = build(tree)
            found = breaches(model, config, stack)
        except Exception:  # noqa: S110 - why it failed is found out below, leaf by leaf
            pass
    warnings: tuple[Problem, ...] = ()
    if found is None or found or _may_warn(stack, merged, unknown):
        warnings = _judged(model, stack, prefix, unknown, found)
    return Snapshot(config, warnings, model, tuple(stack), prefix)


@functools.cache
def _builder(model: Model) -> tuple[Structurer, Hook]:
    structurer = Structurer()
    return structurer, structurer.of_class(model)


def _is_sound(layers: Sequence[Layer], merged: Merged) -> bool:
    """Tell whether nothing is known yet that refuses the load."""
    if any(oddity.refuses for oddity in merged.oddities):
        return False
    return not any(
        layer.broken or any(problem.severity == "error" for problem in layer.problems)
        for layer in layers
    )


def _may_warn(layers: Sequence[Layer], merged: Merged, unknown: UnknownVariables) -> bool:
    """Tell whether there may be warnings besides those of the rules."""
    strays = unknown.policy != "ignore" and any(layer.strays for layer in layers)
    return strays or bool(merged.oddities) or any(layer.problems for layer in layers)


def _judged(
    model: Model,
    layers: Sequence[Layer],
    prefix: str | None,
    unknown: UnknownVariables,
    found: Sequence[Breach] | None,
) -> tuple[Problem, ...]:
    """Find all problems; raise them if an error is among them, else return the warnings."""
    from meshconf.loading.diagnose import diagnose

    problems = diagnose(model, layers, prefix, unknown, found)
    if found is None and not any(problem.severity == "error" for problem in problems):
        name = model.cls.__name__
        message = f"{name} refused these values, and no single one of them is to blame"
        problems = (*problems, Problem("MC207", "error", "", message))
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(
            problems, tuple(layer.name for layer in layers if layer.name and not layer.absent)
        )
    return problems
