"""What was seen of a matrix: where canaries got out, and how much was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from tests.laws.secrets.canaries import (
    DIGITS,
    ENCODED,
    MARK,
    encoded_forms,
    number_forms,
    without_offsets,
    without_times,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["Ledger"]


@attrs.define
class Ledger:
    """Keeps what comes out, word by word, and looks through it in the end.

    Attributes:
        loads: So many loads, commands and reloads were made.

        texts: So many texts came out of them.

        combinations: So many canaries, codes and routes were looked at together.

        codes: The codes that came up while a canary was planted.

        sources: The sources that said canaries.

        fields: The fields in which they were planted.

        routes: The routes that were taken.

        different: Where a text depends on what the secrets are.
    """

    loads: int = 0
    texts: int = 0
    combinations: int = 0
    codes: set[str] = attrs.field(factory=set)
    sources: set[str] = attrs.field(factory=set)
    canaries: set[Any] = attrs.field(factory=set)
    routes: set[str] = attrs.field(factory=set)
    different: list[str] = attrs.field(factory=list)
    _words: dict[str, str] = attrs.field(factory=dict)

    def look(
        self,
        where: str,
        source: str,
        canaries: Collection[Any],
        codes: Collection[str],
        texts: Iterable[tuple[str, str]],
    ) -> list[tuple[str, str]]:
        """Take note of texts; return them."""
        found = list(texts)
        for route, text in found:
            for word in set(text.split()).difference(self._words):
                self._words[word] = f"{where}; {route}"
        self.loads += 1
        self.texts += len(found)
        self.combinations += len(canaries) * max(len(codes), 1) * len(found)
        self.codes.update(codes)
        self.sources.add(source)
        self.canaries.update(canaries)
        self.routes.update(route for route, _ in found)
        return found

    def compare(
        self, where: str, some: list[tuple[str, str]], others: list[tuple[str, str]]
    ) -> None:
        """Take note of texts that are not the same, though only secrets are not."""
        for (route, one), (_, other) in zip(some, others, strict=True):
            if one != other and _timeless(one) != _timeless(other):
                self.different.append(f"{where}; {route}\n{_timeless(one)}\n{_timeless(other)}")

    def leaks(self) -> list[str]:
        """Return where a canary got out, or a part of one, or its hash, or a code of it."""
        numbers = [one for one in self.canaries if isinstance(one, int)]
        digits = frozenset[str]().union(*map(number_forms, numbers))
        encoded = frozenset[str]().union(*map(encoded_forms, self.canaries))
        return [
            f"{where}: {word[:300]}"
            for word, where in self._words.items()
            if MARK in word
            or any(part in digits for part in _parts(word, DIGITS))
            or any(part in encoded for part in _parts(word, ENCODED))
        ]


def _timeless(text: str) -> str:
    return without_offsets(without_times(text))


def _parts(word: str, size: int) -> Iterator[str]:
    return (word[start : start + size] for start in range(len(word) - size + 1))
