"""Signing in and out, and which requests are signed in."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from calotype.console.guard import OWN_ORIGIN
from calotype.console.pages import Pages
from calotype.console.passwords import verify
from calotype.console.sessions import COOKIE, LIFETIME_S, Sessions
from calotype.console.sign_in_attempts import SignInAttempts
from calotype.http.forwarded import client_address

Handler = Callable[[Request], Awaitable[Response]]

# A password and the form's framing; nothing longer is read.
MAX_FORM_BYTES = 4096
WRONG_PASSWORD = "That is not the password."
FORM_TOO_LONG = "That is too long to be the password."


class SignIn:
    """The sign-in page and the check that every other page makes."""

    def __init__(
        self, pages: Pages, sessions: Sessions, password_record: str, *, trusted_proxies: tuple[str, ...] = ()
    ) -> None:
        self._pages = pages
        self._sessions = sessions
        self._password_record = password_record
        self._trusted_proxies = trusted_proxies
        self._attempts = SignInAttempts()
        # Each check takes 16 MiB and a core for a moment: one at a time, whoever asks.
        self._checking = asyncio.Lock()

    def required(self, handler: Handler) -> Handler:
        """The handler, for signed-in requests only: others are sent to the sign-in page, scripts get 401."""

        async def signed_in_only(request: Request) -> Response:
            if self.is_signed_in(request):
                return await handler(request)
            if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
                return RedirectResponse("/sign-in", 303)
            return JSONResponse({"message": "You are signed out. Sign in again to go on."}, 401)

        return signed_in_only

    def is_signed_in(self, request: Request) -> bool:
        return self._sessions.is_open(request.cookies.get(COOKIE), time.time())

    async def show(self, request: Request) -> Response:
        if self.is_signed_in(request):
            return RedirectResponse("/", 303)
        return self._page(request, None, 200)

    async def sign_in(self, request: Request) -> Response:
        address = self._address(request)
        wait_s = self._attempts.wait_s(address, time.monotonic())
        if wait_s > 0:
            return self._too_many(request, math.ceil(wait_s))
        password = await _password_of(request)
        if password is None:
            return self._page(request, FORM_TOO_LONG, 413)
        self._attempts.count(address, time.monotonic())
        if not await self._is_right(password):
            return self._page(request, WRONG_PASSWORD, 403)
        self._attempts.forgive(address)
        response = RedirectResponse("/", 303)
        self._set_cookie(request, response)
        return response

    async def sign_out(self, request: Request) -> Response:
        self._sessions.close(request.cookies.get(COOKIE))
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=_is_https(request))
        return response

    async def _is_right(self, password: str) -> bool:
        async with self._checking:
            return await asyncio.to_thread(verify, password, self._password_record)

    def _set_cookie(self, request: Request, response: Response) -> None:
        response.set_cookie(
            COOKIE,
            self._sessions.open(time.time()),
            max_age=LIFETIME_S,
            path="/",
            httponly=True,
            samesite="strict",
            secure=_is_https(request),
        )

    def _too_many(self, request: Request, wait_s: int) -> Response:
        response = self._page(request, f"Too many tries. Wait {wait_s} seconds and try again.", 429)
        response.headers["retry-after"] = str(wait_s)
        return response

    def _page(self, request: Request, error: str | None, status: int) -> Response:
        return self._pages.render(request, "sign_in.html", status, error=error)

    def _address(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        return client_address(peer, request.headers.getlist("x-forwarded-for"), self._trusted_proxies)


async def _password_of(request: Request) -> str | None:
    """The form's password, empty when it has none; None for a form that is too long to read."""
    form = bytearray()
    async for chunk in request.stream():
        form += chunk
        if len(form) > MAX_FORM_BYTES:
            return None
    fields = parse_qs(form.decode("latin-1"), keep_blank_values=True, max_num_fields=8, errors="replace")
    return fields.get("password", [""])[0]


def _is_https(request: Request) -> bool:
    return str(request.scope[OWN_ORIGIN]).startswith("https:")
