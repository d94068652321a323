"""Tests for `meshconf.evolution.proof`."""

from __future__ import annotations

import pytest
import tomli

from meshconf.evolution.proof import is_proven, same

LITERALS = [
    *["1", "1.0", "true", "false", "0.0", "-0.0", "nan", "inf", "-inf", '""', '"1"', "[]", "[1]"],
    *["[1.0]", "[1, 2]", "[2, 1]", "{}", "{a = 1}", "{a = true}", "{b = 1}", "[{a = 1}]"],
    *["2024-01-01", "2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00"],
    *["00:00:00", "00:00:01"],
]


def parsed(literal: str) -> object:
    """Read a value."""
    return tomli.loads(f"value = {literal}")["value"]


class TestSame:
    @pytest.mark.parametrize("left", LITERALS)
    def test_each_value_is_only_itself(self, left: str):
        """Values that differ in type, sign of zero or offset differ; nan is nan."""
        alike = [right for right in LITERALS if same(parsed(left), parsed(right))]

        assert [left] == alike

    def test_order_of_keys(self):
        """Tables are the same in whatever order their keys stand."""
        assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})


class TestIsProven:
    @pytest.mark.parametrize(
        ("text", "proven"),
        [
            ("a = 1\n", True),
            ("a = 1 # one\n", True),
            ("a = 2\n", False),
            ("a = 1\nb = 1\n", False),
            ("a = \n", False),
            (f"a = {'[' * 10_000}", False),
        ],
    )
    def test_text_must_say_just_the_document(self, text: str, proven: bool):
        """A text is proven if it is TOML that holds the document and nothing else."""
        assert proven == is_proven(text, {"a": 1})
