"""Copies, whole and of ranges, as files and as parts: what they share, what they keep, and what may go wrong."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from dataclasses import replace

import pytest

from calotype.store.caps import Caps
from calotype.store.encryption import SERVER_KEY, CustomerKey, EncryptionKey
from calotype.store.errors import (
    CustomerKeyNeeded,
    CustomerKeyProblem,
    NoSuchBucket,
    NoSuchUpload,
    NoSuchVersion,
    PreconditionFailed,
    StorageCapExceeded,
    WrongCustomerKey,
)
from calotype.store.large_files import Finished
from calotype.store.model import Bucket, Digests, FileVersion, Part, VersionDraft, Versioning
from calotype.store.store import Store, StoreSettings, memory_store

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)
CONTENT = bytes(index * 7 % 251 for index in range(700_000))
DRAFT = VersionDraft(content_type="image/png")
KEY, OTHER_KEY = CustomerKey(b"1" * 32), CustomerKey(b"2" * 32)


@pytest.fixture
async def bucket(store: Store) -> Bucket:
    return await store.create_bucket((await store.default_account()).account_id, "photographs")


@pytest.fixture
async def source(store: Store, bucket: Bucket) -> FileVersion:
    return await put(store, bucket, b"source", CONTENT)


async def put(
    store: Store, bucket: Bucket, key: bytes, content: bytes, encryption: EncryptionKey | None = None, **fields: object
) -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content), encryption=encryption) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft(**fields))  # type: ignore[arg-type]


async def put_large(store: Store, bucket: Bucket, key: bytes, *contents: bytes) -> FileVersion:
    """A file of these parts, numbered 1, 3, 5, …"""
    file = await store.large_files.start(bucket, key, DRAFT)
    for index, content in enumerate(contents):
        async with store.large_files.upload_part(file, 2 * index + 1, expected_length=len(content)) as upload:
            await upload.write(content)
            await upload.commit()
    return await store.large_files.finish(file, all_parts)


def all_parts(file: FileVersion, parts: list[Part]) -> Finished:
    return Finished(tuple(part.part_number for part in parts), etag=f"etag-{len(parts)}")


async def content_of(store: Store, version: FileVersion, key: CustomerKey | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(version, customer_key=key)])


async def blobs_left(store: Store) -> int:
    """How many blobs are left once what was released is gone; the rows must agree."""
    report = await store.fsck()
    assert report.is_clean, report.problems
    assert len(list(store.blobs.blob_ids())) == report.blobs
    return report.blobs


class Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, content: bytes, /) -> None:
        self._value = zlib.crc32(content, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


async def test_a_whole_copy_shares_the_blob_and_keeps_the_digests(
    store: Store, bucket: Bucket, source: FileVersion
) -> None:
    other = await store.create_bucket(bucket.account_id, "copies")
    copied = await store.copy(source, other, b"copy", VersionDraft(content_type="image/webp", info={"a": "b"}))
    assert (copied.bucket_id, copied.key, copied.content_type) == (other.bucket_id, b"copy", "image/webp")
    assert (copied.digests, copied.etag, copied.info) == (source.digests, source.etag, {"a": "b"})
    assert copied.version_id != source.version_id
    assert copied.extents == source.extents
    assert await store.latest(other.bucket_id, b"copy") == copied
    assert [row.bucket_name for row in await store.outbox(0)] == ["photographs", "copies"]
    assert await blobs_left(store) == 1
    await store.delete_version(bucket.bucket_id, source.key, source.version_id)
    assert await content_of(store, copied) == CONTENT
    assert await blobs_left(store) == 1
    await store.delete_version(other.bucket_id, copied.key, copied.version_id)
    assert await blobs_left(store) == 0


@pytest.mark.parametrize(
    "span", [(0, 1), (5, 600_000), (300_000, 700_000), (7, 7), (9, 7), (699_999, 900_000), (800_000, 900_000)]
)
async def test_a_range_shares_the_blob_and_has_digests_of_its_own(
    store: Store, bucket: Bucket, source: FileVersion, span: tuple[int, int]
) -> None:
    copied = await store.copy(source, bucket, b"copy", DRAFT, start=span[0], stop=span[1], checksums={"C": Crc32()})
    expected = CONTENT[slice(*span)]
    assert await content_of(store, copied) == expected
    assert copied.length == len(expected)
    assert copied.etag == hashlib.md5(expected).hexdigest()
    assert copied.digests is not None
    assert copied.digests.sha1 == hashlib.sha1(expected).hexdigest()
    assert list(copied.digests.checksums) == ["C"]
    assert await blobs_left(store) == 1


async def test_a_copy_onto_its_own_source_is_whole_also_where_it_replaces_it(store: Store) -> None:
    account_id = (await store.default_account()).account_id
    bucket = await store.create_bucket(account_id, "unversioned", versioning=Versioning.UNVERSIONED)
    source = await put(store, bucket, b"a", CONTENT)
    copied = await store.copy(source, bucket, b"a", VersionDraft(content_type="text/plain"))
    assert await content_of(store, await store.latest(bucket.bucket_id, b"a")) == CONTENT
    assert copied.content_type == "text/plain"
    assert len((await store.list_versions(bucket.bucket_id)).versions) == 1
    assert await blobs_left(store) == 1


async def test_a_copy_keeps_the_doubt_about_a_sha1_that_was_not_verified(store: Store, bucket: Bucket) -> None:
    source = await put(store, bucket, b"a", CONTENT, sha1_unverified=True)
    whole = await store.copy(source, bucket, b"whole", DRAFT)
    assert whole.sha1_unverified
    part = await store.copy(source, bucket, b"range", DRAFT, start=1)
    assert not part.sha1_unverified  # we have computed it ourselves


async def test_a_missing_checksum_of_a_whole_copy_is_computed(
    store: Store, bucket: Bucket, source: FileVersion
) -> None:
    copied = await store.copy(source, bucket, b"copy", DRAFT, checksums={"CRC32": Crc32()})
    assert copied.digests is not None
    assert source.digests is not None
    assert list(copied.digests.checksums) == ["CRC32"]
    assert copied.digests.md5 == source.digests.md5


async def test_a_whole_copy_of_a_large_file_has_its_parts(store: Store, bucket: Bucket) -> None:
    source = await put_large(store, bucket, b"film", CONTENT, b"", b"end")
    copied = await store.copy(source, bucket, b"copy", DRAFT)
    assert (copied.part_count, copied.etag, copied.digests) == (3, "etag-3", Digests("", "", ""))
    mine, its = await store.large_files.parts(copied), await store.large_files.parts(source)
    assert [replace(part, version_id=source.version_id) for part in mine] == its
    assert await content_of(store, copied) == CONTENT + b"end"
    assert await blobs_left(store) == 2
    await store.delete_version(bucket.bucket_id, source.key, source.version_id)
    assert await content_of(store, copied) == CONTENT + b"end"
    await store.delete_version(bucket.bucket_id, copied.key, copied.version_id)
    assert await blobs_left(store) == 0


@pytest.mark.parametrize(
    ("span", "lengths"),
    [((0, 10), [10]), ((99, 301), [1, 200, 1]), ((100, 300), [200]), ((150, 700), [150, 400]), ((5, 5), [])],
)
async def test_a_range_of_a_large_file_has_its_parts_cut(
    store: Store, bucket: Bucket, span: tuple[int, int], lengths: list[int]
) -> None:
    whole = CONTENT[:1000]
    source = await put_large(store, bucket, b"film", whole[:100], whole[100:300], whole[300:])
    copied = await store.copy(source, bucket, b"copy", DRAFT, start=span[0], stop=span[1])
    assert await content_of(store, copied) == whole[slice(*span)]
    assert copied.etag == hashlib.md5(whole[slice(*span)]).hexdigest()
    parts = await store.large_files.parts(copied)
    assert [part.length for part in parts] == lengths
    assert [part.part_number for part in parts] == list(range(1, len(lengths) + 1))
    assert await content_of(store, await store.copy(copied, bucket, b"again", DRAFT)) == whole[slice(*span)]
    assert await blobs_left(store) == 3


async def test_parts_are_copied_from_files_of_both_kinds(store: Store, bucket: Bucket, source: FileVersion) -> None:
    large = await put_large(store, bucket, b"film", b"abc", b"def", b"ghi")
    file = await store.large_files.start(bucket, b"made", DRAFT)
    first = await store.large_files.copy_part(file, 1, source)
    assert (first.digests, first.length) == (source.digests, len(CONTENT))
    second = await store.large_files.copy_part(file, 2, large, 2, 8)
    assert second.digests.sha1 == hashlib.sha1(b"cdefgh").hexdigest()
    assert [extent.length for extent in second.extents] == [1, 3, 2]
    third = await store.large_files.copy_part(file, 3, large)
    assert third.digests.md5 == hashlib.md5(b"abcdefghi").hexdigest()
    assert await store.large_files.parts(file) == [first, second, third]
    for gone in (source, large):
        await store.delete_version(bucket.bucket_id, gone.key, gone.version_id)
    made = await store.large_files.finish(file, all_parts)
    whole = CONTENT + b"cdefghabcdefghi"
    assert await content_of(store, made) == whole
    assert await blobs_left(store) == 4
    part_of_it = await store.copy(made, bucket, b"range", DRAFT, start=len(CONTENT) - 1, stop=len(CONTENT) + 4)
    assert await content_of(store, part_of_it) == whole[len(CONTENT) - 1 : len(CONTENT) + 4]
    assert await blobs_left(store) == 4


async def test_a_copied_part_takes_the_place_of_an_earlier_one(
    store: Store, bucket: Bucket, source: FileVersion
) -> None:
    file = await store.large_files.start(bucket, b"made", DRAFT)
    for stop in (10, 20, 10):  # the last shares a blob with what it replaces
        part = await store.large_files.copy_part(file, 1, source, 0, stop)
    assert await store.large_files.parts(file) == [part]
    assert await blobs_left(store) == 1
    await store.delete_version(bucket.bucket_id, source.key, source.version_id)
    assert await content_of(store, await store.large_files.finish(file, all_parts)) == CONTENT[:10]
    assert await blobs_left(store) == 1


async def test_a_source_that_is_gone_is_not_found(store: Store, bucket: Bucket, source: FileVersion) -> None:
    large = await put_large(store, bucket, b"film", b"abc", b"def")
    started = await store.large_files.start(bucket, b"made", DRAFT)
    marker = await store.hide(bucket.bucket_id, b"source")
    for gone in (source, large):
        await store.delete_version(bucket.bucket_id, gone.key, gone.version_id)
    for no_source in (source, large, started, marker):
        with pytest.raises(NoSuchVersion):
            await store.copy(no_source, bucket, b"copy", DRAFT)
        with pytest.raises(NoSuchVersion):
            await store.copy(no_source, bucket, b"copy", DRAFT, key_of_copy=SERVER_KEY)
        with pytest.raises(NoSuchVersion):
            await store.large_files.copy_part(started, 1, no_source)
    assert await store.large_files.parts(started) == []
    assert await blobs_left(store) == 0


@pytest.mark.parametrize("rewritten", [False, True])
@pytest.mark.parametrize("is_large", [False, True])
async def test_a_copy_beside_the_deletion_of_its_source_is_whole_or_not_found(
    store: Store, bucket: Bucket, rewritten: bool, is_large: bool
) -> None:
    """At whatever moment of the copy the deletion comes."""
    encryption = SERVER_KEY if rewritten else None
    copied = 0
    for yields in range(24):
        key = b"%d" % yields
        make = put_large(store, bucket, key, CONTENT, b"x") if is_large else put(store, bucket, key, CONTENT)
        source = await make
        copying = asyncio.create_task(store.copy(source, bucket, key + b"copy", DRAFT, start=1, key_of_copy=encryption))
        for _ in range(yields):
            await asyncio.sleep(0)
        await store.delete_version(bucket.bucket_id, key, source.version_id)
        await store.sweep()
        try:
            copy = await copying
        except NoSuchVersion:
            continue
        assert await content_of(store, copy) == (CONTENT[1:] + b"x" if is_large else CONTENT[1:])
        copied += 1
    report = await store.fsck()
    assert report.is_clean
    assert len((await store.list_versions(bucket.bucket_id)).versions) == copied


async def test_a_copy_into_a_bucket_or_file_that_is_gone_changes_nothing(
    store: Store, bucket: Bucket, source: FileVersion
) -> None:
    gone = await store.create_bucket(bucket.account_id, "gone-bucket")
    file = await store.large_files.start(gone, b"made", DRAFT)
    await store.large_files.cancel(file.version_id)
    with pytest.raises(NoSuchUpload):
        await store.large_files.copy_part(file, 1, source)
    await store.delete_bucket(gone.bucket_id)
    with pytest.raises(NoSuchBucket):
        await store.copy(source, gone, b"copy", DRAFT)
    with pytest.raises(NoSuchUpload):
        await store.large_files.copy_part(file, 1, source)
    blob = await store.metadata.read(lambda transaction: transaction.blob(bucket.account_id, source.extents[0].blob_id))
    assert blob is not None
    assert blob.references == 1
    assert await blobs_left(store) == 1


async def test_a_copy_may_be_refused_by_a_precondition(store: Store, bucket: Bucket, source: FileVersion) -> None:
    def refuse(visible: FileVersion | None) -> None:
        assert visible == source
        raise PreconditionFailed

    for encryption in (None, SERVER_KEY):
        with pytest.raises(PreconditionFailed):
            await store.copy(source, bucket, b"source", DRAFT, key_of_copy=encryption, precondition=refuse)
    assert await blobs_left(store) == 1


async def test_nothing_is_shared_across_accounts(store: Store, bucket: Bucket, source: FileVersion) -> None:
    other = await store.create_account("other")
    theirs = await store.create_bucket(other.account_id, "theirs")
    copied = await store.copy(source, theirs, b"copy", DRAFT)
    file = await store.large_files.start(theirs, b"made", DRAFT)
    part = await store.large_files.copy_part(file, 1, source, 5)
    blob_ids = {extent.blob_id for extent in (*source.extents, *copied.extents, *part.extents)}
    assert len(blob_ids) == 3
    assert await content_of(store, copied) == CONTENT
    assert await blobs_left(store) == 3


@pytest.mark.parametrize(
    ("of_source", "of_copy", "shares"),
    [
        (None, None, True),
        (None, SERVER_KEY, False),
        (SERVER_KEY, None, False),
        (SERVER_KEY, SERVER_KEY, True),
        (KEY, KEY, True),
        (KEY, OTHER_KEY, False),  # never across customers' keys
        (KEY, SERVER_KEY, False),
        (None, KEY, False),
    ],
)
@pytest.mark.parametrize("start", [0, 100])
async def test_blobs_are_shared_only_where_the_encryption_is_the_same(
    store: Store,
    bucket: Bucket,
    of_source: EncryptionKey | None,
    of_copy: EncryptionKey | None,
    shares: bool,
    start: int,
) -> None:
    source = await put(store, bucket, b"source", CONTENT, of_source)
    source_key = of_source if isinstance(of_source, CustomerKey) else None
    copy_key = of_copy if isinstance(of_copy, CustomerKey) else None
    copied = await store.copy(source, bucket, b"copy", DRAFT, start=start, source_key=source_key, key_of_copy=of_copy)
    assert (copied.extents[0].blob_id == source.extents[0].blob_id) == shares
    assert await content_of(store, copied, copy_key) == CONTENT[start:]
    file = await store.large_files.start(bucket, b"made", DRAFT, encryption=of_copy)
    part = await store.large_files.copy_part(file, 1, source, start, source_key=source_key, key=copy_key)
    assert (part.extents[0].blob_id == source.extents[0].blob_id) == shares
    made = await store.large_files.finish(file, all_parts)
    assert made.encryption == copied.encryption
    assert await content_of(store, made, copy_key) == CONTENT[start:]
    assert await blobs_left(store) == (1 if shares else 3)


async def test_a_customers_key_must_fit_the_source_and_the_file(store: Store, bucket: Bucket) -> None:
    source = await put(store, bucket, b"source", CONTENT, KEY)
    file = await store.large_files.start(bucket, b"made", DRAFT, encryption=KEY)
    for source_key, error in [(None, CustomerKeyNeeded), (OTHER_KEY, WrongCustomerKey)]:
        with pytest.raises(error):
            await store.copy(source, bucket, b"copy", DRAFT, source_key=source_key, key_of_copy=KEY)
        with pytest.raises(error):
            await store.large_files.copy_part(file, 1, source, source_key=source_key, key=KEY)
        with pytest.raises(error):
            await store.large_files.copy_part(file, 1, source, source_key=KEY, key=source_key)
        with pytest.raises(error):
            store.large_files.upload_part(file, 1, expected_length=1, key=source_key)
    plain = await put(store, bucket, b"plain", CONTENT)
    with pytest.raises(CustomerKeyProblem):
        await store.copy(plain, bucket, b"copy", DRAFT, source_key=KEY)
    assert await blobs_left(store) == 2


async def test_a_copy_that_shares_its_blobs_counts_against_the_storage_cap() -> None:
    settings = replace(QUICK, caps=Caps(storage_bytes=1_000_000))
    async with await memory_store(settings=settings) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        source = await put(store, bucket, b"source", CONTENT)
        file = await store.large_files.start(bucket, b"made", DRAFT)
        with pytest.raises(StorageCapExceeded):
            await store.copy(source, bucket, b"copy", DRAFT)
        with pytest.raises(StorageCapExceeded):
            await store.large_files.copy_part(file, 1, source)
        await store.large_files.copy_part(file, 1, source, 0, 100_000)
