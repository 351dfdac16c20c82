"""Operations read from requests and written into requests: `parse` and `to_request` are each other's inverse.

A call comes as POST with a JSON body or as GET with a query, whatever its Content-Type says (b2.md §0). `parse`
needs the body only where `has_json_body` says so; an upload's body is the file and stays with the request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from calotype.b2.encryption import encryption_headers
from calotype.b2.errors import MethodNotAllowed, NotFound, NotImplementedCall
from calotype.b2.operation import Operation
from calotype.b2.operations import NOT_IMPLEMENTED, OPERATIONS
from calotype.b2.parameters import convert, json_object, query_parameters
from calotype.b2.transfer_wire import (
    FILE_PATH,
    download_path,
    download_query,
    read_download_by_id,
    read_download_by_name,
    read_part_upload,
    read_upload,
    upload_headers,
    upload_path,
)
from calotype.b2.transfers import (
    UPLOAD_CALLS,
    Download,
    DownloadFileById,
    DownloadFileByName,
    UploadFile,
    UploadPart,
)
from calotype.http.message import Request

VERSIONS = (1, 2, 3, 4)
LATEST_VERSION = 4

LONGEST_JSON_BYTES = 1_048_576
"""The longest call by far is b2_finish_large_file with 10,000 digests: 430 kB."""

AnyOperation = Operation | UploadFile | UploadPart | Download

_API_PATH = re.compile(r"/b2api/v(\d{1,3})/(\w{1,64})(?:/(.*))?")


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
    if path.startswith(FILE_PATH):
        return Target(LATEST_VERSION, DownloadFileByName.call, path[len(FILE_PATH) :])
    match = _API_PATH.fullmatch(path)
    if match is None or int(match[1]) not in VERSIONS:
        raise NotFound(f"There is no such call: {path}")
    call = match[2]
    if call in NOT_IMPLEMENTED:
        raise NotImplementedCall(call)
    rest = match[3] or ""
    if call not in OPERATIONS and call not in (*UPLOAD_CALLS, DownloadFileById.call):
        raise NotFound(f"There is no such call: {call}")
    if rest and call not in UPLOAD_CALLS:
        raise NotFound(f"There is no such call: {path}")
    return Target(int(match[1]), call, rest)


def check_method(target: Target, method: str) -> None:
    """Raises MethodNotAllowed unless the call takes this method."""
    allowed = methods_of(target.call)
    if method not in allowed:
        raise MethodNotAllowed(method, ", ".join(allowed))


def methods_of(call: str) -> tuple[str, ...]:
    if call in UPLOAD_CALLS:
        return ("POST",)
    if call == DownloadFileByName.call:
        return ("GET", "HEAD")
    if call == DownloadFileById.call:
        return ("GET", "HEAD", "POST")
    return ("GET", "POST")


def has_json_body(target: Target, method: str) -> bool:
    return method == "POST" and target.call not in UPLOAD_CALLS


def parse(target: Target, request: Request, body: bytes = b"") -> AnyOperation:
    """The operation of a request whose path and method have been read; raises BadJson or BadRequest."""
    match target.call:
        case UploadFile.call:
            return read_upload(target.rest, request)
        case UploadPart.call:
            return read_part_upload(target.rest, request)
        case DownloadFileByName.call:
            return read_download_by_name(target.rest, request)
        case DownloadFileById.call:
            return read_download_by_id(request, body)
        case call:
            return parse_call(OPERATIONS[call], request, body)


def parse_call(kind: type[Operation], request: Request, body: bytes) -> Operation:
    """The operation from the JSON body, or from the query when there is none."""
    if body.strip():
        return convert(kind, json_object(body), strict=True)
    return convert(kind, query_parameters(kind, request), strict=False)


def to_request(operation: AnyOperation, version: int = LATEST_VERSION) -> Outgoing:
    """The request that `parse` reads back as the same operation."""
    match operation:
        case UploadFile() | UploadPart():
            target = f"/b2api/v{version}/{operation.call}/{upload_path(operation)}"
            return Outgoing("POST", target, tuple(upload_headers(operation)))
        case DownloadFileByName():
            headers = tuple(encryption_headers(operation.encryption))
            return Outgoing("GET", download_path(operation) + download_query(operation), headers)
        case DownloadFileById():
            target = f"/b2api/v{version}/{operation.call}{download_query(operation)}"
            return Outgoing("GET", target, tuple(encryption_headers(operation.encryption)))
    headers = (("content-type", "application/json"),)
    return Outgoing("POST", f"/b2api/v{version}/{operation.call}", headers, msgspec.json.encode(operation))
