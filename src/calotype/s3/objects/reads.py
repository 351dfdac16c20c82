"""GetObject and HeadObject: which version, may the caller have it, and with which headers (s3.md §5)."""

from __future__ import annotations

from calotype.auth.checksums import HEADERS
from calotype.http.conditional import Outcome, Validators, evaluate, if_range_allows, not_modified_headers
from calotype.http.content_types import user_content_headers
from calotype.http.http_date import format_http_date
from calotype.http.message import Headers, Response
from calotype.http.ranges import UNSATISFIABLE, content_range, parse_range, resolve, unsatisfied_range
from calotype.s3.call import Call
from calotype.s3.configuration.expiration import expiration_headers
from calotype.s3.errors import InvalidPartNumber, InvalidRange, InvalidRequest, PreconditionFailed
from calotype.s3.objects.checksum_plan import type_of
from calotype.s3.objects.description import REDIRECT_HEADER, metadata_to_headers
from calotype.s3.objects.encryption_key import customer_key, told_encryption
from calotype.s3.objects.object_lock import StatedLock
from calotype.s3.objects.object_operations import Conditions, GetObject
from calotype.s3.objects.object_tagging_calls import tags_of
from calotype.s3.objects.object_versions import readable_version, version_id_headers
from calotype.s3.objects.payload import checksum_in
from calotype.store.counted_body import counted_body
from calotype.store.encryption import CustomerKey
from calotype.store.model import Bucket, Digests, FileVersion, Part
from calotype.store.parts import start_of_part


