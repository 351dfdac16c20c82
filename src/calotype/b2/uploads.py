"""b2_upload_file and b2_upload_part: one body through all digests into the store, and only then a version or a part
(b2.md §1.7, §3)."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol

from calotype.b2.call import Call
from calotype.b2.encryption_key import customer_key, encryption_key
from calotype.b2.errors import BadAuthToken, BadRequest
from calotype.b2.json import FileObject, PartObject
from calotype.b2.large_file_calls import in_progress
from calotype.b2.new_file import allow_new_file, draft_of
from calotype.b2.objects import file_object, part_object
from calotype.b2.transfers import DO_NOT_VERIFY, LONGEST_UPLOAD_BYTES, SentBody, UploadFile, UploadPart
from calotype.http.content_sniffing import HEAD_BYTES, image_type_of
from calotype.http.content_types import DEFAULT_CONTENT_TYPE, content_type_for
from calotype.store.model import VersionDraft


class Body(Protocol):
    """What takes the bytes: an upload or a part of the store."""

    async def write(self, chunk: bytes) -> None: ...


async def upload_file(call: Call, asked: UploadFile) -> FileObject:
    """The new version, once its bytes and its row are durable."""
    if asked.bucket_id and asked.bucket_id != call.grant.bucket_id:
        raise BadAuthToken("The authorization token is for another upload URL")
    bucket_id = call.grant.bucket_id or ""
    key = asked.file_name.encode()
    allow_new_file(call, bucket_id, key, asked.file_retention, asked.legal_hold)
    bucket = await call.bucket(bucket_id)
    check_length(asked, "file")
    encryption = encryption_key(asked.encryption)
    draft = draft_of(
        call,
        bucket,
        asked.file_name,
        content_type=asked.content_type,
        info=asked.info,
        file_retention=asked.file_retention,
        legal_hold=asked.legal_hold,
        encryption=encryption,
        sha1_unverified=asked.content_sha1 == DO_NOT_VERIFY,
        custom_upload_timestamp=asked.custom_upload_timestamp,
    )
    async with call.store.upload(bucket, key, expected_length=asked.file_length, encryption=encryption) as upload:
        head = Head(upload)
        digits_at_end = await receive(head, call.body, asked.file_length)
        check_sha1(asked, digits_at_end, upload.digests().sha1)
        file = await upload.commit(with_better_type(draft, asked, bytes(head.content)))
    return file_object(file, bucket, call.capabilities, call.version)


async def upload_part(call: Call, asked: UploadPart) -> PartObject:
    """The part, in place of an earlier one of its number."""
    if not call.grant.is_for_file(asked.file_id):
        raise BadAuthToken("The authorization token is for another upload URL")
    file, _ = await in_progress(call, asked.file_id)
    check_length(asked, "part")
    async with call.store.large_files.upload_part(
        file, asked.part_number, expected_length=asked.file_length, key=customer_key(asked.encryption)
    ) as upload:
        digits_at_end = await receive(upload, call.body, asked.file_length)
        check_sha1(asked, digits_at_end, upload.digests().sha1)
        part = await upload.commit()
    return part_object(part, file)


def check_length(asked: SentBody, subject: str) -> None:
    if asked.file_length > LONGEST_UPLOAD_BYTES:
        raise BadRequest(f"A {subject} sent in one request may have {LONGEST_UPLOAD_BYTES} bytes")


async def receive(target: Body, body: AsyncIterator[bytes], file_length: int) -> bytes:
    """Write the file into the target, and give back what follows it in the body: the digest put there, or nothing."""
    missing = file_length
    rest = bytearray()
    async for chunk in body:
        if missing:
            await target.write(chunk[:missing] if len(chunk) > missing else chunk)
        rest += chunk[missing:]
        missing = max(0, missing - len(chunk))
    return bytes(rest)


def check_sha1(asked: SentBody, digits_at_end: bytes, sha1: str) -> None:
    """Raises BadRequest unless what came is what the client meant to send."""
    if asked.content_sha1 == DO_NOT_VERIFY:
        return
    expected = digits_at_end.decode("latin-1").lower() if asked.has_digits_at_end else asked.content_sha1
    if not hmac.compare_digest(expected.encode(), sha1.encode()):
        raise BadRequest("Sha1 did not match data received")


class Head:
    """Passes a body on and keeps its first bytes."""

    def __init__(self, target: Body) -> None:
        self._target = target
        self.content = bytearray()

    async def write(self, chunk: bytes) -> None:
        if len(self.content) < HEAD_BYTES:
            self.content += chunk[: HEAD_BYTES - len(self.content)]
        await self._target.write(chunk)


def with_better_type(draft: VersionDraft, asked: UploadFile, head: bytes) -> VersionDraft:
    """A picture that is announced as plain bytes is kept as what it is: ShareX does not know AVIF, HEIC and JPEG XL
    where Windows does not (uploaders.md §1.7). Any other type that the client states stays."""
    if asked.content_type.lower() != DEFAULT_CONTENT_TYPE:
        return draft
    found = image_type_of(head, by_name=content_type_for(asked.file_name))
    return draft if found is None else replace(draft, content_type=found)
