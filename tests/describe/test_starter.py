"""The first file of a schema."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import attrs
import pytest
import tomli

from meshconf import Secret, ServiceMeshConfig, load, read, setting
from meshconf.describe.description import describe
from meshconf.describe.starter import schema_file, starter_file
from meshconf.schema.compile import model_of

LEDGER = Path(__file__).parents[2] / "examples" / "ledger"

#: A line that is commented out; a value that only the author of the file can know is none.
OFF = re.compile(r"^# (\[.*\]|[\w.\"-]+ = (?!…).*)$", re.MULTILINE)


@pytest.fixture(params=["mesh", "ledger", "made_up"])
def schema(request: pytest.FixtureRequest, made_up: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the schemas that have a starter file here."""
    monkeypatch.syspath_prepend(str(LEDGER))
    ledger: Any = importlib.import_module("ledger.config")
    return {"mesh": ServiceMeshConfig, "ledger": ledger.Settings, "made_up": made_up}[request.param]


def starter(schema: Any, prefix: str | None = "X_") -> str:
    """Write the starter file of a schema."""
    return starter_file(describe(model_of(schema), prefix))


def loaded(text: str, folder: Path, schema: Any, **variables: str) -> Any:
    """Load a text, with the secrets that do not belong in a file."""
    file = folder / "file.toml"
    file.write_text(text)
    environ = {"X_REQUIRED_SECRET": "s", "X_WEB_PASSWORD": "s", "X_WEBHOOK_TOKEN": "s"}
    wanted = {name: text for name, text in environ.items() if name in variables}
    return read(file, schema=schema, prefix="X_", environ=wanted)


def secrets_of(schema: Any, *, optional: bool) -> dict[str, str]:
    """Name the secrets that are required, in the optional groups too."""
    required = {"App": ["X_REQUIRED_SECRET"]}.get(schema.__name__, [])
    more = {"App": ["X_WEB_PASSWORD"], "Settings": ["X_WEBHOOK_TOKEN"]}.get(schema.__name__, [])
    return dict.fromkeys([*required, *(more if optional else [])], "s")


class TestWhole:
    def test_loads_as_it_is(self, schema: Any, tmp_path: Path) -> None:
        """It loads without a warning; what is commented out has its default."""
        snapshot = loaded(starter(schema), tmp_path, schema, **secrets_of(schema, optional=False))

        assert () == snapshot.warnings

    def test_defaults_may_be_uncommented(self, schema: Any, tmp_path: Path) -> None:
        """The defaults in groups that are there are what holds anyway."""
        lines: list[str] = []
        there = True
        for line in starter(schema).splitlines():
            if header := re.fullmatch(r"(# )?\[.*\]", line):
                there = header[1] is None
            lines.append(OFF.sub(r"\1", line) if there and not header else line)
        variables = secrets_of(schema, optional=False)
        expected = loaded(starter(schema), tmp_path, schema, **variables).config

        assert expected == loaded("\n".join(lines), tmp_path, schema, **variables).config

    def test_everything_may_be_uncommented(self, schema: Any, tmp_path: Path) -> None:
        """With all lines and headers uncommented it still loads, in whatever order they stand."""
        text = OFF.sub(r"\1", starter(schema))
        snapshot = loaded(text, tmp_path, schema, **secrets_of(schema, optional=True))

        assert () == snapshot.warnings
        assert text != starter(schema)

    def test_every_setting_is_named(self, schema: Any) -> None:
        """Every setting has a line, or a remark that names it."""
        text = starter(schema)
        inherited = re.compile("Takes the settings of")
        described = describe(model_of(schema), "X_").root.walk()
        names = {one.path[-1] for one in described if isinstance(one.path[-1], str)}

        assert set() == {name for name in names if not re.search(rf"\b{name}\b", text)}
        assert inherited.search(text) or schema.__name__ == "Settings"

    def test_lines_are_short(self, schema: Any) -> None:
        """Comments are wrapped; a value is never broken."""
        lines = [line for line in starter(schema).splitlines() if not OFF.fullmatch(line)]

        assert [] == [line for line in lines if len(line) > 100]

    def test_secrets_have_no_line(self, schema: Any) -> None:
        """A secret is told of, with its variables, and has no line that could be filled in."""
        text = starter(schema)
        described = describe(model_of(schema), "X_").root.walk()
        secrets = {str(one.path[-1]) for one in described if one.setting.secret}

        assert secrets
        assert [] == [name for name in secrets if re.search(rf"^(# )?{name} =", text, re.MULTILINE)]
        assert all(f"# {name} is a secret: " in text for name in secrets)


