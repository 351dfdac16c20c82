"""Which paths of the site a change in the store is about."""

from __future__ import annotations

from pathlib import Path

from calotype.deploy.memory import FILE, load_memory
from calotype.deploy.objects import Kind
from calotype.http.percent import encode_path
from calotype.store.model import OutboxRow


class SitePaths:
    """Maps the keys of the site's bucket to the site's root, and those of other buckets to nothing.

    A deployment may give a running site another bucket; what it remembers is read again when it has written.
    """

    def __init__(self, bucket: str, data: Path) -> None:
        self._file = data / FILE
        self._first = bucket
        self._deployed: frozenset[str] = frozenset()
        self._read_at_ns: int | None = None

    def __call__(self, row: OutboxRow) -> list[str]:
        """The paths as they stand in a URL."""
        is_the_sites = row.bucket_name == self._first or row.bucket_name in self._deployed_buckets()
        return [f"/{encode_path(row.key)}"] if is_the_sites else []

    def _deployed_buckets(self) -> frozenset[str]:
        try:
            written_at_ns = self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return frozenset()
        if written_at_ns != self._read_at_ns:
            memory = load_memory(self._file.parent)
            self._deployed = frozenset(name.name for name in memory if name.kind is Kind.BUCKET)
            self._read_at_ns = written_at_ns
        return self._deployed
