"""Tables of cases: with this environment stack, these values."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

import meshconf
from meshconf.describe.alike import alike
from meshconf.describe.file_text import plain
from meshconf.diagnostics.text import report
from meshconf.diagnostics.toml_text import toml_value
from meshconf.diagnostics.words import Path, dotted, quoted
from meshconf.loading.choose import expanded
from meshconf.loading.convert import Conversion
from meshconf.loading.load import planned, read_outcome
from meshconf.loading.structure import Structurer
from meshconf.loading.values import values_in
from meshconf.loading.walk import kind_at, without_secrets
from meshconf.schema.secret import MASK
from meshconf.testing.problems import ExpectedProblem, difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.diagnostics.problem import Origin
    from meshconf.loading.load import Outcome
    from meshconf.schema import kinds
    from meshconf.schema.model import Model, Setting

__all__ = ["Case", "Table", "Trial", "trials_in"]


@attrs.frozen(kw_only=True)
class Case:
    """A load, and what has to come of it."""

    files: tuple[str, ...] | None = meshconf.setting(
        None, help="The files that are read, from the folder of the table."
    )
    env: dict[str, str] = meshconf.setting({}, help="The variables; there are no others.")
    profile: str | None = meshconf.setting(None, help="The profile whose file is read too.")
    expect: dict[str, Any] = meshconf.setting(
        {}, help="Values of settings, nested as in a file or by dotted path."
    )
    problems: tuple[str, ...] | None = meshconf.setting(
        None, help='All errors and warnings, each as "MC201 consul.port"; without it, no error.'
    )


@attrs.frozen(kw_only=True)
class Table:
    """A file of cases. It is itself a schema that meshconf loads."""

    schema: str = meshconf.setting(
        "meshconf:ServiceMeshConfig", help="The schema, as module:Class."
    )
    prefix: str | None = meshconf.setting(None, help="What the names of its variables begin with.")
    files: tuple[str, ...] = meshconf.setting((), help="The files of cases that name none.")
    case: dict[str, Case] = meshconf.setting({}, help="The cases by their names; there is one.")


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Trial:
    """A case with what its table says of all of them.

    Attributes:
        name: What the table calls the case.

        line: The line of the table on which it begins.

        case: The case.

        schema: The class that is loaded.

        options: What else is told to the load of any case.
    """

    name: str
    line: int | None
    case: Case
    schema: Any
    options: Mapping[str, Any]

    def run(self) -> None:
        """Load in the working directory, and compare.

        Raises:
            AssertionError: If something else came of it; the message shows what differs.
        """
        case = self.case
        outcome = read_outcome(
            self.schema, case.files or (), environ=case.env, profile=case.profile, **self.options
        )
        if differs := _other_problems(outcome, case):
            msg = f"{differs}\n\n{report(outcome.problems, outcome.sources)}"
            if any(problem.code == "MC401" for problem in outcome.problems):
                msg += f"\nfiles are looked for in {os.getcwd()}"  # noqa: PTH109 - a text
            raise AssertionError(msg)
        if outcome.snapshot is None:
            return
        if lines := list(_other_values(outcome.snapshot, outcome.model, case.expect)):
            msg = "\n".join(("other values than expected:", *lines))
            raise AssertionError(msg)


def trials_in(path: str | os.PathLike[str]) -> Iterator[Trial]:
    """Read a table.

    Raises:
        ConfigError: If it is none, or has something else in it.

        TypeError, ValueError: If it has no case, its schema cannot be had or has no prefix, or a
            case contradicts itself.
    """
    snapshot = meshconf.read(path, schema=Table, prefix=None)
    table = snapshot.config
    if not table.case:
        msg = f"{os.fspath(path)} has no case: write [case.NAME] above what is one"
        raise ValueError(msg)
    schema = _schema_of(snapshot)
    options: dict[str, Any] = {} if table.prefix is None else {"prefix": table.prefix}
    planned(schema, (), environ={}, **options)
    for name, case in table.case.items():
        _check_expected(case, snapshot.origin(dotted(("case", name, "problems"))))
        files = table.files if case.files is None else case.files
        yield Trial(
            name=name,
            line=snapshot.origin(dotted(("case", name))).line,
            case=attrs.evolve(case, files=files, expect=expanded(case.expect)),
            schema=schema,
            options=options,
        )


def _schema_of(snapshot: meshconf.Snapshot[Table]) -> Any:
    name = snapshot.config.schema
    try:
        return pkgutil.resolve_name(name)
    except (AttributeError, ImportError, ValueError) as error:
        msg = f"{snapshot.origin('schema')}: schema = {quoted(name)}: {error}"
    raise ValueError(msg)


def _check_expected(case: Case, origin: Origin) -> None:
    """Refuse what is no problem, before any case runs."""
    try:
        for one in case.problems or ():
            ExpectedProblem.of(one)
    except ValueError as error:
        msg = f"{origin}: {error}"
    else:
        return
    raise ValueError(msg)


def _other_problems(outcome: Outcome, case: Case) -> str:
    """Tell which problems are not those expected; empty if all are."""
    if case.problems is not None and (differs := difference(outcome.problems, case.problems)):
        return differs
    if outcome.snapshot is None and (case.problems is None or case.expect):
        return "nothing was loaded:"
    return ""


def _other_values(
    snapshot: meshconf.Snapshot[Any], model: Model, expect: Mapping[str, Any]
) -> Iterator[str]:
    """Compare values with those expected, line by line as a diff; nothing if they are the same."""
    for path, value in _leaves(model, expect):
        yield from _compared(snapshot, model, path, value)


def _leaves(model: Model, tree: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the values in a tree, each with its path; a table that says nothing is one."""
    for name, value in tree.items():
        here = (*path, name)
        setting = model.find(here)
        if value and isinstance(value, dict) and setting is not None and setting.holds_settings:
            yield from _leaves(model, value, here)
        else:
            yield here, value


def _compared(
    snapshot: meshconf.Snapshot[Any], model: Model, path: Path, value: Any
) -> Iterator[str]:
    """Yield what was expected and what is there, if they differ."""
    where = dotted(path)
    setting, kind = model.find(path), kind_at(model, path)
    is_secret = setting is not None and setting.secret
    try:
        snapshot.path(where)
        assert setting is not None  # there is such a path
        assert kind is not None
        expected = _converted(kind, value, path)
    except (KeyError, ValueError) as error:  # there is no such path, or it takes no such value
        said = (
            MASK if is_secret else f"{toml_value(without_secrets(kind, value))}  # {error.args[0]}"
        )
        yield f"- {where} = {said}"
        return
    found = values_in(model, snapshot.config, only=path)
    actual = next(value for at, _, value in found if at == path)
    if not alike(kind, expected, actual):
        origin = snapshot.origin(where)
        place = "the default" if origin.kind == "default" else str(origin)
        yield f"- {where}{_equals(setting, expected)}"
        yield f"+ {where}{_equals(setting, actual)}  # {place}"


def _converted(kind: kinds.Kind, value: Any, path: Path) -> Any:
    """Return what a setting makes of a value.

    Raises:
        ValueError: If it takes no such value.
    """
    structurer = Structurer()
    groups = lambda model, table, _: structurer.of_class(model)(table, None)  # noqa: E731
    conversion = Conversion(structurer, groups, path)
    converted = conversion.convert(kind, value)
    if conversion.errors:
        raise ValueError(str(conversion.errors[0]))
    return converted


def _equals(setting: Setting, value: Any) -> str:
    if value is None:
        return " is not set"
    return f" = {MASK if setting.secret else toml_value(plain(value))}"
