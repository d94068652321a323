"""Where stores are: addresses of servers, and URLs that name a document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meshconf.sources.store import Store

__all__ = [
    "SCHEMES",
    "Address",
    "address_of",
    "is_store_url",
    "key_of",
    "split_paths",
    "store_of",
    "url_parts",
]

#: What the URLs of documents in stores begin with.
SCHEMES = ("consul", "consul+https", "etcd", "etcd+https")

#: The longest key that is asked for.
LONGEST_KEY = 1024

_STORE_URL = re.compile(rf"(?:{'|'.join(map(re.escape, SCHEMES))})://", re.IGNORECASE)

#: A part of a list of paths between colons: a URL holds colons itself, before the port and in the
#: brackets of an IPv6 address.
_PART = re.compile(
    rf"(?:{_STORE_URL.pattern}(?:\[[^\]]*\]|[^:/\[]*)(?::\d+)?"
    r"(?:,(?:\[[^\]]*\]|[^:/\[,]*)(?::\d+)?)*[^:]*)|[^:]+",
    re.IGNORECASE,
)


@attrs.frozen
class Address:
    """Where a server is.

    Attributes:
        scheme: ``http`` or ``https``.

        host: A name or an IP address, that of IPv6 without brackets.

        port: The TCP port.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_private(self) -> bool:
        """Whether what is said on the way is read by nobody else: by TLS, or within the machine."""
        name = self.host.rstrip(".")
        is_loopback = name in ("localhost", "::1") or (
            name.startswith("127.") and name.replace(".", "").isdigit()
        )
        return self.scheme == "https" or is_loopback


def is_store_url(text: str) -> bool:
    """Tell whether a text is the URL of a document in a store."""
    return _STORE_URL.match(text) is not None


def split_paths(text: str, separator: str) -> list[str]:
    """Split a list of paths and URLs, as environment variables hold them.

    Args:
        text: The list.

        separator: What stands between them: ``os.pathsep``.
    """
    if separator != ":":
        return [part for part in text.split(separator) if part]
    return [found[0] for found in _PART.finditer(text)]


def address_of(text: str | Address, port: int) -> Address:
    """Read the URL of a server: ``http://127.0.0.1:8500``.

    Args:
        text: The URL.

        port: The port where it names none.

    Raises:
        ValueError: If it is none, or holds more than that.
    """
    if isinstance(text, Address):
        return text
    found = _read(text, port)
    if found is None:
        msg = f"a server's URL looks like http://127.0.0.1:{port}, not {text!r}"
        raise ValueError(msg)
    return found


def _read(text: str, port: int) -> Address | None:
    parts = url_parts(text)
    if parts is None:
        return None
    host, given = parts.hostname, parts.port
    if parts.username is not None:
        msg = "a server's URL holds no user and no password"
        raise ValueError(msg)
    more = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in ("http", "https") or more or not host:
        return None
    return Address(parts.scheme, host, port if given is None else given)


def url_parts(text: str) -> SplitResult | None:
    """Split a URL; None if its host or its port cannot be one."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - it is read, and may be no number
    except ValueError:
        return None
    return parts


def key_of(text: str) -> str:
    """Check the name of a key; a leading slash is part of it in etcd, and never in Consul.

    Raises:
        ValueError: If it cannot be one.
    """
    if not text or len(text) > LONGEST_KEY or not text.isprintable():
        msg = f"a key has 1 to {LONGEST_KEY:,} printable characters"
        raise ValueError(msg)
    return text


def store_of(url: str, environ: Mapping[str, str]) -> Store:
    """Read the URL of a document: ``consul://consul:8500/config/orders?dc=dc1``.

    What follows the question mark are attributes of ``ConsulKV`` or ``EtcdKV``. Tokens come from a
    file or from the variables that the tools of the stores read, never from the URL.

    Args:
        url: The URL.

        environ: The variables.

    Raises:
        ValueError: If it names no document; the words hold nothing that may be secret.
    """
    scheme, _, rest = url.partition("://")
    kind, _, tls = scheme.lower().partition("+")
    where, _, path = rest.partition("/")
    path, _, query = path.partition("?")
    if "@" in where:
        msg = f"a URL of {kind} holds no user and no password: they come by {_BY[kind]}"
        raise ValueError(msg)
    if not where or not path:
        msg = f"the URL of a document is {kind}://HOST:PORT/KEY"
        raise ValueError(msg)
    options = _options(kind, query)
    made = _consul if kind == "consul" else _etcd
    return made(unquote(path), where, "https" if tls else "http", options, environ)


_BY = {
    "consul": "token_file=FILE, CONSUL_HTTP_TOKEN or CONSUL_HTTP_TOKEN_FILE",
    "etcd": "username=NAME with token_file=FILE, or ETCDCTL_USER",
}

_COMMON = {
    "token_file": str,
    "ca_file": str,
    "insecure_token": None,
    "start": str,
    "cache": str,
    "cache_max_age": float,
    "on_missing": str,
    "timeout": float,
    "max_bytes": int,
}

_OWN = {
    "consul": {"datacenter": str, "namespace": str, "consistency": str},
    "etcd": {"username": str},
}


def _options(kind: str, query: str) -> dict[str, Any]:
    known: dict[str, Any] = {**_COMMON, **_OWN[kind]}
    options: dict[str, Any] = {}
    for given, text in parse_qsl(query, keep_blank_values=True):
        name = {"dc": "datacenter", "ns": "namespace"}.get(given, given)
        if name in ("token", "password"):
            msg = f"{name} does not belong into a URL: it comes by {_BY[kind]}"
            raise ValueError(msg)
        if name not in known:
            msg = f"a URL of {kind} has no option {given}: it has {', '.join(known)}"
            raise ValueError(msg)
        read = known[name]
        if read is None:
            if text not in ("true", "false"):
                msg = f"{name} is true or false, not {text!r}"
                raise ValueError(msg)
            options[name] = text == "true"
        else:
            try:
                options[name] = read(text)
            except ValueError:
                msg = f"{name} is a number, not {text!r}"
                raise ValueError(msg) from None
    return options


def _consul(
    key: str, where: str, scheme: str, options: dict[str, Any], environ: Mapping[str, str]
) -> Store:
    from meshconf.sources.consul import ConsulKV

    if "token_file" not in options:
        if file := environ.get("CONSUL_HTTP_TOKEN_FILE"):
            options["token_file"] = file
        else:
            options["token"] = environ.get("CONSUL_HTTP_TOKEN") or None
    if file := environ.get("CONSUL_CACERT"):
        options.setdefault("ca_file", file)
    return ConsulKV(key, address=f"{scheme}://{where}", **options)


def _etcd(
    key: str, where: str, scheme: str, options: dict[str, Any], environ: Mapping[str, str]
) -> Store:
    from meshconf.sources.etcd import EtcdKV

    user, _, password = environ.get("ETCDCTL_USER", "").partition(":")
    if user:
        options.setdefault("username", user)
    if "token_file" not in options and "username" in options:
        own = password if options["username"] == user else ""
        options["password"] = own or environ.get("ETCDCTL_PASSWORD")
    if file := environ.get("ETCDCTL_CACERT"):
        options.setdefault("ca_file", file)
    return EtcdKV(key, endpoints=[f"{scheme}://{one}" for one in where.split(",")], **options)
