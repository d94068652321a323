"""Which sources a load reads: those named, or those that the environment and the folder hold."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.words import parse_path
from meshconf.sources.environment import Environment, choosers_of, names_for
from meshconf.sources.file import File
from meshconf.sources.layer import Layer, Source
from meshconf.sources.secrets_directory import SecretsDirectory

if TYPE_CHECKING:
    from meshconf.schema.model import Model

__all__ = ["chosen", "expanded"]

_PROFILE = re.compile(r"[a-z0-9_-]{1,64}")

#: Where systemd puts the credentials of a service.
CREDENTIALS = "CREDENTIALS_DIRECTORY"

#: Overrides nest at most so deep, as files do.
DEEPEST = 64


class _ProblemOnly:
    """A source that only has a problem to tell."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def read(self, model: Model) -> Layer:  # noqa: ARG002 - the protocol's
        """Give the problem."""
        return Layer("file", "", {}, problems=(self._problem,), complete=False)


def chosen(
    model: Model, sources: Sequence[Any], prefix: str | None, environ: Mapping[str, str]
) -> list[Source]:
    """Choose the sources of a load.

    Args:
        model: The schema.

        sources: What the caller named.

        prefix: What the names of variables begin with; None if the environment is not read.

        environ: The variables.

    Returns:
        The sources, in no order of precedence yet.

    Raises:
        TypeError: If one of the named sources is none.
    """
    named = [_source(source) for source in sources]
    if not named:
        named = _usual(model, prefix, environ)
    if prefix is None:
        return named
    if environ.get(CREDENTIALS) and not any(isinstance(one, SecretsDirectory) for one in named):
        # systemd keeps the directory to the service itself, whatever the modes say.
        named.append(SecretsDirectory(environ[CREDENTIALS], world_readable="allow"))
    if not any(isinstance(one, Environment) for one in named):
        named.append(Environment(prefix, environ=environ))
    return named


def _source(source: Any) -> Source:
    if isinstance(source, (str, os.PathLike)):
        return File(source)
    if not isinstance(source, type) and callable(getattr(source, "read", None)):
        named: Source = source
        return named
    if isinstance(source, type):
        msg = f"{source.__name__} is a class: pass it as schema={source.__name__}"
    elif isinstance(source, (list, tuple)):
        msg = "several sources are several arguments: load(first, second)"
    else:
        msg = f"a source is a path or has a read(model) method; {type(source).__name__} is neither"
    raise TypeError(msg)


def _usual(model: Model, prefix: str | None, environ: Mapping[str, str]) -> list[Source]:
    """Choose the files where none is named."""
    choosers = {} if prefix is None else choosers_of(names_for(model, prefix), prefix)
    listed = environ.get(choosers.get("CONFIG", ""), "")
    if listed:
        return [File(path) for path in listed.split(os.pathsep) if path]
    name = model.configuration.file
    if name is None:
        return []
    usual: list[Source] = [File(name, optional=True)]
    chooser = choosers.get("PROFILE", "")
    if profile := environ.get(chooser, ""):
        usual.append(_profile(name, profile, chooser))
    return usual


def _profile(name: str, profile: str, variable: str) -> Source:
    if _PROFILE.fullmatch(profile):
        path = Path(name)
        return File(path.with_name(f"{path.stem}.{profile}{path.suffix}"))
    message = f"{variable} is no name of a profile"
    help_ = "use 1 to 64 of a-z, 0-9, `_` and `-`, such as production"
    return _ProblemOnly(Problem("MC406", "error", "", message, Origin("env", variable), help=help_))


def expanded(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Turn overrides by dotted path into nested ones.

    Raises:
        TypeError: If a key is no dotted path, one names a group that another gives a value, or
            they nest deeper than 64 levels.
    """
    tree: dict[str, Any] = {}
    for key, value in overrides.items():
        path = parse_path(key) if isinstance(key, str) else ()
        if not path:
            msg = f"overrides are named by dotted paths; {key!r} is none"
            raise TypeError(msg)
        nested: Any = value
        for part in reversed(path):
            nested = {part: nested}
        _lay_over(tree, nested, key)
    return tree


def _lay_over(tree: dict[str, Any], above: Mapping[str, Any], key: str) -> None:
    for name, value in above.items():
        if name not in tree:
            tree[name] = _plain(value)
        elif isinstance(tree[name], dict) and isinstance(value, Mapping):
            _lay_over(tree[name], value, key)
        else:
            msg = f"the override {key!r} contradicts another"
            raise TypeError(msg)


def _plain(value: Any, depth: int = 0) -> Any:
    """Turn mappings into dicts of our own, however they are nested."""
    if depth > DEEPEST:
        msg = f"overrides nest deeper than {DEEPEST} levels"
        raise TypeError(msg)
    if isinstance(value, Mapping):
        return {name: _plain(below, depth + 1) for name, below in value.items()}
    return value
