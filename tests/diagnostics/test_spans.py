"""Tests for `meshconf.diagnostics.spans`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from meshconf.diagnostics.spans import (
    LineIndex,
    Position,
    Span,
    index_json,
    index_toml,
)

if TYPE_CHECKING:
    from meshconf.diagnostics.words import Path

Draw = Callable[[st.SearchStrategy[Any]], Any]

# --- Documents made of all that TOML allows -----------------------------------------

NAMES = ["a", "b", "c", "k-1", "1", "2.5", "a.b", "", " ", "é", "it's", 'say "x"', "\\", "#", "\t"]

SCALARS = [
    *["0", "+1", "-17", "1_000", "0xDEAD_beef", "0o755", "0b1101_0110", "true", "false"],
    *["3.14", "-0.0", "+1e3", "6.6_2E-3_4", "inf", "+inf", "-inf", "nan", "+nan", "-nan"],
    *["1979-05-27", "07:32", "07:32:01.999", "1979-05-27T07:32", "1979-05-27t07:32:01.5Z"],
    *["1979-05-27 07:32", "1979-05-27 07:32:01-07:00", "1979-05-27 07:32:01.5z"],
    *['""', '"#"', '"]"', '"a=b,"', '"\\""', '"\\\\"', '"tab\there"', '"é漢😀"'],
    *["''", "'#'", "'}'", "'\\'", "'a # b'", "'\"'", '"\'"', r'"\e\x41\u00e9\U0001F600"'],
]

# A lone quote within is always followed by something else, so that it ends nothing.
BASIC_PIECES = [
    '"x',
    '""x',
    "'''",
    "\\\\",
    '\\"',
    '\\"""x',
    "# ",
    "\n",
    "\r\n",
    "\\\n \r\n\t",
    "\\ \r\n",
]
LITERAL_PIECES = ["'x", "''x", '"""', "\\", "# ", "\n", "\r\n", "é", "]", "\t"]

COMMENTS = ["#", "# a = 1", '#"', "#'''", '# """ ', "# ] } , [x] #", "#\té漢😀"]

BLANKS = ["", " ", "\t", "  \t "]
REMARKS = ["".join(parts) for parts in product(BLANKS, ["", *COMMENTS], ["\n", "\r\n"])]

# Few draws make quick tests, so that whole texts are drawn and not their characters.
blanks = st.sampled_from(BLANKS)
dots = st.sampled_from([".", ".", " . ", "\t.", ".  "])
equals = st.sampled_from(["=", " = ", "=\t", "  ="])
commas = st.sampled_from([",", ", ", " ,\t", *map(",".join, product(REMARKS[::3], REMARKS[::5]))])
remarks = st.sampled_from(REMARKS)
gaps = blanks | remarks | st.builds("{}{}{}".format, remarks, remarks, blanks)
detours = st.sampled_from([[], ["x"]])  # not among the names


def multi_line(quote: str, pieces: list[str]) -> st.SearchStrategy[str]:
    """Make strings of pieces that cannot end them, with up to two quotes before the end."""
    inside = st.lists(st.sampled_from(pieces), max_size=5).map("".join)
    ends = st.sampled_from([quote * 3, quote * 4, quote * 5])
    return st.builds("{}{}{}".format, st.just(quote * 3), inside, ends)


scalars = (
    st.sampled_from(SCALARS)
    | multi_line('"', BASIC_PIECES)
    | multi_line("'", LITERAL_PIECES)
    | st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=5).map(json.dumps)
)


def spellings(name: str) -> list[str]:
    """List the ways to write a name as one part of a key."""
    found = [json.dumps(name), '"' + "".join(f"\\U{ord(char):08X}" for char in name) + '"']
    if re.fullmatch(r"[A-Za-z0-9_-]+", name):
        found.append(name)
    if "'" not in name:
        found.append(f"'{name}'")
    return found


SPELLINGS = {name: st.sampled_from(spellings(name)) for name in [*NAMES, "x"]}

name_lists = [st.lists(st.sampled_from(NAMES), max_size=most, unique=True) for most in range(5)]


def unique_names(draw: Draw, most: int) -> list[str]:
    """Draw the names of one table."""
    names: list[str] = draw(name_lists[most])
    return names


def dotted(draw: Draw, names: list[str]) -> str:
    """Write a key or the inside of a header, each part in one of its spellings."""
    first, *others = [draw(SPELLINGS[name]) for name in names]
    return str(first + "".join(draw(dots) + part for part in others))


