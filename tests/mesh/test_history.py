"""Tests for `meshconf.mesh.history`: files of every version of mesh.toml that there ever was."""

from __future__ import annotations

import hashlib
import re
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomli

import meshconf
from meshconf import ServiceMeshConfig
from meshconf.diagnostics.spans import index_toml
from meshconf.evolution.documents import migrate
from meshconf.evolution.proof import Unproven
from meshconf.evolution.rewriting import splices_for
from meshconf.evolution.splices import Splice
from meshconf.evolution.texts import proven
from meshconf.mesh.history import STEPS
from meshconf.schema.configuration import configuration_of
from tests.evolution.migrating import migrate_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf import Snapshot

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.glob("version_*/*.toml"))
OLD = [file for file in FILES if file.parent.name == "version_1"]
LAID_OUT = CORPUS / "version_1" / "laid_out.toml"


def name_of(file: Path) -> str:
    """Name a file of the corpus for a test."""
    return file.relative_to(CORPUS).as_posix()


def text_of(file: Path) -> str:
    """Read a file with the ends of its lines."""
    return file.read_bytes().decode()


def read(file: Path) -> Snapshot[ServiceMeshConfig]:
    """Load one file alone."""
    return meshconf.read(file, prefix=None)


def migrated(text: str) -> str:
    """Migrate a text to the current version."""
    return migrate_text(text, 2, STEPS)


class TestCorpus:
    """The corpus is never edited, only added to."""

    def test_stays(self):
        """Each file is what it was when it was added."""
        lines = (CORPUS / "SHA256SUMS").read_text().splitlines()
        known = {name: digest for digest, name in (line.split("  ") for line in lines)}
        found = {name_of(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in FILES}

        assert known == found

    def test_has_each_version(self):
        """There is a file of each version."""
        current = len(STEPS) + 1
        versions = {int(file.parent.name.removeprefix("version_")) for file in FILES}

        assert set(range(1, current + 1)) == versions

    @pytest.mark.parametrize("file", FILES, ids=name_of)
    def test_loads(self, file: Path):
        """A file of any version is sound in the layout of the current one."""
        assert isinstance(read(file).config, ServiceMeshConfig)

    @pytest.mark.parametrize("file", OLD, ids=name_of)
    def test_loads_the_same_when_migrated(self, file: Path, tmp_path: Path):
        """What a file says is the same before and after."""
        new = tmp_path / "mesh.toml"
        new.write_bytes(migrated(text_of(file)).encode())

        assert read(file).config == read(new).config
        assert not any(warning.code == "MC502" for warning in read(new).warnings)

    @pytest.mark.parametrize("file", FILES, ids=name_of)
    def test_migrates_once(self, file: Path):
        """A file of the current version stays as it is."""
        once = migrated(text_of(file))

        assert once == migrated(once)
        assert 2 == tomli.loads(once)["config_version"]

    @pytest.mark.parametrize("file", FILES, ids=name_of)
    def test_is_not_written_by_a_load(self, file: Path):
        """A load leaves the bytes alone."""
        before = file.read_bytes()
        read(file)

        assert before == file.read_bytes()

    @pytest.mark.parametrize("by", [-1, 1])
    @pytest.mark.parametrize("file", OLD, ids=name_of)
    def test_a_splice_that_is_off_by_one_is_caught(self, file: Path, by: int):
        """Whichever change of the text is moved by a character, the proof refuses the result."""
        text = text_of(file)
        found = migrate(tomli.loads(text), 2, STEPS)
        splices = splices_for(text, 2, found)
        for number, (start, end, replacement) in enumerate(splices):
            moved = [*splices]
            moved[number] = Splice(start + by, end + by, replacement)
            with pytest.raises(Unproven):
                proven(text, moved, 2, found)

    def test_says_what_each_old_key_is_now(self):
        """The flat layout of version 1 gives the values of version 2."""
        config = read(CORPUS / "version_1" / "flat.toml").config
        expected = read(CORPUS / "version_2" / "nested.toml").config

        assert expected == config

    def test_keeps_what_is_false(self):
        """Empty, false and zero stay what they are."""
        config = read(CORPUS / "version_1" / "falsy.toml").config
        found = (
            config.consul.datacenter,
            config.metrics.enabled,
            config.tracing.enabled,
            config.load_balancer.max_retries,
        )

        assert ("", False, False, 0) == found


def changed_lines(old: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str]]:
    """List the lines that are only in one of two texts."""
    removed: list[str] = []
    added: list[str] = []
    for sort, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if sort != "equal":
            removed += old[a:b]
            added += new[c:d]
    return removed, added


