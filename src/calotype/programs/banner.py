"""What a started site says about itself; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calotype.site.settings import Site


@dataclass(frozen=True, slots=True)
class FirstKey:
    """The key of the first bucket, shown once: the secret itself, or the file that holds it."""

    key_id: str
    application_key: str | None = None
    file: str | None = None


def banner(site: Site, *, command: str, data_option: str, password_file: str | None, first_key: FirstKey | None) -> str:
    """The addresses, the secrets of a first start, and one line to try. No `data_option`: the default folder."""
    access = "private" if site.is_private else "public"
    rows = [
        ("Site", f"{site.url}/"),
        ("Console", f"{site.console_url}/"),
        ("S3 endpoint", f"{site.origin_url}  (region us-east-1, path style)"),
        ("B2 endpoint", f"{site.origin_url}  (bucket {site.bucket}, {access})"),
    ]
    if site.listen.origin_tls is not None:
        rows.append(("Origin, TLS", f"https://{site.listen.origin_tls}  (S3 and B2, by the names of its certificates)"))
    if password_file is not None:
        rows.append(("Password", f"the console's first one is in {password_file}; sign in, then remove the file"))
    lines = ["", *_aligned(rows), "", *_key_lines(site, first_key)]
    run = " ".join(part for part in (command, "upload", data_option, "picture.png") if part)
    lines += [f"  Try:  {run}", *_reach_lines(site), "  Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def _aligned(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows) + 2
    return [f"  {name:<{width}}{value}" for name, value in rows]


def _key_lines(site: Site, first_key: FirstKey | None) -> list[str]:
    if first_key is None:
        return []
    if first_key.application_key is None:
        return [f"  The key of the bucket {site.bucket} is in {first_key.file}; keep it, then remove the file.", ""]
    return [
        f"  The key of the bucket {site.bucket}, shown this once:",
        f"    keyId           {first_key.key_id}",
        f"    applicationKey  {first_key.application_key}",
        "",
    ]


def _reach_lines(site: Site) -> list[str]:
    if not site.listen.origin.is_loopback:
        return []
    return [
        "  The console and the origin answer this machine only. To let uploaders such as ShareX on other machines",
        "  of the home network in, start with --lan.",
    ]
