"""The laws of what is written down: it loads to what it was written from."""

from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meshconf
from meshconf import DotEnv, Seconds, Secret, setting
from meshconf.describe.difference import differences
from meshconf.describe.effective import (
    effective_env,
    effective_json,
    effective_toml,
    shown_values,
)
from meshconf.diagnostics.styled import plain
from meshconf.loading.load import read_outcome
from meshconf.schema.compile import model_of

CANARY = "canary-7f3a"


@attrs.frozen
class Retry:
    attempts: int = 3
    wait: Seconds = 1.0
    codes: tuple[int, ...] = ()


@attrs.frozen
class Left:
    side: Literal["left"]
    a: int = 0


@attrs.frozen
class Right:
    side: Literal["right"]
    b: list[str] = attrs.Factory(list)


@attrs.frozen
class Place:
    host: str | None = None


@attrs.frozen(kw_only=True)
class Pool:
    size: int | None = None
    retry: Retry = setting(Retry(), inherits="retry")
    places: dict[str, Place] = attrs.Factory(dict)


@attrs.frozen
class Extra:
    note: str | None = None
    places: dict[str, Place] = attrs.Factory(dict)


@attrs.frozen(kw_only=True)
class App:
    name: str = "x"
    ratio: float = 0.5
    names: list[str] = attrs.Factory(list)
    table: dict[str, list[int]] = attrs.Factory(dict)
    retry: Retry = Retry()
    side: Left | Right | None = None
    extra: Extra | None = None
    pools: dict[str, Pool] = attrs.Factory(dict)
    secret: Secret[str] | None = None
    secrets: list[Secret[str]] | None = None


#: Text of lines, as files and variables may have it.
texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Co", "Cn"]), max_size=6
) | st.sampled_from(["a,b", "[1", '{"', "it's", "a\\", "$HOME", "#x", " x ", "two\nlines", ""])
keys = st.sampled_from(["a", "a-b", "a.b", "a_b", "A", "a--b", "-a", "é", "a b", '"', "pools"]) | (
    texts.filter(bool)
)
numbers = st.integers(-(2**70), 2**70)


def table(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make tables that have some of the keys."""
    return st.fixed_dictionaries({}, optional=fields)


def entries(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make maps of tables."""
    return st.dictionaries(keys, of, max_size=3)


retries = table(
    attempts=numbers,
    # Quantities have at most 20 digits.
    wait=st.integers(0, 10**12).map(lambda micros: micros / 10**6) | st.just("500ms"),
    codes=st.lists(numbers, max_size=2),
)
places = entries(table(host=texts))
configs = table(
    name=texts,
    ratio=st.floats(allow_nan=False, allow_infinity=False),
    names=st.lists(texts, max_size=3),
    table=st.dictionaries(texts, st.lists(numbers, max_size=2), max_size=2),
    retry=retries,
    side=st.fixed_dictionaries({"side": st.just("left")}, optional={"a": numbers})
    | st.fixed_dictionaries({"side": st.just("right")}, optional={"b": st.lists(texts)}),
    extra=table(note=texts, places=places),
    pools=entries(table(size=numbers, retry=retries, places=places)),
)


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder for the examples of this module, which come one after the other."""
    return tmp_path_factory.mktemp("app")


def snapshot_of(data: Any) -> meshconf.Snapshot[App]:
    """Load data."""
    return meshconf.read(schema=App, prefix=None, overrides={"retry": {}, **data})


def as_toml(shown: Any) -> str:
    """Write values as TOML."""
    return plain(effective_toml(shown, model_of(App))) + "\n"


def as_env(shown: Any) -> str:
    """Write values as variables."""
    return plain(effective_env(shown, model_of(App), "APP_")) + "\n"


class TestEffective:
    @settings(max_examples=150, deadline=None)
    @given(configs, st.booleans())
    def test_toml(self, folder: Path, data: Any, non_default: bool) -> None:
        """The effective TOML loads to the same configuration, with its defaults or without."""
        snapshot = snapshot_of(data)
        file = folder / "app.toml"
        text = as_toml(shown_values(snapshot, non_default=non_default))
        file.write_text(text, newline="")

        assert snapshot.config == meshconf.load(file, schema=App, prefix=None)

    @settings(max_examples=150, deadline=None)
    @given(configs, st.booleans())
    def test_env(self, folder: Path, data: Any, non_default: bool) -> None:
        """The effective variables load to the same configuration, whatever its keys are."""
        snapshot = snapshot_of(data)
        file = folder / ".env"
        text = as_env(shown_values(snapshot, non_default=non_default))
        file.write_text(text, newline="")
        again = meshconf.read(DotEnv(file, "APP_"), schema=App, prefix=None)

        assert snapshot.config == again.config
        assert () == again.warnings

    @settings(max_examples=40, deadline=None)
    @given(configs)
    def test_secrets(self, folder: Path, data: Any) -> None:
        """No secret is in what is written; revealed, they load too."""
        data |= {"secret": CANARY, "secrets": [CANARY, "other"]}
        snapshot = snapshot_of(data)
        hidden, shown = (shown_values(snapshot, show_secrets=show) for show in (False, True))
        (folder / ".env").write_text(as_env(shown), newline="")
        again = meshconf.load(DotEnv(folder / ".env", "APP_"), schema=App, prefix=None)

        assert CANARY not in as_toml(hidden) + as_env(hidden) + effective_json(snapshot, hidden)
        assert snapshot.config == again


def outcome_of(data: Any) -> Any:
    """Load data; tell what came of it."""
    return read_outcome(App, (), prefix=None, overrides={"retry": {}, **data})


class TestDifferences:
    @settings(max_examples=60, deadline=None)
    @given(configs)
    def test_of_the_same(self, data: Any) -> None:
        """A configuration does not differ from itself."""
        assert [] == differences(outcome_of(data), outcome_of(data))

    @settings(max_examples=150, deadline=None)
    @given(configs, configs)
    def test_of_two(self, first: Any, second: Any) -> None:
        """Two configurations differ in a setting if and only if they are not equal."""
        old, new = outcome_of(first), outcome_of(second)

        assert (old.config != new.config) is bool(differences(old, new))

    @settings(max_examples=60, deadline=None)
    @given(configs, configs)
    def test_the_other_way_round(self, first: Any, second: Any) -> None:
        """The other way round the same settings differ, and old and new change places."""
        old, new = outcome_of(first), outcome_of(second)
        there = {(one.path, one.sort) for one in differences(old, new)}
        turned = {"added": "removed", "removed": "added", "changed": "changed"}

        assert there == {(one.path, turned[one.sort]) for one in differences(new, old)}
