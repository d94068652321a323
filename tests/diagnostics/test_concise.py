"""Tests for `meshconf.diagnostics.concise`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.diagnostics.concise import concise_lines
from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.styled import Piece, plain

if TYPE_CHECKING:
    import meshconf


class TestConcise:
    def test_a_load(self, refused: meshconf.ConfigError) -> None:
        """Each problem is one line that begins with its place; the closing line is the usual."""
        expected = """\
app.toml:3:8: error[MC201]: `consul.port` must be an integer, got a string
app.toml:4:9: error[MC205]: `consul.token` must match [a-z]+
app.toml:5:1: error[MC101]: unknown key `consul.hots`
environment variable APP_RETRY_BASE_DELAY: error[MC301]: `retry`: base_delay is longer than \
max_delay
app.toml:4:9: warning[MC208]: `consul.token` is a secret, and its value stands in app.toml
environment variable APP_CONSUL_PORTS: warning[MC103]: environment variable APP_CONSUL_PORTS \
matches no setting
meshconf: 4 errors, 2 warnings in app.toml, environment; nothing was loaded"""

        assert expected == plain(concise_lines(refused.problems, refused.sources))

    def test_roles(self) -> None:
        """The parts have the roles that they have in a full report."""
        problem = Problem("MC201", "warning", "a", "m\n", Origin("file", "f", 1, 2))
        line, _ = concise_lines((problem,))

        assert line == (
            Piece("f:1:2", "place"),
            Piece(": "),
            Piece("warning[MC201]", "warning"),
            Piece(": m\\n", "title"),
        )

    def test_no_origin(self) -> None:
        """A problem of no place begins with its severity."""
        text = plain(concise_lines((Problem("MC207", "error", "", "m"),)))

        assert text.startswith("error[MC207]: m\n")

    def test_many(self) -> None:
        """After 50 problems the rest is counted."""
        lines = plain(concise_lines([Problem("MC207", "error", "", "m")] * 52)).split("\n")

        assert 52 == len(lines)
        assert ["… and 2 more", "meshconf: 52 errors; nothing was loaded"] == lines[50:]

    def test_fifty(self) -> None:
        """Of 50 problems each is shown."""
        assert 51 == len(list(concise_lines([Problem("MC207", "error", "", "m")] * 50)))
