"""Tests for `meshconf.schema.configuration`."""

import attrs
import pytest

from meshconf.schema.configuration import Configuration, configuration, configuration_of


@configuration(prefix="APP_", file="app.toml", version=3)
@attrs.frozen
class App:
    pass


class TestConfiguration:
    """`configuration` attaches facts to a class and changes nothing else."""

    def test_facts(self) -> None:
        """The facts are those that the decorator was given."""
        facts = configuration_of(App)

        assert Configuration(prefix="APP_", file="app.toml", version=3) == facts

    def test_none(self) -> None:
        """A class without the decorator has no prefix, no file, and version 1."""

        class Plain:
            pass

        assert Configuration(prefix=None, file=None, version=1) == configuration_of(Plain)

    def test_subclass(self) -> None:
        """A subclass says the same as its base unless it says otherwise."""

        class Same(App):
            pass

        @configuration(prefix="OTHER_")
        class Other(App):
            pass

        assert "APP_" == configuration_of(Same).prefix
        assert "OTHER_" == configuration_of(Other).prefix
        assert "APP_" == configuration_of(App).prefix

    def test_same_class(self) -> None:
        """The decorator returns the class that it was given."""

        class Plain:
            pass

        assert Plain is configuration(prefix="X_")(Plain)

    def test_version(self) -> None:
        """A version below 1 is refused."""
        with pytest.raises(ValueError, match=r"^version counts from 1, got 0$"):
            configuration(version=0)
