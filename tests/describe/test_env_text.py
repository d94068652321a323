"""Variables as lines of a .env file."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

from meshconf import DotEnv, Secret, ServiceMeshConfig, read, setting
from meshconf.describe.description import describe
from meshconf.describe.env_text import env_example, env_line, env_text, sayable
from meshconf.schema.compile import model_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from meshconf.schema import kinds

#: What only the reader of the example can know.
REQUIRED = {"APP_PET_KIND": "cat", "APP_REQUIRED_SECRET": "s"}
OVERRIDES = {"required_secret": "s", "pet": {"kind": "cat"}}


def kind_of(hint: Any) -> kinds.Kind:
    """Compile a hint."""
    return model_of(attrs.make_class("Made", {"it": attrs.field(type=hint)})).settings["it"].kind


class TestText:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("a b", "a b"),
            (True, "true"),
            (False, "false"),
            (5, "5"),
            (1.5, "1.5"),
            (["a", "b"], "a,b"),
            ((502, 503), "502,503"),
            ([True, False], "true,false"),
            ([], "[]"),
            (["a b"], '["a b"]'),
            (["a,b"], '["a,b"]'),
            (["[a"], '["[a"]'),
            ([""], '[""]'),
            ([[1], [2]], "[[1], [2]]"),
            ({"ä": 1}, '{"ä": 1}'),
            ([1, None], "[1, null]"),
            (["\x1b\u202e "], r'["\u001b\u202e "]'),
            (dt.timedelta(seconds=1.5), "1500ms"),
            (dt.date(2026, 1, 2), "2026-01-02"),
            (dt.datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00"),  # noqa: DTZ001 - files may say it
            (Secret("canary"), "<secret>"),
        ],
    )
    def test_of_a_value(self, value: Any, expected: str) -> None:
        """Single values are plain, lists of words have commas, all else is JSON."""
        assert expected == env_text(value)

    def test_secret_in_a_list(self) -> None:
        """What a class calls a secret is masked, also where its type is no Secret."""

        @attrs.frozen
        class Row:
            key: str = setting(secret=True)

        assert '[{"key": "<secret>"}]' == env_text([Row("canary")])

    def test_list_of_any_values(self) -> None:
        """Numbers among any values are JSON, since between commas all is text."""
        assert '[1, "x"]' == env_text([1, "x"], kind_of(list[Any]))
        assert "1,2" == env_text([1, 2], kind_of(list[int]))

    @pytest.mark.parametrize(
        ("value", "hint", "expected"),
        [
            ("two\nlines", str, True),
            ("\x1b[1m", str, False),
            ("tab\t", str, False),
            ("text", Any, True),
            (5, Any, False),
            (5, int, True),
            ([1, None], list[int | None], True),
            ([dt.date(2026, 1, 2)], list[dt.date], True),
            ([dt.date(2026, 1, 2)], list[Any], False),
            ({"a": dt.date(2026, 1, 2)}, dict[str, dt.date], False),
            ({"a": [1, True, "x"]}, dict[str, Any], True),
            ({"a": [float("nan")]}, dict[str, Any], False),
            ([float("inf")], list[float], False),
            (float("nan"), float, False),
            pytest.param(10**5000, int, False, id="digits"),
            (b"x", Literal[b"x"], True),
            ("b", Literal["a", "b"], True),
        ],
    )
    def test_sayable(self, value: Any, hint: Any, expected: bool) -> None:
        """What would steer a terminal, and what is no text where any value may stand, is not."""
        assert expected is sayable(value, kind_of(hint))


class TestLine:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("plain-1.5,b:/@%+=", "A=plain-1.5,b:/@%+="),
            ("", "A="),
            ("a b", "A='a b'"),
            ("it's", r"A='it\'s'"),
            ("a\\b", r"A='a\\b'"),
            ("$HOME", "A='$HOME'"),
            ("# no comment", "A='# no comment'"),
        ],
    )
    def test_quotes(self, text: str, expected: str) -> None:
        """Quotes stand where a text needs them."""
        assert expected == env_line("A", text)


def load(schema: Any, file: Path, overrides: dict[str, Any], text: str | None) -> Any:
    """Load a .env file, if there is one, and overrides."""
    sources = []
    if text is not None:
        file.write_text(text)
        sources = [DotEnv(file, model_of(schema).configuration.prefix or "")]
    return read(*sources, schema=schema, environ={}, overrides=overrides)


@pytest.fixture(params=["mesh", "made_up"])
def case(request: pytest.FixtureRequest, made_up: Any) -> Any:
    """Return a schema with what its example leaves open."""
    if request.param == "mesh":
        return ServiceMeshConfig, {}, {}
    return made_up, REQUIRED, OVERRIDES


def example(schema: Any) -> str:
    """Write the example of a schema."""
    return env_example(describe(model_of(schema), model_of(schema).configuration.prefix))


def defaults(schema: Any) -> Iterator[str]:
    """Yield the variables of what is there in every configuration and has a default."""
    described = describe(model_of(schema), model_of(schema).configuration.prefix).root.walk()
    yield from (one.variable for one in described if one.always)


def filled_in(schema: Any, required: Any) -> str:
    """Add what is required to the example, all lines of which are comments."""
    own = {"APP_NAME": "change-me", "APP_PARTS": "[]"} if required else {}
    given = {"MESH_SERVICE_NAME": "change-me", **own, **required}
    return example(schema) + "".join(
        f"{name}={text}\n" for name, text in given.items() if f"# {name}=" in example(schema)
    )


class TestExample:
    def test_every_line_is_a_comment(self, case: Any, tmp_path: Path) -> None:
        """An example that is taken over as it is sets nothing."""
        lines = example(case[0]).splitlines()

        assert [] == [line for line in lines if line and not line.startswith("#")]

    def test_loads(self, case: Any, tmp_path: Path) -> None:
        """With what is required filled in it loads without a warning."""
        schema, required, overrides = case
        snapshot = load(schema, tmp_path / ".env", {}, filled_in(schema, required))
        plain = (
            {"service_name": "change-me"} if not required else {"name": "change-me", "parts": []}
        )
        expected = load(schema, tmp_path / ".env", overrides | plain, None)

        assert () == snapshot.warnings
        assert expected.config == snapshot.config

    def test_defaults_may_be_uncommented(self, case: Any, tmp_path: Path) -> None:
        """The defaults are those that hold anyway."""
        schema, required, _ = case
        filled = filled_in(schema, required)
        names = "|".join(set(defaults(schema)))
        # The value may go on in the next line.
        text = re.sub(rf"^# (({names})=.)", r"\1", filled, flags=re.MULTILINE)
        expected = load(schema, tmp_path / ".env", {}, filled)
        actual = load(schema, tmp_path / ".env", {}, text)

        assert text != filled
        assert () == actual.warnings
        assert expected.config == actual.config

    def test_lines_are_short(self, case: Any) -> None:
        """Comments are wrapped."""
        lines = [one for one in example(case[0]).splitlines() if one.startswith("# ")]

        assert [] == [line for line in lines if len(line) > 92 and "=" not in line]

    def test_secret(self, made_up: Any) -> None:
        """A secret is required but left open, and may be in a file."""
        text = example(made_up)
        expected = (
            "# Shh.\n# required: secret str\n"
            "# Or APP_REQUIRED_SECRET_FILE: the file that holds it.\n# APP_REQUIRED_SECRET=\n"
        )

        assert expected in text

    def test_union(self, made_up: Any) -> None:
        """One variable serves all classes of a union, and says what each of them takes."""
        text = example(made_up)

        assert '# required: one of "cat"; or required: one of "dog"\n# APP_PET_KIND=cat\n' in text
        assert "# As JSON, all of it in one, or by the variables below; it is required.\n" in text

    def test_inherited(self, made_up: Any) -> None:
        """What inherits names what it inherits from, and its old names."""
        expected = (
            "# If not set, as retry.attempts.\n"
            "# Old names: APP_POOLS__<NAME>__RETRY_TRIES.\n"
            "# APP_POOLS__<NAME>__RETRY_ATTEMPTS=\n"
        )

        assert expected in example(made_up)

    def test_default_that_no_variable_can_hold(self, made_up: Any) -> None:
        """A default that would be read as something else is not shown."""
        assert "# any value\n# APP_ANY_VALUE=\n" in example(made_up)
