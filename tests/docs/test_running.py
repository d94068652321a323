"""Running pages: what is shown and does not come out is noticed, and nothing is passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.pages import blocks_of, run, steps_of, unrun

if TYPE_CHECKING:
    from pathlib import Path


def steps(text: str) -> list[tuple[str, str, str]]:
    """Return the kinds, texts and outputs of a page's steps."""
    return [(step.kind, step.text, step.shown) for step in steps_of(blocks_of(text))]


class TestSteps:
    """What a page has its reader do."""

    def test_are_in_order(self):
        """Files, Python with its output, and commands with theirs come as they stand."""
        text = (
            "```{code-block} toml\n:caption: a.toml\n\nx = 1\n```\n"
            "```python\nprint(1)\n```\nSo:\n```text\n1\n```\n"
            "```console\n$ a b\n$ c\nd\n\n```\n"
        )
        expected = [
            ("file", "x = 1\n", ""),
            ("python", "print(1)\n", "1\n"),
            ("console", "a b", ""),
            ("console", "c", "d\n\n"),
        ]

        assert expected == steps(text)

    def test_lines(self):
        """Each step knows its line, for those who look for it."""
        text = "# A\n\n```console\n$ a\nb\n$ c\n```\n\n```python\nx\n```\n"

        assert [4, 6, 10] == [step.line for step in steps_of(blocks_of(text))]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("```toml\nx = 1\n```\n", "line 2: a toml block is run by nobody, and wants a caption"),
            ("```text\n1\n```\n", "line 2: output of no Python block"),
            ("```console\na\n```\n", "line 2: a console block begins with a command"),
        ],
    )
    def test_nothing_is_passed_over(self, text: str, reason: str):
        """A block that nobody would run is a mistake of the page."""
        with pytest.raises(ValueError, match=f"^{reason}$"):
            steps(text)

    def test_directives_are_sphinxs(self):
        """Directives, drawings and what is only to be read are no steps."""
        text = "```{toctree}\na\n```\n```\n-->\n```\n```sh\npip install a\n```\n"

        assert [] == steps(text)
        assert ["pip install a"] == unrun(text)


class TestRun:
    """Running a page."""

    def printed(self, text: str, folder: Path, **options: Any) -> list[str]:
        """Return what its steps print."""
        work = folder / "work"
        work.mkdir()
        return [said for _, said in run(text, work, folder / "home", **options)]

    def test_one_shell(self, tmp_path: Path):
        """Commands share a shell: its variables, its exit codes, its streams in their order."""
        text = "```console\n$ X=1\n$ echo $X\n$ (exit 3)\n$ echo $?\n$ echo a >&2; echo b\n$ cat\n```\n"

        assert ["", "1\n", "", "3\n", "a\nb\n", ""] == self.printed(text, tmp_path)

    def test_one_namespace(self, tmp_path: Path):
        """Python blocks share names, and what they print is told block by block."""
        text = "```python\nx = 1\n```\n```python\nprint(x)\n```\n"

        assert ["", "1\n"] == self.printed(text, tmp_path)

    def test_background(self, tmp_path: Path):
        """What a program in the background prints in a while is waited for."""
        text = "```console\n$ (sleep 0.2; echo a; sleep 0.3; echo b) &\na\n$ true\nb\n$ echo c\nc\n```\n"

        assert ["a\n", "b\n", "c\n"] == self.printed(text, tmp_path)

    def test_clean_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Commands see no variable of the machine, but those that are given."""
        monkeypatch.setenv("MESH_RETRY_MAX_ATTEMPTS", "0")
        text = "```console\n$ echo $MESH_RETRY_MAX_ATTEMPTS $GIVEN $HOME\n```\n"
        printed = self.printed(text, tmp_path, variables={"GIVEN": "1"})

        assert [f"1 {tmp_path / 'home'}\n"] == printed

    def test_names(self, tmp_path: Path):
        """What is called otherwise here is called in the output as the page has it."""
        text = "```console\n$ echo at host:1 > said; cat said\n```\n"
        printed = self.printed(text, tmp_path, names={"host:1": "host:9"})

        assert ["at host:1\n"] == printed
        assert "at host:9\n" == (tmp_path / "work" / "said").read_text()
