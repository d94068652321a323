"""Values that nothing else looks like, and how they are found again, whole or in part."""

from __future__ import annotations

import functools
import hashlib
import json
import random
import re
import string
from base64 import b32encode, b64encode
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DIGITS",
    "ENCODED",
    "MARK",
    "Canaries",
    "encoded_forms",
    "number_forms",
    "without_offsets",
    "without_times",
]

#: Every sixth or seventh character of a canary begins this mark, which stands nowhere else: a text
#: without it holds no seven characters of one, nor the two that each begins with.
MARK = "Zq"

#: So many marks a canary has.
CHUNKS = 4

#: What stands between them where everything has to be escaped.
AWKWARD = ('"', "\\", "é")

#: So many digits of a number are looked for.
DIGITS = 8

#: So many characters of a hash, or of a code of a canary, are looked for.
ENCODED = 10


@attrs.frozen
class Canaries:
    """The canaries of one planting, a different one for each field.

    Attributes:
        seed: Another one gives other canaries, which are as long.

        awkward: Whether they hold what TOML, JSON and Python escape.

        longer: So many marks each text is longer; a number is longer by a digit.
    """

    seed: int = 0
    awkward: bool = False
    longer: int = 0

    def text(self, field: str) -> str:
        """Return the text for a field."""
        chance = self._chance(field)
        letters = string.ascii_letters + string.digits
        chunks = [MARK + "".join(chance.choices(letters, k=4)) for _ in range(CHUNKS)]
        between = AWKWARD if self.awkward else ("",) * (CHUNKS - 1)
        pairs = zip(chunks, (*between, ""), strict=True)
        return "".join(map("".join, pairs)) + MARK * self.longer

    def number(self, field: str) -> int:
        """Return the number for a field, of fifteen digits."""
        digits = self._chance(field).choices("123456789", k=15)
        return int("".join(digits) + "7" * (self.longer > 0))

    def _chance(self, field: str) -> random.Random:
        return random.Random(f"{self.seed} {field}")  # noqa: S311 - the same in each run


@functools.cache
def number_forms(number: int) -> frozenset[str]:
    """Return what a text must not hold of a number: any eight of its digits, in two bases."""
    written = (f"{number}", f"{number:x}")
    return frozenset(
        digits[start : start + DIGITS]
        for digits in written
        for start in range(len(digits) - DIGITS + 1)
    )


def encoded_forms(value: Any) -> frozenset[str]:
    """Return what a text must not hold besides: hashes of a canary, and codes that hide the mark."""
    forms = (form for text in (str(value), repr(value), json.dumps(value)) for form in _coded(text))
    return frozenset(form[:ENCODED] for form in forms)


def _coded(text: str) -> Iterator[str]:
    raw = text.encode()
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "blake2s", "sha3_256"):
        digest = hashlib.new(name, raw)
        yield digest.hexdigest()
        yield b64encode(digest.digest()).decode()
    for start in range(3):  # base64 of what stands anywhere within a longer text
        yield b64encode(raw[start : start + 9]).decode()
    yield b32encode(raw[:10]).decode()
    yield raw[:6].hex()
    yield raw[-6:].hex()
    yield text[::-1]
    yield "".join(f"%{byte:02X}" for byte in raw)
    yield "".join(f"\\x{byte:02x}" for byte in raw)
    yield "".join(f"\\u{ord(char):04x}" for char in text)
    yield "".join(f"&#{ord(char)};" for char in text)


_TIMES = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00)?"  # when
    r"|(?<=\()\d+ (?:s|min|h|d) ago"
    r"|(?<=\"seconds\": )[\d.e-]+|(?<=\"age\": )[\d.e-]+|\d+(?= ms\))|(?<=seconds=)[\d.e-]+"
    r"|\d\.\d+e\+09|_sum\{[^}\n]*\} [\d.e+-]+"  # what Prometheus is told of both
    r"|(?<= at )0x[0-9a-f]+"  # where
)
_OFFSETS = re.compile(r"(?<=\"byte\": )\d+|(?<=\"byteOffset\": )\d+|(?<=byte=)\d+")


def without_times(text: str) -> str:
    """Leave out when something was, and where in memory."""
    return _TIMES.sub("…", text)


def without_offsets(text: str) -> str:
    """Leave out how many bytes of a source stand before a place in it."""
    return _OFFSETS.sub("…", text)
