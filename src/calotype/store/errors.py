"""What can go wrong in the store. Protocol servers translate these by one table each.

StoreError
├─ NotFound
│  ├─ NoSuchAccount
│  ├─ NoSuchBucket
│  ├─ NoSuchKey               carries the hide marker, when there is one
│  ├─ NoSuchVersion
│  ├─ NoSuchUpload            a large file that is not, or no longer, in progress
│  ├─ NoSuchPart
│  └─ NoSuchApplicationKey
├─ Invalid
│  ├─ InvalidAccountName      carries why
│  └─ InvalidEmail
├─ Conflict
│  ├─ AccountExists           another account has the name
│  ├─ EmailTaken              another account has the e-mail
│  ├─ AccountNotEmpty         it still has buckets
│  ├─ FirstAccountStays       the account made with the store cannot be removed
│  ├─ BucketExists            carries who owns the name
│  ├─ TooManyBuckets          the account has as many as it may have
│  ├─ BucketNotEmpty
│  ├─ RevisionConflict
│  └─ PreconditionFailed
├─ Refused
│  ├─ IncompleteUpload        more or fewer bytes than announced
│  ├─ StorageFull             under the disk reserve, or no space left
│  ├─ ReadOnly                after a failed sync: nothing more is written
│  └─ CapExceeded             the account's cap leaves no room; carries which cap
│     ├─ StorageCapExceeded
│     ├─ DownloadCapExceeded  also a download that the cap on class B leaves no room for
│     └─ TransactionCapExceeded
├─ FileLock                   what object lock forbids
│  ├─ MissingFileLock         the bucket has no file lock
│  ├─ FileLockConflict        the bucket has it, and cannot do without or without versions
│  ├─ RetainUntilInPast
│  ├─ RetentionRefused        a retention may not be shortened or taken away
│  └─ VersionLocked           carries the version
├─ CustomerKeyProblem         the key that came, or did not, with a request for an encrypted file
│  ├─ CustomerKeyNeeded
│  ├─ WrongCustomerKey
│  ├─ CustomerKeyNotApplicable   the file is not encrypted with a customer's key
│  └─ MalformedCustomerKey
└─ Unusable                   the data folder cannot be opened, or no longer be trusted
   ├─ StoreLocked             carries who holds it
   ├─ WrongMasterKey
   ├─ UnknownSchema           written by a newer version
   ├─ MetadataDamaged         metadata.db is not readable as a database
   ├─ BlobDamaged             a row's bytes are missing, too short, or not those that were written
   └─ ContentKeyLost          encrypted by a master key that is not this one
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calotype.store.caps import Cap
    from calotype.store.model import FileVersion


class StoreError(Exception):
    """Anything the store refuses or fails to do."""


class NotFound(StoreError):
    """What was asked for is not here."""


class NoSuchAccount(NotFound):
    def __init__(self, account_id: str) -> None:
        super().__init__(f"there is no account {account_id!r}")
        self.account_id = account_id


class NoSuchBucket(NotFound):
    def __init__(self, bucket: str) -> None:
        super().__init__(f"there is no bucket {bucket!r}")
        self.bucket = bucket


class NoSuchKey(NotFound):
    """`marker` is the hide marker on top, or None when no version is there at all."""

    def __init__(self, key: bytes, marker: FileVersion | None = None) -> None:
        super().__init__(f"there is no object {key!r}")
        self.key = key
        self.marker = marker


class NoSuchVersion(NotFound):
    def __init__(self, version_id: str) -> None:
        super().__init__(f"there is no version {version_id!r}")
        self.version_id = version_id


class NoSuchUpload(NotFound):
    """It was never started, or is finished or cancelled already."""

    def __init__(self, version_id: str) -> None:
        super().__init__(f"there is no large file {version_id!r} in progress")
        self.version_id = version_id


class NoSuchPart(NotFound):
    def __init__(self, part_number: int) -> None:
        super().__init__(f"part {part_number} has not been uploaded")
        self.part_number = part_number


class NoSuchApplicationKey(NotFound):
    def __init__(self, key_id: str) -> None:
        super().__init__(f"there is no application key {key_id!r}")
        self.key_id = key_id


class Invalid(StoreError):
    """A value that the store does not take, in whatever state."""


class InvalidAccountName(Invalid):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name!r} cannot be an account's name: {reason}")


class InvalidEmail(Invalid):
    def __init__(self, email: str) -> None:
        super().__init__(f"{email!r} is not an e-mail address")


class Conflict(StoreError):
    """The state of the store forbids it."""


class AccountExists(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is an account {name!r} already")


class EmailTaken(Conflict):
    def __init__(self, email: str) -> None:
        super().__init__(f"another account has the e-mail {email!r}")


class AccountNotEmpty(Conflict):
    def __init__(self, name: str, buckets: int) -> None:
        super().__init__(f"the account {name!r} still has {buckets} bucket{'' if buckets == 1 else 's'}")
        self.buckets = buckets


class FirstAccountStays(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is the account made with the store, which stays")


class BucketExists(Conflict):
    def __init__(self, name: str, owner_account_id: str) -> None:
        super().__init__(f"the bucket name {name!r} is taken")
        self.name = name
        self.owner_account_id = owner_account_id


class TooManyBuckets(Conflict):
    def __init__(self, most: int) -> None:
        super().__init__(f"the account has {most} buckets, as many as it may have")
        self.most = most


class BucketNotEmpty(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"the bucket {name!r} still holds versions or unfinished uploads")
        self.name = name


class RevisionConflict(Conflict):
    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"the bucket is at revision {actual}, not {expected}")
        self.expected = expected
        self.actual = actual


class PreconditionFailed(Conflict):
    """For preconditions to raise; `condition` names the header or field that did not hold."""

    def __init__(self, condition: str = "") -> None:
        super().__init__(f"the precondition {condition} does not hold" if condition else "a precondition does not hold")
        self.condition = condition


class Refused(StoreError):
    """An upload that cannot be taken; nothing has changed."""


class IncompleteUpload(Refused):
    def __init__(self, expected_length: int, length: int) -> None:
        super().__init__(f"{length} bytes came, {expected_length} were announced")
        self.expected_length = expected_length
        self.length = length


class StorageFull(Refused):
    def __init__(self, free_bytes: int, reserve_bytes: int) -> None:
        super().__init__(f"{free_bytes} bytes are free on the disk; reserve_bytes keeps {reserve_bytes} back")
        self.free_bytes = free_bytes
        self.reserve_bytes = reserve_bytes


class ReadOnly(Refused):
    """A sync failed, so the disk's word is no longer good: reads go on, writes wait for an operator and a restart."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the store is read-only since a sync failed: {reason}")
        self.reason = reason


