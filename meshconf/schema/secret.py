"""A value that nothing prints."""

from __future__ import annotations

from typing import Any, Generic, NoReturn, TypeVar

from meshconf.diagnostics.words import MASK

__all__ = ["MASK", "Secret"]

T_co = TypeVar("T_co", covariant=True)


class Secret(Generic[T_co]):
    """Hold a value that shows itself nowhere but through :meth:`reveal`.

    ``str``, ``repr``, ``format``, logging and pretty printers show ``<secret>``; pickling and
    copying into JSON are refused. Two secrets are compared in constant time. A secret has no
    hash, so that its value cannot be found by trying.
    """

    __slots__ = ("__value",)

    def __init__(self, value: T_co) -> None:
        object.__setattr__(self, "_Secret__value", value)

    def reveal(self) -> T_co:
        """Return the value itself."""
        return self.__value  # type: ignore[no-any-return,attr-defined]

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest  # rarely needed

        mine, theirs = (repr(secret.reveal()).encode() for secret in (self, other))
        return compare_digest(mine, theirs)

    __hash__ = None  # type: ignore[assignment]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = "a secret cannot be changed"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        msg = "a secret cannot be changed"
        raise AttributeError(msg)

    def __copy__(self) -> Secret[T_co]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret[T_co]:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "a secret cannot be pickled"
        raise TypeError(msg)
