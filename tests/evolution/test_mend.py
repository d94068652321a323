"""Tests for `meshconf.evolution.mend`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import meshconf
from meshconf.diagnostics.problem import Edit, Origin, Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.spans import LineIndex
from meshconf.evolution.mend import mend, mend_file
from meshconf.evolution.proof import Unproven
from meshconf.evolution.write import NotWritten
from meshconf.sources.reading import Refused

if TYPE_CHECKING:
    from pathlib import Path

FILE = Origin("file", "app.toml")


def source(text: str) -> SourceText:
    """Make the text of a file."""
    return SourceText("file", FILE.name, text, "toml", first_line=1)


def problem(
    text: str, start: int, end: int, replacement: str, *, safe: bool = True, origin: Origin = FILE
) -> Problem:
    """Make a finding that proposes an edit, by offsets."""
    lines = LineIndex(text)
    edit = Edit(origin, lines.position(start), lines.position(end), replacement, safe)
    return Problem("MC201", "error", "a", "it is wrong", edit=edit)


def proposals(text: str, *edits: tuple[str, str]) -> list[Problem]:
    """Make findings that propose to replace the one place where each text stands."""
    found = [(text.index(old), old, new) for old, new in edits]
    return [problem(text, start, start + len(old), new) for start, old, new in found]


# --- Documents with holes, and what shall stand in them -------------------------------

#: `§` is the number of the statement, `K` a key and `V` a value that may be edited.
STATEMENTS = [
    "K = V",
    "  K\t= V # 漢字 = é",
    "# é\n\"漢字§\".'=' . K = V#",
    't§ = {K = V, "é" = [1, V], a.K = "k"}',
    "a§ = [ # k = 1\n  V, '漢',\n\n [V,V ],\n]",
    "[ t§.x.K ] # k = 1",
    "[[t§.y.b.K]]\nK = V",
    "[t§.z]\nk . K = V\n'é' = V",
    's§ = """\nk = 1\n"""',
]

VALUES = [
    ('"8500"', "8500"),
    ("'true'", "true"),
    ("1.20", '"1.20"'),
    ('"5 secs"', '"5s"'),
    ("nan", "'nan'"),
    ("0", "false"),
]

KEYS = [("old§", "new§"), ('"old.§"', "new§"), ("'漢§'", '"new é §"')]

statements = st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5)
ends_of_lines = st.sampled_from(["\n", "\r\n"])
values, keys = st.sampled_from(VALUES), st.sampled_from(KEYS)


@st.composite
def documents(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Make a document in pieces, each with what it is to become; what stays is itself."""
    lines = [line.replace("§", str(n)) + "\n" for n, line in enumerate(draw(statements))]
    pieces: list[tuple[str, str]] = []
    for number, piece in enumerate(re.split("([KV])", "".join(lines))):
        old = new = piece.replace("\n", draw(ends_of_lines))
        if piece in ("K", "V"):
            old, new = draw(keys if piece == "K" else values)
            old = old.replace("§", str(number))
            new = new.replace("§", str(number)) if draw(st.booleans()) else old
        pieces.append((old, new))
    return pieces


def joined(pieces: list[tuple[str, str]]) -> tuple[str, str, list[Problem]]:
    """Return a document, what it is to become, and the findings that say so."""
    before, after = ("".join(side) for side in zip(*pieces, strict=True))
    found, at = [], 0
    for old, new in pieces:
        if new != old:
            found.append(problem(before, at, at + len(old), new))
        at += len(old)
    return before, after, found


def shifted(text: str, one: Problem, start: int, end: int) -> Problem | None:
    """Move the ends of an edit; None if that leaves the text."""
    assert one.edit is not None
    lines = LineIndex(text)
    places = {lines.position(offset).byte: offset for offset in range(len(text) + 1)}
    first, last = places[one.edit.start.byte] + start, places[one.edit.end.byte] + end
    if not 0 <= first <= last <= len(text):
        return None
    return problem(text, first, last, one.edit.replacement)


class TestLaws:
    @given(documents())
    def test_only_the_edits_are_made(self, pieces: list[tuple[str, str]]):
        """Blanks, comments, ends of lines, wide characters: all else stays as it was."""
        before, after, found = joined(pieces)
        mended = mend(source(before), found)

        assert (after, tuple(found)) == (mended.text, mended.made)

    @given(documents(), st.data())
    def test_an_edit_out_of_place_is_caught(
        self, pieces: list[tuple[str, str]], data: st.DataObject
    ):
        """Whichever end of whichever edit is moved by one character, nothing is changed."""
        before, _, found = joined(pieces)
        victim = data.draw(st.integers(0, max(len(found) - 1, 0)))
        for start, end in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)] if found else []:
            moved = shifted(before, found[victim], start, end)
            if moved is not None:
                with pytest.raises(Unproven):
                    mend(source(before), [*found[:victim], moved, *found[victim + 1 :]])


