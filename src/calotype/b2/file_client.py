"""The client's calls on files: listed, sent whole or in parts, read, copied, locked and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import BinaryIO

import httpx

from calotype.b2.connection import B2Connection
from calotype.b2.encryption import RequestedEncryption
from calotype.b2.errors import AlreadyHidden, VersionLocked
from calotype.b2.file_lock import OFF, ON, FileRetention
from calotype.b2.file_operations import (
    CancelLargeFile,
    CopyFile,
    DeleteFileVersion,
    GetDownloadAuthorization,
    GetFileInfo,
    HideFile,
    ListFileNames,
    ListFileVersions,
    ListUnfinishedLargeFiles,
    StartLargeFile,
    UpdateFileLegalHold,
    UpdateFileRetention,
)
from calotype.b2.json import (
    CancelledFile,
    DeletedVersion,
    DownloadAuthorization,
    FileNameList,
    FileObject,
    FileVersionList,
    UnfinishedFileList,
    UpdatedLegalHold,
    UpdatedRetention,
)
from calotype.b2.large_upload import LargeUpload, PartSent
from calotype.b2.sending import Sender
from calotype.b2.transfers import (
    AUTO_CONTENT_TYPE,
    HEX_DIGITS_AT_END,
    SHA1_HEX_LENGTH,
    Download,
    DownloadFileById,
    DownloadFileByName,
    UploadFile,
)
from calotype.b2.transport import Progress, error_of, translated
from calotype.b2.wire import to_request


@dataclass(frozen=True, slots=True)
class Cleared:
    """How many versions of a name there were, and which of them are locked and so still there, the oldest first."""

    found: int
    locked: list[FileObject]


class B2FileClient(B2Connection):
    """What `B2Client` does with files."""

    def list_file_names(self, bucket_id: str, *, prefix: str = "", delimiter: str = "") -> Iterator[FileObject]:
        start: str | None = None
        while True:
            asked = ListFileNames(
                bucket_id=bucket_id,
                prefix=prefix or None,
                delimiter=delimiter or None,
                start_file_name=start,
                max_file_count=self._page_rows,
            )
            page = self._call(asked, FileNameList)
            yield from page.files
            start = page.next_file_name
            if start is None:
                return

    def list_file_versions(self, bucket_id: str, *, prefix: str = "") -> Iterator[FileObject]:
        """Every version, markers among them, newest first within a name."""
        start: tuple[str | None, str | None] = (None, None)
        while True:
            asked = ListFileVersions(
                bucket_id=bucket_id,
                prefix=prefix or None,
                start_file_name=start[0],
                start_file_id=start[1],
                max_file_count=self._page_rows,
            )
            page = self._call(asked, FileVersionList)
            yield from page.files
            start = (page.next_file_name, page.next_file_id)
            if page.next_file_name is None:
                return

    def file_info(self, file_id: str) -> FileObject:
        return self._call(GetFileInfo(file_id=file_id), FileObject)

    def hide(self, bucket_id: str, name: str) -> FileObject:
        return self._call(HideFile(bucket_id=bucket_id, file_name=name), FileObject)

    def delete_file_version(self, name: str, file_id: str, *, bypass_governance: bool = False) -> DeletedVersion:
        asked = DeleteFileVersion(file_name=name, file_id=file_id, bypass_governance=bypass_governance or None)
        return self._call(asked, DeletedVersion)

    def delete_all_versions(self, bucket_id: str, name: str) -> Cleared:
        """Delete every version of just this name. Locked ones stay, and then the name is hidden.

        From the oldest on, markers last: what was hidden or replaced never comes into view in between.
        """
        listed = self.list_file_versions(bucket_id, prefix=name)  # the name itself comes first
        oldest_first = list(takewhile(lambda each: each.file_name == name, listed))[::-1]
        locked: list[FileObject] = []
        for version in sorted(oldest_first, key=_is_marker):
            if locked and _is_marker(version):
                break
            try:
                self.delete_file_version(name, str(version.file_id))
            except VersionLocked:
                locked.append(version)
                with suppress(AlreadyHidden):
                    self.hide(bucket_id, name)
        return Cleared(found=len(oldest_first), locked=locked)

    def copy(self, asked: CopyFile) -> FileObject:
        """The new file; raises NotFound, SourceTooLarge."""
        return self._call(asked, FileObject)

    def update_retention(
        self, name: str, file_id: str, retention: FileRetention, *, bypass_governance: bool = False
    ) -> UpdatedRetention:
        """Lock a version, or change its lock; raises AccessDenied, MissingFileLock."""
        asked = UpdateFileRetention(
            file_name=name, file_id=file_id, file_retention=retention, bypass_governance=bypass_governance or None
        )
        return self._call(asked, UpdatedRetention)

    def update_legal_hold(self, name: str, file_id: str, *, is_on: bool) -> UpdatedLegalHold:
        asked = UpdateFileLegalHold(file_name=name, file_id=file_id, legal_hold=ON if is_on else OFF)
        return self._call(asked, UpdatedLegalHold)

    def unfinished_large_files(self, bucket_id: str, *, prefix: str = "") -> Iterator[FileObject]:
        """Files that were begun in parts and not finished, the oldest first."""
        start: str | None = None
        while True:
            asked = ListUnfinishedLargeFiles(bucket_id=bucket_id, name_prefix=prefix or None, start_file_id=start)
            page = self._call(asked, UnfinishedFileList)
            yield from page.files
            start = page.next_file_id
            if start is None:
                return

    def cancel_large_file(self, file_id: str) -> CancelledFile:
        """Drop a file that was begun; raises BadRequest when it is finished or gone."""
        return self._call(CancelLargeFile(file_id=file_id), CancelledFile)

    def download_authorization(self, bucket_id: str, prefix: str, valid_duration_s: int) -> str:
        """A token that reads the names with a prefix, for `Authorization` or `?Authorization=`."""
        asked = GetDownloadAuthorization(
            bucket_id=bucket_id, file_name_prefix=prefix, valid_duration_in_seconds=valid_duration_s
        )
        return self._call(asked, DownloadAuthorization).authorization_token

    def upload(
        self,
        bucket_id: str,
        name: str,
        source: BinaryIO,
        *,
        length: int,
        content_type: str = AUTO_CONTENT_TYPE,
        info: Mapping[str, str] | None = None,
        encryption: RequestedEncryption | None = None,
        resume: bool = False,
        on_progress: Progress | None = None,
        on_part: PartSent | None = None,
    ) -> FileObject:
        """Send `length` bytes of `source` as a new version of `name`: in one request, or in parts when they are more
        than the server recommends for one part.

        `on_progress` gets the bytes sent so far; `on_part` each part once it is there, from threads. With `resume`
        parts of an earlier try at the same file are taken over, and those of a try that fails are left to the next.
        """
        progress = on_progress or (lambda sent: None)
        if length > self.storage.recommended_part_size:
            start = StartLargeFile(
                bucket_id=bucket_id,
                file_name=name,
                content_type=content_type,
                file_info=dict(info or {}),
                server_side_encryption=encryption,
            )
            large = LargeUpload(self._sender, self._call, start, source, length, self.storage, progress, on_part)
            return large.run(resume=resume)
        operation = UploadFile(
            bucket_id=bucket_id,
            file_name=name,
            content_type=content_type,
            content_sha1=HEX_DIGITS_AT_END,
            content_length=length + SHA1_HEX_LENGTH,
            info=dict(info or {}),
            encryption=encryption,
        )
        return self._sender.send_file(operation, source, progress)

    @property
    def _sender(self) -> Sender:
        return Sender(self._http, self._call, self._sleep)

    @contextmanager
    def download(self, operation: Download, headers: Mapping[str, str] | None = None) -> Iterator[httpx.Response]:
        """The streaming response (200 or 206) of a download by name or id; raises NotFound and the like."""
        outgoing = to_request(operation)
        with translated(self._realm):
            request = self._http.build_request(
                outgoing.method,
                self.storage.download_url + outgoing.target,
                headers={
                    **dict(outgoing.headers),
                    **(headers or {}),
                    "authorization": self.account.authorization_token,
                },
            )
            response = self._http.send(request, stream=True)
            try:
                if response.status_code not in (200, 206):
                    raise error_of(response.status_code, response.read())
                yield response
            finally:
                response.close()

    def download_by_name(self, bucket: str, name: str) -> bytes:
        """The whole content of a small file."""
        with self.download(DownloadFileByName(bucket_name=bucket, file_name=name)) as response:
            return response.read()

    def download_by_id(self, file_id: str) -> bytes:
        with self.download(DownloadFileById(file_id=file_id)) as response:
            return response.read()


def _is_marker(version: FileObject) -> bool:
    return version.action == "hide"
