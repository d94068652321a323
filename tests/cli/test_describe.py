"""Tests for `meshconf schema`, `docs` and `init`."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING

import pytest
import tomli

if TYPE_CHECKING:
    from pathlib import Path

#: Each command that prints a file, and the beginning of what it prints.
PRINTING = [
    (("schema",), "{\n"),
    (("docs",), "<!-- Made by `meshconf docs`"),
    (("docs", "--format", "env"), "# Made by `meshconf docs --format env`"),
]


class TestPrint:
    @pytest.mark.parametrize(("command", "begins"), PRINTING)
    def test_stdout(self, run, app: Path, command: tuple[str, ...], begins: str):
        """The text stands on stdout, alone."""
        result = run(*command)

        assert (0, "") == (result.exit_code, result.stderr)
        assert result.stdout.startswith(begins)

    def test_schema_is_json(self, run, app: Path):
        """The JSON Schema describes the schema of the repository."""
        result = run("schema")

        assert {"name", "port", "token", "stores"} <= json.loads(result.stdout)["properties"].keys()

    def test_env_without_prefix(self, run):
        """Without a prefix variables have no names to be written."""
        result = run("docs", "--format", "env", "--schema", "config_of_app:App")

        assert 2 == result.exit_code
        assert "--format env wants --prefix" in result.stderr

    @pytest.mark.parametrize("command", ["schema", "docs", "init"])
    def test_names_that_clash(self, run, folder: Path, command: str):
        """A schema of whose variables two have one name ends with 2 and names them."""
        (folder / "broken_module.py").write_text(
            "import attrs\n\n@attrs.frozen\nclass Group:\n    c: int = 1\n\n"
            "@attrs.frozen\nclass Clash:\n    a_c: int = 1\n    a: Group = Group()\n"
        )

        result = run(command, "--schema", "broken_module:Clash", "--prefix", "X_")

        assert 2 == result.exit_code
        assert "X_A_C" in result.stderr


class TestAgreement:
    """The JSON Schema of the mesh, beside `meshconf check --no-env`."""

    @pytest.mark.parametrize(
        ("text", "accepted"),
        [
            ("", True),  # a variable may give the name
            ('service_name = "orders"\n', True),
            ('service_name = ""\n', False),
            ("[retry]\nmax_attempts = 0\n", False),
            ("[upstreams.a.retry]\nmax_attempts = 1\n", True),
            ("[upstreams.a.retri]\n", False),
            ('[timeouts]\nrequest = "90s"\nconnect = "soon"\n', False),
            ('[load_balancer]\nalgorithm = "leastconn"\n', True),
            ('[load_balancer]\nalgorithm = "fastest"\n', False),
            ('consul.dc = "a"\n', True),
            ('consul.dc = "a"\nconsul.datacenter = "b"\n', False),
            ("config_version = 3\n", False),
        ],
    )
    def test_both_judge_alike(self, run, folder: Path, text: str, accepted: bool):
        """Both accept the same files."""
        (folder / "mesh.toml").write_text(text)
        validator = importlib.import_module("jsonschema").Draft7Validator(
            json.loads(run("schema").stdout)
        )
        result = run("check", "--no-env", "mesh.toml")

        assert accepted == validator.is_valid(tomli.loads(text))
        assert accepted == (result.exit_code == 0)


class TestCheck:
    @pytest.mark.parametrize(("command", "_"), PRINTING)
    def test_equal(self, run, folder: Path, app: Path, command: tuple[str, ...], _: str):
        """A file that is what would be printed is silently fine."""
        (folder / "made").write_text(run(*command).stdout)

        result = run(*command, "--check", "made")

        assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)

    @pytest.mark.parametrize(("command", "_"), PRINTING)
    def test_different(self, run, folder: Path, app: Path, command: tuple[str, ...], _: str):
        """A file that is another one ends with 1; what differs is shown, and how to make it."""
        first, rest = run(*command).stdout.split("\n", 1)
        (folder / "made").write_text(f"{first}\nan older line\n{rest}")

        result = run(*command, "--check", "made")

        assert 1 == result.exit_code
        assert result.stdout.startswith(f"--- made\n+++ now\n@@ -1,3 +1,2 @@\n {first}\n-an older")
        assert (
            f"made is not what the schema says now: meshconf {' '.join(command)} > made\n"
            == result.stderr
        )

    def test_options_are_part_of_the_remedy(self, run, folder: Path):
        """The command that makes the file has the options that were given."""
        (folder / "made").write_text("older\n")
        options = ("--schema", "config_of_app:App", "--prefix", "APP_")

        result = run("schema", *options, "--check", "made")

        assert result.stderr.endswith(
            "meshconf schema --schema config_of_app:App --prefix APP_ > made\n"
        )

    def test_remedy_can_be_pasted(self, run, folder: Path, app: Path):
        """The name of a file is quoted for the shell."""
        (folder / "a;b c.json").write_text("older\n")

        result = run("schema", "--check", "a;b c.json")

        assert result.stderr.endswith("meshconf schema > 'a;b c.json'\n")

    @pytest.mark.parametrize(("command", "_"), PRINTING)
    def test_ends_of_lines_do_not_matter(
        self, run, folder: Path, app: Path, command: tuple[str, ...], _: str
    ):
        """Lines may end as Git or an editor makes them end."""
        made = run(*command).stdout.rstrip("\n").replace("\n", "\r\n")
        (folder / "made").write_bytes(made.encode())

        assert 0 == run(*command, "--check", "made").exit_code

    @pytest.mark.parametrize(("command", "_"), PRINTING)
    def test_missing(self, run, app: Path, command: tuple[str, ...], _: str):
        """A file that is not there cannot be compared: exit code 2."""
        result = run(*command, "--check", "made")

        assert (2, "") == (result.exit_code, result.stdout)
        assert "Error: made does not exist\n" in result.stderr

    def test_name_of_any_length(self, run, app: Path):
        """A name that is too long for a file is named in the reason."""
        result = run("docs", "--check", "x" * 5000)

        assert 2 == result.exit_code
        assert "xxx cannot be read: file name too long\n" in result.stderr

    def test_text_of_a_file_steers_no_terminal(self, run, folder: Path, app: Path):
        """Control characters of the file are escaped where it is shown."""
        (folder / "made").write_text("\x1b[31mred\n")

        result = run("docs", "--check", "made")

        assert "\n-\\x1b[31mred\n" in result.stdout


class TestCompat:
    def old(self, run, folder: Path, before: str = "", after: str = "") -> None:
        """Write the JSON Schema as it was, with one text instead of another."""
        text = run("schema").stdout
        (folder / "old.json").write_text(text.replace(before, after) if before else text)

    def test_same(self, run, folder: Path, app: Path):
        """What accepts the same files is fine."""
        self.old(run, folder)

        result = run("schema", "--compat", "old.json")

        assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)

    def test_breaking(self, run, folder: Path, app: Path):
        """What refuses files that were fine ends with 1 and names the setting."""
        self.old(run, folder, '"maximum": 65535', '"maximum": 70000')

        result = run("schema", "--compat", "old.json")
        *breaks, last = result.stderr.splitlines()

        assert (1, "") == (result.exit_code, result.stdout)
        assert ["tightening: `stores.<name>.port`: maximum lowered from 70000 to 65535"] == breaks
        assert last.startswith(
            "meshconf: 1 change refuses files that old.json accepts, and no step"
        )

    def test_of_a_revision(self, run, folder: Path, app: Path, commit):
        """The old one can be that of a Git revision."""
        commit("app.schema.json", run("schema").stdout)
        missing = run("schema", "--compat", "HEAD:other.json")

        assert (0, "") == (
            run("schema", "--compat", "HEAD:app.schema.json").exit_code,
            run("schema", "--compat", "HEAD:app.schema.json").output,
        )
        assert 2 == missing.exit_code
        assert "HEAD:other.json is not there" in missing.stderr

    def test_breaking_twice(self, run, folder: Path, app: Path):
        """Every change that breaks files is named."""
        self.old(run, folder, '"minimum": 1', '"minimum": 0')

        result = run("schema", "--compat", "old.json")

        assert 1 == result.exit_code
        assert " changes refuse files that old.json accepts, and no step" in result.stderr

    @pytest.mark.parametrize("text", ["no JSON", "[]", "[" * 100_000])
    def test_no_schema(self, run, folder: Path, app: Path, text: str):
        """What is no JSON Schema cannot be compared: exit code 2."""
        (folder / "old.json").write_text(text)

        result = run("schema", "--compat", "old.json")

        assert 2 == result.exit_code
        assert "old.json is no JSON Schema that can be compared: " in result.stderr

    def test_with_check(self, run, folder: Path, app: Path):
        """A file can be checked for both at once; nothing is printed then."""
        self.old(run, folder)

        result = run("schema", "--compat", "old.json", "--check", "old.json")

        assert (0, "") == (result.exit_code, result.output)


class TestInit:
    def test_checks_out(self, shell):
        """The file of the mesh needs only what is required to be sound."""
        ended = shell("meshconf init > mesh.toml && meshconf check", MESH_SERVICE_NAME="orders")

        assert (0, "meshconf: no problems in mesh.toml, environment\n") == (
            ended.returncode,
            ended.stderr,
        )

    def test_file(self, run, folder: Path, app: Path):
        """FILE gets what would be printed."""
        result = run("init", "app.toml")

        assert (0, "") == (result.exit_code, result.output)
        assert run("init").stdout == (folder / "app.toml").read_text()

    def test_standard_output(self, run, folder: Path, app: Path):
        """`-` is standard output, not a file."""
        result = run("init", "-")

        assert (0, run("init").stdout) == (result.exit_code, result.stdout)
        assert not (folder / "-").exists()

    def test_command_for_the_json_schema(self, run):
        """The head of the file names the command with the options that were given."""
        result = run("init", "--schema", "config_of_app:App")

        assert "meshconf schema --schema config_of_app:App >" in " ".join(
            result.stdout.replace("\n# ", " ").split()
        )

    def test_existing_file(self, run, folder: Path, app: Path):
        """A file that exists is left as it is: exit code 2."""
        (folder / "app.toml").write_text("mine")

        result = run("init", "app.toml")

        assert 2 == result.exit_code
        assert "app.toml exists already; it is left as it is" in result.stderr
        assert "mine" == (folder / "app.toml").read_text()

    def test_dangling_link(self, run, folder: Path, app: Path):
        """A link that leads nowhere is not written through either."""
        (folder / "app.toml").symlink_to("elsewhere.toml")

        result = run("init", "app.toml")

        assert 2 == result.exit_code
        assert not (folder / "elsewhere.toml").exists()

    def test_folder_that_is_not_there(self, run, app: Path):
        """Why a file cannot be written is said in the words of the system."""
        result = run("init", "conf/app.toml")

        assert 2 == result.exit_code
        assert "conf/app.toml cannot be written: no such file or directory" in result.stderr
