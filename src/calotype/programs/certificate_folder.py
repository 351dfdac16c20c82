"""Whether the folder of certificates has any, asked before anything starts."""

from __future__ import annotations

from pathlib import Path

from calotype.site.loading import LoadedSite


def require_certificate_folder(folder: Path, loaded: LoadedSite) -> None:
    """Raises `SettingsError`, which points at the setting, when the TLS listener would have nothing to show."""
    if loaded.site.listen.tls is None:
        return
    certificates = folder / loaded.site.edge.certificates
    if not certificates.is_dir():
        why = f"there is no folder {certificates}"
    elif not list(certificates.glob("*.crt")):
        why = f"there is no .crt file in {certificates}"
    else:
        return
    raise loaded.unusable("edge.certificates", why, "a folder of NAME.crt and NAME.key pairs, for listen.tls")
