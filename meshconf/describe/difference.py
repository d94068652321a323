"""The difference between two configurations, in the words of a reviewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

from meshconf.describe.alike import alike
from meshconf.describe.differing import ABSENT, Pair, differing
from meshconf.describe.file_text import holds_secret, plain
from meshconf.describe.markdown import code, table
from meshconf.diagnostics.json_report import json_text, origin_data
from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.styled import Piece, StyledLine
from meshconf.diagnostics.toml_text import toml_value
from meshconf.diagnostics.words import Path, dotted, printable, quantity
from meshconf.loading.candidates import candidates_at
from meshconf.loading.lookup import held
from meshconf.loading.partial import BROKEN
from meshconf.loading.values import values_in
from meshconf.loading.walk import inherited_path, restart_at, without_secrets
from meshconf.schema.secret import MASK

if TYPE_CHECKING:
    # Nothing resolves annotations.
    from collections.abc import Iterator, Sequence

    from meshconf.loading.load import Outcome
    from meshconf.schema.model import Setting  # noqa: TC004

__all__ = [
    "Difference",
    "change_json",
    "change_text",
    "difference_json",
    "difference_lines",
    "difference_markdown",
    "differences",
    "in_the_way",
    "shown_value",
]

FORMAT_VERSION = "1.0"

#: So many settings that inherit a change are named.
MOST_NAMED = 2


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Difference:
    """A setting that the two sides hold otherwise.

    Attributes:
        path: Where it stands.

        setting: What was declared.

        old: What the first side holds; ``ABSENT`` if it has no such entry.

        new: What the second side holds.

        old_origin: Where the old value comes from.

        new_origin: Where the new value comes from.

        inherited_by: The paths that inherit the value and change with it.

        needs_restart: Whether a running process does not take the change over.
    """

    path: Path
    setting: Setting
    old: Any
    new: Any
    old_origin: Origin | None
    new_origin: Origin | None
    inherited_by: tuple[Path, ...] = ()
    needs_restart: bool = False

    @property
    def sort(self) -> Literal["added", "removed", "changed"]:
        """Whether only one side has the setting."""
        if self.old is ABSENT:
            return "added"
        return "removed" if self.new is ABSENT else "changed"

    @property
    def place(self) -> Origin:
        """Where the new value comes from; the old one if there is none now."""
        place = self.new_origin or self.old_origin
        assert place is not None  # one of the sides has it
        return place

    @property
    def is_table(self) -> bool:
        """Whether it is an entry of a map or a group, whose settings are told one by one."""
        return self.setting.holds_settings


def in_the_way(outcome: Outcome) -> tuple[Problem, ...]:
    """Return the errors that keep a side from being compared.

    Required settings that no source sets are none of them: a deployment may give them.
    """
    errors = tuple(one for one in outcome.problems if one.severity == "error")
    if all(one.code == "MC102" for one in errors) and not _hides_settings(outcome):
        return ()
    return errors


def _hides_settings(outcome: Outcome) -> bool:
    """Tell whether a whole group could not be made, so that its settings could not be compared."""
    values = values_in(outcome.model, outcome.config)
    return any(value is BROKEN and setting.holds_settings for _, setting, value in values)


def differences(old: Outcome, new: Outcome) -> list[Difference]:
    """Compare what two loads of one schema hold, setting by setting.

    Args:
        old: The first side.

        new: The second side.

    Returns:
        What differs, in the order of the schema. Of entries that only one side has, only what a
        source sets is listed.
    """
    found: dict[Path, Difference] = {}
    inheriting: dict[Path, list[Path]] = {}
    for one in differing(new.model, old.config, new.config):
        if not _is_told(one, old, new):
            continue
        base = found.get(inherited_path(new.model, one.path) or ())
        if base is not None and _is_same_change(base, one):
            inheriting.setdefault(base.path, []).append(one.path)
        else:
            found[one.path] = _difference(one, old, new)
    for path, others in inheriting.items():
        found[path] = attrs.evolve(found[path], inherited_by=tuple(others))
    return list(found.values())


def _is_same_change(one: Difference, other: Pair) -> bool:
    kind = one.setting.kind
    return alike(kind, one.old, other.old) and alike(kind, one.new, other.new)


def _is_told(one: Pair, old: Outcome, new: Outcome) -> bool:
    """Tell whether what only one side has was set there, and is no default."""
    if one.old is not ABSENT and one.new is not ABSENT:
        return True
    value, side = (one.old, old) if one.new is ABSENT else (one.new, new)
    is_set = next(held(side.model, side.layers, one.path), None) is not None
    return value is not None and value is not BROKEN and is_set


def _difference(one: Pair, old: Outcome, new: Outcome) -> Difference:
    return Difference(
        path=one.path,
        setting=one.setting,
        old=one.old,
        new=one.new,
        old_origin=None if one.old is ABSENT else _origin(old, one),
        new_origin=None if one.new is ABSENT else _origin(new, one),
        needs_restart=restart_at(new.model, one.path) is not None,
    )


def _origin(side: Outcome, one: Pair) -> Origin:
    """Return where a value comes from; looking it up reads the text of its source."""
    return candidates_at(side.model, side.layers, one.path, one.setting)[0].origin


def _text(difference: Difference, value: Any) -> str:
    """Write a value whole; a reviewer has to see what differs."""
    if value is None or value is BROKEN:
        return "not set"
    if value is ABSENT or difference.is_table:
        return ""
    if difference.setting.secret:
        return MASK
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return quantity(value, difference.setting.unit)
    return printable(toml_value(plain(without_secrets(difference.setting.kind, value))))


def _remarks(difference: Difference) -> list[Piece]:
    remarks = [Piece("needs restart", "warning")] if difference.needs_restart else []
    inheriting = [dotted(path) for path in difference.inherited_by]
    if len(inheriting) > MOST_NAMED:
        remarks.append(Piece(f"also in {len(inheriting)} that inherit it", "quiet"))
    elif inheriting:
        remarks.append(Piece(f"also {' and '.join(inheriting)}", "quiet"))
    if MASK == _text(difference, difference.old) == _text(difference, difference.new):
        remarks.append(Piece("secrets are not shown", "quiet"))
    return remarks


def _place(one: Difference) -> str:
    return "the default" if one.place.kind == "default" else str(one.place)


def difference_lines(found: Sequence[Difference]) -> Iterator[StyledLine]:
    """Write what differs, a line for each setting: ``retry.max_attempts 3 → 50``."""
    for one in found:
        yield (
            Piece(dotted(one.path), "title"),
            *_change(one),
            *(Piece(f" ({remark.text})", remark.role) for remark in _remarks(one)),
            Piece(f"  {_place(one)}", "quiet"),
        )


def _change(one: Difference) -> tuple[Piece, ...]:
    old, new = _text(one, one.old), _text(one, one.new)
    if one.sort == "changed":
        return (Piece(" "), Piece(old, "removed"), Piece(" → "), Piece(new, "added"))
    value = new if one.sort == "added" else old
    return (Piece(f" = {value}" if value else ""), Piece(f" ({one.sort})", one.sort))


def change_text(one: Difference) -> str:
    """Write what became of a value: ``3 → 50``."""
    return "".join(piece.text for piece in _change(one)).strip()


def difference_markdown(found: Sequence[Difference], old: str, new: str) -> str:
    """Write what differs as a table for a pull request.

    Args:
        found: What differs.

        old: The name of the first side.

        new: The name of the second side.

    Returns:
        The text, without a newline at its end.
    """
    rows = [
        (
            code(dotted(one.path)),
            _cell(one, one.old),
            _cell(one, one.new),
            ", ".join(remark.text for remark in _remarks(one)),
        )
        for one in found
    ]
    said = table(("Setting", "Before", "After", "Note"), rows) if rows else "No setting differs."
    return f"**Configuration: {code(old)} → {code(new)}**\n\n{said}"


def _cell(one: Difference, value: Any) -> str:
    if value is ABSENT:
        return "-"
    if one.is_table and value is not BROKEN:
        return "a table"
    text = _text(one, value)
    return text if text == "not set" else code(text)


def difference_json(found: Sequence[Difference], old: str, new: str) -> str:
    """Write what differs as JSON; see ``difference_markdown`` for the arguments."""
    document = {
        "format_version": FORMAT_VERSION,
        "old": old,
        "new": new,
        "differences": [change_json(one) for one in found],
    }
    return json_text(document)


def change_json(one: Difference) -> dict[str, Any]:
    """Return a difference as JSON data, with secrets masked."""
    return {
        "path": dotted(one.path),
        "sort": one.sort,
        "old": shown_value(one, one.old),
        "new": shown_value(one, one.new),
        "sensitive": one.setting.secret or holds_secret(one.old) or holds_secret(one.new),
        "needs_restart": one.needs_restart,
        "inherited_by": [dotted(path) for path in one.inherited_by],
        "old_origin": None if one.old_origin is None else origin_data(one.old_origin),
        "new_origin": None if one.new_origin is None else origin_data(one.new_origin),
    }


def shown_value(one: Difference, value: Any) -> Any:
    """Return a value as a file would say it; ``None`` if it is not set, masked if it is a secret."""
    if value is ABSENT or value is BROKEN or value is None:
        return None
    return MASK if one.setting.secret else plain(without_secrets(one.setting.kind, value))
