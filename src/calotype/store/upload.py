"""One upload: a body that becomes a version of its key by `commit`. Without one, leaving the block drops it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from calotype.store.digesting import Hasher
from calotype.store.encryption import EncryptionKey, described, key_for
from calotype.store.incoming import BlobIntake, IncomingBody, Received
from calotype.store.model import Action, Bucket, FileVersion, VersionDraft
from calotype.store.versions import Precondition


@dataclass(frozen=True, slots=True)
class Placing:
    """How a body becomes a version."""

    put: Callable[[FileVersion, Received, Precondition | None, bool], Awaitable[FileVersion]]
    new_version: Callable[[Bucket, Action, int | None], tuple[str, int]]  # version id and upload time


class Upload(IncomingBody):
    """Encrypted with `encryption`, or as the bucket's default says."""

    def __init__(
        self,
        intake: BlobIntake,
        placing: Placing,
        bucket: Bucket,
        key: bytes,
        expected_length: int | None,
        checksums: Mapping[str, Hasher],
        encryption: EncryptionKey | None = None,
    ) -> None:
        key_of_body = key_for(bucket.settings, encryption)
        super().__init__(intake, bucket.account_id, expected_length, checksums, key_of_body)
        self._encryption_told = described(key_of_body)
        self.bucket = bucket
        self.key = key
        self._placing = placing

    async def commit(self, draft: VersionDraft, precondition: Precondition | None = None) -> FileVersion:
        """Make the body a version of its key, durable when this comes back.

        `precondition` gets the visible version (or None) inside the transaction, may run twice, and raises to
        refuse. Raises IncompleteUpload, ReadOnly, StorageFull, NoSuchBucket and what the precondition raises.
        """
        # The commit's from here on, even when nobody waits for it any more.
        received = await self.hand_over()
        version = self._version(draft, received)
        return await self._placing.put(version, received, precondition, draft.uploaded_at_ms is not None)

    def _version(self, draft: VersionDraft, received: Received) -> FileVersion:
        return draft.version(
            self.bucket,
            self.key,
            Action.UPLOAD,
            self._placing.new_version(self.bucket, Action.UPLOAD, draft.uploaded_at_ms),
            self._encryption_told,
            length=received.length,
            digests=received.digests,
            extents=received.extents,
        )
