"""The difference between two configurations, in the words of a reviewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

from meshconf.describe.alike import alike
from meshconf.describe.file_text import holds_secret, plain
from meshconf.describe.markdown import code, table
from meshconf.diagnostics.json_report import json_text
from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.styled import Piece, StyledLine
from meshconf.diagnostics.toml_text import toml_value
from meshconf.diagnostics.words import Path, dotted, printable, quantity
from meshconf.loading.candidates import candidates_at
from meshconf.loading.lookup import held
from meshconf.loading.partial import BROKEN
from meshconf.loading.values import values_in
from meshconf.loading.walk import inherited_path, without_secrets
from meshconf.schema import kinds
from meshconf.schema.secret import MASK

if TYPE_CHECKING:
    # Nothing resolves annotations.
    from collections.abc import Iterator, Mapping, Sequence  # noqa: TC004

    from meshconf.loading.load import Outcome  # noqa: TC004
    from meshconf.schema.model import Setting  # noqa: TC004

__all__ = [
    "Difference",
    "difference_json",
    "difference_lines",
    "difference_markdown",
    "differences",
    "in_the_way",
]

FORMAT_VERSION = "1.0"

#: So many settings that inherit a change are named.
MOST_NAMED = 2

#: Stands for the value of a setting that one side does not have.
ABSENT: Any = object()


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
    """

    path: Path
    setting: Setting
    old: Any
    new: Any
    old_origin: Origin | None
    new_origin: Origin | None
    inherited_by: tuple[Path, ...] = ()

    @property
    def sort(self) -> Literal["added", "removed", "changed"]:
        """Whether only one side has the setting."""
        if self.old is ABSENT:
            return "added"
        return "removed" if self.new is ABSENT else "changed"

    @property
    def is_table(self) -> bool:
        """Whether it is an entry of a map or a group, whose settings are told one by one."""
        return self.setting.holds_settings

    @property
    def needs_restart(self) -> bool:
        """Whether a running process does not take the change over."""
        return self.setting.facts.reload == "restart"


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
    return any(value is BROKEN and setting.holds_settings for _, setting, value in _values(outcome))


def _values(outcome: Outcome) -> Iterator[tuple[Path, Setting, Any]]:
    return values_in(outcome.model, outcome.config)


def differences(old: Outcome, new: Outcome) -> list[Difference]:
    """Compare what two loads of one schema hold, setting by setting.

    Args:
        old: The first side.

        new: The second side.

    Returns:
        What differs, in the order of the schema. Of entries that only one side has, only what a
        source sets is listed.
    """
    sides = _Side.of(old), _Side.of(new)
    found: dict[Path, Difference] = {}
    for path in _in_order([path for one in sides for path in (*one.leaves, *one.entries)]):
        difference = _compared(path, *sides)
        if difference is None:
            continue
        base = found.get(inherited_path(new.model, path) or ())
        if base is not None and _is_same_change(base, difference):
            inheriting = (*base.inherited_by, path)
            found[base.path] = attrs.evolve(base, inherited_by=inheriting)
        else:
            found[path] = difference
    return list(found.values())


def _is_same_change(one: Difference, other: Difference) -> bool:
    kind = one.setting.kind
    return alike(kind, one.old, other.old) and alike(kind, one.new, other.new)


def _in_order(paths: Sequence[Path]) -> list[Path]:
    """Sort paths as they first appear, an entry before what it holds and beside its like."""
    ranks: dict[Path, int] = {}
    for path in paths:
        for end in range(1, len(path) + 1):
            ranks.setdefault(path[:end], len(ranks))

    def rank(path: Path) -> list[int]:
        return [ranks[path[:end]] for end in range(1, len(path) + 1)]

    return sorted(dict.fromkeys(paths), key=rank)


@attrs.frozen(eq=False, repr=False)
class _Side:
    """One of the two loads: its settings, and the entries of its maps and optional groups."""

    outcome: Outcome
    leaves: Mapping[Path, tuple[Setting, Any]]
    entries: Mapping[Path, Setting]

    @classmethod
    def of(cls, outcome: Outcome) -> _Side:
        leaves: dict[Path, tuple[Setting, Any]] = {}
        entries: dict[Path, Setting] = {}
        for path, setting, value in _values(outcome):
            if value is BROKEN or not setting.holds_settings:
                leaves[path] = (setting, value)
            elif setting.map_of is not None:
                entries |= {(*path, key): setting for key in value or ()}
            elif value is not None and isinstance(setting.kind, kinds.OptionalOf):
                entries[path] = setting
        return cls(outcome, leaves, entries)

    def get(self, path: Path) -> Any:
        if path in self.entries:
            return {}
        return self.leaves[path][1] if path in self.leaves else ABSENT

    def origin(self, path: Path) -> Origin | None:
        """Return where a value comes from; looking it up reads the text of its source."""
        if path not in self.leaves and path not in self.entries:
            return None
        setting = self.entries[path] if path in self.entries else self.leaves[path][0]
        model, layers = self.outcome.model, self.outcome.layers
        return candidates_at(model, layers, path, setting)[0].origin

    def sets(self, path: Path) -> bool:
        """Tell whether a source sets a path itself."""
        return next(held(self.outcome.model, self.outcome.layers, path), None) is not None


def _compared(path: Path, old: _Side, new: _Side) -> Difference | None:
    before, after = old.get(path), new.get(path)
    if before is ABSENT or after is ABSENT:
        side = old if after is ABSENT else new
        if side.get(path) in (None, BROKEN) or not side.sets(path):
            return None
    side = new if path in new.leaves or path in new.entries else old
    setting = side.entries[path] if path in side.entries else side.leaves[path][0]
    if alike(setting.kind, before, after):
        return None
    return Difference(
        path=path,
        setting=setting,
        old=before,
        new=after,
        old_origin=old.origin(path),
        new_origin=new.origin(path),
    )


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
    origin = one.new_origin or one.old_origin
    assert origin is not None  # one of the sides has it
    return "the default" if origin.kind == "default" else str(origin)


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
        "differences": [_entry(one) for one in found],
    }
    return json_text(document)


def _entry(one: Difference) -> dict[str, Any]:
    return {
        "path": dotted(one.path),
        "sort": one.sort,
        "old": _json(one, one.old),
        "new": _json(one, one.new),
        "sensitive": one.setting.secret or holds_secret(one.old) or holds_secret(one.new),
        "needs_restart": one.needs_restart,
        "inherited_by": [dotted(path) for path in one.inherited_by],
        "old_origin": None if one.old_origin is None else attrs.asdict(one.old_origin),
        "new_origin": None if one.new_origin is None else attrs.asdict(one.new_origin),
    }


def _json(one: Difference, value: Any) -> Any:
    if value is ABSENT or value is BROKEN or value is None:
        return None
    return MASK if one.setting.secret else plain(without_secrets(one.setting.kind, value))
