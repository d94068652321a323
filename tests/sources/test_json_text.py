"""Tests for `meshconf.sources.json_text`."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.schema.values import BadValue
from meshconf.sources.json_text import read_json, read_json_table

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


class TestReadJson:
    """JSON is read as strictly as TOML."""

    @given(plain)
    def test_round_trip(self, value: Any) -> None:
        """What JSON wrote is read back."""
        assert value == read_json(json.dumps(value))

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            ("a key is given twice", '{"a": 1, "a": 1}'),
            ("a key is given twice", '[{"b": {"a": 1, "c": 2, "a": 3}}]'),
            ("NaN is no JSON number", "[NaN]"),
            ("Infinity is no JSON number", "Infinity"),
            ("-Infinity is no JSON number", '{"a": -Infinity}'),
            ("a number has too many digits", "9" * 5000),
            ("it nests deeper than 64 levels", "[" * 65 + "]" * 65),
            ("it nests deeper than 64 levels", "[" * 65 + "1" + "]" * 65),
            ("it nests deeper than 64 levels", '{"a":' * 100_000 + "1" + "}" * 100_000),
            ("half of a surrogate pair stands alone", '"\\ud800"'),
            ("half of a surrogate pair stands alone", '[{"a": {"b\\uDFFF": 1}}]'),
            ("half of a surrogate pair stands alone", '"\ud800"'),
            ("expecting value", ""),
            ("extra data", "1 2"),
        ],
    )
    def test_refused(self, expected: str, text: str) -> None:
        """What is no strict JSON is refused with the reason, and never quoted."""
        with pytest.raises(BadValue) as caught:
            read_json(text)
        bad = caught.value

        assert ("MC206", f"is not valid JSON: {expected}") == (bad.code, str(bad))
        assert bad.__context__ is None

    @pytest.mark.parametrize(
        ("expected", "text"), [("😀", '"\\ud83d\\ude00"'), ("ä", '"\\u00e4"'), ("ä", '"ä"')]
    )
    def test_escapes(self, expected: str, text: str) -> None:
        """A whole pair is one character."""
        assert expected == read_json(text)

    @pytest.mark.parametrize("text", ["[" * 64 + "]" * 64, "[" * 64 + "1" + "]" * 64])
    def test_deepest(self, text: str) -> None:
        """Sixty-four levels are allowed, whatever stands in the last."""
        assert read_json(text)

    def test_span(self) -> None:
        """A mistake in the text is pointed at."""
        with pytest.raises(BadValue) as caught:
            read_json('{"a": x}')

        assert (6, 7) == caught.value.span

    def test_span_at_the_end(self) -> None:
        """A mistake at the end is pointed at without leaving the text."""
        with pytest.raises(BadValue) as caught:
            read_json("[1,")

        assert caught.value.span is not None
        assert caught.value.span[1] <= 3

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        """Any text is a value or a BadValue."""
        with contextlib.suppress(BadValue):
            read_json(text)


class TestReadJsonTable:
    """JSON that must be an object."""

    def test_table(self) -> None:
        """An object is returned as a dict."""
        assert {"a": {"b": 1}} == read_json_table('{"a": {"b": 1}}')

    @pytest.mark.parametrize(
        ("expected", "text"),
        [("an array", "[]"), ("an integer", "5"), ("null", "null"), ("a string", '"{}"')],
    )
    def test_another_kind(self, expected: str, text: str) -> None:
        """Another kind of value is refused, named as the file would."""
        with pytest.raises(BadValue) as caught:
            read_json_table(text)

        assert f"must be a JSON table, got {expected}" == str(caught.value)
        assert expected == caught.value.found
