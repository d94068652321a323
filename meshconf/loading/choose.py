"""Which sources a load reads: those named, or those that the environment and the folder hold."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.words import parse_path, quoted
from meshconf.sources.budget import DEEPEST
from meshconf.sources.environment import Environment, choosers_of, names_for
from meshconf.sources.file import File
from meshconf.sources.layer import Layer, Source

if TYPE_CHECKING:
    from meshconf.schema.model import Model
    from meshconf.sources.reading import Refused

__all__ = [
    "CREDENTIALS",
    "NamedFile",
    "base_of",
    "chosen",
    "expanded",
    "is_profile",
    "profile_file",
    "profiles_beside",
    "source_of",
    "usual_files",
]

_PROFILE = re.compile(r"[a-z0-9_-]{1,64}")

#: Where systemd puts the credentials of a service.
CREDENTIALS = "CREDENTIALS_DIRECTORY"


@attrs.frozen
class NamedFile(File):
    """A file that something else than a path in the code names.

    Attributes:
        note: What says so, for whoever looks for a file that is not there.
    """

    note: str = attrs.field(kw_only=True)

    def _unread(self, name: str, refused: Refused) -> Layer:
        layer = super()._unread(name, refused)
        problems = tuple(attrs.evolve(one, notes=(self.note,)) for one in layer.problems)
        return attrs.evolve(layer, problems=problems)


class _ProblemOnly:
    """A source that only has a problem to tell."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def read(self, model: Model) -> Layer:  # noqa: ARG002 - the protocol's
        """Give the problem."""
        return Layer("file", "", {}, problems=(self._problem,), complete=False)


def chosen(
    model: Model,
    sources: Sequence[Any],
    prefix: str | None,
    environ: Mapping[str, str],
    profile: str | None = None,
) -> list[Source]:
    """Choose the sources of a load.

    Args:
        model: The schema.

        sources: What the caller named.

        prefix: What the names of variables begin with; None if the environment is not read.

        environ: The variables.

        profile: The profile whose file is read after the first of the files; None leaves it to
            the environment, which counts where no source is named.

    Returns:
        The sources, in no order of precedence yet.

    Raises:
        TypeError: If one of the named sources is none.
    """
    named = [source_of(source, environ) for source in sources]
    if profile is not None:
        named = named or usual_files(model, prefix, environ, with_profile=False)
        named.insert(1, _of_profile(named[:1], profile))
    elif not named:
        named = usual_files(model, prefix, environ)
    if prefix is None:
        return named
    if environ.get(CREDENTIALS):
        from meshconf.sources.secrets_directory import SecretsDirectory  # systemd's alone

        if not any(isinstance(one, SecretsDirectory) for one in named):
            # systemd keeps the directory to the service itself, whatever the modes say.
            named.append(SecretsDirectory(environ[CREDENTIALS], world_readable="allow"))
    if not any(isinstance(one, Environment) for one in named):
        named.append(Environment(prefix, environ=environ))
    return named


def source_of(source: Any, environ: Mapping[str, str]) -> Source:
    """Turn what a caller may name into a source: a path is that of a file, a URL of a document.

    Args:
        source: What was named.

        environ: The variables, in which tokens of stores may be.

    Raises:
        TypeError: If it is neither a path nor a source.
    """
    if isinstance(source, str) and _is_url(source):
        return _of_store(source, environ)
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


def _is_url(text: str) -> bool:
    """Tell whether a text is the URL of a document in a store, at no cost for a path."""
    if "://" not in text:
        return False
    from meshconf.sources.addresses import is_store_url

    return is_store_url(text)


def _of_store(url: str, environ: Mapping[str, str], origin: Origin | None = None) -> Source:
    from meshconf.sources.addresses import store_of

    try:
        return store_of(url, environ)
    except ValueError as error:
        message = f"{'' if origin is None else f'{origin}: '}{error}"
    return _ProblemOnly(Problem("MC411", "error", "", message, origin))


