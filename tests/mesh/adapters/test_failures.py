"""What counts as a failure."""

from __future__ import annotations

import subprocess
import sys

import pytest

from meshconf.mesh.adapters.failures import LONGEST, Failure, failing


class TestFailing:
    @pytest.mark.parametrize(
        ("on", "expected"),
        [
            (Exception, [True, True, True, False]),
            (OSError, [True, True, False, False]),
            ((TimeoutError, ValueError), [True, False, True, False]),
            ((), [False, False, False, False]),
            (lambda error: "late" in str(error), [True, False, True, False]),
            (lambda error: True, [True, True, True, False]),
        ],
    )
    def test_tells(self, on: Failure, expected: list[bool]) -> None:
        """Types and functions tell; an interruption is never a failure."""
        errors = [TimeoutError("late"), OSError(), ValueError("late"), KeyboardInterrupt("late")]

        assert expected == [failing(on)(error) for error in errors]


class TestLongest:
    @pytest.mark.parametrize(("seconds", "sleeps"), [(LONGEST * 2, True), (1e300, False)])
    def test_can_be_slept(self, seconds: float, sleeps: bool) -> None:
        """The longest wait, with the longest jitter, is one that this Python can sleep."""
        script = f"import time\nprint(flush=True)\ntime.sleep({seconds!r})"
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(timeout=0.3 if sleeps else 30)
            except subprocess.TimeoutExpired:
                process.kill()

        assert sleeps is (process.returncode == -9)
