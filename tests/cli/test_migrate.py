"""Tests for `meshconf migrate`."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = """\
import attrs
from meshconf import Secret, Seconds, configuration, edits, setting, step


@attrs.frozen(kw_only=True)
class Database:
    port: int = setting(5432, ge=1)
    password: Secret[str] | None = None


@configuration(
    prefix="APP_",
    file="app.toml",
    version=3,
    release="{release}",
    steps=[
        step(2, edits.move("db_port", "database.port"), edits.move("pw", "database.password")),
        step(
            3,
            edits.move("timeout_ms", "timeout"),
            edits.convert("timeout", lambda ms: ms / 1000, loses="the unit"),
            edits.remove("debug", reason="use the logger"),
            edits.set_default("workers", 2),
            since="2.1",
        ),
    ],
)
@attrs.frozen(kw_only=True)
class App:
    timeout: Seconds = setting(1.0, le=60)
    workers: int = 8
    database: Database = Database()
"""

OLD = """\
# Ours.
timeout_ms = 500 # short
db_port = 1
workers = 3
"""

NEW = """\
config_version = 3
# Ours.
timeout = 0.5 # short
database.port = 1
workers = 3
"""


#: A schema of which two settings became one.
JOINED = """\
import attrs
from meshconf import configuration, edits, step


@configuration(
    prefix="J_",
    file="j.toml",
    version=2,
    steps=[step(2, edits.join(["host", "port"], "address", lambda host, port: f"{host}:{port}"))],
)
@attrs.frozen
class Joined:
    address: str = "localhost:80"
"""


@pytest.fixture(autouse=True)
def schema(folder: Path) -> None:
    """Name a schema with a history in pyproject.toml, as its next release has it."""
    release(folder, "2.2")
    (folder / "pyproject.toml").write_text('[tool.meshconf]\nschema = "config_with_history:App"\n')


def release(folder: Path, number: str) -> None:
    """Write the schema as a release has it."""
    sys.modules.pop("config_with_history", None)
    (folder / "config_with_history.py").write_text(SCHEMA.replace("{release}", number))


@pytest.fixture
def file(folder: Path) -> Path:
    """Write a file of version 1."""
    path = folder / "app.toml"
    path.write_text(OLD)
    return path


class TestPlain:
    """Without an option: what would change."""

    def test_says_what_would_change(self, run, file: Path):
        """The changes are told, and what is lost; nothing is written."""
        result = run("migrate")

        assert 0 == result.exit_code
        assert (
            "app.toml: would be brought from version 1 to version 3\n"
            "  `db_port` → `database.port`\n"
            "  `timeout_ms` → `timeout`, written otherwise\n"
            "  lost: `timeout_ms`: the unit\n"
        ) == result.stdout
        assert "nothing was written: --diff shows the lines, --write changes them\n" == (
            result.stderr
        )
        assert OLD == file.read_text()

    def test_nothing_to_do(self, run, file: Path):
        """A current file is left alone."""
        file.write_text("config_version = 3\n")
        result = run("migrate", "app.toml")

        assert (0, "app.toml: nothing to do, it has version 3\n", "") == (
            result.exit_code,
            result.stdout,
            result.stderr,
        )

    def test_removed_and_kept(self, run, file: Path):
        """What is removed and which default is kept are told too."""
        file.write_text("debug = true\n")

        assert (
            "app.toml: would be brought from version 1 to version 3\n"
            "  `debug` is removed (use the logger)\n"
            "  `workers` is set to 2, the default of version 2\n"
        ) == run("migrate").stdout

    def test_written_otherwise(self, run, file: Path):
        """A value that is written otherwise at its place is told."""
        (file.parent / "config_of_units.py").write_text(UNITS)
        file.write_text("age = 5\n")

        assert "  `age` is written otherwise\n" in (
            run("migrate", "app.toml", "--schema", "config_of_units:App").stdout
        )


UNITS = """\
import attrs
from meshconf import configuration, edits, step


