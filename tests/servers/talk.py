"""HTTP with servers of tests, apart from the transport that is tested."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
import urllib3


class Refused(OSError):  # noqa: N818 - what has happened
    """A server has answered with an error."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status}: {body[:500].decode(errors='replace')}")
        self.status = status
        self.body = body


@attrs.frozen
class Answer:
    """What a server has answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The JSON in the body."""
        return json.loads(self.body)


def ask(
    method: str,
    url: str,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float = 10.0,
    errors: bool = False,
) -> Answer:
    """Send a request on a connection of its own, and read the whole answer.

    Raises:
        Refused: If the status is 400 or above, and errors are not wanted as answers.
        OSError: If there is no answer.
    """
    with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
        try:
            found = pool.request(
                method, url, body=body, headers={"Connection": "close", **(headers or {})}
            )
        except urllib3.exceptions.HTTPError as error:
            raise OSError(str(error)) from error
    if found.status >= 400 and not errors:
        raise Refused(found.status, found.data)
    return Answer(found.status, found.headers, found.data)
