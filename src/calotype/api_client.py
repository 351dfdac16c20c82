"""What the clients of our four APIs share: one pool of connections, which their block or `close` gives back."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx


class ApiClient:
    """To be used as `with Client(…) as client:`, or closed."""

    _http: httpx.Client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()
