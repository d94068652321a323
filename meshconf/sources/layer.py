"""What a source gives, and what a source is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

import attrs

from meshconf.diagnostics.problem import Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.words import Path
from meshconf.schema.values import BadValue

if TYPE_CHECKING:
    from meshconf.schema.model import Model
    from meshconf.schema.old_paths import OldPath  # noqa: TC004 - nothing resolves annotations

__all__ = ["Broken", "History", "Layer", "Source", "Stray", "Unparsed", "is_policy"]


@attrs.frozen(eq=False, repr=False)
class Unparsed:
    """Stands in a layer for a text that could not be read as the declared type.

    It is a problem only if no other layer overrides it.
    """

    bad: BadValue


@attrs.frozen(eq=False, repr=False)
class Broken:
    """A text for a whole group that could not be read; what else sets the group still counts."""

    path: Path
    bad: BadValue
    source: SourceText


@attrs.frozen
class Stray:
    """A name in a source that is not, or no longer, that of a setting.

    Attributes:
        name: The name of the variable or file.

        family: ``unknown``; ``service_link`` for what Kubernetes injects; ``group`` for the name
            of a group that holds no JSON; ``old`` for one that stems from the layout of an
            earlier version, and ``gone`` for such a one that sets nothing any more.

        path: What it stands for: the group of ``group``, what ``old`` sets.

        old: Where earlier versions had it, for ``old`` and ``gone``.
    """

    name: str
    family: Literal["unknown", "service_link", "group", "old", "gone"] = "unknown"
    path: Path = ()
    old: OldPath | None = None


class History(Protocol):
    """How the data of a layer came from the document in its text, if that has another layout."""

    @property
    def original(self) -> Mapping[str, Any]:
        """The document as it was."""
        ...

    @property
    def old_paths(self) -> tuple[Path, ...]:
        """What the document says where only earlier versions have it."""
        ...

    def stood_at(self, path: Path) -> Path | None:
        """Return where the document has what the data have at a path; None if nowhere."""
        ...

    def gave(self, path: Path) -> tuple[Path, ...]:
        """Return where the data have what comes from a path of the document."""
        ...

    def is_left(self, path: Path | None) -> bool:
        """Tell whether the value at a path of the document had to stay, its new place being taken."""
        ...

    def is_remade(self, path: Path) -> bool:
        """Tell whether the value at a path of the data is not the one that the document has."""
        ...


@attrs.frozen(eq=False, repr=False)
class Layer:
    """What one source gave.

    Attributes:
        kind: The kind of its origins; it also decides the precedence: ``file`` is the lowest,
            then any other kind, ``secret_file``, ``dotenv``, ``env`` and ``override``. The first
            two are documents: they have a version, which ``config_version`` in the data tells.

        name: What reports call the source.

        data: The values: tables as dicts, keys as the source spells them.

        texts: The texts that parts of the data were read from, by the path of the part; ``()`` is
            the whole. Positions in reports come from them.

        spelled: The paths in the data whose last key comes from the name of a variable: a key of
            a map of groups that stands for any key that folds to the same letters.

        problems: What was wrong with the source itself; an error among them refuses the load.

        broken: Texts of whole groups that could not be read.

        strays: Names that matched no setting.

        secrets: What the value of a secret in this source is: a warning (``warn``), an
            ``error``, or fine (``allow``).

        complete: Whether all that the source holds could be read; if not, nothing is said to be
            missing.

        absent: Whether there was nothing to read, which an optional source may be.

        history: How the data came from the text, if that has the layout of an earlier version.

        remote: Whether it comes from another machine; then it may not set what is ``local_only``.

        fallback: Whether it is a copy of what could not be read.

        accept: Called when what it says is in force; ``None`` if nobody wants to know.
    """

    kind: str
    name: str
    data: Mapping[str, Any]
    texts: Mapping[Path, SourceText] = attrs.field(factory=dict)
    spelled: frozenset[Path] = frozenset()
    problems: tuple[Problem, ...] = ()
    broken: tuple[Broken, ...] = ()
    strays: tuple[Stray, ...] = ()
    secrets: Literal["warn", "error", "allow"] = "allow"
    complete: bool = True
    absent: bool = False
    history: History | None = None
    remote: bool = False
    fallback: bool = False
    accept: Callable[[], None] | None = None

    def stood_at(self, path: Path) -> Path | None:
        """Return where the text has what the data have at a path; None if nowhere."""
        return path if self.history is None else self.history.stood_at(path)

    def is_remade(self, path: Path) -> bool:
        """Tell whether the value at a path of the data is not the one that the text has."""
        return self.history is not None and self.history.is_remade(path)


def is_policy(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Check an attribute that says what a doubtful thing is: a validator for attrs."""
    if value not in ("warn", "error", "allow"):
        msg = f"{attribute.name} is warn, error or allow, not {value!r}"
        raise ValueError(msg)


class Source(Protocol):
    """Anything that `load` can read a layer from."""

    def read(self, model: Model) -> Layer:
        """Read the source.

        Args:
            model: The schema, for sources that need the declared types to read text.

        Returns:
            The layer. What goes wrong is told by its problems, never by an exception.
        """
        ...
