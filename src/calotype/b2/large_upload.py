"""One large file on its way to B2: begun, sent in parts several at a time, and finished or cancelled (b2.md §9.2)."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event, Lock
from typing import BinaryIO

from calotype.b2.encryption import CUSTOMER_KEY
from calotype.b2.errors import B2Error
from calotype.b2.file_operations import (
    CancelLargeFile,
    FinishLargeFile,
    ListParts,
    ListUnfinishedLargeFiles,
    StartLargeFile,
)
from calotype.b2.json import CancelledFile, FileObject, PartList, PartObject, StorageApi, UnfinishedFileList
from calotype.b2.names import MOST_PARTS
from calotype.b2.sending import Call, Sender
from calotype.b2.transfers import AUTO_CONTENT_TYPE, HEX_DIGITS_AT_END, SHA1_HEX_LENGTH, UploadPart
from calotype.b2.transport import CHUNK_BYTES, Progress
from calotype.http.content_types import content_type_for

PARTS_AT_ONCE = 4
"""More do not make a line faster that four fill, and each takes a connection."""
LIST_ROWS = 1000

PartSent = Callable[[PartObject], None]


class Abandoned(Exception):
    """Another part failed, so this one need not be sent any further."""


class Section:
    """`length` bytes of a source that several threads read from, each its own part."""

    def __init__(self, source: BinaryIO, lock: Lock, start: int, length: int) -> None:
        self._source = source
        self._lock = lock
        self._start = start
        self._position = 0
        self.length = length

    def read(self, size: int) -> bytes:
        if not self._source.seekable():
            return self._source.read(size)
        with self._lock:
            self._source.seek(self._start + self._position)
            chunk = self._source.read(min(size, self.length - self._position))
        self._position += len(chunk)
        return chunk

    def seekable(self) -> bool:
        return self._source.seekable()

    def seek(self, offset: int) -> int:
        self._position = offset
        return offset

    def tell(self) -> int:
        return self._position


class LargeUpload:
    """`run` once. `source` is read from where it stands; one that cannot be rewound is sent part after part."""

    def __init__(
        self,
        sender: Sender,
        call: Call,
        start: StartLargeFile,
        source: BinaryIO,
        length: int,
        storage: StorageApi,
        on_progress: Progress,
        on_part: PartSent | None,
    ) -> None:
        self._sender = sender
        self._call = call
        self._start = start
        self._on_progress = on_progress
        self._on_part = on_part or (lambda part: None)
        self._sent: dict[int, int] = {}
        self._lock = Lock()
        self._failed = Event()
        self._sections = sections(source, length, part_size(length, storage.recommended_part_size))
        self._workers = PARTS_AT_ONCE if source.seekable() else 1

    def run(self, *, resume: bool) -> FileObject:
        """The finished file. When it fails, what was sent is dropped, or kept for a later `resume`."""
        file_id, present = self._begun(resume)
        try:
            parts = self._send_all(file_id, present)
            sha1s = [part.content_sha1 for part in parts]
            return self._call(FinishLargeFile(file_id=file_id, part_sha1_array=sha1s), FileObject)
        except BaseException:
            if not resume:
                with contextlib.suppress(B2Error):
                    self._call(CancelLargeFile(file_id=file_id), CancelledFile)
            raise

    def _begun(self, resume: bool) -> tuple[str, Mapping[int, PartObject]]:
        """The id of the large file, and the parts of it that are there from an earlier try."""
        for file in self._unfinished() if resume else ():
            present = self._present(str(file.file_id))
            if max(present, default=0) <= len(self._sections):
                return str(file.file_id), present
        return str(self._call(self._start, FileObject).file_id), {}

    def _unfinished(self) -> list[FileObject]:
        """Files of the same name and description. A customer's key is known to nobody, so such files begin anew."""
        asked = ListUnfinishedLargeFiles(bucket_id=self._start.bucket_id, name_prefix=self._start.file_name)
        return [file for file in self._call(asked, UnfinishedFileList).files if is_same(file, self._start)]

    def _present(self, file_id: str) -> dict[int, PartObject]:
        found: dict[int, PartObject] = {}
        start: int | None = 1
        while start is not None:
            asked = ListParts(file_id=file_id, start_part_number=start, max_part_count=LIST_ROWS)
            page = self._call(asked, PartList)
            found |= {part.part_number: part for part in page.parts}
            start = page.next_part_number
        return found

    def _send_all(self, file_id: str, present: Mapping[int, PartObject]) -> list[PartObject]:
        """The parts in order. The first failure stops the others and is raised."""
        with ThreadPoolExecutor(self._workers) as pool:
            futures: list[Future[PartObject]] = [
                pool.submit(self._send, file_id, number, section, present.get(number))
                for number, section in enumerate(self._sections, start=1)
            ]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
            except BaseException:
                self._failed.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [future.result() for future in futures]

    def _send(self, file_id: str, number: int, section: Section, present: PartObject | None) -> PartObject:
        def progress(sent: int) -> None:
            self._note(number, sent)

        if present is not None and is_there(section, present):
            progress(section.length)
            self._on_part(present)
            return present
        section.seek(0)
        operation = UploadPart(
            file_id=file_id,
            part_number=number,
            content_sha1=HEX_DIGITS_AT_END,
            content_length=section.length + SHA1_HEX_LENGTH,
            encryption=self._start.server_side_encryption,
        )
        part = self._sender.send_part(operation, section, progress)
        self._on_part(part)
        return part

    def _note(self, number: int, sent: int) -> None:
        """Tell the bytes of all parts together; raises Abandoned in a part that is no longer wanted."""
        if self._failed.is_set():
            raise Abandoned
        with self._lock:
            self._sent[number] = sent
            self._on_progress(sum(self._sent.values()))


def part_size(length: int, recommended: int) -> int:
    """The recommended size, or as much more as it takes to need no more than 10,000 parts."""
    return max(recommended, -(-length // MOST_PARTS))


def sections(source: BinaryIO, length: int, size: int) -> list[Section]:
    base = source.tell() if source.seekable() else 0
    lock = Lock()
    return [Section(source, lock, base + start, min(size, length - start)) for start in range(0, length, size)]


def is_same(file: FileObject, start: StartLargeFile) -> bool:
    """Whether a file in progress is what `start` would begin."""
    content_type = start.content_type
    if content_type == AUTO_CONTENT_TYPE:
        content_type = content_type_for(start.file_name)
    asked = start.server_side_encryption
    mode = file.server_side_encryption.get("mode") if file.server_side_encryption else None
    return (
        file.file_name == start.file_name
        and file.content_type == content_type
        and file.file_info == (start.file_info or {})
        and mode != CUSTOMER_KEY
        and (asked is None or asked.mode == mode)
    )


def is_there(section: Section, part: PartObject) -> bool:
    """Whether the part has the bytes of the section, by its SHA-1."""
    if part.content_length != section.length or not section.seekable():
        return False
    sha1 = hashlib.sha1(usedforsecurity=False)
    while chunk := section.read(CHUNK_BYTES):
        sha1.update(chunk)
    return sha1.hexdigest() == part.content_sha1
