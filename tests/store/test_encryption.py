"""Encryption at rest: the form on disk, and whose key a request needs."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import replace

import pytest

from calotype.master_key import MasterKey
from calotype.store.encrypted_blobs import ClearBlobs, DataKeys, EncryptedWriter
from calotype.store.encryption import (
    CHUNK_BYTES,
    SEALED_CHUNK_BYTES,
    SERVER_KEY,
    TAG_BYTES,
    CustomerKey,
    EncryptionKey,
    ServerKey,
    check_customer_key,
    clear_length,
    described,
    key_for,
    key_of_part,
    parse_customer_key,
    sealed_span,
)
from calotype.store.errors import (
    BlobDamaged,
    ContentKeyLost,
    CustomerKeyNeeded,
    CustomerKeyNotApplicable,
    MalformedCustomerKey,
    StoreError,
    WrongCustomerKey,
)
from calotype.store.memory_blobs import MemoryBlobs
from calotype.store.model import BucketSettings, EncryptionScheme, Extent, ServerSideEncryption
from calotype.store.reading import CHUNK_BYTES as READ_BYTES
from calotype.store.reading import aligned_spans

KEY = CustomerKey(bytes(range(32)))
OTHER = CustomerKey(bytes(32))
BY_SERVER = ServerSideEncryption(EncryptionScheme.SERVER_KEY)
BY_CUSTOMER = ServerSideEncryption(EncryptionScheme.CUSTOMER_KEY, KEY.md5)


class Disk:
    """One encrypted blob on a disk in memory, which a test may change behind the store's back."""

    def __init__(self, content: bytes, key: EncryptionKey = SERVER_KEY, pieces: tuple[int, ...] = ()) -> None:
        self.blobs = MemoryBlobs()
        self.data_keys = DataKeys(MasterKey.random())
        self.blob_id = self.blobs.new_id()
        writer = self.blobs.create(self.blob_id)
        data_key, self.encryption = self.data_keys.make(self.blob_id, key)
        self.encrypted = EncryptedWriter(writer, data_key)
        for piece in _cut(content, pieces):
            self.encrypted.write(piece)
        self.encrypted.finish()
        self.blobs.make_durable([writer])
        self.length = len(content)

    @property
    def sealed(self) -> bytes:
        return self.blobs.open(self.blob_id).read(0, 1 << 40)

    @sealed.setter
    def sealed(self, content: bytes) -> None:
        self.blobs.remove(self.blob_id)
        writer = self.blobs.create(self.blob_id)
        writer.write(content)
        self.blobs.make_durable([writer])

    def read(self, start: int, length: int, customer_key: CustomerKey | None = None) -> bytes:
        extent = Extent(self.blob_id, 0, self.length, self.encryption)
        return ClearBlobs(self.blobs, self.data_keys, customer_key).open(extent).read(start, length)


def _cut(content: bytes, pieces: tuple[int, ...]) -> list[bytes]:
    cut = []
    for length in pieces:
        cut.append(content[:length])
        content = content[length:]
    return [*cut, content]


