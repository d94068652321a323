"""Where the value stands that somebody else has found something about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

from meshconf import Problem, Secret, setting
from meshconf.loading.load import read_outcome
from meshconf.loading.placing import placed

if TYPE_CHECKING:
    from pathlib import Path


@attrs.frozen(kw_only=True)
class Pool:
    size: int = 5


@attrs.frozen(kw_only=True)
class Upstream:
    pool: Pool = setting(Pool(), inherits="pool")


@attrs.frozen(kw_only=True)
class App:
    pool: Pool = Pool()
    token: Secret[str] | None = None
    upstreams: dict[str, Upstream] = setting(attrs.Factory(dict[str, Upstream]))


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Any:
    """Return a function that gives a problem about a path its place in a text."""

    def place(path: str, text: str, **environ: str) -> Problem:
        file = tmp_path / "app.toml"
        file.write_text(text)
        outcome = read_outcome(App, [file], prefix="APP_", environ=environ)
        [found] = placed(outcome, [Problem("MC303", "error", path, f"`{path}` is odd")])
        return found

    return place


class TestPlaced:
    def test_file(self, place):
        """A value in a file is shown where it stands."""
        found = place("pool.size", "[pool]\nsize = 7\n")

        assert (2, 8) == (found.origin.line, found.origin.column)
        assert ["size = 7"] == [line.text for line in found.excerpts[0].lines]

    def test_winner(self, place):
        """Of several values, the one that won is shown."""
        found = place("pool.size", "[pool]\nsize = 7\n", APP_POOL_SIZE="8")

        assert "environment variable APP_POOL_SIZE" == str(found.origin)

    def test_inherited(self, place):
        """A value that is inherited is shown where it comes from."""
        found = place("upstreams.a.pool.size", "[pool]\nsize = 7\n[upstreams.a]\n")

        assert (2, 8) == (found.origin.line, found.origin.column)

    @pytest.mark.parametrize("path", ["pool.size", 'upstreams."a b"', "nothing"])
    def test_nowhere(self, place, path: str):
        """What is about a default, or about nothing that exists, is left as it is."""
        found = place(path, "")

        assert Problem("MC303", "error", path, f"`{path}` is odd") == found

    def test_secret(self, place):
        """A secret is not shown."""
        found = place("token", 'token = "canary"\n')

        assert found.origin.line == 1
        assert "canary" not in repr(found)
