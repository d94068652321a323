"""Tests for `meshconf.schema.quantities`."""

import datetime as dt
from fractions import Fraction

import pytest
from environs.fields import TimeDelta
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from meshconf.schema.quantities import QuantityError, format_seconds, parse_duration, parse_size

SECONDS: dict[str, Fraction | int] = {
    "w": 604_800,
    "d": 86_400,
    "h": 3_600,
    "m": 60,
    "s": 1,
    "ms": Fraction(1, 1_000),
}
MICROSECOND = Fraction(1, 1_000_000)
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "TiB": 2**40}

numbers = st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{1,6})?", fullmatch=True)
blanks = st.sampled_from(["", " ", "\t"])


@st.composite
def durations(draw: st.DrawFn) -> tuple[str, Fraction]:
    """Write a duration in units from the largest to the smallest, and say what it is."""
    units = {**SECONDS, draw(st.sampled_from(["us", "µs"])): MICROSECOND}
    chosen = [unit for unit in units if draw(st.booleans())]
    text, total = draw(blanks), Fraction(0)
    for unit in chosen or ["s"]:
        number = draw(numbers)
        text += number + draw(blanks) + unit + draw(blanks)
        total += Fraction(number) * units[unit]
    return text, total


class TestParseDuration:
    """Durations are numbers of seconds or numbers with units."""

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            (0.5, "500ms"),
            (5400.0, "1h30m"),
            (2.5, "2.5"),
            (90.0, "1m30s"),
            (1209600.0, "2w"),
            (0.007, "7ms"),
            (1.007, "1s7ms"),
            (0.1, "100000us"),
            (1e-06, "1µs"),
            (-5.0, "-5s"),
            (5.0, "+5"),
            (90.0, " 1 m 30 s "),
            (0.0, "0"),
        ],
    )
    def test_value(self, expected: float, text: str) -> None:
        """Each of these spellings is read."""
        assert expected == parse_duration(text)

    @given(durations())
    def test_exact(self, duration: tuple[str, Fraction]) -> None:
        """The result is the float that is nearest to the exact sum."""
        text, total = duration

        assert float(total) == parse_duration(text)

    @given(
        durations().map(lambda duration: duration[0]) | st.text("0123456789.-+ wdhmsu", max_size=12)
    )
    def test_agrees_with_environs(self, text: str) -> None:
        """What environs accepts too is the same to both."""
        try:
            theirs = TimeDelta().deserialize(text).total_seconds()
            ours = parse_duration(text)
        except (ValidationError, QuantityError, OverflowError):
            return

        assert theirs == ours

    @given(numbers)
    def test_bare_number(self, text: str) -> None:
        """A number without a unit means what it means in Python."""
        assert float(text) == parse_duration(text)

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            (("unknown unit `secs`", "secs", "use one of ms, s, m, h, d"), "5 secs"),
            (("unknown unit `M`", "M", "did you mean `m`?"), "5M"),
            (("unknown unit `KB`", "KB", "use one of ms, s, m, h, d"), "5KB"),
            (("`h` after a smaller or the same unit", "h", "write the larger unit first"), "1m2h"),
            (("`s` after a smaller or the same unit", "s", "write the larger unit first"), "1ms2s"),
            (
                ("`µs` after a smaller or the same unit", "µs", "write the larger unit first"),
                "1us1µs",
            ),
        ],
    )
    def test_wrong_unit(self, expected: tuple[str, str, str], text: str) -> None:
        """A unit that cannot stand there is pointed at."""
        with pytest.raises(QuantityError) as caught:
            parse_duration(text)
        error = caught.value

        assert expected == (error.reason, text[error.start : error.end], error.hint)

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            (("it is empty", ""), ""),
            (("it is empty", "  "), "  "),
            (("expected a number at `soon`", "soon"), "soon"),
            (("expected a number at `.5s`", ".5s"), ".5s"),
            (("expected a number at `later`", "later"), "5s later"),
            (("expected a number at `inf`", "inf"), "inf"),
            (("`30` has no unit", "30"), "1h 30"),
            (("`5` has no unit", "5"), "5 3"),
            (("`5` has no unit", "5"), "5."),
            (("`3` has no unit", "3"), "1e3"),
            (("a number has more than 20 digits", "1" * 21), "1" * 21 + "s"),
            (("a number has more than 20 digits", "1." + "1" * 21), "1." + "1" * 21),
            (("expected a number at `٣s`", "٣s"), "٣s"),
        ],
    )
    def test_no_quantity(self, expected: tuple[str, str], text: str) -> None:
        """What is no duration is pointed at, with an example of one."""
        with pytest.raises(QuantityError) as caught:
            parse_duration(text)
        error = caught.value

        assert expected == (error.reason, text[error.start : error.end])
        assert "durations look like 500ms, 1h30m or 2.5" == error.hint

    @given(st.text(max_size=20) | st.text("0123456789.-+ wdhmsu", max_size=20))
    def test_any_text(self, text: str) -> None:
        """Any text is a duration or a QuantityError that points into it."""
        span = (0, 0)
        try:
            parse_duration(text)
        except QuantityError as error:
            span = (error.start, error.end)

        assert 0 <= span[0] <= span[1] <= len(text)

    def test_long_text_is_cut(self) -> None:
        """A report quotes no more than twenty characters of a text."""
        with pytest.raises(QuantityError) as caught:
            parse_duration("x" * 1000)
        with pytest.raises(QuantityError) as of_unit:
            parse_duration("5" + "x" * 1000)

        assert f"expected a number at `{'x' * 20}`" == caught.value.reason
        assert f"unknown unit `{'x' * 20}`" == of_unit.value.reason


