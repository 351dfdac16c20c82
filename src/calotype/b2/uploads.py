"""b2_upload_file: one body through all digests into the store, and only then a version (b2.md §3)."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator

from calotype.b2.call import Call
from calotype.b2.errors import BadAuthToken, BadRequest
from calotype.b2.json import FileObject
from calotype.b2.objects import file_object, split_info
from calotype.b2.transfers import AUTO_CONTENT_TYPE, DO_NOT_VERIFY, LONGEST_UPLOAD_BYTES, UploadFile
from calotype.http.content_types import content_type_for
from calotype.store.model import VersionDraft
from calotype.store.upload import Upload


async def upload_file(call: Call, asked: UploadFile) -> FileObject:
    """The new version, once its bytes and its row are durable."""
    if asked.bucket_id and asked.bucket_id != call.grant.bucket_id:
        raise BadAuthToken("The authorization token is for another upload URL")
    bucket_id = call.grant.bucket_id or ""
    key = asked.file_name.encode()
    call.allow("writeFiles", bucket_id, key)
    bucket = await call.bucket(bucket_id)
    if asked.file_length > LONGEST_UPLOAD_BYTES:
        raise BadRequest(f"A file of more than {LONGEST_UPLOAD_BYTES} bytes must be uploaded in parts")
    async with call.store.upload(bucket, key, expected_length=asked.file_length) as upload:
        digits_at_end = await receive(upload, call.body, asked.file_length)
        check_sha1(asked, digits_at_end, upload.digests().sha1)
        file = await upload.commit(version_draft(asked))
    return file_object(file, call.capabilities, call.version)


async def receive(upload: Upload, body: AsyncIterator[bytes], file_length: int) -> bytes:
    """Write the file into the upload, and give back what follows it in the body: the digest put there, or nothing."""
    missing = file_length
    rest = bytearray()
    async for chunk in body:
        if missing:
            await upload.write(chunk[:missing] if len(chunk) > missing else chunk)
        rest += chunk[missing:]
        missing = max(0, missing - len(chunk))
    return bytes(rest)


def check_sha1(asked: UploadFile, digits_at_end: bytes, sha1: str) -> None:
    """Raises BadRequest unless what came is what the client meant to send."""
    if asked.content_sha1 == DO_NOT_VERIFY:
        return
    expected = digits_at_end.decode("latin-1").lower() if asked.has_digits_at_end else asked.content_sha1
    if not hmac.compare_digest(expected.encode(), sha1.encode()):
        raise BadRequest("Sha1 did not match data received")


def version_draft(asked: UploadFile) -> VersionDraft:
    info, headers = split_info(asked.info)
    return VersionDraft(
        content_type=resolved_content_type(asked),
        info=info,
        headers=headers,
        sha1_unverified=asked.content_sha1 == DO_NOT_VERIFY,
        uploaded_at_ms=asked.custom_upload_timestamp,
    )


def resolved_content_type(asked: UploadFile) -> str:
    """The type to keep: that of the file's extension when the client leaves it to us (b2.md §3.4a)."""
    if asked.content_type.lower() == AUTO_CONTENT_TYPE:
        return content_type_for(asked.file_name)
    return asked.content_type
