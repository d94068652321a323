"""Groups in maps that take from a group of the root what they do not set themselves."""

from __future__ import annotations

from typing import Any

import attrs

from meshconf.loading.merge import copied, overlay, table_of
from meshconf.loading.structure import Structurer
from meshconf.schema.model import Model

__all__ = ["inherit"]


def inherit(root: Model, tree: dict[str, Any], structurer: Structurer) -> None:
    """Give every inheriting group of a merged tree what it does not set.

    A group that sets nothing becomes the very object that it inherits from, which is built once.

    Args:
        root: The schema.

        tree: The merged tree; it is changed.

        structurer: Builds the groups that are inherited from.
    """
    _Inheritance(root, tree, structurer).apply(root, tree)


@attrs.frozen(eq=False, repr=False)
class _Inheritance:
    root: Model
    tree: dict[str, Any]
    structurer: Structurer
    bases: dict[str, tuple[dict[str, Any], Any]] = attrs.field(factory=dict)

    def apply(self, model: Model, table: dict[str, Any]) -> None:
        """Complete the groups of one table, and of the tables below it."""
        for setting in model.groups:
            name = setting.name
            source = setting.facts.inherits
            if source is not None and setting.group is not None:
                base, instance = self.base(source)
                own = table.get(name)
                if not own:
                    table[name] = instance
                elif type(own) is dict:
                    table[name] = overlay(setting.group, base, own)
                continue
            below = setting.map_of or setting.group
            if below is not None and below.inherits and type(table.get(name)) is dict:
                tables = table[name].values() if setting.map_of else [table[name]]
                for entry in tables:
                    if type(entry) is dict:
                        self.apply(below, entry)

    def base(self, source: str) -> tuple[dict[str, Any], Any]:
        """Return the table that is inherited from and the object built of it, made once."""
        if source not in self.bases:
            *above, name = source.split(".")
            table, model = self.tree, self.root
            for part in above:
                setting = model.settings[part]
                assert setting.group is not None  # the schema was checked
                below = table.setdefault(part, copied(setting.default_table))
                if type(below) is not dict:  # it was given ready
                    below = table[part] = table_of(setting.group, below)
                table, model = below, setting.group
            setting = model.settings[name]
            assert setting.group is not None
            own = table[name] if name in table else setting.default_value()
            instance = self.structurer.of_class(setting.group)(own)
            base = own if type(own) is dict else table_of(setting.group, own)
            table[name] = instance
            self.bases[source] = (base, instance)
        return self.bases[source]
