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
from meshconf.diagnostics.words import Path, dotted
from meshconf.loading.holding import source_names
from meshconf.schema.model import Model, Setting
from meshconf.sources.layer import Layer

if TYPE_CHECKING:
    from meshconf.loading.candidates import Candidate
    from meshconf.loading.deprecations import Deprecation

__all__ = ["Snapshot"]

T_co = TypeVar("T_co", covariant=True)


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
        return source_names(self._layers)

    @property
    def deprecated(self) -> tuple[str, ...]:
        """Keys and variables in use under a name or at a place that will go away.

        Each is told as it stands in its source, the sources in their order.
        """
        return tuple(one.name for one in self.deprecations)

    @functools.cached_property
    def deprecations(self) -> tuple[Deprecation, ...]:
        """What ``deprecated`` lists, with the release that no longer reads it."""
        from meshconf.loading.deprecations import deprecations

        return deprecations(self._layers, self.warnings)

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
        from meshconf.loading.candidates import candidates_at

        return candidates_at(self._model, self._layers, path, setting)

    def _found(self, path: str) -> tuple[Path, Setting]:
        from meshconf.loading.naming import path_of_key

        parts = path_of_key(self._model, self.config, path)
        setting = self._model.find(parts)
        assert setting is not None
        return parts, setting

    def sets(self, path: Path) -> bool:
        """Tell whether a source sets a path itself, and not a default or what it inherits."""
        from meshconf.loading.lookup import held

        return next(held(self._model, self._layers, path), None) is not None

    def values(self) -> Iterator[tuple[Path, Setting, Any]]:
        """Yield path, setting and value of every setting; groups come before what they hold."""
        from meshconf.loading.values import values_in

        return values_in(self._model, self.config)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of the effective configuration without its secrets: 16 hexadecimal digits.

        Equal configurations have equal fingerprints, on every machine and Python.
        """
        from hashlib import sha256

        from meshconf.loading.walk import without_secrets

        lines = sorted(
            f"{dotted(path)} = {_canonical(without_secrets(setting.kind, value))}"
            for path, setting, value in self.values()
            if setting.holds_value(value) and not setting.secret
        )
        return sha256("\n".join(lines).encode()).hexdigest()[:16]

    def explain(self, path: str) -> str:
        """Tell what a setting is, what its value is, where it came from, and what it shadows.

        Args:
            path: Dotted, as in ``circuit_breaker.max_requests``.

        Raises:
            KeyError: If the configuration has no such path.
        """
        from meshconf.diagnostics.styled import plain
        from meshconf.loading.explain import explanation

        found = self._found(path)
        lines = explanation(self._model, self._layers, self._prefix, *found, self.config)
        return plain(lines)


#: What every Python writes alike.
_PLAIN = (bool, int, float, type(None))


def _canonical(value: Any) -> str:
    """Write a value so that equal values are written equally."""
    from meshconf.diagnostics.opaque import own_words  # only fingerprints need it

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
    if type(value) is int:
        return f"{value:#x}"
    return repr(value) if isinstance(value, _PLAIN) else own_words(value)
