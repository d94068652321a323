"""Questions over HTTP: no redirects, verified TLS, bounded in time and size.

Importing this needs the extra ``remote``.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import attrs

try:
    import urllib3
    from urllib3 import exceptions as trouble
except ImportError as failure:
    message = 'asking over HTTP needs: pip install "meshconf[remote]"'
    raise ImportError(message, name="urllib3") from failure

from meshconf.mesh.discovery.probing import fail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

__all__ = ["LARGEST_ANSWER", "Answer", "Server"]

#: Bytes of an answer that are read at most.
LARGEST_ANSWER = 1_048_576

#: What a header can hold.
_HEADER = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*\Z")

# The results of OpenSSL's verification, as X509_verify_cert_error_string(3) lists them.
_EXPIRED = 10
_NOT_YET_VALID = 9
_OTHER_NAME = (62, 64)  # of a host, of an address


@attrs.frozen
class Answer:
    """What a server answered.

    Attributes:
        status: The status of HTTP.

        data: The body, parsed; ``None`` if it is no JSON.

        text: The body.
    """

    status: int
    data: Any
    text: str


@attrs.frozen(kw_only=True)
class Server:
    """A server that is asked, and the settings that are to blame where it does not answer.

    Attributes:
        url: Scheme, host and port.

        what: What it is called in findings, such as "the agent".

        address: The setting that holds its host.

        place: The settings that say where it is, in words, if that is more than the host.

        scheme: The setting that holds its scheme.

        timeout: Seconds that one answer may take.

        connect_timeout: Seconds that a connection may take, if less.

        connect_setting: The setting that says so.

        ca_file: The certificate authorities that are believed; those of the system if none.

        secrets: What no finding may hold, should the server repeat it.
    """

    url: str
    what: str
    address: str
    scheme: str
    timeout: float
    place: str = ""
    connect_timeout: float | None = None
    connect_setting: str = ""
    ca_file: Path | None = None
    secrets: tuple[str, ...] = ()
    _pool: urllib3.PoolManager = attrs.field(
        init=False,
        repr=False,
        default=attrs.Factory(
            lambda self: urllib3.PoolManager(ssl_context=_context(self.ca_file), maxsize=32),
            takes_self=True,
        ),
    )

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask for a path.

        Raises:
            Failed: If there is no answer; the finding says why.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        return self._ask("GET", target, headers or {}, None)

    def post(self, path: str, document: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        """Post a document of JSON.

        Raises:
            Failed: If there is no answer; the finding says why.
        """
        body = json.dumps(document).encode()
        return self._ask("POST", path, {"Content-Type": "application/json", **headers}, body)

    def _ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        try:
            response = self._pool.request(
                method,
                f"{self.url}{target}",
                headers={**headers, "Accept": "application/json"},
                body=body,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=self._patience, total=self.timeout),
            )
            try:
                content = response.read(LARGEST_ANSWER + 1, decode_content=False)
            finally:
                response.close()
        except (trouble.HTTPError, OSError) as failure:
            self._explain(failure)
        if len(content) > LARGEST_ANSWER:
            fail(
                f"{self.url} answered with more than {LARGEST_ANSWER} bytes",
                help=f"see whether {self.what} listens there",
                path=self.address,
            )
        text = content.decode(errors="replace")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        return Answer(response.status, self._without_secrets(data), text)

    @property
    def _patience(self) -> float:
        """How long a connection may take."""
        return min(self.timeout, self.connect_timeout or self.timeout)

    def _without_secrets(self, data: Any) -> Any:
        """Mask what a server repeats of what it was told."""
        if isinstance(data, str):
            for secret in self.secrets:
                data = data.replace(secret, "<secret>")
            return data
        if isinstance(data, list):
            return [self._without_secrets(item) for item in data]
        if isinstance(data, dict):
            return {
                self._without_secrets(key): self._without_secrets(item)
                for key, item in data.items()
            }
        return data

    def header(self, text: str, what: str, *, help: str, path: str = "") -> str:
        """Return a secret as a header can hold it.

        Args:
            text: The secret.

            what: What it is called in the finding.

            help: What to do if no header can hold it.

            path: The setting that is then to blame.

        Raises:
            Failed: If no header can hold it.
        """
        if not _HEADER.match(text):
            fail(
                f"{what} holds what no HTTP header can, such as a line break: it cannot be sent",
                help=help,
                path=path,
            )
        return text

    def is_no(self, kind: str) -> NoReturn:
        """End a check since something else answers."""
        fail(
            f"{self.url} answers, but not as {kind} does",
            help=f"set {self.place or self.address} to where {self.what} listens",
            path=self.address,
        )

    def _explain(self, failure: Exception) -> NoReturn:
        """End a check with the reason why there was no answer."""
        check_address = f"start {self.what}, or correct {self.place or self.address}"
        cause = _ssl_cause(failure)
        if cause is not None:
            self._explain_tls(cause)
        if isinstance(failure, trouble.NameResolutionError):
            host = urlsplit(self.url).hostname
            fail(
                f"the name {host} cannot be resolved on this machine",
                help=f"correct {self.address}, or run this where the service runs",
                path=self.address,
            )
        # A kind of timeout in urllib3, as that of names is a kind of this one.
        if isinstance(failure, trouble.NewConnectionError):
            reason = _reason(failure)
            fail(f"nothing answers at {self.url}{reason}", help=check_address, path=self.address)
        if isinstance(failure, trouble.ConnectTimeoutError):
            limit = f" ({self.connect_setting})" if self._patience < self.timeout else ""
            fail(
                f"no connection to {self.url} within {self._patience:g} s{limit}",
                help=f"{check_address}; a firewall may be in the way",
                path=self.address,
            )
        if isinstance(failure, trouble.TimeoutError):
            fail(
                f"{self.url} takes connections, but did not answer within {self.timeout:g} s",
                help=f"see whether {self.what} is overloaded, or give it longer: --timeout",
                path=self.address,
            )
        fail(
            f"{self.url} takes connections, but answers with no HTTP",
            help=f"see whether {self.what} listens there, and whether it wants TLS: {self.scheme}",
            path=self.address,
        )

    def _explain_tls(self, failure: ssl.SSLError) -> NoReturn:
        if not isinstance(failure, ssl.SSLCertVerificationError):
            fail(
                f"{self.url} does not speak TLS as this machine does",
                help=f"if {self.what} listens in clear there, say http in {self.scheme}; if it wants "
                "certificates of its clients, there is no setting for one",
                path=self.scheme,
            )
        host = urlsplit(self.url).hostname
        if failure.verify_code in _OTHER_NAME:
            names = self._names()
            listed = f"it is for {', '.join(names)}" if names else "it names others"
            fail(
                f"the certificate of {self.url} is not for {host}; {listed}",
                help=f"use one of its names in {self.address}, or have it issued for {host} too",
                path=self.address,
            )
        if failure.verify_code == _EXPIRED:
            fail(
                f"the certificate of {self.url} has expired",
                help=f"renew the certificate of {self.what}; if it is new, see the clock here",
                path=self.address,
            )
        if failure.verify_code == _NOT_YET_VALID:
            fail(
                f"the certificate of {self.url} is not valid yet",
                help="set the clock of this machine",
                path=self.address,
            )
        believed = (
            f"give {self.what} a certificate of {self.ca_file}"
            if self.ca_file
            else "name the file of that authority: SSL_CERT_FILE=/path/to/ca.pem"
        )
        fail(
            f"the certificate of {self.url} is of no authority that this machine believes",
            help=believed,
            path=self.scheme,
        )

    def _names(self) -> list[str]:
        """Return the names of a certificate that is for another host; nothing is sent to it."""
        parts = urlsplit(self.url)
        context = _context(self.ca_file)
        context.check_hostname = False
        try:
            with (
                socket.create_connection(
                    (str(parts.hostname), parts.port or 443), timeout=self._patience
                ) as plain,
                context.wrap_socket(plain, server_hostname=parts.hostname) as wrapped,
            ):
                found: Any = wrapped.getpeercert()
        except OSError:
            return []
        return [name for _, name in found.get("subjectAltName", ())]


def _context(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))


def _ssl_cause(failure: BaseException) -> ssl.SSLError | None:
    found: BaseException | None = failure
    while found is not None:
        if isinstance(found, ssl.SSLError):
            return found
        inner = found.args[-1] if found.args else None
        found = inner if isinstance(inner, BaseException) else None
    return None


def _reason(failure: BaseException) -> str:
    """Say in brackets why no connection was made, in the words of the operating system."""
    reason = getattr(failure.__cause__, "strerror", None)
    return f" ({reason.lower()})" if reason else ""
