"""Schemas with secrets in every place that a secret can have."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import annotated_types
import attrs
from attrs import validators

from meshconf import Bytes, Seconds, Secret, configuration, edits, rule, setting, step
from tests.laws.secrets.canaries import Canaries

__all__ = ["DEFAULT", "OLD", "Aged", "Plain", "Vault"]

#: What is secret as the default of a class.
DEFAULT = Canaries(9)
OLD = DEFAULT.text("old")


class Key:
    """A type that only its converter knows."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Key({self.text!r})"

    __str__ = __repr__


def key_of(value: Any) -> Key:
    """Convert a text; what begins with `bad` is refused, with all that can be said of it."""
    if not isinstance(value, str) or value.startswith("bad"):
        try:
            raise KeyError(value)  # noqa: TRY301 - its context is what is looked for
        except KeyError as error:
            msg = f"{value!r} is no key, {value} is none"
            raise ValueError(msg) from error
    return Key(value)


def secret_key_of(value: Any) -> Secret[Key]:
    """Convert a text, and keep it secret."""
    return Secret(key_of(value))


def refuse_long(instance: Any, attribute: Any, value: Any) -> None:
    """Refuse long values, and say what they are: quoted, in part, and in full."""
    shown = value.reveal() if isinstance(value, Secret) else value
    if len(str(shown)) > 100:
        msg = f"{shown!r} is too long: {str(shown)[:12]}"
        raise ValueError(msg)


def refuse_unlike(instance: Any, attribute: Any, value: str) -> None:
    """Refuse a name unless it is like the secret beside it, and tell that, or a part of it."""
    if value in ("unlike", "quite unlike"):
        text = instance.text.reveal()
        msg = f"{value} is not like {text[:9] if value == 'unlike' else repr(text)}"
        raise ValueError(msg)


def tell(*values: Any) -> str:
    """Say what secrets are, in the words of a careless author."""
    plain = [one.reveal() if isinstance(one, Secret) else one for one in values]
    return f"{plain} do not fit, above all {plain[0]!r}"


@attrs.frozen(kw_only=True)
class Group:
    """A group with secrets."""

    host: str = "localhost"
    port: int = setting(80, ge=1)
    token: Secret[str] | None = None
    password: str = setting("", secret=True, matches=r"[^!]*")
    pins: tuple[Secret[int], ...] = ()

    @rule("token", "host")
    @staticmethod
    def host_fits_token(token: Secret[str] | None, host: str) -> str | None:
        """The host is not `refused`."""
        return tell(token) if host == "refused" and token is not None else None


@attrs.frozen(kw_only=True)
class Basic:
    """One of two classes."""

    kind: Literal["basic"] = "basic"
    user: str = ""
    password: Secret[str] = Secret("")


@attrs.frozen(kw_only=True)
class Bearer:
    """The other one."""

    kind: Literal["bearer"] = "bearer"
    token: str = setting("", secret=True)
    more: dict[str, Secret[str]] = attrs.field(factory=dict)


