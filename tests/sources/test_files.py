"""Reading files so that no change tears what is read."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from meshconf.sources import files
from meshconf.sources.files import AS_FOUND, PinnedFiles
from meshconf.sources.reading import Refused

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
        monkeypatch.setattr(files, "_CAN_PIN", can_pin)
        (tmp_path / "a").write_text("one")
        with closing(PinnedFiles(str(tmp_path))) as pinned:
            pinned.text("a", 100)
            names = pinned.names(".")
            with pytest.raises(Refused):
                pinned.text("none", 100)
        kept = {one.name: one.content for one in pinned.inputs.values()}

        assert {"a"} == names == AS_FOUND.names(tmp_path)
        assert {"a": "one", ".": "a", "none": None} == kept
