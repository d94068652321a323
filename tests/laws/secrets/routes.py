"""Every way by which something of a configuration gets out, as texts by the name of the way."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

import meshconf
from meshconf.describe.description import describe
from meshconf.describe.difference import (
    difference_json,
    difference_lines,
    difference_markdown,
    differences,
)
from meshconf.describe.effective import effective_env, effective_json, effective_toml, shown_values
from meshconf.describe.env_text import env_example
from meshconf.describe.json_schema import json_schema_text
from meshconf.describe.settings_table import settings_markdown
from meshconf.describe.starter import starter_file
from meshconf.diagnostics.formats import FORMATS, LINE_FORMATS, lines, write
from meshconf.diagnostics.styled import plain
from meshconf.diagnostics.words import dotted
from meshconf.live.page import config_page
from meshconf.mesh import render
from meshconf.schema.setting import FACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf import ConfigError, Live, Problem, Secret
    from meshconf.loading.load import Outcome
    from meshconf.loading.snapshot import Snapshot
    from meshconf.schema.model import Model

Texts = Iterator[tuple[str, str]]

TARGETS = {
    "envoy": render.envoy,
    "envoy_clusters": render.envoy_clusters,
    "envoy_routes": render.envoy_routes,
    "haproxy": render.haproxy,
    "consul": render.consul,
    "istio": render.istio,
    "grpc": render.grpc,
}


def of_object(name: str, value: Any) -> Texts:
    """Print an object in every way that needs no knowledge of it."""
    yield f"{name}: str", str(value)
    yield f"{name}: repr", repr(value)
    yield f"{name}: format", f"{value}"
    yield f"{name}: %", "%s %r" % (value, value)  # noqa: UP031 - old code does so
    yield f"{name}: pprint", pprint.pformat(value)


def of_problems(
    name: str, problems: Sequence[Problem], sources: Sequence[str], *, whole: bool
) -> Texts:
    """Write problems in every format, and as data."""
    for one in FORMATS:
        if one in LINE_FORMATS:
            yield f"{name}: {one}", plain(lines(one, problems, sources))
        else:
            yield f"{name}: {one}", write(one, problems, sources, ())
    if whole:
        yield f"{name}: repr", repr(problems)
        yield f"{name}: asdict", json.dumps([attrs.asdict(one) for one in problems], default=str)


def of_error(error: ConfigError, *, whole: bool = True) -> Texts:
    """Show an error in every way; *whole* asks for those too that hardly differ."""
    yield "error: str", str(error)
    yield "error: repr", repr(error)
    yield from of_problems("error", error.problems, error.sources, whole=whole)
    yield "error: traceback", "".join(traceback.format_exception(error))
    for name in ("__cause__", "__context__", "__notes__"):
        yield f"error: {name}", repr(getattr(error, name, None))
    if whole:
        yield from of_object("error", error)
        yield from of_rich(error.problems)
        yield "error: args", repr(error.args)
        yield "error: pickle", str(pickle.dumps(error))
        yield "error: copy", repr(copy.copy(error))
        record = logging.LogRecord("x", 40, "", 1, "%r %s", (error, error), None)
        record.exc_info = (type(error), error, None)
        yield "error: logged", logging.Formatter().format(record)


def of_records(records: Sequence[logging.LogRecord]) -> Texts:
    """Show what was logged, whole."""
    for record in records:
        yield "log", logging.Formatter("%(message)s").format(record)
        kept = ("name", "msg", "args", "exc_text", "stack_info", "levelname", "pathname")
        yield "log: record", repr([getattr(record, name) for name in kept])


def of_snapshot(snapshot: Snapshot[Any], model: Model, *, whole: bool) -> Texts:
    """Show a successful load in every way; *whole* asks for what takes its time too."""
    yield from of_problems("warnings", snapshot.warnings, snapshot.sources, whole=whole)
    yield "snapshot", repr(snapshot)
    yield "fingerprint", snapshot.fingerprint
    yield from of_config(snapshot.config)
    shown = shown_values(snapshot)
    yield "show: toml", plain(effective_toml(shown, model))
    yield "show: json", effective_json(snapshot, shown)
    yield "show: env", plain(effective_env(shown, model, "X_"))
    yield "deprecations", repr(snapshot.deprecations)
    if not whole:
        return
    yield from of_object("snapshot", snapshot)
    for path, setting, _ in snapshot.values():
        at = dotted(path)
        yield "explain", snapshot.explain(at)
        yield "candidates", repr(snapshot.candidates_at(path, setting))
        yield "origin", repr(snapshot.origin(at))
    for value in (snapshot, snapshot.config):
        yield from _pickled(value)


def _pickled(value: Any) -> Texts:
    try:
        yield "pickle", str(pickle.dumps(value))
    except Exception as error:
        yield "pickle: refused", "".join(traceback.format_exception(error))


def of_config(config: Any) -> Texts:
    """Show the object itself: what is declared `Secret` hides, wherever it stands.

    What is plain in Python is left out: only an attrs class can mask it in its repr.
    """
    if attrs.has(type(config)):
        yield from of_object("config", config)
        guarded = attrs.asdict(config, filter=lambda one, _: not _is_plain_secret(one))
        yield "config: asdict", json.dumps(guarded, default=str)
        yield "config: asdict, pprint", pprint.pformat(guarded)
        return
    guarded = {
        one.name: getattr(config, one.name)
        for one in dataclasses.fields(config)
        if one.name in ("text", "pin", "limited", "checked", "key", "many", "named")
    }
    yield from of_object("config", guarded)
    yield "config: json", json.dumps(guarded, default=str)


def _is_plain_secret(attribute: attrs.Attribute[Any]) -> bool:
    facts = attribute.metadata.get(FACTS)
    return facts is not None and facts.secret


def of_rich(value: Any) -> Texts:
    """Print with rich, where it is installed."""
    try:
        from rich.console import Console
    except ImportError:
        return
    console = Console(file=io.StringIO(), width=200)
    console.print(value)
    yield "rich", console.file.getvalue()  # type: ignore[attr-defined]


def of_secret(secret: Secret[Any]) -> Texts:
    """Show a secret alone in every way, those that are refused too."""
    yield from of_object("secret", secret)
    yield from of_rich({"in": [secret]})
    for name, act in (
        ("json", lambda: json.dumps(secret)),
        ("pickle", lambda: str(pickle.dumps(secret))),
        ("hash", lambda: str(hash(secret))),
        ("vars", lambda: str(vars(secret))),
        ("set", lambda: setattr(secret, "x", 1)),
        ("f-string", lambda: f"{secret!s:>20} {secret!a}"),
        ("add", lambda: secret + secret),  # type: ignore[operator]
        ("index", lambda: secret[0]),  # type: ignore[index]
    ):
        try:
            yield f"secret: {name}", str(act())
        except Exception as error:
            yield f"secret: {name}", "".join(traceback.format_exception(error))


def of_outcome(outcome: Outcome, *, whole: bool) -> Texts:
    """Show a load, whether it went well or not."""
    snapshot = outcome.snapshot
    if snapshot is not None:
        yield from of_snapshot(snapshot, outcome.model, whole=whole)
    else:
        yield from of_error(_error_of(outcome), whole=whole)
        if whole:
            yield "partial", repr(outcome.config)
    yield from of_object("outcome", outcome)


def _error_of(outcome: Outcome) -> ConfigError:
    """Return the error as a caller gets it."""
    try:
        outcome.accepted()
    except meshconf.ConfigError as error:
        return error
    raise AssertionError


def in_short(outcome: Outcome) -> Texts:
    """Show what all other ways are made of."""
    yield "full", plain(lines("full", outcome.problems, outcome.sources))
    yield "problems", repr(outcome.problems)
    snapshot = outcome.snapshot
    if snapshot is not None:
        yield "fingerprint", snapshot.fingerprint
        yield "show", effective_json(snapshot, shown_values(snapshot))
        yield "snapshot", repr(snapshot)


def without_problems(outcome: Outcome) -> Texts:
    """Show the same, but for the data of problems: these have places in lines."""
    yield from (one for one in in_short(outcome) if one[0] != "problems")
    if outcome.snapshot is not None:
        yield from of_config(outcome.snapshot.config)


def of_difference(old: Outcome, new: Outcome) -> Texts:
    """Compare two loads in every format."""
    found = differences(old, new)
    yield "diff: text", plain(difference_lines(found))
    yield "diff: markdown", difference_markdown(found, "old", "new")
    yield "diff: json", difference_json(found, "old", "new")
    yield "diff: repr", repr(found)


def of_model(model: Model) -> Texts:
    """Document a schema in every way; its defaults are secrets too."""
    description = describe(model, model.configuration.prefix)
    yield "docs: markdown", settings_markdown(description)
    yield "docs: env", env_example(description)
    yield "schema", json_schema_text(description)
    yield "init", starter_file(description)
    yield from of_object("model", model)
    yield "settings", " ".join(f"{one!r} {one.declaration()}" for _, one in model.walk())


def of_targets(config: Any) -> Texts:
    """Render a mesh for every engine."""
    for name, target in TARGETS.items():
        try:
            rendered = target(config)
        except meshconf.ConfigError as error:
            for route, text in of_error(error):
                yield f"render {name}: {route}", text
        else:
            yield f"render {name}", rendered.text
            yield f"render {name}: dropped", repr(rendered.dropped)
            yield f"render {name}: repr", repr(rendered)


def of_live(live: Live[Any]) -> Texts:
    """Show a configuration that is followed in every way."""
    status, attempt = live.status, live.attempt
    yield from of_object("live", live)
    yield from of_object("status", status)
    yield from of_object("attempt", attempt)
    for accept in ("application/json", "text/html"):
        yield f"page: {accept}", config_page(live, accept, path="")[1].decode()
    if attempt.error is not None:
        yield "status: error", str(attempt.error)
        yield "status: error, repr", repr(attempt.error)
    if attempt.update is not None:
        yield from of_object("update", attempt.update)
        yield "update: changes", repr(attempt.update.changes)
        yield (
            "update: asdict",
            json.dumps([attrs.asdict(one) for one in attempt.update.changes], default=str),
        )
