"""The description of a schema."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from meshconf.describe.comments import comment, remark
from meshconf.describe.description import ELEMENT, ENTRY, Described, about, describe, written
from meshconf.describe.json_schema import json_schema_text
from meshconf.schema.compile import model_of
from meshconf.schema.model import REQUIRED


@pytest.fixture
def described(made_up: Any) -> dict[str, Described]:
    """Describe a schema; where a union has a path in each class, its first class counts."""
    found: dict[str, Described] = {}
    for one in describe(model_of(made_up), "APP_").root.walk():
        found.setdefault(written(one.path), one)
    return found


class TestWritten:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            (("a",), "a"),
            (("a", ENTRY, "b"), "a.<name>.b"),
            (("a", ELEMENT, ELEMENT, "b"), "a[][].b"),
            (("a", 0, "b"), "a[0].b"),
            (("a", "b.c"), 'a."b.c"'),
        ],
    )
    def test_path(self, path: Any, expected: str) -> None:
        """A path is written with signs for what may have any name or number."""
        assert expected == written(path)


class TestSettings:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("retry.attempts", 5),
            ("retry.wait", 1.0),
            ("name", REQUIRED),
            ("third_pet.name", "x"),
            ("pools.<name>.size", 1),
            ("parts[].retry.attempts", 3),
            ("maybe", None),
        ],
    )
    def test_default(self, path: str, expected: Any, described: Any) -> None:
        """The default of a group decides over those of its class."""
        assert expected == described[path].default

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("retry.attempts", "APP_RETRY_ATTEMPTS"),
            ("outside", "OUTSIDE_X"),
            ("pools.<name>.host", "APP_POOLS__<NAME>__POOL_HOST_X"),
            ("pools.<name>.inner.<name>.name", "APP_POOLS__<NAME>__INNER__<NAME>__NAME"),
            ("parts[].name", ""),
            ("pair[0].name", ""),
            ("shelves.<name>[].name", ""),
        ],
    )
    def test_variable(self, path: str, expected: str, described: Any) -> None:
        """A variable is there for what can be set alone."""
        assert expected == described[path].variable
        assert (f"{expected}_FILE" if expected else "") == described[path].file_variable

    def test_required(self, described: Any) -> None:
        """Settings, lists and unions are required; groups and maps can be made."""
        required = {path for path, one in described.items() if one.required and one.always}

        assert {"name", "pet", "parts", "required_secret"} == required

    def test_inherits(self, described: Any) -> None:
        """A setting of an inheriting group has the path that it inherits from."""
        assert ("retry", "attempts") == described["pools.<name>.retry.attempts"].inherits
        assert described["retry.attempts"].inherits is None

    def test_old_names(self, described: Any, made_up: Any) -> None:
        """Old variables are those that are read, each listed once."""
        names = list(describe(model_of(made_up), "APP_").variables)

        assert ("APP_OUTER",) == described["outside"].old_variables
        assert {"APP_PET_SOULS", "APP_AGAIN", "APP_PONDS"} < set(names)
        assert len(set(names)) == len(names)
        assert all(names)

    def test_without_prefix(self, made_up: Any) -> None:
        """Without a prefix there are no variables."""
        description = describe(model_of(made_up), None)

        assert ([], {}) == (list(description.variables), description.choosers)


class TestComments:
    def test_is_wrapped(self) -> None:
        """A comment is wrapped, words and names stay whole; of nothing there is none."""
        lines = comment("long-word " * 30 + "x" * 200)

        assert ["#"] == sorted({line[:1] for line in lines})
        assert 92 >= max(len(line) for line in lines[:-1])
        assert "# " + "x" * 200 == lines[-1]
        assert [] == comment("")

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("name", "required: str"),
            ("computed", "computed if not set: int"),
            ("maybe", "not set by default: str"),
            ("retry.attempts", "int, >= 1"),
        ],
    )
    def test_remark(self, path: str, expected: str, described: Any) -> None:
        """A remark says what is taken, and what holds otherwise."""
        assert expected == remark(described[path])

    def test_about(self, made_up: Any) -> None:
        """A class is told by its first paragraph; what a dataclass writes itself is not."""
        from dataclasses import make_dataclass

        assert "Made up, with a setting of each kind." == about(made_up)
        assert "" == about(make_dataclass("Made", [("it", int)]))

    @pytest.mark.parametrize("said", [None, 5, property(), "", " \n "])
    def test_odd_docstring(self, said: Any) -> None:
        """A docstring that is no text, or is blank, says nothing."""
        cls: Any = type("Odd", (), {"__doc__": said})

        assert "" == about(cls)

    def test_what_steers_a_terminal(self) -> None:
        """Control characters and bidirectional controls in a help text are escaped."""
        assert [r"# a\x9b31m \u202e\x1b b"] == comment("a\x9b31m \u202e\x1b\nb")


def broken() -> int:
    """Refuse to make a default."""
    raise RuntimeError("canary")


@attrs.frozen
class Boom:
    a: int = attrs.Factory(broken)
    b: int = 1


@attrs.frozen
class Made:
    boom: Boom = Boom(a=1, b=2)


class TestDefaults:
    def test_that_cannot_be_made(self) -> None:
        """A default whose factory raises is told of by its place, without what it says."""
        with pytest.raises(TypeError) as caught:
            describe(model_of(Boom), None)

        assert "the default of Boom.a cannot be made: RuntimeError" == str(caught.value)
        assert caught.value.__context__ is None

    def test_in_a_group_that_is_made(self) -> None:
        """A group that is a default needs no default of its class."""
        text = json_schema_text(describe(model_of(Made), None))

        assert {"a": 1, "b": 2} == model_of(Made).settings["boom"].default_table
        assert "canary" not in text