@configuration(prefix="U_", version=2, steps=[step(2, edits.convert("age", lambda age: age * 12))])
@attrs.frozen
class App:
    age: int = 0
"""


class TestCheck:
    """`--check`: 0 nothing to do, 1 would change, 2 cannot."""

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            (OLD, 1),
            (NEW, 0),
            ("", 1),
            ("config_version = 3\nodd = 1\n", 0),
            ("config_version = 99\n", 2),
            ("timeout_ms = 'x'", 2),
        ],
    )
    def test_code(self, run, file: Path, text: str, code: int):
        """The code says it, and stderr says why it is not 0."""
        file.write_text(text)
        result = run("migrate", "--check")

        assert (code, "") == (result.exit_code, result.stdout)
        assert (code == 0) == ("nothing to do" in result.stderr)
        assert text == file.read_text()

    def test_with_diff(self, run, file: Path):
        """The lines can be shown as well."""
        result = run("migrate", "--check", "--diff")

        assert 1 == result.exit_code
        assert "+timeout = 0.5 # short\n" in result.stdout

    def test_contradiction(self, run, file: Path):
        """To check and to write are two things."""
        assert 2 == run("migrate", "--check", "--write").exit_code


class TestDiff:
    def test_shows_the_lines(self, run, file: Path):
        """The lines that change are shown, and nothing is written."""
        result = run("migrate", "--diff")

        assert (
            "--- app.toml\n"
            "+++ app.toml (version 3)\n"
            "@@ -1,4 +1,5 @@\n"
            "+config_version = 3\n"
            " # Ours.\n"
            "-timeout_ms = 500 # short\n"
            "-db_port = 1\n"
            "+timeout = 0.5 # short\n"
            "+database.port = 1\n"
            " workers = 3\n"
        ) == result.stdout
        assert 0 == result.exit_code
        assert OLD == file.read_text()

    def test_masks_secrets(self, run, file: Path):
        """A secret that moves is not shown."""
        file.write_text("pw = 'hunter2' # was hunter1\n")
        result = run("migrate", "--diff")

        assert "-pw = <secret> #…" in result.stdout
        assert "+database.password = <secret> #…" in result.stdout
        assert "hunter" not in result.output

    def test_masks_what_is_taken_out(self, run, file: Path):
        """Where there are secrets, what becomes a comment may be one."""
        file.write_text("debug = 'p4ss'\n")
        result = run("migrate", "--diff")

        assert "-debug = …\n" in result.stdout
        assert "+#…\n" in result.stdout
        assert "p4ss" not in result.output


class TestWrite:
    def test_writes(self, run, file: Path):
        """The file has the new layout, with its comments; a second time there is nothing to do."""
        result = run("migrate", "--write")

        assert (0, "") == (result.exit_code, result.stdout)
        assert "app.toml: was brought from version 1 to version 3\n" in result.stderr
        assert "  lost: `timeout_ms`: the unit\n" in result.stderr
        assert NEW == file.read_text()
        assert "nothing to do" in run("migrate", "--write").stderr
        assert 0 == run("migrate", "--check").exit_code
        assert 0 == run("check", "--deny-warnings").exit_code

    def test_keeps_the_mode(self, run, file: Path):
        """The mode stays."""
        file.chmod(0o640)
        run("migrate", "--write")

        assert 0o640 == file.stat().st_mode & 0o777

    def test_profiles_too(self, run, file: Path, folder: Path):
        """Where no file is named, those of all profiles are migrated; they keep no old default."""
        file.write_text("timeout_ms = 500\n")
        (folder / "app.production.toml").write_text("db_port = 2\n")
        run("migrate", "--write")

        assert "config_version = 3\ntimeout = 0.5\nworkers = 2\n" == file.read_text()
        assert "config_version = 3\ndatabase.port = 2\n" == (
            (folder / "app.production.toml").read_text()
        )

    def test_a_stack_means_the_same_afterwards(self, run, file: Path, folder: Path):
        """What a file over another does not say, the migrated one does not say either."""
        (folder / "over.toml").write_text("db_port = 2\n")
        before = run("show", "-f", "app.toml", "-f", "over.toml", "--format", "env").stdout
        run("migrate", "--write", "app.toml", "over.toml")

        assert before == run("show", "-f", "app.toml", "-f", "over.toml", "--format", "env").stdout
        assert "APP_WORKERS=3\n" in before

    def test_a_file_that_lies_over_another(self, run, file: Path, folder: Path):
        """A profile's file gets no default of its own, even if it is named alone."""
        (folder / "app.production.toml").write_text("db_port = 2\n")
        run("migrate", "--write", "app.production.toml")

        assert "config_version = 3\ndatabase.port = 2\n" == (
            (folder / "app.production.toml").read_text()
        )

    def test_a_part_of_a_value(self, run, folder: Path):
        """What has no place in the new layout, since the rest stands below, stays as it is."""
        (folder / "joined_config.py").write_text(JOINED)
        base, over = folder / "j.toml", folder / "j.production.toml"
        base.write_text('host = "a"\nport = 1\n')
        over.write_text("port = 2\n")
        result = run("migrate", "--write", "--schema", "joined_config:Joined")
        reason = "it is a part of a value whose other parts stand in another file"
        expected = (
            f"meshconf: {over.name}: the step to version 2 failed at `port`: {reason}; "
            "nothing was changed\n"
        )

        assert (2, "", expected) == (result.exit_code, result.stdout, result.stderr)
        assert 'host = "a"\nport = 1\n' == base.read_text()
        assert "port = 2\n" == over.read_text()

    def test_a_later_file_of_the_project(self, run, file: Path, folder: Path):
        """Nor does a file that pyproject.toml lists after another."""
        project = folder / "pyproject.toml"
        project.write_text(project.read_text() + 'files = ["app.toml", "over.toml"]\n')
        (folder / "over.toml").write_text("db_port = 2\n")
        run("migrate", "--write", "over.toml")

        assert "config_version = 3\ndatabase.port = 2\n" == (folder / "over.toml").read_text()

    def test_the_warning_names_what_it_lies_over(self, run, file: Path, folder: Path):
        """What can be pasted means the same afterwards."""
        (folder / "over.toml").write_text("db_port = 2\n")
        said = run("check", "app.toml", "over.toml").stderr

        assert "mend it by `meshconf migrate --write app.toml`" in said
        assert "mend it by `meshconf migrate --write app.toml over.toml`" in said

    def test_shows_what_it_wrote(self, run, file: Path):
        """The lines can be shown as they are written."""
        result = run("migrate", "--write", "--diff")

        assert "+timeout = 0.5 # short\n" in result.stdout
        assert NEW == file.read_text()

    def test_through_a_link(self, run, file: Path, folder: Path):
        """A link is written through only if that is asked for; it stays a link."""
        link = folder / "link.toml"
        link.symlink_to("app.toml")
        refused = run("migrate", "--write", "link.toml")

        assert (2, OLD) == (refused.exit_code, file.read_text())
        assert "link.toml is a symbolic link, and links are not written through" in refused.stderr
        assert 0 == run("migrate", "--write", "--follow-links", "link.toml").exit_code
        assert (NEW, True) == (file.read_text(), link.is_symlink())

    def test_what_cannot_be_written(self, run, file: Path, folder: Path):
        """If one file cannot be written, none is."""
        (folder / "link.toml").symlink_to("app.toml")
        result = run("migrate", "--write", "app.toml", "link.toml")

        assert (2, OLD) == (result.exit_code, file.read_text())

    def test_read_only_directory(
        self, run, file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """A directory that cannot be written is told, also where root runs the tests."""
        from meshconf.cli import migrate

        write = migrate._write

        def as_nobody(*arguments, **options):
            root = os.geteuid() == 0
            if root:
                os.seteuid(65534)
            try:
                write(*arguments, **options)
            finally:
                if root:
                    os.seteuid(0)

        monkeypatch.setattr(migrate, "_write", as_nobody)
        above = [folder, *list(folder.parents)[:3]]
        modes = [one.stat().st_mode for one in above]
        for one in above:
            one.chmod(0o555)
        result = run("migrate", "--write")
        for one, mode in zip(above, modes, strict=True):
            one.chmod(mode)

        assert 2 == result.exit_code
        assert "app.toml cannot be written: permission denied; nothing was changed" in result.stderr

    def test_changed_meanwhile(self, run, file: Path, monkeypatch: pytest.MonkeyPatch):
        """A file that somebody else changed is left to them."""
        from meshconf.cli import migrate

        planned = migrate._planned

        def slow(*arguments):
            found = planned(*arguments)
            file.write_text("# theirs\n")
            return found

        monkeypatch.setattr(migrate, "_planned", slow)
        result = run("migrate", "--write")

        assert (2, "# theirs\n") == (result.exit_code, file.read_text())
        assert "app.toml has changed since it was read; nothing was changed" in result.stderr


class TestTo:
    """`--to`: which version."""

    def test_number(self, run, file: Path):
        """A file can be brought to any version on the way."""
        run("migrate", "--write", "--to", "2")

        assert (
            "config_version = 2\n# Ours.\ntimeout_ms = 500 # short\ndatabase.port = 1\nworkers = 3\n"
            == file.read_text()
        )

    def test_default_is_what_the_release_before_reads(self, run, file: Path, folder: Path):
        """A version that came with this very release is written only if it is asked for."""
        release(folder, "2.1")
        first = run("migrate")
        run("migrate", "--write")
        second = run("migrate")

        assert "would be brought from version 1 to version 2" in first.stdout
        assert (
            "app.toml: nothing to do, it has version 2\n"
            "  version 3 came with 2.1, and earlier releases cannot read it; --to current brings the "
            "file there\n"
        ) == second.stdout
        run("migrate", "--write", "--to", "current")
        assert NEW == file.read_text()

    def test_the_load_says_how(self, run, file: Path, folder: Path):
        """The warning names the command that mends it."""
        release(folder, "2.1")

        assert "mend it by `meshconf migrate --to current --write app.toml`" in run("check").stderr

    def test_init_says_so(self, run, folder: Path):
        """A first file has the layout of this release, and says who cannot read it."""
        release(folder, "2.1")
        result = run("init")

        assert "config_version = 3\n" in result.stdout
        assert (
            "meshconf: version 3 of the file came with 2.1; earlier releases cannot read it\n"
            == result.stderr
        )

    @pytest.mark.parametrize("wanted", ["0", "4", "x", "-1", "9" * 50, "²"])
    def test_no_version(self, run, file: Path, wanted: str):
        """What is no version of the schema is wrong usage."""
        result = run("migrate", "--to", wanted)

        assert 2 == result.exit_code
        assert f"--to {wanted}: App has the versions 1 to 3" in result.stderr

    def test_never_back(self, run, file: Path):
        """A file of a later version stays as it is."""
        file.write_text(NEW)

        assert "nothing to do, it has version 3" in run("migrate", "--to", "2").stdout


class TestStandardInput:
    def test_is_a_filter(self, run):
        """What `-` becomes is printed, and the rest stands on stderr."""
        result = run("migrate", "-", stdin=OLD)

        assert (0, NEW) == (result.exit_code, result.stdout)
        assert "<stdin>: would be brought" in result.stderr

    def test_checked(self, run):
        """A check prints no document."""
        result = run("migrate", "--check", "-", stdin=OLD)

        assert (1, "") == (result.exit_code, result.stdout)

    def test_named(self, run):
        """Reports call it as they are told."""
        result = run("migrate", "-", "--stdin-filename", "x.toml", stdin="config_version = 9")

        assert "x.toml has config_version 9" in result.stderr

    @pytest.mark.parametrize("arguments", [("--write", "-"), ("-", "app.toml"), ("-", "-")])
    def test_alone(self, run, file: Path, arguments: tuple[str, ...]):
        """It is no file, and stands alone."""
        assert 2 == run("migrate", *arguments).exit_code


class TestCannot:
    """What cannot be migrated ends with 2 and a plain message, and nothing is written."""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("config_version = 99\n", "MC501"),
            ("config_version = '2'\n", "`config_version` must be an integer from 1 to 3"),
            ("timeout_ms = 'x'\n", "the step to version 3 failed at `timeout_ms`"),
            ("timeout_ms = 100_000\n", "`timeout` must be at most 60"),
            ("timeout_ms = 1\ntimeout = 2\n", "both are set, to different values"),
            ("timeout_ms = \n", "MC001"),
            ("timeoutms = 1\n", "unknown key `timeoutms`"),
        ],
    )
    def test_is_told(self, run, file: Path, text: str, said: str):
        """The report says what is in the way, and where."""
        file.write_text(text)
        result = run("migrate", "--write")

        assert (2, "") == (result.exit_code, result.stdout)
        assert said in result.stderr
        assert text == file.read_text()

    def test_none_of_several(self, run, file: Path, folder: Path):
        """If one of several cannot be migrated, none is."""
        (folder / "bad.toml").write_text("config_version = 99\n")

        assert 2 == run("migrate", "--write", "app.toml", "bad.toml").exit_code
        assert OLD == file.read_text()

    def test_what_only_the_stack_can_say(self, run, folder: Path):
        """What a file lacks may stand in another; it is migrated all the same."""
        (folder / "mesh.toml").write_text("retry_base_delay = 50\n")
        result = run("migrate", "--write", "--schema", "meshconf:ServiceMeshConfig", "mesh.toml")

        assert 0 == result.exit_code
        assert "config_version = 2\nretry.base_delay = 50\n" == (folder / "mesh.toml").read_text()

    def test_for_programs(self, run, file: Path):
        """Problems have the formats that they have elsewhere."""
        file.write_text("config_version = 99\n")
        result = run("migrate", "--output-format", "json")

        assert ["MC501"] == [one["code"] for one in json.loads(result.stdout)["problems"]]

    @pytest.mark.parametrize("arguments", [(), ("no.toml",), ("consul://kv/app",)])
    def test_no_file(self, run, arguments: tuple[str, ...]):
        """What is not there, or no file, is told."""
        result = run("migrate", *arguments)

        assert (2, "") == (result.exit_code, result.stdout)
        assert result.stderr

    def test_a_schema_without_files(self, run, app: Path):
        """Nothing says which file is meant."""
        result = run("migrate")

        assert 2 == result.exit_code
        assert "there is no file to migrate: name one" in result.stderr

    def test_what_cannot_be_proven(self, run, file: Path, monkeypatch: pytest.MonkeyPatch):
        """A text that does not prove to say the same is not written."""
        from meshconf.evolution import texts

        monkeypatch.setattr(texts, "splices_for", lambda *_: [])
        result = run("migrate", "--write")

        assert (2, OLD) == (result.exit_code, file.read_text())
        assert (
            "meshconf: app.toml: the layout of the file is none that can be migrated with proof; "
            "nothing was changed\n"
        ) == result.stderr


