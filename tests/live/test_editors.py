"""R9: files that are changed in the ways of editors, tools and orchestrators, twenty times each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.conftest import put, swap, until
from tests.programs import required

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshconf import Live

pytestmark = pytest.mark.usefixtures("soon")

#: Files behave the same on every Python: on one, all is done twenty times.
TIMES = 20 if sys.version_info >= (3, 13) else 4


def until_limit(live: Live[Any], number: int) -> None:
    """Wait for a number to be in force."""
    until(lambda: live.config.limit == number)


def run(*arguments: str) -> None:
    """Run a program in the folder."""
    subprocess.run(arguments, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def by_vim(backupcopy: str) -> Callable[[int], None]:
    """Change the number with vim, which writes into the file or puts another in its place."""

    def change(number: int) -> None:
        edit = f"%s/limit = .*/limit = {number}/"
        options = ("-Nu", "NONE", "-es", "-c", f"set backup backupcopy={backupcopy}")
        run(required("vim"), *options, "-c", edit, "-c", "wq", "app.toml")

    return change


def by_sed(number: int) -> None:
    """Change the number with `sed -i`, which puts another file in its place."""
    run("sed", "-i", f"s/limit = .*/limit = {number}/", "app.toml")


def by_rename(number: int) -> None:
    """Put another file in its place."""
    put("app.toml", f"limit = {number}\n")


def by_writing(number: int) -> None:
    """Truncate the file and write it anew."""
    Path("app.toml").write_text(f"limit = {number}\n")


def by_appending(number: int) -> None:
    """Write into the file where it is, with as many bytes as before."""
    with Path("app.toml").open("r+") as file:
        file.write(f"limit = {number}\n")


def by_removing(number: int) -> None:
    """Remove the file, and make it anew."""
    Path("app.toml").unlink()
    Path("app.toml").write_text(f"limit = {number}\n")


def by_copying_times(number: int) -> None:
    """Write as many bytes, and set the time of the change back."""
    before = Path("app.toml").stat()
    by_appending(number)
    os.utime("app.toml", ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "vim backupcopy=yes": by_vim("yes"),
    "vim backupcopy=no": by_vim("no"),
    "sed -i": by_sed,
    "rename": by_rename,
    "write": by_writing,
    "in place": by_appending,
    "remove": by_removing,
    "same time": by_copying_times,
}


@pytest.fixture(params=["reported", "polled"])
def watched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch with watchfiles, and without it."""
    if request.param == "polled":
        monkeypatch.setitem(sys.modules, "watchfiles._rust_notify", None)
        monkeypatch.setattr("meshconf.live.watching.POLLED", 0.02)


@pytest.mark.usefixtures("watched")
class TestSurvives:
    """Whatever becomes of a file, the next change of it is seen."""

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    def test_change_of_the_file(self, watch, change: Callable[[int], None]):
        """A change is seen every time."""
        live = watch("limit = 10\n")
        for number in range(11, 11 + TIMES):
            change(number)
            until_limit(live, number)

        assert TIMES + 1 == live.status.results["success"]

    def test_swapped_volume(self, watch, folder: Path):
        """The swap of a ConfigMap is seen every time."""
        mounted = folder / "mounted"
        mounted.mkdir()
        swap(mounted, {"app.toml": "limit = 10\n"}, 10)
        live = watch(None, mounted / "app.toml")
        for number in range(11, 11 + TIMES):
            swap(mounted, {"app.toml": f"limit = {number}\n"}, number)
            until_limit(live, number)

        assert 0 == live.status.failures

    @pytest.mark.parametrize("depth", [1, 2])
    def test_link_on_the_way(self, watch, folder: Path, depth: int):
        """The swap of a symbolic link on the way to the file is seen every time."""
        below = "conf/" * (depth - 1)

        def release(number: int) -> None:
            target = folder / "releases" / str(number) / below
            target.mkdir(parents=True)
            (target / "app.toml").write_text(f"limit = {number}\n")
            (folder / "current.new").symlink_to(Path("releases", str(number)))
            (folder / "current.new").rename(folder / "current")

        release(10)
        live = watch(None, folder / "current" / below / "app.toml")
        for number in range(11, 11 + TIMES):
            release(number)
            until_limit(live, number)

        assert 0 == live.status.failures

    @pytest.mark.parametrize("sort", ["anew", "renamed"])
    def test_directory(self, watch, folder: Path, sort: str):
        """A directory that is removed and made anew, or that another one replaces, is seen."""
        conf = folder / "conf"

        def make(number: int) -> None:
            (folder / "next").mkdir()
            (folder / "next" / "app.toml").write_text(f"limit = {number}\n")
            if conf.exists() and sort == "anew":
                shutil.rmtree(conf)
            elif conf.exists():
                conf.rename(folder / f"before {number}")
            (folder / "next").rename(conf)

        make(10)
        live = watch(None, conf / "app.toml")
        for number in range(11, 11 + TIMES):
            make(number)
            until_limit(live, number)

        assert TIMES <= live.status.results["success"] - 1

    def test_directory_that_stays_away(self, watch, folder: Path):
        """A directory that is away for long is seen when it is there again."""
        conf = folder / "conf"
        conf.mkdir()
        put(conf / "app.toml", "limit = 10\n")
        live = watch(None, conf / "app.toml")
        for number in range(11, 14):
            shutil.rmtree(conf)
            until(lambda: live.status.last_error)
            conf.mkdir()
            put(conf / "app.toml", f"limit = {number}\n")
            until_limit(live, number)

        assert live.status.last_error is None