class TestMend:
    def test_key_and_value_of_one_pair(self):
        """A pair whose key and value are both wrong is mended at once, and so is its table."""
        text = '[was]\nold = "1"\n'
        mended = mend(source(text), proposals(text, ('"1"', "1"), ("was", "now"), ("old", "new")))

        assert "[now]\nnew = 1\n" == mended.text

    def test_one_edit_of_two_problems(self):
        """Problems with the same remedy are mended by it together."""
        text = 'a = "1"'
        found = proposals(text, ('"1"', "1"), ('"1"', "1"))
        mended = mend(source(text), found)

        assert ("a = 1", tuple(found)) == (mended.text, mended.made)

    def test_only_safe_edits_of_this_text(self):
        """What is uncertain, about another text or without an edit is left alone."""
        text = 'a = "1"'
        other = Origin("file", "other.toml")
        found = [
            problem(text, 4, 7, "1", safe=False),
            problem(text, 4, 7, "1", origin=other),
            Problem("MC201", "error", "a", "it is wrong", FILE),
        ]
        mended = mend(source(text), found)

        assert (text, ()) == (mended.text, mended.made)

    @pytest.mark.parametrize(
        ("text", "edits"),
        [
            ("a = 1\nb = 2", [("a", "b")]),
            ("a = 1\nb.c = 2", [("a", "b")]),
            ("a = 1", [("a", "b.c")]),
            ("a = 1", [("a", "b c")]),
            ("a = 1", [("1", "2\nb = 3")]),
            ("a = 1", [("1", "?")]),
            ("a = 1", [("1", "2"), ("1", "3")]),
            ("a = [1]", [("1", "2"), ("[1]", "[3]")]),
            ("a = 1 # b", [("# b", "")]),
            ("a = 1", [(" ", "")]),
            ("[a]\n[a.b]", [("[a]", "[c]")]),
            ("[a]\n[a.b]", [("a", "c")]),
            ("a.b = 1\na.c = 1", [("a", "c")]),
            ("[[a]]\n[[a]]", [("a", "c")]),
            ("[a.x.y]\n[b.x]", [("a", "b")]),
            ("a = ", [("a", "b")]),
        ],
    )
    def test_refuses_what_it_cannot_prove(self, text: str, edits: list[tuple[str, str]]):
        """An edit that is no key, no value, or changes more than itself is not made."""
        with pytest.raises(Unproven) as caught:
            mend(source(text), proposals(text, *edits))
        said = "the edits of app.toml cannot be proven to change nothing else; nothing was changed"

        assert said == str(caught.value)
        assert (None, None) == (caught.value.__cause__, caught.value.__context__)

    @pytest.mark.parametrize("text", ["", "é = 1", "\na = 1", "[x]\na = 1", "a = \n1"])
    def test_refuses_edits_of_another_text(self, text: str):
        """Edits whose places are none of the text were made for another one."""
        with pytest.raises(Unproven) as caught:
            mend(source(text), proposals("ab = 漢1", ("1", "2")))

        assert "app.toml is not the text that was checked; nothing was changed" == str(caught.value)

    def test_element_of_an_array_of_tables(self):
        """An array of tables with one element is renamed at its header."""
        text = "[[old]]\nx = 1\n"

        assert "[[new]]\nx = 1\n" == mend(source(text), proposals(text, ("old", "new"))).text


@attrs.frozen(kw_only=True)
class Pool:
    """A group whose settings may be misspelt."""

    wait: meshconf.Seconds = 1.0
    limit: int = meshconf.setting(5, renamed_from="size")


@attrs.frozen(kw_only=True)
class App:
    """A schema with a little of everything."""

    port: int = 80
    version: str = "1"
    pool: Pool = attrs.field(factory=Pool)


WRONG = """\
# é
port = "8500" # not "80"
version = 1.20\r
[pool] # 漢
wait = '5 secs'
size = 7
"""

RIGHT = """\
# é
port = 8500 # not "80"
version = "1.20"\r
[pool] # 漢
wait = "5s"
limit = 7
"""


def checked(path: Path) -> tuple[Problem, ...]:
    """Load a file; return what is wrong with it."""
    try:
        return meshconf.read(path, schema=App, prefix=None).warnings
    except meshconf.ConfigError as error:
        return error.problems


class TestMendFile:
    def test_file_of_a_load(self, tmp_path: Path):
        """What a load finds wrong with a file is mended in it, and the next load is content."""
        path = tmp_path / "app.toml"
        path.write_bytes(WRONG.encode())
        made = mend_file(path, checked(path))

        assert ["MC104", "MC201", "MC201", "MC204"] == sorted(one.code for one in made)
        assert RIGHT.encode() == path.read_bytes()
        assert () == checked(path)

    def test_mended_twice(self, tmp_path: Path):
        """A file that needs no edit is not touched."""
        path = tmp_path / "app.toml"
        path.write_bytes(RIGHT.encode())
        before = path.stat().st_ctime_ns

        assert () == mend_file(path, checked(path))
        assert before == path.stat().st_ctime_ns

    def test_file_that_is_another_by_now(self, tmp_path: Path):
        """A file that was edited after the load is left as it is."""
        path = tmp_path / "app.toml"
        path.write_text('port = "8500"\n')
        found = checked(path)
        path.write_text('\nport = "8500"\n')
        with pytest.raises(Unproven, match=re.escape(f"{path} is not the text that was checked")):
            mend_file(path, found)

        assert '\nport = "8500"\n' == path.read_text()

    def test_symbolic_link(self, tmp_path: Path):
        """A file behind a link may be checked but is not mended through it."""
        (tmp_path / "real.toml").write_text('port = "8500"\n')
        link = tmp_path / "app.toml"
        link.symlink_to("real.toml")
        with pytest.raises(NotWritten, match="is a symbolic link"):
            mend_file(link, checked(link))

        assert 'port = "8500"\n' == link.read_text()

    @pytest.mark.parametrize(("options", "code"), [({}, "MC401"), ({"max_bytes": 1}, "MC004")])
    def test_file_that_cannot_be_read(self, options: Any, code: str, tmp_path: Path):
        """A file that is gone or over the budget is refused as by a load."""
        path = tmp_path / "app.toml"
        if options:
            path.write_text("port = 1")
        with pytest.raises(Refused) as caught:
            mend_file(path, (), **options)

        assert code == caught.value.code
