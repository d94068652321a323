"""Hosts, endpoints and URLs as settings spell them; checked without looking anything up."""

from typing import Annotated, NoReturn

import annotated_types

__all__ = [
    "Endpoint",
    "Host",
    "HttpAddress",
    "Nameserver",
    "host_and_port",
    "host_or_address",
    "host_with_port_or_without",
    "http_address",
    "is_ip_address",
    "is_name",
    "split_endpoint",
    "split_place",
]

_LONGEST_NAME = 253  # RFC 1035, without the final dot
_PORTS = range(1, 65536)
_PUNCTUATION = str.maketrans("", "", "-_.")


def host_or_address(text: str) -> bool:
    """Accept a host name or an IP address."""
    return _is_host(text) or _refuse("a host name or an IP address, without scheme and port")


def host_and_port(text: str) -> bool:
    """Accept a host and its port."""
    return _is_endpoint(text) or _refuse('"host:port", with a port from 1 to 65535')


def host_with_port_or_without(text: str) -> bool:
    """Accept a host, and its port if there is one."""
    return _is_host(text) or _is_endpoint(text) or _refuse('a host, or "host:port"')


def http_address(text: str) -> bool:
    """Accept the URL of a server: scheme, host, and port if there is one."""
    scheme, _, rest = text.partition("://")
    rest = rest.removesuffix("/")
    return (scheme in ("http", "https") and (_is_host(rest) or _is_endpoint(rest))) or _refuse(
        '"http://host:port" or "https://host:port"'
    )


#: A host name or an IP address.
Host = Annotated[str, annotated_types.Predicate(host_or_address)]

#: A host and its port: "10.0.0.7:8080", "[::1]:8080".
Endpoint = Annotated[str, annotated_types.Predicate(host_and_port)]

#: A name server: a host, with a port where it is not 53.
Nameserver = Annotated[str, annotated_types.Predicate(host_with_port_or_without)]

#: The URL of a server, without a path.
HttpAddress = Annotated[str, annotated_types.Predicate(http_address)]


def is_name(text: str) -> bool:
    """Tell whether a text is a host name; an IPv4 address looks like one."""
    return ":" not in text and _is_host(text)


def is_ip_address(text: str) -> bool:
    """Tell an IP address, without brackets, from a name."""
    from ipaddress import ip_address

    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def split_endpoint(endpoint: str) -> tuple[str, int]:
    """Return the host and the port of an endpoint, an IPv6 address without its brackets."""
    host, _, port = endpoint.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def split_place(text: str, port: int) -> tuple[str, int]:
    """Return the host and the port of a text; the given port, where the text has none."""
    bare = text.removeprefix("[").removesuffix("]")
    return (bare, port) if is_ip_address(bare) or ":" not in text else split_endpoint(text)


def _refuse(wanted: str) -> NoReturn:
    msg = f"write {wanted}"
    raise ValueError(msg)


def _is_host(text: str) -> bool:
    if ":" in text:
        return _is_ipv6(text[1:-1] if text[:1] + text[-1:] == "[]" else text)
    return (
        len(text) <= _LONGEST_NAME
        and text.isascii()
        and text.translate(_PUNCTUATION).isalnum()
        and not text.startswith((".", "-"))
        and ".." not in text
    )


def _is_ipv6(text: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address

    try:
        zone = IPv6Address(text).scope_id
    except AddressValueError:
        return False
    # A zone names an interface; ipaddress takes whatever follows the percent sign.
    return zone is None or (zone.isascii() and zone.translate(_PUNCTUATION).isalnum())


def _is_endpoint(text: str) -> bool:
    host, _, port = text.rpartition(":")
    if ":" in host and not host.startswith("["):
        return False
    return (
        len(port) <= len("65535")
        and port.isascii()
        and port.isdigit()
        and int(port) in _PORTS
        and _is_host(host)
    )
