"""One call of the S3 API over asyncio: an operation goes out signed, an answer or a failure comes back.

Bodies stream: what is uploaded is read from the browser as fast as the origin takes it, and never held.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx

from calotype.console.failures import (
    AccessRefused,
    BucketMissing,
    NameTaken,
    OriginBrokeOff,
    OriginDown,
    OriginFailure,
    OriginFull,
    OriginReadOnly,
    OriginRefused,
    PictureChanged,
    PictureGone,
)
from calotype.s3 import errors, xml
from calotype.s3.client import Endpoint, wire_fields
from calotype.s3.operation import Operation
from calotype.s3.request import S3Request

CONNECT_TIMEOUT_S = 5.0
# An upload is answered once it is durable, which on a busy disk takes its time.
ANSWER_TIMEOUT_S = 120.0
MAX_CONNECTIONS = 32
MAX_ERROR_BYTES = 65_536


class S3Calls:
    """Sends operations to `endpoint` in path style, signed by one application key."""

    def __init__(self, endpoint: str, *, region: str, key_id: str, application_key: str) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._signer = Endpoint(self.endpoint, key_id, application_key, region)
        self._http = httpx.AsyncClient(
            # Reading the trusted certificates takes megabytes, which an origin spoken to in clear need not cost.
            verify=self.endpoint.startswith("https:"),
            timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=4),
            headers={"accept-encoding": "identity"},
            trust_env=False,
        )

    async def call(
        self, operation: Operation, *, length: int = 0, content: AsyncIterator[bytes] | None = None
    ) -> httpx.Response:
        """The successful answer, read whole; raises `OriginFailure`. `content` must give `length` bytes."""
        request = operation.to_request()
        url, headers = self._signer.signed(request, time.time())
        if content is not None:
            headers = headers.set("content-length", str(length))
        try:
            response = await self._http.request(request.method, url, headers=wire_fields(headers), content=content)
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            raise OriginDown(self.endpoint) from exc
        except httpx.TransportError as exc:
            raise OriginBrokeOff(self.endpoint) from exc
        if not response.is_success:
            raise failure_of(response.content[:MAX_ERROR_BYTES], request, response.status_code)
        return response

    async def close(self) -> None:
        await self._http.aclose()


def failure_of(content: bytes, request: S3Request, status: int) -> OriginFailure:
    """What an error answer means to the person at the page."""
    code, message = stated_error(content)
    bucket = request.bucket or ""
    if code == errors.InsufficientStorage.code:
        return OriginFull()
    if code == errors.ServiceUnavailable.code and "read-only" in message:
        return OriginReadOnly()
    if code == errors.NoSuchBucket.code:
        return BucketMissing(bucket)
    if code == errors.NoSuchKey.code:
        return PictureGone()
    if code == errors.PreconditionFailed.code:
        return PictureChanged() if "if-match" in request.headers else NameTaken()
    if code in REFUSALS:
        return AccessRefused(bucket, code)
    return OriginRefused(code or str(status), message)


REFUSALS = frozenset(
    kind.code
    for kind in (
        errors.AccessDenied,
        errors.InvalidAccessKeyId,
        errors.SignatureDoesNotMatch,
        errors.RequestTimeTooSkewed,
        errors.AuthorizationHeaderMalformed,
    )
)


def stated_error(content: bytes) -> tuple[str, str]:
    """Code and message of an S3 error document; empty for something else."""
    try:
        root = xml.parse(content)
    except xml.XMLError:
        return "", ""
    return root.text_of("Code") or "", root.text_of("Message") or ""
