"""A document in etcd."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.schema.secret import Secret
from meshconf.sources.addresses import Address, address_of, key_of
from meshconf.sources.http import Caller, Limits
from meshconf.sources.reading import Refused
from meshconf.sources.store import (
    LONGEST_REASON,
    Found,
    Store,
    said_without,
    secret_at,
    token_in_clear,
    understood,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


__all__ = ["EtcdKV"]

#: A watch is left after so many seconds of silence, and the key is asked for: a watch of a revision
#: that is still to come says nothing.
WAIT = 60.0

#: A request is at most 1.5 MiB, unless the servers are configured otherwise; the key stands in it
#: twice, and something is around it.
LARGEST_VALUE = 1_572_864 - 10_240

#: What etcd calls a token that it does not know, or no longer, and a user that may not.
UNAUTHENTICATED = 16
DENIED = 7
INVALID = 3


#: What etcd says of a token that it does not know, or that is of before a change of the rights.
VOID_TOKEN = ("invalid auth token", "revision in header is old", "revision of auth store is old")


def _addresses(endpoints: str | Iterable[str | Address]) -> tuple[Address, ...]:
    listed = endpoints.split(",") if isinstance(endpoints, str) else endpoints
    found = tuple(address_of(one, 2379) for one in listed)
    if not found:
        msg = "endpoints names no member of the cluster"
        raise ValueError(msg)
    return found


@attrs.frozen
class EtcdKV(Store):
    """A TOML document under a key of etcd.

    Attributes:
        key: The key, such as ``config/orders``.

        endpoints: The URLs of members of the cluster, of which the next is asked when one cannot
            be reached; ``http://127.0.0.1:2379`` by default.

        username: The user that signs in.

        password: The password of the user; see ``token_file`` too.

    Besides, what documents in all stores have: ``token_file``, ``ca_file``, ``insecure_token``,
    ``start``, ``cache``, ``cache_max_age``, ``on_missing``, ``timeout``, ``max_bytes``; see
    ``meshconf.sources.store.Store``.
    """

    key: str = attrs.field(converter=key_of)
    endpoints: tuple[Address, ...] = attrs.field(
        default=(Address("http", "127.0.0.1", 2379),), converter=_addresses, kw_only=True
    )
    username: str | None = attrs.field(default=None, kw_only=True)
    password: str | Secret[str] | None = attrs.field(default=None, repr=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.username is None and (self.password or self.token_file) is not None:
            msg = "a password wants a username"
            raise ValueError(msg)

    @property
    def kind(self) -> str:
        """The kind of its origins."""
        return "etcd"

    @property
    def name(self) -> str:
        """What reports call it."""
        tls = "+https" if self.endpoints[0].scheme == "https" else ""
        return f"etcd{tls}://{','.join(map(str, self.endpoints))}/{self.key}"

    @property
    def largest_value(self) -> int:
        """How many bytes a value has at most."""
        return LARGEST_VALUE

    def client(self, reset: Callable[[str], None] = lambda _: None) -> _Client:
        """Make somebody who speaks with it."""
        is_clear = not all(address.is_private for address in self.endpoints)
        if self.username is not None and is_clear and not self.insecure_token:
            raise token_in_clear("etcd")
        return _Client(self, reset)


class _Client:
    """Speaks with etcd about one key, through its JSON gateway."""

    def __init__(self, store: EtcdKV, reset: Callable[[str], None]) -> None:
        self._store = store
        self._reset = reset
        # Values are in base64, within JSON.
        limits = Limits(store.timeout, 2 * store.max_bytes + 10_000, store.ca_file)
        self._callers = tuple(Caller(address, limits) for address in store.endpoints)
        self._first = 0
        self._token: str | None = None
        self._events: Iterator[Mapping[str, Any]] | None = None

    def get(self) -> Found:
        """Ask for the key."""
        self._end_watch()
        answer = self._asked("/v3/kv/range", {"key": _coded(self._store.key)})
        return understood("etcd", lambda: _found(answer))

    def wait(self, after: Found) -> Found:
        """Wait until the key may have changed."""
        try:
            found = self._next(after)
        except Refused:
            self._reset("broke_off")  # whether the cluster is there is another question
            found = None
        return self.get() if found is None else found

    def _next(self, after: Found) -> Found | None:
        """Wait for the next event of the watch; None if it has ended."""
        if self._events is None:
            self._events = self._watched(after.cursor + 1)
        for answer in self._events:
            if answer.get("canceled"):
                compacted = understood("etcd", lambda: int(answer.get("compact_revision", 0)) > 0)  # noqa: B023 - called at once
                self._reset("compacted" if compacted else "canceled")
                return None
            if events := answer.get("events"):
                return understood("etcd", lambda: _changed(events))
        return None

    def put(self, content: bytes, expected: Found) -> bool:
        """Set the key, unless it has changed since."""
        return self._put_if({"target": "MOD", "mod_revision": str(expected.version)}, content)

    def entries(self) -> dict[str, bytes]:
        """Ask for what stands right below the key."""
        folder = f"{self._store.key}/"
        end = f"{self._store.key}0"  # what follows a slash in ASCII
        asked = {"key": _coded(folder), "range_end": _coded(end)}
        answer = self._asked("/v3/kv/range", asked)
        found = understood(
            "etcd",
            lambda: {
                b64decode(one["key"]).decode().removeprefix(folder): b64decode(one.get("value", ""))
                for one in answer.get("kvs", ())
            },
        )
        return {name: content for name, content in found.items() if name and "/" not in name}

    def grant(self, seconds: int) -> str:
        """Make a lease."""
        answer = self._asked("/v3/lease/grant", {"TTL": str(seconds)})
        return understood("etcd", lambda: str(int(answer["ID"])))

    def renew(self, lease: str) -> bool:
        """Have a lease begin anew; one that has ended is answered without a time."""
        answer = self._asked("/v3/lease/keepalive", {"ID": lease})
        return understood("etcd", lambda: int(answer["result"].get("TTL", 0)) > 0)

    def put_under(self, lease: str, content: bytes) -> bool:
        """Set the key until a lease ends, unless it is there under none or under another one."""
        conditions = (
            {"target": "LEASE", "lease": lease},
            {"target": "CREATE", "create_revision": "0"},
        )
        return any(self._put_if(condition, content, lease) for condition in conditions)

    def revoke(self, lease: str) -> None:
        """End a lease."""
        self._asked("/v3/lease/revoke", {"ID": lease})

    def _put_if(self, condition: Mapping[str, str], content: bytes, lease: str = "0") -> bool:
        key = _coded(self._store.key)
        value = b64encode(content).decode()
        question = {
            "compare": [{"key": key, **condition}],
            "success": [{"request_put": {"key": key, "value": value, "lease": lease}}],
        }
        return self._asked("/v3/kv/txn", question).get("succeeded") is True

    def interrupt(self) -> None:
        """Break off what another thread waits for."""
        for caller in self._callers:
            caller.interrupt()

    def close(self) -> None:
        """Let go of the connections."""
        self._end_watch()
        for caller in self._callers:
            caller.close()

    def _end_watch(self) -> None:
        events, self._events = self._events, None
        if events is not None:
            events.close()  # type: ignore[attr-defined]

    def _watched(self, revision: int) -> Iterator[Mapping[str, Any]]:
        """Yield what a watch from a revision says, until it has been silent for a while."""
        key = _coded(self._store.key)
        request = {"create_request": {"key": key, "start_revision": str(revision)}}
        try:
            for status, line in self._callers[self._first].lines(
                "POST",
                "/v3/watch",
                headers=self._headers(),
                body=json.dumps(request).encode(),
                patience=WAIT,
            ):
                result = self._answer(status, line).get("result")
                if not isinstance(result, dict):
                    raise Refused("MC411", "answers otherwise than etcd does")
                yield result
        finally:
            self._events = None

    def _asked(self, path: str, question: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._question(path, question)
        except _UnknownToken:
            self._token = None
        return self._question(path, question)

    def _question(self, path: str, question: Mapping[str, Any]) -> Mapping[str, Any]:
        headers = self._headers()
        body = json.dumps(question).encode()
        answer = self._in_turn(path, headers, body)
        return self._answer(*answer)

    def _in_turn(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Ask the members in turn; the one that answered is the first to be asked next time."""
        refusals: list[Refused] = []
        for _ in self._callers:
            try:
                answer = self._callers[self._first].ask("POST", path, headers=headers, body=body)
            except Refused as refused:
                refusals.append(refused)
                self._first = (self._first + 1) % len(self._callers)
            else:
                return answer.status, answer.body
        raise refusals[0]

    def _headers(self) -> dict[str, str]:
        if self._store.username is None:
            return {}
        if self._token is None:
            question = {"name": self._store.username, "password": self._password()}
            body = json.dumps(question).encode()
            status, content = self._in_turn("/v3/auth/authenticate", {}, body)
            self._token = str(self._answer(status, content, signing_in=True).get("token", ""))
        return {"Authorization": self._token}

    def _password(self) -> str:
        if self._store.token_file is not None:
            return secret_at(self._store.token_file)
        password = self._store.password
        if password is None or isinstance(password, str):
            return password or ""
        return password.reveal()

    def _answer(self, status: int, content: bytes, *, signing_in: bool = False) -> dict[str, Any]:
        try:
            answer: Any = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if status == 200 and isinstance(answer, dict) and "error" not in answer:  # noqa: PLR2004
            return answer
        code, message = _error_in(answer)
        told = said_without(self._shown(), message)[:LONGEST_REASON]
        reason = f": {told}" if told else ""
        if signing_in and code in (INVALID, UNAUTHENTICATED, DENIED):
            raise Refused("MC409", f"refuses the user {self._store.username}{reason}")
        if code == UNAUTHENTICATED or any(words in message for words in VOID_TOKEN):
            raise _UnknownToken("MC409", "refuses its token", "sign in again")
        if "user name is empty" in message:
            how = "say username=NAME with token_file=FILE, or set ETCDCTL_USER"
            raise Refused("MC409", "wants to know who asks", how)
        if code == DENIED:
            who = self._store.username or "nobody"
            raise Refused("MC409", f"refuses {who}{reason}", "see which roles the user has")
        if "request is too large" in message:
            raise Refused("MC004", "takes no value that large; by default, at most about 1.5 MiB")
        raise Refused("MC411", f"answers {status}{reason}")

    def _shown(self) -> tuple[str, str]:
        """Return the secrets that the cluster was shown."""
        return self._token or "", "" if self._store.username is None else self._password()


