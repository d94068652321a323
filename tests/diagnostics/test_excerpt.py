"""Tests for `meshconf.diagnostics.excerpt` and `meshconf.diagnostics.text`."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.diagnostics.excerpt import Highlight, Mask, excerpt, labels
from meshconf.diagnostics.problem import Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.spans import Span
from meshconf.diagnostics.styled import plain
from meshconf.diagnostics.text import problem_lines, report
from meshconf.diagnostics.words import cells


def drawn(text: str, *parts: str, masked: tuple[str, ...] = (), gaps: bool = True) -> list[str]:
    """Underline parts of a file; return the lines under the arrow."""
    source = SourceText("file", "f", text, first_line=1)
    highlights = [
        Highlight(Span(text.index(part), text.index(part) + len(part)), "here", number == 0)
        for number, part in enumerate(parts)
    ]
    masks = [Mask(text.index(part), text.index(part) + len(part)) for part in masked]
    shown = excerpt(source, highlights, masks, gaps=gaps)
    lines = plain(problem_lines(Problem("MC201", "error", "", "m", excerpts=(shown,)))).split("\n")
    return lines[3:]


class TestCaret:
    @pytest.mark.parametrize(
        ("text", "part", "expected"),
        [
            ("a = 5", "5", ["1 | a = 5", "  |     ^ here"]),
            ("\ta\t= 5", "5", ["1 |     a    = 5", "  |            ^ here"]),
            ("漢字 = 5", "5", ["1 | 漢字 = 5", "  |        ^ here"]),
            ("e\u0301e\u0301 = 5", "5", ["1 | e\u0301e\u0301 = 5", "  |      ^ here"]),
            ("a = '漢'", "'漢'", ["1 | a = '漢'", "  |     ^^^^ here"]),
            ("\x1b[1m = 5", "5", ["1 | \\x1b[1m = 5", "  |           ^ here"]),
            ("\u202ea\u2028 = 5", "5", ["1 | \\u202ea\\u2028 = 5", "  |                 ^ here"]),
            ("\ra = 5\r\nb", "5", ["1 | \\ra = 5", "  |       ^ here"]),
            ("a = '''\nb'''", "'''\nb'''", ["1 | a = '''", "  |     ^^^ here"]),
        ],
    )
    def test_under_its_text(self, text: str, part: str, expected: list[str]) -> None:
        """The caret stands under its text, whatever cells the text takes."""
        assert expected == drawn(text, part)

    @given(
        before=st.text(st.characters(blacklist_characters="\n"), max_size=12),
        part=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12),
    )
    def test_cells(self, before: str, part: str) -> None:
        """The cells before the caret are those before its text."""
        text = f"{before}\N{BULLET}{part}"
        line, mark = drawn(text, "\N{BULLET}" + part)
        start = line.index("\N{BULLET}")

        assert cells(line[:start]) == mark.index("^")
        assert max(cells(line[start:]), 1) == mark.count("^")

    @pytest.mark.parametrize("at", [0, 1, 50, 99, 100, 101, 500, 900, 999])
    @pytest.mark.parametrize("char", ["x", "漢", "\x1b"])
    def test_long_lines(self, at: int, char: str) -> None:
        """Of a long line only what surrounds the caret is shown."""
        line, mark = drawn(char * at + "\N{BULLET}" + char * (999 - at), "\N{BULLET}")
        start = line.index("\N{BULLET}")

        assert cells(line) <= 110
        assert cells(line[:start]) == mark.index("^")
        assert (at > 100, at < 900) == (line[4] == "…", line[-1] == "…") or 0 < at < 1000

    def test_several_on_a_line(self) -> None:
        """Several marks of a line stand below each other, those out of sight at its end."""
        lines = drawn("a = [" + "1, " * 200 + "2]", "[1", "2]")

        assert ["^^", "-"] == [line[4:].split()[0] for line in lines[1:]]
        assert len(lines[2]) < 115


class TestLines:
    TEXT = "a\nb\nc\nd\ne\nf\ng\nh\n"

    @pytest.mark.parametrize(
        ("parts", "gaps", "expected"),
        [
            ("ad", True, "abcd"),
            ("ae", True, "abcde"),
            ("af", True, "a.f"),
            ("ac", False, "a.c"),
            ("ca", True, "abc"),
        ],
    )
    def test_between(self, parts: str, gaps: bool, expected: str) -> None:
        """A few lines between two are shown, many are not."""
        lines = [line for line in drawn(self.TEXT, *parts, gaps=gaps) if "here" not in line]

        assert list(expected) == ["." if "..." in line else line[-1] for line in lines]

    def test_numbers_are_aligned(self) -> None:
        """The numbers of lines stand in one column."""
        assert ["10 | j", "   | ^ here"] == drawn("\n".join("abcdefghij"), "j")


class TestMasks:
    def test_on_the_line(self) -> None:
        """What is masked is not shown, and the marks beside it move along."""
        expected = ["1 | a = <secret>, b = 5", "  |                   ^ here"]

        assert expected == drawn("a = 'hush', b = 5", "5", masked=("'hush'",))

    def test_itself(self) -> None:
        """A mark under a masked text says nothing of its length."""
        expected = ["1 | a = <secret>", "  |     ^^^^^^^^ here"]

        assert expected == drawn("a = 'hush'", "'hush'", masked=("'hush'",))

    def test_part(self) -> None:
        """A mark that ends within a masked text is as wide as any."""
        expected = ["1 | a = <secret>", "  |     ^ here"]

        assert expected == drawn("a = 'hush, hush'", "'hush", masked=("'hush, hush'",))

    def test_over_lines(self) -> None:
        """A mask over several lines hides each of them."""
        lines = drawn("a = 'x\ny'\nb = 5", "a", "5", masked=("'x\ny'",))

        assert ["1 | a = <secret>", "2 | <secret>", "3 | b = 5"] == [
            line for line in lines if "here" not in line
        ]

    @pytest.mark.parametrize(
        "line", ["S", "a = S, b = 5", "b = 5, a = S", "a = S, " * 30 + "b = 5" + ", a = S" * 30]
    )
    def test_length(self, line: str) -> None:
        """How much of a line is shown does not tell how long what is masked is."""
        found = set()
        for size in (1, 30, 99, 199, 201, 5000):
            secret = "'" + "x" * size + "'"
            text = line.replace("S", secret)
            spans = [Span(at.start(), at.end()) for at in re.finditer(secret, text)]
            at = max(text.find("b = 5"), 0)
            source = SourceText("file", "x.toml", text, first_line=1)
            masks = [Mask(one.start, one.end) for one in spans]
            found.add(excerpt(source, [Highlight(Span(at, at + 1), "here")], masks).lines)

        assert 1 == len(found)

    def test_no_end(self) -> None:
        """A label of a masked text has no end, which would tell its length."""
        source = SourceText("file", "f", "a = 'x'", first_line=1)
        spans = [Highlight(Span(4, 7), ""), Highlight(Span(0, 1), "")]
        masked, plain = labels(source, spans, [Mask(4, 7)])

        assert (None, (1, 2, 1)) == (masked.end, plain.end)


class TestReport:
    def test_words_of_others_are_escaped(self) -> None:
        """What authors say cannot steer the terminal."""
        problem = Problem("MC301", "error", "", "\x1b[2J\n", None, ("\x07",), "\u202e")

        expected = "error[MC301]: \\x1b[2J\\n\n  = note: \\x07\n  = help: \\u202e"

        assert expected == plain(problem_lines(problem))

    @pytest.mark.parametrize(
        ("severities", "expected"),
        [
            ([], "meshconf: no problems in a, \\x1b"),
            (["error"], "meshconf: 1 error in a, \\x1b; nothing was loaded"),
            (["warning"] * 2, "meshconf: 2 warnings in a, \\x1b"),
            (
                ["error", "error", "warning"],
                "meshconf: 2 errors, 1 warning in a, \\x1b; nothing was loaded",
            ),
        ],
    )
    def test_footer(self, severities: list[str], expected: str) -> None:
        """The last line counts, names the sources and says what came of it."""
        problems = [Problem("MC201", severity, "", "m") for severity in severities]  # type: ignore[arg-type]

        assert expected == report(problems, ["a", "\x1b"]).split("\n")[-1]

    def test_without_sources(self) -> None:
        """Without sources there is nothing to name."""
        assert "meshconf: no problems" == report([])


@given(st.text())
def test_nothing_steers_the_terminal(text: str) -> None:
    """No text can get a control character into an excerpt."""
    source = SourceText("env", "N", text)
    shown = excerpt(source, [Highlight(Span(0, len(text)), "")])

    assert [] == [
        char
        for line in shown.lines
        for char in line.text
        if not char.isprintable() and unicodedata.category(char) != "Zs"
    ]
