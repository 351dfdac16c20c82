"""What pages of other origins may do over S3: preflights, and the headers that let a page read an answer (s3.md §7).

A preflight is signed by nobody, asks nothing of the bucket but its rules, and counts in no ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calotype.http.cors import (
    ANY,
    Preflight,
    allowed_origin,
    matching_rule,
    origin_matches,
    preflight_headers,
    read_preflight,
    response_headers,
    wildcard_matches,
)
from calotype.http.message import Headers, Request, Response
from calotype.s3.addressing import Address
from calotype.s3.configuration.cors import METHODS, methods_of, operation_of, shown
from calotype.s3.errors import AccessForbidden, BadRequest, NoSuchBucket
from calotype.store.errors import NoSuchBucket as NoBucketOfThatName
from calotype.store.model import CorsRule
from calotype.store.store import Store

VARY = ("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")


async def answer_preflight(store: Store, address: Address, request: Request) -> Response:
    """What the browser is to allow the page; raises BadRequest, NoSuchBucket, AccessForbidden."""
    preflight = checked_preflight(request.headers)
    rules = await rules_of(store, address)
    if rules is None:
        raise NoSuchBucket(BucketName=address.bucket or "")
    if not rules:
        raise forbidden("CORS is not enabled for this bucket.", preflight, address)
    rule = rule_for(rules, preflight.origin, preflight.method, preflight.headers)
    if rule is None:
        raise forbidden(
            "This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
            "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's "
            "CORS spec.",
            preflight,
            address,
        )
    told = preflight_headers(rule, preflight, methods_of(rule))
    return Response(200, Headers([*told, *credentials_headers(rule, preflight.origin), VARY]))


def checked_preflight(headers: Headers) -> Preflight:
    preflight = read_preflight(headers)
    if preflight is None and not headers.get("origin"):
        raise BadRequest("Insufficient information. Origin request header needed.")
    if preflight is None or preflight.method not in METHODS:
        method = headers.get("access-control-request-method")
        raise BadRequest(f"Invalid Access-Control-Request-Method: {method or 'null'}")
    return preflight


def forbidden(message: str, preflight: Preflight, address: Address) -> AccessForbidden:
    kind = "BUCKET" if address.key is None else "OBJECT"
    return AccessForbidden(f"CORSResponse: {message}", headers=(VARY,), Method=preflight.method, ResourceType=kind)


async def opened_to_page(store: Store, address: Address, request: Request, response: Response) -> Response:
    """The response, an error as well, with the headers that a rule of the bucket gives the page that asked.

    A cache must not hand one page what was answered to another, so Vary is there whoever asks. A request that says by
    Access-Control-Request-Method what it stands for, which no browser does outside a preflight, is taken at its word.
    """
    rules = await rules_of(store, address)
    if not rules:
        return response
    response.headers = response.headers.add(*VARY)
    origin = request.headers.get("origin")
    method = request.headers.get("access-control-request-method") or request.method
    rule = None if origin is None else rule_for(rules, origin, method)
    if origin is not None and rule is not None:
        response.headers = response.headers.merge(page_headers(rule, origin))
    return response


def page_headers(rule: CorsRule, origin: str) -> Iterator[tuple[str, str]]:
    yield from response_headers(rule, origin)
    yield "access-control-allow-methods", ", ".join(methods_of(rule))
    if rule.max_age_s is not None:
        yield "access-control-max-age", str(rule.max_age_s)
    yield from credentials_headers(rule, origin)


def credentials_headers(rule: CorsRule, origin: str) -> Iterator[tuple[str, str]]:
    """Browsers refuse credentials with a rule for every origin."""
    if allowed_origin(rule, origin) != ANY:
        yield "access-control-allow-credentials", "true"


def rule_for(rules: Sequence[CorsRule], origin: str, method: str, headers: Sequence[str] = ()) -> CorsRule | None:
    """The first rule that allows it."""
    return matching_rule(
        rules, origin=origin, operations=(operation_of(method),), headers=headers, covers=covers_origin
    )


def covers_origin(pattern: str, origin: str) -> bool:
    """S3's patterns have one `*` anywhere; those of B2 go by scheme, host and port."""
    return wildcard_matches(pattern, origin) or origin_matches(pattern, origin)


async def rules_of(store: Store, address: Address) -> tuple[CorsRule, ...] | None:
    """The bucket's rules on S3's operations, None where there is no such bucket."""
    if address.bucket is None:
        return ()
    try:
        bucket = await store.bucket(address.bucket)
    except NoBucketOfThatName:
        return None
    return shown(bucket.settings.cors_rules) if bucket.settings.cors_rules else ()
