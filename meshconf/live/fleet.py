"""Telling a fleet which configuration an instance runs.

Each instance writes a small note under a key of its own in Consul or etcd, for as long as it lives:
names, the fingerprint and the number of the configuration in force, and never the value of a
setting. ``meshconf doctor --fleet`` compares the notes.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import json
import logging
import os
import random
import socket
import threading
from importlib import metadata
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.words import printable
from meshconf.live import process
from meshconf.schema.compile import model_of
from meshconf.sources.addresses import is_store_url, store_of
from meshconf.sources.reading import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from meshconf.live.live import Live
    from meshconf.sources.store import Client, Store

__all__ = ["publish", "store_of_fleet"]

logger = logging.getLogger("meshconf")

FORMAT_VERSION = "1.0"

#: A note is gone so many seconds after its instance died; in Consul, up to twice as many.
TTL = 30

#: It is renewed so often in that time.
RENEWALS = 3

#: A child that was forked tells of itself after so many seconds, so that one that does not live
#: that long tells nothing.
DELAY = 1.0

#: The end waits so many seconds for a question on its way.
PATIENCE = 5.0

#: What the thread would import: a child that is forked meanwhile would wait for it for ever.
NEEDED = ("encodings.idna", "urllib3.connection")

#: The longest name of an instance.
LONGEST_NAME = 255


def publish(
    live: Live[Any],
    url: str,
    *,
    instance: str | None = None,
    service: str = "",
    ttl: int = TTL,
    environ: Mapping[str, str] | None = None,
) -> Callable[[], None]:
    """Tell a fleet which configuration this instance runs, from now on.

    A thread writes a note under ``<key>/<instance>``, and anew when another configuration comes
    into force. It goes away with the process. Whatever fails is logged once and tried again; the
    service is never held up. A child that was forked tells of itself under ``<instance>:<its
    process id>``, or under ``<host>:<its process id>`` where no name was given.

    Args:
        live: The configuration.

        url: The key under which all instances of the service stand:
            ``consul://consul:8500/fleet/orders`` or ``etcd://…``, with the options and the tokens
            of a document. The token has to be allowed to write there; in Consul, to make sessions
            too.

        instance: The name of this instance; ``<host>:<process id>`` by default.

        service: The name of the service; the last part of the key by default.

        ttl: The note goes away so many seconds after the process died, in Consul up to twice as
            many; 30 by default. Consul takes no less than 10.

        environ: The variables in which tokens may be; those of the process by default.

    Returns:
        A function that ends it and deletes the note.

    Raises:
        ValueError: If the URL is none of a store, or a name or the time cannot be used.
    """
    store = store_of_fleet(url, os.environ if environ is None else environ)
    if isinstance(ttl, bool) or not isinstance(ttl, int) or ttl < 1:
        msg = f"ttl is a positive number of whole seconds, not {ttl!r}"
        raise ValueError(msg)
    name = _own_name() if instance is None else instance
    if not name.isprintable() or "/" in name or not 0 < len(name) <= LONGEST_NAME:
        msg = f"an instance has a name of 1 to {LONGEST_NAME} printable characters without a slash"
        raise ValueError(msg)
    publisher = _Publisher(
        live,
        store,
        name,
        service or store.key.rpartition("/")[2],
        ttl,
        is_named=instance is not None,
    )
    for module in NEEDED:
        with contextlib.suppress(ImportError):  # it is told when it is missed
            importlib.import_module(module)
    publisher.start()
    process.add(publisher)
    return publisher.end


def store_of_fleet(url: str, environ: Mapping[str, str]) -> Any:
    """Read the URL of the key under which the instances of a service stand.

    Raises:
        ValueError: If it is none.
    """
    if not is_store_url(url):
        msg = "the URL of a fleet is consul://HOST:PORT/KEY or etcd://HOST:PORT/KEY"
        raise ValueError(msg)
    address, question, options = url.partition("?")
    return store_of(f"{address.rstrip('/')}{question}{options}", environ)


def _own_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


class _Publisher:
    """Keeps the note of one instance, in a thread of its own."""

    def __init__(
        self, live: Live[Any], store: Any, name: str, service: str, ttl: int, *, is_named: bool
    ) -> None:
        self._live = live
        self._fleet = store
        self._given = name if is_named else None
        self._service = service
        self._ttl = ttl
        self._version = _version()
        self._begin(name)
        self._forget = live.observe(lambda _: self._wake.set())

    def _begin(self, name: str) -> None:
        self._name = name
        self._store: Store = attrs.evolve(self._fleet, key=f"{self._fleet.key}/{name}")
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._client: Client | None = None
        self._lease = ""
        self._note: dict[str, Any] = {}
        self._is_failing = False

    def start(self, delay: float = 0.0) -> None:
        """Start the thread."""
        self._thread = threading.Thread(
            target=self._run, args=(delay,), name=f"meshconf {self._store.name}", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Delete the note, and tell no more."""
        process.remove(self)
        self._forget()
        if not self.stop(PATIENCE):
            logger.warning("the note %s is left to its end", printable(self._store.name))

    def tell_to_stop(self) -> None:
        """Tell the thread to stop; it does not wait for that."""
        self._stop.set()
        self._wake.set()

    def stop(self, seconds: float) -> bool:
        """Stop the thread; wait no longer than so many seconds, and tell whether it has ended."""
        self.tell_to_stop()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def go_on_in_child(self) -> None:
        """Go on in a child that was forked, as an instance of its own."""
        if not self._stop.is_set():
            self._let_go()  # the parent keeps its own end of the connection
            self._begin(_own_name() if self._given is None else f"{self._given}:{os.getpid()}")
            self.start(DELAY)

    def _run(self, delay: float) -> None:
        self._stop.wait(delay)
        while not self._stop.is_set():
            self._wake.clear()
            self._try_to_tell()
            # Not all instances that were started at once come at once.
            self._wake.wait(self._ttl / RENEWALS * random.uniform(0.8, 1.0))  # noqa: S311
        self._leave()

    def _try_to_tell(self) -> None:
        """Tell the fleet; what fails is logged once, and tried again."""
        try:
            self._tell()
        except Refused as refused:
            reason = refused.message
        except Exception as error:  # nothing of this may disturb the service
            reason = f"is not told: {type(error).__name__}"
        else:
            if self._is_failing:
                logger.info("the fleet is told again: %s", printable(self._store.name))
            self._is_failing = False
            return
        self._let_go()
        if not self._is_failing:
            name = printable(self._store.name)
            logger.warning("the fleet is not told: %s %s", name, printable(reason))
        self._is_failing = True

    def _tell(self) -> None:
        if self._client is None:
            self._client = self._store.client()
        client = self._client
        if not (self._lease and client.renew(self._lease)):
            self._lease = client.grant(self._ttl)
        content = self._content()
        # What was there may have ended with its lease, or have been deleted.
        if client.get().content != content and not client.put_under(self._lease, content):
            raise Refused(
                "MC412", "is that of another instance by this name, or of one that died just now"
            )

    def _content(self) -> bytes:
        """Write the note; its time is that since which it says the same."""
        live = self._live
        status = live.status
        schema: Any = type(live.config)
        note = {
            "format_version": FORMAT_VERSION,
            "service": self._service,
            "schema": schema.__name__,
            "instance": self._name,
            "fingerprint": status.fingerprint,
            "generation": status.generation,
            "pending_restart": list(status.pending_restart),
            "rejected": status.last_error is not None,
            "config_version": model_of(schema).configuration.version,
            "meshconf": self._version,
        }
        if {**self._note, **note} != self._note:
            now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")
            self._note = {**note, "time": now}
        return json.dumps(self._note).encode()

    def _leave(self) -> None:
        """Delete the note, by ending what it was written under."""
        if self._client is not None and self._lease:
            with contextlib.suppress(Exception):  # it ends by itself
                self._client.revoke(self._lease)
        self._let_go()

    def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.close()


def _version() -> str:
    try:
        return metadata.version("meshconf")
    except metadata.PackageNotFoundError:
        return ""
