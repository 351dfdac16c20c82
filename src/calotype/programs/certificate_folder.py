"""The folders of certificates: whether a listener would have any, and what its server is given."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from calotype.serve.tls import CertificateFiles
from calotype.site.loading import CERTIFICATES_OF, LoadedSite, setting_at


@dataclass(frozen=True, slots=True)
class CertificateFolder:
    """The NAME.crt and NAME.key pairs of a folder, by name, as they are each time they are gone through."""

    path: Path

    def __iter__(self) -> Iterator[CertificateFiles]:
        for chain in sorted(self.path.glob("*.crt")):
            yield CertificateFiles(chain, chain.with_suffix(".key"))


def require_certificate_folders(
    folder: Path, loaded: LoadedSite, listeners: Collection[str] = tuple(CERTIFICATES_OF)
) -> None:
    """Raises `SettingsError`, which points at the setting, when a TLS listener would have nothing to show.

    `folder` is the data folder; `listeners` are paths of settings, such as `listen.tls`.
    """
    for listener, setting in CERTIFICATES_OF.items():
        if listener in listeners and setting_at(listener).value_in(loaded.site) is not None:
            _require_certificates(folder, loaded, listener, setting)


def _require_certificates(folder: Path, loaded: LoadedSite, listener: str, setting: str) -> None:
    certificates = folder / setting_at(setting).value_in(loaded.site)
    if not certificates.is_dir():
        why = f"there is no folder {certificates}"
    elif not list(certificates.glob("*.crt")):
        why = f"there is no .crt file in {certificates}"
    else:
        return
    raise loaded.unusable(setting, why, f"a folder of NAME.crt and NAME.key pairs, for {listener}")
