"""Large files (S3: multipart uploads): their parts come in any order, several at a time, and are finished into one.

file = await store.large_files.start(bucket, b"film.mp4", VersionDraft(content_type="video/mp4"))
async with store.large_files.upload_part(file, 1, expected_length=100_000_000) as part:
    await part.write(content)
    await part.commit()
version = await store.large_files.finish(file, lambda file, parts: Finished((1,), etag="…"))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calotype.store import ids, unfinished
from calotype.store.commits import Commits
from calotype.store.copying import Copying, Span
from calotype.store.digesting import Hasher
from calotype.store.encryption import CustomerKey, EncryptionKey, described, key_for, key_of_part
from calotype.store.errors import NoSuchUpload
from calotype.store.incoming import BlobIntake, IncomingBody
from calotype.store.listing import list_unfinished, successor_of_prefix
from calotype.store.metadata import Metadata, Transaction
from calotype.store.model import Action, Bucket, FileVersion, ListingPage, Part, VersionDraft
from calotype.store.settings import Clock
from calotype.store.unfinished import Choose, Finished
from calotype.store.versions import NewVersion, Precondition, existing_bucket, made

__all__ = ["MOST_PARTS", "Finished", "LargeFiles", "PartUpload"]

MOST_PARTS = 10_000


class PartUpload(IncomingBody):
    """A body that becomes a part by `commit`. Without one, leaving the block drops it."""

    def __init__(
        self,
        intake: BlobIntake,
        commits: Commits,
        clock: Clock,
        file: FileVersion,
        part_number: int,
        expected_length: int | None,
        checksums: Mapping[str, Hasher],
        key: EncryptionKey | None,
    ) -> None:
        super().__init__(intake, file.account_id, expected_length, checksums, key)
        self.file = file
        self.part_number = part_number
        self._commits = commits
        self._clock = clock

    async def commit(self) -> Part:
        """Make the body a part, in place of an earlier one of its number, durable when this comes back.

        Raises NoSuchUpload when the file was finished or cancelled meanwhile, IncompleteUpload, ReadOnly, StorageFull.
        """
        received = await self.hand_over()
        part = Part(
            account_id=self.file.account_id,
            version_id=self.file.version_id,
            part_number=self.part_number,
            length=received.length,
            digests=received.digests,
            uploaded_at_ms=self._clock(),
            extents=received.extents,
        )
        change = await self._commits.with_body(
            lambda transaction: unfinished.put_part(transaction, self.file, part, received.blobs), received
        )
        return change.part


@dataclass(frozen=True, slots=True)
class LargeFiles:
    """The verbs. They belong to the store's event loop."""

    metadata: Metadata
    commits: Commits
    intake: BlobIntake
    clock: Clock
    new_version: NewVersion
    copying: Copying

    async def start(
        self, bucket: Bucket, key: bytes, draft: VersionDraft, *, encryption: EncryptionKey | None = None
    ) -> FileVersion:
        """A large file without parts; raises NoSuchBucket, ReadOnly, StorageCapExceeded. It shows when finished."""
        await self.intake.accounting.check_storage(bucket.account_id)
        identity = self.new_version(bucket, Action.START, draft.uploaded_at_ms)
        file = draft.version(bucket, key, Action.START, identity, described(key_for(bucket.settings, encryption)))
        keeps_time = draft.uploaded_at_ms is not None
        change = await self.commits.commit(
            lambda transaction: unfinished.start_file(transaction, file, keeps_time=keeps_time)
        )
        return made(change)

    def upload_part(
        self,
        file: FileVersion,
        part_number: int,
        *,
        expected_length: int | None = None,
        checksums: Mapping[str, Hasher] | None = None,
        key: CustomerKey | None = None,
    ) -> PartUpload:
        """An upload to be entered with `async with`; raises ReadOnly, CustomerKeyProblem."""
        self.commits.refuse_when_read_only()
        key_of_body = key_of_part(file.encryption, key)
        return PartUpload(
            self.intake, self.commits, self.clock, file, part_number, expected_length, checksums or {}, key_of_body
        )

    async def copy_part(
        self,
        file: FileVersion,
        part_number: int,
        source: FileVersion,
        start: int = 0,
        stop: int | None = None,
        *,
        checksums: Mapping[str, Hasher] | None = None,
        source_key: CustomerKey | None = None,
        key: CustomerKey | None = None,
    ) -> Part:
        """The source's bytes `start` to `stop` (exclusive) as a part, in place of an earlier one of its number.

        Blobs are shared where the encryption allows. Raises NoSuchVersion when the source is gone, NoSuchUpload,
        CustomerKeyProblem, StorageFull, ReadOnly.
        """
        span = Span.of(source, start, stop, source_key)
        return await self.copying.copy_part(file, part_number, span, checksums or {}, key)

    async def parts(self, file: FileVersion, first_number: int = 1, limit: int = 1000) -> list[Part]:
        """The file's parts by number, `first_number` included, also when it is finished; raises NoSuchUpload."""

        def listed(transaction: Transaction) -> list[Part]:
            if file.action is Action.START:
                unfinished.file_in_progress(transaction, file.bucket_id, file.version_id)
            return transaction.parts(file.account_id, file.version_id, first_number, limit)

        return await self.metadata.read(listed)

    async def finish(
        self, file: FileVersion, choose: Choose, *, precondition: Precondition | None = None
    ) -> FileVersion:
        """The file as an upload of the parts that `choose` names.

        `choose` gets the file and all its parts inside the transaction, may run twice, and raises to refuse.
        `precondition` is told the visible version (or None), likewise. Raises NoSuchUpload, NoSuchPart, ReadOnly.
        """
        now_ms = self.clock()
        return made(
            await self.commits.commit(
                lambda transaction: unfinished.finish_file(transaction, file, choose, precondition, now_ms=now_ms)
            )
        )

    async def cancel(self, version_id: str) -> FileVersion:
        """What was cancelled; its parts are gone. Raises NoSuchUpload."""
        bucket_id = ids.bucket_of_version(version_id)
        if bucket_id is None:
            raise NoSuchUpload(version_id)
        return made(
            await self.commits.commit(lambda transaction: unfinished.cancel_file(transaction, bucket_id, version_id))
        )

    async def unfinished(
        self, bucket_id: str, *, prefix: bytes = b"", start_version_id: str | None = None, limit: int = 100
    ) -> tuple[list[FileVersion], str | None]:
        """Files in progress, those begun first at the front, from the start (inclusive); and where to go on."""

        def listed(transaction: Transaction) -> list[FileVersion]:
            bucket = existing_bucket(transaction, bucket_id)
            stop = successor_of_prefix(prefix)
            return transaction.scan_unfinished(bucket, start_version_id or "", prefix, stop, limit + 1)

        files = await self.metadata.read(listed)
        following = files[limit].version_id if len(files) > limit else None
        return files[:limit], following

    async def unfinished_by_key(
        self,
        bucket_id: str,
        *,
        prefix: bytes = b"",
        delimiter: bytes = b"",
        start_key: bytes = b"",
        after_version_id: str = "",
        limit: int = 1000,
    ) -> ListingPage:
        """Files in progress by key and start, beyond `after_version_id` of `start_key`; see `listing`."""

        def listed(transaction: Transaction) -> ListingPage:
            return list_unfinished(
                transaction,
                existing_bucket(transaction, bucket_id),
                prefix=prefix,
                delimiter=delimiter,
                start_key=start_key,
                after_version_id=after_version_id,
                limit=limit,
            )

        return await self.metadata.read(listed)
