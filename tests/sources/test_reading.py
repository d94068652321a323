"""Tests for `meshconf.sources.reading`."""

import os
import socket
import stat
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.diagnostics.problem import Excerpt, Origin, Problem
from meshconf.sources.reading import Refused, _read_up_to, read_text


def refusal(path: str | Path, max_bytes: int = 1000) -> Refused:
    """Return why a file is refused."""
    with pytest.raises(Refused) as caught:
        read_text(path, max_bytes)
    return caught.value


def reason(path: str | Path, max_bytes: int = 1000) -> tuple[str, str]:
    """Return the code and the sentence of a refusal."""
    refused = refusal(path, max_bytes)
    return refused.code, refused.message


class TestReadText:
    """A regular file of UTF-8 text is read whole."""

    @pytest.mark.parametrize("text", ["", "a", "ä漢😀", "a\r\nb\n\rc", "\t" * 999 + "x"])
    def test_text(self, text: str, tmp_path: Path) -> None:
        """The text comes back character by character, ends of lines too."""
        file = tmp_path / "file"
        file.write_bytes(text.encode())

        assert text == read_text(file, 1000)[0]

    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o404])
    def test_mode(self, mode: int, tmp_path: Path) -> None:
        """The permission bits come along."""
        file = tmp_path / "file"
        file.touch()
        file.chmod(mode)

        assert mode == read_text(file, 1000)[1]

    def test_link(self, tmp_path: Path) -> None:
        """A link is followed."""
        (tmp_path / "file").write_text("a")
        (tmp_path / "link").symlink_to("file")

        assert "a" == read_text(tmp_path / "link", 1000)[0]

    @given(st.binary(max_size=50))
    def test_any_bytes(self, content: bytes) -> None:
        """Any content is its text or refused."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "file")
            file.write_bytes(content)
            try:
                read = read_text(file, 40)[0].encode()
            except Refused:
                read = None

        assert read in (content, None)

    def test_no_descriptor_is_left(self, tmp_path: Path) -> None:
        """The file is closed, whatever came of it."""
        (tmp_path / "file").touch()
        free = os.dup(0)
        os.close(free)
        read_text(tmp_path / "file", 1000)
        refusal(tmp_path)
        refusal(tmp_path / "missing")
        next_free = os.dup(0)
        os.close(next_free)

        assert free == next_free


class TestMissing:
    """A file that is not there."""

    @pytest.mark.parametrize("name", ["missing", "file/below", "missing/below", ""])
    def test_code(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is told as missing, also where a part of its path is a file, or the path is empty."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "file").touch()
        (tmp_path / "a").touch()

        assert ("MC401", "does not exist") == reason(name)

    @pytest.mark.parametrize(
        ("expected", "name"),
        [
            ("mesh.toml", "mash.toml"),
            ("mesh.toml", "mesh.tml"),
            ("mesh.toml", "MESH.toml"),
            (None, "quite-another.toml"),
            (None, "folder.tml"),
            (None, "x" * 255),
        ],
    )
    def test_near(self, expected: str | None, name: str, tmp_path: Path) -> None:
        """A file of a similar name in the same folder is suggested; a folder is not."""
        (tmp_path / "mesh.toml").touch()
        (tmp_path / "folder.toml").mkdir()
        suggestion = expected and f"did you mean {tmp_path / expected}?"

        assert suggestion == refusal(tmp_path / name).help


class TestUnreadable:
    """What is no regular file, or cannot be opened."""

    def test_directory(self, tmp_path: Path) -> None:
        """A directory is refused."""
        assert ("MC402", "is a directory, not a regular file") == reason(tmp_path)

    def test_fifo(self, tmp_path: Path) -> None:
        """A FIFO that nobody writes to is refused without waiting for one who does."""
        os.mkfifo(tmp_path / "fifo")

        assert ("MC402", "is a FIFO, not a regular file") == reason(tmp_path / "fifo")

    @pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/dev/tty0"])
    def test_device(self, device: str) -> None:
        """A device is refused without reading it."""
        path = Path(device)
        if not (path.exists() and os.access(path, os.R_OK) and path.is_char_device()):
            pytest.skip("no such device here")

        assert ("MC402", "is a device, not a regular file") == reason(device)

    def test_socket(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A socket is refused."""
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as bound:
            monkeypatch.chdir(folder)  # the path of a socket has to be short
            bound.bind("socket")

            assert ("MC402", "cannot be read: no such device or address") == reason("socket")

    def test_permission(self, tmp_path: Path) -> None:
        """A file that may not be read is told as such."""
        file = tmp_path / "file"
        file.touch()
        file.chmod(0)
        user = os.geteuid()
        os.seteuid(user or 65_534)  # root may read everything
        try:
            said = reason(file)
        finally:
            os.seteuid(user)

        assert ("MC402", "may not be read: permission denied") == said

    @pytest.mark.parametrize(
        ("expected", "path"),
        [
            ("cannot be read: not a path", "a\0b"),
            ("cannot be read: not a path", "\ud800"),
            ("cannot be read: file name too long", "x" * 5000),
        ],
    )
    def test_no_path(self, expected: str, path: str) -> None:
        """What no file can be called is refused, not raised about."""
        assert ("MC402", expected) == reason(path)

    def test_loop(self, tmp_path: Path) -> None:
        """A link to itself is refused."""
        (tmp_path / "link").symlink_to("link")

        assert "MC402" == refusal(tmp_path / "link").code