class TestLaidOut:
    """A file of a hundred lines as people write them: comments, blanks, inline tables, CRLF."""

    OLD_KEY = re.compile(
        r"\s*(consul_(host|port|dc)|retry_\w+|(metrics|tracing)_enabled|health_check_interval)\b"
    )

    def test_is_what_it_is_said_to_be(self):
        """It has what makes a file hard to rewrite."""
        text = text_of(LAID_OUT)

        assert 100 <= text.count("\r\n") == text.count("\n")
        assert all(
            one in text for one in ("\t#", "   =   ", "= {", "billing.", '"""', "# no blanks")
        )

    def test_only_lines_of_moved_keys_change(self):
        """Every other byte stays; the version is one more line."""
        old = text_of(LAID_OUT).splitlines(keepends=True)
        removed, added = changed_lines(old, migrated("".join(old)).splitlines(keepends=True))
        moved = [line for line in old if self.OLD_KEY.match(line)]

        assert moved == removed
        assert "config_version = 2\r\n" == added[0]
        assert len(moved) == len(added) - 1 == 9

    def test_a_line_changes_in_its_key_alone(self):
        """Indent, blanks, the way to write the value, and the comment behind it stay."""
        lines = migrated(text_of(LAID_OUT)).splitlines()

        assert '  consul.datacenter   = """eu-west-1"""         # three quotes, as somebody' in (
            line.partition(" liked")[0] for line in lines
        )
        assert "tracing.enabled=false# no blanks at all" in lines

    def test_every_comment_is_kept(self):
        """All comments are there, in their order."""
        old = text_of(LAID_OUT)
        new = migrated(old)
        before, after = (
            [text[start:end] for start, end in index_toml(text).comments] for text in (old, new)
        )

        assert before == after

    def test_one_warning_lists_all(self):
        """The load tells all old keys and the command that mends them, once."""
        warnings = [one for one in read(LAID_OUT).warnings if one.code == "MC502"]
        (warning,) = warnings

        assert "`consul_dc` is deprecated since version 2; use `consul.datacenter`" in warning.notes
        assert 9 == len(warning.notes)
        assert f"mend it by `meshconf migrate --write {LAID_OUT}`" == warning.help


class TestVariables:
    """The names of variables did not change with the layout."""

    @pytest.mark.parametrize(
        ("name", "text", "path", "value"),
        [
            ("MESH_CONSUL_HOST", "c", "consul.host", "c"),
            ("MESH_CONSUL_PORT", "81", "consul.port", 81),
            ("MESH_CONSUL_DC", "eu", "consul.datacenter", "eu"),
            ("MESH_RETRY_MAX_ATTEMPTS", "2", "retry.max_attempts", 2),
            ("MESH_RETRY_BASE_DELAY", "0.5", "retry.base_delay", 0.5),
            ("MESH_RETRY_MAX_DELAY", "9", "retry.max_delay", 9.0),
            ("MESH_METRICS_ENABLED", "no", "metrics.enabled", False),
            ("MESH_TRACING_ENABLED", "no", "tracing.enabled", False),
            (
                "MESH_LOAD_BALANCER_HEALTH_CHECK_INTERVAL",
                "20",
                "load_balancer.health_check.interval",
                20.0,
            ),
        ],
    )
    def test_old_ones_are_read(self, name: str, text: str, path: str, value: Any, tmp_path: Path):
        """What a variable of version 1 set, it sets still, over a file of version 1."""
        file = tmp_path / "mesh.toml"
        file.write_bytes((CORPUS / "version_1" / "flat.toml").read_bytes())
        found: Any = meshconf.load(file, environ={name: text})
        for part in path.split("."):
            found = getattr(found, part)

        assert value == found


def test_history_is_that_of_the_schema():
    """The steps are those of the class."""
    facts = configuration_of(ServiceMeshConfig)

    assert (STEPS, 2) == (facts.steps, facts.version)
