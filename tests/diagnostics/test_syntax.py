"""Tests for `meshconf.diagnostics.syntax`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tomli

from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.syntax import syntax_problem

if TYPE_CHECKING:
    from meshconf.diagnostics.problem import Problem


def problem_of(text: str, *secret_names: str) -> Problem:
    """Make the finding about a text that is no TOML."""
    with pytest.raises(tomli.TOMLDecodeError) as caught:
        tomli.loads(text)
    source = SourceText("file", "m.toml", text, "toml", first_line=1)
    return syntax_problem(source, caught.value, secret_names)


TWICE = {
    "a = 1\na = 2": ("a", (2, 1), (1, 1)),
    "[a]\n[b]\n[a]": ("a", (3, 1), (1, 2)),
    "a = {b = 1, b = 2}": ("a.b", (1, 13), (1, 6)),
    "a = {b = 1}\na.c = 2": ("a", (2, 1), (1, 1)),
    "a = {b = 1}\n[a]": ("a", (2, 1), (1, 1)),
    "a.b = 1\n[a]": ("a", (2, 1), (1, 1)),
    "[[a]]\n[a]": ("a", (2, 1), (1, 3)),
    "a = []\n[[a]]": ("a", (2, 1), (1, 1)),
    "a = 1\n[a.b]": ("a", (2, 1), (1, 1)),
    "a = 1\na.b = 2": ("a", (2, 1), (1, 1)),
    "a = {b.c = 1, b.c = 2}": ("a.b.c", (1, 15), (1, 8)),
    "a = [1,\n{x = 1, x = 2}]": ("a[1].x", (2, 9), (2, 2)),
    'a = """\n[b]\n"""\na = 1': ("a", (4, 1), (1, 1)),
    "a = '''\n[b]'''\r\n\r\na = 1": ("a", (4, 1), (1, 1)),
    "[a.b]\n[a]\nb.c = 1": ("a.b", (3, 1), (1, 4)),
    "x = 1\nx = '''\n1\n2'''\ny = 1": ("x", (2, 1), (1, 1)),
    "\"a\" = 1\n'a' = 2": ("a", (2, 1), (1, 1)),
    "[x]\na = 1\na = [\n1,\n2]": ("x.a", (3, 1), (2, 1)),
    "[[a]]\n[a.b]\nx = 1\n[a.b]": ("a[0].b", (4, 1), (2, 4)),
    "[[a]]\n[[a.c]]\n[[a.c]]\nq = 1\nq = 2": ("a[0].c[1].q", (5, 1), (4, 1)),
    '# it\'s\na = 1 # """\n[b] # [\na = 1\na = 2': ("b.a", (5, 1), (4, 1)),
    f'a = 1\n"{"a" * 300}" = 1\n"{"a" * 300}" = 2': ("a" * 300, (3, 306), (2, 1)),
}


class TestTwice:
    @pytest.mark.parametrize(("text", "expected"), TWICE.items())
    def test_names_both_places(
        self, text: str, expected: tuple[str, tuple[int, int], tuple[int, int]]
    ) -> None:
        """What is given twice is named by its path, with the place of either."""
        problem = problem_of(text)
        second, first = (label.start for label in problem.labels)
        assert first is not None
        assert second is not None

        assert ("MC002", f"`{expected[0]}` is given twice") == (problem.code, problem.message)
        assert expected == (problem.path, tuple(second)[:2], tuple(first)[:2])

    def test_nowhere(self) -> None:
        """A place at which nothing is repeated is pointed at as it is."""
        error = tomli.TOMLDecodeError("Cannot overwrite a value", "a = 1", 0)
        source = SourceText("file", "m.toml", "a = 1", "toml", first_line=1)
        problem = syntax_problem(source, error, ())

        assert ("a key is given twice", 1) == (problem.message, len(problem.labels))

    @pytest.mark.parametrize(("name", "shown"), [("token", 0), ("other", 2)])
    def test_beside_a_secret(self, name: str, shown: int) -> None:
        """Neither line is shown where a secret may stand, nor what stands between."""
        problem = problem_of("[a]\nb = 1\ntoken = 2\nb = 3", name)

        assert shown == len(problem.excerpts[0].lines)


