"""A document in the key-value store of Consul."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

import attrs

from meshconf.schema.secret import Secret
from meshconf.sources.addresses import Address, address_of, key_of
from meshconf.sources.http import FORBIDDEN, NOT_FOUND, TOO_LARGE, UNREACHED, Caller, Limits
from meshconf.sources.reading import Refused
from meshconf.sources.store import (
    LONGEST_REASON,
    Found,
    Store,
    fit_for_a_header,
    one_of,
    said_without,
    secret_at,
    token_in_clear,
    understood,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshconf.sources.http import Answer

__all__ = ["ConsulKV"]

#: Consul holds an answer back for so many seconds, and up to a sixteenth of them more.
WAIT = 60
STRETCHED = WAIT * 17 / 16

#: The agent of the machine.
LOCAL = Address("http", "127.0.0.1", 8500)

#: A value is at most so large, unless the servers are configured otherwise (`kv_max_value_size`).
LARGEST_VALUE = 524_288


def _address(given: str | Address) -> Address:
    return address_of(given, 8500)


def _key(text: str) -> str:
    parts = key_of(text).split("/")
    if "" in parts[:-1] or "." in parts or ".." in parts:
        msg = "a key of Consul does not begin with a slash, and holds no `//`, `.` and `..`"
        raise ValueError(msg)
    return text


def _is_consistency(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    one_of(("default", "stale", "consistent"), attribute, value)


@attrs.frozen
class ConsulKV(Store):
    """A TOML document under a key of Consul's key-value store.

    Attributes:
        key: The key, such as ``config/orders``.

        address: The URL of the agent's HTTP API; ``http://127.0.0.1:8500`` by default.

        token: The ACL token; see ``token_file`` too.

        datacenter: The datacenter whose store is asked; that of the agent by default.

        namespace: The namespace in Consul Enterprise.

        consistency: Whether any server may answer (``stale``), the leader (``default``), or only
            after asking its peers (``consistent``).

    Besides, what documents in all stores have: ``token_file``, ``ca_file``, ``insecure_token``,
    ``start``, ``cache``, ``cache_max_age``, ``on_missing``, ``timeout``, ``max_bytes``; see
    ``meshconf.sources.store.Store``.
    """

    key: str = attrs.field(converter=_key)
    address: Address = attrs.field(default=LOCAL, converter=_address, kw_only=True)
    token: str | Secret[str] | None = attrs.field(default=None, repr=False, kw_only=True)
    datacenter: str | None = attrs.field(default=None, kw_only=True)
    namespace: str | None = attrs.field(default=None, kw_only=True)
    consistency: Literal["default", "stale", "consistent"] = attrs.field(
        default="default", validator=_is_consistency, kw_only=True
    )

    @property
    def kind(self) -> str:
        """The kind of its origins."""
        return "consul"

    @property
    def name(self) -> str:
        """What reports call it."""
        tls = "+https" if self.address.scheme == "https" else ""
        where = urlencode(self.where)
        return f"consul{tls}://{self.address}/{self.key}{where and f'?{where}'}"

    @property
    def where(self) -> dict[str, str]:
        """The datacenter and the namespace, as Consul's API calls them."""
        named = (("dc", self.datacenter), ("ns", self.namespace))
        return {name: value for name, value in named if value is not None}

    @property
    def largest_value(self) -> int:
        """How many bytes a value has at most."""
        return LARGEST_VALUE

    def client(self, reset: Callable[[str], None] = lambda _: None) -> _Client:
        """Make somebody who speaks with it."""
        is_secret = self.token is not None or self.token_file is not None
        if is_secret and not self.address.is_private and not self.insecure_token:
            raise token_in_clear("consul")
        return _Client(self, reset)


