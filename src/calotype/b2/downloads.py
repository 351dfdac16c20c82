"""Downloads by name and by id: which version, may the caller have it, and with which headers (b2.md §4).

Unlike B2 itself we send validators of our own, `ETag` and `Last-Modified`, and honour conditional requests, so that
a cache before us can revalidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calotype.auth.authorize import Resource
from calotype.b2.call import Call
from calotype.b2.credentials import TOKEN_NEEDED
from calotype.b2.encryption import ALGORITHM, CUSTOMER_ALGORITHM_HEADER, CUSTOMER_KEY_MD5_HEADER
from calotype.b2.encryption import HEADER as ENCRYPTION_HEADER
from calotype.b2.encryption_key import customer_key
from calotype.b2.errors import BadRequest, NotFound, PreconditionFailed, RangeNotSatisfiable, Unauthorized
from calotype.b2.file_calls import well_formed
from calotype.b2.file_lock import LEGAL_HOLD_HEADER, RETAIN_UNTIL_HEADER, RETENTION_MODE_HEADER
from calotype.b2.objects import content_sha1, has_customer_key, header_value, legal_hold_text
from calotype.b2.replication import replication_status
from calotype.b2.transfers import OVERRIDE_HEADERS, Download, DownloadFileById, DownloadFileByName
from calotype.http.conditional import Outcome, Validators, evaluate, if_range_allows, not_modified_headers
from calotype.http.content_types import user_content_headers
from calotype.http.http_date import format_http_date
from calotype.http.message import Headers, Response
from calotype.http.percent import encode_b2
from calotype.http.ranges import UNSATISFIABLE, content_range, parse_range, resolve, unsatisfied_range
from calotype.store.counted_body import counted_body
from calotype.store.encryption import CustomerKey
from calotype.store.errors import NoSuchBucket, NoSuchKey, NoSuchVersion
from calotype.store.model import Action, Bucket, EncryptionScheme, FileVersion, ServerSideEncryption

# ShareX leaves the bucket out of its links when its bucket name is not filled in (uploaders.md §1.6).
ADDRESS_OF_A_FILE = "The address of a file is /file/BUCKET/NAME; in ShareX, fill in the bucket name or a custom URL."
PRIVATE_CACHE_CONTROL = "max-age=0, no-cache, no-store"


async def download_by_name(call: Call, asked: DownloadFileByName) -> Response:
    bucket = await bucket_of_name(call, asked.bucket_name)
    file = await readable(call, bucket, asked.file_name.encode())
    return await respond(call, bucket, file, asked)


async def download_by_id(call: Call, asked: DownloadFileById) -> Response:
    try:
        file = await call.store.version(well_formed(asked.file_id))
    except NoSuchVersion as exc:
        raise NotFound("File is not in B2 Cloud Storage.") from exc
    bucket = await call.store.bucket_by_id(file.bucket_id)
    charge(call, bucket)
    allow_reading(call, bucket, file.key, file)
    if file.action is not Action.UPLOAD:
        raise NotFound("File is not in B2 Cloud Storage.")
    return await respond(call, bucket, file, asked)


async def bucket_of_name(call: Call, name: str) -> Bucket:
    try:
        bucket = await call.store.bucket(name)
    except NoSuchBucket as exc:
        raise NotFound(f"Bucket does not exist: {name}. {ADDRESS_OF_A_FILE}") from exc
    charge(call, bucket)
    return bucket


def charge(call: Call, bucket: Bucket) -> None:
    """Whoever reads, the bucket's owner is charged."""
    call.owner_account_id, call.bucket_name = bucket.account_id, bucket.name


async def readable(call: Call, bucket: Bucket, key: bytes) -> FileVersion:
    """The visible version of the name, which the caller may read; raises Unauthorized before NotFound.

    Where nothing has the exact name, leading slashes are left out and it is tried again: a widely copied Worker asks
    for `/file/<bucket>//<name>` (b2.md §3.5).
    """
    bare = key.lstrip(b"/")
    try:
        file = await call.store.latest(bucket.bucket_id, key)
    except NoSuchKey as exc:
        if exc.marker is None and bare not in (key, b""):
            return await readable(call, bucket, bare)
        allow_reading(call, bucket, key, None)
        raise NotFound("File with such name does not exist.") from exc
    allow_reading(call, bucket, key, file)
    return file


def allow_reading(call: Call, bucket: Bucket, key: bytes, file: FileVersion | None) -> None:
    """Returns when the caller may read the file, or hear that it is not there; raises Unauthorized, CapExceeded."""
    if call.anybody_reads(call.request, bucket, key, file, call.now_ms):
        call.begin()
    else:
        call.check("readFiles", Resource(bucket.account_id, bucket.bucket_id, key))