def pairs(draw: Draw, names: list[str], values: st.SearchStrategy[str]) -> list[str]:
    """Write a pair for each name, some as several dotted keys, in any order."""
    keys: list[list[str]] = []
    for name in names:
        below = unique_names(draw, 2) if draw(st.booleans()) else []
        keys += [[name, *draw(detours), part] for part in below] or [[name]]
    return [dotted(draw, key) + draw(equals) + draw(values) for key in draw(st.permutations(keys))]


def enclosed(draw: Draw, brackets: str, items: list[str]) -> str:
    """Write an array or an inline table, maybe with a comma after the last item."""
    text = "".join(item + draw(commas) for item in items[:-1])
    last = items[-1] + draw(st.just("") | commas) if items else ""
    return str(brackets[0] + draw(gaps) + text + last + draw(gaps) + brackets[1])


@st.composite
def arrays(draw: Draw, values: st.SearchStrategy[str]) -> str:
    """Make arrays."""
    return enclosed(draw, "[]", draw(st.lists(values, max_size=3)))


@st.composite
def inline_tables(draw: Draw, values: st.SearchStrategy[str]) -> str:
    """Make inline tables."""
    return enclosed(draw, "{}", pairs(draw, unique_names(draw, 3), values))


def containers(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Make arrays or inline tables."""
    return arrays(values) | inline_tables(values)


any_values = st.recursive(scalars, containers, max_leaves=5)


def line(draw: Draw, statement: str) -> str:
    """Write a statement as a line, maybe with a comment."""
    return str(draw(blanks) + statement + draw(remarks))


def header(draw: Draw, brackets: str, path: list[str]) -> str:
    """Write the line that opens a table or an element."""
    opening, closing = brackets.split()
    return line(draw, opening + draw(blanks) + dotted(draw, path) + draw(blanks) + closing)


def section(draw: Draw, path: list[str]) -> tuple[str, str]:
    """Write the pairs of a table, and the tables below it."""
    names = unique_names(draw, 4)
    cut = draw(st.integers(0, len(names))) if len(path) < 3 else len(names)
    own = "".join(line(draw, pair) for pair in pairs(draw, names[:cut], any_values))
    below = "".join(subsection(draw, [*path, name]) for name in names[cut:])
    return own + draw(gaps), below


def subsection(draw: Draw, path: list[str]) -> str:
    """Write a table in one of the ways that headers allow."""
    kind = draw(st.sampled_from(["table", "late", "implicit", "array"]))
    if kind == "array":
        elements = range(draw(st.integers(1, 3)))
        return "".join(header(draw, "[[ ]]", path) + "".join(section(draw, path)) for _ in elements)
    own, below = section(draw, path)
    if kind == "implicit":
        return below
    opened = header(draw, "[ ]", path) + own
    return opened + below if kind == "table" else below + opened


@st.composite
def documents(draw: Draw) -> str:
    """Make a valid TOML document."""
    return str(draw(gaps) + "".join(section(draw, [])))


# --- What an index says of a text ---------------------------------------------------


def parse_value(literal: str) -> Any:
    """Read the text of a value on its own."""
    return tomli.loads(f"v = {literal}")["v"]


def parse_name(literal: str) -> str:
    """Read the text of one part of a key on its own."""
    (name,) = tomli.loads(f"{literal} = 0")
    return str(name)


def parse_header(literal: str) -> list[str]:
    """Read the names in a header."""
    names: list[str | int] = []
    below: Any = tomli.loads(literal)
    while below:
        ((name, below),) = children(below)
        names.append(name)
    return [name for name in names if isinstance(name, str)]


def children(value: Any) -> list[tuple[str | int, Any]]:
    """List what a table or an array holds."""
    if isinstance(value, dict):
        return list(cast("dict[str | int, Any]", value).items())
    return list(enumerate(cast("Sequence[Any]", value))) if isinstance(value, list) else []


def nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """List everything in a document but the document itself."""
    for name, child in children(value):
        yield (*path, name), child
        yield from nodes(child, (*path, name))


def at(value: Any, path: Path) -> Any:
    """Look a path up."""
    for name in path:
        value = value[name]
    return value


def shown(value: Any) -> str:
    """Give a value a form to compare."""
    # `repr` tells 1 from 1.0 and True, and holds nan for equal to itself.
    return repr(value)


def texts(text: str, spans: Mapping[Path, Span]) -> dict[Path, str]:
    """Cut the spans out of a text."""
    return {path: text[span.start : span.end] for path, span in spans.items()}


def values_in(text: str) -> dict[Path, str]:
    """Index a document and cut its values out."""
    return texts(text, index_toml(text).values)


def keys_in(text: str) -> dict[Path, str]:
    """Index a document and cut its keys out."""
    return texts(text, index_toml(text).keys)


def headers_in(text: str) -> dict[Path, str]:
    """Index a document and cut its headers out."""
    return texts(text, index_toml(text).headers)


def comments_in(text: str) -> list[str]:
    """Index a document and cut its comments out."""
    return [text[start:end] for start, end in index_toml(text).comments]


def key_offsets(text: str) -> dict[Path, int]:
    """Index a document and tell where its keys start."""
    return {path: span.start for path, span in index_toml(text).keys.items()}


# --- The laws -----------------------------------------------------------------------


def check_every_leaf(text: str) -> None:
    """Hold the index to the parser: each leaf has a span, whose text is that leaf."""
    found = values_in(text)
    leaves = {path: value for path, value in nodes(tomli.loads(text)) if not children(value)}
    expected = {path: shown(value) for path, value in leaves.items() if value != {}}
    actual = {path: shown(parse_value(found[path])) for path in expected}

    assert expected == actual


def check_every_value(text: str) -> None:
    """Hold arrays and inline tables to the same."""
    index, document = index_toml(text), tomli.loads(text)
    found = {path: value for path, value in values_in(text).items() if path not in index.headers}
    expected = {path: shown(at(document, path)) for path in found}
    actual = {path: shown(parse_value(literal)) for path, literal in found.items()}

    assert expected == actual


def check_every_key(text: str) -> None:
    """Hold the index to the parser: it has every key and no other, and each reads as such."""
    named = [path for path, _ in nodes(tomli.loads(text)) if isinstance(path[-1], str)]
    elements = [path for path in index_toml(text).headers if isinstance(path[-1], int)]
    expected = {path: path[-1] for path in named} | {path: path[-2] for path in elements}
    actual = {path: parse_name(literal) for path, literal in keys_in(text).items()}

    assert expected == actual


def check_keys_meet_their_values(text: str) -> None:
    """Hold each value to stand right behind its key."""
    index = index_toml(text)
    pairs = [path for path in index.values if path in index.keys and path not in index.headers]
    between = {path: text[index.keys[path].end : index.values[path].start] for path in pairs}
    actual = {path: sign.strip(" \t") for path, sign in between.items()}

    assert dict.fromkeys(pairs, "=") == actual


def check_every_header(text: str) -> None:
    """Hold each header to name its path, and to be the value of its table."""
    index = index_toml(text)
    expected = {path: [name for name in path if isinstance(name, str)] for path in index.headers}
    actual = {path: parse_header(literal) for path, literal in headers_in(text).items()}

    assert expected == actual
    assert index.headers == {path: index.values[path] for path in index.headers}


def check_every_comment(text: str) -> None:
    """Hold the comments to be all that can go without a change of any value."""
    bare = text
    for start, end in reversed(index_toml(text).comments):
        bare = bare[:start] + bare[end:]

    assert shown(tomli.loads(text)) == shown(tomli.loads(bare))
    assert [] == comments_in(bare)
    assert all(re.fullmatch(r"#[^\r\n]*", comment) for comment in comments_in(text))


LAWS = [
    check_every_leaf,
    check_every_value,
    check_every_key,
    check_keys_meet_their_values,
    check_every_header,
    check_every_comment,
]


class TestLaws:
    """What holds for every document."""

    @settings(max_examples=70, deadline=None)
    @given(documents())
    def test_any_document(self, text: str) -> None:
        """The index of a document agrees with the parser in every leaf, key and comment."""
        for law in LAWS:
            law(text)

    @settings(max_examples=25, deadline=None)
    @given(documents())
    def test_crlf(self, text: str) -> None:
        """A document with CRLF throughout has the texts of the one with LF throughout."""
        lf = text.replace("\r\n", "\n")
        crlf = lf.replace("\n", "\r\n")
        actual = {path: value.replace("\r\n", "\n") for path, value in values_in(crlf).items()}

        assert values_in(lf) == actual
        assert comments_in(lf) == comments_in(crlf)


class TestKeys:
    """Where a path is named."""

    def test_spans(self) -> None:
        """A key has the offsets of its own text."""
        text = "port = 1\nhost = 2\n"

        assert {("port",): Span(0, 4), ("host",): Span(9, 13)} == index_toml(text).keys

    def test_dotted(self) -> None:
        """Each part of a dotted key names a path, with spaces around dots left out."""
        text = "a . 'b.c'\t.\t\"d\" = 1"
        expected = {("a",): "a", ("a", "b.c"): "'b.c'", ("a", "b.c", "d"): '"d"'}

        assert expected == keys_in(text)

    def test_first_place(self) -> None:
        """A path that is named again keeps its first place."""
        text = "a.x = 1\na.y = 2\n"

        assert {("a",): 0, ("a", "x"): 2, ("a", "y"): 10} == key_offsets(text)

    @pytest.mark.parametrize(
        ("literal", "name"),
        [
            ("bare-key_1", "bare-key_1"),
            ("1234", "1234"),
            ('""', ""),
            ("''", ""),
            ('"a.b"', "a.b"),
            (r"'\u0061'", r"\u0061"),
            (r'"\u0061\t\"\\"', 'a\t"\\'),
            (r'"\e\x41"', "\x1bA"),
            ('"é = # 漢"', "é = # 漢"),
        ],
    )
    def test_names(self, literal: str, name: str) -> None:
        """A key is decoded as TOML does, and its span has the quotes."""
        assert {(name,): literal} == keys_in(f"{literal} = 1")

    def test_header_names_parents(self) -> None:
        """A header names its own table by its last part, and implicit parents by the others."""
        text = "[ a . b ]\nc = 1\n[a]\n"

        assert {("a",): 2, ("a", "b"): 6, ("a", "b", "c"): 10} == key_offsets(text)

    def test_array_of_tables(self) -> None:
        """Each `[[x.y]]` names its element, and the first names the array."""
        text = "[[x.y]]\n[[x.y]]\n"
        expected = {("x",): 2, ("x", "y"): 4, ("x", "y", 0): 4, ("x", "y", 1): 12}

        assert expected == key_offsets(text)

    def test_inline_tables(self) -> None:
        """Keys in inline tables, also within arrays, have paths from the root."""
        text = "a = [{ b.c = 1 }, { b.c = 2 }]"
        expected = {
            ("a",): 0,
            ("a", 0, "b"): 7,
            ("a", 0, "b", "c"): 9,
            ("a", 1, "b"): 20,
            ("a", 1, "b", "c"): 22,
        }

        assert expected == key_offsets(text)


class TestScalars:
    """Where a value without elements stands."""

    def test_spans(self) -> None:
        """A value has the offsets of its own text."""
        text = "a = 1\nb =\t'x' # c"

        assert {("a",): Span(4, 5), ("b",): Span(10, 13)} == index_toml(text).values

    @pytest.mark.parametrize(
        "literal",
        [
            *SCALARS,
            '""""a"""""',
            '"""a"" ""b""""',
            '"""\\""""',
            '"""\\\\"""',
            '"""a \\\r\n   b"""',
            '"""\n# not a comment\n[no.header]\n"""',
            '""""""',
            '""""""""',
            "''''a'''''",
            "'''''''",
            "'''\\'''",
            "'''\r\n\"\"\"\r\n'''",
        ],
    )
    @pytest.mark.parametrize("around", ["v={}", "v =\t{} # c", "v = {}\r\n", "[t]\nv = {}\nw = 1"])
    def test_literals(self, literal: str, around: str) -> None:
        """The span of a literal is exact, whatever follows it."""
        text = around.format(literal)

        assert literal in values_in(text).values()
        check_every_leaf(text)

    @pytest.mark.parametrize("literal", SCALARS)
    @pytest.mark.parametrize("around", ["v=[{}]", "v=[{} , 1]", "v=[{},]", "v=[{} # c\n]"])
    def test_elements(self, literal: str, around: str) -> None:
        """The span of an element ends before whatever follows in its array."""
        assert literal == values_in(around.format(literal))["v", 0]

    def test_nan(self) -> None:
        """A value that is not equal to itself has its span like others."""
        assert math.isnan(parse_value(values_in("a = +nan")["a",]))