LENGTHS = [1, 15, 16, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("key", [SERVER_KEY, KEY], ids=["server key", "customer key"])
def test_what_was_written_is_read_and_the_disk_holds_none_of_it(length: int, key: EncryptionKey) -> None:
    content = os.urandom(length)
    disk = Disk(content, key)
    sealed = disk.sealed
    assert disk.read(0, length, KEY if key == KEY else None) == content
    assert len(sealed) == disk.encrypted.length == length + TAG_BYTES * -(-length // CHUNK_BYTES)
    assert clear_length(len(sealed)) == length
    assert disk.encrypted.sha256 == hashlib.sha256(sealed).hexdigest()
    if length >= 16:
        assert content[:16] not in sealed


@pytest.mark.parametrize("pieces", [(1,), (CHUNK_BYTES,), (CHUNK_BYTES - 1, 2), (100_000, 0, 7, 70_000)])
def test_the_pieces_in_which_it_was_written_do_not_show(pieces: tuple[int, ...]) -> None:
    content = os.urandom(250_000)
    disk = Disk(content, pieces=pieces)
    assert disk.read(0, len(content)) == content
    assert len(disk.sealed) == len(content) + 4 * TAG_BYTES


SPANS = [(0, 1), (CHUNK_BYTES - 1, 2), (CHUNK_BYTES, CHUNK_BYTES), (5, 150_000), (199_999, 1), (70_000, 10)]


@pytest.mark.parametrize(("start", "length"), SPANS)
def test_any_range_is_read_by_its_chunks_alone(start: int, length: int) -> None:
    content = os.urandom(200_000)
    disk = Disk(content)
    first, last = sealed_span(start, start + length)
    sealed = disk.sealed
    disk.sealed = (
        bytes(first * SEALED_CHUNK_BYTES)
        + sealed[first * SEALED_CHUNK_BYTES : last * SEALED_CHUNK_BYTES]
        + bytes(max(len(sealed) - last * SEALED_CHUNK_BYTES, 0))
    )
    assert disk.read(start, length) == content[start : start + length]


def test_reading_beyond_the_end_gives_what_there_is() -> None:
    disk = Disk(b"x" * (CHUNK_BYTES + 5))
    assert disk.read(CHUNK_BYTES, 100) == b"xxxxx"
    assert disk.read(10 * CHUNK_BYTES, 1) == b""


@pytest.mark.parametrize("position", [0, 1, CHUNK_BYTES, CHUNK_BYTES + TAG_BYTES, 2 * SEALED_CHUNK_BYTES + 3])
def test_a_changed_byte_is_damage(position: int) -> None:
    disk = Disk(os.urandom(2 * CHUNK_BYTES + 100))
    sealed = disk.sealed
    disk.sealed = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
    with pytest.raises(BlobDamaged):
        disk.read(0, disk.length)


def test_chunks_that_changed_places_are_damage() -> None:
    disk = Disk(os.urandom(3 * CHUNK_BYTES))
    one, two, three = (disk.sealed[start : start + SEALED_CHUNK_BYTES] for start in range(0, 196_656, 65_552))
    for swapped in (two + one + three, one + three + two, one + one + three):
        disk.sealed = swapped
        with pytest.raises(BlobDamaged):
            disk.read(0, disk.length)


@pytest.mark.parametrize("cut", [1, TAG_BYTES, TAG_BYTES + 1, 100, 100 + TAG_BYTES - 1])
def test_a_last_chunk_cut_short_is_damage(cut: int) -> None:
    disk = Disk(os.urandom(CHUNK_BYTES + 100))
    disk.sealed = disk.sealed[:-cut]
    with pytest.raises(BlobDamaged):
        disk.read(0, disk.length)


def test_a_last_chunk_cut_off_whole_leaves_fewer_bytes_than_the_extent_counts() -> None:
    disk = Disk(os.urandom(CHUNK_BYTES + 100))
    disk.sealed = disk.sealed[:SEALED_CHUNK_BYTES]
    assert len(disk.read(0, disk.length)) == CHUNK_BYTES


def test_the_chunks_of_another_blob_are_damage() -> None:
    disk, other = Disk(b"x" * 100), Disk(b"x" * 100)
    disk.sealed = other.sealed
    with pytest.raises(BlobDamaged):
        disk.read(0, 100)


def test_a_data_key_sealed_for_another_blob_does_not_open() -> None:
    data_keys = DataKeys(MasterKey.random())
    _, by_server = data_keys.make("one", SERVER_KEY)
    _, by_customer = data_keys.make("one", KEY)
    with pytest.raises(BlobDamaged):
        data_keys.open("another", by_server, None)
    with pytest.raises(WrongCustomerKey):
        data_keys.open("another", by_customer, KEY)


def test_another_master_key_says_that_the_key_is_lost() -> None:
    _, encryption = DataKeys(MasterKey.random()).make("blob", SERVER_KEY)
    with pytest.raises(ContentKeyLost):
        DataKeys(MasterKey.random()).open("blob", encryption, None)


@pytest.mark.parametrize(("key", "error"), [(None, CustomerKeyNeeded), (OTHER, WrongCustomerKey)])
def test_gcm_has_the_last_word_on_a_customers_key(key: CustomerKey | None, error: type[StoreError]) -> None:
    disk = Disk(b"secret", KEY)
    with pytest.raises(error):
        disk.read(0, 6, key)


def test_two_blobs_of_the_same_bytes_and_key_lie_differently() -> None:
    assert Disk(b"same" * 100, KEY).sealed != Disk(b"same" * 100, KEY).sealed


@pytest.mark.parametrize(
    ("encryption", "key", "error"),
    [
        (None, None, None),
        (BY_SERVER, None, None),
        (BY_CUSTOMER, KEY, None),
        (BY_CUSTOMER, None, CustomerKeyNeeded),  # b2.md §4.4: "SSE-C file, no key"
        (BY_CUSTOMER, OTHER, WrongCustomerKey),
        (None, KEY, CustomerKeyNotApplicable),
        (BY_SERVER, KEY, CustomerKeyNotApplicable),
    ],
)
def test_the_key_of_a_request_fits_the_file_or_is_refused(
    encryption: ServerSideEncryption | None, key: CustomerKey | None, error: type[StoreError] | None
) -> None:
    if error is None:
        check_customer_key(encryption, key)
        assert key_of_part(encryption, key) == (SERVER_KEY if encryption == BY_SERVER else key)
        return
    for check in (check_customer_key, key_of_part):
        with pytest.raises(error):
            check(encryption, key)


NAMED = ServerKey("photos")
BY_NAMED = described(NAMED)
DEFAULTED = BucketSettings(default_encryption=EncryptionScheme.SERVER_KEY)


@pytest.mark.parametrize(
    ("settings", "stated", "key", "told"),
    [
        (BucketSettings(), None, None, None),
        (BucketSettings(), SERVER_KEY, SERVER_KEY, BY_SERVER),
        (BucketSettings(), KEY, KEY, BY_CUSTOMER),
        (DEFAULTED, None, SERVER_KEY, BY_SERVER),
        (BucketSettings(), NAMED, NAMED, BY_NAMED),
        (replace(DEFAULTED, default_key_name="photos"), None, NAMED, BY_NAMED),
        (replace(DEFAULTED, default_key_name="photos"), SERVER_KEY, SERVER_KEY, BY_SERVER),
        (DEFAULTED, KEY, KEY, BY_CUSTOMER),  # "Explicit setting on the upload wins" (b2.md §6.5)
    ],
)
def test_a_new_file_is_encrypted_as_stated_or_by_the_buckets_default(
    settings: BucketSettings,
    stated: EncryptionKey | None,
    key: EncryptionKey | None,
    told: ServerSideEncryption | None,
) -> None:
    assert key_for(settings, stated) == key
    assert described(key) == told


def test_the_parts_of_a_file_are_encrypted_with_its_named_key() -> None:
    assert key_of_part(BY_NAMED, None) == NAMED


def test_a_customers_key_comes_as_two_texts() -> None:
    text = base64.b64encode(KEY.key).decode()
    assert parse_customer_key(text, KEY.md5) == KEY


@pytest.mark.parametrize(
    ("key", "md5"),
    [
        ("not base64!", KEY.md5),
        ("", KEY.md5),
        (base64.b64encode(bytes(31)).decode(), KEY.md5),
        (base64.b64encode(bytes(33)).decode(), KEY.md5),
        (base64.b64encode(KEY.key).decode(), OTHER.md5),
        (base64.b64encode(KEY.key).decode(), ""),
        (base64.b64encode(KEY.key).decode(), "ümlaut"),
        ("ümlaut", KEY.md5),
    ],
)
def test_a_malformed_customers_key_is_refused_without_being_shown(key: str, md5: str) -> None:
    with pytest.raises(MalformedCustomerKey) as caught:
        parse_customer_key(key, md5)
    assert not key or key not in str(caught.value)


def test_a_key_does_not_show_when_printed() -> None:
    assert repr(KEY) == "CustomerKey()"
    assert (
        repr(ServerKey("photos")) == "ServerKey(name='photos')"
    )  # the key is made of the name, and lies nowhere in it


@pytest.mark.parametrize(
    ("offset", "length", "spans"),
    [
        (0, READ_BYTES, [(0, READ_BYTES)]),
        (0, READ_BYTES + 1, [(0, READ_BYTES), (READ_BYTES, 1)]),
        (10, READ_BYTES, [(10, READ_BYTES - 10), (READ_BYTES, 10)]),
        (READ_BYTES, 5, [(READ_BYTES, 5)]),
        (3, 4, [(3, 4)]),
        (3, 0, []),
    ],
)
def test_reads_begin_at_whole_chunks(offset: int, length: int, spans: list[tuple[int, int]]) -> None:
    assert list(aligned_spans(offset, length)) == spans
    assert READ_BYTES % CHUNK_BYTES == 0