async def get_object(call: Call, asked: GetObject) -> Response:
    bucket = await call.bucket(asked.bucket)
    key = customer_key(call, asked.customer_key)
    version = await readable_version(call, bucket, asked.key, asked.version_id, key)
    if asked.overrides and call.principal.is_anonymous:
        raise InvalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
    headers = Headers([*object_headers(bucket, version, asked), *permitted_headers(call, bucket, version)])
    validators = Validators(headers.get("etag"), version.uploaded_at_ms // 1000)
    conditions = asked.conditions.to_headers()
    if conditions:
        match evaluate("GET", Headers(conditions), validators):
            case Outcome.NOT_MODIFIED:
                return Response(304, not_modified_headers(headers))
            case Outcome.PRECONDITION_FAILED:
                raise precondition_failed(asked.conditions)
    if asked.part_number is not None:
        return await part_response(call, asked, version, headers, key)
    span = asked_span(asked, version, validators)
    if span is None:
        return await content_response(call, version, 200, headers, (0, version.length), key)
    return await span_response(call, version, without_checksum(headers), span, key)


def without_checksum(headers: Headers) -> Headers:
    """The checksum is that of the whole object."""
    return headers.without(*HEADERS.values(), "x-amz-checksum-type")


async def part_response(
    call: Call, asked: GetObject, version: FileVersion, headers: Headers, key: CustomerKey | None
) -> Response:
    """One part of the object, with the number of parts; an object that was not made of parts is its only one."""
    if not version.part_count:
        if asked.part_number != 1:
            raise InvalidPartNumber(ActualPartCount="1", PartNumberRequested=str(asked.part_number))
        return await span_response(call, version, headers, (0, version.length), key)
    part = await part_of(call, asked, version)
    headers = without_checksum(headers).add("x-amz-mp-parts-count", str(version.part_count))
    checksum = version.attributes.get("checksum")
    if asked.wants_checksum and checksum:
        algorithm = checksum["algorithm"]
        headers = headers.merge([*told_checksum(part.digests, algorithm), ("x-amz-checksum-type", type_of(checksum))])
    start = start_of_part(part)
    return await span_response(call, version, headers, (start, start + part.length), key)


async def part_of(call: Call, asked: GetObject, version: FileVersion) -> Part:
    """The part of the number asked for; raises InvalidPartNumber."""
    assert asked.part_number is not None
    found = await call.store.large_files.parts(version, asked.part_number, 1)
    if not found or found[0].part_number != asked.part_number:
        raise InvalidPartNumber(ActualPartCount=str(version.part_count), PartNumberRequested=str(asked.part_number))
    return found[0]


async def span_response(
    call: Call, version: FileVersion, headers: Headers, span: tuple[int, int], key: CustomerKey | None
) -> Response:
    """Partial content; of no bytes at all there is no range to tell."""
    if span[0] == span[1]:
        return await content_response(call, version, 200, headers, span, key)
    headers = headers.add("content-range", content_range(*span, version.length))
    return await content_response(call, version, 206, headers, span, key)


def precondition_failed(conditions: Conditions) -> PreconditionFailed:
    return PreconditionFailed(Condition="If-Match" if conditions.if_match is not None else "If-Unmodified-Since")


def asked_span(asked: GetObject, version: FileVersion, validators: Validators) -> tuple[int, int] | None:
    """The part that was asked for, or None for the whole: several ranges at once are answered whole, as S3 does."""
    ranges = parse_range(asked.range)
    if ranges is None or len(ranges.specs) > 1:
        return None
    if asked.if_range is not None and not if_range_allows(Headers([("if-range", asked.if_range)]), validators):
        return None
    spans = resolve(ranges, version.length)
    if spans is UNSATISFIABLE:
        raise InvalidRange(
            headers=(("content-range", unsatisfied_range(version.length)),),
            RangeRequested=asked.range or "",
            ActualObjectSize=str(version.length),
        )
    return spans[0]


def object_headers(bucket: Bucket, version: FileVersion, asked: GetObject) -> list[tuple[str, str]]:
    """Everything but length and range."""
    named = named_headers(bucket, version, asked)
    return [
        *named.items(),
        *user_content_headers(named["content-type"]),
        ("accept-ranges", "bytes"),
        ("etag", f'"{version.etag}"'),
        ("last-modified", format_http_date(version.uploaded_at_ms // 1000)),
        *version_headers(bucket, version),
        *metadata_to_headers(version.info),
        *attribute_headers(version, asked),
    ]


def named_headers(bucket: Bucket, version: FileVersion, asked: GetObject) -> dict[str, str]:
    """The fields that an override, the object or the bucket may give, in this order of precedence."""
    overrides = {name: wire_text(value) for name, value in asked.overrides.items()}
    named = {"content-type": version.content_type, **version.headers, **overrides}
    default = bucket_cache_control(bucket)
    if default is not None:
        named.setdefault("cache-control", default)
    return named


def wire_text(value: str) -> str:
    """A query's text as a header field: the same bytes, one character each."""
    return value.encode("utf-8", "surrogateescape").decode("latin-1")


def bucket_cache_control(bucket: Bucket) -> str | None:
    """The bucket info `Cache-Control` in any letter case, which B2 gives to every file without its own (b2.md §4.2)."""
    for name, value in bucket.info.items():
        if name.lower() == "cache-control":
            return value.encode().decode("latin-1")
    return None


def version_headers(bucket: Bucket, version: FileVersion) -> list[tuple[str, str]]:
    """The version's id, where the bucket keeps versions, how it is encrypted, and when a rule makes it go."""
    return [*told_encryption(version), *version_id_headers(bucket, version), *expiration_headers(bucket, version)]


def attribute_headers(version: FileVersion, asked: GetObject) -> list[tuple[str, str]]:
    fields = []
    storage_class = version.attributes.get("storage_class")
    if storage_class:
        fields.append(("x-amz-storage-class", str(storage_class)))
    redirect = version.attributes.get("website_redirect")
    if redirect:
        fields.append((REDIRECT_HEADER, str(redirect)))
    if asked.wants_checksum:
        fields += checksum_headers(version)
    return fields


def permitted_headers(call: Call, bucket: Bucket, version: FileVersion) -> list[tuple[str, str]]:
    """What is told of tags and lock, each to those who may ask for it itself."""
    fields = []
    tags, retention, legal_hold = tags_of(version), version.retention, version.legal_hold
    if tags and may(call, "s3:GetObjectTagging", bucket, version):
        fields.append(("x-amz-tagging-count", str(len(tags))))
    if retention is not None and may(call, "s3:GetObjectRetention", bucket, version):
        fields += StatedLock(retention=retention).to_headers()
    if legal_hold is not None and may(call, "s3:GetObjectLegalHold", bucket, version):
        fields += StatedLock(legal_hold=legal_hold).to_headers()
    return fields


def may(call: Call, action: str, bucket: Bucket, version: FileVersion) -> bool:
    return call.denial(action, bucket, version.key, version=version) is None


def checksum_headers(version: FileVersion) -> list[tuple[str, str]]:
    """The checksum that the object was uploaded with."""
    checksum = version.attributes.get("checksum")
    if not checksum:
        return []
    return [(HEADERS[checksum["algorithm"]], checksum["value"]), ("x-amz-checksum-type", type_of(checksum))]


def told_checksum(digests: Digests, algorithm: str | None) -> list[tuple[str, str]]:
    """The checksum of these digests as a header field, where it is known."""
    value = None if algorithm is None else checksum_in(digests, algorithm)
    return [] if algorithm is None or value is None else [(HEADERS[algorithm], value)]


async def content_response(
    call: Call, version: FileVersion, status: int, headers: Headers, span: tuple[int, int], key: CustomerKey | None
) -> Response:
    start, stop = span
    headers = headers.add("content-length", str(stop - start))
    if call.request.method == "HEAD":
        return Response(status, headers)
    body = await counted_body(call.store, version, span, lambda sent: call.count(bytes_out=sent), key)
    call.counts_itself = True
    return Response(status, headers, body)