class TestContainers:
    """Where arrays and inline tables stand."""

    def test_array(self) -> None:
        """An array reaches from bracket to bracket; its elements have positions from 0."""
        text = "a = [ 1, [2,2], 2 ] # c"
        expected = {
            ("a",): Span(4, 19),
            ("a", 0): Span(6, 7),
            ("a", 1): Span(9, 14),
            ("a", 1, 0): Span(10, 11),
            ("a", 1, 1): Span(12, 13),
            ("a", 2): Span(16, 17),
        }

        assert expected == index_toml(text).values

    def test_inline_table(self) -> None:
        """An inline table reaches from brace to brace; implicit tables in it have no value."""
        text = "a = { b.c = 1, d = {} }"
        expected = {("a",): text[4:], ("a", "b", "c"): "1", ("a", "d"): "{}"}

        assert expected == values_in(text)

    def test_over_lines(self) -> None:
        """Newlines, comments and trailing commas may stand anywhere in a container."""
        text = "a = { # ]\n b = [ # }\r\n 1, # ,\n # x\n ], \n}"

        assert {("a",): text[4:], ("a", "b"): text[15:37], ("a", "b", 0): "1"} == values_in(text)
        assert ["# ]", "# }", "# ,", "# x"] == comments_in(text)

    @pytest.mark.parametrize("brackets", [("[", "]"), ("{a = ", "}")])
    def test_deep(self, brackets: tuple[str, str]) -> None:
        """Sixty-four levels are no trouble."""
        opening, closing = brackets
        text = "v = " + opening * 64 + "1" + closing * 64

        assert 65 == len(values_in(text))
        assert "1" in values_in(text).values()


