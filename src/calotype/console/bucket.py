"""The site's bucket as the gallery uses it: newest pictures, uploads, replacements, deletions."""

from __future__ import annotations

from collections.abc import AsyncIterator

from calotype.console.failures import PictureGone
from calotype.console.pictures import Picture
from calotype.console.received_file import ReceivedFile
from calotype.console.s3_calls import S3Calls
from calotype.console.settings import ConsoleSettings
from calotype.s3.listing.listing_operations import ListObjectsV2
from calotype.s3.objects.deletion_operations import DeleteObject
from calotype.s3.objects.description import Description
from calotype.s3.objects.object_operations import Conditions, PutObject
from calotype.s3.results import ObjectList, ObjectSummary


class Bucket:
    """Every method raises `OriginFailure`."""

    def __init__(self, name: str, calls: S3Calls) -> None:
        self.name = name
        self._calls = calls

    @classmethod
    def from_settings(cls, settings: ConsoleSettings) -> Bucket:
        calls = S3Calls(
            settings.s3_endpoint,
            region=settings.region,
            key_id=settings.key_id,
            application_key=settings.application_key,
        )
        return cls(settings.bucket, calls)

    @property
    def endpoint(self) -> str:
        return self._calls.endpoint

    async def listing(self) -> AsyncIterator[list[Picture]]:
        """All pictures by key, a page at a time."""
        token: str | None = None
        while True:
            asked = ListObjectsV2(self.name, continuation_token=token, encode_url=True)
            page = ObjectList.from_xml((await self._calls.call(asked)).content)
            yield [picture_of(each) for each in page.objects if is_picture(each)]
            token = page.next_place
            if token is None:
                return

    async def picture(self, key: str) -> Picture:
        """The picture of this key as it is now; raises `PictureGone`."""
        # By the listing, since a HEAD without success has no words: a missing bucket would look like a missing picture.
        asked = ListObjectsV2(self.name, prefix=key.encode(), max_keys=1, encode_url=True)
        page = ObjectList.from_xml((await self._calls.call(asked)).content)
        for each in page.objects:
            if each.key == key.encode():
                return picture_of(each)
        raise PictureGone

    async def add(self, key: str, file: ReceivedFile) -> str:
        """Store the file under a key that must be free; its ETag."""
        return await self._put(key, file, Conditions(if_none_match="*"))

    async def replace(self, key: str, file: ReceivedFile, etag_header: str) -> str:
        """Store the file in place of the version of this ETag; its own. Raises `PictureChanged` or `PictureGone`."""
        return await self._put(key, file, Conditions(if_match=etag_header))

    async def _put(self, key: str, file: ReceivedFile, conditions: Conditions) -> str:
        operation = PutObject(self.name, key.encode(), Description(content_type=file.content_type), conditions)
        answer = await self._calls.call(operation, length=file.length, content=file.content)
        return str(answer.headers.get("etag", "")).strip('"')

    async def delete(self, key: str) -> None:
        await self._calls.call(DeleteObject(self.name, key.encode()))

    async def close(self) -> None:
        await self._calls.close()


def is_picture(each: ObjectSummary) -> bool:
    """Not the empty objects by which some clients mark folders, nor keys that no link can hold."""
    try:
        return not each.key.decode().endswith(("/", "/.bzEmpty"))
    except UnicodeDecodeError:
        return False


def picture_of(each: ObjectSummary) -> Picture:
    return Picture(each.last_modified_ms, each.key.decode(), each.size, each.etag)
