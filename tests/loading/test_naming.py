"""What people mean by a path or the name of a variable."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from meshconf import setting
from meshconf.loading.load import read_outcome
from meshconf.loading.naming import path_of_key, path_of_variable, said_of_old


@attrs.frozen
class Retry:
    attempts: int = setting(3, renamed_from="tries")


@attrs.frozen
class Pool:
    retry: Retry = Retry()
    inner: dict[str, Retry] = attrs.Factory(dict)
    web: Retry | None = None


@attrs.frozen
class App:
    low: int = 1
    retry: Retry | None = None
    pools: dict[str, Pool] = attrs.Factory(dict)
    outside: int = setting(1, env="OUTSIDE")


def context(data: Any) -> tuple[Any, Any]:
    """Return a model and what was made of data."""
    outcome = read_outcome(App, (), prefix=None, overrides=data)
    return outcome.model, outcome.config


POOLS: dict[str, Any] = {"pools": {"a.b": {"inner": {"C-1": {}}}, "x": {}}}


class TestKey:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("low", ("low",)),
            ("pools", ("pools",)),
            ("pools.x", ("pools", "x")),
            ('pools."a.b".retry.attempts', ("pools", "a.b", "retry", "attempts")),
            ("pools.'a.b'.inner.C-1.attempts", ("pools", "a.b", "inner", "C-1", "attempts")),
        ],
    )
    def test_found(self, text: str, expected: Any) -> None:
        """A path leads through the entries that there are."""
        assert expected == path_of_key(*context(POOLS), text)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("lwo", "no setting is called lwo; did you mean low?"),
            ("attempts", "no setting is called attempts; did you mean retry.attempts?"),
            ("pools.y.retry", "no setting is called pools.y.retry; did you mean pools.x.retry?"),
            ("pools.nothing.of.it", "no setting is called pools.nothing.of.it"),
            ("", "no setting is called "),
            ("retry.attempts", "no setting is called retry.attempts"),
        ],
    )
    def test_unknown(self, text: str, message: str) -> None:
        """What there is not is refused, and the nearest name told."""
        with pytest.raises(KeyError) as caught:
            path_of_key(*context(POOLS), text)

        assert caught.value.args[0].startswith(message)

    def test_declared(self) -> None:
        """Of an optional group that is not set it may be enough that it is declared."""
        found = path_of_key(*context(POOLS), "retry.attempts", declared=True)

        assert ("retry", "attempts") == found

    def test_declared_in_an_entry(self) -> None:
        """An entry that is not there is unknown, even so."""
        with pytest.raises(KeyError):
            path_of_key(*context(POOLS), "pools.y.retry.attempts", declared=True)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("pools.y.retry", "pools.y.retry is not set, and pools has no entry y"),
            ("pools.x.inner.z.tries", "pools.x.inner.z.tries is not set, and pools.x.inner has no"),
            ("pools.x.web.attempts", "no setting is called pools.x.web.attempts"),
        ],
    )
    def test_declared_below_a_map(self, text: str, message: str) -> None:
        """Of what is below a map it is told which entry is not there."""
        with pytest.raises(KeyError) as caught:
            path_of_key(*context(POOLS), text, declared=True)

        assert caught.value.args[0].startswith(message)

    def test_of_a_broken_configuration(self) -> None:
        """What could not be made has its path, too."""
        assert ("low",) == path_of_key(*context({"low": "x"}), "low")


class TestVariable:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("APP_LOW", ("low",)),
            ("APP_LOW_FILE", ("low",)),
            ("OUTSIDE", ("outside",)),
            ("APP_POOLS", ("pools",)),
            ("APP_RETRY_ATTEMPTS", ("retry", "attempts")),
            ("APP_RETRY_TRIES", ("retry", "attempts")),
            ("APP_POOLS__A_B__RETRY_ATTEMPTS_FILE", ("pools", "a.b", "retry", "attempts")),
            ("APP_POOLS__A_B__INNER__C_1__TRIES", ("pools", "a.b", "inner", "C-1", "attempts")),
        ],
    )
    def test_found(self, name: str, expected: Any) -> None:
        """A variable is found with its entries as the configuration spells them."""
        assert expected == path_of_variable(*context(POOLS), name, "APP_")

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("APP_LOV", "no variable is called APP_LOV; did you mean APP_LOW?"),
            ("APP_QUITE_ANOTHER", "no variable is called APP_QUITE_ANOTHER"),
            (
                "APP_POOLS__NEW_ONE__RETRY",
                "APP_POOLS__NEW_ONE__RETRY is not set, and pools has no entry new-one",
            ),
        ],
    )
    def test_unknown(self, name: str, message: str) -> None:
        """A variable that sets nothing is refused, and the nearest told."""
        with pytest.raises(KeyError) as caught:
            path_of_variable(*context({}), name, "APP_")

        assert message == caught.value.args[0]


class TestOld:
    @pytest.mark.parametrize("text", ["", '"', "low"])
    def test_of_what_is_none(self, text: str) -> None:
        """Of what is no path of an earlier version there is nothing to say."""
        model, _ = context({})

        assert not said_of_old(model, text, None)
