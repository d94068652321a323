"""A group as far as it could be made, while a configuration is being diagnosed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from meshconf.schema.model import Model

__all__ = ["BROKEN", "Partial"]


class _Broken:
    """Stands for a value that could not be made."""


BROKEN = _Broken()


@attrs.define(eq=False, repr=False)
class Partial:
    """A group as far as it could be made.

    Attributes:
        model: Its class.

        table: The merged plain values that it is made of.

        values: The converted values by name; BROKEN where there is none.

        left_out: The names that nothing sets, whose defaults the class makes itself.

        built: The object, or BROKEN.
    """

    model: Model
    table: Mapping[str, Any]
    values: dict[str, Any] = attrs.field(factory=dict)
    left_out: set[str] = attrs.field(factory=set)
    built: Any = BROKEN
