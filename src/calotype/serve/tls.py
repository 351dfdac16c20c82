"""TLS for a listener: certificates from files, chosen by server name, read again when the files change."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

log = logging.getLogger("calotype.serve")

ALPN_PROTOCOLS = ("h2", "http/1.1")


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate chain and its key, PEM; the same file may hold both."""

    chain: Path
    key: Path

    def changed_at_ns(self) -> tuple[int, int]:
        return self.chain.stat().st_mtime_ns, self.key.stat().st_mtime_ns


class Certificates:
    """The certificates of a listener. The first is sent to clients that ask for no name or for an unknown one.

    `context` is for the server. It stays the same over reloads: each handshake is handed to the context of the
    certificate that serves its name, as it is by then.
    """

    def __init__(self, files: Sequence[CertificateFiles]) -> None:
        if not files:
            raise ValueError("a TLS listener needs at least one certificate")
        self._files = tuple(files)
        self._by_name: dict[str, ssl.SSLContext] = {}
        self._first: ssl.SSLContext
        self._seen: list[tuple[int, int]] = []
        self._load()
        self.context = _new_context(self._files[0])
        self.context.sni_callback = self._choose

    def reload_if_changed(self) -> bool:
        """Reads the files again when one of them changed; files that do not fit leave the old ones in use."""
        try:
            if [files.changed_at_ns() for files in self._files] == self._seen:
                return False
            self._load()
        except (OSError, ssl.SSLError, ValueError) as error:
            log.error("the certificates were not reloaded: %s", error)
            return False
        log.info("the certificates were reloaded")
        return True

    def _load(self) -> None:
        seen = [files.changed_at_ns() for files in self._files]
        contexts = [_new_context(files) for files in self._files]
        by_name: dict[str, ssl.SSLContext] = {}
        for files, context in zip(self._files, contexts, strict=True):
            for name in certificate_names(files.chain.read_bytes()):
                by_name.setdefault(name, context)
        self._by_name, self._first, self._seen = by_name, contexts[0], seen

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        connection.context = self._context_for(name)

    def _context_for(self, name: str | None) -> ssl.SSLContext:
        if name is None:
            return self._first
        name = name.lower().rstrip(".")
        wildcard = "*." + name.partition(".")[2]
        return self._by_name.get(name) or self._by_name.get(wildcard) or self._first


def certificate_names(pem: bytes) -> list[str]:
    """The DNS names of the first certificate, lower-case; a wildcard as `*.example.org` (RFC 9525 §6.3)."""
    certificate = x509.load_pem_x509_certificates(pem)[0]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]


def _new_context(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client may make us repeat the costly half of the handshake at will otherwise.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(list(ALPN_PROTOCOLS))
    context.load_cert_chain(os.fspath(files.chain), os.fspath(files.key))
    return context