class _Client:
    """Speaks with Consul about one key."""

    def __init__(self, store: ConsulKV, reset: Callable[[str], None]) -> None:
        self._store = store
        self._reset = reset
        # Values are in base64, within JSON.
        limits = Limits(store.timeout, 2 * store.max_bytes + 10_000, store.ca_file)
        self._caller = Caller(store.address, limits)
        self._token: str | None = None
        self._where = store.where

    def get(self) -> Found:
        """Ask for the key."""
        return self._found(self._asked("GET", self._path({}, reading=True)))

    def wait(self, after: Found) -> Found:
        """Wait until the key may have changed."""
        if after.cursor <= 0:
            return self.get()
        path = self._path({"index": after.cursor, "wait": f"{WAIT}s"}, reading=True)
        try:
            found = self._found(self._asked("GET", path, patience=STRETCHED))
        except Refused as refused:
            if refused.code != UNREACHED:
                raise
            self._reset("broke_off")  # whether the agent is there is another question
            return self.get()
        if found.cursor < after.cursor:
            self._reset("index_went_back")
            return attrs.evolve(found, cursor=0)
        return found

    def put(self, content: bytes, expected: Found) -> bool:
        """Set the key, unless it has changed since."""
        index = expected.version if expected.content is not None else 0
        answer = self._asked("PUT", self._path({"cas": index}), body=content)
        return answer.body.strip() == b"true"

    def entries(self) -> dict[str, bytes]:
        """Ask for what stands right below the key."""
        folder = f"{self._store.key}/"
        answer = self._asked("GET", self._path({"recurse": ""}, key=folder, reading=True))
        if answer.status == NOT_FOUND:
            return {}
        found = understood(
            "Consul",
            lambda: {
                str(one["Key"]).removeprefix(folder): b64decode(one["Value"] or "", validate=True)
                for one in json.loads(answer.body)
            },
        )
        return {name: content for name, content in found.items() if name and "/" not in name}

    def grant(self, seconds: int) -> str:
        """Make a session that ends by its time alone, and takes what it holds with it."""
        about = {
            "Name": "meshconf",
            "TTL": f"{seconds}s",
            "Behavior": "delete",
            "LockDelay": "0s",
            "NodeChecks": [],
        }
        answer = self._session("create", json.dumps(about).encode())
        return understood("Consul", lambda: str(json.loads(answer.body)["ID"]))

    def renew(self, lease: str) -> bool:
        """Have a session begin anew."""
        return self._session(f"renew/{lease}").status != NOT_FOUND

    def put_under(self, lease: str, content: bytes) -> bool:
        """Set the key until a session ends, unless another session holds it."""
        answer = self._asked("PUT", self._path({"acquire": lease}), body=content)
        return answer.body.strip() == b"true"

    def revoke(self, lease: str) -> None:
        """End a session."""
        self._session(f"destroy/{lease}")

    def interrupt(self) -> None:
        """Break off what another thread waits for."""
        self._caller.interrupt()

    def close(self) -> None:
        """Let go of the connection."""
        self._caller.close()

    def _path(self, query: dict[str, Any], *, key: str = "", reading: bool = False) -> str:
        consistency = self._store.consistency
        asked = urlencode({**self._where, **query})
        if reading and consistency != "default":
            asked = f"{asked}&{consistency}".lstrip("&")
        return f"/v1/kv/{quote(key or self._store.key)}{f'?{asked}' if asked else ''}"

    def _session(self, what: str, body: bytes | None = None) -> Answer:
        asked = urlencode(self._where)
        return self._asked("PUT", f"/v1/session/{what}{f'?{asked}' if asked else ''}", body=body)

    def _asked(
        self, method: str, path: str, *, body: bytes | None = None, patience: float = 0.0
    ) -> Answer:
        answer = self._answer(method, path, body, patience)
        if answer.status == FORBIDDEN and self._store.token_file is not None:
            self._token = None  # it may have been given another one
            answer = self._answer(method, path, body, patience)
        if answer.status == FORBIDDEN:
            if self._current():
                help_ = "see which policies the token has"
                raise Refused("MC409", "refuses its token: 403", help_)
            how = "say token_file=FILE, or set CONSUL_HTTP_TOKEN"
            raise Refused("MC409", "refuses a request without a token: 403", how)
        if answer.status == TOO_LARGE:
            raise Refused(
                "MC004", f"takes no value that large; by default, at most {LARGEST_VALUE:,} bytes"
            )
        if answer.status not in (200, NOT_FOUND):
            raise Refused("MC411", f"answers {answer.status}{_said(answer.body, self._current())}")
        return answer

    def _answer(self, method: str, path: str, body: bytes | None, patience: float) -> Answer:
        token = self._current()
        headers = {"X-Consul-Token": token} if token else {}
        return self._caller.ask(method, path, headers=headers, body=body, patience=patience)

    def _current(self) -> str:
        if self._token is None:
            self._token = self._given()
        return self._token

    def _given(self) -> str:
        if self._store.token_file is not None:
            return secret_at(self._store.token_file)
        token = self._store.token
        text = "" if token is None else token if isinstance(token, str) else token.reveal()
        return fit_for_a_header(text, "its token")

    def _found(self, answer: Answer) -> Found:
        def read() -> Found:
            cursor = int(answer.headers["X-Consul-Index"])
            if answer.status == NOT_FOUND:
                return Found(None, 0, cursor)
            (entry,) = json.loads(answer.body)
            content = b64decode(entry["Value"] or "", validate=True)
            return Found(content, int(entry["ModifyIndex"]), cursor)

        return understood("Consul", read)


def _said(body: bytes, token: str) -> str:
    """Repeat what the server says of its trouble, as far as it is short."""
    lines = body.decode(errors="replace").strip().splitlines()
    said = said_without([token], lines[0]) if lines and lines[0].isprintable() else ""
    return f": {said[:LONGEST_REASON]}" if said else ""
