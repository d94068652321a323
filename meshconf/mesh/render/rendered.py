"""What a rendering gives: the text for a target, and an account of what the text does not say."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import attrs

from meshconf import ConfigError, Problem
from meshconf.mesh.addresses import split_endpoint
from meshconf.mesh.paths import dotted, settings_of, value_at
from meshconf.mesh.render.defaults import defaults_of, is_default
from meshconf.mesh.render.idle import idle_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from meshconf.mesh.render.upstreams import Upstream
    from meshconf.mesh.service_mesh import ServiceMeshConfig

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

        in_part: Whether the text says it, though not exactly.

        notable: Whether somebody should read it: what is set always is, and a default where the
            target does something else than it promises.
    """

    path: str
    reason: str
    default: bool = False
    upstreams: tuple[str, ...] = ()
    in_part: bool = False
    notable: bool = attrs.field(
        default=attrs.Factory(lambda self: not self.default, takes_self=True), kw_only=True
    )


@attrs.frozen
class Rendered:
    """A configuration in the language of a target.

    Attributes:
        text: The text; the target accepts it as it is.

        dropped: What the text does not say, by path; a setting may stand there for several reasons.
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
    in_part: bool
    notable: bool


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
        self._notes: dict[str, dict[str, list[_Note]]] = {}
        self._problems: dict[tuple[str, str], Problem] = {}
        for path, reason in idle_settings(config).items():
            if path not in used:
                self._note(reason, [path], idle=True)
        for one in upstreams:
            for path, reason in idle_settings(one.config).items():
                self._note(reason, [path], one, idle=True)
        self._note_overruled()

    @property
    def no_requests(self) -> str:
        """The reason why what is about requests is not said of plain TCP."""
        return f"{self.target} sees connections in plain TCP, and no requests"

    def drop(
        self, reason: str, *paths: str, upstream: Upstream | None = None, notable: bool = False
    ) -> None:
        """Note that settings are not said at all.

        The first reason counts. What has no effect in the first place is noted as such, and what is
        not set, not at all.

        Args:
            reason: Why, as a phrase: "Consul has no slow start".

            paths: The settings, or groups of them: of the upstream if there is one, else of the
                configuration.

            upstream: The upstream whose settings they are.

            notable: Whether it should be read even if the values are defaults.
        """
        self._note(reason, paths, upstream, notable=notable)

    def drop_part(
        self, reason: str, *paths: str, upstream: Upstream | None = None, notable: bool = False
    ) -> None:
        """Note that settings are said, and hold not exactly: "Envoy takes whole percents: 50".

        Every reason counts. What is not said at all is noted as such; else see ``drop``.
        """
        self._note(reason, paths, upstream, in_part=True, notable=notable)

    def drop_all(
        self,
        reasons: Mapping[str, str],
        upstream: Upstream | None = None,
        *,
        obeyed: Mapping[str, object] = {},
    ) -> None:
        """Note settings or groups, each with its reason; see ``drop``.

        Args:
            reasons: The reasons, by setting or group.

            upstream: The upstream whose settings they are.

            obeyed: Values of settings that the target does without being told.
        """
        config = self.config if upstream is None else upstream.config
        for path, reason in reasons.items():
            if path not in obeyed or value_at(config, path) != obeyed[path]:
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
        dropped = [
            one
            for path, notes in self._notes.items()
            for one in self._dropped(path, list(chain.from_iterable(notes.values())))
        ]
        return Rendered(text, tuple(sorted(dropped, key=lambda one: one.path)))

    def _note_overruled(self) -> None:
        """Note what has no effect because of the upstreams, or because there is none."""
        backend = self.config.discovery.backend
        if not self._upstreams:
            reason = "there is no upstream for which it could hold"
            self._note(reason, [*POLICIES, "discovery", backend, "tls"], idle=True)
        elif backend == "static":
            given = [self.config.static.endpoints.get(one.name, ()) for one in self._upstreams]
            if [tuple(map(split_endpoint, each)) for each in given] != [
                one.hosts for one in self._upstreams
            ]:
                reason = "a host counts once, on the port of its upstream if that has one"
                self.drop_part(reason, "static.endpoints")
        elif all(one.config.port for one in self._upstreams):
            self.drop("each upstream has a port of its own", "dns.port")

    def _note(
        self,
        reason: str,
        groups: Iterable[str],
        upstream: Upstream | None = None,
        *,
        idle: bool = False,
        in_part: bool = False,
        notable: bool = False,
    ) -> None:
        """Note settings that have a value, unless what was noted of them before says it all."""
        config = self.config if upstream is None else upstream.config
        name = "" if upstream is None else upstream.name
        defaults = defaults_of(config)
        for setting in (path for group in groups for path in settings_of(defaults, group)):
            if value_at(config, setting) is None:
                continue
            default = is_default(config, setting)
            path = setting if upstream is None else self.path_of(upstream, setting)
            note = _Note(setting, reason, default, name, idle, in_part, notable or not default)
            notes = self._notes.setdefault(path, {}).setdefault(name, [])
            if not notes or (notes[0].in_part and not in_part):
                notes[:] = [note]
            elif in_part and notes[0].in_part and note not in notes:
                notes.append(note)

    def _dropped(self, path: str, notes: Sequence[_Note]) -> Iterator[Dropped]:
        """Judge what was noted of one value, which several upstreams may share.

        What an upstream inherits and has no use for is nothing lost, as long as another uses it.
        """
        sharing = 1
        if _is_policy(path):
            sharing = sum(self.path_of(one, notes[0].setting) == path for one in self._upstreams)
        idle = {note.upstream for note in notes if note.idle}
        using = max(sharing - len(idle), 0)
        reasons: dict[str, list[_Note]] = {}
        for note in notes:
            if not (note.idle and using):
                reasons.setdefault(note.reason, []).append(note)
        for reason, those in reasons.items():
            whose = tuple(note.upstream for note in those)
            some = len(whose) < (using or sharing)
            yield Dropped(
                path,
                reason,
                those[0].default,
                whose if some else (),
                those[0].in_part,
                notable=any(note.notable for note in those),
            )


def _is_policy(path: str) -> bool:
    return path.split(".", 1)[0] in POLICIES
