"""`calotype upload`: a bar for each file on a terminal, and the links in the order of the files."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from calotype.b2.client import B2Client
from calotype.b2.json import FileObject, PartObject
from calotype.cli.clients import bucket_named, origin_of
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.output import print_json, print_lines
from calotype.cli.profiles import Profile
from calotype.cli.viewer import Viewer
from calotype.store.etags import etag_of_parts
from calotype.upload.links import LinkFormat, format_link
from calotype.upload.naming import InvalidTemplate, parse_template
from calotype.upload.uploader import (
    NameTaken,
    NotReadable,
    Progress,
    Uploaded,
    names_for,
    upload_file,
    wait_until_readable,
)

NO_SHA1 = "none"  # what B2 says of a file sent in parts

ProgressFor = Callable[[Path], Progress]


@dataclass(frozen=True, slots=True)
class UploadOptions:
    link_format: LinkFormat
    name: str | None
    template: str | None
    as_json: bool


def upload_files(profile: Profile, files: Sequence[Path], options: UploadOptions) -> None:
    """Uploads in order. The first failure ends it, after the links of those before it."""
    _check_files(files, options)
    names = _naming(profile, options)
    printer = _Printer(options)
    with printer, origin_of(profile) as origin, Viewer(profile.site_url, profile.edge_url) as viewer:
        bucket = B2Bucket(origin, bucket_named(origin, profile.bucket).bucket_id)
        with _progress() as progress_for:
            for path in files:
                printer.add(_upload_one(bucket, viewer, profile, path, names, options, progress_for(path)))


class _Printer:
    """Prints links as they come; on a terminal after the bars, which would draw over them; JSON at the end."""

    def __init__(self, options: UploadOptions) -> None:
        self._options = options
        self._waits = options.as_json or sys.stdout.isatty()
        self._uploaded: list[Uploaded] = []

    def __enter__(self) -> None:
        pass

    def add(self, uploaded: Uploaded) -> None:
        self._uploaded.append(uploaded)
        if not self._waits:
            print_lines([_link(uploaded, self._options.link_format)])

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._options.as_json:
            if kind is None or self._uploaded:
                print_json([_document(each) for each in self._uploaded])
        elif self._waits:
            print_lines(_link(each, self._options.link_format) for each in self._uploaded)


class B2Bucket:
    """The bucket behind the B2 API, as the uploader needs it."""

    def __init__(self, origin: B2Client, bucket_id: str) -> None:
        self._origin = origin
        self._bucket_id = bucket_id

    def put(
        self, key: str, content: BinaryIO, length: int, *, content_type: str, may_replace: bool, progress: Progress
    ) -> frozenset[str]:
        if not may_replace and self._exists(key):
            raise NameTaken(key)
        parts: dict[int, PartObject] = {}
        stored = self._origin.upload(
            self._bucket_id,
            key,
            content,
            length=length,
            content_type=content_type,
            resume=may_replace,  # only then does a second try ask for the same name
            on_progress=progress,
            on_part=lambda part: parts.__setitem__(part.part_number, part),
        )
        return etags_of(stored, [parts[number] for number in sorted(parts)])

    def _exists(self, key: str) -> bool:
        first = next(self._origin.list_file_names(self._bucket_id, prefix=key), None)
        return first is not None and first.file_name == key


def etags_of(stored: FileObject, parts: Sequence[PartObject]) -> frozenset[str]:
    """Every ETag under which a site may show the file: its MD5, its SHA-1, or what its parts make together."""
    digests = {stored.content_md5, stored.content_sha1} - {None, NO_SHA1}
    md5s = [part.content_md5 for part in parts if part.content_md5]
    if md5s:
        digests.add(etag_of_parts(md5s))
    return frozenset(digest for digest in digests if digest)


def _upload_one(
    bucket: B2Bucket,
    viewer: Viewer,
    profile: Profile,
    path: Path,
    names: Callable[[Path], Iterator[str]],
    options: UploadOptions,
    progress: Progress,
) -> Uploaded:
    try:
        uploaded, etags = upload_file(
            bucket,
            path,
            site_url=profile.site_url,
            names=names(path),
            may_replace=options.name is not None,
            progress=progress,
        )
        wait_until_readable(viewer, uploaded, etags)
    except NameTaken as exc:
        raise CommandError(
            f"{path} was not uploaded",
            f"there is an object named {exc.key} already",
            "Replace it with --name, or use a template with a random token such as %rna{6}",
        ) from exc
    except NotReadable as exc:
        raise CommandError(
            f"{path} is stored, but viewers cannot fetch it yet",
            f"{exc.url}: {exc.last}",
            "`calotype doctor` finds out where it is stuck",
        ) from exc
    except (OSError, EOFError) as exc:
        raise CommandError(f"{path} cannot be read", str(exc)) from exc
    return uploaded


def _check_files(files: Sequence[Path], options: UploadOptions) -> None:
    """Nothing is uploaded when one of the files cannot be."""
    if options.name is not None:
        _check_name(options.name, len(files))
    for path in files:
        if path.is_dir():
            raise CommandError(f"{path} is a folder", "only files can be uploaded", "", ExitCode.USAGE)
        if not path.exists():
            raise CommandError(f"There is no file {path}", "nothing was uploaded", "", ExitCode.NOT_FOUND)
        if not path.is_file():
            raise CommandError(f"{path} is no regular file", "its length is not known", "", ExitCode.USAGE)


def _check_name(name: str, files: int) -> None:
    if files != 1:
        raise CommandError("--name names one object", f"{files} files are given", "", ExitCode.USAGE)
    if {"", ".", ".."} & set(name.split("/")):
        raise CommandError(
            f"No viewer could fetch an object named {name!r}",
            "browsers and edges resolve . and .. and merge // in an address",
            "Use a name without empty, . and .. parts",
            ExitCode.USAGE,
        )


def _naming(profile: Profile, options: UploadOptions) -> Callable[[Path], Iterator[str]]:
    if options.name is not None:
        fixed = options.name
        return lambda path: iter([fixed])
    try:
        template = parse_template(options.template or profile.file_name)
    except InvalidTemplate as exc:
        raise CommandError(f"The template {options.template} cannot be used", str(exc), "", ExitCode.USAGE) from exc
    return lambda path: names_for(path, template, now=datetime.now().astimezone(), choose=secrets.randbelow)


def _link(uploaded: Uploaded, link_format: LinkFormat) -> str:
    return format_link(uploaded.url, title=uploaded.title, content_type=uploaded.content_type, link_format=link_format)


def _document(uploaded: Uploaded) -> dict[str, Any]:
    links = {each.value: _link(uploaded, each) for each in LinkFormat}
    return {
        "file": str(uploaded.path),
        "name": uploaded.key,
        "url": uploaded.url,
        "contentType": uploaded.content_type,
        "size": uploaded.length,
        "links": links,
    }


@contextmanager
def _progress() -> Iterator[ProgressFor]:
    """A bar for each file on standard error, when that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda path: _ignore
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    # nothing redirected: the links are for standard output alone, which may be a pipe
    with Bars(*columns, console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False) as bars:

        def progress_for(path: Path) -> Progress:
            task = bars.add_task(path.name, total=path.stat().st_size)
            return lambda sent: bars.update(task, completed=sent)

        yield progress_for


def _ignore(sent: int) -> None:
    pass
