"""What stands before every page of the console: the names it answers to, who may act, and the headers of safety."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calotype.console.hosts import ConsoleHosts, may_act, site_of

FOREIGN_HOST = (
    "The console does not answer to this host name. Open it by its own address, "
    "or set public_url to the address it has behind a proxy.\n"
)
FOREIGN_ORIGIN = (
    "This request comes from another site's page, so the console does nothing. "
    "If it came through a proxy of yours, let the proxy pass the Host header on unchanged.\n"
)

# Scope entries that handlers read: the origin of this request's pages, and the site's address as seen from there.
OWN_ORIGIN = "calotype.origin"
SITE = "calotype.site"


class Guard:
    """Wraps the console's pages; refuses foreign hosts (421) and foreign origins of unsafe requests (403)."""

    def __init__(self, app: ASGIApp, hosts: ConsoleHosts, *, site_url: str | None, edge_port: int) -> None:
        self._app = app
        self._hosts = hosts
        self._site_url = site_url
        self._edge_port = edge_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        own_origin = self._hosts.origin_of(only(headers.getlist("host")), scope.get("server"))
        if own_origin is None:
            await refuse(421, FOREIGN_HOST, scope, receive, send)
            return
        if not may_act(scope["method"], only(headers.getlist("origin")), own_origin):
            await refuse(403, FOREIGN_ORIGIN, scope, receive, send)
            return
        site = site_of(self._site_url, own_origin, self._edge_port)
        scope[OWN_ORIGIN], scope[SITE] = own_origin, site
        await self._app(scope, receive, with_headers(send, safety_headers(site)))


async def refuse(status: int, text: str, scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(text, status)(scope, receive, with_headers(send, safety_headers(None)))


def with_headers(send: Send, fields: dict[str, str]) -> Send:
    """A `send` that adds these fields to the answer, where it has none of the name."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in fields.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


def safety_headers(site: str | None) -> dict[str, str]:
    """Fields of every answer. Pictures and films may come from the site; scripts and styles from here alone.

    The referrer policy is `same-origin`, not `no-referrer`: under the latter browsers send `Origin: null` with the
    sign-in form, which could not be told from a foreign page's. No other origin gets a referrer under either.
    """
    pictures = "'none'" if site is None else f"'self' {origin_of_url(site)}"
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": pictures,
        "media-src": pictures,
        "connect-src": "'self'" if site is None else f"'self' {origin_of_url(site)}",  # to see what the edge has
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{directive} {sources}" for directive, sources in policy.items()),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cache-control": "no-store",
    }


def origin_of_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def only(values: list[str]) -> str | None:
    """The one value of a field; None when it is absent or, as no browser does, repeated."""
    return values[0] if len(values) == 1 else None
