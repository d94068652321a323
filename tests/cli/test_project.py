"""Tests for `[tool.meshconf]`, where a repository says which schema and files it has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class TestTable:
    @pytest.fixture(autouse=True)
    def files(self, folder: Path, app: Path) -> None:
        """Name a file, and work in a folder below."""
        app.write_text(f'{app.read_text()}files = ["conf/app.toml"]\n')
        (folder / "conf").mkdir()
        (folder / "conf" / "app.toml").write_text('name = "orders"\n')
        (folder / "sub").mkdir()

    def test_schema_prefix_and_files(self, run):
        """The table says what is read."""
        result = run("show", "port", APP_PORT="81")

        assert "port = 81  # environment variable APP_PORT\n" == result.stdout

    def test_from_a_folder_below(self, run, monkeypatch):
        """It is found from any folder below; schema and files start at its own."""
        monkeypatch.chdir("sub")
        result = run("check")
        path = os.path.join("..", "conf", "app.toml")  # noqa: PTH118 - what is shown is a text

        assert f"meshconf: no problems in {path}, environment\n" == result.stderr

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[tool.other]\na = 1\n",
            'tool = "x"\n',
            "[tool.other\n",
            "# [tool.meshconf]\na = 1\n",
        ],
    )
    def test_nearer_file_without_it(self, run, folder: Path, monkeypatch, text: str):
        """A nearer pyproject.toml without the table, broken or not, is passed over."""
        (folder / "sub" / "pyproject.toml").write_text(text)
        monkeypatch.chdir("sub")

        assert 0 == run("check").exit_code

    def test_option_wins(self, run):
        """--schema wins; what the table says is about its own schema."""
        result = run("check", "--schema", "config_of_app:Guarded", "--no-env")

        assert "error[MC102]: `password` is required but no source sets it" in result.stderr
        assert "app.toml" not in result.stderr

    def test_prefix_option_wins(self, run):
        """--prefix wins over the table."""
        result = run("show", "port", "--prefix", "X_", X_PORT="82", APP_PORT="81")

        assert "port = 82  # environment variable X_PORT\n" == result.stdout

    def test_named_file_wins(self, run, folder: Path):
        """Files on the command line win over the table."""
        (folder / "other.toml").write_text('name = "other"\n')

        result = run("show", "name", "-f", "other.toml")

        assert 'name = "other"  # other.toml:1:8\n' == result.stdout

    def test_without_it(self, run, app: Path):
        """Without the table the schema is that of the mesh."""
        app.unlink()

        result = run("check", MESH_SERVICE_NAME="orders")

        assert (0, "meshconf: no problems in environment\n") == (result.exit_code, result.stderr)


class TestWrongTable:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('[tool.meshconf]\nscema = "a:B"\n', " --> pyproject.toml:2:1\n"),
            ("[tool.meshconf]\nfiles = 3\n", " --> pyproject.toml:2:9\n"),
            ("tool.meshconf = 3\n", "`tool.meshconf` must be a table"),
            ('[tool.meshconf]\nschema = "a:B\n', "error[MC001]: invalid TOML: "),
        ],
    )
    def test_reported(self, run, folder: Path, text: str, said: str):
        """A wrong key or value, or broken TOML, ends with 2 and is reported with its place."""
        (folder / "pyproject.toml").write_text(text)

        result = run("check")

        assert (2, "") == (result.exit_code, result.stdout)
        assert result.stderr.startswith("Error: pyproject.toml does not fit\n\nerror[MC")
        assert said in result.stderr

    def test_schema_that_cannot_be_imported(self, run, folder: Path):
        """A schema that cannot be imported is said to stand in the table."""
        (folder / "pyproject.toml").write_text('[tool.meshconf]\nschema = "nowhere_at_all:App"\n')

        result = run("check")

        assert 2 == result.exit_code
        assert (
            "meshconf: [tool.meshconf] schema = nowhere_at_all:App: ModuleNotFound" in result.stderr
        )

    def test_text_steers_no_terminal(self, run, folder: Path):
        """Control characters in the name of the schema are escaped."""
        (folder / "pyproject.toml").write_text('[tool.meshconf]\nschema = "\\u001b[31m"\n')

        result = run("check")

        assert 2 == result.exit_code
        assert "schema = \\x1b[31m: write it as module:Class" in result.stderr

    def test_unreadable(self, run, folder: Path):
        """A pyproject.toml that is none is passed over."""
        (folder / "pyproject.toml").write_bytes(b"\xff")

        assert 0 == run("check", MESH_SERVICE_NAME="orders").exit_code

    @pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux alone has one")
    def test_file_that_fails_to_be_read(self, run, folder: Path):
        """A pyproject.toml that cannot be read is passed over."""
        (folder / "pyproject.toml").symlink_to("/proc/self/mem")

        assert 0 == run("check", MESH_SERVICE_NAME="orders").exit_code


class TestUsualFile:
    def test_stands_beside_the_table(self, run, folder: Path, monkeypatch: pytest.MonkeyPatch):
        """From a folder below, the usual file and its profiles are those beside pyproject.toml."""
        (folder / "pyproject.toml").write_text("[tool.meshconf]\n")
        (folder / "mesh.toml").write_text('service_name = "orders"\n')
        (folder / "mesh.p.toml").write_text("[retry]\nmax_attempts = 2\n")
        (folder / "sub").mkdir()
        monkeypatch.chdir("sub")

        base, profile = (os.path.join("..", name) for name in ("mesh.toml", "mesh.p.toml"))  # noqa: PTH118 - the same

        assert f"meshconf: no problems in {base}, {profile}, environment\n" == (
            run("check", MESH_PROFILE="p").stderr
        )
