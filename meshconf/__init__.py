"""Typed configuration for attrs classes and dataclasses, and a schema for service meshes.

``load()`` gives a frozen configuration or one report that names every mistake. What is not needed
for that is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from meshconf.diagnostics.problem import ConfigError, Origin, Problem
    from meshconf.live.changes import Change, Update
    from meshconf.live.live import Live
    from meshconf.live.status import Attempt, Status
    from meshconf.live.subscribers import Participant
    from meshconf.loading.candidates import Candidate
    from meshconf.loading.snapshot import Snapshot
    from meshconf.mesh import CircuitBreakerConfig, LoadBalancerConfig, ServiceMeshConfig
    from meshconf.schema import edits
    from meshconf.schema.configuration import configuration
    from meshconf.schema.hint_aliases import Bytes, Port, Ratio, Seconds
    from meshconf.schema.rules import rule
    from meshconf.schema.secret import Secret
    from meshconf.schema.setting import setting
    from meshconf.schema.steps import Step, step
    from meshconf.sources.consul import ConsulKV
    from meshconf.sources.dotenv import DotEnv
    from meshconf.sources.environment import Environment
    from meshconf.sources.etcd import EtcdKV
    from meshconf.sources.file import File
    from meshconf.sources.layer import Layer, Source
    from meshconf.sources.secrets_directory import SecretsDirectory

__all__ = [
    "Attempt",
    "Bytes",
    "Candidate",
    "Change",
    "CircuitBreakerConfig",
    "ConfigError",
    "ConsulKV",
    "DotEnv",
    "Environment",
    "EtcdKV",
    "File",
    "Layer",
    "Live",
    "LoadBalancerConfig",
    "Origin",
    "Participant",
    "Port",
    "Problem",
    "Ratio",
    "Seconds",
    "Secret",
    "SecretsDirectory",
    "ServiceMeshConfig",
    "Snapshot",
    "Source",
    "Status",
    "Step",
    "Update",
    "configuration",
    "edits",
    "load",
    "read",
    "rule",
    "setting",
    "step",
    "watch",
]

_HOMES = {
    "live.changes": ("Change", "Update"),
    "live.live": ("Live",),
    "live.status": ("Attempt", "Status"),
    "live.subscribers": ("Participant",),
    "diagnostics.problem": ("ConfigError", "Origin", "Problem"),
    "loading.candidates": ("Candidate",),
    "loading.snapshot": ("Snapshot",),
    "mesh": ("CircuitBreakerConfig", "LoadBalancerConfig", "ServiceMeshConfig"),
    "schema": ("edits",),
    "schema.configuration": ("configuration",),
    "schema.rules": ("rule",),
    "schema.secret": ("Secret",),
    "schema.hint_aliases": ("Bytes", "Port", "Ratio", "Seconds"),
    "schema.setting": ("setting",),
    "schema.steps": ("Step", "step"),
    "sources.consul": ("ConsulKV",),
    "sources.dotenv": ("DotEnv",),
    "sources.environment": ("Environment",),
    "sources.etcd": ("EtcdKV",),
    "sources.file": ("File",),
    "sources.layer": ("Layer", "Source"),
    "sources.secrets_directory": ("SecretsDirectory",),
}

T = TypeVar("T")
UnknownEnv = Literal["warn", "error", "ignore"]
OnRestartFields = Literal["hold", "reject"]


@overload
def load(
    *sources: str | os.PathLike[str] | Source,
    prefix: str | None = ...,
    environ: Mapping[str, str] | None = ...,
    overrides: Mapping[str, Any] | None = ...,
    unknown_env: UnknownEnv = ...,
    unknown_env_ignore: Iterable[str] = ...,
) -> ServiceMeshConfig: ...


@overload
def load(
    *sources: str | os.PathLike[str] | Source,
    schema: type[T],
    prefix: str | None = ...,
    environ: Mapping[str, str] | None = ...,
    overrides: Mapping[str, Any] | None = ...,
    unknown_env: UnknownEnv = ...,
    unknown_env_ignore: Iterable[str] = ...,
) -> T: ...


def load(
    *sources: str | os.PathLike[str] | Source,
    schema: Any = None,
    prefix: Any = ...,  # the schema names it
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    unknown_env: UnknownEnv = "warn",
    unknown_env_ignore: Iterable[str] = (),
) -> Any:
    """Load a configuration.

    Sources, lowest precedence first: the class's defaults, files in the order given, sources of
    your own, directories of secrets (``$CREDENTIALS_DIRECTORY`` among them), ``.env`` files, the
    environment, *overrides*.

    Args:
        sources: Paths of TOML files, or source objects. With none: the files that
            ``<PREFIX>CONFIG`` lists, else the schema's file in the working directory if it is
            there, and its profile's file if ``<PREFIX>PROFILE`` is set.

        schema: An attrs class or a dataclass; ``ServiceMeshConfig`` by default.

        prefix: What the names of variables begin with; the schema's by default. ``None`` means
            that the environment is not read.

        environ: The variables; those of the process by default. Never changed.

        overrides: Values that win over all sources: by dotted path, or nested.

        unknown_env: What a variable under the prefix is that matches no setting: a warning
            (``warn``), an ``error``, or nothing (``ignore``).

        unknown_env_ignore: Patterns of variables that are none of ours, such as ``MESH_X_*``.

    Returns:
        The configuration, an instance of *schema*.

    Raises:
        ConfigError: If anything is wrong with any source; it holds all problems at once.

        TypeError: If *schema* is no class that can be loaded, or has no prefix and none is given.
    """
    return read(
        *sources,
        schema=schema,
        prefix=prefix,
        environ=environ,
        overrides=overrides,
        unknown_env=unknown_env,
        unknown_env_ignore=unknown_env_ignore,
    ).config


@overload
def read(
    *sources: str | os.PathLike[str] | Source,
    prefix: str | None = ...,
    environ: Mapping[str, str] | None = ...,
    overrides: Mapping[str, Any] | None = ...,
    unknown_env: UnknownEnv = ...,
    unknown_env_ignore: Iterable[str] = ...,
) -> Snapshot[ServiceMeshConfig]: ...


@overload
def read(
    *sources: str | os.PathLike[str] | Source,
    schema: type[T],
    prefix: str | None = ...,
    environ: Mapping[str, str] | None = ...,
    overrides: Mapping[str, Any] | None = ...,
    unknown_env: UnknownEnv = ...,
    unknown_env_ignore: Iterable[str] = ...,
) -> Snapshot[T]: ...


def read(
    *sources: str | os.PathLike[str] | Source,
    schema: Any = None,
    prefix: Any = ...,  # the schema names it
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    unknown_env: UnknownEnv = "warn",
    unknown_env_ignore: Iterable[str] = (),
) -> Any:
    """Load a configuration and keep where every value came from.

    Takes what ``load`` takes and raises what it raises.

    Returns:
        A snapshot, with the configuration as ``.config``, the origin and all candidates of values.
    """
    from meshconf.loading.load import read_schema

    if schema is None:
        from meshconf.mesh import ServiceMeshConfig

        schema = ServiceMeshConfig
    return read_schema(
        schema,
        sources,
        prefix=prefix,
        environ=environ,
        overrides=overrides,
        unknown_env=unknown_env,
        unknown_env_ignore=unknown_env_ignore,
    )


@overload
def watch(
    *sources: str | os.PathLike[str] | Source,
    prefix: str | None = ...,
    environ: Mapping[str, str] | None = ...,
    overrides: Mapping[str, Any] | None = ...,
    unknown_env: UnknownEnv = ...,
    unknown_env_ignore: Iterable[str] = ...,
    on_restart_fields: OnRestartFields = ...,
    sighup: bool = ...,
) -> Live[ServiceMeshConfig]: ...


@overload
def watch(
    *sources: str | os.PathLike[str] | Source,
    schema: type[T],
    prefix: str | None = ...,
    environ: Mapping[str, str] | None = ...,
    overrides: Mapping[str, Any] | None = ...,
    unknown_env: UnknownEnv = ...,
    unknown_env_ignore: Iterable[str] = ...,
    on_restart_fields: OnRestartFields = ...,
    sighup: bool = ...,
) -> Live[T]: ...


def watch(
    *sources: str | os.PathLike[str] | Source,
    schema: Any = None,
    prefix: Any = ...,  # the schema names it
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    unknown_env: UnknownEnv = "warn",
    unknown_env_ignore: Iterable[str] = (),
    on_restart_fields: OnRestartFields = "hold",
    sighup: bool = False,
) -> Any:
    """Load a configuration and follow its files while the process runs.

    Takes what ``load`` takes and raises what it raises: a start with errors fails. Afterwards a
    change that has errors is logged and leaves in force what was. The files, those that variables
    and ``.env`` files name and those of directories of secrets are followed; the variables of the
    process are read once. Files are read when they have been quiet for 0.5 s, or after 5 s of
    changes. With the extra ``watch``, the operating system reports changes; without it, the files
    are looked at four times a second.

    Args:
        sources: See ``load``. Files are followed; a source of your own is read at each reload.

        schema: See ``load``.

        prefix: See ``load``.

        environ: See ``load``; it is read once, at the start.

        overrides: See ``load``.

        unknown_env: See ``load``.

        unknown_env_ignore: See ``load``.

        on_restart_fields: What becomes of a change that says ``reload="restart"``: with ``hold``,
            the rest is taken over and ``status.pending_restart`` lists what waits; ``reject``
            refuses the change as a whole.

        sighup: Whether SIGHUP asks for a reload; what handled the signal before is still called.

    Returns:
        A ``Live``: the configuration as ``.config``. It is a context manager; ``close()`` ends it.

    Raises:
        ConfigError: If anything is wrong with any source; it holds all problems at once.

        TypeError: If *schema* is no class that can be loaded, or has no prefix and none is given.

        ValueError: If an option is no such word, or *sighup* is wanted outside the main thread.
    """
    from meshconf.live.live import watch_schema

    if schema is None:
        from meshconf.mesh import ServiceMeshConfig

        schema = ServiceMeshConfig
    return watch_schema(
        schema,
        sources,
        prefix=prefix,
        environ=environ,
        overrides=overrides,
        unknown_env=unknown_env,
        unknown_env_ignore=unknown_env_ignore,
        on_restart_fields=on_restart_fields,
        sighup=sighup,
    )


def _public(name: str) -> Any:
    """Import a public name when it is first used."""
    if name == "__version__":
        from importlib.metadata import version

        return version("meshconf")
    for home, names in _HOMES.items():
        if name in names:
            module = importlib.import_module(f"meshconf.{home}")
            if not hasattr(module, name):  # it is itself a module
                importlib.import_module(f"meshconf.{home}.{name}")
            value = getattr(module, name)
            globals()[name] = value
            return value
    msg = f"module 'meshconf' has no attribute {name!r}"
    raise AttributeError(msg)


if TYPE_CHECKING:  # with the function below, any name would be a public one
    __version__: str
else:
    __getattr__ = _public


def __dir__() -> list[str]:
    """List the public names."""
    return [*__all__, "__version__"]
