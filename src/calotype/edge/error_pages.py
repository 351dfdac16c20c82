"""Answers the edge makes itself when it has none from the origin: small pages, no details of the inside (§6.3)."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from calotype.http.message import Headers, Response


class EdgeError(Exception):
    """Why the edge answers instead of the origin. `code` is the 1xxx code shown in the page, 0 when there is none."""

    def __init__(self, status: int, title: str, explanation: str, code: int = 0) -> None:
        super().__init__(f"{status} {title}: {explanation}")
        self.status = status
        self.title = title
        self.explanation = explanation
        self.code = code


_STATUS_TITLES = {
    520: "The origin gave an unreadable answer",
    521: "The origin refuses connections",
    522: "The origin does not answer the connection",
    523: "The origin cannot be reached",
    524: "The origin took too long",
    525: "The TLS handshake with the origin failed",
    526: "The origin's certificate is not valid",
    530: "The origin's name does not resolve",
}


def error_response(error: EdgeError, *, ray: str) -> Response:
    """The page for a browser; never to be cached."""
    number = f"Error {error.code}" if error.code else f"Error {error.status}"
    title = escape(error.title)
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{number}: {title}</title>'
        '<meta name="viewport" content="width=device-width"><style>body{font:1rem/1.5 system-ui,sans-serif;'
        "max-width:36rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}small{opacity:.7}</style></head>"
        f"<body><h1>{title}</h1><p>{escape(error.explanation)}</p><small>{number} · Ray {escape(ray)}</small>"
        "</body></html>\n"
    )
    headers = Headers(
        [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ]
    )
    return Response(error.status, headers, page.encode())


def origin_error(status: int, explanation: str) -> EdgeError:
    """An error of the origin's side: 52x in a zone, 502 or 504 by the RFC."""
    title = _STATUS_TITLES.get(status) or HTTPStatus(status).phrase
    return EdgeError(status, title, explanation)


def unknown_host(host: str) -> EdgeError:
    return EdgeError(
        409,
        "This host is not served here",
        f"No zone of this edge knows the host {host!r}. Add a proxied DNS record for it, or a catch-all zone.",
        1001,
    )
