"""Loading: the way from sources to a snapshot, or to a report.

The happy path does the least work. It keeps the raw layers; positions, candidates and
explanations are computed from them when someone asks.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeGuard

import attrs

from meshconf.diagnostics.problem import ConfigError, Origin, Problem
from meshconf.diagnostics.words import printable
from meshconf.loading.check_rules import Breach, breaches
from meshconf.loading.choose import chosen, expanded
from meshconf.loading.holding import Kept, held_layer, hold, source_names
from meshconf.loading.merge import Merged, merge
from meshconf.loading.snapshot import Snapshot
from meshconf.loading.structure import Hook, Structurer
from meshconf.loading.versions import all_up_to_date
from meshconf.schema.compile import model_of
from meshconf.sources.environment import Environment, names_for
from meshconf.sources.file import File
from meshconf.sources.files import AS_FOUND
from meshconf.sources.layer import Layer, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meshconf.diagnostics.words import Path
    from meshconf.schema.model import Model  # noqa: TC004 - nothing resolves annotations
    from meshconf.sources.files import Files

__all__ = [
    "SCHEMAS_PREFIX",
    "Outcome",
    "Plan",
    "UnknownVariables",
    "accept",
    "load_layers",
    "log_warnings",
    "planned",
    "read_outcome",
    "read_schema",
    "reads_files",
]

#: Stands for the prefix that the schema itself names.
SCHEMAS_PREFIX: Any = ...

#: What decides between layers, lowest first; any kind not named here comes after files.
_RANKS = {"file": 0, "secret_file": 2, "dotenv": 3, "env": 4, "override": 5}
_OTHER_RANK = 1

#: What reports call values that are held.
HELD_NAME = "the value held until a restart"


@attrs.frozen
class UnknownVariables:
    """What a variable under the prefix is that matches no setting, and which are let pass."""

    policy: Literal["warn", "error", "ignore"] = "warn"
    ignored: tuple[str, ...] = ()


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Outcome:
    """What came of reading a schema's sources, whether it could be loaded or not.

    Attributes:
        model: The schema.

        layers: What was read, lowest precedence first.

        prefix: What the names of variables begin with; ``None`` if the environment was not read.

        snapshot: The successful load; ``None`` if an error refuses it.

        problems: All findings, in the order of the report.
    """

    model: Model
    layers: tuple[Layer, ...]
    prefix: str | None
    snapshot: Snapshot[Any] | None
    problems: tuple[Problem, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources that were read, lowest precedence first."""
        return source_names(self.layers)

    def accepted(self) -> Snapshot[Any]:
        """Return the successful load.

        Raises:
            ConfigError: If the configuration has errors.
        """
        if self.snapshot is None:
            raise ConfigError(self.problems, self.sources)
        return self.snapshot

    @property
    def config(self) -> Any:
        """The configuration; if it has errors, a Partial of what could be made of it."""
        if self.snapshot is not None:
            return self.snapshot.config
        from meshconf.loading.diagnose import made_as_far_as_possible

        return made_as_far_as_possible(self.model, self.layers)


def read_schema(schema: Any, sources: Sequence[Any], **options: Any) -> Snapshot[Any]:
    """Load a schema; see ``meshconf.load`` and ``meshconf.read`` for the arguments.

    Raises:
        ConfigError: If the configuration has errors.

        TypeError: If the schema or a source is none, or there is no prefix.

        ValueError: If ``unknown_env`` is no such word.
    """
    outcome = read_outcome(schema, sources, **options)
    snapshot = outcome.accepted()
    accept(outcome.layers)
    if snapshot.warnings:
        log_warnings(snapshot.warnings)
    return snapshot


def accept(layers: Iterable[Layer]) -> None:
    """Tell those who want to know that what they read is in force."""
    for layer in layers:
        if layer.accept is not None:
            layer.accept()


def read_outcome(schema: Any, sources: Sequence[Any], **options: Any) -> Outcome:
    """Read the sources of a schema and load it if they are sound; see ``planned``."""
    plan = planned(schema, sources, **options)
    return plan.load(plan.read())


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Plan:
    """What a load reads, decided once.

    Attributes:
        model: The schema.

        sources: The sources, in no order of precedence.

        overrides: Values that win over all of them, nested.

        prefix: What the names of variables begin with; ``None`` if the environment is not read.

        unknown: What unknown variables are.
    """

    model: Model
    sources: tuple[Source, ...]
    overrides: Mapping[str, Any]
    prefix: str | None
    unknown: UnknownVariables

    def read(self, files: Files = AS_FOUND) -> tuple[Layer, ...]:
        """Read the sources, those that read files from *files*."""
        layers = [_read(source, self.model, files) for source in self.sources]
        if self.overrides:
            layers.append(Layer("override", "overrides", self.overrides))
        return tuple(layers)

    def load(self, layers: Iterable[Layer], held: Mapping[Path, Kept] | None = None) -> Outcome:
        """Load what was read; see ``load_layers``."""
        return load_layers(self.model, layers, self.prefix, self.unknown, held)