class CapExceeded(Refused):
    """`cap` is the one that leaves no room, `limit` its bytes or calls."""

    def __init__(self, cap: Cap, limit: int) -> None:
        super().__init__(f"the cap {cap.value} of {limit} leaves no room")
        self.cap = cap
        self.limit = limit


class StorageCapExceeded(CapExceeded):
    pass


class DownloadCapExceeded(CapExceeded):
    pass


class TransactionCapExceeded(CapExceeded):
    pass


class FileLock(StoreError):
    """Object lock forbids it; nothing has changed."""


class MissingFileLock(FileLock):
    def __init__(self, bucket: str) -> None:
        super().__init__(f"the bucket {bucket!r} is not file lock enabled")
        self.bucket = bucket


class FileLockConflict(FileLock):
    """A bucket's file lock never goes off, and it needs every version kept."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class RetainUntilInPast(FileLock):
    def __init__(self, until_ms: int, now_ms: int) -> None:
        super().__init__(f"a retention until {until_ms} would end in the past: it is {now_ms} now")
        self.until_ms = until_ms
        self.now_ms = now_ms


class RetentionRefused(FileLock):
    """`reason` says which rule of the present retention stands against the change."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class VersionLocked(FileLock):
    def __init__(self, version: FileVersion) -> None:
        super().__init__(f"the version {version.version_id!r} is locked by its legal hold or retention")
        self.version = version


class CustomerKeyProblem(StoreError):
    """The request's customer key does not fit the file (SSE-C)."""


class CustomerKeyNeeded(CustomerKeyProblem):
    def __init__(self) -> None:
        super().__init__("the file is encrypted with a customer's key, which must come with the request")


class WrongCustomerKey(CustomerKeyProblem):
    def __init__(self) -> None:
        super().__init__("the file is encrypted with another key than the one that came with the request")


class CustomerKeyNotApplicable(CustomerKeyProblem):
    def __init__(self) -> None:
        super().__init__("a customer's key came with the request, and the file is not encrypted with one")


class MalformedCustomerKey(CustomerKeyProblem):
    """`problem` names the field that is wrong, never its content."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Unusable(StoreError):
    """The data folder needs an operator."""


class StoreLocked(Unusable):
    """`holder` is what the holding process wrote into the lock file: its id and address."""

    def __init__(self, folder: str, holder: str) -> None:
        super().__init__(f"{folder} is in use by {holder or 'another process'}")
        self.folder = folder
        self.holder = holder


class WrongMasterKey(Unusable):
    """`hint` says where the right key belongs."""

    def __init__(self, hint: str = "give the one it was made with") -> None:
        super().__init__(f"the master key does not open this data folder: {hint}")


class UnknownSchema(Unusable):
    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"metadata.db has schema {found}, this version knows up to {known}: upgrade calotype")
        self.found = found
        self.known = known


class MetadataDamaged(Unusable):
    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}; restore a backup with `calotype restore`")
        self.path = path
        self.problem = problem


class BlobDamaged(Unusable):
    def __init__(self, blob_id: str, problem: str) -> None:
        super().__init__(f"blob {blob_id}: {problem}; run `calotype fsck`")
        self.blob_id = blob_id
        self.problem = problem


class ContentKeyLost(Unusable):
    """The bytes are whole, and only the master key that they were written under opens them."""

    def __init__(self, blob_id: str, key_id: str) -> None:
        super().__init__(
            f"blob {blob_id} is encrypted by the master key {key_id}, which is not the one in use; only a site that"
            f" still has that key can read it"
        )
        self.blob_id = blob_id
        self.key_id = key_id
