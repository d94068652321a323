"""Tests for `meshconf diff`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2"  # what must appear nowhere


@pytest.fixture(autouse=True)
def files(folder: Path, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write two files that differ; no repository is around them."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    (folder / "old.toml").write_text('name = "x"\n')
    (folder / "new.toml").write_text(f'name = "x"\nport = 81\ntoken = "{SECRET}"\n')


class TestFiles:
    def test_different(self, run):
        """What differs is told setting by setting, and ends with 1; secrets are masked."""
        result = run("diff", "old.toml", "new.toml")
        expected = "port 80 → 81  new.toml:2:8\ntoken not set → <secret>  new.toml:3:9\n"

        assert (1, expected, "") == (result.exit_code, result.stdout, result.stderr)

    def test_equal(self, run, folder: Path):
        """Files that say the same otherwise do not differ."""
        (folder / "new.toml").write_text('port = 80 # the default\nname = "x"\n')

        result = run("diff", "old.toml", "new.toml")

        assert (0, "", "no setting differs\n") == (result.exit_code, result.stdout, result.stderr)

    def test_variables_are_not_read(self, run):
        """A variable cannot hide a change."""
        result = run("diff", "old.toml", "new.toml", APP_PORT="1", APP_TOKEN=SECRET)

        assert result.stdout.startswith("port 80 → 81 ")

    def test_standard_input(self, run):
        """One side may be standard input."""
        result = run("diff", "old.toml", "-", stdin='name = "y"\n')

        assert 'name "x" → "y"  <stdin>:1:8\n' == result.stdout

    def test_required_setting_missing(self, run, folder: Path):
        """A setting that a deployment may give is nothing that stands in the way."""
        (folder / "new.toml").write_text("port = 81\n")

        result = run("diff", "old.toml", "new.toml")

        assert (1, "") == (result.exit_code, result.stderr)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("port = 0\n", "new.toml:1:8: error[MC202]"),
            (None, "new.toml: error[MC401]: new.toml does not exist"),
        ],
    )
    def test_broken_side(self, run, folder: Path, content: str | None, said: str):
        """A side that cannot be read is reported instead, and nothing is compared."""
        (folder / "new.toml").unlink()
        if content is not None:
            (folder / "new.toml").write_text(content)

        result = run("diff", "old.toml", "new.toml", "--output-format", "concise")

        assert (2, "") == (result.exit_code, result.stdout)
        assert said in result.stderr

    def test_standard_input_twice(self, run):
        """Both sides cannot come from standard input."""
        result = run("diff", "-", "-", stdin="")

        assert 2 == result.exit_code
        assert "standard input can be read only once" in result.stderr

    def test_name_of_any_length(self, run):
        """A name that is too long for a file is no reason to break."""
        result = run("diff", "x" * 5000, "new.toml")

        assert 2 == result.exit_code
        assert "MC402" in result.stderr

    def test_one_argument(self, run):
        """Two sides are wanted."""
        result = run("diff", "old.toml")

        assert 2 == result.exit_code
        assert "Missing argument 'NEW'" in result.stderr


class TestFormat:
    def test_markdown(self, run):
        """The form for pull requests is a table."""
        result = run("diff", "old.toml", "new.toml", "--format", "markdown")

        assert 1 == result.exit_code
        assert result.stdout.startswith("**Configuration: `old.toml` → `new.toml`**\n\n| Setting |")
        assert SECRET not in result.stdout

    def test_json(self, run):
        """The JSON form holds what differs as data."""
        result = run("diff", "old.toml", "new.toml", "--format", "json")
        found = json.loads(result.stdout)["differences"]

        assert 1 == result.exit_code
        assert [("port", 80, 81), ("token", None, "<secret>")] == [
            (one["path"], one["old"], one["new"]) for one in found
        ]

    @pytest.mark.parametrize(
        ("format", "said"), [("markdown", "No setting differs."), ("json", '"differences": []')]
    )
    def test_equal(self, run, format: str, said: str):
        """Where nothing differs the document says so, and the exit code is 0."""
        result = run("diff", "old.toml", "old.toml", "--format", format)

        assert (0, "") == (result.exit_code, result.stderr)
        assert said in result.stdout


class TestRevision:
    def test_different(self, run, commit):
        """A file of a revision is compared with that of the working tree."""
        commit("app.toml", 'name = "x"\n')

        result = run("diff", "HEAD:app.toml", "new.toml")

        assert (1, "") == (result.exit_code, result.stderr)
        assert result.stdout.startswith("port 80 → 81  new.toml:2:8\n")

    def test_two(self, run, commit):
        """Two revisions are compared."""
        commit("app.toml", 'name = "x"\n')
        commit("app.toml", 'name = "y"\n')

        result = run("diff", "HEAD~1:app.toml", "HEAD:app.toml")

        assert 'name "x" → "y"  HEAD:app.toml:1:8\n' == result.stdout

    def test_with_profile(self, run, commit):
        """--profile reads the file of the profile beside both, of the revision for a revision."""
        commit("app.toml", 'name = "x"\n')
        commit("app.p.toml", "port = 1\n")

        result = run("diff", "HEAD:app.toml", "HEAD:app.toml", "--profile", "p")

        assert (0, "no setting differs\n") == (result.exit_code, result.stderr)

    def test_staged(self, run, folder: Path, commit):
        """Without a name, a revision is what is staged."""
        commit("app.toml", 'name = "x"\n')
        (folder / "app.toml").write_text('name = "y"\n')

        result = run("diff", ":app.toml", "app.toml")

        assert 'name "x" → "y"  app.toml:1:8\n' == result.stdout

    def test_colon_within_a_name(self, run, commit):
        """A revision may be named by a message with a colon in it."""
        commit("app.toml", 'name = "x"\n')

        result = run("diff", "HEAD^{/add: nothing}:app.toml", "new.toml")

        assert "HEAD^{/add: nothing}:app.toml is not there" in result.stderr

    @pytest.mark.parametrize(
        ("side", "said"),
        [
            ("nowhere:app.toml", "nowhere:app.toml is not there: "),
            ("HEAD:none.toml", "HEAD:none.toml is not there: path 'none.toml' does not exist"),
            ("-x:app.toml", "-x:app.toml names no revision of Git"),
        ],
    )
    def test_missing(self, run, commit, side: str, said: str):
        """A revision or a file that there is not is reported with what Git says."""
        commit("app.toml", 'name = "x"\n')

        result = run("diff", "--output-format", "concise", "--", side, "new.toml")

        assert (2, "") == (result.exit_code, result.stdout)
        assert said in result.stderr

    def test_no_repository(self, run):
        """Outside of a repository Git is quoted."""
        result = run("diff", "HEAD:old.toml", "new.toml")

        assert (2, "") == (result.exit_code, result.stdout)
        assert "HEAD:old.toml is not there: not a git repository" in result.stderr

    @pytest.mark.skipif(os.name == "nt", reason="no such file name")
    def test_file_with_a_colon(self, run, folder: Path):
        """A file that exists is a file, whatever its name looks like."""
        (folder / "HEAD:old.toml").write_text('name = "y"\n')

        result = run("diff", "old.toml", "HEAD:old.toml")

        assert 'name "x" → "y"  HEAD:old.toml:1:8\n' == result.stdout


class TestProfile:
    @pytest.fixture(autouse=True)
    def mesh(self, folder: Path, app: Path) -> None:
        """Write files of the mesh, whose schema names its file."""
        app.unlink()
        (folder / "mesh.toml").write_text('service_name = "orders"\n')
        (folder / "mesh.production.toml").write_text("[retry]\nmax_attempts = 5\n")
        (folder / "mesh.staging.toml").write_text("[retry]\nmax_attempts = 4\n")

    def test_file_and_profile(self, run):
        """The name of a profile stands for the usual file with that of the profile."""
        result = run("diff", "mesh.toml", "production")

        assert "retry.max_attempts 3 → 5  mesh.production.toml:2:16\n" == result.stdout

    def test_two(self, run):
        """Two profiles are compared."""
        result = run("diff", "staging", "production")

        assert "retry.max_attempts 4 → 5  mesh.production.toml:2:16\n" == result.stdout

    def test_missing(self, run):
        """A profile without a file is reported by the name of the file."""
        result = run("diff", "mesh.toml", "prodution")

        assert 2 == result.exit_code
        assert "mesh.prodution.toml does not exist" in result.stderr
        assert "note: there is no file prodution, so it is taken for a profile\n" in result.stderr

    def test_name_that_is_none(self, run):
        """What cannot be the name of a profile is wrong usage."""
        result = run("diff", "mesh.toml", "mesh.toml", "--profile", "../x")

        assert 2 == result.exit_code
        assert "../x is no name of a profile" in result.stderr

    def test_standard_input_is_no_profile(self, run):
        """`-` is standard input beside the usual file too."""
        result = run("diff", "-", "mesh.toml", stdin='service_name = "x"\n')

        assert result.stdout.startswith('service_name "x" → ')

    def test_no_usual_file(self, run):
        """A word is a file where the schema names none."""
        result = run(
            "diff", "mesh.toml", "production", "--schema", "config_of_app:App", "--prefix", "APP_"
        )

        assert 2 == result.exit_code
        assert "mesh.toml:1:1" in result.stderr

    def test_option(self, run, folder: Path):
        """--profile adds the file of the profile to both sides."""
        (folder / "old.toml").write_text('service_name = "orders"\n[retry]\nmax_attempts = 2\n')
        (folder / "old.production.toml").write_text("[retry]\nmax_attempts = 5\n")

        result = run("diff", "old.toml", "mesh.toml", "--profile", "production")

        assert (0, "no setting differs\n") == (result.exit_code, result.stderr)