@attrs.frozen
class Small:
    """A small one."""

    host: str = setting(matches="z+")
    token: Secret[str] | None = None


@attrs.frozen
class Plain:
    number: int = 1


class TestText:
    def test_of_a_small_schema(self) -> None:
        """It begins with what editors want, the class's docstring, and how to go on."""
        expected = """\
#:schema ./small.schema.json
# A small one.
#
# Settings that are commented out have the default that they show. Variables (X_…) win over
# it. For completion in editors: meshconf schema > small.schema.json

# host = …  # required: str, matches z+

# token is a secret: set X_TOKEN or X_TOKEN_FILE
"""

        assert expected == starter(Small)

    def test_without_variables(self) -> None:
        """Without a prefix no variable is named."""
        text = starter(Small, None)

        assert "Variables" not in text
        assert "# token is a secret: give it by overrides" in text

    def test_without_docstring(self) -> None:
        """A class that says nothing of itself is named nowhere but in the first line."""
        assert starter(Plain).startswith("#:schema ./plain.schema.json\n#\n# Settings that")

    def test_name_of_the_json_schema(self, made_up: Any) -> None:
        """The JSON Schema lies beside the file, called like it."""
        assert "app.schema.json" == schema_file(model_of(made_up))

    def test_union(self, made_up: Any) -> None:
        """The class of a union's default is written, or the first; the others are told of."""
        text = starter(made_up)

        assert (
            '\n# With kind = "dog" it has these settings instead: name, lives, toys.\n[pet]\n'
            in text
        )
        assert (
            '\n# With kind = "cat" it has these settings instead: lives, food.\n# [third_pet]\n'
            '# kind = "dog"' in text
        )

    def test_what_has_no_header(self, made_up: Any) -> None:
        """Arrays in arrays and arrays of tables by name are written on one line."""
        values = tomli.loads(OFF.sub(r"\1", starter(made_up)))

        assert ([], []) == (values["nested"], values["rooms"])
        assert 1 == values["pair"][1]

    def test_file_of_a_secret_that_is_another_setting(self, made_up: Any) -> None:
        """No variable is promised that sets something else."""
        assert "# password is a secret: set X_WEB_PASSWORD\n" in starter(made_up)

    def test_required_list_of_groups(self, made_up: Any, tmp_path: Path) -> None:
        """A required list has one element to begin with."""
        file = tmp_path / "file.toml"
        file.write_text(starter(made_up))
        config: Any = load(file, schema=made_up, prefix="X_", environ={"X_REQUIRED_SECRET": "s"})

        assert ["change-me"] == [part.name for part in config.parts]

    def test_command(self) -> None:
        """The command that writes the JSON Schema is the one that is handed in."""
        text = starter_file(describe(model_of(Plain), None), command="meshconf schema -x")

        assert "meshconf schema -x > plain.schema.json" in " ".join(text.split("\n# "))

    def test_default_that_cannot_be_written(self) -> None:
        """A default that TOML cannot say, or that holds a secret, is not shown as if it could."""

        @attrs.frozen
        class Odd:
            one: Any = attrs.field(factory=object)
            two: dict[str, Any] = attrs.Factory(lambda: {"a": Secret("canary")})

        text = starter(Odd)

        assert "# one = …  # any value\n" in text
        assert "# two = …  # table of any value\n" in text

    def test_pattern_with_a_newline(self) -> None:
        """What a pattern holds does not end the comment that it stands in."""

        @attrs.frozen
        class Odd:
            one: str = setting("a", matches="a|\n\x1b")

        assert r"matches a|\n\x1b" in starter(Odd)
