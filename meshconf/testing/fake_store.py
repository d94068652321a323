"""A document in a store that is nowhere but in the test."""

# ruff: noqa: ARG002 - arguments that the protocols of stores demand

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.sources.reading import Refused
from meshconf.sources.store import Found, Store
from meshconf.testing.environment import toml_text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

__all__ = ["FakeStore"]

#: An answer is held back for so many seconds, as Consul does.
WAIT = 60.0


class _Content:
    """What is there now; whoever waits for a change waits for ``changed``."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.found = Found(None, 0, 1)
        self.is_away = False

    def change(self, content: bytes | None) -> None:
        """Put a document there, or take it away."""
        with self.changed:
            cursor = self.found.cursor + 1
            self.found = Found(content, 0 if content is None else cursor, cursor)
            self.changed.notify_all()

    def be_away(self, *, is_away: bool = True) -> None:
        """Be out of reach, or in reach again."""
        with self.changed:
            self.is_away = is_away
            self.changed.notify_all()


@attrs.frozen
class FakeStore(Store):
    """Stands for a document in Consul or etcd: a source for ``load``, ``read`` and ``watch``.

    It is loaded and followed by what loads and follows those, without a network: what is put comes
    into force, and what is invalid, taken away or out of reach leaves in force what was. A ``Live``
    hears of it in a thread of its own; ``live.reload()`` does not wait for that.

    Attributes:
        key: What reports call it: ``fake://<key>``.

    Besides, it has what documents in all stores have, such as ``start``, ``cache`` and
    ``on_missing``; see ``meshconf.sources.store.Store``.
    """

    key: str = "config"
    _content: _Content = attrs.field(factory=_Content, init=False, repr=False, eq=False)

    @property
    def kind(self) -> str:
        """The kind of its origins."""
        return "fake"

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"fake://{self.key}"

    @property
    def largest_value(self) -> int:
        """How many bytes a value has at most."""
        return self.max_bytes

    def put(self, document: str | Mapping[str, Any]) -> None:
        """Put a document there.

        Args:
            document: Its text; or values, nested or by dotted path, which are written as TOML.
        """
        self._content.change(toml_text(document).encode())

    def delete(self) -> None:
        """Take the document away."""
        self._content.change(None)

    @contextlib.contextmanager
    def outage(self) -> Generator[None]:
        """Have nobody reach it, for as long as the ``with`` statement lasts."""
        self._content.be_away()
        try:
            yield
        finally:
            self._content.be_away(is_away=False)

    def client(self, reset: Callable[[str], None] = lambda _: None) -> _Client:
        """Make somebody who speaks with it."""
        return _Client(self._content)


class _Client:
    """Looks at it as clients of stores do."""

    def __init__(self, content: _Content) -> None:
        self._content = content
        self._is_over = False

    def get(self) -> Found:
        """Return what is there."""
        with self._content.changed:
            return self._found()

    def wait(self, after: Found) -> Found:
        """Wait until there is something else."""
        with self._content.changed:
            self._content.changed.wait_for(lambda: self._is_news(after), WAIT)
            return self._found()

    def _is_news(self, after: Found) -> bool:
        return self._is_over or self._content.is_away or self._content.found.cursor > after.cursor

    def _found(self) -> Found:
        if self._content.is_away:
            raise Refused("MC408", "cannot be asked: connection refused")
        return self._content.found

    def put(self, content: bytes, expected: Found) -> bool:
        """Put a document there, unless it has changed since; tell whether it was put."""
        with self._content.changed:
            is_same = self._found().version == expected.version
            if is_same:
                self._content.change(content)
            return is_same

    def entries(self) -> dict[str, bytes]:
        """Return nothing: there is one key."""
        return {}

    def grant(self, seconds: int) -> str:
        """Refuse: there are no leases."""
        raise Refused("MC411", "has no leases, for it is a fake")

    def renew(self, lease: str) -> bool:
        """Tell that there is no such lease."""
        return False

    def put_under(self, lease: str, content: bytes) -> bool:
        """Tell that there is no such lease."""
        return False

    def revoke(self, lease: str) -> None:
        """Do nothing: there are no leases."""

    def interrupt(self) -> None:
        """Break off what another thread waits for."""
        with self._content.changed:
            self._is_over = True
            self._content.changed.notify_all()

    def close(self) -> None:
        """Do nothing: there is no connection."""
