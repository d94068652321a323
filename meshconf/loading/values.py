"""Going through the settings of a configuration, whole or as far as it could be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.loading.partial import BROKEN, Partial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.diagnostics.words import Path
    from meshconf.schema.model import Model, Setting

__all__ = ["value_of", "values_in"]


def values_in(
    model: Model, config: Any, path: Path = (), only: Path | None = None
) -> Iterator[tuple[Path, Setting, Any]]:
    """Yield path, setting and value of every setting; groups come before what they hold.

    Args:
        model: The class of the configuration.

        config: The object, or a Partial, in which what could not be made is BROKEN.

        path: Where it is.

        only: The one path that is asked for; None asks for all.
    """
    for name, setting in model.settings.items():
        here = (*path, name)
        if only is not None and only[: len(here)] != here:
            continue
        value = value_of(config, setting)
        yield here, setting, value
        if value is None or value is BROKEN:
            continue
        if setting.map_of is not None:
            key = only[len(here)] if only is not None and len(only) > len(here) else None
            entries = value if key is None else {key: value[key]} if key in value else {}
            for name_of_entry, entry in entries.items():
                where = (*here, name_of_entry)
                if only == where:
                    yield where, setting, entry
                yield from values_in(setting.map_of, entry, where, only)
            continue
        below = setting.group
        if setting.union is not None:
            below = next(one for one in setting.union.models.values() if one.cls is type(value))
        if below is not None:
            yield from values_in(below, value, here, only)


def value_of(config: Any, setting: Setting) -> Any:
    """Return what a group holds for one of its settings; BROKEN if that could not be made."""
    if isinstance(config, Partial):
        return config.values.get(setting.name, BROKEN)
    return getattr(config, setting.attribute)
