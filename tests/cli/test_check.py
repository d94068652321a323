"""Tests for `meshconf check`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from meshconf.cli.options import FORMATS
from meshconf.diagnostics import formats

if TYPE_CHECKING:
    from pathlib import Path

NAMED = 'name = "orders"\n'
GUARDED = ("--schema", "config_of_app:Guarded", "--prefix", "APP_")


class TestFindings:
    def test_sound_file(self, run, folder: Path):
        """A sound configuration ends with 0, a sentence on stderr and nothing on stdout."""
        (folder / "mesh.toml").write_text('service_name = "orders"\n')

        result = run("check")
        expected = (0, "", "meshconf: no problems in mesh.toml, environment\n")

        assert expected == (result.exit_code, result.stdout, result.stderr)

    def test_error(self, run, folder: Path):
        """An error ends with 1; the report on stderr names its place."""
        (folder / "mesh.toml").write_text('service_name = "orders"\n[consul]\nport = "8500"\n')

        result = run("check", "mesh.toml")

        assert (1, "") == (result.exit_code, result.stdout)
        assert " --> mesh.toml:3:8\n" in result.stderr

    @pytest.mark.parametrize(("options", "code"), [((), 0), (("--deny-warnings",), 1)])
    def test_warning(self, run, options: tuple[str, ...], code: int):
        """A warning is printed; it fails only where warnings are denied."""
        result = run("check", *options, MESH_SERVICE_NAME="orders", MESH_CONSUL_HOTS="x")

        assert code == result.exit_code
        assert result.stderr.startswith("warning[MC103]")

    def test_nothing_to_read(self, run):
        """Without any file the usual one is named as what would be read."""
        result = run("check")

        assert 1 == result.exit_code
        assert "looked in mesh.toml (not there), environment" in result.stderr

    def test_no_file_yet(self, run):
        """Where there is no file yet, the command that writes one is named."""
        options = ("--schema", "meshconf:ServiceMeshConfig", "--prefix", "MESH_")
        told = [run("check", *given).stderr.splitlines() for given in ((), options)]
        said = "a first file is written by meshconf init "

        assert f"{said}mesh.toml" == told[0][-1]
        assert f"{said}{' '.join(options)} mesh.toml" == told[1][-1]

    @pytest.mark.parametrize("name", ["mesh.toml", "other.toml"])
    def test_file_that_was_looked_for(self, run, folder: Path, name: str):
        """Where there is a file, or another was named, no first one is written."""
        (folder / "mesh.toml").touch()
        named = () if name == "mesh.toml" else (name,)
        result = run("check", *named)

        assert 1 == result.exit_code
        assert "meshconf init" not in result.stderr

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, "error[MC401]: app.toml does not exist"),
            (b'name = "a\xff"\n', "error[MC003]: app.toml is not UTF-8"),
            (b"name = \n", "app.toml:1:8: error[MC001]: invalid TOML: this is no value"),
        ],
    )
    def test_file_that_cannot_be_read(self, run, folder, app, content: bytes | None, said: str):
        """A file that is missing, no text or no TOML is a finding."""
        if content is not None:
            (folder / "app.toml").write_bytes(content)

        result = run("check", "app.toml", "--output-format", "concise")

        assert 1 == result.exit_code
        assert said in result.stderr

    def test_folder(self, run, folder: Path, app: Path):
        """A folder is no file."""
        (folder / "conf").mkdir()

        result = run("check", "conf")

        assert 1 == result.exit_code
        assert "conf is a directory, not a regular file" in result.stderr


class TestAssumedSchema:
    SAID = "checked against the schema of the mesh, ServiceMeshConfig; "

    @pytest.mark.parametrize("command", ["check", "show"])
    @pytest.mark.parametrize("content", ["", 'service_name = "x"\ndatabase = 1\n'])
    def test_is_named(self, run, folder: Path, command: str, content: str):
        """Where nobody named a schema, and keys at the top fit badly, the schema is named."""
        (folder / "mesh.toml").write_text(content)

        assert self.SAID in run(command).stderr

    def test_below_the_top(self, run, folder: Path):
        """A misspelt key within a group shows that it was the schema that was meant."""
        (folder / "mesh.toml").write_text('service_name = "x"\nconsul.prt = 1\n')
        result = run("check")

        assert 1 == result.exit_code
        assert self.SAID not in result.stderr

    @pytest.mark.parametrize("options", [(), ("--schema", "meshconf:ServiceMeshConfig")])
    def test_named_schema(self, run, app: Path, options: tuple[str, ...]):
        """Where a schema was named nothing is said."""
        result = run("check", *options)

        assert 1 == result.exit_code
        assert self.SAID not in result.stderr

    def test_for_programs(self, run):
        """Programs get the data alone."""
        result = run("check", "--output-format", "json")

        assert (1, "") == (result.exit_code, result.stderr)


class TestVariables:
    def test_left_alone(self, run, folder: Path, app: Path):
        """With --no-env variables are not read, and the report says so."""
        (folder / "app.toml").write_text(NAMED)

        result = run("check", "--no-env", "app.toml", APP_PORT="0")
        expected = "meshconf: no problems in app.toml\nnot checked: variables (--no-env)\n"

        assert (0, expected) == (result.exit_code, result.stderr)

    def test_env_file(self, run, folder: Path, app: Path):
        """Variables of a .env file are read below those of the environment."""
        (folder / ".env").write_text("APP_NAME=orders\nAPP_PORT=0\n")

        result = run("check", "--env-file", ".env", APP_PORT="1")

        assert "meshconf: no problems in .env, environment\n" == result.stderr

    def test_env_file_alone(self, run, folder: Path, app: Path):
        """A .env file is read also where the environment is not."""
        (folder / ".env").write_text("APP_NAME=orders\nAPP_PORT=0\n")

        result = run("check", "--env-file", ".env", "--no-env", "--output-format", "concise")

        assert ".env:2:1: error[MC202]: `port` must be at least 1, got 0" in result.stderr


class TestNoVariables:
    def test_what_they_may_give_is_not_checked(self, run, folder: Path, app: Path):
        """A required setting that a variable may give is named as not checked, and no error."""
        result = run("check", "--no-env")
        expected = (
            "meshconf: no problems\nnot checked: variables, which have to give name (--no-env)\n"
        )

        assert (0, expected) == (result.exit_code, result.stderr)

    def test_what_a_file_of_variables_lacks(self, run, folder: Path, app: Path):
        """With --env-file the variables are known, and what is missing is an error."""
        (folder / "prod.env").write_text("APP_PORT=1\n")

        result = run("check", "--no-env", "--env-file", "prod.env")

        assert 1 == result.exit_code
        assert result.stderr.endswith("not checked: variables of the process (--no-env)\n")

    def test_what_no_variable_gives(self, run, folder: Path):
        """A setting within a list has no variable: it is missing."""
        (folder / "broken_module.py").write_text(
            "import attrs\n\n@attrs.frozen\nclass Part:\n    name: str\n\n"
            "@attrs.frozen\nclass Plain:\n    parts: tuple[Part, ...] = ()\n"
        )
        (folder / "p.toml").write_text("[[parts]]\n")
        schema = ("--schema", "broken_module:Plain", "--prefix", "P_")

        result = run("check", "p.toml", *schema, "--no-env")

        assert 1 == result.exit_code
        assert "`parts[0].name` is required" in result.stderr


class TestNoSecrets:
    SAID = "not checked: secrets, which have to give password (--no-secrets)\n"

    def test_missing_secret(self, run):
        """A required secret that is missing is an error, but none where secrets are left out."""
        with_secrets = run("check", *GUARDED)
        without = run("check", *GUARDED, "--no-secrets")

        assert (1, 0) == (with_secrets.exit_code, without.exit_code)
        assert f"meshconf: no problems in environment\n{self.SAID}" == without.stderr

    @pytest.mark.parametrize("name", ["APP_PASSWORD_FILE", "CREDENTIALS_DIRECTORY"])
    def test_files_of_secrets_are_not_read(self, run, name: str):
        """What names a file or a folder of secrets is not followed."""
        with_secrets = run("check", *GUARDED, **{name: "/nowhere/at/all"})
        without = run("check", *GUARDED, "--no-secrets", **{name: "/nowhere/at/all"})

        assert (1, 0) == (with_secrets.exit_code, without.exit_code)
        assert self.SAID in without.stderr

    def test_variables_of_secrets_are_not_read(self, run, app: Path):
        """The variable of a secret is not read, others are."""
        result = run(
            "check",
            "--no-secrets",
            "--output-format",
            "json",
            APP_NAME="",
            APP_PORT="0",
            APP_STORES__A__PASSWORD="hunter2",
        )
        found = [problem["path"] for problem in json.loads(result.stdout)["problems"]]

        assert ["port"] == found

    def test_other_settings_are_still_required(self, run, app: Path):
        """What is no secret and missing stays an error."""
        result = run("check", "--no-secrets", "--output-format", "concise")

        assert 1 == result.exit_code
        assert "`name` is required" in result.stderr

    def test_schema_without_secrets(self, run, folder: Path):
        """A schema without secrets has none to name."""
        (folder / "broken_module.py").write_text(
            "import attrs\n\n@attrs.frozen\nclass Plain:\n    a: int = 1\n"
        )
        schema = ("--schema", "broken_module:Plain")

        result = run("check", *schema, "--no-secrets", "--no-env")

        assert result.stderr.endswith("variables (--no-env); secrets (--no-secrets)\n")


class TestProfiles:
    @pytest.fixture(autouse=True)
    def files(self, folder: Path, app: Path) -> None:
        """Write a file with a problem, and two profiles with one each."""
        (folder / "app.toml").write_text(f"{NAMED}port = 0\n")
        (folder / "app.production.toml").write_text("nmae = 1\n")
        (folder / "app.staging.toml").write_text("name = 3\n")

    def test_all(self, run):
        """Each profile is checked, and a problem that several have is told once."""
        result = run("check", "app.toml", "--all-profiles", "--output-format", "concise")
        lines = [line for line in result.stderr.splitlines() if "error[" in line]
        places = [line.split(": ")[0] for line in lines]

        assert ["app.toml:2:8", "app.production.toml:1:1", "app.staging.toml:1:8"] == places

    def test_one(self, run):
        """The file of one profile is read after the base; the others are named as not checked."""
        result = run("check", "app.toml", "--profile", "production", "--output-format", "concise")

        assert "app.production.toml:1:1: error[MC101]" in result.stderr
        assert result.stderr.endswith("not checked: profile staging (see --all-profiles)\n")

    def test_none(self, run):
        """Without a profile, those that there are are named as not checked."""
        result = run("check", "app.toml")

        assert result.stderr.endswith(
            "not checked: profiles production, staging (see --all-profiles)\n"
        )

    def test_named_file_is_not_said_to_be_left_out(self, run):
        """The file of a profile that is named itself is checked."""
        result = run("check", "app.toml", "./app.production.toml")

        assert result.stderr.endswith("not checked: profile staging (see --all-profiles)\n")

    def test_environment_chooses(self, run, folder: Path):
        """The profile that a variable names is checked where no file is named."""
        (folder / "mesh.toml").write_text('service_name = "orders"\n')
        (folder / "mesh.p.toml").write_text("[retry]\nmax_attempts = 0\n")
        (folder / "mesh.q.toml").write_text("")
        (folder / "pyproject.toml").unlink()

        result = run("check", "--output-format", "concise", MESH_PROFILE="p")

        assert result.stderr.startswith("mesh.p.toml:2:16: error[MC202]")
        assert result.stderr.endswith("not checked: profile q (see --all-profiles)\n")

    def test_variable_that_counts_for_nothing(self, run):
        """A profile that a variable names is not checked where a file is named."""
        result = run("check", "app.toml", APP_PROFILE="production")

        assert result.stderr.endswith(
            "not checked: profiles production, staging (see --all-profiles)\n"
        )

    def test_files_of_a_variable(self, run, folder: Path):
        """What a variable lists is checked, that of a profile too."""
        (folder / "pyproject.toml").unlink()
        (folder / "mesh.toml").write_text('service_name = "orders"\n')
        (folder / "mesh.p.toml").write_text("")

        result = run("check", MESH_CONFIG=f"mesh.toml{os.pathsep}mesh.p.toml")

        assert "meshconf: no problems in mesh.toml, mesh.p.toml, environment\n" == result.stderr

    def test_path_without_a_name(self, run):
        """A folder has no file of a profile beside it, and is reported as what it is."""
        result = run("check", "/", "--profile", "x")

        assert 1 == result.exit_code
        assert "/ is a directory" in result.stderr

    def test_standard_input_has_none(self, run):
        """Beside standard input stands no file of a profile."""
        result = run("check", "-", "--profile", "x", stdin=NAMED)

        assert 1 == result.exit_code
        assert 'the profile "x" has no file beside which its own could stand' in result.stderr

    def test_no_file_at_all(self, run):
        """Where no file is read there are no profiles to check."""
        result = run("check", "--all-profiles", APP_NAME="x")

        assert (0, "meshconf: no problems in environment\n") == (result.exit_code, result.stderr)


class TestBothProfileOptions:
    def test_contradict(self, run):
        """One profile and all of them cannot be asked for together."""
        result = run("check", "--profile", "production", "--all-profiles")

        assert 2 == result.exit_code
        assert "--profile and --all-profiles contradict each other" in result.stderr


class TestStandardInput:
    @pytest.mark.parametrize(
        ("options", "name"),
        [((), "<stdin>"), (("--stdin-filename", "conf/app.toml"), "conf/app.toml")],
    )
    def test_name(self, run, app: Path, options: tuple[str, ...], name: str):
        """Standard input is read as a file, by the name that it is given."""
        result = run("check", "-", *options, stdin=f"{NAMED}port = 0\n")

        assert f" --> {name}:2:8\n" in result.stderr

    def test_twice(self, run):
        """It can be read only once."""
        result = run("check", "-", "-", stdin=NAMED)

        assert 2 == result.exit_code
        assert "standard input can be read only once" in result.stderr

    def test_not_text(self, run, app: Path):
        """What is no UTF-8 there is a finding."""
        result = run("check", "-", stdin=b"\xff")

        assert 1 == result.exit_code
        assert "<stdin> is not UTF-8" in result.stderr


class TestOffline:
    def test_nothing_is_left(self, run, folder: Path, app: Path):
        """A store alone leaves nothing to check, and no other file is read instead."""
        result = run("check", "--offline", "consul://localhost/app")

        assert 2 == result.exit_code
        assert "--offline leaves no source to check" in result.stderr

    def test_stores_are_left_out(self, run, folder: Path, app: Path):
        """With --offline no store is read, and the report says which."""
        (folder / "app.toml").write_text(NAMED)

        result = run("check", "--offline", "app.toml", "consul://localhost/app")
        expected = (
            "meshconf: no problems in app.toml, environment\n"
            "not checked: consul://localhost/app (--offline)\n"
        )

        assert (0, expected) == (result.exit_code, result.stderr)


class TestOutputFormat:
    def test_offered_are_those_that_are_written(self):
        """The option offers the formats that there are."""
        assert formats.FORMATS == FORMATS

    def test_concise(self, run, app: Path):
        """The concise form has a line for each problem, on stderr."""
        result = run(
            "check", "-", "--no-env", "--output-format", "concise", stdin="port = 0\nname = 'x'"
        )
        expected = (
            "<stdin>:1:8: error[MC202]: `port` must be at least 1, got 0\n"
            "meshconf: 1 error in <stdin>; nothing was loaded\n"
            "not checked: variables (--no-env)\n"
        )

        assert ("", expected) == (result.stdout, result.stderr)

    @pytest.mark.parametrize("format", ["json", "github", "sarif", "junit"])
    @pytest.mark.parametrize(("port", "code"), [("0", 1), ("1", 0)])
    def test_for_programs_stand_alone_on_stdout(
        self, run, app: Path, format: str, port: str, code: int
    ):
        """What programs read stands on stdout; it says what was not checked too."""
        result = run(
            "check", "-", "--no-env", "--output-format", format, stdin=f"{NAMED}port = {port}\n"
        )

        assert (code, "") == (result.exit_code, result.stderr)
        assert "variables (--no-env)" in result.stdout

    def test_json(self, run, app: Path):
        """The JSON form holds the problems as data."""
        result = run("check", "--output-format", "json")
        report = json.loads(result.stdout)

        assert (False, ["MC102"]) == (report["valid"], [one["code"] for one in report["problems"]])

    def test_sarif(self, run, app: Path):
        """The SARIF form is JSON with a result for each problem."""
        result = run("check", "--output-format", "sarif")
        (sarif,) = json.loads(result.stdout)["runs"]

        assert ["MC102"] == [one["ruleId"] for one in sarif["results"]]

    def test_junit(self, run, app: Path):
        """The JUnit form is XML with a failure for each problem."""
        result = run("check", "--output-format", "junit")
        suites = ET.fromstring(result.stdout)  # noqa: S314 - our own text

        assert "1" == suites.attrib["failures"]

    def test_github(self, run, app: Path):
        """The form for GitHub is a command for each problem."""
        result = run("check", "-", "--output-format", "github", stdin=f"{NAMED}port = 0\n")

        assert result.stdout.startswith("::error file=<stdin>,line=2,")


class TestFix:
    WRONG = 'name = "orders" # why\nport = "8080"\n'
    MENDED = 'name = "orders" # why\nport = 8080\n'

    def test_mends(self, run, folder: Path, app: Path):
        """What is certain is mended and said; the file is then checked again."""
        (folder / "app.toml").write_text(self.WRONG)

        result = run("check", "--fix", "app.toml")
        expected = (
            "app.toml:2:8: wrote 8080, since `port` must be an integer, got a string\n"
            "meshconf: no problems in app.toml, environment\n"
        )

        assert (0, "", expected) == (result.exit_code, result.stdout, result.stderr)
        assert self.MENDED == (folder / "app.toml").read_text()
        assert 0 == run("check", "app.toml").exit_code

    @pytest.mark.parametrize(("format", "offered"), [("concise", True), ("json", False)])
    def test_is_offered(self, run, folder: Path, app: Path, format: str, offered: bool):
        """People are told what could be mended; programs have it in the report."""
        (folder / "app.toml").write_text(self.WRONG)
        result = run("check", "app.toml", "--output-format", format)

        assert offered == ("1 of them can be mended by meshconf check --fix\n" in result.stderr)

    def test_leaves_what_is_uncertain(self, run, folder: Path, app: Path):
        """What only a person can mend stays a finding, and the file as it was."""
        file = folder / "app.toml"
        file.write_text(f"{NAMED}port = 0\n")
        before = file.stat().st_ctime_ns

        result = run("check", "--fix", "app.toml")

        assert 1 == result.exit_code
        assert "mended" not in result.stderr
        assert before == file.stat().st_ctime_ns

    def test_mends_each_file(self, run, folder: Path, app: Path):
        """All files that are read are mended, those of profiles too."""
        (folder / "app.toml").write_text(self.WRONG)
        (folder / "app.p.toml").write_text('port = "1"\n')

        result = run("check", "--fix", "--all-profiles", "app.toml")

        assert 0 == result.exit_code
        assert "port = 1\n" == (folder / "app.p.toml").read_text()

    def test_symbolic_link(self, run, folder: Path, app: Path):
        """A symbolic link is not written through."""
        (folder / "real.toml").write_text(self.WRONG)
        (folder / "app.toml").symlink_to("real.toml")

        result = run("check", "--fix", "app.toml")

        assert 2 == result.exit_code
        assert "app.toml is a symbolic link, and links are not written through" in result.stderr
        assert self.WRONG == (folder / "real.toml").read_text()

    def test_file_that_cannot_be_read_any_more(self, run, folder: Path, app: Path):
        """A file that is gone when it is to be mended is named in a sentence."""
        (folder / "app.toml").write_text(self.WRONG)
        (folder / "broken_module.py").write_text(
            "import attrs, pathlib\nfrom meshconf import rule, setting\n\n"
            "@attrs.frozen\nclass App:\n    name: str\n    port: int\n"
            "    @rule('name')\n    @staticmethod\n    def gone(name):\n"
            "        pathlib.Path('app.toml').unlink(missing_ok=True)\n"
        )

        result = run("check", "--fix", "--schema", "broken_module:App", "--no-env", "app.toml")

        assert 2 == result.exit_code
        assert "Error: app.toml does not exist" in result.stderr

    def test_file_that_changed(self, run, folder: Path, app: Path):
        """A file that is another one by then is left as it is."""
        (folder / "app.toml").write_text(self.WRONG)
        (folder / "broken_module.py").write_text(
            "import attrs, pathlib\nfrom meshconf import rule, setting\n\n"
            "@attrs.frozen\nclass App:\n    name: str\n    port: int\n"
            "    @rule('name')\n    @staticmethod\n    def gone(name):\n"
            "        pathlib.Path('app.toml').write_text('name = 1')\n"
        )

        result = run("check", "--fix", "--schema", "broken_module:App", "--no-env", "app.toml")

        assert 2 == result.exit_code
        assert "app.toml is not the text that was checked; nothing was changed" in result.stderr
        assert "name = 1" == (folder / "app.toml").read_text()

    def test_standard_input(self, run, folder: Path, app: Path):
        """Standard input is no file to be mended, whatever its name."""
        (folder / "app.toml").write_text(self.WRONG)

        result = run("check", "--fix", "-", "--stdin-filename", "app.toml", stdin=self.WRONG)

        assert 2 == result.exit_code
        assert "--fix mends files; standard input is none" in result.stderr
        assert self.WRONG == (folder / "app.toml").read_text()