class _UnknownToken(Refused):
    """A token has run out; another one is had by signing in."""


def _coded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _found(answer: Mapping[str, Any]) -> Found:
    cursor = int(answer["header"]["revision"])
    for entry in answer.get("kvs", ()):
        return _value(entry, cursor)
    return Found(None, 0, cursor)


def _changed(events: Iterable[Mapping[str, Any]]) -> Found:
    """Read what the last of some events left there.

    Its own revision is what was seen. That of the header is the store's when it was sent, and may be
    that of a later event, which is still to come.
    """
    *_, last = events
    cursor = int(last["kv"]["mod_revision"])
    return Found(None, 0, cursor) if last.get("type") == "DELETE" else _value(last["kv"], cursor)


def _value(entry: Mapping[str, Any], cursor: int) -> Found:
    return Found(b64decode(entry.get("value", "")), int(entry["mod_revision"]), cursor)


def _error_in(answer: Any) -> tuple[int, str]:
    """Read an error: its form is another one from 3.6 on, and in a watch."""
    error = answer.get("error") if isinstance(answer, dict) else None
    about: Any = error if isinstance(error, dict) else answer if isinstance(answer, dict) else {}
    code = about.get("code", about.get("grpc_code"))
    message = about.get("message", error if isinstance(error, str) else "")
    said = str(message).splitlines()[0] if str(message) else ""
    return code if isinstance(code, int) else 0, said if said.isprintable() else ""
