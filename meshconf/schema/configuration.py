"""What a root schema says of itself: the prefix of its variables, its file, its version."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VERSION_KEY", "Configuration", "configuration", "configuration_of"]

C = TypeVar("C", bound=type)

#: The key at the top of a document that tells the version of its layout; absent means 1.
VERSION_KEY = "config_version"

_ATTRIBUTE = "__meshconf_configuration__"


@attrs.frozen(kw_only=True)
class Configuration:
    """The facts that `configuration` attaches to a class."""

    prefix: str | None = None
    file: str | None = None
    version: int = 1


def configuration(
    *, prefix: str | None = None, file: str | None = None, version: int = 1
) -> Callable[[C], C]:
    """Say of a root schema how its configuration is found; the class itself stays as it is.

    Args:
        prefix: What the names of its variables begin with, such as ``MESH_``; ``None`` leaves it
            to the call of ``load``.

        file: The file that is read where no source is named, such as ``mesh.toml``; ``None``
            means that there is none.

        version: The version of the file's layout that the class declares, from 1.

    Returns:
        A class decorator, for attrs classes and dataclasses alike.

    Raises:
        ValueError: If the version is below 1.
    """
    if version < 1:
        msg = f"version counts from 1, got {version}"
        raise ValueError(msg)
    facts = Configuration(prefix=prefix, file=file, version=version)

    def decorate(cls: C) -> C:
        setattr(cls, _ATTRIBUTE, facts)
        return cls

    return decorate


def configuration_of(cls: type) -> Configuration:
    """Return what a class says of itself; a subclass says the same unless it says otherwise."""
    found: Configuration = getattr(cls, _ATTRIBUTE, Configuration())
    return found
