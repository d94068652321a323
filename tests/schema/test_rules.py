"""Tests for `meshconf.schema.rules`."""

from typing import Any

import pytest

from meshconf.schema.rules import Rule, rule


class Limits:
    @rule("low", "high")
    def plain(low: int, high: int) -> str | None:  # noqa: N805
        """The low one is the lower one."""
        return None if low <= high else f"{low} is above {high}"

    @rule("low", level="warning", layers=True)
    @staticmethod
    def with_layers(low: int, *, layers: Any) -> str | None:
        """The low one is set."""
        return f"{low} {layers('low')}"


class TestRule:
    """`rule` turns a function in a class into a Rule."""

    def test_paths(self) -> None:
        """The paths are kept in their order."""
        assert ("low", "high") == Limits.plain.paths

    def test_defaults(self) -> None:
        """A rule is an error and gets no layers unless it says so."""
        assert ("error", False) == (Limits.plain.level, Limits.plain.layers)
        assert ("warning", True) == (Limits.with_layers.level, Limits.with_layers.layers)

    def test_name(self) -> None:
        """A rule has the name of its function, below a staticmethod too."""
        names = [Limits.plain.name, Limits.with_layers.name]

        assert ["plain", "with_layers"] == names

    def test_call(self) -> None:
        """A test calls a rule like the function that it was."""
        assert "2 is above 1" == Limits.plain(2, 1)
        assert Limits().plain(1, 2) is None
        assert "1 ['low']" == Limits.with_layers(1, layers=lambda path: [path])

    def test_kind(self) -> None:
        """What stands in the class is a Rule, so that instances do not bind it."""
        assert isinstance(Limits().plain, Rule)

    @pytest.mark.parametrize("paths", [(), (lambda low: None,), ("low", 5)])
    def test_no_path(self, paths: Any) -> None:
        """A rule that reads nothing is refused, as where the decorator lacks its brackets."""
        with pytest.raises(TypeError, match=r"^a rule names the settings that it reads: @rule"):
            rule(*paths)

    def test_no_level(self) -> None:
        """Another word for the level is refused."""
        with pytest.raises(ValueError, match=r"^level is error or warning, not 'info'$"):
            rule("low", level="info")  # type: ignore[arg-type]
