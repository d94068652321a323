"""One successful load: the configuration, and where every value in it came from."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.words import Path, dotted, parse_path, quantity
from meshconf.loading.lookup import default_at, held_or_inherited
from meshconf.loading.walk import kind_at, without_secrets
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.secret import MASK
from meshconf.sources.layer import Layer, Unparsed

if TYPE_CHECKING:
    from meshconf.schema import kinds

__all__ = ["Candidate", "Snapshot"]

T_co = TypeVar("T_co", covariant=True)


@attrs.frozen
class Candidate:
    """What one layer holds for one path.

    Attributes:
        origin: Where it stands.

        value: The plain value as the source gave it; ``<secret>`` for a secret.
    """

    origin: Origin
    value: Any


def _class_name(config: object) -> str:
    """Stand for a configuration, whose own repr may show what meshconf keeps secret."""
    return f"<{type(config).__name__}>"


@attrs.frozen(eq=False)
class Snapshot(Generic[T_co]):
    """One successful load.

    It keeps the texts that were read; origins and candidates are computed from them when asked
    for.

    Attributes:
        config: The configuration.

        warnings: What is not wrong enough to refuse the load.
    """

    config: T_co = attrs.field(repr=_class_name)
    warnings: tuple[Problem, ...]
    _model: Model = attrs.field(repr=False)
    _layers: tuple[Layer, ...] = attrs.field(repr=False)
    _prefix: str | None = attrs.field(repr=False)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources that were read, lowest precedence first."""
        return tuple(layer.name for layer in self._layers if not layer.absent)

    def path(self, text: str) -> Path:
        """Read a dotted path.

        Raises:
            KeyError: If the configuration has no such path; it names the nearest.
        """
        return self._found(text)[0]

    def origin(self, path: str) -> Origin:
        """Return where the value at a path came from.

        Args:
            path: Dotted, as in ``upstreams.payments.retry.max_attempts``.

        Raises:
            KeyError: If the configuration has no such path.
        """
        return self.candidates(path)[0].origin

    def candidates(self, path: str) -> tuple[Candidate, ...]:
        """Return what every layer holds for a path, the winner first, the default last.

        Args:
            path: Dotted, as in ``upstreams.payments.retry.max_attempts``.

        Raises:
            KeyError: If the configuration has no such path.
        """
        return self.candidates_at(*self._found(path))

    def candidates_at(self, path: Path, setting: Setting) -> tuple[Candidate, ...]:
        """Return the candidates for a path that ``values`` gave."""
        kind = kind_at(self._model, path)
        found = [
            Candidate(one.origin, _shown(setting, kind, one.value))
            for one in held_or_inherited(self._model, self._layers, path)
        ]
        default = default_at(self._model, path)
        # A group without a default that no source sets is made of its own defaults.
        if default is not REQUIRED or not found:
            origin = Origin("default", f"{setting.owner.__name__}.{setting.attribute}")
            value = None if default is REQUIRED else _shown(setting, kind, default)
            found.append(Candidate(origin, value))
        return tuple(found)

    def _found(self, path: str) -> tuple[Path, Setting]:
        parts = parse_path(path)
        setting = self._model.find(parts) if parts else None
        if setting is None or not self._exists(parts):
            raise KeyError(self._unknown(path))
        return parts, setting

    def _exists(self, path: Path) -> bool:
        return any(where == path for where, _, _ in self._walk(path))

    def _unknown(self, path: str) -> str:
        from meshconf.diagnostics.suggest import nearest

        known = {dotted(where): None for where, _, _ in self.values()}
        leaves = {where.rpartition(".")[2]: where for where in reversed(known)}
        near = nearest(path, known) or [
            leaves[leaf] for leaf in nearest(path.rpartition(".")[2], leaves)
        ]
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"no setting is called {path}{hint}"

    def values(self) -> Iterator[tuple[Path, Setting, Any]]:
        """Yield path, setting and value of every setting; groups come before what they hold."""
        return self._walk(None)

    def _walk(self, only: Path | None) -> Iterator[tuple[Path, Setting, Any]]:
        return _values(self._model, self.config, (), only)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of the effective configuration without its secrets: 16 hexadecimal digits.

        Equal configurations have equal fingerprints, on every machine and Python.
        """
        from hashlib import sha256

        lines = sorted(
            f"{dotted(path)} = {_canonical(without_secrets(setting.kind, value))}"
            for path, setting, value in self.values()
            if setting.holds_value(value) and not setting.secret
        )
        return sha256("\n".join(lines).encode()).hexdigest()[:16]

    def explain(self, path: str) -> str:
        """Tell in a few lines what a setting's value is, where it came from, and what it shadows.

        Args:
            path: Dotted, as in ``circuit_breaker.max_requests``.

        Raises:
            KeyError: If the configuration has no such path.
        """
        parts, setting = self._found(path)
        winner, *losers = self.candidates(path)
        value = next(value for where, _, value in self._walk(parts) if where == parts)
        lines = [f"{dotted(parts)} = {_said(setting, value)}", f"  from {_place(winner)}"]
        lines += [f"  overrides {_said(setting, one.value)} from {_place(one)}" for one in losers]
        lines.append(f"  declared as {setting.declaration()}")
        if setting.facts.help:
            lines.append(f"  {setting.facts.help}")
        return "\n".join(lines)


def _values(
    model: Model, config: Any, path: Path, only: Path | None
) -> Iterator[tuple[Path, Setting, Any]]:
    """Walk a built configuration; *only* leads the walk straight to one path."""
    for name, setting in model.settings.items():
        here = (*path, name)
        if only is not None and only[: len(here)] != here:
            continue
        value = getattr(config, setting.attribute)
        yield here, setting, value
        if value is None:
            continue
        if setting.map_of is not None:
            key = only[len(here)] if only is not None and len(only) > len(here) else None
            entries = value if key is None else {key: value[key]} if key in value else {}
            for name_of_entry, entry in entries.items():
                where = (*here, name_of_entry)
                if only == where:
                    yield where, setting, entry
                yield from _values(setting.map_of, entry, where, only)
            continue
        below = setting.group
        if setting.union is not None:
            below = next(one for one in setting.union.models.values() if one.cls is type(value))
        if below is not None:
            yield from _values(below, value, here, only)


def _shown(setting: Setting, kind: kinds.Kind | None, value: Any) -> Any:
    if setting.secret:
        return None if value is None else MASK
    if isinstance(value, Unparsed):
        return value.bad.found
    return without_secrets(kind, value)


def _said(setting: Setting, value: Any) -> str:
    if setting.secret and value is not None:
        return MASK
    if value is None:
        return "not set"
    if not setting.holds_value(value):
        return "{…}"
    return quantity(without_secrets(setting.kind, value), setting.unit)


def _place(candidate: Candidate) -> str:
    origin = candidate.origin
    return "the default" if origin.kind == "default" else str(origin)


def _canonical(value: Any) -> str:
    """Write a value so that equal values are written equally."""
    if isinstance(value, Mapping):
        pairs = sorted(f"{_canonical(key)}={_canonical(item)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, AbstractSet):
        return "{" + ",".join(sorted(map(_canonical, value))) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, Enum):
        return _canonical(value.value)
    if isinstance(value, PurePath):
        return repr(str(value))
    if isinstance(value, str):
        return repr(str.__str__(value))
    return f"{value:#x}" if type(value) is int else repr(value)
