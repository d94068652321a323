"""What a text may hold: each limit is kept, told with its place and remedy, and bounds the work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import meshconf
from meshconf import DotEnv, File, Seconds, Secret
from meshconf.mesh import ServiceMeshConfig
from meshconf.sources.file import Document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.loading.conftest import Attempt

MEBIBYTE = 1_048_576

FLATTEN = "flatten it: no setting stands that deep"
SHORTEN = "shorten it, or make it a text in quotes"


def split(option: str) -> str:
    """Name the remedy for a document that is too large."""
    return f"split it into several; for a file, File(…, {option}=…) raises the limit"


@attrs.frozen
class Row:
    """A group."""

    host: str = ""
    port: int = 0
    token: Secret[str] | None = None


@attrs.frozen
class App:
    """A schema that takes whatever is within the limits."""

    any: Any = None
    name: str = ""
    number: int = 0
    wait: Seconds = 1.0
    sizes: list[int] = attrs.field(factory=list)
    row: Row = attrs.field(factory=Row)
    rows: list[Row] = attrs.field(factory=list)
    peers: dict[str, Row] = attrs.field(factory=dict)
    labels: dict[str, str] = attrs.field(factory=dict)


def said(found: Any) -> tuple[str, str | None, tuple[int | None, int | None] | None]:
    """Tell of a refusal what the report says: the fact, the remedy, and where."""
    assert isinstance(found, meshconf.ConfigError)
    (problem,) = found.problems
    assert "MC004" == problem.code
    origin = problem.origin
    assert origin is not None
    if origin.line is not None:
        assert f"--> {origin}\n" in str(found)
    return problem.message, problem.help, (origin.line, origin.column)


def keys(number: int) -> str:
    """Write so many keys, its table among them."""
    return "[labels]\n" + "".join(f'{n:x} = ""\n' for n in range(number - 1))


class TestDocuments:
    """A TOML document at each limit, and one beyond."""

    @pytest.mark.parametrize(
        "text",
        [
            "#" * MEBIBYTE,
            f"any = {'[' * 64}{']' * 64}",
            f"any = {'{a = ' * 64}1{'}' * 64}",
            f"any.{'a.' * 30}b = 1",
            f"[any.{'a.' * 30}b]",
            f"any = {'9' * 4300}",
            f"any = 0x{'f' * 3571}",
            keys(100_000),
            f"any = [{'[],' * 100_000}]",
            f"any = [{'1.5,' * 250_000}]",
            "".join(f"[any.a.b{n:x}]\n" for n in range(33_000)),
        ],
        ids=lambda text: text[:12],
    )
    def test_at_the_limit(self, text: str, attempt: Attempt) -> None:
        """What keeps the limits is taken."""
        found = attempt(text, schema=App)

        assert isinstance(found, meshconf.Snapshot)

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            (
                ("is too large: 1,048,577 bytes; the limit is 1,048,576", split("max_bytes"), 0, 0),
                "#" * (MEBIBYTE + 1),
            ),
            (("nests deeper than 64 levels", FLATTEN, 2, 71), f"\nany = {'[' * 65}{']' * 65}"),
            (("nests deeper than 64 levels", FLATTEN, 1, 71), f"any = {'[' * MEBIBYTE}"[:MEBIBYTE]),
            (
                ("nests deeper than 64 levels", FLATTEN, 1, 327),
                f"any = {'{a = ' * 65}1{'}' * 65}",
            ),
            (
                ("nests deeper than 64 levels", FLATTEN, 3, 71),
                f"name = '''\n[[['''\nany = {'[' * 65}{']' * 65} # ]\n",
            ),
            (
                ("nests deeper than 64 levels", FLATTEN, 0, 0),
                f"any = [{{{'a.' * 31}a = {{{'b.' * 31}b = [[]]}}}}]",
            ),
            (
                ("has a dotted key of more than 32 parts", FLATTEN, 2, 1),
                f"name = ''\nany.{'a.' * 31}b = 1",
            ),
            (
                ("has a dotted key of more than 32 parts", FLATTEN, 1, 1),
                f"[ any . {'a . ' * 31} b ]",
            ),
            (
                ("holds a number of thousands of digits", SHORTEN, 2, 8),
                f"\nany = -{'9' * 4301}",
            ),
            (
                ("holds a number of thousands of digits", SHORTEN, 1, 11),
                f"any = [1, 0x{'f' * 3600}]",
            ),
            (
                ("has 100,001 keys; the limit is 100,000", split("max_keys"), 0, 0),
                keys(100_001),
            ),
            (
                (
                    "has 100,001 tables and arrays in arrays; the limit is 100,000, as for keys",
                    split("max_keys"),
                    0,
                    0,
                ),
                f"any = [{'[],' * 100_001}]",
            ),
            (
                (
                    "has dotted keys of 100,002 parts altogether; the limit is 100,000, as for keys",
                    split("max_keys"),
                    0,
                    0,
                ),
                "".join(f"[any.a.b.{n:x}]\n" for n in range(33_334)),
            ),
        ],
        ids=lambda value: value[:12] if isinstance(value, str) else value[0][:20],
    )
    def test_beyond(self, expected: tuple[str, str, int, int], text: str, attempt: Attempt) -> None:
        """What exceeds one is refused: which limit, where if that is a place, and a remedy."""
        message, remedy, line, column = expected
        found = attempt(text, schema=App)

        assert (f"app.toml {message}", remedy, (line or None, column or None)) == said(found)

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"max_bytes": MEBIBYTE + 1}, "#" * (MEBIBYTE + 1)),
            ({"max_keys": 100_001}, keys(100_001)),
            ({"max_keys": 100_001}, f"any = [{'[],' * 100_001}]"),
            ({"max_keys": 100_002}, "".join(f"[any.a.b.{n:x}]\n" for n in range(33_334))),
        ],
        ids=["bytes", "keys", "elements", "parts"],
    )
    def test_raised(self, options: dict[str, Any], text: str, folder: Path, attempt: Attempt):
        """The limits of size are raised as the remedy says."""
        (folder / "large.toml").write_text(text)
        found = attempt(None, File("large.toml", **options), schema=App)

        assert isinstance(found, meshconf.Snapshot)

    def test_place_of_what_is_no_text(self, attempt: Attempt) -> None:
        """The byte that is no UTF-8 is pointed at in the report."""
        found = attempt(b"name = ''\n# \xff", schema=App)

        assert " --> app.toml:2:3\n" in str(found)


class TestVariables:
    """JSON in variables, and the files that variables name."""

    @pytest.mark.parametrize(
        ("reason", "taken", "refused"),
        [
            ("it nests deeper than 64 levels", "[" * 64 + "]" * 64, "[" * 65 + "]" * 65),
            ("a number has too many digits", f"[{'9' * 4300}]", f"[{'9' * 4301}]"),
            ("a key is given twice", '[{"a": 1, "b": 1}]', '[{"a": 1, "a": 1}]'),
            ("NaN is no JSON number", "[1e308]", "[NaN]"),
        ],
    )
    def test_json(self, reason: str, taken: str, refused: str, attempt: Attempt) -> None:
        """JSON in a variable has the limits of a document, each told in its own words."""
        good = attempt("", schema=Listed, environ={"APP_ANY": taken})
        bad = attempt("", schema=Listed, environ={"APP_ANY": refused})

        assert isinstance(good, meshconf.Snapshot)
        assert f"`any` is not valid JSON: {reason}" == bad.problems[0].message

    @pytest.mark.parametrize("size", [65_536, 65_537])
    def test_file(self, size: int, folder: Path, attempt: Attempt) -> None:
        """The file that a variable names may have 64 KiB."""
        (folder / "name").write_bytes(b"x" * size)
        found = attempt("", schema=App, environ={"APP_NAME_FILE": "name"})
        expected = (
            'the file "name" of APP_NAME_FILE is too large: 65,537 bytes; the limit is 65,536'
        )

        assert [expected] * (size > 65_536) == [
            problem.message for problem in getattr(found, "problems", ())
        ]

    @pytest.mark.parametrize(
        ("expected", "taken", "refused"),
        [
            (
                ".env is too large: 1,048,577 bytes; the limit is 1,048,576",
                f"#{'x' * 32_766}\n" * 32,
                f"#{'x' * 32_766}\n" * 32 + "#",
            ),
            (
                ".env has more than 32,768 characters on line 2",
                f"\n#{'x' * 32_767}",
                f"\n#{'x' * 32_768}",
            ),
            (
                ".env has more than 1,000 blanks in a row on line 1",
                f"APP_NAME={' ' * 1000}",
                f"APP_NAME={' ' * 1001}",
            ),
        ],
        ids=["bytes", "line", "blanks"],
    )
    def test_dotenv(
        self, expected: str, taken: str, refused: str, folder: Path, attempt: Attempt
    ) -> None:
        """A .env file has limits too."""
        (folder / ".env").write_text(taken)
        good = attempt(None, DotEnv(".env", "APP_"), schema=App)
        (folder / ".env").write_text(refused)
        bad = attempt(None, DotEnv(".env", "APP_"), schema=App)

        assert isinstance(good, meshconf.Snapshot)
        assert expected == said(bad)[0]


@attrs.frozen
class Listed:
    """A schema whose variable is JSON."""

    any: list[Any] = attrs.field(factory=list)


# --- How much work it is --------------------------------------------------------------


def work(text: str, schema: Any = App) -> int:
    """Count the calls of functions that it takes to refuse a document, and to tell why."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        meshconf.load(Document("app.toml", text.encode()), schema=schema, prefix=None)
    except meshconf.ConfigError as error:
        told = str(error)
    else:
        told = ""
    finally:
        sys.setprofile(before)
    assert told
    return calls


