"""A client's connection to an account: its key, its token, and calls with JSON in and out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
import msgspec

from calotype.api_client import ApiClient
from calotype.auth.basic import basic_authorization
from calotype.b2.errors import BadAuthToken, ExpiredAuthToken
from calotype.b2.json import AccountAuthorization, StorageApi
from calotype.b2.operation import Operation
from calotype.b2.operations import AuthorizeAccount
from calotype.b2.transport import exchange
from calotype.b2.wire import to_request

PAGE_ROWS = 1000
TIMEOUT = httpx.Timeout(60.0, connect=15.0)

ShapeType = TypeVar("ShapeType")


class B2Connection(ApiClient):
    """`realm` is the address that b2_authorize_account is called at. `sleep` waits between tries of an upload;
    listings are fetched `page_rows` at a time."""

    def __init__(
        self,
        realm: str,
        key_id: str,
        application_key: str,
        *,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        page_rows: int = PAGE_ROWS,
    ) -> None:
        self._realm = realm.rstrip("/")
        self._basic = basic_authorization(key_id, application_key)
        self._http = http or httpx.Client(timeout=TIMEOUT)
        self._sleep = sleep
        self._page_rows = page_rows
        self._account: AccountAuthorization | None = None

    @property
    def account(self) -> AccountAuthorization:
        """What the key is and may do; asks the realm the first time."""
        return self._account or self.authorize()

    @property
    def storage(self) -> StorageApi:
        return self.account.api_info.storage_api

    def authorize(self) -> AccountAuthorization:
        """A fresh account token; raises Unauthorized for a wrong or expired key."""
        content = self._send(self._realm, AuthorizeAccount(), self._basic)
        self._account = msgspec.json.decode(content, type=AccountAuthorization)
        return self._account

    def _call(self, operation: Operation, shape: type[ShapeType]) -> ShapeType:
        """The answer to a call; with a dead token it authorises once more."""
        try:
            content = self._send(self.storage.api_url, operation, self.account.authorization_token)
        except (BadAuthToken, ExpiredAuthToken):
            self.authorize()
            content = self._send(self.storage.api_url, operation, self.account.authorization_token)
        return msgspec.json.decode(content, type=shape)

    def _send(self, address: str, operation: Operation, authorization: str) -> bytes:
        outgoing = to_request(operation)
        headers = {**dict(outgoing.headers), "authorization": authorization}
        return exchange(self._http, outgoing.method, address + outgoing.target, headers, outgoing.content)
