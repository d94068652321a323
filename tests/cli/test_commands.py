"""The commands, run as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import meshconf.__main__ as entry
from meshconf.cli.commands import meshconf

SCHEMA = """\
import attrs
from meshconf import Secret, setting

@attrs.frozen(kw_only=True)
class App:
    name: str
    port: int = setting(80, ge=1)
    token: Secret[str] | None = None
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder with a schema of the user's own and no variable of ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("MESH_", "APP_")):
            monkeypatch.delenv(name)
    (tmp_path / "config_of_app.py").write_text(SCHEMA)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    sys.modules.pop("config_of_app", None)
    return tmp_path


def run(*arguments: str, **variables: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(meshconf, arguments, env=variables, prog_name="meshconf")


class TestCheck:
    def test_sound_file_is_said_to_have_no_problems(self, folder: Path):
        """A sound configuration ends with 0, a sentence on stderr and nothing on stdout."""
        (folder / "mesh.toml").write_text('service_name = "orders"\n')

        result = run("check")

        expected = (0, "", "meshconf: no problems in mesh.toml, environment\n")

        assert expected == (result.exit_code, result.stdout, result.stderr)

    def test_finding_ends_with_one_and_the_report_on_stderr(self, folder: Path):
        """A problem ends with 1; the report names its place."""
        (folder / "mesh.toml").write_text('service_name = "orders"\n[consul]\nport = "8500"\n')

        result = run("check", "mesh.toml")

        assert (1, "") == (result.exit_code, result.stdout)
        assert " --> mesh.toml:3:8\n" in result.stderr

    def test_warning_alone_is_no_failure(self):
        """A warning is printed and the exit code stays 0."""
        result = run("check", MESH_SERVICE_NAME="orders", MESH_CONSUL_HOTS="x")

        assert 0 == result.exit_code
        assert result.stderr.startswith("warning[MC103]")

    def test_json_goes_to_stdout(self):
        """The JSON form is a result: it stands on stdout, alone."""
        result = run("check", "--output-format", "json")
        report = json.loads(result.stdout)

        assert (1, "") == (result.exit_code, result.stderr)
        assert (False, ["MC102"]) == (report["valid"], [one["code"] for one in report["problems"]])

    def test_schema_and_prefix_of_ones_own(self):
        """--schema and --prefix load a user's class."""
        result = run(
            "check", "--schema", "config_of_app:App", "--prefix", "APP_", APP_NAME="x", APP_PORT="0"
        )

        assert 1 == result.exit_code
        assert "environment variable APP_PORT\n" in result.stderr


class TestShow:
    def test_values_stand_with_their_origins(self, folder: Path):
        """Each value has its origin in a comment; what is not set and secrets are comments."""
        (folder / "app.toml").write_text('name = "orders"\n')

        result = run(
            "show", "app.toml", "--schema", "config_of_app:App", "--prefix", "APP_", APP_TOKEN="x"
        )
        expected = (
            'name = "orders"  # app.toml:1:8\n'
            "port = 80  # default\n"
            "# token = <secret>  # environment variable APP_TOKEN\n"
        )

        assert (0, expected) == (result.exit_code, result.stdout)

    def test_key_narrows_what_is_shown(self):
        """--key shows only what stands at or under a path."""
        result = run("show", "--key", "retry.max_attempts", MESH_SERVICE_NAME="orders")

        assert "[retry]\nmax_attempts = 3  # default\n" == result.stdout

    def test_unknown_key_is_a_usage_error_with_a_suggestion(self):
        """A key that does not exist ends with 2 and names the nearest."""
        result = run("show", "--key", "retri.max_attempts", MESH_SERVICE_NAME="orders")

        assert 2 == result.exit_code
        assert "did you mean retry.max_attempts?" in result.stderr

    def test_json_holds_values_and_origins(self):
        """The JSON form lists path, value and origin of each setting."""
        result = run(
            "show", "--output-format", "json", "--key", "service_name", MESH_SERVICE_NAME="orders"
        )
        shown = json.loads(result.stdout)["settings"]
        origin = {"kind": "env", "name": "MESH_SERVICE_NAME", "line": None, "column": None}

        assert [
            {"path": "service_name", "value": "orders", "sensitive": False, "origin": origin}
        ] == shown

    def test_broken_configuration_is_reported_instead(self):
        """With errors there is nothing to show: the report stands on stderr, exit code 1."""
        result = run("show")

        assert (1, "") == (result.exit_code, result.stdout)
        assert "error[MC102]" in result.stderr

    def test_warnings_do_not_disturb_the_document(self):
        """Warnings stand on stderr, the document on stdout."""
        result = run("show", MESH_SERVICE_NAME="orders", MESH_CONSUL_HOTS="x")

        assert (0, 'service_name = "orders"') == (result.exit_code, result.stdout.split("  #")[0])
        assert "MC103" in result.stderr


class TestSchemaOption:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("App", "write it as module:Class"),
            ("nowhere_at_all:App", "No module named 'nowhere_at_all'"),
            ("config_of_app:Nothing", "has no attribute 'Nothing'"),
            ("broken_module:App", "ZeroDivisionError"),
            ("json:dumps", "neither an attrs class nor a dataclass"),
        ],
    )
    def test_what_cannot_be_loaded_ends_with_two(self, folder: Path, name: str, said: str):
        """A schema that cannot be imported or compiled ends with 2 and the reason."""
        (folder / "broken_module.py").write_text("1 / 0\n")

        result = run("check", "--schema", name, "--prefix", "X_")

        assert 2 == result.exit_code
        assert said in result.stderr

    def test_module_of_the_working_directory_is_found(self, folder: Path):
        """A module beside the file can be named even where the path does not hold its folder."""
        sys.path[:] = [entry for entry in sys.path if entry not in ("", str(folder))]

        result = run("check", "--schema", "config_of_app:App", "--prefix", "APP_", APP_NAME="x")

        assert 0 == result.exit_code

    def test_schema_without_prefix_says_what_to_pass(self):
        """A class that names no prefix needs --prefix, and the message says so."""
        result = run("check", "--schema", "config_of_app:App")

        assert 2 == result.exit_code
        assert "prefix" in result.stderr