def spelled(number: int) -> str:
    """Spell a name in one of many ways."""
    letters = enumerate("pendingrequests")
    text = "".join(char.upper() if number >> at & 1 else char for at, char in letters)
    return f"max_{text[:7]}_{text[7:]}"


LINES: dict[str, Callable[[int], str]] = {
    "unknown keys": lambda n: f"nam{n:x} = 1",
    "unknown keys of groups": lambda n: f"row.por{n:x} = 1",
    "unknown tables": lambda n: f"[t{n}]",
    "long unknown keys": lambda n: f"{'n' * 60}{n} = 1",
    "unknown keys of entries": lambda n: f"peers.p{n}.prt = 1",
    "unknown keys of elements": lambda _: "[[rows]]\nprt = 1",
    "wrong values of entries": lambda n: f"peers.p{n}.port = 'x'",
    "wrong values of elements": lambda _: "[[rows]]\nport = 'x'",
    "no tables": lambda n: f"peers.p{n} = 1",
    "secrets": lambda n: f"peers.p{n}.token = 1",
    "given twice": lambda n: f"peers.p{n}.port = 1\npeers.p{n}.PORT = 1",
    "nested": lambda n: f"a{n} = {'[' * 20}{']' * 20}",
    "comments": lambda n: f"# token {n}\nx{n} = 1 # 'hush'",
}


