"""Tests for the small modules: words, suggestions, codes, texts, errors, JSON."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import meshconf
from meshconf.diagnostics import words
from meshconf.diagnostics.codes import CODES
from meshconf.diagnostics.json_report import report_json
from meshconf.diagnostics.problem import ConfigError, Label, Origin, Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.spans import Position, Span
from meshconf.diagnostics.suggest import distance, nearest, speaks_of


class TestWords:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (True, "a boolean"),
            (1, "an integer"),
            (1.5, "a float"),
            ("", "a string"),
            (dt.datetime(2020, 1, 1), "a date-time"),  # noqa: DTZ001 - as TOML gives it
            (dt.date(2020, 1, 1), "a date"),
            (dt.time(1), "a time"),
            (dt.timedelta(1), "a duration"),
            ({}, "a table"),
            ([], "an array"),
            (frozenset(), "an array"),
            (None, "null"),
            (object(), "another kind of value"),
        ],
    )
    def test_noun(self, value: object, expected: str) -> None:
        """A kind of value is called as a file calls it."""
        assert expected == words.noun(value)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (True, "true"),
            (5, "5"),
            ('a "b"', r'"a \"b\""'),
            ("é\x1b\u202e", '"é\\u001b\\u202e"'),
            (dt.timedelta(seconds=90), "90 s"),
            ({"a": [1, "x"], "b c": {2}}, '{a = [1, "x"], "b c" = [2]}'),
            (int("f" * 3000, 16), "0x" + "f" * 57 + "…"),
            ("x" * 100, '"' + "x" * 58 + "…"),
        ],
    )
    def test_quoted(self, value: object, expected: str) -> None:
        """A value is written as the file would write it, short and safe."""
        assert expected == words.quoted(value)

    def test_quoted_object_without_words(self) -> None:
        """An object whose own words fail is named by its kind."""

        class Silent:
            def __str__(self) -> str:
                raise RuntimeError

        assert "another kind of value" == words.quoted(Silent())

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            (("a", "b"), "a.b"),
            (("a", 1, "b"), "a[1].b"),
            (("a.b", "\x1b"), '"a.b"."\\u001b"'),
            ((), ""),
        ],
    )
    def test_dotted(self, path: words.Path, expected: str) -> None:
        """A path is written as TOML would write a key."""
        assert expected == words.dotted(path)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a.b", ("a", "b")),
            ("a.'b.c'", ("a", "b.c")),
            (' "a#\\"b" . c ', ('a#"b', "c")),
            ('"a', ()),
            ('"\\x"', ()),
            ('# "', ()),
            ('"a" = 1\nb', ()),
            ('"a" = 0 # b', ()),
            ("'a'\n", ()),
            ("# '\n'a'", ()),
            ("'a' = {}, 'b'", ()),
        ],
    )
    def test_parse_path(self, text: str, expected: words.Path) -> None:
        """A path is one dotted key and nothing else, whatever TOML would make of it."""
        assert expected == words.parse_path(text)

    @pytest.mark.parametrize(
        ("value", "unit", "expected"),
        [(45.0, "s", "45 s"), (7, "", "7"), ("x", "s", '"x"'), (0.5, "", "0.5")],
    )
    def test_quantity(self, value: object, unit: str, expected: str) -> None:
        """Only numbers have units."""
        assert expected == words.quantity(value, unit)

    def test_variable_text(self) -> None:
        """A text in a variable has no quotes."""
        assert ["a b", "5"] == [words.variable_text("a b"), words.variable_text(5)]


class TestSuggestions:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("prot", ("port",)),
            ("tpor", ()),
            ("Health-Check", ("health_check",)),
            ("heatlh_chek", ("health_check",)),
            ("x" * 65, ()),
            ("cat", ("bat", "hat", "mat")),
        ],
    )
    def test_nearest(self, name: str, expected: tuple[str, ...]) -> None:
        """Near names are found, at most three, none rather than a wild one."""
        known = ["port", "health_check", "rat_", "bat", "hat", "mat", "sat", "x" * 66]

        assert expected == nearest(name, known)

    @given(st.text("abc", max_size=8), st.text("abc", max_size=8))
    def test_distance(self, left: str, right: str) -> None:
        """A distance is the same both ways, and nothing for equal names only."""
        assert distance(left, right, 9) == distance(right, left, 9)
        assert (left == right) is (distance(left, right, 9) == 0)

    @given(st.text("abc-_", max_size=7), st.text("abc-_", max_size=7), st.integers(0, 3))
    def test_bounded_distance(self, left: str, right: str, most: int) -> None:
        """A bound changes nothing but that what is above it need not be told exactly."""
        expected = distance(left, right, 9)
        found = distance(left, right, most)

        assert min(expected, most + 1) == min(found, most + 1)

    @pytest.mark.parametrize(
        ("word", "expected"),
        [("token", True), ("CONSUL-TOKEN", True), ("tokn", True), ("host", False)],
    )
    def test_speaks_of(self, word: str, expected: bool) -> None:
        """A word speaks of a name that it holds or misspells."""
        assert expected is speaks_of(word, ["token"])


class TestSentence:
    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            ("a\\x1b", "a\x1b"),
            ("é" * 2000, "é" * 2000),
            ("a" * 1000 + "…" + "b" * 1000, "a" * 1001 + "b" * 1000),
        ],
    )
    def test_length(self, expected: str, text: str) -> None:
        """A sentence is safe to print, and without end it loses its middle."""
        assert expected == words.sentence(text)


class TestCodes:
    def test_are_in_order(self) -> None:
        """Codes are `MC` and three digits, in order, each with all that is said of it."""
        assert sorted(CODES) == list(CODES)
        assert all(re.fullmatch(r"MC\d{3}", code) for code in CODES)
        assert all(one.title and one.cause and one.remedy for one in CODES.values())

    def test_are_those_in_use(self) -> None:
        """Every code that a problem may have is in the table, and no other."""
        package = Path(meshconf.__file__).parent
        texts = [path.read_text(encoding="utf-8") for path in package.rglob("*.py")]
        used = {
            code for text in texts for code in re.findall(r'(?<!Code\(\n        )"(MC\d{3})"', text)
        }

        assert set(CODES) == used


class TestSourceText:
    @pytest.mark.parametrize("text", ['{"a": 1', "[1] x", "[" * 1000 + "]" * 1000, "NaN x"])
    def test_no_json(self, text: str) -> None:
        """A text that is no JSON is one value as a whole."""
        assert Span(0, len(text)) == SourceText("env", "N", text, "json").value_span(("a",))

    @pytest.mark.parametrize(
        ("text", "format", "path", "expected"),
        [
            (' {"a": [1, 2]}', "json", ("a", 1), "2"),
            ("a, b ,c", "list", (1,), "b"),
            ("a,,c", "list", (1,), ""),
            ("a, b", "plain", (1,), "a, b"),
            ("[a]\nb = 'x'", "toml", ("a", "b"), "'x'"),
        ],
    )
    def test_value_span(self, text: str, format: Any, path: words.Path, expected: str) -> None:
        """A part of a value is found by the format of the text."""
        span = SourceText("env", "N", text, format).value_span(path)
        assert span is not None

        assert expected == text[span.start : span.end]

    def test_nowhere(self) -> None:
        """A document as a whole has no value's place."""
        assert SourceText("file", "f", "", "toml").value_span(("a",)) is None

    def test_origin(self) -> None:
        """Lines are counted from where the text begins in its file."""
        dotenv = SourceText("dotenv", ".env", "a\nb", first_line=7)

        assert (".env:7", ".env:8:1") == (str(dotenv.origin()), str(dotenv.origin(Span(2, 3))))


