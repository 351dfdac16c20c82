"""What an operator can set of the B2 server."""

from __future__ import annotations

import re
from dataclasses import dataclass

from calotype.b2.errors import BadRequest
from calotype.http.message import Request

_HOST = re.compile(r"[A-Za-z0-9._\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class B2Settings:
    """Addresses are `scheme://host[:port]` without a slash at the end; None builds them from each request's Host.

    B2's tools send a file larger than the recommended part in parts of about that size. The absolute minimum holds for
    every part but the last.
    """

    public_url: str | None = None
    download_url: str | None = None  # None: the public URL; an edge's address sends downloads there
    s3_url: str | None = None  # None: the public URL
    recommended_part_size_bytes: int = 100_000_000
    absolute_minimum_part_size_bytes: int = 5_000_000
    account_token_lifetime_s: int = 86_400
    upload_token_lifetime_s: int = 86_400
    plain_http_webhooks: bool = False  # B2 takes https alone
    most_buckets: int | None = 100  # of an account, as B2 has it; None: as many as one likes
    strict: bool = False  # refuse what B2 refuses where we could help: ShareX's null bucketId (uploaders.md §1.8)


def api_url(settings: B2Settings, request: Request) -> str:
    """Where the client shall go on: the configured address, or the one it has come to."""
    if settings.public_url is not None:
        return settings.public_url
    host = request.host or ""
    if not _HOST.fullmatch(host):
        raise BadRequest(f"Invalid Host header: {host!r}")
    return f"{request.scheme}://{host}"
