"""The settings of a schema as tables in Markdown."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import pytest

from meshconf import Secret, configuration, setting
from meshconf.describe.description import describe
from meshconf.describe.markdown import cell, code, table
from meshconf.describe.settings_table import settings_markdown
from meshconf.schema.compile import model_of


@attrs.frozen
class Retry:
    """Tries again."""

    attempts: int = setting(3, ge=1, help="How often | or\nnot.", renamed_from="tries")
    wait: float = 1.0


@attrs.frozen
class Cat:
    kind: Literal["cat", "tiger"]


@attrs.frozen
class Dog:
    kind: Literal["dog"]


@attrs.frozen(kw_only=True)
class Pool:
    retry: Retry = setting(inherits="retry", help="Like that of all.")


@configuration(file="app.toml")
@attrs.frozen(kw_only=True)
class App:
    """Made up."""

    name: str = setting(matches=r"\{a|b\}", reload="restart")
    retry: Retry = setting(Retry(), help="For all.", renamed_from="again")
    pools: dict[str, Pool] = attrs.Factory(dict)
    pet: Cat | Dog
    rows: list[Retry] = attrs.Factory(list)
    key: Secret[str] = setting(Secret("canary"))
    key_file: str | None = None


@attrs.frozen
class Small:
    number: int = attrs.field(default=attrs.Factory(lambda _: 1, takes_self=True))


EXPECTED = r"""<!-- Made by `meshconf docs`; change the schema instead. -->

# Settings in `app.toml`

Made up.

They stand in `app.toml`; the variable below each of them wins over the file, and the same name with `_FILE` at its end names a file that holds the value. Lists are written `a,b` or as JSON, groups as JSON.

| Variable | Meaning |
| --- | --- |
| `APP_CONFIG` | Names the files that are read instead of the usual one, separated as in PATH. |
| `APP_PROFILE` | Names a profile such as production, whose file is read after the usual one. |

| Setting | Type | Default | Meaning |
| --- | --- | --- | --- |
| `name`<br>`APP_NAME` | `str, matches \{a\|b\}` | **required** | A change needs a restart. |
| `rows`<br>`APP_ROWS` | `array of table Retry` | `[]` |  |
| `key`<br>`APP_KEY` | `secret str` | a secret | Never shown, and not meant to stand in a file. `APP_KEY_FILE` names no file with it: that is another setting. |
| `key_file`<br>`APP_KEY_FILE` | `optional str` | not set |  |

## `retry`

For all. All of it as JSON: `APP_RETRY`. Old names: `again`, `APP_AGAIN`.

| Setting | Type | Default | Meaning |
| --- | --- | --- | --- |
| `attempts`<br>`APP_RETRY_ATTEMPTS` | `int, >= 1` | `3` | How often \| or not. Old names: `tries`, `APP_RETRY_TRIES`. |
| `wait`<br>`APP_RETRY_WAIT` | `float` | `1.0` |  |

## `pools.<name>`

All of them as JSON: `APP_POOLS`.

## `pools.<name>.retry`

Like that of all. All of it as JSON: `APP_POOLS__<NAME>__RETRY`.

| Setting | If not set, as |
| --- | --- |
| `attempts`<br>`APP_POOLS__<NAME>__RETRY_ATTEMPTS` | `retry.attempts`. Old names: `tries`, `APP_POOLS__<NAME>__RETRY_TRIES`. |
| `wait`<br>`APP_POOLS__<NAME>__RETRY_WAIT` | `retry.wait` |

## `pet` with `kind = "cat"`, `kind = "tiger"`

All of it as JSON: `APP_PET`. It is **required**.

| Setting | Type | Default | Meaning |
| --- | --- | --- | --- |
| `kind`<br>`APP_PET_KIND` | `one of "cat", "tiger"` | **required** |  |

## `pet` with `kind = "dog"`

All of it as JSON: `APP_PET`. It is **required**.

| Setting | Type | Default | Meaning |
| --- | --- | --- | --- |
| `kind`<br>`APP_PET_KIND` | `one of "dog"` | **required** |  |

## `rows[]`

All of it as JSON: `APP_ROWS`.

| Setting | Type | Default | Meaning |
| --- | --- | --- | --- |
| `attempts` | `int, >= 1` | `3` | How often \| or not. Old names: `tries`. |
| `wait` | `float` | `1.0` |  |
"""


def document(schema: Any, prefix: str | None = "APP_") -> str:
    """Write the tables of a schema."""
    return settings_markdown(describe(model_of(schema), prefix))


class TestDocument:
    def test_whole(self) -> None:
        """It has a table for each group, with all that a user may set and how."""
        assert EXPECTED == document(App)

    def test_without_file_and_variables(self) -> None:
        """A schema that says nothing of itself is called by its name."""
        expected = """\
<!-- Made by `meshconf docs`; change the schema instead. -->

# Settings of Small

| Setting | Type | Default | Meaning |
| --- | --- | --- | --- |
| `number` | `int` | computed |  |
"""

        assert expected == document(Small, None)

    def test_without_variables(self) -> None:
        """Without variables, the file is named alone."""
        text = document(App, None)

        assert "\nThey stand in `app.toml`.\n" in text
        assert "APP_" not in text

    def test_without_file(self) -> None:
        """Without a file of that name, there may be any."""
        assert "\nThey stand in a file; the variable" in document(Small)

    def test_map_without_default(self) -> None:
        """A map without a default is made empty, so it is not required."""

        @attrs.frozen
        class Required:
            pools: dict[str, Retry]

        assert "## `pools.<name>`" in document(Required)
        assert "required" not in document(Required)

    def test_without_choosers(self, made_up: Any) -> None:
        """A variable of a setting is no chooser."""

        @attrs.frozen
        class Chosen:
            config: str = ""
            profile: str = ""

        assert "| Variable |" not in document(Chosen)
        assert "`APP_CONFIG`" in document(made_up)


class TestMarkdown:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a", "`a`"),
            ("a|b", "`a\\|b`"),
            ("`", "`` ` ``"),
            ("a``b`", "``` a``b` ```"),
            ("a\nb\x1b", "`a\\nb\\x1b`"),
        ],
    )
    def test_code(self, text: str, expected: str) -> None:
        """Code ends neither its quotes nor its cell nor its line."""
        assert expected == code(text)

    def test_cell(self) -> None:
        """Text stays within its cell."""
        assert "a \\| b" == cell("a |\n b")

    def test_table(self) -> None:
        """A table has a line below its header."""
        assert "| a | b |\n| --- | --- |\n| 1 | 2 |" == table(("a", "b"), [("1", "2")])


@attrs.frozen
class Steered:
    one: int = setting(1, help="a\x9b|\n\n# b")


@configuration(file="\x1b.toml")
@attrs.frozen
class Steering:
    """Made \u202eup."""

    group: Steered = setting(Steered(), help="c\x1b\n\n# d")


class TestSafety:
    def test_what_steers_a_terminal(self) -> None:
        """Help and docstrings stay on their line and are safe to print."""
        text = settings_markdown(describe(model_of(Steering), None))

        assert text.replace("\n", "").isprintable()
        assert r"a\x9b\| # b" in text
        assert "c\\x1b # d" in text

    def test_default_that_toml_cannot_say(self) -> None:
        """A default that no file can say is told in its own words."""

        @attrs.frozen
        class Root:
            one: Any = attrs.field(factory=object)

        assert "| `<object object>` |" in settings_markdown(describe(model_of(Root), None))
