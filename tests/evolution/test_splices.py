"""Tests for `meshconf.evolution.splices`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.evolution.splices import Splice, spliced

texts = st.text(max_size=4)

#: A stretch that is changed, what it becomes, and one after it that stays.
stretches = st.lists(st.tuples(texts, texts, st.text(min_size=1, max_size=4)), max_size=5)


class TestSpliced:
    @given(stretches, st.randoms(use_true_random=False))
    def test_changes_just_these_stretches(self, parts, random):
        """The stretches are replaced in whatever order they are given; all else stays."""
        splices, at = [], 0
        for old, new, kept in parts:
            splices.append(Splice(at, at + len(old), new))
            at += len(old + kept)
        random.shuffle(splices)
        before = "".join(old + kept for old, _, kept in parts)
        after = "".join(new + kept for _, new, kept in parts)

        assert after == spliced(before, splices)

    def test_inserts_in_the_order_given(self):
        """Of two insertions at one place the first comes first, and before what is replaced."""
        splices = [Splice(1, 2, "B"), Splice(1, 1, "1"), Splice(1, 1, "2")]

        assert "a12Bc" == spliced("abc", splices)

    @pytest.mark.parametrize(
        "splices",
        [
            [Splice(0, 2, "x"), Splice(1, 3, "y")],
            [Splice(0, 3, "x"), Splice(1, 2, "")],
            [Splice(1, 2, "x"), Splice(1, 2, "x")],
            [Splice(-1, 1, "x")],
            [Splice(2, 4, "x")],
            [Splice(2, 1, "x")],
        ],
    )
    def test_refuses_what_overlaps_or_lies_outside(self, splices):
        """Splices that overlap, end before they start or leave the text are a mistake."""
        with pytest.raises(ValueError, match="overlaps another or lies outside"):
            spliced("abc", splices)
