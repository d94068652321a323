"""Reading a text as the declared type: variables, secret files, lines of a .env file.

environs does the parsing. What comes out is plain data, as TOML would give it; converting it to
what the class wants is the same work for every source and is done later.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Literal

from meshconf.diagnostics.words import quoted
from meshconf.schema import kinds
from meshconf.schema.values import BadValue
from meshconf.sources.layer import Unparsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TextReader", "format_of", "is_service_link"]

#: What Kubernetes puts into the variables of a Service.
_SERVICE_LINK = re.compile(r"(?:tcp|udp|sctp)://[0-9a-fA-F.:\[\]]+:\d+")

_TABLES = (kinds.Group, kinds.GroupMap, kinds.TaggedUnion, kinds.MapOf)
_ARRAYS = (kinds.ListOf, kinds.FixedArray)

#: How environs calls the parser of a scalar, and what a report calls the scalar.
_PARSERS: dict[str, tuple[str, str]] = {
    "int": ("int", "an integer"),
    "bool": ("bool", "a boolean"),
    "float": ("float", "a number"),
    "date-time": ("datetime", "a date-time"),
    "date": ("date", "a date"),
    "time": ("time", "a time"),
}


_INTEGER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)


def is_service_link(text: str) -> bool:
    """Tell whether a text looks like what Kubernetes injects for a Service."""
    return _SERVICE_LINK.fullmatch(text) is not None


def format_of(kind: kinds.Kind, text: str) -> Literal["json", "list", "plain"]:
    """Tell how a text of this kind is laid out, for finding elements in it."""
    kind = kinds.bare(kind)
    if isinstance(kind, _TABLES) or (isinstance(kind, _ARRAYS) and text.lstrip().startswith("[")):
        return "json"
    return "list" if isinstance(kind, _ARRAYS) else "plain"


class TextReader:
    """Reads texts by their declared types.

    environs is imported when the first text needs it: a text that stays text does not.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._env: Any = None

    def read(self, name: str, text: str, kind: kinds.Kind) -> Any:
        """Read one text.

        Numbers are written in ASCII and without underscores; an integer is digits, with or
        without a sign, and blanks around them.

        Args:
            name: The name of the variable.

            text: Its text.

            kind: The declared kind.

        Returns:
            A plain value; an Unparsed where the text cannot be read as the kind.
        """
        kind = kinds.bare(kind)
        try:
            if isinstance(kind, _TABLES):
                from meshconf.sources.json_text import read_json_table  # few variables are JSON

                return read_json_table(text)
            if isinstance(kind, _ARRAYS):
                return self._array(name, text, kind)
            return self._single(name, text, kind)
        except BadValue as bad:
            return Unparsed(bad)

    def _array(self, name: str, text: str, kind: kinds.ListOf | kinds.FixedArray) -> Any:
        if text.lstrip().startswith("["):
            from meshconf.sources.json_text import read_json

            return read_json(text)
        if not text.strip():
            raise BadValue("MC201", "must be an array", ", got an empty text", label="empty")
        elements = [element.strip() for element in text.split(",")]
        if isinstance(kind, kinds.ListOf):
            wanted: tuple[kinds.Kind, ...] = (kind.item,) * len(elements)
        else:  # a wrong number of elements is told when the array is structured
            wanted = kind.items + (kinds.Anything(),) * (len(elements) - len(kind.items))
        return [self.read(name, *pair) for pair in zip(elements, wanted, strict=False)]

    def _single(self, name: str, text: str, kind: kinds.Kind) -> Any:
        if isinstance(kind, kinds.Choice):
            known = (*kind.options, *kind.aliases)
            return next((option for option in known if _spelled(option, text)), text)
        if not isinstance(kind, kinds.Scalar):
            return text
        if kind is kinds.SECONDS or kind is kinds.BYTES or kind.name == "duration":
            return self._quantity(text)
        if kind.name not in _PARSERS:
            return text
        parser, wanted = _PARSERS[kind.name]
        if not _is_plain(text, parser):
            raise _bad_text(text, wanted)
        # environs knows True and TRUE but not tRUE
        return self._parsed(
            name, text.strip().lower() if parser == "bool" else text, parser, wanted
        )

    def _quantity(self, text: str) -> Any:
        """Leave units to the parser that files use; a bare number may also be written as one."""
        if not text.strip():
            raise BadValue("MC204", "must be a quantity", ", got an empty text", label="empty")
        return text

    def _parsed(self, name: str, text: str, parser: str, wanted: str) -> Any:
        if self._env is None:
            self._env = _reader_class()(self._texts)
        self._texts[name] = text
        parse: Callable[[str], Any] = getattr(self._env, parser)
        try:
            return parse(name)
        except ValueError:  # EnvError is one; it holds the raw text and must not be kept
            pass
        raise _bad_text(text, wanted)


def _is_plain(text: str, parser: str) -> bool:
    """Tell whether a number is written as other languages write it; Python reads more."""
    if parser == "int":
        return _INTEGER.fullmatch(text) is not None
    return parser != "float" or (text.isascii() and "_" not in text)


def _spelled(option: object, text: str) -> bool:
    return str(option) == text or (isinstance(option, bool) and str(option).lower() == text.lower())


def _bad_text(text: str, wanted: str) -> BadValue:
    found = quoted(text) if text else "an empty text"
    if is_service_link(text):
        return BadValue(
            "MC201",
            f"must be {wanted}",
            ", got a service link of Kubernetes",
            label="injected for a Service of this name",
            help="set `enableServiceLinks: false` in the pod's spec",
            found="a service link",
        )
    return BadValue(
        "MC201", f"must be {wanted}", f", got {found}", label=f"not {wanted}", found="text"
    )


@functools.cache
def _reader_class() -> Any:
    """Derive from environs' Env a class that looks into given texts and nowhere else."""
    from environs import Env  # only a variable that has to be parsed needs it

    class Reader(Env):
        def __init__(self, texts: Mapping[str, str]) -> None:
            super().__init__()
            self._texts = texts

        # The one look-up method of Env, which its own FileAwareEnv overrides too.
        def _get_value(self, env_key: str, default: Any) -> Any:
            return self._texts.get(env_key, default)

    return Reader