class TestWithoutHistory:
    def test_nothing_to_do(self, run, app: Path, folder: Path):
        """A schema of one version has nothing to migrate."""
        (folder / "x.toml").write_text("name = 'a'\n")

        assert "x.toml: nothing to do, it has version 1\n" == run("migrate", "x.toml").stdout


class TestShow:
    def test_tells_its_version(self, run, file: Path, folder: Path):
        """What show prints is a file of the current version, and loads to the same."""
        shown = run("show").stdout
        (folder / "shown.toml").write_text(shown)

        assert shown.startswith("config_version = 3\n")
        assert [] == [
            line
            for line in run("show", "-f", "shown.toml", "--format", "env").stdout.splitlines()
            if line not in run("show", "--format", "env").stdout.splitlines()
        ]


class TestExplain:
    def test_history(self, run, file: Path):
        """A setting tells where files of earlier versions had it."""
        assert "  history    timeout_ms up to version 2\n" in run("explain", "timeout").stdout

    def test_by_its_old_path(self, run, file: Path):
        """It can be asked for by that too."""
        assert run("explain", "timeout_ms").stdout.startswith("timeout = 0.5 s\n")

    def test_a_default_that_is_kept(self, run, file: Path):
        """A value that the file does not say is told to be the default of its version."""
        file.write_text("timeout_ms = 5\n")

        assert "from       app.toml, which keeps the default of its version\n" in (
            run("explain", "workers").stdout
        )

    def test_what_is_gone(self, run, file: Path):
        """What is no setting any more says so, and so does its variable."""
        said = "has no effect since 2.1 (use the logger)\n"

        assert (0, f"debug {said}") == (
            run("explain", "debug").exit_code,
            run("explain", "debug").stdout,
        )
        assert f"APP_DEBUG {said}" == run("explain", "APP_DEBUG").stdout
        assert (
            "APP_TIMEOUT_MS is no longer read (`timeout_ms`, which it set, has another form since "
            "2.1); use timeout\n"
        ) == run("explain", "APP_TIMEOUT_MS").stdout

    def test_by_an_old_variable(self, run, file: Path):
        """And by the variable of then."""
        assert run("explain", "APP_DB_PORT").stdout.startswith("database.port = 1\n")

    @pytest.mark.parametrize("code", ["MC502", "MC503"])
    def test_codes(self, run, code: str):
        """The codes of migrations are explained."""
        assert run("explain", code).stdout.startswith(f"{code}: ")


