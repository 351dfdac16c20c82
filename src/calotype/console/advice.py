"""What the site's own origin saw that its owner can mend, for the gallery; behind any other store there is nothing."""

from __future__ import annotations

import httpx
import msgspec

from calotype.admin.json import Health, NoticeEntry, NoticeList
from calotype.admin.operations import GetHealth, GetNotices, Operation, to_request
from calotype.auth.basic import basic_authorization
from calotype.console.settings import ConsoleSettings

PROGRAM = "origin"
RECENT_MS = 86_400_000  # what did not come again for a day is mended, or given up
# The page must not wait long for what is not its subject.
TIMEOUT_S = 2.0


class Advice:
    """Asks the origin at `endpoint` with the owner's key, which it shows to nothing but an origin of ours."""

    def __init__(self, endpoint: str, key_id: str, application_key: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._authorization = basic_authorization(key_id, application_key)
        self._is_ours: bool | None = None
        self._http = httpx.AsyncClient(
            verify=self._endpoint.startswith("https:"), timeout=httpx.Timeout(TIMEOUT_S), trust_env=False
        )

    @classmethod
    def from_settings(cls, settings: ConsoleSettings) -> Advice:
        return cls(settings.s3_endpoint, settings.key_id, settings.application_key)

    async def recent(self, now_ms: int) -> list[NoticeEntry]:
        """The notices of the last day, the latest first; none where they cannot be had."""
        try:
            if not await self._origin_is_ours():
                return []
            content = await self._get(GetNotices(), {"authorization": self._authorization})
            notices = msgspec.json.decode(content, type=NoticeList).notices
        except (httpx.HTTPError, msgspec.DecodeError):
            return []
        return [notice for notice in notices if notice.at_ms > now_ms - RECENT_MS]

    async def _origin_is_ours(self) -> bool:
        """Whether an origin of ours answers there; another store is asked once."""
        if self._is_ours is None:
            try:
                health = msgspec.json.decode(await self._get(GetHealth(), {}), type=Health)
                self._is_ours = health.program == PROGRAM
            except (httpx.HTTPStatusError, msgspec.DecodeError):
                self._is_ours = False
        return self._is_ours

    async def _get(self, operation: Operation, headers: dict[str, str]) -> bytes:
        response = await self._http.get(self._endpoint + to_request(operation).target, headers=headers)
        response.raise_for_status()
        return response.content

    async def close(self) -> None:
        await self._http.aclose()