class TestParseSize:
    """Sizes are numbers of bytes or a number with a unit."""

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            (4096, "4096"),
            (65536, "64KiB"),
            (1_500_000, "1.5MB"),
            (1536, "1.5 KiB"),
            (4_350_000_000, "4.35GB"),
            (5000, "5KB"),
            (0, "0B"),
            (-1024, "-1KiB"),
        ],
    )
    def test_value(self, expected: int, text: str) -> None:
        """Each of these spellings is read."""
        assert expected == parse_size(text)

    @given(numbers, st.sampled_from(list(BYTES)))
    def test_exact(self, number: str, unit: str) -> None:
        """A size is exact, or refused as no whole number of bytes."""
        exact = Fraction(number) * BYTES[unit]
        try:
            size: object = parse_size(number + unit)
        except QuantityError as error:
            size = error.reason

        assert (exact if exact.denominator == 1 else "no whole number of bytes") == size

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            (("it is empty", "", "sizes look like 64KiB, 1.5MB or 4096"), ""),
            (("no whole number of bytes", "1.5B", "sizes look like 64KiB, 1.5MB or 4096"), "1.5B"),
            (("more than one number", "MB2kB", "sizes look like 64KiB, 1.5MB or 4096"), "1MB2kB"),
            (("unknown unit `kib`", "kib", "did you mean `KiB`?"), "5kib"),
            (
                ("unknown unit `s`", "s", "use one of B, kB, MB, GB, KiB, MiB, GiB"),
                "5s",
            ),
        ],
    )
    def test_wrong(self, expected: tuple[str, str, str], text: str) -> None:
        """What is no size is pointed at, with what may stand there."""
        with pytest.raises(QuantityError) as caught:
            parse_size(text)
        error = caught.value

        assert expected == (error.reason, text[error.start : error.end], error.hint)


class TestFormatSeconds:
    """Seconds are written with the largest unit that keeps them whole."""

    @pytest.mark.parametrize(
        ("expected", "seconds"),
        [
            ("0s", 0),
            ("2h", 7200),
            ("90s", 90),
            ("3m", 180),
            ("500ms", 0.5),
            ("1500ms", 1.5),
            ("1us", 1e-06),
            ("-90s", -90),
        ],
    )
    def test_text(self, expected: str, seconds: float) -> None:
        """The unit is the largest of which there is a whole number."""
        assert expected == format_seconds(seconds)

    @given(st.timedeltas(dt.timedelta(days=-90_000), dt.timedelta(days=90_000)))
    def test_round_trip(self, duration: dt.timedelta) -> None:
        """What was written reads back as the same duration."""
        seconds = duration.total_seconds()

        assert duration == dt.timedelta(seconds=parse_duration(format_seconds(seconds)))
