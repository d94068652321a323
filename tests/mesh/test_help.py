"""What the schema says of itself: one sentence for every setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

from meshconf import ServiceMeshConfig, mesh
from meshconf.schema.configuration import configuration_of
from meshconf.schema.rules import Rule
from meshconf.schema.setting import FACTS, Facts

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = [getattr(mesh, name) for name in mesh.__all__ if name != "Algorithm"]

#: What a process builds once, at its start: who it is, what it listens on, whom it reports to.
RESTART = {
    "ServiceMeshConfig.service_name",
    "ServiceMeshConfig.service_version",
    "DiscoveryConfig.backend",
    "MetricsConfig.enabled",
    "MetricsConfig.port",
    "MetricsConfig.path",
    "TracingConfig.enabled",
    "TracingConfig.endpoint",
    "TlsConfig.enabled",
}


def settings() -> Iterator[tuple[str, Facts]]:
    """Yield every setting of every class, with what is said of it."""
    for cls in CLASSES:
        for field in attrs.fields(cls):
            yield f"{cls.__name__}.{field.name}", field.metadata[FACTS]


def rules() -> Iterator[Any]:
    """Yield every rule of every class."""
    for cls in CLASSES:
        for name, value in vars(cls).items():
            if isinstance(value, Rule):
                yield pytest.param(name, value, id=f"{cls.__name__}.{name}")


class TestHelp:
    """The sentence that becomes the documentation."""

    @pytest.mark.parametrize(("name", "facts"), list(settings()))
    def test_is_one_sentence(self, name: str, facts: Facts) -> None:
        """Each setting has one sentence that begins like one and ends with a full stop."""
        assert facts.help[:1].isupper()
        assert facts.help.endswith(".")
        assert ". " not in facts.help
        assert "  " not in facts.help

    def test_no_two_are_alike(self) -> None:
        """No sentence is copied from one setting of a class to another."""
        said = [(name.partition(".")[0], facts.help) for name, facts in settings()]

        assert len(said) == len(set(said))

    @pytest.mark.parametrize("cls", CLASSES)
    def test_classes_have_docstrings(self, cls: type) -> None:
        """Each class says what it stands for."""
        assert (cls.__doc__ or "").splitlines()[0].endswith(".")


class TestRules:
    """What a report shows where a rule's own words may not be shown."""

    @pytest.mark.parametrize(("name", "rule"), list(rules()))
    def test_have_a_statement(self, name: str, rule: Rule) -> None:
        """Each rule states in its docstring what holds, and has the name of its function."""
        assert (rule.check.__doc__ or "").endswith(".")
        assert name == rule.name


class TestReload:
    """Which settings a running process takes over."""

    def test_restart(self) -> None:
        """What is built once at start wants a restart, all else is taken over."""
        assert RESTART == {name for name, facts in settings() if facts.reload == "restart"}


class TestConfiguration:
    """What the root says of itself."""

    def test_facts(self) -> None:
        """The prefix, the file and the version are the documented ones."""
        facts = configuration_of(ServiceMeshConfig)

        assert ("MESH_", "mesh.toml", 2) == (facts.prefix, facts.file, facts.version)
