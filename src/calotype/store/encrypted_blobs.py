"""Blobs that are encrypted on disk, written and read in clear; the form is in `encryption`.

Like all work on blobs it blocks, and happens in the threads that hash and read.
"""

from __future__ import annotations

import hashlib
import secrets

from calotype.master_key import CannotDecrypt, MasterKey, SealingKey
from calotype.store.blobs import BlobReader, Blobs, BlobWriter
from calotype.store.encryption import (
    CHUNK_BYTES,
    KEY_BYTES,
    SEALED_CHUNK_BYTES,
    CustomerKey,
    EncryptionKey,
    chunk_cipher,
    open_chunk,
    seal_chunk,
    sealed_span,
)
from calotype.store.errors import BlobDamaged, ContentKeyLost, CustomerKeyNeeded, WrongCustomerKey
from calotype.store.model import Encryption, EncryptionScheme, Extent


class DataKeys:
    """Makes the blobs' data keys, seals them into `Encryption` values, and opens those again."""

    def __init__(self, master_key: MasterKey) -> None:
        self._master_key = master_key

    @property
    def key_id(self) -> str:
        """The id of the master key in use."""
        return self._master_key.key_id

    def make(self, blob_id: str, key: EncryptionKey) -> tuple[bytes, Encryption]:
        """A new data key, and how the blob's extents keep it."""
        data_key = secrets.token_bytes(KEY_BYTES)
        if isinstance(key, CustomerKey):
            sealed = SealingKey(key.key).encrypt(data_key, _context(blob_id))
            return data_key, Encryption(EncryptionScheme.CUSTOMER_KEY, key.md5, sealed)
        sealed = self._server_key(key.name).encrypt(data_key, _context(blob_id))
        key_id = f"{self.key_id}/{key.name}" if key.name else self.key_id
        return data_key, Encryption(EncryptionScheme.SERVER_KEY, key_id, sealed)

    def open(self, blob_id: str, encryption: Encryption, customer_key: CustomerKey | None) -> bytes:
        """The blob's data key; raises CustomerKeyNeeded, WrongCustomerKey, ContentKeyLost, BlobDamaged."""
        if encryption.scheme is EncryptionScheme.CUSTOMER_KEY:
            return _opened_by_customer(blob_id, encryption, customer_key)
        if encryption.master_key_id != self.key_id:
            raise ContentKeyLost(blob_id, encryption.master_key_id)
        try:
            return self._server_key(encryption.key_name).decrypt(encryption.sealed_key, _context(blob_id))
        except CannotDecrypt as error:
            raise BlobDamaged(blob_id, "its sealed data key has been changed") from error

    def _server_key(self, name: str) -> SealingKey:
        return self._master_key.named(name) if name else self._master_key


class EncryptedWriter:
    """Encrypts what is written, chunk by chunk, into `writer`. `length` and `sha256` are of the bytes on disk."""

    def __init__(self, writer: BlobWriter, data_key: bytes) -> None:
        self.length = 0
        self.is_finished = False
        self._writer = writer
        self._cipher = chunk_cipher(data_key)
        self._sha256 = hashlib.sha256()
        self._clear = bytearray()  # less than a chunk, between writes
        self._chunks = 0

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def write(self, content: bytes) -> None:
        left = memoryview(content)
        if self._clear:
            missing = CHUNK_BYTES - len(self._clear)
            self._clear += left[:missing]
            left = left[missing:]
            if len(self._clear) < CHUNK_BYTES:
                return
            self._seal(self._clear)
            self._clear.clear()
        whole = len(left) // CHUNK_BYTES * CHUNK_BYTES
        for start in range(0, whole, CHUNK_BYTES):
            self._seal(left[start : start + CHUNK_BYTES])
        self._clear += left[whole:]

    def finish(self) -> None:
        """Write the last chunk, when something is left for one. Nothing may be written after it."""
        if self._clear:
            self._seal(self._clear)
        self._clear.clear()
        self.is_finished = True

    def _seal(self, clear: bytearray | memoryview) -> None:
        sealed = seal_chunk(self._cipher, self._chunks, clear)
        self._chunks += 1
        self._sha256.update(sealed)
        self.length += len(sealed)
        self._writer.write(sealed)


class DecryptedReader:
    """An encrypted blob, read as the clear bytes; raises BlobDamaged for a chunk that does not open."""

    def __init__(self, reader: BlobReader, blob_id: str, data_key: bytes) -> None:
        self._reader = reader
        self._blob_id = blob_id
        self._cipher = chunk_cipher(data_key)

    def read(self, offset: int, length: int) -> bytes:
        first, last = sealed_span(offset, offset + length)
        sealed = self._reader.read(first * SEALED_CHUNK_BYTES, (last - first) * SEALED_CHUNK_BYTES)
        clear = []
        with memoryview(sealed) as view:
            for start in range(0, len(view), SEALED_CHUNK_BYTES):
                number = first + start // SEALED_CHUNK_BYTES
                clear.append(self._opened(number, view[start : start + SEALED_CHUNK_BYTES]))
        skipped = offset - first * CHUNK_BYTES
        return b"".join(clear)[skipped : skipped + length]

    def read_from_memory(self, offset: int, length: int) -> bytes | None:
        return None  # opening the chunks is work for a thread

    def close(self) -> None:
        self._reader.close()

    def _opened(self, number: int, sealed: memoryview) -> bytes:
        clear = open_chunk(self._cipher, number, sealed)
        if clear is None:
            raise BlobDamaged(self._blob_id, f"chunk {number} has been changed")
        return clear


class ClearBlobs:
    """Opens the blobs of extents for reading in clear, with the customer's key that came with a request."""

    def __init__(self, blobs: Blobs, data_keys: DataKeys, customer_key: CustomerKey | None = None) -> None:
        self._blobs = blobs
        self._data_keys = data_keys
        self._customer_key = customer_key

    def open(self, extent: Extent) -> BlobReader:
        """A reader whose offsets count clear bytes; raises BlobDamaged when the file is missing, and as `DataKeys`."""
        data_key = None
        if extent.encryption is not None:
            data_key = self._data_keys.open(extent.blob_id, extent.encryption, self._customer_key)
        try:
            reader = self._blobs.open(extent.blob_id)
        except FileNotFoundError as error:
            raise BlobDamaged(extent.blob_id, "the file is missing") from error
        return reader if data_key is None else DecryptedReader(reader, extent.blob_id, data_key)

    def read_from_memory(self, extent: Extent) -> bytes | None:
        """All bytes of a small extent that is not encrypted, as from `Blobs`."""
        if extent.encryption is not None:
            return None
        return self._blobs.read_from_memory(extent.blob_id, extent.offset, extent.length)


def _opened_by_customer(blob_id: str, encryption: Encryption, key: CustomerKey | None) -> bytes:
    if key is None:
        raise CustomerKeyNeeded
    try:
        return SealingKey(key.key).decrypt(encryption.sealed_key, _context(blob_id))
    except CannotDecrypt as error:
        raise WrongCustomerKey from error


def _context(blob_id: str) -> bytes:
    """What a data key is bound to. No other secret that the master key seals has a context of this form."""
    return f"blob/{blob_id}".encode()