class TestHeaders:
    """Where tables open."""

    def test_table(self) -> None:
        """The value of a table is its header, without what stands around it."""
        text = "  [ a . b ] # c\r\n[c]"
        expected = {("a", "b"): Span(2, 11), ("c",): Span(17, 20)}

        assert expected == index_toml(text).headers
        assert expected == index_toml(text).values

    def test_parent_after_child(self) -> None:
        """A table that is opened after its child has its own header."""
        assert {("a", "b"): "[a.b]", ("a",): "[a]"} == headers_in("[a.b]\n[a]\n")

    def test_elements(self) -> None:
        """Each element of an array of tables has its own header; the array has no value."""
        text = "[[a]]\n[[ a ]]\n"

        assert {("a", 0): "[[a]]", ("a", 1): "[[ a ]]"} == headers_in(text)
        assert {("a", 0), ("a", 1)} == index_toml(text).values.keys()

    def test_last_element(self) -> None:
        """Headers through an array of tables go to its last element."""
        text = "[[a]]\n[[a.b]]\n[[a.b]]\n[a.b.c]\nd = 1\n[[a]]\n[[a.b]]\n[a.b.c.e]\nf = 2"
        expected = [
            ("a", 0),
            ("a", 0, "b", 0),
            ("a", 0, "b", 1),
            ("a", 0, "b", 1, "c"),
            ("a", 1),
            ("a", 1, "b", 0),
            ("a", 1, "b", 0, "c", "e"),
        ]

        assert expected == list(index_toml(text).headers)
        assert "1" == values_in(text)["a", 0, "b", 1, "c", "d"]
        assert "2" == values_in(text)["a", 1, "b", 0, "c", "e", "f"]

    def test_array_is_no_header(self) -> None:
        """A nested array at the start of a line within an array opens no table."""
        assert {} == headers_in("a = [\n[1],\n[[2]]\n]\n")


