"""What one worker has and did since its start."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

# Answers that never came to the cache: redirects, errors, methods passed on without a status.
OTHER = "NONE"


class WorkerStatistics(Struct, frozen=True, kw_only=True):
    """`requests` counts answers to viewers by CF-Cache-Status."""

    worker: int
    started_at_ms: int
    generation: int
    ban_position: int
    entries: int
    stored_bytes: int
    memory_bytes: int
    requests: dict[str, int]
    bytes_out: int
    origin_requests: int
    origin_bytes: int


class Counts:
    """The running figures of a worker's answers, those of its hot memo left out."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.bytes_out = 0

    def answered(self, cache_status: str | None, length: int) -> None:
        self.requests[cache_status or OTHER] += 1
        self.bytes_out += length
