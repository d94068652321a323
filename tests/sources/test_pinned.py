"""Reading files so that no change tears what is read."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from meshconf.sources.files import AS_FOUND
from meshconf.sources.pinned import PinnedFiles, stamp_of
from meshconf.sources.reading import Refused, read_text
from tests.live.conftest import swap

if TYPE_CHECKING:
    from pathlib import Path


class TestPinnedFiles:
    """All files of one directory as they were at one time."""

    def test_survive_a_swap(self, tmp_path: Path):
        """What a directory held when it was first read is still read when a link leads elsewhere."""
        for name in ("old", "new"):
            (tmp_path / name).mkdir()
            for file in ("a", "b"):
                (tmp_path / name / file).write_text(name)
        (tmp_path / "link").symlink_to("old")
        with closing(PinnedFiles(str(tmp_path))) as pinned:
            first = pinned.text("link/a", 100)[0]
            (tmp_path / "link").unlink()
            (tmp_path / "link").symlink_to("new")
            second, is_settled = pinned.text("link/b", 100)[0], pinned.is_settled()

        assert ("old", "old") == (first, second)
        assert not is_settled

    def test_directory_that_is_gone(self, tmp_path: Path):
        """A directory that is removed meanwhile is not where it was."""
        (tmp_path / "conf").mkdir()
        (tmp_path / "conf" / "a").write_text("one")
        with closing(PinnedFiles(str(tmp_path))) as pinned:
            pinned.text("conf/a", 100)
            before = pinned.is_settled()
            (tmp_path / "conf" / "a").unlink()
            (tmp_path / "conf").rmdir()

            assert (True, False) == (before, pinned.is_settled())

    def test_file_beside_those_that_are_swapped(self, tmp_path: Path):
        """A plain file in a volume that is swapped is read as well."""
        (tmp_path / "..1").mkdir()
        (tmp_path / "..data").symlink_to("..1")
        (tmp_path / "plain").write_text("plain")
        with closing(PinnedFiles(str(tmp_path))) as pinned:
            assert "plain" == pinned.text("plain", 100)[0]

    @pytest.mark.parametrize("can_pin", [True, False])
    def test_keep_what_was_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, can_pin: bool
    ):
        """Files, directories and what is missing are kept; also where nothing can be pinned."""
        monkeypatch.setattr("meshconf.sources.pinned._CAN_PIN", can_pin)
        (tmp_path / "a").write_text("one")
        with closing(PinnedFiles(str(tmp_path))) as pinned:
            pinned.text("a", 100)
            names = pinned.names(".")
            with pytest.raises(Refused):
                pinned.text("none", 100)
        kept = {one.name: one.content for one in pinned.inputs.values()}

        assert {"a"} == names == AS_FOUND.names(tmp_path)
        assert {"a": "one", ".": "a", "none": None} == kept

    def test_stamp_is_of_before_the_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """What changes a file while it is read, or just after, is seen by the stamp that is kept."""
        monkeypatch.setattr("meshconf.sources.pinned.CLOCK_TICK", 0)

        def read(*arguments: Any) -> tuple[str, int]:
            found = read_text(*arguments)
            (tmp_path / "a").write_text("another")
            return found

        monkeypatch.setattr("meshconf.sources.pinned.read_text", read)
        (tmp_path / "a").write_text("one")
        with closing(PinnedFiles(str(tmp_path))) as pinned:
            pinned.text("a", 100)
        [kept] = pinned.inputs.values()

        assert "one" == kept.content
        assert kept.stamp != stamp_of(str(tmp_path / "a"))

    @pytest.mark.parametrize(("tick", "is_met_again"), [(0, True), (60 * 10**9, False)])
    def test_file_that_changed_just_now(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tick: int, *, is_met_again: bool
    ):
        """A file that changed within the tick of the clock is looked at again, since it may once more."""
        monkeypatch.setattr("meshconf.sources.pinned.CLOCK_TICK", tick)
        (tmp_path / "a").write_text("one")
        with closing(PinnedFiles(str(tmp_path))) as pinned:
            pinned.text("a", 100)
            pinned.names(".")
        kept = {path: one.stamp for path, one in pinned.inputs.items()}

        assert all((stamp == stamp_of(path)) is is_met_again for path, stamp in kept.items())

    def test_list_of_a_volume(self, tmp_path: Path):
        """The files of a volume are those of the version that is read, and nothing of how it is swapped."""
        swap(tmp_path, {"a": "one"}, 1)
        with closing(PinnedFiles(str(tmp_path))) as pinned:
            assert {"a"} == pinned.names(".")

    def test_volume_that_is_swapped(self, tmp_path: Path):
        """What a volume held when it was first read is still read when `..data` leads elsewhere."""
        for name in ("..1", "..2"):
            (tmp_path / name).mkdir()
            for file in ("a", "b"):
                (tmp_path / name / file).write_text(name)
        (tmp_path / "..data").symlink_to("..1")
        for file in ("a", "b"):
            (tmp_path / file).symlink_to(f"..data/{file}")
        with closing(PinnedFiles(str(tmp_path))) as pinned:
            first, was_settled = pinned.text("a", 100)[0], pinned.is_settled()
            (tmp_path / "..data").unlink()
            (tmp_path / "..data").symlink_to("..2")
            second, is_settled = pinned.text("b", 100)[0], pinned.is_settled()

        assert ("..1", "..1") == (first, second)
        assert (True, False) == (was_settled, is_settled)
