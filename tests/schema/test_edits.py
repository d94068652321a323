"""Tests for `meshconf.schema.edits`."""

from __future__ import annotations

import datetime as dt

import pytest

from meshconf.schema import edits
from meshconf.schema.edits import (
    convert,
    entry,
    is_plain,
    join,
    map_values,
    move,
    remove,
    rename,
    set_default,
    split,
)


class TestPublicNames:
    def test_can_be_imported(self):
        """Each public name is there, and the list is sorted."""
        names = edits.__all__

        assert all(hasattr(edits, name) for name in names)


class TestRename:
    def test_takes_the_last_name(self):
        """A name alone is one in the same table."""
        assert (("a", "c"),) == rename("a.b", "c").into

    def test_takes_a_path(self):
        """A whole path with the same table is the same."""
        assert (("a", "c.d"),) == rename("a.b", 'a."c.d"').into

    def test_stays_in_the_table(self):
        """A path in another table is refused."""
        with pytest.raises(ValueError, match=r"is not in the table of a\.b; use move"):
            rename("a.b", "c.d")


class TestPaths:
    @pytest.mark.parametrize("path", ["", "a..b", '"a', "'a'. ."])
    def test_are_dotted(self, path):
        """What is no dotted path is refused."""
        with pytest.raises(ValueError, match="is no dotted path"):
            remove(path, reason="old")

    def test_may_speak_of_every_key(self):
        """A star stands for every key, beside keys in quotes too."""
        assert (("*", "a.b", "c"),) == remove('*."a.b".c', reason="old").paths

    def test_stay_in_their_entry(self):
        """An edit does not lead from one entry to another."""
        with pytest.raises(ValueError, match="does not name a setting of the entry"):
            move("a.*.b", "c.*.b")

    def test_of_moves_end_with_a_name(self):
        """A move of whatever there is has no name to give."""
        with pytest.raises(ValueError, match="does not name a setting"):
            move("a.*", "a.*.b")

    def test_differ(self):
        """A move to the same place is refused."""
        with pytest.raises(ValueError, match="stays where it is"):
            move("a.b", "a.b")

    def test_have_an_entry(self):
        """The entry of a path ends with its last star."""
        assert ("a", "*") == entry(("a", "*", "b"))


class TestSetDefault:
    def test_takes_what_a_document_can_hold(self):
        """A value that TOML cannot say is refused."""
        with pytest.raises(TypeError, match="cannot stand in a document: object"):
            set_default("a", object())


class TestMapValues:
    def test_tells_types_apart(self):
        """A value of another type is another value."""
        edit = map_values("a", {2: "two", True: "yes"})

        assert edit.function is not None
        assert [None, None, "yes"] == [edit.function(value) for value in (2.0, 1, True)]


class TestSplitAndJoin:
    def test_split_into_places_apart(self):
        """Two places of which one holds the other are refused."""
        with pytest.raises(ValueError, match=r"cannot become both b and b\.c"):
            split("a", ["b", "b.c"], list)

    @pytest.mark.parametrize("paths", [["a", "a.b"], ["a.b", "a"], ["a_b", "A-b"], ["a", "a"]])
    def test_join_what_stands_apart(self, paths):
        """What is a part of another value, or the same to a file, cannot be joined with it."""
        with pytest.raises(ValueError, match="cannot be joined with it"):
            join(paths, "c", list)

    def test_say_what_they_lose(self):
        """What is lost is part of the edit."""
        edits = [
            convert("a", int, loses="x"),
            split("a", ["b"], list, loses="x"),
            join(["a"], "b", int, loses="x"),
        ]

        assert ["x"] * 3 == [edit.loses for edit in edits]


class TestIsPlain:
    @pytest.mark.parametrize("value", [True, 1, 1.5, "", [1, {"a": []}], dt.date(2024, 1, 1)])
    def test_accepts(self, value):
        """What TOML can say is plain."""
        assert is_plain(value)

    @pytest.mark.parametrize("value", [None, (1,), {1: 2}, [None], {"a": b""}])
    def test_refuses(self, value):
        """What it cannot say is not."""
        assert not is_plain(value)