def planned(
    schema: Any,
    sources: Sequence[Any],
    *,
    prefix: str | None = SCHEMAS_PREFIX,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    unknown_env: Literal["warn", "error", "ignore"] = "warn",
    unknown_env_ignore: Iterable[str] = (),
    profile: str | None = None,
) -> Plan:
    """Decide what a load of a schema reads.

    Takes what ``read_schema`` takes, and a profile that stands for the one that the environment
    names.

    Raises:
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
    named = chosen(model, sources, prefix, os.environ if environ is None else environ, profile)
    for source in named:
        _refuse_clashes(model, source)
    ignored = [unknown_env_ignore] if isinstance(unknown_env_ignore, str) else unknown_env_ignore
    return Plan(
        model=model,
        sources=tuple(named),
        overrides=expanded(overrides) if overrides else {},
        prefix=prefix,
        unknown=UnknownVariables(unknown_env, tuple(ignored)),
    )


def _refuse_clashes(model: Model, source: Source) -> None:
    """Refuse names that clash: a fault of the schema, not of the source that finds them."""
    if isinstance(source, Environment):
        names_for(model, source.prefix, source.separator)
    elif not isinstance(source, File):
        from meshconf.sources.dotenv import DotEnv  # few loads have one

        if isinstance(source, DotEnv):
            names_for(model, source.prefix, source.separator)


def log_warnings(warnings: Iterable[Problem]) -> None:
    """Log a line for each warning."""
    import logging  # only what has something to log pays for it

    logger = logging.getLogger("meshconf")
    for warning in warnings:
        logger.warning("%s: %s", warning.code, "; ".join(map(printable, _words(warning))))


def _words(warning: Problem) -> Iterator[str]:
    """Yield what one line of a log says of a warning."""
    yield warning.message
    yield from warning.notes
    if warning.help is not None:
        yield warning.help


class _FromFiles(Source, Protocol):
    """A source that can be told how to get at files."""

    def read_from(self, files: Files, model: Model) -> Layer: ...


def reads_files(source: Source) -> TypeGuard[_FromFiles]:
    """Tell whether all that a source reads are files that ``Plan.read`` can be told."""
    cls = type(source)
    if cls in (Environment, File):  # which most loads have, and nothing else
        return True
    from meshconf.sources.dotenv import DotEnv
    from meshconf.sources.secrets_directory import SecretsDirectory

    # A subclass may read in another way.
    return any(
        issubclass(cls, known) and cls.read is known.read and cls.read_from is known.read_from
        for known in (DotEnv, Environment, File, SecretsDirectory)
    )


def _read(source: Source, model: Model, files: Files) -> Layer:
    """Read a source; one that breaks its word is a finding too."""
    try:
        layer = source.read_from(files, model) if reads_files(source) else source.read(model)
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
    model: Model,
    layers: Iterable[Layer],
    prefix: str | None,
    unknown: UnknownVariables,
    held: Mapping[Path, Kept] | None = None,
) -> Outcome:
    """Load layers that were already read.

    Args:
        model: The schema.

        layers: The layers in the order of their sources; their kinds decide the precedence.

        prefix: What the names of variables begin with, for reports.

        unknown: What unknown variables are.

        held: What an earlier load had and holds whatever the layers say, by path.
    """
    ranked = sorted(layers, key=lambda layer: _RANKS.get(layer.kind, _OTHER_RANK))
    stack = all_up_to_date(model, ranked)
    merged = merge(model, stack)
    if held:
        hold(model, merged.tree, held)
        stack = (*stack, held_layer(HELD_NAME, held))
    config: Any = None
    found: Sequence[Breach] | None = None
    if _is_sound(stack, merged):
        try:
            structurer, build = _builder(model)
            tree = merged.tree
            if model.inherits:
                from meshconf.loading.inheritance import inherit  # few schemas have any

                inherit(model, tree, structurer)
            config = build(tree)
            found = breaches(model, config, stack)
        except Exception:  # noqa: S110 - why it failed is found out below, leaf by leaf
            pass
    problems: tuple[Problem, ...] = ()
    if found is None or found or _may_warn(stack, merged, unknown):
        problems = _judged(model, stack, prefix, unknown, found)
    refused = any(problem.severity == "error" for problem in problems)
    snapshot = None if refused else Snapshot(config, problems, model, stack, prefix)
    return Outcome(model=model, layers=stack, prefix=prefix, snapshot=snapshot, problems=problems)


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
    strays = (stray for layer in layers for stray in layer.strays)
    told = any(stray.old is not None or unknown.policy != "ignore" for stray in strays)
    return told or bool(merged.oddities) or any(layer.problems for layer in layers)


def _judged(
    model: Model,
    layers: Sequence[Layer],
    prefix: str | None,
    unknown: UnknownVariables,
    found: Sequence[Breach] | None,
) -> tuple[Problem, ...]:
    """Find all problems; if it could not be built, one of them is an error."""
    from meshconf.loading.diagnose import diagnose

    problems = diagnose(model, layers, prefix, unknown, found)
    if found is None and not any(problem.severity == "error" for problem in problems):
        name = model.cls.__name__
        message = f"{name} refused these values, and no single one of them is to blame"
        problems = (*problems, Problem("MC207", "error", "", message))
    return problems
