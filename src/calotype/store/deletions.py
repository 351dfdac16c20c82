"""What is to be deleted, as a value, and the change that this is in a transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from calotype.store.metadata import Transaction
from calotype.store.model import FileVersion
from calotype.store.versions import Change, Precondition, delete_key, delete_version

Outcome = FileVersion | BaseException | None  # what was made or removed, or was raised


@dataclass(frozen=True, slots=True)
class Deletion:
    """Of a key as the bucket's versioning state says, or with `version_id` of that version for good; `null` is an id.

    `bypass_governance` overrides a governance retention; that the caller may is for the protocols to know.
    """

    key: bytes
    version_id: str | None = None
    precondition: Precondition | None = None
    bypass_governance: bool = False

    def change(self, marker: FileVersion, now_ms: int) -> Callable[[Transaction], Change]:
        """What it does in a transaction. `marker` is the hide marker that it may leave, if only for its bucket."""
        version_id = self.version_id
        if version_id is None:
            return lambda transaction: delete_key(transaction, marker, self.precondition)
        return lambda transaction: delete_version(
            transaction,
            marker.bucket_id,
            self.key,
            version_id,
            self.precondition,
            now_ms=now_ms,
            bypass_governance=self.bypass_governance,
        )