class TestComments:
    """Where comments stand."""

    def test_spans(self) -> None:
        """A comment runs from its sign to the end of its line, exclusive."""
        text = "# a\r\nb = 1 #c\n\t#"

        assert (Span(0, 3), Span(11, 13), Span(15, 16)) == index_toml(text).comments

    def test_strings(self) -> None:
        """A number sign in a string or key starts no comment."""
        text = """'#' = '#'\n"#" = "\\"#"\nc = '''\n#'''\nd = "\""\n#"\""\n"""

        assert [] == comments_in(text)


class TestSize:
    """Large texts, which take milliseconds when each character is seen once."""

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "v = 1" + " " * 2**20,
            "v = 1" + "\r\n" * 2**19,
            "v = 1 #" + "#" * 2**20,
            'v = """' + '\n""x' * 2**18 + '"""',
            "v = '''" + "\n''x" * 2**18 + "'''",
            'v = "' + "\\\\" * 2**19 + '"',
            '"' + "\\\\" * 2**18 + '" = 1',
        ],
        ids=["empty", "blanks", "lines", "comment", "basic", "literal", "escapes", "key"],
    )
    def test_mebibyte(self, text: str) -> None:
        """A text of one long token is read like any other."""
        check_every_leaf(text)


class TestRefusal:
    """Texts that the parser does not accept."""

    def test_no_key(self) -> None:
        """A text that cannot be followed is refused, with the offset."""
        with pytest.raises(ValueError, match=r"^no key at offset 2; the text must be one that"):
            index_toml("  = 1")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


