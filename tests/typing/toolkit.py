"""What type checkers make of the toolkit; they read this file, and nobody runs it.

A line that is wrong on purpose says so: both checkers complain where it is right after all.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Generic, Literal, TypeVar

import attrs

import meshconf
from meshconf import (
    Bytes,
    Candidate,
    ConfigError,
    DotEnv,
    Environment,
    File,
    Layer,
    Origin,
    Port,
    Problem,
    Ratio,
    Seconds,
    Secret,
    SecretsDirectory,
    Snapshot,
    Source,
    configuration,
    rule,
    setting,
)

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import assert_type  # noqa: TC004 - nobody runs this file

    from meshconf.schema.model import Model

T = TypeVar("T")


@attrs.frozen
class Pool:
    size: int = 5


@configuration(prefix="APP_", file="app.toml", version=2)
@attrs.frozen
class App:
    name: str
    required: int = setting(ge=1)
    port: Port = 80
    count: int = setting(3, ge=1, help="How many.")
    ratio: Ratio = setting(0.5)
    wait: Seconds = setting(1.0, gt=0, unit="s")
    size: Bytes = setting(1024, le=2**31)
    mode: Literal["a", "b"] = setting("a", reload="restart")
    maybe: str | None = setting(None, matches="[a-z]+", empty_is_unset=True)
    token: Secret[str] | None = setting(None, secret=True, env="TOKEN")
    pool: Pool = attrs.Factory(Pool)
    pools: dict[str, Pool] = attrs.Factory(dict)

    @rule("count", "required", level="warning")
    @staticmethod
    def enough(count: int, required: int) -> str | None:
        """There are as many as required."""
        return None if count >= required else "too few"


@dataclasses.dataclass(frozen=True)
class Plain:
    name: str
    count: Annotated[int, setting(ge=1, help="How many.")] = 3
    pool: Pool = dataclasses.field(default_factory=Pool)


@attrs.frozen
class Box(Generic[T]):
    value: T


def loads(file: Path) -> None:
    """`load` gives exactly the class that it is given."""
    assert_type(meshconf.load("app.toml", schema=App), App)
    assert_type(meshconf.load(file, File(file, optional=True), schema=App, prefix=None), App)
    assert_type(meshconf.load(schema=Plain, prefix="APP_", environ={"APP_NAME": "a"}), Plain)
    assert_type(meshconf.load(schema=Box[int], prefix="APP_"), Box[int])
    assert_type(meshconf.load(schema=App, unknown_env="error", unknown_env_ignore=["X_*"]), App)
    assert_type(meshconf.load(schema=App, overrides={"pool.size": 1, "count": 2}), App)


def reads(file: Path) -> None:
    """`read` gives a snapshot of that class."""
    snapshot = meshconf.read(file, schema=App)
    assert_type(snapshot, Snapshot[App])
    assert_type(snapshot.config, App)
    assert_type(snapshot.warnings, tuple[Problem, ...])
    assert_type(snapshot.origin("count"), Origin)
    assert_type(snapshot.candidates("count"), tuple[Candidate, ...])
    assert_type(snapshot.explain("count"), str)
    assert_type(snapshot.fingerprint, str)
    assert_type(meshconf.read(schema=Plain, prefix=None), Snapshot[Plain])


def is_covariant(snapshot: Snapshot[App]) -> Snapshot[object]:
    """A snapshot of a class is one of its bases."""
    return snapshot


def fields(config: App, plain: Plain) -> None:
    """A field has the type that it was declared with."""
    assert_type(config.name, str)
    assert_type(config.port, int)
    assert_type(config.count, int)
    assert_type(config.required, int)
    assert_type(config.ratio, float)
    assert_type(config.wait, float)
    assert_type(config.size, int)
    assert_type(config.mode, Literal["a", "b"])
    assert_type(config.maybe, "str | None")
    assert_type(config.token, "Secret[str] | None")
    assert_type(config.pools["a"].size, int)
    assert_type(plain.count, int)
    assert_type(plain.pool.size, int)


def secrets(text: Secret[str], number: Secret[int]) -> None:
    """Only `reveal` gives the value of a secret, with its type."""
    assert_type(text.reveal(), str)
    assert_type(number.reveal(), int)
    assert_type(Secret("a"), Secret[str])
    text.value  # type: ignore[attr-defined] # noqa: B018
    text.reveal().nothing  # type: ignore[attr-defined] # noqa: B018
    len(text)  # type: ignore[arg-type]
    text + "a"  # type: ignore[operator]


def construction() -> None:
    """The class itself is checked as attrs and dataclasses have it."""
    assert_type(App(name="a", required=1), App)
    assert_type(Plain("a"), Plain)
    App(required=1)  # type: ignore[call-arg]
    App(name="a", required="1")  # type: ignore[arg-type]
    App(name="a", required=1).count = 2  # type: ignore[misc]
    Plain("a").count = 2  # type: ignore[misc]


def errors(error: ConfigError, problem: Problem) -> None:
    """Problems are data."""
    assert_type(error.problems, tuple[Problem, ...])
    assert_type(problem.severity, Literal["error", "warning"])
    assert_type(problem.origin, "Origin | None")
    assert_type(problem.help, "str | None")
    assert_type(problem.notes, tuple[str, ...])
    problem.path = "a"  # type: ignore[misc]


@attrs.frozen
class Own:
    name: str

    def read(self, model: Model) -> Layer:
        """Give an empty layer."""
        return Layer("own", f"{self.name} {model.cls.__name__}", {})


@attrs.frozen
class Wrong:
    def read(self) -> int:
        """Be no source."""
        return 1


def sources(file: Path) -> None:
    """Paths and whatever has the method of a source are sources."""
    every: list[Source] = [
        File(file, max_bytes=1, max_keys=1, secret_in_file="error"),
        DotEnv(".env", "APP_", optional=True),
        Environment("APP_", separator="__", environ={}),
        SecretsDirectory(file, world_readable="allow"),
        Own("own"),
    ]
    assert_type(meshconf.load(*every, schema=App), App)
    meshconf.load(Wrong(), schema=App)  # type: ignore[call-overload]
    meshconf.load(1, schema=App)  # type: ignore[call-overload]
    File(file, optinal=True)  # type: ignore[call-arg]
    File(file, True)  # type: ignore[call-arg]
    File(file, secret_in_file="maybe")  # type: ignore[arg-type]
    SecretsDirectory(file, world_readable="no")  # type: ignore[arg-type]


def wrong_options() -> None:
    """Options that `load` and `read` do not have are mistakes."""
    meshconf.load(schema=App, prefx="APP_")  # type: ignore[call-overload]
    meshconf.load(schema=App, prefix=1)  # type: ignore[call-overload]
    meshconf.load(schema=App, unknown_env="maybe")  # type: ignore[call-overload]
    meshconf.load(schema=App, environ={"A": 1})  # type: ignore[dict-item]
    meshconf.load(schema=App("a", required=1))  # type: ignore[call-overload]
    meshconf.read(schema=App, unknwon_env="warn")  # type: ignore[call-overload]
    meshconf.read(schema=App).config.nothing  # type: ignore[attr-defined] # noqa: B018
    meshconf.load(schema=App).pool.nothing  # type: ignore[attr-defined] # noqa: B018


def names() -> None:
    """Only what `meshconf` has may be imported from it."""
    assert_type(meshconf.__version__, str)
    meshconf.laod(schema=App)  # type: ignore[attr-defined]


@attrs.frozen
class WrongSettings:
    default: int = setting("80")  # type: ignore[assignment]
    option: int = setting(1, gte=1)  # type: ignore[call-overload]
    word: int = setting(1, reload="later")  # type: ignore[call-overload]
    positional: int = setting(1, 2)  # type: ignore[call-overload]


@configuration(perfix="APP_")  # type: ignore[call-arg]
@attrs.frozen
class WrongConfiguration:
    name: str = "a"


def decorated() -> None:
    """`configuration` leaves the class what it was."""
    assert_type(WrongConfiguration().name, str)
    assert_type(App(name="a", required=1).name, str)
