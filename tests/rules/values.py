"""A context that is a table, for tests."""

from __future__ import annotations

from typing import Any

from calotype.rules.values import Context


class Values(Context):
    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def field(self, name: str) -> Any:
        return self._values[name]