class TestError:
    def test_pickle(self) -> None:
        """An error survives a process."""
        error = ConfigError((Problem("MC201", "error", "a", "m", Origin("file", "f", 1)),), ("f",))

        assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301 - our own

    @pytest.mark.parametrize(
        ("origin", "expected"),
        [
            (Origin("env", "N\x1b"), "environment variable N\\x1b"),
            (Origin("env", "N" * 1024), f"environment variable {'N' * 1024}"),
            (Origin("env", "N" * 1025), f"environment variable {'N' * 59}…"),
            (Origin("file", "f" * 1025), "f" * 1025),
            (Origin("file", "f"), "f"),
            (Origin("dotenv", "f", 3), "f:3"),
            (Origin("file", "f", 3, 4), "f:3:4"),
        ],
    )
    def test_origin(self, origin: Origin, expected: str) -> None:
        """An origin is written so that terminals make it a link."""
        assert expected == str(origin)


class TestJson:
    PROBLEM = Problem(
        "MC201",
        "error",
        "a.b",
        "m é\u202e",
        Origin("file", "f", 1, 2),
        ("n",),
        "h",
        "an integer",
        "a string",
        labels=(Label(Origin("file", "f", 1, 2), "l", Position(1, 2, 1)),),
    )

    def test_form(self) -> None:
        """The form is that of `terraform validate -json`, grown by what we know more."""
        expected = {
            "format_version": "1.0",
            "valid": False,
            "error_count": 1,
            "warning_count": 1,
            "sources": ["f"],
            "not_checked": [],
            "problems": [
                {
                    "code": "MC201",
                    "severity": "error",
                    "path": "a.b",
                    "summary": "m é\u202e",
                    "expected": "an integer",
                    "found": "a string",
                    "sensitive": False,
                    "origin": {"kind": "file", "name": "f", "line": 1, "column": 2},
                    "labels": [
                        {
                            "source": "f",
                            "kind": "file",
                            "text": "l",
                            "primary": True,
                            "start": {"line": 1, "column": 2, "byte": 1},
                            "end": None,
                        }
                    ],
                    "notes": ["n"],
                    "help": {"text": "h", "edit": None},
                },
                {
                    "code": "MC103",
                    "severity": "warning",
                    "path": "",
                    "summary": "w",
                    "expected": "",
                    "found": "",
                    "sensitive": False,
                    "origin": None,
                    "labels": [],
                    "notes": [],
                    "help": None,
                },
            ],
        }
        problems = (self.PROBLEM, Problem("MC103", "warning", "", "w"))

        assert expected == json.loads(report_json(problems, ["f"]))

    def test_text(self) -> None:
        """The text is indented, keeps letters and escapes what steers terminals."""
        text = report_json((self.PROBLEM,))

        assert '\n      "summary": "m é\\u202e",\n' in text

    def test_valid(self) -> None:
        """Without errors it is valid."""
        assert json.loads(report_json(()))["valid"]

    @given(st.text(st.characters()))
    def test_any_text(self, text: str) -> None:
        """Any text comes back, and the form can be encoded and printed."""
        written = report_json((), [text])
        written.encode()

        assert [text] == json.loads(written)["sources"]
        assert all(line.isprintable() for line in written.split("\n"))
