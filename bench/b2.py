"""As much of a B2 client as the figures need: who we are, JSON calls, and upload URLs."""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import Any


class B2Account:
    """Authorised at `realm` when it is made."""

    def __init__(self, realm: str, key_id: str, application_key: str) -> None:
        basic = base64.b64encode(f"{key_id}:{application_key}".encode()).decode()
        self._authorization = f"Basic {basic}"
        self._api_url = realm
        found = self.call("b2_authorize_account")
        self._authorization = found["authorizationToken"]
        self._api_url = found["apiInfo"]["storageApi"]["apiUrl"]
        self.account_id: str = found["accountId"]

    def call(self, name: str, **parameters: Any) -> dict[str, Any]:
        """The answer to one call of the API's version 4; raises HTTPError."""
        answer: dict[str, Any] = json.loads(self.answer(name, **parameters))
        return answer

    def answer(self, name: str, **parameters: Any) -> bytes:
        """The same, not parsed."""
        request = urllib.request.Request(
            f"{self._api_url}/b2api/v4/{name}",
            json.dumps(parameters).encode(),
            {"authorization": self._authorization, "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            answer: bytes = response.read()
        return answer

    def create_bucket(self, name: str) -> str:
        """The id of a new private bucket."""
        made = self.call("b2_create_bucket", accountId=self.account_id, bucketName=name, bucketType="allPrivate")
        return str(made["bucketId"])

    def upload_url(self, bucket_id: str) -> tuple[str, str]:
        """Where to POST a file, and the token for it."""
        given = self.call("b2_get_upload_url", bucketId=bucket_id)
        return given["uploadUrl"], given["authorizationToken"]
