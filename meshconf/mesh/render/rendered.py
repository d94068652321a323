"""What a rendering gives: the text for a target, and an account of what the text does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from meshconf import ConfigError, Problem
from meshconf.mesh.addresses import split_endpoint
from meshconf.mesh.paths import dotted, settings_of, value_at
from meshconf.mesh.render.defaults import is_default
from meshconf.mesh.render.idle import idle_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from meshconf.mesh.render.upstreams import Upstream
    from meshconf.mesh.service_mesh import ServiceMeshConfig
    from meshconf.mesh.upstream import UpstreamConfig

__all__ = ["POLICIES", "Account", "Dropped", "Rendered"]

#: The groups that each upstream has for itself.
POLICIES = ("circuit_breaker", "load_balancer", "retry", "timeouts")


@attrs.frozen
class Dropped:
    """A setting that the text does not say, or not exactly.

    Attributes:
        path: The setting, dotted: that of an upstream only where its value is the upstream's own.

        reason: Why, as a phrase.

        default: Whether the value is the one that the schema has by default.

        upstreams: The upstreams for which it is not said, by name, where others share the value
            and say it; empty for all.
    """

    path: str
    reason: str
    default: bool = False
    upstreams: tuple[str, ...] = ()


@attrs.frozen
class Rendered:
    """A configuration in the language of a target.

    Attributes:
        text: The text; the target accepts it as it is.

        dropped: What the text does not say, by path.
    """

    text: str
    dropped: tuple[Dropped, ...] = ()


@attrs.frozen
class _Note:
    """What was noted of a setting: where it stands in its group, for whom, and why."""

    setting: str
    reason: str
    default: bool
    upstream: str
    idle: bool


class Account:
    """Collects, while a text is written, what it does not say and what cannot be rendered.

    Attributes:
        target: What the target is called in messages.

        config: The configuration.

    Args:
        target: See above.

        config: See above.

        upstreams: Those of its upstreams that are rendered.

        used: Settings that the target says whatever the backend is.
    """

    def __init__(
        self,
        target: str,
        config: ServiceMeshConfig,
        upstreams: Sequence[Upstream],
        used: Collection[str] = (),
    ) -> None:
        self.target = target
        self.config = config
        self._upstreams = upstreams
        self._notes: dict[str, dict[str, _Note]] = {}
        self._problems: dict[tuple[str, str], Problem] = {}
        for path, reason in idle_settings(config).items():
            if path not in used:
                self._note(path, reason)
        for one in upstreams:
            for path, reason in idle_settings(one.config).items():
                self._note(path, reason, one, idle=True)
        self._note_overruled()

    @property
    def no_requests(self) -> str:
        """The reason why what is about requests is not said of plain TCP."""
        return f"{self.target} sees connections in plain TCP, and no requests"

    def drop(self, reason: str, *paths: str, upstream: Upstream | None = None) -> None:
        """Note that settings are not said.

        What has no effect in the first place is noted as such, and what is not set, not at all.

        Args:
            reason: Why, as a phrase: "Envoy takes whole percents: 50 instead of 50.5".

            paths: The settings, or groups of them: of the upstream if there is one, else of the
                configuration.

            upstream: The upstream whose settings they are.
        """
        for group in paths:
            for path in settings_of(self.config if upstream is None else upstream.config, group):
                self._note(path, reason, upstream)

    def drop_all(self, reasons: Mapping[str, str], upstream: Upstream | None = None) -> None:
        """Note settings or groups, each with its reason; see ``drop``."""
        for path, reason in reasons.items():
            self.drop(reason, path, upstream=upstream)

    def refuse(self, path: str, message: str, help: str | None = None) -> None:
        """Note that a value cannot be rendered at all, so that there will be no text.

        Args:
            path: The setting, dotted.

            message: The fact, as a phrase about the setting: "is no host name, which Envoy wants".

            help: One remedy.
        """
        problem = Problem("MC303", "error", path, f"`{path}` {message}", help=help)
        self._problems.setdefault((path, message), problem)

    def refuse_of(
        self, upstream: Upstream, path: str, message: str, help: str | None = None
    ) -> None:
        """Note that a value of an upstream cannot be rendered; see ``refuse``."""
        self.refuse(self.path_of(upstream, path), message, help)

    def path_of(self, upstream: Upstream, path: str) -> str:
        """Return the path under which a setting of an upstream got its value."""
        if _is_policy(path) and value_at(upstream.config, path) == value_at(self.config, path):
            return path
        return f"{dotted('upstreams', upstream.name)}.{path}"

    def rendered(self, text: str) -> Rendered:
        """Close the account.

        Raises:
            ConfigError: If something cannot be rendered; it holds all of it.
        """
        if self._problems:
            raise ConfigError(tuple(self._problems.values()), outcome="nothing was rendered")
        dropped = (self._dropped(path, list(notes.values())) for path, notes in self._notes.items())
        return Rendered(text, tuple(sorted(filter(None, dropped), key=lambda one: one.path)))

    def _note_overruled(self) -> None:
        """Note what has no effect because of the upstreams, or because there is none."""
        backend = self.config.discovery.backend
        if not self._upstreams:
            reason = "there is no upstream for which it could hold"
            self.drop(reason, *POLICIES, "discovery", backend, "tls")
        elif backend == "static":
            given = [self.config.static.endpoints.get(one.name, ()) for one in self._upstreams]
            if [tuple(map(split_endpoint, each)) for each in given] != [
                one.hosts for one in self._upstreams
            ]:
                reason = "a host counts once, on the port of its upstream if that has one"
                self.drop(reason, "static.endpoints")
        elif all(one.config.port for one in self._upstreams):
            self.drop("each upstream has a port of its own", "dns.port")

    def _note(
        self, setting: str, reason: str, upstream: Upstream | None = None, *, idle: bool = False
    ) -> None:
        """Note a setting that has a value; what was noted first stays."""
        config: ServiceMeshConfig | UpstreamConfig
        if upstream is None:
            path, name, config = setting, "", self.config
        else:
            path, name, config = self.path_of(upstream, setting), upstream.name, upstream.config
        if value_at(config, setting) is not None:
            note = _Note(setting, reason, is_default(config, setting), name, idle)
            self._notes.setdefault(path, {}).setdefault(name, note)

    def _dropped(self, path: str, notes: Sequence[_Note]) -> Dropped | None:
        """Judge what was noted of one value, which several upstreams may share.

        What an upstream inherits and has no use for is nothing lost, as long as another uses it.
        """
        first = notes[0]
        if not _is_policy(path):
            return Dropped(path, first.reason, first.default)
        sharing = sum(self.path_of(one, first.setting) == path for one in self._upstreams)
        lost = [note for note in notes if not note.idle]
        if not lost:
            return Dropped(path, first.reason, first.default) if len(notes) == sharing else None
        used = sharing - (len(notes) - len(lost))
        whose = tuple(note.upstream for note in lost) if len(lost) < used else ()
        return Dropped(path, lost[0].reason, lost[0].default, whose)


def _is_policy(path: str) -> bool:
    return path.split(".", 1)[0] in POLICIES
