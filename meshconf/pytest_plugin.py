"""What pytest loads wherever meshconf is installed: little, until a test asks for more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from meshconf.testing.cases import Trial
    from meshconf.testing.environment import CleanEnvironment

__all__ = ["CaseItem", "CasesFile", "meshconf_env", "pytest_addoption", "pytest_collect_file"]

#: The files that are tables of cases.
CASES = "test_*.meshconf.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that says which variables are unset for ``meshconf_env``."""
    help_ = "what the names of variables begin with that the fixture meshconf_env unsets"
    parser.addini("meshconf_prefixes", help_, "args", ["MESH_"])


@pytest.fixture
def meshconf_env(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> CleanEnvironment:
    """Work in an empty folder, with no variable of meshconf set; see CleanEnvironment."""
    from meshconf.testing.environment import CleanEnvironment

    return CleanEnvironment(tmp_path, monkeypatch, pytestconfig.getini("meshconf_prefixes"))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CasesFile | None:
    """Take a table of cases for a file of tests."""
    if not file_path.match(CASES):
        return None
    return CasesFile.from_parent(parent, path=file_path)


class CasesFile(pytest.File):
    """A table of cases."""

    def collect(self) -> Iterator[CaseItem]:
        """Read the table, and make a test of each case."""
        from meshconf.testing.cases import trials_in

        try:
            trials = list(trials_in(os.path.relpath(self.path)))
        except (TypeError, ValueError) as error:
            reason = str(error)
        else:
            for trial in trials:
                yield CaseItem.from_parent(self, name=trial.name, trial=trial)
            return
        raise self.CollectError(reason)


class CaseItem(pytest.Item):
    """A case."""

    def __init__(self, *, trial: Trial, **options: Any) -> None:
        super().__init__(**options)
        self.trial = trial

    def runtest(self) -> None:
        """Try the case in the folder of its table."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.path.parent)
            self.trial.run()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Tell what differs, and where the case stands."""
        if isinstance(excinfo.value, AssertionError):
            return f"{os.path.relpath(self.path)}:{self.trial.line}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], int | None, str]:
        """Say where it stands, with the line from 0."""
        line = self.trial.line
        return self.path, None if line is None else line - 1, self.name
