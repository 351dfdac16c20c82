"""What every metadata implementation must do; run over SQLite and over its twin in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from calotype.store.filesystem import LocalFileSystem
from calotype.store.ledger import Alert, BucketUsage, LedgerRow
from calotype.store.listed_object import ListedObject, attributes_of_json
from calotype.store.memory_metadata import MemoryMetadata
from calotype.store.metadata import Metadata, SealedKey, Transaction
from calotype.store.model import (
    Account,
    Action,
    Blob,
    Bucket,
    BucketSettings,
    BucketType,
    CorsRule,
    DefaultRetention,
    Digests,
    Encryption,
    EncryptionScheme,
    Event,
    EventType,
    Extent,
    FileVersion,
    LifecycleRule,
    LockMode,
    NotificationRule,
    Part,
    Retention,
    ServerSideEncryption,
    Versioning,
)
from calotype.store.sqlite_metadata import SqliteMetadata

T = TypeVar("T")

ACCOUNT = Account("aabbccddeeff", "default", "d@example.com", "c" * 64, 1_000)
OTHER = Account("001122334455", "other", "o@example.com", "d" * 64, 2_000)
BUCKET = Bucket(ACCOUNT.account_id, "b" * 24, "Photographs", BucketType.PUBLIC, Versioning.ENABLED, 1_000)
SIBLING = replace(BUCKET, bucket_id="c" * 24, name="album")
FOREIGN = replace(BUCKET, account_id=OTHER.account_id, bucket_id="d" * 24, name="foreign")
ENCRYPTION = Encryption(EncryptionScheme.CUSTOMER_KEY, "key", b"\x00\xff")


@pytest.fixture(params=["sqlite", "memory", "memory, each function run twice"])
async def metadata(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Metadata]:
    made: Metadata
    if request.param == "sqlite":
        made = SqliteMetadata.open(tmp_path / "metadata.db", LocalFileSystem())
    else:
        made = MemoryMetadata(run_twice="twice" in request.param)
    yield made
    await made.close()


@pytest.fixture
async def filled(metadata: Metadata) -> Metadata:
    """With two accounts and three buckets."""

    def fill(transaction: Transaction) -> None:
        transaction.insert_account(ACCOUNT)
        transaction.insert_account(OTHER)
        for bucket in (BUCKET, SIBLING, FOREIGN):
            transaction.insert_bucket(bucket)

    await change(metadata, fill)
    return metadata


async def change(metadata: Metadata, function: Callable[[Transaction], T]) -> T:
    (outcome,) = await metadata.apply([function])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def version(key: bytes, time: int, *, bucket: Bucket = BUCKET, **fields: object) -> FileVersion:
    made = FileVersion(
        account_id=bucket.account_id,
        bucket_id=bucket.bucket_id,
        version_id=f"4_z{bucket.bucket_id}_f1{key.hex()}{time}",
        key=key,
        action=Action.UPLOAD,
        uploaded_at_ms=time,
        length=3,
        content_type="image/png",
        digests=Digests("1" * 32, "2" * 40, "3" * 64, {"CRC32": "AAAAAA=="}),
        etag="1" * 32,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


async def insert(metadata: Metadata, *versions: FileVersion) -> None:
    def function(transaction: Transaction) -> None:
        for each in versions:
            transaction.insert_version(each)

    await change(metadata, function)


async def test_accounts_come_back(filled: Metadata) -> None:
    assert await filled.read(lambda transaction: transaction.accounts()) == [OTHER, ACCOUNT]


async def test_an_account_changes_its_name_and_email_and_nothing_else(filled: Metadata) -> None:
    await change(filled, lambda transaction: transaction.next_key_index(OTHER.account_id))
    renamed = replace(OTHER, name="team", email="t@example.com")
    changed = replace(renamed, canonical_user_id="e" * 64, created_at_ms=3_000)
    await change(filled, lambda transaction: transaction.replace_account(changed))
    assert await filled.read(lambda transaction: transaction.accounts()) == [renamed, ACCOUNT]
    assert await change(filled, lambda transaction: transaction.next_key_index(OTHER.account_id)) == 2


async def test_an_account_goes_with_its_secrets(filled: Metadata) -> None:
    def fill(transaction: Transaction) -> None:
        for account in (ACCOUNT, OTHER):
            transaction.insert_secret(account.account_id, "token", b"sealed")

    await change(filled, fill)
    await change(filled, lambda transaction: transaction.remove_account(OTHER))
    assert await filled.read(lambda transaction: transaction.accounts()) == [ACCOUNT]
    assert await filled.read(lambda transaction: transaction.secret(OTHER.account_id, "token")) is None
    assert await filled.read(lambda transaction: transaction.secret(ACCOUNT.account_id, "token")) == b"sealed"


async def test_key_indexes_count_up_for_each_account_by_itself(filled: Metadata) -> None:
    for expected in (1, 2):
        assert await change(filled, lambda transaction: transaction.next_key_index(ACCOUNT.account_id)) == expected
    assert await change(filled, lambda transaction: transaction.next_key_index(OTHER.account_id)) == 1


async def test_secrets_belong_to_an_account_and_a_name(filled: Metadata) -> None:
    await change(filled, lambda transaction: transaction.insert_secret(ACCOUNT.account_id, "token", b"\x00sealed"))
    assert await filled.read(lambda transaction: transaction.secret(ACCOUNT.account_id, "token")) == b"\x00sealed"
    assert await filled.read(lambda transaction: transaction.secret(OTHER.account_id, "token")) is None
    assert await filled.read(lambda transaction: transaction.secret(ACCOUNT.account_id, "other")) is None


async def test_buckets_are_found_by_name_without_case_and_by_id(filled: Metadata) -> None:
    assert await filled.read(lambda transaction: transaction.bucket_by_name("pHOTOGRAPHS")) == BUCKET
    assert await filled.read(lambda transaction: transaction.bucket_by_id(BUCKET.bucket_id)) == BUCKET
    assert await filled.read(lambda transaction: transaction.bucket_by_name("nothing")) is None
    assert await filled.read(lambda transaction: transaction.bucket_by_id("0" * 24)) is None


async def test_an_accounts_buckets_are_its_own_by_name(filled: Metadata) -> None:
    assert await filled.read(lambda transaction: transaction.buckets(ACCOUNT.account_id)) == [BUCKET, SIBLING]
    assert await filled.read(lambda transaction: transaction.buckets(OTHER.account_id)) == [FOREIGN]


async def test_a_bucket_keeps_every_field_it_is_replaced_with(filled: Metadata) -> None:
    changed = replace(
        BUCKET,
        type=BucketType.PRIVATE,
        versioning=Versioning.SUSPENDED,
        info={"cache-control": "max-age=1"},
        settings=BucketSettings(
            cors_rules=(CorsRule("pages", ("https://*",), ("s3_get",), ("*",), None, 60),),
            lifecycle_rules=(LifecycleRule("a/", 1, None, 3),),
            file_lock_enabled=True,
            default_retention=DefaultRetention(LockMode.COMPLIANCE, 2, "years"),
            default_encryption=EncryptionScheme.SERVER_KEY,
            replication={"asReplicationSource": None},
            notification_rules=(NotificationRule("rule", ("b2:ObjectCreated:*",), "a", b"\x00\xff", False, 9, "why"),),
            more={"tags": [{"a": None, "b": 1.5}]},
        ),
        revision=9,
    )
    await change(filled, lambda transaction: transaction.replace_bucket(changed))
    assert await filled.read(lambda transaction: transaction.bucket_by_id(BUCKET.bucket_id)) == changed


async def test_a_removed_bucket_frees_its_name(filled: Metadata) -> None:
    await change(filled, lambda transaction: transaction.remove_bucket(BUCKET))
    assert await filled.read(lambda transaction: transaction.bucket_by_id(BUCKET.bucket_id)) is None
    again = replace(FOREIGN, bucket_id="e" * 24, name="photographs")
    await change(filled, lambda transaction: transaction.insert_bucket(again))
    assert await filled.read(lambda transaction: transaction.bucket_by_name("Photographs")) == again


async def test_a_bucket_name_is_refused_twice_over_all_accounts(filled: Metadata) -> None:
    twin = replace(FOREIGN, bucket_id="e" * 24, name="PHOTOGRAPHS")
    (outcome,) = await filled.apply([lambda transaction: transaction.insert_bucket(twin)])
    assert isinstance(outcome, Exception)
    assert await filled.read(lambda transaction: transaction.bucket_by_id("e" * 24)) is None


async def test_a_version_keeps_every_field(filled: Metadata) -> None:
    full = version(
        "ü/\x7f".encode(),
        1_700_000_000_000,
        info={"author": "Ärger", "empty": ""},
        headers={"cache-control": "no-store"},
        extents=(Extent("blob 1", 0, 1), Extent("blob 2", 7, 2, ENCRYPTION)),
        is_null=True,
        sha1_unverified=True,
        attributes={"tags": {"a": "b"}},
        part_count=3,
        retention=Retention(LockMode.GOVERNANCE, 1_800_000_000_001),
        legal_hold=False,
        encryption=ServerSideEncryption(EncryptionScheme.CUSTOMER_KEY, "md5"),
        is_latest=True,
    )
    marker = version(b"m", 5, action=Action.HIDE, digests=None, etag="", length=0)
    await insert(filled, full, marker)
    for each in (full, marker):
        found = await filled.read(lambda transaction, each=each: transaction.version(BUCKET, each.version_id))
        assert found == each


async def test_a_version_is_found_in_its_own_bucket_only(filled: Metadata) -> None:
    one = version(b"a", 1)
    await insert(filled, one)
    for bucket in (SIBLING, FOREIGN):
        found = await filled.read(lambda transaction, bucket=bucket: transaction.version(bucket, one.version_id))
        assert found is None


@pytest.mark.parametrize(
    "twin",
    [
        version(b"a", 1, version_id="another"),  # the same key at the same time
        version(b"b", 2, version_id=version(b"a", 1).version_id),  # the same id
    ],
)
async def test_two_versions_share_neither_time_nor_id(filled: Metadata, twin: FileVersion) -> None:
    await insert(filled, version(b"a", 1))
    (outcome,) = await filled.apply([lambda transaction: transaction.insert_version(twin)])
    assert isinstance(outcome, Exception)


async def test_one_key_has_one_latest_version(filled: Metadata) -> None:
    await insert(filled, version(b"a", 1, is_latest=True))
    second = version(b"a", 2, is_latest=True)
    (outcome,) = await filled.apply([lambda transaction: transaction.insert_version(second)])
    assert isinstance(outcome, Exception)


async def test_the_latest_mark_cannot_come_beside_another(filled: Metadata) -> None:
    first, second = version(b"a", 1, is_latest=True), version(b"a", 2)
    await insert(filled, first, second)
    (outcome,) = await filled.apply([lambda transaction: transaction.mark_latest(second, True)])
    assert isinstance(outcome, Exception)
    assert await filled.read(lambda transaction: transaction.latest(BUCKET, b"a")) == first


async def test_versions_of_a_key_come_newest_first(filled: Metadata) -> None:
    old, new, other = version(b"a", 1), version(b"a", 2), version(b"ab", 3)
    await insert(filled, old, other, new)
    assert await filled.read(lambda transaction: transaction.versions_of(BUCKET, b"a")) == [new, old]
    assert await filled.read(lambda transaction: transaction.versions_of(BUCKET, b"a", 1)) == [new]
    assert await filled.read(lambda transaction: transaction.versions_of(BUCKET, b"b")) == []


async def test_the_latest_mark_moves_and_hides(filled: Metadata) -> None:
    upload, marker = version(b"a", 1, is_latest=True), version(b"a", 2, action=Action.HIDE)
    await insert(filled, upload, marker)
    assert await filled.read(lambda transaction: transaction.latest(BUCKET, b"a")) == upload
    assert await filled.read(lambda transaction: transaction.scan_visible(BUCKET, b"", None, 9)) == [upload]

    def hide(transaction: Transaction) -> None:
        transaction.mark_latest(upload, False)
        transaction.mark_latest(marker, True)

    await change(filled, hide)
    marked = replace(marker, is_latest=True)
    assert await filled.read(lambda transaction: transaction.latest(BUCKET, b"a")) == marked
    assert await filled.read(lambda transaction: transaction.scan_visible(BUCKET, b"", None, 9)) == []
    await change(filled, lambda transaction: transaction.remove_version(marked))
    assert await filled.read(lambda transaction: transaction.latest(BUCKET, b"a")) is None


async def test_the_latest_version_is_always_that_of_the_moment(filled: Metadata) -> None:
    """Asked before and after each kind of change, since it may come from memory."""

    async def latest() -> FileVersion | None:
        found = await filled.latest(BUCKET, b"a")
        assert found == await filled.read(lambda transaction: transaction.latest(BUCKET, b"a"))
        return found

    assert await latest() is None
    first = version(b"a", 1, is_latest=True)
    await insert(filled, first)
    assert await latest() == first
    assert await filled.latest(SIBLING, b"a") is None
    tagged = replace(first, attributes={"tags": {"a": "b"}})
    await change(filled, lambda transaction: transaction.replace_version(tagged))
    assert await latest() == tagged

    def put_above(transaction: Transaction) -> None:
        transaction.mark_latest(tagged, False)
        transaction.insert_version(version(b"a", 2, is_latest=True))

    await change(filled, put_above)
    assert await latest() == version(b"a", 2, is_latest=True)

    def refuse(transaction: Transaction) -> None:
        transaction.remove_version(tagged)
        raise LookupError

    with pytest.raises(LookupError):
        await change(filled, refuse)
    assert await latest() == version(b"a", 2, is_latest=True)

    def uncover(transaction: Transaction) -> None:
        transaction.remove_version(version(b"a", 2))
        transaction.mark_latest(tagged, True)

    await change(filled, uncover)
    assert await latest() == tagged
    await change(filled, lambda transaction: transaction.remove_version(tagged))
    assert await latest() is None


async def test_scans_go_by_bytes_within_their_bounds(filled: Metadata) -> None:
    keys = [b"\x01", b"A", b"a", b"a\x00", b"a/", b"b", "ü".encode(), "\U0001f5bc".encode()]
    rows = {key: version(key, 1, is_latest=True) for key in keys}
    await insert(filled, *reversed(rows.values()), version(b"a", 1, bucket=SIBLING, is_latest=True))

    async def visible(start: bytes, stop: bytes | None, limit: int) -> list[bytes]:
        found = await filled.read(lambda transaction: transaction.scan_visible(BUCKET, start, stop, limit))
        every = await filled.read(lambda transaction: transaction.scan_versions(BUCKET, start, None, stop, limit))
        assert found == every
        listed = await filled.read(lambda transaction: transaction.scan_listed(BUCKET, start, stop, limit))
        assert listed == [ListedObject.of(each) for each in found]
        return [each.key for each in found]

    assert await visible(b"", None, 100) == keys
    assert await visible(b"", None, 3) == keys[:3]
    assert await visible(b"a", b"b", 100) == [b"a", b"a\x00", b"a/"]
    assert await visible(b"a\x00", None, 2) == [b"a\x00", b"a/"]
    assert await visible(b"b", b"b", 100) == []


CHECKSUM = {"algorithm": "CRC32", "value": "AAAAAA==", "type": "FULL_OBJECT"}


@pytest.mark.parametrize(
    ("attributes", "listed"),
    [
        ({}, {}),
        ({"acl": "public-read", "tags": {"a": "b"}}, {}),  # what no listing tells
        ({"storage_class": "STANDARD_IA", "acl": "private"}, {"storage_class": "STANDARD_IA"}),
        ({"owner": "001122334455"}, {"owner": "001122334455"}),
        ({"checksum": CHECKSUM}, {"checksum": {"algorithm": "CRC32", "type": "FULL_OBJECT"}}),  # how, not which
    ],
)
async def test_a_listed_object_is_what_listings_tell_of_the_visible_version(
    filled: Metadata, attributes: dict[str, object], listed: dict[str, object]
) -> None:
    plain = version(b"b", 2, is_latest=True)
    rows = [version(b"a", 1, is_latest=True, attributes=attributes, length=7, etag="e"), plain]
    await insert(filled, *rows, version(b"c", 1), version(b"d", 1, action=Action.HIDE, is_latest=True))

    async def scan() -> list[ListedObject]:
        return await filled.read(lambda transaction: transaction.scan_listed(BUCKET, b"", None, 9))

    assert await scan() == [ListedObject.of(row) for row in rows]
    first = (await scan())[0]
    assert (first.key, first.uploaded_at_ms, first.length, first.etag) == (b"a", 1, 7, "e")
    assert attributes_of_json(first.attributes_json) == listed
    changed = [replace(rows[0], attributes={}, etag="f", length=8), replace(plain, attributes=attributes)]
    await change(filled, lambda transaction: [transaction.replace_version(row) for row in changed])
    assert await scan() == [ListedObject.of(row) for row in changed]


async def test_a_scan_of_versions_can_begin_inside_a_key(filled: Metadata) -> None:
    rows = [version(b"a", 3), version(b"a", 2), version(b"a", 1), version(b"b", 9), version(b"b", 8)]
    await insert(filled, *rows)

    async def scan(time: int | None, stop: bytes | None, limit: int) -> list[FileVersion]:
        return await filled.read(lambda transaction: transaction.scan_versions(BUCKET, b"a", time, stop, limit))

    assert await scan(None, None, 9) == rows
    assert await scan(2, None, 9) == rows[1:]
    assert await scan(2, None, 3) == rows[1:4]
    assert await scan(0, None, 9) == rows[3:]
    assert await scan(2, b"b", 9) == rows[1:3]


async def test_a_bucket_holds_versions_until_the_last_is_gone(filled: Metadata) -> None:
    marker = version(b"a", 1, action=Action.HIDE)
    assert not await filled.read(lambda transaction: transaction.holds_versions(BUCKET))
    await insert(filled, marker)
    assert await filled.read(lambda transaction: transaction.holds_versions(BUCKET))
    assert not await filled.read(lambda transaction: transaction.holds_versions(SIBLING))
    await change(filled, lambda transaction: transaction.remove_version(marker))
    assert not await filled.read(lambda transaction: transaction.holds_versions(BUCKET))


async def test_a_blob_is_forgotten_with_its_last_reference(filled: Metadata) -> None:
    blob = Blob(ACCOUNT.account_id, "blob", 10, "f" * 64)
    await change(filled, lambda transaction: transaction.insert_blob(blob))
    assert await change(filled, lambda transaction: transaction.refer(ACCOUNT.account_id, "blob", 1)) == 2
    assert await change(filled, lambda transaction: transaction.refer(ACCOUNT.account_id, "blob", -1)) == 1
    assert await filled.read(lambda transaction: transaction.blob(ACCOUNT.account_id, "blob")) == blob
    assert await filled.read(lambda transaction: transaction.blob(OTHER.account_id, "blob")) is None
    assert await filled.read(lambda transaction: transaction.unnamed_blobs(["blob", "x"])) == ["x"]
    assert await change(filled, lambda transaction: transaction.refer(ACCOUNT.account_id, "blob", -1)) == 0
    assert await filled.read(lambda transaction: transaction.blob(ACCOUNT.account_id, "blob")) is None
    assert await filled.read(lambda transaction: transaction.unnamed_blobs(["blob", "x"])) == ["blob", "x"]


async def test_blobs_are_scanned_in_order_over_all_accounts(filled: Metadata) -> None:
    blobs = [Blob(account.account_id, f"blob {n}", n, "") for n, account in enumerate([ACCOUNT, OTHER, ACCOUNT])]

    def fill(transaction: Transaction) -> None:
        for blob in reversed(blobs):
            transaction.insert_blob(blob)

    await change(filled, fill)
    assert await filled.read(lambda transaction: transaction.scan_blobs("", 2)) == blobs[:2]
    assert await filled.read(lambda transaction: transaction.scan_blobs("blob 1", 2)) == blobs[2:]


async def test_application_keys_keep_every_field_and_page_from_their_start(filled: Metadata) -> None:
    full = SealedKey(ACCOUNT.account_id, "k1", "n", b"\x00\x01", ("a", "b"), 5, ("b1", "b2"), "prefix/", 9)
    bare = SealedKey(ACCOUNT.account_id, "k2", "n", b"", (), 5, None, None, None)
    foreign = SealedKey(OTHER.account_id, "k3", "n", b"", (), 5, (), None, None)
    for key in (bare, foreign, full):
        await change(filled, lambda transaction, key=key: transaction.insert_key(key))
    assert await filled.read(lambda transaction: transaction.key(ACCOUNT.account_id, "k1")) == full
    assert await filled.read(lambda transaction: transaction.key(OTHER.account_id, "k1")) is None
    assert await filled.read(lambda transaction: transaction.keys(ACCOUNT.account_id, "", 9)) == [full, bare]
    assert await filled.read(lambda transaction: transaction.keys(ACCOUNT.account_id, "k2", 9)) == [bare]
    assert await filled.read(lambda transaction: transaction.keys(ACCOUNT.account_id, "", 1)) == [full]
    await change(filled, lambda transaction: transaction.remove_key(full))
    assert await filled.read(lambda transaction: transaction.keys(ACCOUNT.account_id, "", 9)) == [bare]


async def test_the_outbox_counts_up_even_after_it_was_emptied(filled: Metadata) -> None:
    first = await change(filled, lambda transaction: transaction.append_outbox("acct", "bucket", b"a"))
    second = await change(filled, lambda transaction: transaction.append_outbox("acct", "bucket", b"b"))
    assert second > first
    rows = await filled.read(lambda transaction: transaction.outbox(first, 10))
    assert [(row.sequence, row.account_id, row.bucket_name, row.key) for row in rows] == [
        (second, "acct", "bucket", b"b")
    ]
    await change(filled, lambda transaction: transaction.forget_outbox(second))
    assert await filled.read(lambda transaction: transaction.outbox(0, 10)) == []
    assert await change(filled, lambda transaction: transaction.append_outbox("acct", "bucket", b"c")) > second


async def test_the_ledger_adds_up(filled: Metadata) -> None:
    row = LedgerRow("acct", "bucket", "2026-01-01", "GetObject", "B", 1, 10, 100)
    other_day = replace(row, day="2026-01-02")
    await change(filled, lambda transaction: transaction.add_to_ledger([row, other_day]))
    await change(filled, lambda transaction: transaction.add_to_ledger([row]))
    total = replace(row, count=2, bytes_in=20, bytes_out=200)
    assert await filled.read(lambda transaction: transaction.ledger(None)) == [total, other_day]
    assert await filled.read(lambda transaction: transaction.ledger("2026-01-01")) == [total]
    assert await filled.read(lambda transaction: transaction.ledger("2026-01-03")) == []


async def test_each_function_of_a_group_fails_alone_and_wholly(filled: Metadata) -> None:
    def refuse(transaction: Transaction) -> None:
        transaction.insert_version(version(b"refused", 1, is_latest=True))
        transaction.insert_blob(Blob(ACCOUNT.account_id, "refused", 1, ""))
        transaction.append_outbox("acct", "bucket", b"refused")
        raise LookupError("refused")

    def accept(transaction: Transaction) -> str:
        transaction.insert_version(version(b"accepted", 1, is_latest=True))
        return "accepted"

    first, second, third = await filled.apply([accept, refuse, refuse])
    assert first == "accepted"
    assert isinstance(second, LookupError)
    assert isinstance(third, LookupError)
    visible = await filled.read(lambda transaction: transaction.scan_visible(BUCKET, b"", None, 9))
    assert [each.key for each in visible] == [b"accepted"]
    assert await filled.read(lambda transaction: transaction.blob(ACCOUNT.account_id, "refused")) is None
    assert await filled.read(lambda transaction: transaction.outbox(0, 9)) == []


async def test_a_bucket_whose_making_was_refused_is_not_there_for_the_next_function(filled: Metadata) -> None:
    refused = replace(BUCKET, bucket_id="9" * 24, name="refused")

    def refuse(transaction: Transaction) -> None:
        transaction.insert_bucket(refused)
        assert transaction.bucket_by_id(refused.bucket_id) == refused
        raise LookupError("refused")

    def look(transaction: Transaction) -> Bucket | None:
        return transaction.bucket_by_id(refused.bucket_id)

    before, refusal, after = await filled.apply([look, refuse, look])
    assert isinstance(refusal, LookupError)
    assert (before, after) == (None, None)


async def test_later_functions_of_a_group_see_the_earlier_ones(filled: Metadata) -> None:
    def add(transaction: Transaction) -> int:
        before = len(transaction.versions_of(BUCKET, b"a"))
        transaction.insert_version(version(b"a", before + 1))
        return before

    assert await filled.apply([add, add, add]) == [0, 1, 2]


async def test_an_exception_in_a_read_reaches_the_caller(filled: Metadata) -> None:
    def fail(transaction: Transaction) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await filled.read(fail)
    assert await filled.read(lambda transaction: len(transaction.accounts())) == 2


def unfinished(key: bytes, time: int, version_id: str, *, bucket: Bucket = BUCKET) -> FileVersion:
    return version(key, time, bucket=bucket, version_id=version_id, action=Action.START, length=0, digests=None)


async def test_large_files_in_progress_come_by_id_and_by_key(filled: Metadata) -> None:
    first, second, third = unfinished(b"b", 5, "1"), unfinished(b"a", 6, "2"), unfinished(b"b", 7, "3")
    await insert(filled, third, second, first, version(b"b", 9), unfinished(b"b", 5, "4", bucket=SIBLING))

    async def by_id(start: str, prefix: bytes, stop: bytes | None, limit: int) -> list[FileVersion]:
        return await filled.read(lambda transaction: transaction.scan_unfinished(BUCKET, start, prefix, stop, limit))

    assert await by_id("", b"", None, 9) == [first, second, third]
    assert await by_id("2", b"", None, 9) == [second, third]
    assert await by_id("", b"b", b"c", 1) == [first]
    assert await by_id("", b"a", b"b", 9) == [second]

    async def by_key(key: bytes, after: str, stop: bytes | None, limit: int) -> list[FileVersion]:
        return await filled.read(lambda transaction: transaction.scan_unfinished_keys(BUCKET, key, after, stop, limit))

    assert await by_key(b"", "", None, 9) == [second, first, third]
    assert await by_key(b"b", "1", None, 9) == [third]
    assert await by_key(b"", "", b"b", 9) == [second]
    assert await by_key(b"", "", None, 2) == [second, first]


async def test_a_version_is_replaced_where_it_is(filled: Metadata) -> None:
    started = unfinished(b"a", 5, "1")
    await insert(filled, started)
    finished = replace(started, action=Action.UPLOAD, length=9, part_count=2, is_latest=True)
    await change(filled, lambda transaction: transaction.replace_version(finished))
    assert await filled.read(lambda transaction: transaction.version(BUCKET, "1")) == finished
    assert await filled.read(lambda transaction: transaction.latest(BUCKET, b"a")) == finished
    assert await filled.read(lambda transaction: transaction.scan_unfinished(BUCKET, "", b"", None, 9)) == []


def part(number: int, length: int = 10, **fields: object) -> Part:
    made = Part(
        account_id=ACCOUNT.account_id,
        version_id="1",
        part_number=number,
        length=length,
        digests=Digests("1" * 32, "2" * 40, "3" * 64),
        uploaded_at_ms=7,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


async def test_parts_keep_every_field_and_come_by_number(filled: Metadata) -> None:
    full = part(
        2, digests=Digests("1", "2", "3", {"CRC32": "x"}), extents=(Extent("blob", 1, 9), Extent("b", 0, 1, ENCRYPTION))
    )
    rows = [part(1), full, part(10)]

    def fill(transaction: Transaction) -> None:
        for row in reversed(rows):
            transaction.insert_part(BUCKET.bucket_id, row)
        transaction.insert_part(BUCKET.bucket_id, part(1, version_id="2"))

    await change(filled, fill)
    account_id = ACCOUNT.account_id
    assert await filled.read(lambda transaction: transaction.parts(account_id, "1", 1)) == rows
    assert await filled.read(lambda transaction: transaction.parts(account_id, "1", 2, 1)) == [full]
    assert await filled.read(lambda transaction: transaction.part(account_id, "1", 2)) == full
    assert await filled.read(lambda transaction: transaction.part(OTHER.account_id, "1", 2)) is None
    (outcome,) = await filled.apply([lambda transaction: transaction.insert_part(BUCKET.bucket_id, part(1))])
    assert isinstance(outcome, Exception)
    await change(filled, lambda transaction: transaction.remove_part(BUCKET.bucket_id, full))
    assert await filled.read(lambda transaction: transaction.parts(account_id, "1", 1)) == [rows[0], rows[2]]


async def test_the_parts_of_a_span_are_those_that_hold_its_bytes(filled: Metadata) -> None:
    def fill(transaction: Transaction) -> None:
        for number, start in ((1, 0), (2, 10), (5, 20)):
            transaction.insert_part(BUCKET.bucket_id, part(number))
            transaction.place_part(part(number), start)

    await change(filled, fill)

    async def within(start: int, stop: int) -> list[tuple[int, int | None]]:
        found = await filled.read(lambda transaction: transaction.parts_within(ACCOUNT.account_id, "1", start, stop))
        return [(each.part_number, each.start) for each in found]

    assert await within(0, 30) == [(1, 0), (2, 10), (5, 20)]
    assert await within(9, 11) == [(1, 0), (2, 10)]
    assert await within(10, 20) == [(2, 10)]
    assert await within(29, 99) == [(5, 20)]
    assert await within(30, 99) == []


async def test_usage_follows_versions_and_parts(filled: Metadata) -> None:
    rows = [version(b"a", 1, length=5), version(b"b", 1, length=7), unfinished(b"c", 1, "1")]
    await insert(filled, *rows, version(b"a", 1, bucket=FOREIGN, length=100))

    async def usage() -> list[tuple[str, int, int]]:
        found = await filled.read(lambda transaction: transaction.usage(ACCOUNT.account_id))
        return [(each.bucket_id, each.stored_bytes, each.versions) for each in found]

    assert await usage() == [(BUCKET.bucket_id, 12, 3)]
    await change(filled, lambda transaction: transaction.insert_part(BUCKET.bucket_id, part(1, 30)))
    assert await usage() == [(BUCKET.bucket_id, 42, 3)]
    finished = replace(rows[2], action=Action.UPLOAD, length=30, part_count=1)
    await change(filled, lambda transaction: transaction.replace_version(finished))
    await change(filled, lambda transaction: transaction.remove_version(rows[0]))
    assert await usage() == [(BUCKET.bucket_id, 37, 2)]
    await change(filled, lambda transaction: transaction.remove_version(finished))
    await change(filled, lambda transaction: transaction.remove_part(BUCKET.bucket_id, part(1, 30)))
    await change(filled, lambda transaction: transaction.remove_version(rows[1]))
    assert await filled.read(lambda transaction: transaction.usage(ACCOUNT.account_id)) == [
        BucketUsage(ACCOUNT.account_id, BUCKET.bucket_id, 0, 0)
    ]
    await change(filled, lambda transaction: transaction.remove_bucket(BUCKET))
    assert await usage() == []


async def test_usage_is_that_of_the_changes_so_far_and_of_no_refused_one(filled: Metadata) -> None:
    def used(transaction: Transaction) -> list[tuple[str, int, int]]:
        found = transaction.usage(ACCOUNT.account_id)
        return [(each.bucket_id, each.stored_bytes, each.versions) for each in found]

    def put(key: bytes, length: int) -> Callable[[Transaction], list[tuple[str, int, int]]]:
        def do(transaction: Transaction) -> list[tuple[str, int, int]]:
            transaction.insert_version(version(key, 1, length=length))
            return used(transaction)

        return do

    def put_unseen(transaction: Transaction) -> None:
        transaction.insert_version(version(b"unseen", 1, length=1000))

    def refuse(transaction: Transaction) -> None:
        put(b"refused", 100)(transaction)
        transaction.insert_version(version(b"refused too", 1, length=100))
        raise LookupError

    seen = await filled.apply([put(b"a", 1), put_unseen, put(b"b", 20)])
    assert seen == [[(BUCKET.bucket_id, 1, 1)], None, [(BUCKET.bucket_id, 1021, 3)]]
    first, refused, last = await filled.apply([put(b"c", 300), refuse, put(b"d", 4000)])
    assert (first, last) == ([(BUCKET.bucket_id, 1321, 4)], [(BUCKET.bucket_id, 5321, 5)])
    assert isinstance(refused, LookupError)
    assert await filled.read(used) == [(BUCKET.bucket_id, 5321, 5)]


EVENT = Event(0, "acct", "bucket", "rule", EventType.HIDDEN, b"a\xff", "4_z", None, 5)


async def test_events_keep_every_field_and_come_when_they_are_due(filled: Metadata) -> None:
    async def due(due_ms: int, limit: int = 9, rule: str = "rule") -> list[Event]:
        return await filled.read(lambda transaction: transaction.events("bucket", rule, due_ms, limit))

    first = await change(filled, lambda transaction: transaction.append_event(EVENT))
    later = replace(EVENT, type=EventType.UPLOADED, length=3, next_attempt_ms=100)
    second = await change(filled, lambda transaction: transaction.append_event(later))
    assert second > first
    both = [replace(EVENT, sequence=first), replace(later, sequence=second)]
    assert await due(100) == both
    assert await due(100, 1) == both[:1]
    assert await due(99) == both[:1]
    assert await due(100, rule="rul") == []
    tried = replace(both[0], attempts=1, next_attempt_ms=200)
    await change(filled, lambda transaction: transaction.replace_event(tried))
    assert await due(200) == [both[1], tried]
    await change(filled, lambda transaction: transaction.remove_events([first, second, 99]))
    assert await due(200) == []
    await change(filled, lambda transaction: transaction.replace_event(tried))
    assert await due(200) == []


async def test_the_rules_that_events_wait_for_are_told_once_each(filled: Metadata) -> None:
    async def rules() -> list[tuple[str, str]]:
        return await filled.read(lambda transaction: transaction.rules_with_events())

    assert await rules() == []
    for bucket_id, rule_name in (("b", "x"), ("b", "a"), ("a", "z"), ("b", "x"), ("b", "a")):
        event = replace(EVENT, bucket_id=bucket_id, rule_name=rule_name)
        await change(filled, lambda transaction, event=event: transaction.append_event(event))
    assert await rules() == [("a", "z"), ("b", "a"), ("b", "x")]


async def test_an_alert_is_given_once_a_day(filled: Metadata) -> None:
    alert = Alert("acct", "2026-01-02", "storage", 75, 9)
    later = replace(alert, percent=100, at_ms=11)
    assert await change(filled, lambda transaction: transaction.insert_alert(later)) is True
    assert await change(filled, lambda transaction: transaction.insert_alert(alert)) is True
    assert await change(filled, lambda transaction: transaction.insert_alert(replace(alert, at_ms=10))) is False
    assert await filled.read(lambda transaction: transaction.alerts("acct", "2026-01-02")) == [alert, later]
    assert await filled.read(lambda transaction: transaction.alerts("acct", "2026-01-03")) == []
    assert await filled.read(lambda transaction: transaction.alerts("other", "")) == []