class TestJson:
    """The index of a JSON text."""

    @settings(max_examples=80, deadline=None)
    @given(
        json_values,
        st.sampled_from([None, 0, 2, "\t"]),
        st.sampled_from([(",", ":"), (" , ", "\r\n:\t")]),
        st.booleans(),
    )
    def test_any_value(
        self, value: Any, indent: int | str | None, signs: tuple[str, str], ascii_only: bool
    ) -> None:
        """Every value and key has a span, whose text alone reads as that value or key."""
        text = json.dumps(value, indent=indent, separators=signs, ensure_ascii=ascii_only)
        index = index_json(text)
        found = {p: shown(json.loads(part)) for p, part in texts(text, index.values).items()}
        names = {p: json.loads(part) for p, part in texts(text, index.keys).items()}
        everything = {(): value, **dict(nodes(value))}

        assert {p: shown(v) for p, v in everything.items()} == found
        assert {p: p[-1] for p in everything if p and isinstance(p[-1], str)} == names

    def test_spans(self) -> None:
        """Keys have their quotes, values their brackets, and the whole the empty path."""
        index = index_json(' {"a" : [1, {"b": -2.5e3}]} ')

        assert {("a",): Span(2, 5), ("a", 1, "b"): Span(13, 16)} == index.keys
        assert {
            (): Span(1, 27),
            ("a",): Span(8, 26),
            ("a", 0): Span(9, 10),
            ("a", 1): Span(12, 25),
            ("a", 1, "b"): Span(18, 24),
        } == index.values

    def test_neither_headers_nor_comments(self) -> None:
        """JSON has neither headers nor comments, also where a string looks like one."""
        index = index_json('[["#"], "# [a]"]')

        assert {} == index.headers
        assert () == index.comments

    def test_json_escapes(self) -> None:
        """Keys are decoded as JSON does, with what TOML has not."""
        assert [("😀/",)] == list(index_json(r'{"\ud83d\ude00\/": 1}').keys)


class TestPosition:
    """From offsets to lines and columns."""

    @given(st.text(st.sampled_from("ab\t\n\r\u2028é漢😀"), max_size=30))
    def test_any_text(self, text: str) -> None:
        """A position agrees with counting from the start of the text."""
        index = LineIndex(text)
        befores = [text[:offset] for offset in range(len(text) + 1)]
        expected = [(b.count("\n") + 1, len(b) - b.rfind("\n"), len(b.encode())) for b in befores]

        assert expected == [index.position(offset) for offset in range(len(text) + 1)]

    def test_units(self) -> None:
        """Lines and columns count characters from 1, bytes count UTF-8 from 0."""
        index = LineIndex("é\r\n漢😀x")

        assert Position(line=1, column=1, byte=0) == index.position(0)
        assert Position(line=2, column=3, byte=11) == index.position(5)

    def test_end(self) -> None:
        """The end of a text has a position, also behind a last newline."""
        assert Position(1, 1, 0) == LineIndex("").position(0)
        assert Position(1, 3, 2) == LineIndex("ab").position(2)
        assert Position(2, 1, 3) == LineIndex("ab\n").position(3)

    def test_undecodable_bytes(self) -> None:
        """A byte of the environment that is not UTF-8 counts as one byte."""
        text = b"\xffab".decode(errors="surrogateescape")

        assert Position(1, 3, 2) == LineIndex(text).position(2)


class TestStart:
    """Where lines start."""

    def test_starts(self) -> None:
        """A line starts behind the newline of the one before."""
        index = LineIndex("é\r\nb\n")

        assert [0, 3, 5] == [index.start(line) for line in (1, 2, 3)]


class TestLineText:
    """The lines of a text."""

    @given(st.text(st.sampled_from("ab\n\r\u2028\x0c"), max_size=20))
    def test_any_text(self, text: str) -> None:
        """The lines are what stands between LF or CRLF, and nothing else parts them."""
        index = LineIndex(text)
        expected = re.split(r"\r?\n", text)
        actual = [index.line_text(n) for n in range(1, len(expected) + 1)]

        assert expected == actual

    @pytest.mark.parametrize("number", [4, 5, 100])
    def test_beyond(self, number: int) -> None:
        """A line that the text does not have is an error."""
        with pytest.raises(IndexError):
            LineIndex("a\nb\n").line_text(number)
