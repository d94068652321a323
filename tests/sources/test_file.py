"""Tests for `meshconf.sources.file`."""

import datetime as dt
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.schema.compile import model_of
from meshconf.schema.secret import Secret
from meshconf.sources.file import Document, File, parse_toml
from meshconf.sources.layer import Layer


@attrs.frozen
class App:
    name: str = ""
    token: Secret[str] = attrs.Factory(lambda: Secret(""))


APP = model_of(App)


def parsed(text: str, **options: Any) -> Layer:
    """Parse a document."""
    return parse_toml(APP, text, kind="file", name="app.toml", **options)


def problem(layer: Layer) -> tuple[str, str]:
    """Return the code and the message of a layer's only problem."""
    (found,) = layer.problems
    return found.code, found.message


def nested(depth: int) -> str:
    """Write a document of arrays within arrays."""
    return f"a = {'[' * depth}{']' * depth}"


class TestRead:
    """A file becomes a layer."""

    def test_layer(self, tmp_path: Path) -> None:
        """The layer holds the data as the file spells them, and the text for positions."""
        file = tmp_path / "app.toml"
        file.write_text('name = "x"\nsince = 2026-11-23\n[Other-Group]\n"a.b" = [1, 2.5]\n')
        layer = File(file).read(APP)
        expected = {
            "name": "x",
            "since": dt.date(2026, 11, 23),
            "Other-Group": {"a.b": [1, 2.5]},
        }

        assert expected == layer.data
        assert ("file", str(file), (), True) == (
            layer.kind,
            layer.name,
            layer.problems,
            layer.complete,
        )
        assert [()] == list(layer.texts)
        assert file.read_text() == layer.texts[()].text

    @pytest.mark.parametrize("policy", ["warn", "error", "allow"])
    def test_secrets(self, policy: Any, tmp_path: Path) -> None:
        """The layer carries what a secret in the file is."""
        (tmp_path / "app.toml").write_text("")

        assert policy == File(tmp_path / "app.toml", secret_in_file=policy).read(APP).secrets

    def test_no_policy(self) -> None:
        """Another word for it is refused at once."""
        with pytest.raises(ValueError, match="secret_in_file"):
            File("app.toml", secret_in_file="never")  # type: ignore[arg-type]

    def test_missing(self, tmp_path: Path) -> None:
        """A missing file is a problem, and nothing is said to be missing from it."""
        layer = File(tmp_path / "app.toml").read(APP)

        assert ("MC401", f"{tmp_path / 'app.toml'} does not exist") == problem(layer)
        assert not layer.complete

    def test_optional(self, tmp_path: Path) -> None:
        """An optional file may be missing."""
        layer = File(tmp_path / "app.toml", optional=True).read(APP)

        assert ({}, (), True) == (layer.data, layer.problems, layer.complete)

    def test_optional_but_unreadable(self, tmp_path: Path) -> None:
        """An optional file that is there must be readable."""
        layer = File(tmp_path, optional=True).read(APP)

        assert ("MC402", f"{tmp_path} is a directory, not a regular file") == problem(layer)


class TestSyntax:
    """A text that is no TOML."""

    def test_problem(self) -> None:
        """The mistake is a problem with its place; there are no data."""
        layer = parsed("name = 'x'\nport = 5s\n")
        (found,) = layer.problems

        assert ("MC001", 2) == (found.code, found.origin and found.origin.line)
        assert ({}, False) == (layer.data, layer.complete)

    def test_secret(self) -> None:
        """A secret beside the mistake is not shown."""
        layer = parsed('token = "C4N4RY" x\n')

        assert "C4N4RY" not in repr(layer.problems)

    @given(st.text("ab.=[]{}\"'\n#\\1,-: ", max_size=40) | st.text(max_size=20))
    def test_any_text(self, text: str) -> None:
        """Any text becomes data or problems."""
        layer = parsed(text)

        assert bool(layer.problems) == (not layer.complete)


