"""The B2 native API over a store: read the call, authenticate, authorise, do, answer, count.

The version in the path picks the shape of the answer, never the client. Every error leaves in B2's JSON form.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from calotype.b2 import cross_origin, downloads, test_mode, uploads
from calotype.b2.answers import ANSWERS
from calotype.b2.call import Call, WatchedBody
from calotype.b2.credentials import Credentials, RandomBytes
from calotype.b2.errors import B2Error, BadRequest, CapExceeded, InternalError, RequestTimeout, Unauthorized
from calotype.b2.json import (
    AccountAuthorization,
    FileObject,
    PartObject,
    authorization_answer,
    json_response,
)
from calotype.b2.listed_buckets import ListedBuckets
from calotype.b2.operation import Operation
from calotype.b2.operations import OPERATIONS, AuthorizeAccount
from calotype.b2.public_reading import AnybodyReads, by_bucket_type
from calotype.b2.settings import B2Settings
from calotype.b2.transfers import DownloadFileById, DownloadFileByName, UploadFile, UploadPart
from calotype.b2.translation import translated
from calotype.b2.wire import (
    LONGEST_JSON_BYTES,
    Target,
    check_method,
    has_json_body,
    parse,
    read_target,
)
from calotype.http.cors import read_preflight
from calotype.http.message import BodyTimedOut, BodyTooLarge, Prepared, Request, Response, read_body
from calotype.store import errors as store_errors
from calotype.store.store import Store

log = logging.getLogger(__name__)

TRANSACTION_CLASSES = {
    **{kind.call: kind.transaction_class for kind in OPERATIONS.values()},
    UploadFile.call: UploadFile.transaction_class,
    UploadPart.call: UploadPart.transaction_class,
    DownloadFileByName.call: DownloadFileByName.transaction_class,
    DownloadFileById.call: DownloadFileById.transaction_class,
}


class B2Server:
    """Answers `/b2api/…` and `/file/…`. `clock` gives milliseconds since the epoch."""

    def __init__(
        self,
        store: Store,
        settings: B2Settings,
        *,
        clock: Callable[[], int],
        random_bytes: RandomBytes,
        anybody_reads: AnybodyReads = by_bucket_type,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._random_bytes = random_bytes
        self._credentials = Credentials(store, random_bytes)
        self._listed_buckets = ListedBuckets()
        self._anybody_reads = anybody_reads

    def try_now(self, request: Request) -> Prepared | None:
        """Nothing here is answered without the store."""
        return None

    async def handle(self, request: Request) -> Response:
        try:
            target = read_target(request.path)
        except B2Error as error:
            return error.to_response()
        if request.method == "OPTIONS" and (preflight := read_preflight(request.headers)):
            return await cross_origin.answer_preflight(self._store, target, request, preflight)
        try:
            check_method(target, request.method)
            response = await self._answer(self._call(request, target), target)
        except B2Error as error:
            response = error.to_response()
        return await cross_origin.opened_to_page(self._store, target, request, response)

    def _call(self, request: Request, target: Target) -> Call:
        return Call(
            store=self._store,
            settings=self._settings,
            credentials=self._credentials,
            request=request,
            body=WatchedBody(request.body),
            version=target.version,
            name=target.call,
            now_ms=self._clock(),
            listed_buckets=self._listed_buckets,
            anybody_reads=self._anybody_reads,
            token=request.headers.get("authorization") or "",
        )

    async def _answer(self, call: Call, target: Target) -> Response:
        """The answer to a call, counted in the ledger unless it was not allowed or we failed."""
        try:
            response = await self._dispatch(call, target)
            if not call.counts_itself:
                call.count()
            return response
        except B2Error as error:
            if is_counted(error):
                call.count()
            raise
        except store_errors.StoreError as error:
            problem = translated(error)
            if is_counted(problem):
                call.count()
            raise problem from error
        except BodyTimedOut as error:
            raise RequestTimeout from error
        except Exception as error:
            if call.body.failed:
                raise  # the client's doing, which the layer below knows how to answer
            log.exception("%s failed", call.name)
            raise InternalError from error
        finally:
            call.settle()

    async def _dispatch(self, call: Call, target: Target) -> Response:
        call.transaction_class = TRANSACTION_CLASSES[target.call]
        self._cause_trouble(call)
        match target.call:
            case UploadFile.call | UploadPart.call:
                return await self._upload(call, target)
            case DownloadFileByName.call | DownloadFileById.call:
                return await self._download(call, target)
            case name:
                return await self._json_call(call, target, OPERATIONS[name])

    def _cause_trouble(self, call: Call) -> None:
        """Raises what the client asked for to test itself."""
        mode = call.request.headers.get(test_mode.HEADER)
        if error := test_mode.trouble(mode, call.name, call.transaction_class, self._random_bytes):
            raise error

    async def _json_call(self, call: Call, target: Target, kind: type[Operation]) -> Response:
        """The token comes first, so that a stranger learns nothing from what is asked."""
        if kind is not AuthorizeAccount:
            call.grant = await self._credentials.account_grant(call.token, call.now_ms)
        asked = parse(target, call.request, await json_body(call, target))
        answer = await ANSWERS[kind](call, asked)
        if isinstance(answer, AccountAuthorization):
            answer = authorization_answer(answer, call.version)
        return json_response(answer)

    async def _upload(self, call: Call, target: Target) -> Response:
        is_part = target.call == UploadPart.call
        grant_of = self._credentials.part_grant if is_part else self._credentials.upload_grant
        call.grant = await grant_of(call.token, call.now_ms)
        call.allow("writeFiles", call.grant.bucket_id)
        asked = parse(target, call.request)
        assert isinstance(asked, UploadFile | UploadPart)
        if isinstance(asked, UploadPart):
            answer: FileObject | PartObject = await uploads.upload_part(call, asked)
        else:
            answer = await uploads.upload_file(call, asked)
        call.count(bytes_in=asked.file_length)
        return json_response(answer)

    async def _download(self, call: Call, target: Target) -> Response:
        asked = parse(target, call.request, await json_body(call, target))
        assert isinstance(asked, DownloadFileByName | DownloadFileById)
        token = call.token or asked.query_authorization
        if isinstance(asked, DownloadFileByName):
            call.grant = await self._credentials.download_grant(token, call.now_ms)
            return await downloads.download_by_name(call, asked)
        if token:  # a download token is for names (b2.md §2.4)
            call.grant = await self._credentials.account_grant(token, call.now_ms)
        return await downloads.download_by_id(call, asked)


def is_counted(error: B2Error) -> bool:
    """Whether a call with this answer was done, as far as the ledger is concerned: refused it was not."""
    return error.status < InternalError.status and not isinstance(error, Unauthorized | CapExceeded)


async def json_body(call: Call, target: Target) -> bytes:
    if not has_json_body(target, call.request.method):
        return b""
    try:
        return await read_body(call.body, LONGEST_JSON_BYTES)
    except BodyTooLarge as exc:
        raise BadRequest(f"The body is longer than {LONGEST_JSON_BYTES} bytes") from exc
