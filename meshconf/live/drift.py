"""Comparing the configurations that the instances of a fleet run."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.live.fleet import store_of_fleet
from meshconf.sources.addresses import Address, is_store_url, url_parts
from meshconf.sources.http import Caller, Limits
from meshconf.sources.reading import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshconf.sources.store import Store

__all__ = ["Fleet", "Group", "Member", "Unreached", "fleet_at"]

#: So many places are asked at a time.
AT_ONCE = 16

#: The largest page of metrics, in bytes.
LARGEST_PAGE = 8_388_608

#: The longest word of an instance that is taken over.
LONGEST_WORD = 1024

_OK = 200

_SERIES = re.compile(
    r"^meshconf_config_(?P<name>info|generation|pending_restart|last_reload_successful)"
    r"\{(?P<labels>.*)\}\s+(?P<value>[-+.0-9eE]+)(?:\s|$)"
)
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPES = {"n": "\n"}


@attrs.frozen(kw_only=True)
class Member:
    """What an instance says of the configuration it runs.

    Attributes:
        name: The name of the instance.

        place: The URL that told of it.

        service: The service; empty if it is not told.

        schema: The name of the schema, or what monitoring calls the configuration.

        fingerprint: A hash of the configuration in force, without its secrets.

        generation: The number of the configuration in force, from 1 at each start; ``None`` if it
            is not told.

        pending_restart: How many changes wait for a restart; ``None`` if it is not told.

        rejected: Whether the latest change was refused; ``None`` if it is not told.

        config_version: The version of the layout that the instance knows; empty if it is not told.

        since: Since when it says so, in ISO 8601; empty if it is not told.
    """

    name: str
    place: str
    service: str
    schema: str
    fingerprint: str
    generation: int | None = None
    pending_restart: int | None = None
    rejected: bool | None = None
    config_version: str = ""
    since: str = ""


@attrs.frozen
class Unreached:
    """What could not be asked, or could not be understood.

    Attributes:
        place: Its URL, or the key of the note.

        reason: Why, as a phrase about it.
    """

    place: str
    reason: str


@attrs.frozen
class Group:
    """The instances that should run the same.

    Attributes:
        members: All of them, by name.
    """

    members: Sequence[Member]

    @property
    def service(self) -> str:
        """The service of all of them."""
        return self.members[0].service

    @property
    def schema(self) -> str:
        """The schema of all of them."""
        return self.members[0].schema

    @property
    def by_fingerprint(self) -> Mapping[str, Sequence[Member]]:
        """The members by what they run, most of them first."""
        found: dict[str, list[Member]] = {}
        for one in self.members:
            found.setdefault(one.fingerprint, []).append(one)
        ranked = sorted(found, key=lambda fingerprint: (-len(found[fingerprint]), fingerprint))
        return {fingerprint: found[fingerprint] for fingerprint in ranked}

    @property
    def majority(self) -> str | None:
        """What more of them run than anything else; ``None`` if there is no such thing."""
        (first, *others) = self.by_fingerprint.items()
        is_tie = any(len(members) == len(first[1]) for _, members in others)
        return None if is_tie else first[0]

    @property
    def drifted(self) -> Sequence[Member]:
        """Those that run something else than the majority; all of them if there is none."""
        return [one for one in self.members if one.fingerprint != self.majority]

    @property
    def differing(self) -> Sequence[Member]:
        """Those that have changes waiting, or refused one, where others have not."""
        states = {(one.pending_restart, one.rejected) for one in self.members if _is_known(one)}
        if len(states) < 2:  # noqa: PLR2004 - they are all alike
            return []
        return [one for one in self.members if one.pending_restart or one.rejected]


def _is_known(one: Member) -> bool:
    return one.pending_restart is not None and one.rejected is not None


@attrs.frozen
class Fleet:
    """All instances that were asked for.

    Attributes:
        groups: Those that tell of themselves, by service and schema.

        unreached: The rest.
    """

    groups: Sequence[Group]
    unreached: Sequence[Unreached]

    @property
    def members(self) -> Sequence[Member]:
        """All instances that tell of themselves."""
        return [one for group in self.groups for one in group.members]

    @property
    def is_same(self) -> bool:
        """Whether those that tell of themselves tell the same."""
        return not any(group.drifted or group.differing for group in self.groups)


def fleet_at(urls: Iterable[str], environ: Mapping[str, str], timeout: float) -> Fleet:
    """Ask for all instances at once.

    Args:
        urls: Keys in stores under which instances stand, as ``publish`` takes them, and pages of
            metrics: ``http://10.0.0.7:9100/metrics``.

        environ: The variables in which tokens of stores may be.

        timeout: Seconds until a connection stands, and until an answer begins.

    Raises:
        ValueError: If one of the URLs is none.
    """
    questions = [_question(url, environ, timeout) for url in dict.fromkeys(urls)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda ask: ask(), questions))
    found = [one for answer in answers for one in answer]
    members = sorted(
        (one for one in found if isinstance(one, Member)), key=lambda one: (one.name, one.place)
    )
    groups: dict[tuple[str, str], list[Member]] = {}
    for one in members:
        groups.setdefault((one.service, one.schema), []).append(one)
    unreached = [one for one in found if isinstance(one, Unreached)]
    return Fleet([Group(groups[key]) for key in sorted(groups)], unreached)


def _question(
    url: str, environ: Mapping[str, str], timeout: float
) -> Callable[[], list[Member | Unreached]]:
    """Return a function that asks one place."""
    if is_store_url(url):
        store = attrs.evolve(store_of_fleet(url, environ), timeout=timeout)
        return lambda: _answered(store.name, lambda: _in_store(store))
    page = _Page.at(url)
    return lambda: _answered(page.url, lambda: page.members(timeout))


def _answered(place: str, ask: Callable[[], list[Member | Unreached]]) -> list[Member | Unreached]:
    try:
        return ask()
    except Refused as refused:
        return [Unreached(place, refused.message)]


def _in_store(store: Store) -> list[Member | Unreached]:
    """Read the notes of all instances below a key."""
    with closing(store.client()) as client:
        entries = client.entries()
    if not entries:
        raise Refused("MC410", "has no instances, or its token may not list them")
    return [_noted(store.name, name, content) for name, content in entries.items()]


def _noted(place: str, name: str, content: bytes) -> Member | Unreached:
    """Read one note, whoever wrote it."""
    try:
        note = json.loads(content)
        return Member(
            name=name,
            place=place,
            service=_word(note["service"]),
            schema=_word(note["schema"]),
            fingerprint=_word(note["fingerprint"]),
            generation=int(note["generation"]),
            pending_restart=len(list(note["pending_restart"])),
            rejected=bool(note["rejected"]),
            config_version=_word(str(note["config_version"])),
            since=_word(note["time"]),
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return Unreached(f"{place}/{name}", "is no note of an instance")


def _word(text: Any) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_WORD:
        raise TypeError
    return text


@attrs.frozen
class _Page:
    """A page of metrics, as Prometheus reads it.

    Attributes:
        url: Its URL, without what may be secret.

        path: The path, with what follows a question mark.

        server: Where it is.
    """

    url: str
    path: str
    server: Address

    @classmethod
    def at(cls, url: str) -> _Page:
        """Read the URL of a page.

        Raises:
            ValueError: If it is none.
        """
        parts = url_parts(url)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            msg = (
                "a fleet is found at consul://HOST:PORT/KEY, at etcd://HOST:PORT/KEY, or at pages "
                "such as http://HOST:PORT/metrics"
            )
            raise ValueError(msg)
        if parts.username is not None:
            msg = "the URL of a page of metrics holds no user and no password"
            raise ValueError(msg)
        default = 443 if parts.scheme == "https" else 80
        port = default if parts.port is None else parts.port
        server = Address(parts.scheme, parts.hostname, port)
        path = parts.path or "/metrics"
        asked = f"{path}?{parts.query}" if parts.query else path
        return cls(f"{parts.scheme}://{server}{path}", asked, server)

    def members(self, timeout: float) -> list[Member | Unreached]:
        """Ask for it."""
        with closing(Caller(self.server, Limits(timeout, LARGEST_PAGE))) as caller:
            answer = caller.ask("GET", self.path, headers={"Accept": "text/plain"})
        if answer.status != _OK:
            raise Refused("MC411", f"answers {answer.status}")
        found = _shown(answer.body.decode(errors="replace"))
        if not found:
            raise Refused("MC411", "shows no meshconf_config_info")
        name = str(self.server)
        return [
            Member(
                name=name,
                place=self.url,
                service=labels.get("service", ""),
                schema=config,
                fingerprint=labels.get("fingerprint", ""),
                config_version=labels.get("config_version", ""),
                generation=_whole(numbers.get("generation")),
                pending_restart=_whole(numbers.get("pending_restart")),
                rejected=None
                if (good := numbers.get("last_reload_successful")) is None
                else good == 0,
            )
            for config, (labels, numbers) in found.items()
        ]


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _shown(text: str) -> dict[str, tuple[dict[str, str], dict[str, float]]]:
    """Find what a page shows of each configuration: the labels of its info, and its numbers."""
    infos: dict[str, dict[str, str]] = {}
    numbers: dict[str, dict[str, float]] = {}
    for line in text.split("\n"):
        series = _SERIES.match(line)
        if series is None:
            continue
        labels = {name: _unescaped(value) for name, value in _LABEL.findall(series["labels"])}
        config = labels.get("config", "")
        if series["name"] == "info":
            infos[config] = labels
        else:
            numbers.setdefault(config, {})[series["name"]] = _number(series["value"])
    return {config: (labels, numbers.get(config, {})) for config, labels in infos.items()}


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)[:LONGEST_WORD]