class TestBudget:
    """What a document may hold."""

    def test_size(self, tmp_path: Path) -> None:
        """A file over max_bytes is not parsed."""
        file = tmp_path / "app.toml"
        file.write_text("a = 1\n" * 100)
        layer = File(file, max_bytes=599).read(APP)

        assert ("MC004", f"{file} is too large: 600 bytes; the limit is 599") == problem(layer)

    @pytest.mark.parametrize(
        "text",
        [
            "".join(f"k{number} = 1\n" for number in range(11)),
            "a = {" + ", ".join(f"k{number} = 1" for number in range(10)) + "}",
            ".".join("abcdefghijk") + " = 1",
            "[[a]]\nb = 1\n" * 10,
            "a = [" + "{b = 1}," * 10 + "]",
        ],
    )
    def test_keys(self, text: str) -> None:
        """Keys of all tables count, those of dotted keys and of tables in arrays too."""
        layer = parsed(text, max_keys=10)

        assert ("MC004", "app.toml has 11 keys; the limit is 10") == problem(layer)
        assert parsed(text, max_keys=11).complete

    @pytest.mark.parametrize(
        "text",
        [
            nested(65),
            nested(64).replace("[]", "[{}]"),
            nested(300),
            nested(100_000),
            "a = " + "{b = " * 65 + "1" + "}" * 65,
            "a = {" + ".".join("b" * 65) + " = 1}",
            "a = {" + ".".join("b" * 900) + " = 1}",
            "a = {" + ".".join("b" * 5000) + " = 1}",
            "".join(f"[{'.'.join('a' * 31)}]\n" for _ in range(1))
            + ".".join("b" * 31)
            + " = {c = {d = {e = {}}}}",
        ],
    )
    def test_depth(self, text: str) -> None:
        """A document nests at most sixty-four levels, by whatever notation."""
        assert ("MC004", "app.toml nests deeper than 64 levels") == problem(parsed(text))

    @pytest.mark.parametrize(
        "text",
        [nested(64), "a = {" + ".".join("b" * 63) + " = 1}", "a = [" + "[]," * 1000 + "]"],
    )
    def test_not_too_deep(self, text: str) -> None:
        """Sixty-four levels are allowed, and any number beside each other."""
        assert parsed(text).complete

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            (1, "a." * 32 + "a = 1"),
            (3, "# a comment\nb = 1\n" + " a ." * 32 + "a = 1"),
            (1, "[" + "a." * 32 + "a]"),
            (1, " [[ " + "'a' . " * 32 + "a]]"),
            (2, "x = 1\n" + '"\\"." . ' * 32 + "a = 1"),
            (1, "a." * 400_000 + "a = 1"),
        ],
    )
    def test_long_key(self, line: int, text: str) -> None:
        """A dotted key has at most thirty-two parts: it is refused before it is parsed."""
        layer = parsed(text)

        assert ("MC004", "app.toml has a dotted key of more than 32 parts") == problem(layer)
        assert line == (layer.problems[0].origin and layer.problems[0].origin.line)

    @pytest.mark.parametrize(
        "text", ["a." * 31 + "a = 1", "[" + "'a'." * 31 + "a]", "a = 1." + "1" * 50]
    )
    def test_not_too_long(self, text: str) -> None:
        """Thirty-two parts are allowed, and digits behind a point are no parts."""
        assert parsed(text).complete

    @pytest.mark.parametrize(
        "text", [" " * 1_000_000, "[\t" * 300_000, '"' * 500_000, "a ." * 300_000]
    )
    def test_long_lines(self, text: str) -> None:
        """Looking for long keys takes no more than one pass over a hostile line."""
        assert parsed("x = 1.0\n" * 40 + text).problems or text.isspace()

    @pytest.mark.parametrize(
        "text",
        [
            f"a = 0x{'F' * 3600}",
            f"[a]\nb = [1, 0o{'7' * 5000}]",
            f"a = {{b = 0b{'1' * 15_000}}}",
            f"a = {hex(2**14_284)}",
        ],
    )
    def test_other_bases(self, text: str) -> None:
        """So is one in another base, which Python would read but not write."""
        assert ("MC004", "app.toml holds a number of thousands of digits") == problem(parsed(text))

    @pytest.mark.parametrize(
        "value", [hex(2**14_284 - 1), f"'0x{'F' * 5000}'", f"[0x{'0' * 5000}1, 0b1]"]
    )
    def test_not_too_many_digits(self, value: str) -> None:
        """Zeros before a number are not counted, nor is what is a text."""
        layer = parsed(f"a = {value}")

        assert layer.complete
        assert str(layer.data["a"])

    def test_digits(self) -> None:
        """A number of thousands of digits is refused."""
        layer = parsed(f"a = {'9' * 5000}")

        assert ("MC004", "app.toml holds a number of thousands of digits") == problem(layer)


class TestDocument:
    """A document that was read elsewhere is a file by its name."""

    def test_layer(self) -> None:
        """It gives what a file of this name and content would give."""
        layer = Document("conf/app.toml", b'name = "x"\n').read(APP)

        assert {"name": "x"} == layer.data
        assert ("file", "conf/app.toml", "warn") == (layer.kind, layer.name, layer.secrets)
        assert 'name = "x"\n' == layer.texts[()].text

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b"\xff", ("MC003", "app.toml is not UTF-8")),
            (b"\xef\xbb\xbf", ("MC003", "app.toml begins with a byte order mark")),
            (b"a = 1\0", ("MC003", "app.toml holds a NUL byte, so it is no text")),
            (
                b" " * 1_048_577,
                ("MC004", "app.toml is too large: 1,048,577 bytes; the limit is 1,048,576"),
            ),
        ],
    )
    def test_refused(self, content: bytes, expected: tuple[str, str]) -> None:
        """What no file may hold is refused in the same words."""
        layer = Document("app.toml", content).read(APP)

        assert expected == problem(layer)
        assert not layer.complete

    def test_largest(self) -> None:
        """A document of just the largest size is read."""
        assert {} == Document("app.toml", b" " * 1_048_576).read(APP).data

    def test_representation_shows_no_content(self) -> None:
        """Its representation does not hold what may be a secret."""
        assert "Document(name='app.toml')" == repr(Document("app.toml", b'token = "x"'))
