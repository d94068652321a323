"""Tests for `meshconf.evolution.documents`."""

from __future__ import annotations

from typing import Any, cast

import pytest

from meshconf.evolution.documents import migrate
from meshconf.schema.edits import (
    convert,
    join,
    map_values,
    move,
    remove,
    rename,
    set_default,
    split,
)
from meshconf.schema.steps import step


def made(document: dict[str, Any], *edits: Any) -> Any:
    """Migrate a document by one step."""
    return migrate(document, 2, [step(2, *edits)])


class TestMigrate:
    @pytest.mark.parametrize("version", [2, 3, "x"])
    def test_leaves_other_versions(self, version):
        """A document that is current, newer or tells no version only loses what it tells."""
        found = made({"config_version": version, "a": 1}, rename("a", "b"))

        assert {"a": 1} == found.document

    def test_makes_the_steps_in_order(self):
        """Each step works on what the one before it left, up to the wanted version."""
        steps = [step(number, rename(f"a{number - 1}", f"a{number}")) for number in (2, 3, 4)]
        found = migrate({"a1": 0}, 3, steps)

        assert {"a3": 0} == found.document
        assert {("a3",): ("a1",)} == found.moved

    @pytest.mark.parametrize(
        ("edit", "before", "after"),
        [
            (rename("a", "b"), {"a": False}, {"b": False}),
            (rename("a_b", "c"), {"A-b": 0}, {"c": 0}),
            (rename("*.a", "b"), {"x": {"a": 1}, "y": {"a": 2}}, {"x": {"b": 1}, "y": {"b": 2}}),
            (move("a", "b.c"), {"a": 1, "B": {"d": 2}}, {"B": {"d": 2, "c": 1}}),
            (move("a", "b.c"), {"a": 1, "b": "text"}, {"a": 1, "b": "text"}),
            (move("a", "a.b"), {"a": 1}, {"a": {"b": 1}}),
            (move("a", "a.b"), {"a": {"c": 1}}, {"a": {"c": 1}}),
            (move("a.b", "a"), {"a": {"b": 1}}, {"a": 1}),
            (move("a.b.c", "d"), {"a": {"b": {"c": 1}}}, {"d": 1}),
            (move("a.b", "c"), {"a": 1}, {"a": 1}),
            (remove("*.a", reason="r"), {"x": {"a": 1}}, {"x": {}}),
            (remove("x.a", reason="r"), {"x": {"a": 1}}, {}),
            (set_default("a.b", 0), {}, {"a": {"b": 0}}),
            (set_default("a.b", 0), {"a": {"B": 1}}, {"a": {"B": 1}}),
            (set_default("a.b", 0), {"a": 1}, {"a": 1}),
            (set_default("*.b", 0), {"a": {}, "c": 1}, {"a": {"b": 0}, "c": 1}),
            (map_values("a", {"x": "y"}), {"a": "x"}, {"a": "y"}),
            (map_values("a", {"x": "y"}), {"a": "z"}, {"a": "z"}),
            (convert("a.*", str), {"a": {"b": 1, "c": 2}}, {"a": {"b": "1", "c": "2"}}),
            (split("a", ["b", "c"], lambda v: [v, None]), {"a": 1}, {"b": 1}),
            (split("a", ["a", "c"], lambda v: [v, v]), {"a": 1}, {"a": 1, "c": 1}),
            (join(["a", "b"], "c", lambda *v: list(map(str, v))), {"b": 1}, {"c": ["None", "1"]}),
            (join(["a", "b"], "c", lambda *_: None), {"b": 1}, {"b": 1}),
            (join(["a", "b"], "c", max), {}, {}),
        ],
    )
    def test_makes(self, edit, before, after):
        """Each edit makes of a document what it says."""
        assert after == made(before, edit).document

    def test_drops_a_table_only_at_the_end_of_a_step(self):
        """A table that is emptied and filled again in one step stays the same table."""
        found = made({"a": {"b": 1}}, move("a.b", "c"), set_default("a.d", 2), move("c", "a.e"))

        assert {"a": {"d": 2, "e": 1}} == found.document

    @pytest.mark.parametrize(
        ("edits", "before", "after"),
        [
            ([move("a", "t.b.c"), remove("t", reason="r")], {"a": 1}, {}),
            ([set_default("t", {"x": {"y": 1}}), move("t.x.y", "z")], {}, {"z": 1}),
            ([move("a", "t.b"), convert("t", len)], {"a": 1}, {"t": 1}),
            ([move("a", "t.b"), move("t", "s"), rename("s.b", "c")], {"a": 1}, {"s": {"c": 1}}),
        ],
    )
    def test_lets_edits_follow_edits(self, edits, before, after):
        """What an edit made may be changed by the next."""
        assert after == made(before, *edits).document