class TestProgram:
    def test_module_runs_like_the_command(self):
        """`python -m meshconf` is the command line."""
        ended = subprocess.run(
            [sys.executable, "-m", "meshconf", "--help"],
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )

        assert ended.stdout.startswith("Usage: meshconf [OPTIONS] COMMAND")

    def test_entry_point_runs_a_command(self, monkeypatch, capsys):
        """The entry point runs what the arguments name and ends with its code."""
        monkeypatch.setattr(sys, "argv", ["meshconf", "check"])

        with pytest.raises(SystemExit) as ended:
            entry.main()

        assert 1 == ended.value.code
        assert "error[MC102]" in capsys.readouterr().err

    def test_missing_extra_names_the_pip_command(self, monkeypatch, capsys):
        """Without click, one line says what to install, and the exit code is 2."""
        for name in [name for name in sys.modules if name.startswith("meshconf.cli")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "click", None)

        with pytest.raises(SystemExit) as ended:
            entry.main()

        said = 'meshconf: the command line needs: pip install "meshconf[cli]"\n'

        assert (2, said) == (ended.value.code, capsys.readouterr().err)

    @pytest.mark.parametrize(
        ("raised", "code"),
        [(KeyboardInterrupt(), 130), (BrokenPipeError(), 1), (click.UsageError("no"), 2)],
    )
    def test_what_ends_it_early_has_its_exit_code(self, raised, code, monkeypatch, capfd):
        """An interrupt ends with 130, a closed pipe with 1, wrong usage with 2; none is shown."""

        def check(*_: object, **__: object) -> None:
            raise raised

        monkeypatch.setattr(sys, "argv", ["meshconf", "check"])
        monkeypatch.setattr(meshconf.commands["check"], "callback", check)

        with pytest.raises(SystemExit) as ended:
            entry.main()

        assert code == ended.value.code
        assert "Traceback" not in capfd.readouterr().err

    def test_closed_pipe_leaves_no_traceback(self):
        """A reader that has seen enough is no error to complain about."""
        command = f"{sys.executable} -m meshconf show | head -n 1"
        environ = {**os.environ, "MESH_SERVICE_NAME": "orders"}
        ended = subprocess.run(
            ["/bin/sh", "-c", command],
            check=False,
            capture_output=True,
            text=True,
            env=environ,
            cwd=Path(__file__).parents[2],
        )

        assert ("", 'service_name = "orders"') == (ended.stderr, ended.stdout.split("  #")[0])

    def test_other_missing_modules_are_not_taken_for_the_extra(self, monkeypatch):
        """A missing module that is not of the extra is raised as it is."""
        for name in [name for name in sys.modules if name.startswith("meshconf.cli")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "meshconf.cli", None)

        with pytest.raises(ModuleNotFoundError):
            entry.main()
