"""What a root schema says of itself: the prefix of its variables, its file, its version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from meshconf.schema.steps import Step  # noqa: TC004 - nothing resolves annotations

__all__ = ["VERSION_KEY", "Configuration", "configuration", "configuration_of", "version_of"]

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
    steps: tuple[Step, ...] = ()
    release: str = ""

    @property
    def writes(self) -> int:
        """The version that files are given by default: one that the release before this one reads.

        A version that came with this release is left out, where the step to it names that.
        """
        version = self.version
        for step in reversed(self.steps):
            if not step.came_with(self.release):
                break
            version = step.to - 1
        return version


def configuration(
    *,
    prefix: str | None = None,
    file: str | None = None,
    version: int = 1,
    steps: Iterable[Step] = (),
    release: str = "",
) -> Callable[[C], C]:
    """Say of a root schema how its configuration is found; the class itself stays as it is.

    Args:
        prefix: What the names of its variables begin with, such as ``MESH_``; ``None`` leaves it
            to the call of ``load``.

        file: The file that is read where no source is named, such as ``mesh.toml``; ``None``
            means that there is none.

        version: The version of the file's layout that the class declares, from 1.

        steps: How a file of one version becomes one of the next, from ``step(2, …)`` to the
            step to *version*; none if older files are read as they are.

        release: The release of the program, such as ``2.1``, with which the releases that steps
            name are compared; empty if they are only told.

    Returns:
        A class decorator, for attrs classes and dataclasses alike.

    Raises:
        TypeError: If one of the steps is none.

        ValueError: If the version is below 1, or the steps have a gap, a double, a wrong order,
            or do not end at the version, or the release is none.
    """
    if version < 1:
        msg = f"version counts from 1, got {version}"
        raise ValueError(msg)
    try:
        history = tuple(steps)
    except TypeError:
        msg = "steps are several, even if there is one: steps=[step(2, …)]"
        raise TypeError(msg) from None
    if history or release:
        from meshconf.schema.steps import check_steps, numbers_of  # most schemas have no history

        check_steps(history, version)
        numbers_of(release or "0")
    facts = Configuration(prefix=prefix, file=file, version=version, steps=history, release=release)

    def decorate(cls: C) -> C:
        setattr(cls, _ATTRIBUTE, facts)
        return cls

    return decorate


def configuration_of(cls: type) -> Configuration:
    """Return what a class says of itself; a subclass says the same unless it says otherwise."""
    found: Configuration = getattr(cls, _ATTRIBUTE, Configuration())
    return found


def version_of(document: Mapping[str, Any]) -> int | None:
    """Return the version that a document tells; ``None`` if what it tells is no version."""
    version = document.get(VERSION_KEY, 1)
    return version if type(version) is int and version >= 1 else None