@configuration(prefix="VAULT_", file="vault.toml")
@attrs.frozen(kw_only=True)
class Vault:
    """An application that holds secrets in an attrs class."""

    name: str = attrs.field(default="vault", validator=refuse_unlike)
    number: int = setting(1, ge=0)
    strict: Literal["no", "said", "raised", "warned", "quiet"] = "no"
    needed: str
    text: Secret[str] = Secret(DEFAULT.text("text"))
    plain: str = setting(DEFAULT.text("plain"), secret=True)
    bare: Secret[str] | None = setting(None, validator=refuse_long)
    checked: str = setting("", secret=True, validator=[refuse_long, validators.max_len(90)])
    pin: Secret[int] | None = None
    below: int | None = setting(
        None, secret=True, validator=validators.optional(validators.lt(10**17))
    )
    limited: Annotated[Secret[int], annotated_types.Lt(10**17)] = Secret(1)
    within: str | None = setting(
        None, secret=True, validator=validators.optional(validators.in_(["a", "b"]))
    )
    matched: str | None = setting(
        None, secret=True, validator=validators.optional(validators.matches_re(r"[^!]*"))
    )
    searched: str = setting("", secret=True, validator=validators.matches_re(r"^[^!]*$", 0))
    typed: str = setting("", secret=True, validator=validators.instance_of(str))
    short: Annotated[Secret[str], annotated_types.MaxLen(60)] = Secret("")
    long: Secret[str] | None = setting(None, matches=r"[^!]*")
    picked: Secret[Literal["a", "b"]] = Secret("a")
    chosen: str = setting("a", secret=True, one_of=["a", "b"])
    wait: Secret[Seconds] | None = None
    size: Secret[Bytes] | None = None
    file: Secret[Path] | None = None
    free: Secret[Any] | None = None
    key: Secret[Key] | None = setting(None, converter=attrs.converters.optional(secret_key_of))
    raw_key: Any = setting(None, secret=True, converter=attrs.converters.optional(key_of))
    many: tuple[Secret[str], ...] = ()
    joined: list[str] = setting(attrs.Factory(list), secret=True, merge="append")
    unique: frozenset[str] = setting(frozenset(), secret=True)
    pair: tuple[str, Secret[str]] | None = None
    named: Mapping[str, Secret[str]] = attrs.field(factory=dict)
    deep: dict[str, tuple[Secret[str], ...]] = attrs.field(factory=dict)
    numbers: dict[str, Secret[int]] = attrs.field(factory=dict)
    renewed: Secret[str] | None = setting(None, renamed_from="legacy")
    local: Secret[str] | None = setting(None, local_only=True)
    fixed: Secret[str] | None = setting(None, reload="restart")
    elsewhere: Secret[str] | None = setting(None, env="VAULT_BY_ANOTHER_NAME")
    maybe: Secret[str] | None = setting(None, empty_is_unset=True)
    group: Group = Group()
    groups: dict[str, Group] = attrs.field(factory=dict)
    heirs: dict[str, Group] = setting(attrs.Factory(dict), help="Groups of their own.")
    listed: tuple[Group, ...] = ()
    growing: list[Group] = setting(attrs.Factory(list), merge="append")
    either: Basic | Bearer = Basic()
    several: tuple[Basic | Bearer, ...] = ()
    by_name: dict[str, Basic] = attrs.field(factory=dict)

    @rule("text", "strict")
    @staticmethod
    def text_fits(text: Secret[str], strict: str) -> str | None:
        """A strict application has another text."""
        if strict == "raised":
            raise RuntimeError(tell(text))
        return tell(text) if strict == "said" else None

    @rule("plain", "number", "strict", level="warning")
    @staticmethod
    def plain_fits(plain: str, number: int, strict: str) -> str | None:
        """A warned application has another plain one."""
        return tell(plain, number) if strict == "warned" else None

    @rule("group", "either", "strict")
    @staticmethod
    def groups_fit(group: Group, either: Basic | Bearer, strict: str) -> str | None:
        """A strict application has other groups."""
        if strict == "raised":
            raise RuntimeError(tell(group.token, group.password))
        return tell(group.token, group.password) if strict == "said" else None

    @rule("pin", "number", "strict")
    @staticmethod
    def pin_fits(pin: Secret[int] | None, number: int, strict: str) -> str | None:
        """A strict application has another pin."""
        return tell(pin, number) if strict == "said" and pin is not None else None

    def __attrs_post_init__(self) -> None:
        """Refuse the whole, and tell all."""
        if self.strict == "quiet":
            raise ValueError(tell(self.text, self.plain, self.group.password))


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A group in a dataclass."""

    port: int = 1
    token: Secret[str] | None = None
    password: Annotated[str, setting(secret=True, matches=r"[^!]*")] = ""


@configuration(prefix="PLAIN_", file="plain.toml")
@dataclasses.dataclass(frozen=True)
class Plain:
    """An application that holds secrets in a dataclass."""

    needed: str
    name: str = "plain"
    number: Annotated[int, setting(ge=0)] = 1
    strict: Literal["no", "said", "raised", "warned", "quiet"] = "no"
    text: Secret[str] = dataclasses.field(default_factory=lambda: Secret(DEFAULT.text("text")))
    hidden: Annotated[str, setting(secret=True, matches=r"[^!]*")] = ""
    pin: Annotated[Secret[int] | None, setting(renamed_from="legacy")] = None
    limited: Annotated[Secret[int], annotated_types.Lt(10**17)] = dataclasses.field(
        default_factory=lambda: Secret(1)
    )
    checked: Annotated[Secret[str] | None, annotated_types.Predicate(lambda one: one != "!")] = None
    key: Annotated[Secret[Key] | None, setting(converter=key_of)] = None
    own_key: Annotated[Secret[Key] | None, setting(converter=secret_key_of)] = None
    many: tuple[Secret[str], ...] = ()
    named: dict[str, Secret[str]] = dataclasses.field(default_factory=dict)
    leaf: Leaf = Leaf()
    leaves: dict[str, Leaf] = dataclasses.field(default_factory=dict)
    listed: tuple[Leaf, ...] = ()

    @rule("text", "strict")
    @staticmethod
    def text_fits(text: Secret[str], strict: str) -> str | None:
        """A strict application has another text."""
        if strict == "raised":
            raise RuntimeError(tell(text))
        return tell(text) if strict == "said" else None

    def __post_init__(self) -> None:
        """Refuse the whole, and tell all."""
        if self.strict == "quiet":
            raise ValueError(tell(self.text, self.hidden))


def halves(value: Any) -> tuple[str, str]:
    """Split a text in two; what holds no `:` is told."""
    left, _, right = value.partition(":")
    if not right:
        msg = f"{value!r} has one half: {value[:12]}"
        raise ValueError(msg)
    return left, right


def whole(left: Any, right: Any) -> str:
    """Join two texts, unless one is bad."""
    if "bad" in (left[:3], right[:3]):
        msg = f"{left!r} and {right!r} do not go together"
        raise ValueError(msg)
    return f"{left}{right}"


def turned(value: Any) -> str:
    """Make another text of a text."""
    if not isinstance(value, str) or value.startswith("bad"):
        raise RuntimeError(value)
    return f"new {value}"


_EDITS = (
    edits.rename("password", "token"),
    edits.move("auth.secret", "store.secret"),
    edits.convert("code", turned),
    edits.split("login", ["user", "login_password"], halves),
    edits.join(["front", "back"], "front_and_back", whole),
    edits.remove("gone", reason="no longer needed", secret=True),
    edits.remove("gone_too", reason="no longer needed"),
    edits.set_default("kept", OLD),
    edits.rename("groups.*.pass", "password"),
    edits.map_values("mapped", {OLD: "b"}),
)


@attrs.frozen(kw_only=True)
class Store:
    """A group that took a secret over."""

    secret: Secret[str] | None = None
    size: int = 1


@attrs.frozen(kw_only=True)
class Entry:
    """An entry of a map whose secret has another name."""

    password: Secret[str] | None = None


@configuration(
    prefix="AGED_",
    file="aged.toml",
    version=2,
    steps=[step(2, *_EDITS, since="2.0", removed_in="3.0")],
    release="2.5",
)
@attrs.frozen(kw_only=True)
class Aged:
    """An application whose files had another layout."""

    name: str = "aged"
    number: int = 1
    token: Secret[str] | None = None
    store: Store = Store()
    code: Secret[str] | None = None
    user: str = ""
    login_password: Secret[str] | None = None
    front_and_back: str = setting("", secret=True)
    kept: Secret[str] = Secret("new")
    mapped: Secret[str] | None = None
    groups: dict[str, Entry] = attrs.field(factory=dict)


@configuration(
    prefix="AGED_",
    version=2,
    steps=[step(2, *_EDITS, since="2.0", removed_in="3.0")],
    release="3.0",
)
@attrs.frozen(kw_only=True)
class Expired(Aged):
    """The same, which no longer reads that layout."""
