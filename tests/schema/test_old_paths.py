"""Tests for `meshconf.schema.old_paths`."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf import Step, edits, step
from meshconf.schema.old_paths import deprecation, old_paths, paths_before, remade_by


def found(*steps: Step) -> dict[str, tuple[list[str], bool]]:
    """Return where each old path leads, and whether its value is another."""
    return {
        ".".join(old.names): ([".".join(into) for into in old.into], old.is_remade)
        for old in reversed(old_paths(tuple(steps)))
    }


class TestOldPaths:
    """An old path is followed through all later edits."""

    @pytest.mark.parametrize(
        ("steps", "expected"),
        [
            ([], {}),
            ([step(2, edits.rename("a", "b"))], {"a": (["b"], False)}),
            (
                [step(2, edits.rename("a", "b")), step(3, edits.move("b", "c.d"))],
                {"a": (["c.d"], False), "b": (["c.d"], False)},
            ),
            (
                [step(2, edits.rename("a", "b"), edits.rename("b", "c"))],
                {"a": (["c"], False), "b": (["c"], False)},
            ),
            (
                [step(2, edits.rename("a", "b"), edits.remove("b", reason="r"))],
                {"a": ([], False), "b": ([], False)},
            ),
            (
                [step(2, edits.rename("a", "b"), edits.convert("b", str))],
                {"a": (["b"], True)},
            ),
            ([step(2, edits.convert("b", str), edits.set_default("c", 1))], {}),
            (
                [step(2, edits.split("a", ["b", "c"], list), edits.rename("c", "d"))],
                {"a": (["b", "d"], True), "c": (["d"], False)},
            ),
            (
                [step(2, edits.rename("x", "a"), edits.join(["a", "b"], "c", max))],
                {"x": (["c"], True), "a": (["c"], True), "b": (["c"], True)},
            ),
            (
                [step(2, edits.rename("g", "h")), step(3, edits.move("h.a", "b"))],
                {"g": (["h"], False), "h.a": (["b"], False), "g.a": (["b"], False)},
            ),
            (
                [step(2, edits.rename("g", "h"), edits.convert("h.a", str))],
                {"g": (["h"], False), "g.a": (["h.a"], True)},
            ),
            (
                [step(2, edits.rename("m.*.a", "b")), step(3, edits.rename("m", "n"))],
                {"m.*.a": (["n.*.b"], False), "m": (["n"], False)},
            ),
        ],
    )
    def test_lead(self, steps: list[Step], expected: dict[str, Any]):
        """They lead to where the value stands now."""
        assert expected == found(*steps)

    def test_have_the_reason_that_took_them_away(self):
        """The reason of a removal wins over that of a rename before it."""
        steps = (step(2, edits.rename("a", "b", reason="x"), edits.remove("b", reason="y")),)

        assert {"y"} == {old.reason for old in old_paths(steps)}

    @pytest.mark.parametrize(
        ("release", "expired"),
        [
            ("", False),
            ("2.9.9", False),
            ("3", True),
            ("3.0rc1", True),
            ("v3.1", True),
            ("10", True),
        ],
    )
    def test_expire(self, release: str, expired: bool):
        """From the release on that was announced, they are no longer read."""
        (old,) = old_paths((step(2, edits.rename("a", "b"), removed_in="3.0"),), release)

        assert expired == old.is_expired


class TestPathsBefore:
    """A path of now is told where files had it."""

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("h", ["g"]),
            ("h.a", ["g.a", "z"]),
            ("n.one.b", ["m.one.a", "m.one.b"]),
            ("other", []),
        ],
    )
    def test_are_found(self, path: str, expected: list[str]):
        """What is below a group that moved has moved too; entries keep their names."""
        steps = (
            step(2, edits.rename("g", "h"), edits.move("z", "h.a")),
            step(3, edits.rename("m.*.a", "b"), edits.rename("m", "n")),
        )
        paths = paths_before(steps, tuple(path.split(".")))

        assert expected == sorted(".".join(names) for names, _ in paths)


class TestRemade:
    def test_are_followed(self):
        """What a step makes is told by its path of now."""
        steps = (
            step(2, edits.convert("a", str), edits.set_default("b", 1), edits.rename("a", "c")),
            step(3, edits.move("c", "d.e")),
        )

        assert [(("d", "e"), 2), (("b",), 2)] == [(path, one.to) for path, one in remade_by(steps)]


class TestDeprecation:
    """One sentence says it."""

    @pytest.mark.parametrize(
        ("new", "options", "reason", "expected"),
        [
            (
                ["`c.d`"],
                {"since": "2.1", "removed_in": "3.0"},
                "why",
                "`a.b` is deprecated since 2.1, removed in 3.0; use `c.d` (why)",
            ),
            (["`c`"], {"since": "2.1"}, "", "`a.b` is deprecated since 2.1; use `c`"),
            (["`c`"], {}, "", "`a.b` is deprecated since version 2; use `c`"),
            (["`c`", "`d`"], {}, "", "`a.b` is deprecated since version 2; use `c` and `d`"),
            ([], {}, "a\nb", r"`a.b` has no effect since version 2 (a\nb)"),
        ],
    )
    def test_says(self, new: list[str], options: Any, reason: str, expected: str):
        """It has the releases that are known, what to use, and why."""
        assert expected == deprecation("`a.b`", new, step(2, **options), reason)

    def test_says_that_it_is_over(self):
        """What is no longer read says so."""
        one = step(2, since="2.1", removed_in="3.0")

        assert "`a` was removed in 3.0; use `b` (why)" == deprecation(
            "`a`", ["`b`"], one, "why", is_expired=True
        )
