"""Tests for `meshconf.sources.budget`."""

import pytest

from meshconf.sources.budget import levels


class TestLevels:
    """The arrays and tables of a value, depth by depth."""

    @pytest.mark.parametrize(
        ("expected", "value"),
        [
            ([], 5),
            ([], "text"),
            ([1], {}),
            ([1], [1, 2, "x"]),
            ([1, 2, 1], {"a": [1, [2]], "b": {"c": 1}}),
        ],
    )
    def test_count(self, expected: list[int], value: object) -> None:
        """Each level lists the containers of that depth, and no scalar."""
        assert expected == [len(level) for level in levels(value)]

    def test_deep(self) -> None:
        """The depth is limited by no recursion."""
        value: list[object] = []
        for _ in range(100_000):
            value = [value]

        assert 100_001 == sum(1 for _ in levels(value))
