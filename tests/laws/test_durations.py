"""The laws of durations."""

import math
from decimal import Decimal

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import meshconf
from meshconf import Seconds
from meshconf.schema.quantities import QuantityError, format_seconds, parse_duration

UNITS = {
    "w": Decimal(604_800),
    "d": Decimal(86_400),
    "h": Decimal(3_600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("1e-3"),
    "us": Decimal("1e-6"),
}

YEAR = 366 * 86400


class TestFormat:
    """Seconds, written and read back."""

    @given(st.integers(0, 10 * YEAR))
    @example(0)
    @example(90)
    @example(3600)
    def test_whole_seconds(self, seconds: int) -> None:
        """Whole seconds are read back as they were."""
        assert seconds == parse_duration(format_seconds(float(seconds)))

    @given(st.integers(0, 10**9))
    def test_milliseconds(self, milliseconds: int) -> None:
        """Milliseconds are read back as they were."""
        seconds = milliseconds / 1000

        assert seconds == parse_duration(format_seconds(seconds))

    @given(st.integers(0, 10**15))
    @example(10)
    @example(1)
    def test_microseconds(self, microseconds: int) -> None:
        """Microseconds are read back as they were."""
        seconds = microseconds / 1_000_000

        assert seconds == parse_duration(format_seconds(seconds))

    @given(st.floats(0, 1e6))
    def test_any_float(self, seconds: float) -> None:
        """Any float is read back to the microsecond."""
        found = parse_duration(format_seconds(seconds))

        assert abs(seconds - found) <= 0.51e-6

    @given(st.integers(1, 10**6), st.sampled_from([*UNITS]))
    def test_read_write_read(self, number: int, unit: str) -> None:
        """What was read from a text with a unit is written so that it is read again."""
        seconds = parse_duration(f"{number}{unit}")

        assert seconds == parse_duration(format_seconds(seconds))

    @given(st.floats(0, 1e6))
    def test_settles(self, seconds: float) -> None:
        """Writing what was read back writes the same text."""
        text = format_seconds(seconds)

        assert text == format_seconds(parse_duration(text))


class TestParse:
    """Texts with units."""

    @given(st.decimals(0, 10**6, places=3), st.sampled_from([*UNITS]))
    def test_is_the_nearest_float(self, number: Decimal, unit: str) -> None:
        """One number with a unit is the float nearest to the exact product, or its neighbour."""
        exact = float(number * UNITS[unit])
        found = parse_duration(f"{number}{unit}")

        assert found in (math.nextafter(exact, 0), exact, math.nextafter(exact, math.inf))

    @given(st.dictionaries(st.sampled_from([*UNITS]), st.integers(0, 999), min_size=1))
    def test_is_the_sum(self, parts: dict[str, int]) -> None:
        """Several parts, the larger first, give their sum."""
        ordered = [(unit, parts[unit]) for unit in UNITS if unit in parts]
        text = "".join(f"{number}{unit}" for unit, number in ordered)
        exact = float(sum(number * UNITS[unit] for unit, number in ordered))

        assert math.isclose(exact, parse_duration(text), rel_tol=1e-12)

    @given(st.lists(st.sampled_from([*UNITS]), min_size=2, max_size=4))
    def test_order(self, units: list[str]) -> None:
        """Parts in another order, or a unit given twice, are refused."""
        order = [list(UNITS).index(unit) for unit in units]
        text = "".join(f"1{unit}" for unit in units)
        refused = False
        try:
            parse_duration(text)
        except QuantityError:
            refused = True

        assert refused is (order != sorted(set(order)))

    @given(st.text("0123456789.+- hmsuµxd", max_size=8))
    def test_any_text(self, text: str) -> None:
        """Any text is a finite number of seconds, or is refused with a place within it."""
        seconds, place = 0.0, (0, 0)
        try:
            seconds = parse_duration(text)
        except QuantityError as error:
            place = error.start, error.end

        assert math.isfinite(seconds)
        assert [0, *place, len(text)] == sorted([0, *place, len(text)])


@attrs.frozen
class App:
    timeout: Seconds = 1.0


class TestSources:
    """The same text in a file and in a variable."""

    @pytest.mark.parametrize("text", ["500ms", "1h30m", "2.5", "90s", " 5s ", "1d", "10us"])
    def test_agree(self, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
        """A file and a variable read one text as the same duration."""
        file = tmp_path_factory.mktemp("app") / "app.toml"
        file.write_text(f'timeout = "{text}"\n')
        from_file = meshconf.load(file, schema=App, prefix=None)
        from_variable = meshconf.load(schema=App, prefix="APP_", environ={"APP_TIMEOUT": text})

        assert parse_duration(text) == from_file.timeout
        assert from_file == from_variable