def usual_files(
    model: Model,
    prefix: str | None,
    environ: Mapping[str, str],
    *,
    with_profile: bool = True,
    folder: str = "",
) -> list[Source]:
    """Choose the files where none is named.

    Args:
        model: The schema.

        prefix: What the names of variables begin with; None if the environment is not read.

        environ: The variables.

        with_profile: Whether the file of the profile that the environment names is one of them.

        folder: Where the schema's own file stands; the working directory by default.
    """
    choosers = {} if prefix is None else choosers_of(names_for(model, prefix), prefix)
    listed = environ.get(choosers.get("CONFIG", ""), "")
    if listed:
        origin = Origin("env", choosers["CONFIG"])
        note = f"named by {choosers['CONFIG']}"
        return [
            _of_store(path, environ, origin) if _is_url(path) else NamedFile(path, note=note)
            for path in _parts(listed)
        ]
    name = model.configuration.file
    if name is None:
        return []
    name = os.path.join(folder, name)  # noqa: PTH118 - as it is written where there is no folder
    usual: list[Source] = [File(name, optional=True)]
    chooser = choosers.get("PROFILE", "")
    if with_profile and (profile := environ.get(chooser, "")):
        usual.append(_profile(name, profile, Origin("env", chooser)))
    return usual


def _parts(listed: str) -> list[str]:
    if "://" not in listed:
        return [path for path in listed.split(os.pathsep) if path]
    from meshconf.sources.addresses import split_paths

    return split_paths(listed, os.pathsep)


def _of_profile(first: Sequence[Source], profile: str) -> Source:
    """Name the file of a profile beside the first source, if that is a file."""
    if (base := base_of(first)) is not None:
        return _profile(base, profile)
    message = f"the profile {quoted(profile)} has no file beside which its own could stand"
    return _ProblemOnly(Problem("MC406", "error", "", message, help="name the base file too"))


def base_of(sources: Sequence[Any]) -> str | os.PathLike[str] | None:
    """Name the first file, beside which those of profiles stand; None if no file is the first."""
    first = sources[0] if sources else None
    if isinstance(first, File):
        return first.path
    return first if isinstance(first, (str, os.PathLike)) else None


def _profile(base: str | os.PathLike[str], profile: str, origin: Origin | None = None) -> Source:
    if is_profile(profile):
        named = "the profile " if origin is None else f"{origin.name}="
        return NamedFile(profile_file(base, profile), note=f"named by {named}{profile}")
    what = origin.name if origin is not None else quoted(profile)
    message = f"{what} is no name of a profile"
    help_ = "use 1 to 64 of a-z, 0-9, `_` and `-`, such as production"
    return _ProblemOnly(Problem("MC406", "error", "", message, origin, help=help_))


def is_profile(name: str) -> bool:
    """Tell whether a text can be the name of a profile."""
    return _PROFILE.fullmatch(name) is not None


def profile_file(base: str | os.PathLike[str], profile: str) -> Path:
    """Name the file of a profile: ``mesh.production.toml`` beside ``mesh.toml``."""
    path = Path(base)
    return path.parent / f"{path.stem}.{profile}{path.suffix}"


def profiles_beside(base: str | os.PathLike[str]) -> list[str]:
    """List the profiles that have a file beside a file."""
    path = Path(base)
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return []
    start, end = f"{path.stem}.", path.suffix
    middles = (
        name[len(start) : len(name) - len(end)]
        for name in names
        if name.startswith(start) and name.endswith(end)
    )
    return sorted(filter(is_profile, middles))


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
    """Turn mappings into dicts of our own; they nest at most as deep as those of files."""
    if depth > DEEPEST:
        msg = f"overrides nest deeper than {DEEPEST} levels"
        raise TypeError(msg)
    if isinstance(value, Mapping):
        return {name: _plain(below, depth + 1) for name, below in value.items()}
    return value