class TestMap:
    """Entries of maps have their names between what was and what is."""

    def test_docs(self, run, folder: Path):
        """The table has the variable of then, and the path."""
        (folder / "config_of_map.py").write_text(MAPPED)
        said = run("docs", "--schema", "config_of_map:App").stdout

        assert (
            "Old names: `M_SERVICES__<NAME>__ATTEMPTS`, `M_SERVICES__<NAME>__TRIES`. "
            "Up to version 1: `services.<name>.tries`."
        ) in said
        assert "Up to version 2: `services`." in said

    @pytest.mark.parametrize("key", ["services.a.tries", "services.a.attempts"])
    def test_explain(self, run, folder: Path, key: str):
        """What was below a map is found by its old path."""
        (folder / "config_of_map.py").write_text(MAPPED)
        (folder / "m.toml").write_text("[services.a]\ntries = 5\n")
        result = run("explain", key, "--schema", "config_of_map:App", "-f", "m.toml")

        assert result.stdout.startswith("upstreams.a.attempts = 5\n")
        assert "  from" in result.stdout
        assert "m.toml:2:9" in result.stdout


MAPPED = """\
import attrs
from meshconf import configuration, edits, step


@attrs.frozen(kw_only=True)
class Upstream:
    attempts: int = 3


@configuration(
    prefix="M_",
    version=3,
    steps=[step(2, edits.rename("services.*.tries", "attempts")), step(3, edits.rename("services", "upstreams"))],
)
@attrs.frozen(kw_only=True)
class App:
    upstreams: dict[str, Upstream] = attrs.Factory(dict)
"""


class TestDocs:
    def test_table(self, run):
        """The table of settings has old paths and old variables."""
        said = run("docs").stdout

        assert "Old names: `APP_DB_PORT`. Up to version 1: `db_port`." in said
        assert "Up to version 2: `timeout_ms`." in said
        assert "APP_TIMEOUT_MS" not in said
