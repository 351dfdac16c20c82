"""What pages of other origins may do: preflights, and the headers that let a page read an answer (b2.md §4.5, §6.3).

Downloads and uploads only; every other call has a token in its hands that belongs in no browser. Which bucket's rules
count is read from the address alone, since a preflight brings no token and no body.
"""

from __future__ import annotations

from collections.abc import Sequence

from calotype.b2.errors import CorsRefused
from calotype.b2.transfers import DownloadFileById, DownloadFileByName, UploadFile, UploadPart
from calotype.b2.wire import Target, methods_of
from calotype.http.cors import Preflight, matching_rule, preflight_headers, response_headers
from calotype.http.message import Headers, Request, Response
from calotype.http.percent import decode
from calotype.store.errors import NoSuchBucket
from calotype.store.ids import bucket_of_version
from calotype.store.model import Bucket, CorsRule
from calotype.store.store import Store

VARY_OF_PREFLIGHT = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


async def answer_preflight(store: Store, target: Target, request: Request, preflight: Preflight) -> Response:
    """What the browser is to allow the page, or that it is nothing."""
    methods = methods_of(target.call)
    rules = await rules_for(store, target, request) if preflight.method in methods else []
    rule = matching_rule(rules, origin=preflight.origin, operations=(target.call,), headers=preflight.headers)
    if rule is None:
        return CorsRefused(headers=(("vary", VARY_OF_PREFLIGHT),)).to_response()
    return Response(200, Headers([*preflight_headers(rule, preflight, methods), ("vary", VARY_OF_PREFLIGHT)]))


async def opened_to_page(store: Store, target: Target, request: Request, response: Response) -> Response:
    """The response, with the headers that a rule of the bucket gives the page that asked; errors are told to it too.

    A cache must not hand one page what was answered to another, so Vary is there whoever asks.
    """
    rules = await rules_for(store, target, request)
    if not rules:
        return response
    response.headers = response.headers.add("vary", "Origin")
    origin = request.headers.get("origin")
    if origin is not None:
        rule = matching_rule(rules, origin=origin, operations=(target.call,))
        response.headers = response.headers.merge(response_headers(rule, origin))
    return response


async def rules_for(store: Store, target: Target, request: Request) -> Sequence[CorsRule]:
    """The rules of the bucket that speak of the call, in order."""
    bucket = await bucket_of(store, target, request)
    if bucket is None:
        return ()
    return [rule for rule in bucket.settings.cors_rules if target.call in rule.allowed_operations]


async def bucket_of(store: Store, target: Target, request: Request) -> Bucket | None:
    """The bucket that a download or an upload is about; None for other calls, and where there is none."""
    try:
        if target.call == DownloadFileByName.call:
            return await store.bucket(decode(first_segment(target), plus_is_space=True).decode(errors="replace"))
        bucket_id = bucket_id_of(target, request)
        return None if bucket_id is None else await store.bucket_by_id(bucket_id)
    except NoSuchBucket:
        return None


def bucket_id_of(target: Target, request: Request) -> str | None:
    """The bucket's id out of an upload's path or a download's file id."""
    match target.call:
        case DownloadFileById.call:
            return bucket_of_version(next((value for name, value in request.parameters if name == "fileId"), ""))
        case UploadFile.call:
            return first_segment(target)
        case UploadPart.call:
            return bucket_of_version(first_segment(target))
    return None


def first_segment(target: Target) -> str:
    return target.rest.partition("/")[0]