class TestInvalid:
    @pytest.mark.parametrize(
        ("text", "message", "label", "help"),
        [
            (
                "a = 5s",
                "expected the end of the line after this value",
                "unexpected `s`",
                'durations and sizes are text: a = "5s"',
            ),
            ("a = b", "this is no value", "unexpected `b`", 'text needs quotes: a = "b"'),
            (
                "a = Yes",
                "this is no value",
                "unexpected `Y`",
                "booleans are true or false: a = true",
            ),
            (
                "a = off",
                "this is no value",
                "unexpected `o`",
                "booleans are true or false: a = false",
            ),
            ("a =\nb = 1", "this is no value", "unexpected end of line", None),
            ("a = 'b", 'expected "\'"', "the file ends here", None),
            ('a = "x\ny"', "the string is not closed on its line", "unexpected end of line", None),
            ("a = [1", "the array is not closed", "the file ends here", None),
            ("[a", "expected `]` at the end of the table's name", "the file ends here", None),
            ("= 1", "this is no key", "unexpected `=`", None),
            ("a = 1 #\x1b", "found invalid character '\\x1b'", "unexpected `\\x1b`", None),
            (f"{'x' * 300} = b", "this is no value", "unexpected `b`", None),
        ],
    )
    def test_words(self, text: str, message: str, label: str, help: str | None) -> None:
        """A mistake is told in the words of a file, with what was probably meant."""
        problem = problem_of(text)

        assert f"invalid TOML: {message}" == problem.message
        assert (label, help) == (problem.labels[0].text, problem.help)

    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    def test_place(self, line_end: str) -> None:
        """The place is right whatever ends the lines."""
        origin = problem_of(line_end.join(["a = 1", "", "b = ", "c = 5s", "d = 1"])).origin
        assert origin is not None

        assert (3, 5) == (origin.line, origin.column)

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("[a]\ntoken = 1\nb = c", False),
            ("[a]\nmy-TOKEN = 1\nb = c", False),
            ("[a]\ntokn = 1\nb = c", False),
            ("[a]\nb = c\n\ntoken = 1", False),
            ('[a]\n"\\u0074oken" = 1\nb = c', False),
            ('[a]\ntoken = """\n[b]\nx = c"""\ny = c', False),
            ('[a]\ntoken = """\n[b]\nx = c\x00"""', False),
            ("[a]\ntoken = [\n[1],\nc]", False),
            ('[a]\n= "x"', False),
            ('[a]\n"x"', False),
            ("[a]\nx", False),
            ("[a]\nx # y", False),
            ('[a]\n["x", "y"]', False),
            ("{ b = 1 }", False),
            ("[a]\ntoken = 1\n[b]\nx = c\n[c]\ntoken = 1", True),
            ("  b c", True),
            ("b: c", True),
            ("'b' . c = d", True),
            ("[[b]\n", True),
            ("[a]\ntoken = '''\n[b]'''\n[b]\nx = c", True),
        ],
    )
    def test_beside_a_secret(self, text: str, shown: bool) -> None:
        """The line is shown only if no secret stands in its table, misspelt or not."""
        problem = problem_of(text, "token")

        assert shown is bool(problem.excerpts[0].lines)
        assert shown is bool(problem.labels[0].text)

    @pytest.mark.parametrize(
        "text",
        [
            'b = "' + '\\"' * 500_000,
            'b = """' + '\\"' * 500_000,
            "b = [" * 50 + "'" + '"' * 500_000,
        ],
    )
    def test_unclosed(self, text: str) -> None:
        """What follows a quote that is not closed is read once, whatever it holds."""
        assert "MC001" == problem_of(text, "token").code

    def test_message_beside_a_secret(self) -> None:
        """A message that quotes the text is left out there too."""
        assert (
            "invalid TOML: it cannot be read here" == problem_of("token = '\x01'", "token").message
        )
