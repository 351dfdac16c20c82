"""Operations read from requests and written into requests: `parse` and `to_request` are each other's inverse.

A call comes as POST with a JSON body or as GET with a query, whatever its Content-Type says (b2.md §0). `parse`
needs the body only where `has_json_body` says so; an upload's body is the file and stays with the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from calotype.b2 import names
from calotype.b2.errors import BadJson, BadRequest, MethodNotAllowed, MissingFileLock, NotFound, NotImplementedCall
from calotype.b2.operations import NOT_IMPLEMENTED, OPERATIONS, Operation
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
)
from calotype.http.message import Headers, Request
from calotype.http.percent import InvalidPercentEncoding, decode, encode_b2, encode_s3, parse_query

VERSIONS = (1, 2, 3, 4)
LATEST_VERSION = 4

LONGEST_JSON_BYTES = 1_048_576
"""The longest call by far is b2_finish_large_file with 10,000 digests: 430 kB."""

AnyOperation = Operation | UploadFile | Download

_API_PATH = re.compile(r"/b2api/v(\d{1,3})/(\w{1,64})(?:/(.*))?")
_FILE_PATH = "/file/"
_INFO_HEADER = "x-bz-info-"
_LOCK_HEADERS = (
    "x-bz-file-retention-mode",
    "x-bz-file-retention-retain-until-timestamp",
    "x-bz-file-legal-hold",
)
_ENCRYPTION_HEADER = "x-bz-server-side-encryption"
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")


@dataclass(frozen=True, slots=True)
class Target:
    """What a request's path asks for. `rest` is the last segment, encoded, where a call has one."""

    version: int
    call: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as a client sends it, but for its Authorization; `target` is a path with its query."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""


def read_target(path: str) -> Target:
    """The call that a path names; raises NotFound for one that B2 has not, NotImplementedCall for one we have not."""
    if path.startswith(_FILE_PATH):
        return Target(LATEST_VERSION, DownloadFileByName.call, path[len(_FILE_PATH) :])
    match = _API_PATH.fullmatch(path)
    if match is None or int(match[1]) not in VERSIONS:
        raise NotFound(f"There is no such call: {path}")
    call = match[2]
    if call in NOT_IMPLEMENTED:
        raise NotImplementedCall(call)
    rest = match[3] or ""
    if call not in OPERATIONS and call not in (UploadFile.call, DownloadFileById.call):
        raise NotFound(f"There is no such call: {call}")
    if rest and call != UploadFile.call:
        raise NotFound(f"There is no such call: {path}")
    return Target(int(match[1]), call, rest)


def check_method(target: Target, method: str) -> None:
    """Raises MethodNotAllowed unless the call takes this method."""
    allowed = methods_of(target.call)
    if method not in allowed:
        raise MethodNotAllowed(method, ", ".join(allowed))


def methods_of(call: str) -> tuple[str, ...]:
    if call == UploadFile.call:
        return ("POST",)
    if call == DownloadFileByName.call:
        return ("GET", "HEAD")
    if call == DownloadFileById.call:
        return ("GET", "HEAD", "POST")
    return ("GET", "POST")


def has_json_body(target: Target, method: str) -> bool:
    return method == "POST" and target.call != UploadFile.call


def parse(target: Target, request: Request, body: bytes = b"") -> AnyOperation:
    """The operation of a request whose path and method have been read; raises BadJson or BadRequest."""
    if target.call == UploadFile.call:
        return parse_upload(target, request)
    if target.call == DownloadFileByName.call:
        return parse_download_by_name(target, request)
    if target.call == DownloadFileById.call:
        return parse_download_by_id(request, body)
    return parse_call(OPERATIONS[target.call], request, body)


def parse_call(kind: type[Operation], request: Request, body: bytes) -> Operation:
    """The operation from the JSON body, or from the query when there is none; null is absent, strangers are ignored."""
    if body.strip():
        return convert(kind, json_object(body), strict=True)
    return convert(kind, query_parameters(kind, request), strict=False)


def convert(kind: type[Operation], parameters: Mapping[str, Any], *, strict: bool) -> Operation:
    given = {name: value for name, value in parameters.items() if value is not None}
    try:
        return msgspec.convert(given, kind, strict=strict)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"{kind.call}: {exc}") from exc


def json_object(body: bytes) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BadJson(f"The body is not JSON: {exc}") from exc
    if not isinstance(content, dict):
        raise BadJson("The body is not a JSON object")
    return content


def query_parameters(kind: type[Operation], request: Request) -> dict[str, Any]:
    """The query as parameters: a list is comma-separated, an object is JSON text."""
    structured = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    parameters: dict[str, Any] = {}
    for name, value in query_pairs(request):
        described = str(structured.get(name, ""))
        if value[:1] in "[{" and ("list" in described or "dict" in described):
            parameters[name] = json_value(value)
        elif "list" in described:
            parameters[name] = value.split(",")
        else:
            parameters[name] = value
    return parameters