class TestTooLarge:
    """A file over the limit."""

    def test_limit(self, tmp_path: Path) -> None:
        """A file of the limit's size is read; one byte more is refused with both numbers."""
        file = tmp_path / "file"
        file.write_bytes(b"x" * 1000)
        text, _ = read_text(file, 1000)
        file.write_bytes(b"x" * 1001)

        assert 1000 == len(text)
        assert ("MC004", "is too large: 1,001 bytes; the limit is 1,000") == reason(file)

    def test_sparse(self, tmp_path: Path) -> None:
        """The size of a huge file is told without reading it."""
        file = tmp_path / "file"
        with file.open("wb") as opened:
            opened.truncate(10**12)
        expected = "is too large: 1,000,000,000,000 bytes; the limit is 1,000"

        assert ("MC004", expected) == reason(file)

    def test_no_size(self) -> None:
        """A file that claims to be empty is read to the limit, and no further."""
        source = Path("/proc/self/status")
        if not source.exists():
            pytest.skip("no such file here")

        assert 0 == source.stat().st_size
        assert read_text(source, 1_000_000)[0].startswith("Name:")
        assert ("MC004", "is too large: 11 bytes; the limit is 10") == reason(source, 10)

    @pytest.mark.parametrize(("reads", "size"), [(2, 0), (2, 900), (1, 1000), (2, 1100)])
    def test_number_of_reads(self, reads: int, size: int) -> None:
        """A small file is read at once; its end is read if it has not the size that it claims."""
        descriptor, writer = os.pipe()
        os.write(writer, b"x" * 1000)
        os.close(writer)
        with mock.patch.object(os, "read", wraps=os.read) as read:
            content = _read_up_to(descriptor, 1_000_000, size)
        os.close(descriptor)

        assert (b"x" * 1000, reads) == (content, read.call_count)


class TestNoText:
    """Content that is no UTF-8 text."""

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
    def test_byte_order_mark(self, encoding: str, tmp_path: Path) -> None:
        """A byte order mark is refused, saying how to save the file."""
        file = tmp_path / "file"
        file.write_bytes("a = 1".encode(encoding))
        refused = refusal(file)

        assert ("MC003", "begins with a byte order mark") == (refused.code, refused.message)
        assert "save it as UTF-8 without a byte order mark" == refused.help
        assert (1, 1) == (refused.line, refused.column)

    def test_big_endian_mark(self, tmp_path: Path) -> None:
        """The mark of the other byte order is known too."""
        (tmp_path / "file").write_bytes(b"\xfe\xff\0a")

        assert ("MC003", "begins with a byte order mark") == reason(tmp_path / "file")

    @pytest.mark.parametrize(
        ("expected", "content"),
        [
            (("is not UTF-8", 1, 1), b"\xff"),
            (("is not UTF-8", 2, 4), b"a\n\xc3\xa4bc\xe4\n"),
            (("is not UTF-8", 1, 3), b"ab\xc3"),
            (("is not UTF-8", 1, 1), b"\xed\xa0\x80"),
            (("holds a NUL byte, so it is no text", 2, 2), b"a\nb\0c"),
        ],
    )
    def test_place(self, expected: tuple[str, int, int], content: bytes, tmp_path: Path) -> None:
        """The first wrong byte is told by line and column, in characters."""
        (tmp_path / "file").write_bytes(content)
        refused = refusal(tmp_path / "file")

        assert expected == (refused.message, refused.line, refused.column)
        assert refused.__context__ is None


class TestRefused:
    """A refusal becomes a problem."""

    def test_problem(self) -> None:
        """The sentence is about what the caller calls it; the place is in the file."""
        refused = Refused("MC003", "is not UTF-8", "save it as UTF-8", 2, 3)
        origin = Origin("file", "x.toml", 2, 3)
        expected = Problem(
            "MC003",
            "error",
            "a.b",
            "the file is not UTF-8",
            origin,
            help="save it as UTF-8",
            excerpts=(Excerpt(origin),),
        )

        assert expected == refused.problem("file", "x.toml", "the file", "a.b")


def test_modes_are_told_apart() -> None:
    """Every type of file that a system knows has a word."""
    from meshconf.sources.reading import _file_type

    assert "a device" == _file_type(stat.S_IFBLK | 0o600)
    assert "a socket" == _file_type(stat.S_IFSOCK | 0o600)
    assert "something else" == _file_type(0)