class TestBlocked:
    """A value whose new place is within what is no table stays, and that is told."""

    @pytest.mark.parametrize(
        ("edit", "error"),
        [
            (move("a", "b.x"), "what has the place of `b.x` is no table"),
            (
                split("a", ["b.x", "c"], lambda v: v.split(":")),
                "what has the place of its new value is no table",
            ),
        ],
    )
    def test_is_told(self, edit, error):
        """The document is as it was, and the failure says why."""
        document = {"a": "1:2", "b": 2}
        found = made(document, edit)

        assert document == found.document
        assert [(("a",), error)] == [(one.path, one.error) for one in found.failures]


class TestEmptiedTables:
    """A table that an edit emptied can be used by the next one, before the step drops it."""

    @pytest.mark.parametrize(
        ("edits", "before", "after"),
        [
            ([move("t.a", "b"), convert("t", len)], {"t": {"a": 1}}, {"b": 1, "t": 0}),
            ([move("t.a", "t")], {"t": {"a": 1}}, {"t": 1}),
            ([move("t.a", "x"), move("t", "s.t")], {"t": {"a": 1}, "s": 5}, {"x": 1, "s": 5}),
            ([move("t.a", "x"), move("t", "t.t")], {"t": {"a": 1}}, {"x": 1}),
            ([move("t.a", "b"), set_default("t", 5)], {"t": {"a": 1}}, {"b": 1, "t": 5}),
        ],
    )
    def test_are_used(self, edits, before, after):
        """What comes into their place takes it."""
        assert after == made(before, *edits).document


class TestStoodAt:
    def test_follows_all_edits(self):
        """A value is found where the old document had it, through all that moved with it."""
        found = made({"a": {"b": {"c": [1]}}}, move("a.b", "d"), rename("d.c", "e"))

        assert ("a", "b", "c", 0) == found.stood_at(("d", "e", 0))

    def test_finds_what_a_value_was_made_of(self):
        """A value of another is where that one was, a new one nowhere."""
        found = made({"a": "1"}, convert("a", int), rename("a", "b"), set_default("c", {"d": 1}))

        assert [("a",), None] == [found.stood_at(("b",)), found.stood_at(("c", "d"))]


class TestConflicts:
    def test_are_settled_if_equal(self):
        """The old one goes where both are the same."""
        found = made({"a": 1, "b": 1}, rename("a", "b"))
        ((old, new, equal),) = [(one.old, one.new, one.equal) for one in found.conflicts]

        assert {"b": 1} == found.document
        assert (("a",), ("b",), True) == (old, new, equal)

    @pytest.mark.parametrize(
        "edit", [rename("a", "b"), split("a", ["b", "c"], lambda v: [v, v]), join(["a"], "b", int)]
    )
    def test_change_nothing_if_not(self, edit):
        """Both stay where they differ, also by type."""
        found = made({"a": 1, "b": True}, edit)

        assert {"a": 1, "b": True} == found.document
        assert [False] == [one.equal for one in found.conflicts]

    def test_arise_from_two_spellings(self):
        """Of two spellings of the old name, the second finds the place taken."""
        found = made({"a_b": 1, "a-b": 2}, rename("a_b", "c"))

        assert {"c": 1, "a-b": 2} == found.document
        assert [(("a-b",), ("a_b",))] == [(one.old, one.new) for one in found.conflicts]


class TestLosses:
    def test_are_told(self):
        """A use of an edit that loses something says what."""
        found = made({"a": 1, "b": 2.5}, remove("a", reason="r"), convert("b", int, loses="cents"))

        assert [("a", "r"), ("b", "cents")] == [(one.path[0], one.edit.loses) for one in found.uses]


class TestFailures:
    @pytest.mark.parametrize(
        ("edit", "error"),
        [
            (convert("a", int), "it raised ValueError"),
            (convert("a", lambda _: object()), "it gave object, which no document can hold"),
            (split("a", ["b", "c"], lambda v: [v]), "it gave 1 values for 2 paths"),
            (split("a", ["b"], cast("Any", bool)), "it raised TypeError"),
            (join(["a"], "b", int), "it raised ValueError"),
        ],
    )
    def test_are_told_without_the_value(self, edit, error):
        """A function that fails changes nothing."""
        found = made({"a": "hunter2"}, edit)

        assert {"a": "hunter2"} == found.document
        assert [(("a",), error)] == [(one.path, one.error) for one in found.failures]


class TestUses:
    def test_name_the_old_path_as_it_is_spelt(self):
        """A use says where the document has it, and where it is now."""
        found = made({"A-b": 1, "x": 1}, move("a_b", "c.d"), move("y", "z"), remove("x", reason=""))

        assert [(("A-b",), (("c", "d"),)), (("x",), ())] == [
            (one.path, one.into) for one in found.uses
        ]