class TestWork:
    """The work of a refusal grows as the document does."""

    @pytest.mark.parametrize("line", LINES.values(), ids=LINES)
    def test_of_few_problems(self, line: Callable[[int], str]) -> None:
        """Twice as many mistakes make about twice as much work."""
        small, large = ("\n".join(map(line, range(n))) for n in (100, 200))
        work(small)  # what is made once per process is made

        assert work(large) < 2.4 * work(small)

    @pytest.mark.parametrize(
        ("name", "share"), [("unknown keys", 3), ("wrong values of entries", 5), ("no tables", 3)]
    )
    def test_of_many_problems(self, name: str, share: int) -> None:
        """Mistakes that no report has room for are not looked into."""
        few, many, more = ("\n".join(map(LINES[name], range(n))) for n in (400, 600, 1000))

        assert work(more) - work(many) < work(few) / share

    def test_of_spellings(self) -> None:
        """A setting that is spelled in many ways among unknown keys is found at once."""
        texts = [
            "service_name = 'a'\nconfig_version = 2\n[circuit_breaker]\n"
            + "".join(f"u{n} = 1\n" for n in range(number))
            + "".join(f"{spelled(n)} = 1\n" for n in range(1, number))
            for number in (200, 400)
        ]
        small, large = (work(text, ServiceMeshConfig) for text in texts)

        assert large < 2.4 * small

    def test_of_one_line(self) -> None:
        """Of mistakes on one line, each is told by what stands around it."""
        some, more = (
            "row = {" + ", ".join(f"u{n} = 'x'" for n in range(number)) + "}"
            for number in (500, 2000)
        )

        assert work(more) < 1.5 * work(some)

    def test_of_the_last_problem(self, attempt: Attempt) -> None:
        """Just as many wrong values are told as there is room for, the first of them."""
        lines = [f"[peers.p{n}]\nhost = 1\nport = ''\ntoken = 1" for n in range(200)]
        found = attempt("\n".join(lines), schema=App).problems
        paths = [problem.path for problem in found if problem.severity == "error"]

        assert (500, "peers.p166.port") == (len(paths), paths[-1])

    @pytest.mark.parametrize(("shown", "number"), [("1", 9_000), ("<secret>", 11_000)])
    def test_of_hidden_values(self, shown: str, number: int, attempt: Attempt) -> None:
        """Where very many names are no settings, what stands under some is hidden, unlooked at."""
        lines = [f"x{n:x} = {n}" for n in range(number)]
        found = attempt("\n".join(["[row]", "zzz = 1", "[table]", *lines]), schema=App)

        assert f"\n2 | zzz = {shown}\n" in str(found)

    def test_of_names_before_values(self, attempt: Attempt) -> None:
        """Where more names are wrong than a report has room for, values are not judged."""
        text = "\n".join(f"u{n} = 1" for n in range(500)) + "\nnumber = 'x'\n"
        codes = [problem.code for problem in attempt(text, schema=App).problems]
        fewer = [problem.code for problem in attempt(text[7:], schema=App).problems]

        assert ["MC101"] * 500 == codes
        assert [*["MC101"] * 499, "MC201"] == fewer

    @pytest.mark.parametrize(
        "text",
        [
            "\n" * (MEBIBYTE - 1) + "!",
            "\r\n" * (MEBIBYTE // 2 - 1) + "!",
            " \n" * (MEBIBYTE // 2 - 1) + "!",
            "#\n" * (MEBIBYTE // 2 - 1) + "!",
            "[a]\n" + "\n" * (MEBIBYTE - 10) + "[a]",
            f"name = '{'x' * (MEBIBYTE - 20)}' !",
            f'name = "{"x" * (MEBIBYTE - 20)}',
            f'name = """{chr(10) * (MEBIBYTE - 20)}',
            f'name = "{"|" * (MEBIBYTE - 20)}'.replace("|", "\\"),
            f"{'k' * 500_000} = 1\n{'k' * 500_000} = 1",
            f"name = 1{' ' * (MEBIBYTE - 20)}x",
            "sizes = [" + "#\n" * 500_000,
        ],
        ids=lambda text: repr(text[:8]),
    )
    def test_of_one_mistake(self, text: str, attempt: Attempt) -> None:
        """A mistake at the end of a mebibyte is told in a blink: each character is seen once."""
        (problem,) = attempt(text, schema=App).problems

        assert problem.code in ("MC001", "MC002")
