"""Certificates for servers, made on the spot."""

from __future__ import annotations

from pathlib import Path

import attrs
import trustme


@attrs.frozen
class Certificate:
    """The files that a server shows who it is with."""

    #: The certificate, with its chain.
    cert: Path
    #: Its private key.
    key: Path
    #: The authority that has signed it.
    ca: Path


class Authority:
    """A certificate authority; another one has signed nothing of this one's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        folder.mkdir(parents=True, exist_ok=True)
        self.ca = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca))

    def issue(self, *names: str) -> Certificate:
        """Make a certificate for names of hosts and addresses; `localhost` if none is given."""
        names = names or ("localhost",)
        made = self._authority.issue_cert(*names)
        cert, key = (self._folder / f"{names[0]}.{kind}.pem" for kind in ("cert", "key"))
        cert.unlink(missing_ok=True)
        for pem in made.cert_chain_pems:
            pem.write_to_path(str(cert), append=True)
        made.private_key_pem.write_to_path(str(key))
        return Certificate(cert, key, self.ca)