def query_pairs(request: Request) -> list[tuple[str, str]]:
    pairs = parse_query(request.query or "")
    for _, value in pairs:
        names.encoded(value, "The query")
    return pairs


def json_value(text: str) -> Any:
    return json_object(b'{"value":' + names.encoded(text, "The query") + b"}")["value"]


def parse_download_by_id(request: Request, body: bytes) -> DownloadFileById:
    parameters = dict(query_pairs(request))
    if body.strip():
        parameters.update({name: value for name, value in json_object(body).items() if isinstance(value, str)})
    if "fileId" not in parameters:
        raise BadRequest("required field fileId is missing")
    return DownloadFileById(
        file_id=parameters["fileId"],
        overrides=overrides(parameters),
        query_authorization=parameters.get("Authorization"),
    )


def parse_download_by_name(target: Target, request: Request) -> DownloadFileByName:
    bucket, _, name = target.rest.partition("/")
    parameters = dict(query_pairs(request))
    return DownloadFileByName(
        bucket_name=clear_text(bucket, "The bucket name"),
        file_name=clear_text(name, "The file name"),
        overrides=overrides(parameters),
        query_authorization=parameters.get("Authorization"),
    )


def overrides(parameters: Mapping[str, str]) -> dict[str, str]:
    found = {name: parameters[name] for name in OVERRIDE_HEADERS if name in parameters}
    return {name: names.without_control_characters(value, name) for name, value in found.items()}


def parse_upload(target: Target, request: Request) -> UploadFile:
    """The upload that the headers describe (b2.md §3.1)."""
    headers = request.headers
    refuse_unknown_protection(headers)
    name = names.file_name(clear_text(required(headers, "X-Bz-File-Name"), "X-Bz-File-Name"))
    if request.content_length is None or "content-length" not in headers:
        raise BadRequest("Missing header: Content-Length; chunked uploads are not accepted")
    return UploadFile(
        bucket_id=target.rest,
        file_name=name,
        content_type=headers.get("content-type") or AUTO_CONTENT_TYPE,
        content_sha1=content_sha1(required(headers, "X-Bz-Content-Sha1"), request.content_length),
        content_length=request.content_length,
        info=names.file_info(info_of(headers), name=name),
        custom_upload_timestamp=timestamp(headers, "X-Bz-Custom-Upload-Timestamp"),
    )


def refuse_unknown_protection(headers: Headers) -> None:
    """A file must not be stored in clear, or deletable, when the client asked otherwise."""
    if any(name in headers for name in _LOCK_HEADERS):
        raise MissingFileLock
    if any(name.startswith(_ENCRYPTION_HEADER) for name in headers.names()):
        raise NotImplementedCall("server-side encryption (X-Bz-Server-Side-Encryption)")


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


def to_request(operation: AnyOperation, version: int = LATEST_VERSION) -> Outgoing:
    """The request that `parse` reads back as the same operation."""
    if isinstance(operation, UploadFile):
        target = f"/b2api/v{version}/{operation.call}/{operation.bucket_id}"
        return Outgoing("POST", target, tuple(upload_headers(operation)))
    if isinstance(operation, DownloadFileByName):
        bucket = encode_s3(operation.bucket_name.encode(), keep_slash=False)
        path = f"{_FILE_PATH}{bucket}/{encode_b2(operation.file_name.encode())}"
        return Outgoing("GET", path + download_query(operation))
    if isinstance(operation, DownloadFileById):
        return Outgoing("GET", f"/b2api/v{version}/{operation.call}{download_query(operation)}")
    headers = (("content-type", "application/json"),)
    return Outgoing("POST", f"/b2api/v{version}/{operation.call}", headers, msgspec.json.encode(operation))


def upload_headers(operation: UploadFile) -> list[tuple[str, str]]:
    headers = [
        ("x-bz-file-name", encode_b2(operation.file_name.encode())),
        ("content-type", operation.content_type),
        ("content-length", str(operation.content_length)),
        ("x-bz-content-sha1", operation.content_sha1),
    ]
    headers += [(_INFO_HEADER + key, encode_b2(value.encode())) for key, value in operation.info.items()]
    if operation.custom_upload_timestamp is not None:
        headers.append(("x-bz-custom-upload-timestamp", str(operation.custom_upload_timestamp)))
    return headers


def download_query(operation: Download) -> str:
    parameters = dict(operation.overrides)
    if isinstance(operation, DownloadFileById):
        parameters = {"fileId": operation.file_id, **parameters}
    if operation.query_authorization is not None:
        parameters["Authorization"] = operation.query_authorization
    pairs = [f"{name}={encode_s3(value.encode(), keep_slash=False)}" for name, value in parameters.items()]
    return "?" + "&".join(pairs) if pairs else ""