async def respond(call: Call, bucket: Bucket, file: FileVersion, asked: Download) -> Response:
    """The answer for a version that the caller may read: 200, 206, 304, or an error by key, condition or range."""
    check_overrides(call, asked.overrides)
    key = customer_key(asked.encryption)
    call.store.check_customer_key(file, key)
    headers = Headers(download_headers(call, bucket, file, asked.overrides))
    request = call.request
    validators = Validators(headers.get("etag"), file.uploaded_at_ms // 1000)
    match evaluate(request.method, request.headers, validators):
        case Outcome.NOT_MODIFIED:
            return Response(304, not_modified_headers(headers))
        case Outcome.PRECONDITION_FAILED:
            raise PreconditionFailed
    span = asked_span(call, file, validators)
    if span is None:
        return await response(call, file, 200, headers, (0, file.length), key)
    headers = headers.add("content-range", content_range(*span, file.length))
    return await response(call, file, 206, headers, span, key)


def check_overrides(call: Call, overrides: Mapping[str, str]) -> None:
    """Overriding a header needs an authorization, and a token made with overrides needs the same ones repeated."""
    if overrides and call.grant.principal.is_anonymous:
        raise Unauthorized(TOKEN_NEEDED)
    if any(overrides.get(name) != value for name, value in call.grant.overrides.items()):
        raise Unauthorized


def asked_span(call: Call, file: FileVersion, validators: Validators) -> tuple[int, int] | None:
    """The part of the file that was asked for, or None for all of it: one range at a time, GET only (b2.md §4.3).

    A range of bytes that makes no sense is refused (b2.md §4.4), where HTTP would let it pass.
    """
    request = call.request
    asked = request.headers.get("range")
    if asked is None or request.method == "HEAD" or not if_range_allows(request.headers, validators):
        return None
    ranges = parse_range(asked)
    if ranges is None:
        if asked.lower().startswith("bytes"):
            raise BadRequest(f"Invalid Range: {asked!r}")
        return None
    spans = resolve(ranges, file.length)
    if spans is UNSATISFIABLE:
        raise RangeNotSatisfiable(headers=(("content-range", unsatisfied_range(file.length)),))
    return spans[0] if len(spans) == 1 else None


async def response(
    call: Call, file: FileVersion, status: int, headers: Headers, span: tuple[int, int], key: CustomerKey | None
) -> Response:
    length = span[1] - span[0]
    headers = headers.add("content-length", str(length))
    if call.request.method == "HEAD":
        return Response(status, headers)
    body = await counted_body(call.store, file, span, lambda sent: call.count(bytes_out=sent), key)
    call.counts_itself = True
    return Response(status, headers, body)


def download_headers(
    call: Call, bucket: Bucket, file: FileVersion, overrides: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Everything but length and range (b2.md §4.2)."""
    named = named_headers(call, bucket, file, overrides)
    return [
        *named.items(),
        *user_content_headers(named["content-type"]),
        ("accept-ranges", "bytes"),
        ("etag", f'"{file.etag}"'),
        ("last-modified", format_http_date(file.uploaded_at_ms // 1000)),
        ("x-bz-file-name", encode_b2(file.key)),
        ("x-bz-file-id", file.version_id),
        ("x-bz-content-sha1", content_sha1(file)),
        ("x-bz-upload-timestamp", str(file.uploaded_at_ms)),
        *((f"x-bz-info-{key}", encode_b2(value.encode())) for key, value in file.info.items()),
        *protection_headers(call, bucket, file),
    ]


def protection_headers(call: Call, bucket: Bucket, file: FileVersion) -> Iterator[tuple[str, str]]:
    """How the file is encrypted, locked and replicated, and what of it the caller may not know."""
    yield from encryption_headers(file)
    unreadable: list[str] = []
    for capability, fields in lock_fields(file):
        if capability in call.capabilities:
            yield from ((name.lower(), value) for name, value in fields.items() if value)
        else:
            unreadable += fields
    if unreadable and (bucket.settings.file_lock_enabled or not call.grant.principal.is_anonymous):
        yield "x-bz-client-unauthorized-to-read", ",".join(unreadable)
    if status := replication_status(bucket.settings, file):
        yield "x-bz-replication-status", status


def lock_fields(file: FileVersion) -> tuple[tuple[str, dict[str, str]], ...]:
    """Capability, and the fields that it lets read; a field without a value is not set."""
    retention = file.retention
    until = {
        RETENTION_MODE_HEADER: retention.mode.value if retention else "",
        RETAIN_UNTIL_HEADER: str(retention.until_ms) if retention else "",
    }
    hold = {LEGAL_HOLD_HEADER: legal_hold_text(file.legal_hold) or ""}
    return ("readFileRetentions", until), ("readFileLegalHolds", hold)


def encryption_headers(file: FileVersion) -> list[tuple[str, str]]:
    match file.encryption:
        case None:
            return []
        case ServerSideEncryption(scheme=EncryptionScheme.SERVER_KEY):
            return [(ENCRYPTION_HEADER, ALGORITHM)]
        case ServerSideEncryption(customer_key_md5=md5):
            return [(CUSTOMER_ALGORITHM_HEADER, ALGORITHM), (CUSTOMER_KEY_MD5_HEADER, md5)]


def named_headers(call: Call, bucket: Bucket, file: FileVersion, overrides: Mapping[str, str]) -> dict[str, str]:
    """The fields that an override, the file or the bucket may give, in this order of precedence."""
    named = {"content-type": file.content_type, **file.headers}
    named |= {OVERRIDE_HEADERS[name]: header_value(value) for name, value in overrides.items()}
    if "cache-control" not in named and (default := default_cache_control(call, bucket, file)):
        named["cache-control"] = default
    return named


def default_cache_control(call: Call, bucket: Bucket, file: FileVersion) -> str | None:
    """The bucket info `Cache-Control` in any letter case, else nothing for public files and no storing for others."""
    for name, value in bucket.info.items():
        if name.lower() == "cache-control":
            return header_value(value)
    is_private = not bucket.is_public or not call.grant.principal.is_anonymous or has_customer_key(file)
    return PRIVATE_CACHE_CONTROL if is_private else None
