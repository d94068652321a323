"""Tests for `meshconf.schema.steps`."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf.schema.configuration import version_of
from meshconf.schema.edits import rename
from meshconf.schema.steps import check_steps, step


class TestStep:
    def test_holds_edits(self):
        """What is no edit is refused."""
        wrong: Any = "a"

        with pytest.raises(TypeError, match="the step to version 2 holds 'a', which is no edit"):
            step(2, rename("a", "b"), wrong)

    def test_says_when(self):
        """The releases are part of the step."""
        one = step(2, since="2.1", removed_in="3.0")

        assert ("2.1", "3.0") == (one.since, one.removed_in)

    @pytest.mark.parametrize("release", ["next", "", "x1", "-1"])
    def test_names_releases(self, release):
        """What is no release is refused."""
        if not release:
            assert "" == step(2, since=release).since
            return
        with pytest.raises(ValueError, match=f"'{release}' is no release: write its numbers"):
            step(2, removed_in=release)

    @pytest.mark.parametrize(
        ("since", "release", "expected"),
        [
            ("2.1", "2.1", True),
            ("2.1", "2.1.0", True),
            ("2.1", "v2.1rc2", True),
            ("2.1", "2.1.1", False),
            ("2.1", "2.0", False),
            ("", "2.1", False),
            ("2.1", "", False),
        ],
    )
    def test_came_with_a_release(self, since, release, expected):
        """A version came with the very release that is named."""
        assert expected == step(2, since=since).came_with(release)


class TestCheckSteps:
    @pytest.mark.parametrize(("numbers", "version"), [([], 1), ([], 7), ([2], 2), ([2, 3, 4], 4)])
    def test_accepts(self, numbers, version):
        """All steps in order are fine, and none at all."""
        check_steps([step(number) for number in numbers], version)

    @pytest.mark.parametrize(
        ("numbers", "message"),
        [
            ([2], "there is no step to version 3"),
            ([3], "there is no step to version 2"),
            ([2, 2, 3], "there are two steps to version 2"),
            ([2, 3, 4], "there is a step to version 4, but the current version is 3"),
            ([1, 2, 3], "there is a step to version 1, but the current version is 3"),
            ([3, 2], "the steps are not in the order of their versions"),
        ],
    )
    def test_refuses(self, numbers, message):
        """A gap, a double, a stranger or another order is named."""
        with pytest.raises(ValueError, match=message):
            check_steps([step(number) for number in numbers], 3)

    def test_wants_steps(self):
        """What is no step is refused."""
        wrong: Any = [rename("a", "b")]

        with pytest.raises(TypeError, match="which is no step"):
            check_steps(wrong, 2)


class TestVersionOf:
    @pytest.mark.parametrize(
        ("document", "version"),
        [
            ({}, 1),
            ({"config_version": 3}, 3),
            ({"config_version": 0}, None),
            ({"config_version": True}, None),
            ({"config_version": "2"}, None),
        ],
    )
    def test_reads(self, document, version):
        """Absent means 1; what is no version is none."""
        assert version == version_of(document)
