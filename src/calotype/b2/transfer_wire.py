"""Uploads and downloads read from requests and written as paths, header fields and queries (b2.md §3.1, §4.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from calotype.b2 import names
from calotype.b2.encryption import encryption_headers, encryption_of
from calotype.b2.errors import BadRequest
from calotype.b2.file_lock import LEGAL_HOLD_HEADER, file_retention_of, legal_hold_of, lock_headers
from calotype.b2.parameters import json_object, query_pairs
from calotype.b2.transfers import (
    AUTO_CONTENT_TYPE,
    DO_NOT_VERIFY,
    HEX_DIGITS_AT_END,
    OVERRIDE_HEADERS,
    SHA1_HEX_LENGTH,
    Download,
    DownloadFileById,
    DownloadFileByName,
    UploadFile,
    UploadPart,
)
from calotype.http.message import Headers, Request
from calotype.http.percent import InvalidPercentEncoding, decode, encode_b2, encode_s3

FILE_PATH = "/file/"

_INFO_HEADER = "x-bz-info-"
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")


def read_upload(rest: str, request: Request) -> UploadFile:
    """The upload that the headers describe; `rest` is what the path has behind the call."""
    headers = request.headers
    name = names.file_name(clear_text(required(headers, "X-Bz-File-Name"), "X-Bz-File-Name"))
    length = body_length(request)
    legal_hold = headers.get(LEGAL_HOLD_HEADER.lower())
    legal_hold_of(legal_hold)
    return UploadFile(
        bucket_id=rest,
        file_name=name,
        content_type=headers.get("content-type") or AUTO_CONTENT_TYPE,
        content_sha1=content_sha1(required(headers, "X-Bz-Content-Sha1"), length),
        content_length=length,
        info=names.file_info(info_of(headers), name=name),
        custom_upload_timestamp=timestamp(headers, "X-Bz-Custom-Upload-Timestamp"),
        encryption=encryption_of(headers),
        file_retention=file_retention_of(headers),
        legal_hold=legal_hold,
    )


def read_part_upload(rest: str, request: Request) -> UploadPart:
    """The part that the headers describe. What follows the file id in the path is the server's own and says nothing."""
    headers = request.headers
    length = body_length(request)
    return UploadPart(
        file_id=rest.partition("/")[0],
        part_number=part_number(required(headers, "X-Bz-Part-Number")),
        content_sha1=content_sha1(required(headers, "X-Bz-Content-Sha1"), length),
        content_length=length,
        encryption=encryption_of(headers),
    )


def part_number(value: str) -> int:
    number = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 0
    return names.part_number(number)


def body_length(request: Request) -> int:
    if request.content_length is None or "content-length" not in request.headers:
        raise BadRequest("Missing header: Content-Length; chunked uploads are not accepted")
    return request.content_length


def info_of(headers: Headers) -> dict[str, str]:
    return {
        name[len(_INFO_HEADER) :]: clear_text(value, name) for name, value in headers if name.startswith(_INFO_HEADER)
    }


def content_sha1(value: str, content_length: int) -> str:
    if value == HEX_DIGITS_AT_END:
        if content_length < SHA1_HEX_LENGTH:
            raise BadRequest(f"X-Bz-Content-Sha1 is {HEX_DIGITS_AT_END}, but the body is shorter than a digest")
        return value
    if value == DO_NOT_VERIFY:
        return value
    if not _SHA1.fullmatch(value):
        raise BadRequest(
            f"Invalid X-Bz-Content-Sha1: {value!r} is not 40 hex digits, {HEX_DIGITS_AT_END} or {DO_NOT_VERIFY}"
        )
    return value.lower()


def timestamp(headers: Headers, name: str) -> int | None:
    value = headers.get(name.lower())
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise BadRequest(f"Invalid {name}: {value!r} is not milliseconds since the epoch")
    return int(value)


def required(headers: Headers, name: str) -> str:
    value = headers.get(name.lower())
    if not value:
        raise BadRequest(f"Missing header: {name}")
    return value


def clear_text(encoded: str, subject: str) -> str:
    """Percent-decoded text, `+` read as a space (b2.md §3.3)."""
    try:
        return decode(encoded, plus_is_space=True, strict=True).decode()
    except InvalidPercentEncoding as exc:
        raise BadRequest(f"{subject} is not percent-encoded properly: {encoded!r}") from exc
    except UnicodeDecodeError as exc:
        raise BadRequest(f"{subject} is not valid UTF-8: {encoded!r}") from exc


def read_download_by_id(request: Request, body: bytes) -> DownloadFileById:
    parameters = dict(query_pairs(request))
    if body.strip():
        parameters.update({name: value for name, value in json_object(body).items() if isinstance(value, str)})
    if "fileId" not in parameters:
        raise BadRequest("required field fileId is missing")
    return DownloadFileById(
        file_id=parameters["fileId"],
        overrides=overrides(parameters),
        query_authorization=parameters.get("Authorization"),
        encryption=encryption_of(request.headers),
    )


def read_download_by_name(rest: str, request: Request) -> DownloadFileByName:
    bucket, _, name = rest.partition("/")
    parameters = dict(query_pairs(request))
    return DownloadFileByName(
        bucket_name=clear_text(bucket, "The bucket name"),
        file_name=clear_text(name, "The file name"),
        overrides=overrides(parameters),
        query_authorization=parameters.get("Authorization"),
        encryption=encryption_of(request.headers),
    )


def overrides(parameters: Mapping[str, str]) -> dict[str, str]:
    found = {name: parameters[name] for name in OVERRIDE_HEADERS if name in parameters}
    return {name: names.without_control_characters(value, name) for name, value in found.items()}


def upload_path(operation: UploadFile | UploadPart) -> str:
    """What the path has behind the call."""
    return operation.bucket_id if isinstance(operation, UploadFile) else operation.file_id


def upload_headers(operation: UploadFile | UploadPart) -> list[tuple[str, str]]:
    headers = [
        ("content-length", str(operation.content_length)),
        ("x-bz-content-sha1", operation.content_sha1),
        *encryption_headers(operation.encryption),
    ]
    if isinstance(operation, UploadPart):
        return [*headers, ("x-bz-part-number", str(operation.part_number))]
    return [*headers, *file_headers(operation)]


def file_headers(operation: UploadFile) -> list[tuple[str, str]]:
    headers = [
        ("x-bz-file-name", encode_b2(operation.file_name.encode())),
        ("content-type", operation.content_type),
        *((_INFO_HEADER + key, encode_b2(value.encode())) for key, value in operation.info.items()),
        *lock_headers(operation.file_retention, operation.legal_hold),
    ]
    if operation.custom_upload_timestamp is not None:
        headers.append(("x-bz-custom-upload-timestamp", str(operation.custom_upload_timestamp)))
    return headers


def download_path(operation: DownloadFileByName) -> str:
    bucket = encode_s3(operation.bucket_name.encode(), keep_slash=False)
    return f"{FILE_PATH}{bucket}/{encode_b2(operation.file_name.encode())}"


def download_query(operation: Download) -> str:
    parameters = dict(operation.overrides)
    if isinstance(operation, DownloadFileById):
        parameters = {"fileId": operation.file_id, **parameters}
    if operation.query_authorization is not None:
        parameters["Authorization"] = operation.query_authorization
    pairs = [f"{name}={encode_s3(value.encode(), keep_slash=False)}" for name, value in parameters.items()]
    return "?" + "&".join(pairs) if pairs else ""
