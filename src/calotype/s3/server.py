"""The S3 API over a store: read the operation, authenticate, authorise, do, answer, count.

Every error leaves as S3's XML; the answer to a HEAD has the status alone.
"""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count

from calotype.auth.checksums import HEADERS as CHECKSUM_HEADERS
from calotype.auth.signed_request import REQUIRED_IN_QUERY
from calotype.http.message import BodyTooLarge, Headers, Prepared, Request, Response
from calotype.s3 import bucket_calls
from calotype.s3.access.calls import ACCESS_ANSWERS
from calotype.s3.addressing import Address, address_of
from calotype.s3.authentication import authenticate
from calotype.s3.bucket_operations import CreateBucket, DeleteBucket, GetBucketLocation, GetBucketVersioning, HeadBucket
from calotype.s3.call import Answer, Call
from calotype.s3.configuration.calls import CONFIGURATION_ANSWERS
from calotype.s3.cross_origin import answer_preflight, opened_to_page
from calotype.s3.errors import AccessDenied, EntityTooLarge, IncompleteBody, InternalError, S3Error
from calotype.s3.forms.post_object import PostObject
from calotype.s3.forms.post_object_calls import post_object
from calotype.s3.listing.calls import LISTING_ANSWERS
from calotype.s3.multipart.calls import MULTIPART_ANSWERS
from calotype.s3.objects.calls import OBJECT_ANSWERS
from calotype.s3.objects.payload import NAMED_ALGORITHM, document_of
from calotype.s3.operation import Operation
from calotype.s3.operations import operation_type
from calotype.s3.refusals import refusal_of
from calotype.s3.request import S3Request
from calotype.s3.settings import S3Settings
from calotype.s3.translation import translated
from calotype.store.errors import StoreError
from calotype.store.store import Store

log = logging.getLogger(__name__)

ANSWERS: Mapping[type[Operation], Answer] = {
    CreateBucket: bucket_calls.create_bucket,
    HeadBucket: bucket_calls.head_bucket,
    DeleteBucket: bucket_calls.delete_bucket,
    GetBucketLocation: bucket_calls.get_bucket_location,
    GetBucketVersioning: bucket_calls.get_bucket_versioning,
    **LISTING_ANSWERS,
    **OBJECT_ANSWERS,
    **MULTIPART_ANSWERS,
    PostObject: post_object,
    **ACCESS_ANSWERS,
    **CONFIGURATION_ANSWERS,
}


class S3Server:
    """Answers everything that the B2 and admin APIs do not. `clock` gives milliseconds since the epoch."""

    def __init__(
        self,
        store: Store,
        settings: S3Settings,
        *,
        clock: Callable[[], int],
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._host_id = base64.b64encode(random_bytes(24)).decode()
        # Counted from a random start: unique without asking the system for randomness at every request.
        self._request_numbers = count(int.from_bytes(random_bytes(8), "big"))

    def try_now(self, request: Request) -> Prepared | None:
        """Nothing here is answered without the store."""
        return None

    def own_answer(self, status: int, detail: str, _request: Request | None = None) -> Response:
        """What the HTTP server itself says of a request, in S3's words: `detail` is why it was never read."""
        request_id = self._next_id()
        return self._identified(refusal_of(status, detail).to_response(resource="/", request_id=request_id), request_id)

    async def handle(self, request: Request) -> Response:
        request_id = self._next_id()
        address = Address()
        try:
            address = address_of(request.host, request.path, self._settings.s3_hosts)
            if request.method == "OPTIONS":
                response = await answer_preflight(self._store, address, request)
            else:
                response = await self._answer(request, address)
        except S3Error as error:
            response = error.to_response(resource=address.resource, request_id=request_id)
            if request.method == "HEAD":
                response.body = b""
        if request.method != "OPTIONS":
            response = await opened_to_page(self._store, address, request, response)
        return self._identified(response, request_id)

    def _next_id(self) -> str:
        return f"{next(self._request_numbers) & 0xFFFFFFFFFFFFFFFF:016X}"

    def _identified(self, response: Response, request_id: str) -> Response:
        response.headers = response.headers.merge((("x-amz-request-id", request_id), ("x-amz-id-2", self._host_id)))
        return response

    async def _answer(self, request: Request, address: Address) -> Response:
        asked = S3Request(request.method, address.bucket, address.key, request.parameters, request.headers)
        body = ReadBody(request.body)
        call = Call(self._store, self._settings, request, body, operation_type(asked), request.headers, self._clock())
        try:
            response = await answered(call, asked)
            if not call.counts_itself:
                call.count()
            return response
        except S3Error as error:
            if is_counted(error):
                call.count()
            raise
        except StoreError as error:
            if (problem := translated(error)).status == InternalError.status:
                log.exception("%s failed", call.operation.name)
            if is_counted(problem):
                call.count()
            raise problem from error
        except Exception as error:
            log.exception("%s failed", call.operation.name)
            raise InternalError from error
        finally:
            call.settle()


def is_counted(error: S3Error) -> bool:
    """Whether a call with this answer was done, as far as the ledger is concerned: refused it was not."""
    return error.status < InternalError.status and error.status != AccessDenied.status


async def answered(call: Call, asked: S3Request) -> Response:
    """The answer to one operation."""
    await authenticate(call)
    if call.signed is not None and call.signed.is_presigned:
        asked = with_hoisted_headers(asked)
        call.headers = asked.headers
    if call.operation.has_document:
        asked = S3Request(asked.method, asked.bucket, asked.key, asked.query, asked.headers, await document_of(call))
    operation = call.operation.from_request(asked)
    return await ANSWERS[call.operation](call, operation)


def with_hoisted_headers(asked: S3Request) -> S3Request:
    """A presigned query may carry what would be `x-amz-*` header fields; the fields themselves win.

    A body's checksum is none of them, as on S3: the SDK for JavaScript presigns the one of no body at all.
    """
    hoisted = [
        (name.lower(), value.encode("utf-8", "surrogateescape").decode("latin-1"))
        for name, value in asked.query
        if name.lower().startswith("x-amz-") and name not in SIGNATURE_PARAMETERS and name.lower() not in OF_THE_BODY
    ]
    if not hoisted:
        return asked
    headers = Headers(hoisted).merge(asked.headers)
    return S3Request(asked.method, asked.bucket, asked.key, asked.query, headers)


SIGNATURE_PARAMETERS = frozenset({*REQUIRED_IN_QUERY, "X-Amz-Security-Token", "X-Amz-Content-Sha256"})
OF_THE_BODY = frozenset({NAMED_ALGORITHM, *CHECKSUM_HEADERS.values()})


class ReadBody:
    """A request's body whose failures are S3's errors: what did not come whole is incomplete, whatever the reason.

    After one of them nobody knows where the next request would begin, so the connection ends with the answer. A client
    that only closed its sending side still gets to read it.
    """

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._body)
        except StopAsyncIteration:
            raise
        except BodyTooLarge as exc:
            raise EntityTooLarge(headers=CLOSE, MaxSizeAllowed=str(exc.limit)) from exc
        except Exception as exc:
            raise IncompleteBody(f"{IncompleteBody.default_message} ({exc})", headers=CLOSE) from exc


CLOSE = (("connection", "close"),)
