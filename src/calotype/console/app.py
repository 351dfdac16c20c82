"""The console as an ASGI application: its parts put together, and its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from calotype.console.advice import Advice
from calotype.console.bucket import Bucket
from calotype.console.costs import Costs
from calotype.console.gallery import Gallery
from calotype.console.guard import Guard
from calotype.console.hosts import console_hosts
from calotype.console.manual import Manual
from calotype.console.pages import Pages
from calotype.console.passwords import load_record
from calotype.console.sessions import Sessions
from calotype.console.settings import ConsoleSettings
from calotype.console.sign_in import SignIn
from calotype.console.static_files import StaticFiles
from calotype.upload.naming import parse_template


def console_app(settings: ConsoleSettings) -> Starlette:
    """The console of one site; its password must have been made (`passwords.ensure_password`)."""
    static_files = StaticFiles.load()
    pages = Pages(static_files, title=settings.title)
    record = load_record(settings.folder)
    sign_in = SignIn(pages, Sessions(settings.folder, record), record, trusted_proxies=settings.trusted_proxies)
    bucket = Bucket.from_settings(settings)
    costs = Costs(pages, settings)
    advice = Advice.from_settings(settings)
    gallery = Gallery(pages, bucket, parse_template(settings.name_template), costs.alerts, advice.recent)
    manual = Manual(pages)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await bucket.close()
        await advice.close()

    return Starlette(
        routes=[
            Route("/", sign_in.required(gallery.show)),
            Route("/pictures", sign_in.required(gallery.older), methods=["GET"]),
            Route("/pictures", sign_in.required(gallery.upload), methods=["POST"]),
            Route("/pictures/delete", sign_in.required(gallery.delete), methods=["POST"]),
            Route("/picture", sign_in.required(gallery.picture), methods=["GET"]),
            Route("/picture", sign_in.required(gallery.replace), methods=["PUT"]),
            Route("/costs", sign_in.required(costs.show), methods=["GET"]),
            Route("/docs", sign_in.required(manual.first)),
            Route("/docs/images/{name}", sign_in.required(manual.image)),
            Route("/docs/{name:path}", sign_in.required(manual.show)),
            Route("/sign-in", sign_in.show, methods=["GET"]),
            Route("/sign-in", sign_in.sign_in, methods=["POST"]),
            Route("/sign-out", sign_in.sign_out, methods=["POST"]),
            Route("/static/{digest}/{name}", static_files.serve),
            Route("/healthz", _healthy),
        ],
        middleware=[
            Middleware(
                Guard,
                hosts=console_hosts(settings.listen, settings.public_url),
                site_url=settings.site_url,
                edge_port=settings.edge_port,
            )
        ],
        lifespan=lifespan,
    )


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok\n")
