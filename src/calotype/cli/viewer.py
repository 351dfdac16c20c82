"""The site as a viewer sees it, asked from this machine."""

from __future__ import annotations

from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from calotype.cli.http import http_client


class Viewer:
    """Asks for links of the site. With `edge_url` it connects there and names the link's host in the Host field."""

    def __init__(self, site_url: str, edge_url: str | None) -> None:
        self._edge_url = edge_url
        self._http = http_client(edge_url or site_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def look(self, url: str) -> tuple[int, int | None, str | None]:
        """(status, length, ETag unquoted) of a HEAD request; status 0 when nothing answers."""
        try:
            response = self._request("HEAD", url)
        except httpx.HTTPError:
            return 0, None, None
        length = response.headers.get("content-length")
        etag = response.headers.get("etag", "").removeprefix("W/").strip('"') or None
        return response.status_code, int(length) if length is not None else None, etag

    def get(self, url: str) -> httpx.Response:
        """The whole answer; raises `httpx.HTTPError`."""
        return self._request("GET", url)

    def _request(self, method: str, url: str) -> httpx.Response:
        headers = {"accept-encoding": "identity"}
        if self._edge_url is None:
            return self._http.request(method, url, headers=headers)
        parts = urlsplit(url)
        target = self._edge_url + parts.path + (f"?{parts.query}" if parts.query else "")
        return self._http.request(method, target, headers={**headers, "host": parts.netloc})
