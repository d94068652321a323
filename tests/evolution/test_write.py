"""Tests for `meshconf.evolution.write`."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import meshconf
from meshconf.evolution.write import NotWritten, check_replaceable, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD, NEW = "a = 1\n", "# é\r\na = 2\n"

#: Replaces a file again and again, killed one line of the module later each time.
KILLED = """
import itertools, os, pathlib, signal, sys
from meshconf.evolution import write

path = pathlib.Path(sys.argv[1])
texts = {name: f"{name} = 1\\n" * 50_000 for name in ("old", "new")}

def dies_after(lines):
    def trace(frame, event, _):
        nonlocal lines
        if frame.f_code.co_filename != write.__file__:
            return None
        lines -= event == "line"
        if lines < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

for lines in itertools.count():
    path.write_text(texts["old"], newline="")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)
    before = os.stat(path)
    child = os.fork()
    if not child:
        sys.settrace(dies_after(lines))
        write.write_atomically(path, texts["new"], expected=texts["old"])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    found = path.read_text()
    after = os.stat(path)
    kept = [getattr(before, name) == getattr(after, name) for name in ("st_mode", "st_uid", "st_gid")]
    name = next((name for name, text in texts.items() if text == found), "neither")
    print(name if all(kept) else "another mode or owner")
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Make a file to replace."""
    path = tmp_path / "app.toml"
    path.write_text(OLD)
    return path


def refusal(path: Path | str, expected: str = OLD) -> str:
    """Try to replace a file; return why it was not."""
    with pytest.raises(NotWritten) as caught:
        write_atomically(path, NEW, expected=expected)
    return str(caught.value)


class TestWriting:
    def test_replaces_the_text_as_it_is(self, file: Path):
        """The file holds the very bytes, and no other file is left behind."""
        write_atomically(file, NEW, expected=OLD)

        assert NEW.encode() == file.read_bytes()
        assert [file] == list(file.parent.iterdir())

    def test_is_on_the_disk(self, file: Path, monkeypatch: pytest.MonkeyPatch):
        """The text is flushed to the disk, and then the directory that names it: here, the own."""
        flushed: list[bool] = []
        fsync = os.fsync

        def noted(descriptor: int) -> None:
            flushed.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
            fsync(descriptor)

        monkeypatch.chdir(file.parent)
        monkeypatch.setattr(os, "fsync", noted)
        write_atomically("app.toml", NEW, expected=OLD)

        assert [False, True] == flushed
        assert NEW.encode() == file.read_bytes()

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o646, 0o755])
    def test_keeps_the_mode(self, mode: int, file: Path):
        """Who may read and write the file stays the same."""
        file.chmod(mode)
        write_atomically(file, NEW, expected=OLD)

        assert mode == stat.S_IMODE(file.stat().st_mode)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_keeps_the_owner(self, file: Path):
        """A file of another user stays theirs, with its mode."""
        os.chown(file, 12345, 23456)
        file.chmod(0o2751)
        write_atomically(file, NEW, expected=OLD)
        found = file.stat()

        assert (12345, 23456, 0o2751) == (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode))

    def test_killed_between_the_steps(self, tmp_path: Path):
        """A program that is killed, wherever it stands, leaves the old file or the new one."""
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path / "app.toml")],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(meshconf.__file__).parents[1])},
        )
        states = ended.stdout.split()

        assert (0, {"old", "new"}, "") == (ended.returncode, set(states), ended.stderr)
        assert sorted(states, reverse=True) == states


class TestRefusals:
    def test_changed_since_it_was_read(self, file: Path):
        """What another program wrote meanwhile is not lost."""
        file.write_text(OLD + "b = 2\n")

        assert f"{file} has changed since it was read; nothing was changed" == refusal(file)
        assert OLD + "b = 2\n" == file.read_text()

    def test_changed_at_the_last_moment(self, file: Path, monkeypatch: pytest.MonkeyPatch):
        """Nor is what it wrote while the new file was made, and that is taken away again."""
        fsync = os.fsync

        def another_program_writes(descriptor: int) -> None:
            file.write_text("b = 2\n")
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", another_program_writes)

        assert f"{file} has changed since it was read; nothing was changed" == refusal(file)
        assert [("app.toml", "b = 2\n")] == [
            (path.name, path.read_text()) for path in file.parent.iterdir()
        ]

    def test_symbolic_link(self, file: Path):
        """A link is not followed, even to a file that could be written."""
        link = file.with_name("link.toml")
        link.symlink_to(file)
        said = "is a symbolic link, and links are not written through; nothing was changed"

        assert f"{link} {said}" == refusal(link)
        assert (True, OLD) == (link.is_symlink(), file.read_text())

    def test_becomes_a_symbolic_link(self, file: Path, monkeypatch: pytest.MonkeyPatch):
        """A file that is swapped for a link in between is not followed either."""
        link = file.with_name("link.toml")
        link.symlink_to(file)
        monkeypatch.setattr(os.path, "islink", lambda _: False)
        said = refusal(link)

        assert said.startswith(f"{link} cannot be written: ")
        assert (True, OLD) == (link.is_symlink(), file.read_text())

    def test_no_regular_file(self, tmp_path: Path):
        """Directories and FIFOs are refused, and none is waited for."""
        os.mkfifo(tmp_path / "fifo")
        said = "is not a regular file; nothing was changed"

        assert f"{tmp_path} {said}" == refusal(tmp_path)
        assert f"{tmp_path / 'fifo'} {said}" == refusal(tmp_path / "fifo")

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("none/app.toml", "no such file or directory"),
            ("a\0b.toml", "not a path"),
        ],
    )
    def test_what_the_system_refuses(self, name: str, reason: str, tmp_path: Path):
        """The words of the system stand in one sentence, and no name can steer the terminal."""
        said = refusal(f"{tmp_path}/{name}")
        shown = name.replace("\0", "\\x00")

        assert f"{tmp_path}/{shown} cannot be written: {reason}; nothing was changed" == said

    def test_no_exception_is_chained(self, file: Path):
        """The refusal is one sentence, without the exception that it came from."""
        file.unlink()
        with pytest.raises(NotWritten) as caught:
            write_atomically(file, NEW, expected=OLD)

        assert (None, None) == (caught.value.__cause__, caught.value.__context__)


class TestCheckReplaceable:
    """What is known to refuse a file before anything is written."""

    def test_is_fine(self, file: Path):
        """A file that holds what was read can be replaced; nothing is done to it."""
        check_replaceable(file, expected=OLD)

        assert OLD == file.read_text()

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("app.toml", "app.toml has changed since it was read"),
            ("none.toml", "none.toml cannot be written: no such file or directory"),
            ("a\0b", r"a\x00b cannot be written: not a path"),
        ],
    )
    def test_refuses(self, name: str, said: str, file: Path, monkeypatch: pytest.MonkeyPatch):
        """What `write_atomically` would refuse is refused."""
        monkeypatch.chdir(file.parent)
        with pytest.raises(NotWritten) as caught:
            check_replaceable(name, expected="theirs")

        assert f"{said}; nothing was changed" == str(caught.value)

    def test_read_only_directory(self, locked: Path):
        """A directory that takes no new file cannot have one replaced."""
        with pytest.raises(NotWritten) as caught:
            check_replaceable(locked, expected=OLD)

        assert str(caught.value).endswith(
            "app.toml cannot be written: permission denied; nothing was changed"
        )


@pytest.fixture
def locked() -> Iterator[Path]:
    """Make a file in a directory that may be read but not written, even where root runs this."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "app.toml")
        path.write_text(OLD)
        path.parent.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        yield path
        if root:
            os.seteuid(0)
        path.parent.chmod(0o755)


class TestLinks:
    """A link stands for its file only where that is asked for."""

    def test_is_followed(self, file: Path):
        """The file that it leads to is replaced, and the link stays."""
        link = file.with_name("link.toml")
        link.symlink_to(file.name)
        write_atomically(link, NEW, expected=OLD, follow_links=True)

        assert (NEW.encode(), True) == (file.read_bytes(), link.is_symlink())

    def test_to_nowhere(self, tmp_path: Path):
        """A link that leads nowhere is told."""
        link = tmp_path / "link.toml"
        link.symlink_to("none")
        with pytest.raises(NotWritten, match=r"cannot be written: no such file"):
            write_atomically(link, NEW, expected=OLD, follow_links=True)
