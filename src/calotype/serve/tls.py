"""TLS for a listener: certificates from files, chosen by server name, read again when the files change."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509

log = logging.getLogger("calotype.serve")

ALPN_PROTOCOLS = ("h2", "http/1.1")


class CertificateUnusable(Exception):
    """A pair of files that cannot be served; the message names the file and says why."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate chain and its key, PEM; the same file may hold both."""

    chain: Path
    key: Path

    def changed_at_ns(self) -> tuple[int | None, int | None]:
        """When each was last written; None for one that is not there."""
        return _changed_at_ns(self.chain), _changed_at_ns(self.key)


@dataclass(frozen=True, slots=True)
class _Certificate:
    """What was read of a pair of files, last seen as they were at `seen`; without `context` it cannot be served."""

    seen: tuple[int | None, int | None]
    context: ssl.SSLContext | None = None
    names: tuple[str, ...] = ()


class Certificates:
    """The certificates of a listener. The first is sent to clients that ask for no name or for an unknown one.

    `files` are gone through again at each reload. A pair that cannot be used is left out, or stays in use as it was
    read before, and `report` is told so once for each state of the files. While there is none, handshakes are refused.

    `context` is for the server. It stays the same over reloads: each handshake is handed to the context of the
    certificate that serves its name, as it is by then.
    """

    def __init__(self, files: Iterable[CertificateFiles], *, report: Callable[[str], object] = log.error) -> None:
        self._files = files
        self._report = report
        self._certificates: dict[CertificateFiles, _Certificate] = {}
        self._by_name: dict[str, ssl.SSLContext] = {}
        self._first: ssl.SSLContext | None = None
        self.context = _new_context()
        self.context.sni_callback = self._choose
        self.reload_if_changed()

    def reload_if_changed(self) -> bool:
        """Reads the files that changed; whether other certificates are served from now on."""
        served_before = [each.context for each in self._certificates.values()]
        # A file that went away may be on its way back: what was read of it serves until the next start.
        files = dict.fromkeys((*self._files, *self._certificates))
        self._certificates = {pair: self._read(pair) for pair in files}
        if [each.context for each in self._certificates.values()] == served_before:
            return False
        self._use()
        log.info("the certificates were reloaded")
        return True

    def _read(self, files: CertificateFiles) -> _Certificate:
        """The certificate as its files are now, or as they were when they cannot be used now."""
        seen = files.changed_at_ns()
        known = self._certificates.get(files)
        if known is not None and known.seen == seen:
            return known
        try:
            return _certificate_of(files, seen)
        except CertificateUnusable as unusable:
            if known is None or known.context is None:
                self._report(f"{unusable}; the certificate is not served until that is mended")
                return _Certificate(seen)
            self._report(f"{unusable}; the certificate that was read before stays in use")
            return replace(known, seen=seen)

    def _use(self) -> None:
        usable = [(each.context, each.names) for each in self._certificates.values() if each.context is not None]
        by_name: dict[str, ssl.SSLContext] = {}
        for context, names in usable:
            for name in names:
                by_name.setdefault(name, context)
        self._by_name, self._first = by_name, usable[0][0] if usable else None

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
        """Sets the certificate of a handshake; a TLS alert when there is none."""
        context = self._context_for(name)
        if context is None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = context
        return None

    def _context_for(self, name: str | None) -> ssl.SSLContext | None:
        if name is None:
            return self._first
        name = name.lower().rstrip(".")
        wildcard = "*." + name.partition(".")[2]
        return self._by_name.get(name) or self._by_name.get(wildcard) or self._first


def _certificate_of(files: CertificateFiles, seen: tuple[int | None, int | None]) -> _Certificate:
    """Raises CertificateUnusable."""
    chain, _ = _content(files.chain), _content(files.key)
    try:
        names = certificate_names(chain)
    except ValueError as exc:
        raise CertificateUnusable(f"{files.chain} holds no certificate in PEM that can be read") from exc
    context = _new_context()
    try:
        context.load_cert_chain(os.fspath(files.chain), os.fspath(files.key), password=_no_passphrase)
    except _PassphraseNeeded as exc:
        raise CertificateUnusable(f"{files.key} needs a passphrase; write the key without one") from exc
    except ssl.SSLError as exc:
        if exc.reason == "KEY_VALUES_MISMATCH":
            raise CertificateUnusable(f"{files.key} is not the key of the certificate in {files.chain}") from exc
        if b"PRIVATE KEY" not in _content(files.key):
            raise CertificateUnusable(f"{files.key} holds no private key in PEM") from exc
        raise CertificateUnusable(f"{files.chain} and {files.key} cannot be used together: {exc}") from exc
    return _Certificate(seen, context, tuple(names))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise CertificateUnusable(f"{path} cannot be read: {exc.strerror}") from exc


def _changed_at_ns(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


class _PassphraseNeeded(Exception):
    pass


def _no_passphrase() -> str:
    """OpenSSL would ask for it at the terminal, and the server would wait."""
    raise _PassphraseNeeded


def certificate_names(pem: bytes) -> list[str]:
    """The DNS names of the first certificate, lower-case; a wildcard as `*.example.org` (RFC 9525 §6.3)."""
    certificate = x509.load_pem_x509_certificates(pem)[0]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]


def _new_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client may make us repeat the costly half of the handshake at will otherwise.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(list(ALPN_PROTOCOLS))
    return context
