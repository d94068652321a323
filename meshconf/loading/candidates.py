"""What each layer holds for a path, and which of them wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.problem import Origin
from meshconf.loading.lookup import default_at, held_or_inherited
from meshconf.loading.walk import inherited_path, kind_at, without_secrets
from meshconf.schema.model import REQUIRED
from meshconf.schema.secret import MASK
from meshconf.sources.layer import Unparsed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.diagnostics.words import Path
    from meshconf.schema import kinds
    from meshconf.schema.model import Model, Setting
    from meshconf.sources.layer import Layer

__all__ = ["Candidate", "candidates_at"]


@attrs.frozen
class Candidate:
    """What one layer holds for one path.

    Attributes:
        origin: Where it stands.

        value: The plain value as the source gave it; ``<secret>`` for a secret.
    """

    origin: Origin
    value: Any


def candidates_at(
    model: Model, layers: Sequence[Layer], path: Path, setting: Setting
) -> tuple[Candidate, ...]:
    """Return what every layer holds for a path, the winner first, the default last."""
    kind = kind_at(model, path)
    found = [
        Candidate(one.origin, _shown(setting, kind, one.value))
        for one in held_or_inherited(model, layers, path)
    ]
    # What inherits never comes to its own default.
    default = default_at(model, inherited_path(model, path) or path)
    # A group without a default that no source sets is made of its own defaults.
    if default is not REQUIRED or not found:
        origin = Origin("default", f"{setting.owner.__name__}.{setting.attribute}")
        value = None if default is REQUIRED else _shown(setting, kind, default)
        found.append(Candidate(origin, value))
    return tuple(found)


def _shown(setting: Setting, kind: kinds.Kind | None, value: Any) -> Any:
    if setting.secret:
        return None if value is None else MASK
    if isinstance(value, Unparsed):
        return value.bad.found
    return without_secrets(kind, value)
