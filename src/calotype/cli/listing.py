"""`calotype ls` and `calotype rm`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from calotype.b2.client import B2Client
from calotype.b2.json import FileObject
from calotype.cli.clients import bucket_named, origin_of
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.output import print_json, print_json_list, print_lines, size_in_words
from calotype.cli.profiles import Profile
from calotype.cli.purging import purge_keys
from calotype.http.percent import decode
from calotype.upload.links import link_to


def list_objects(profile: Profile, prefix: str, *, bucket: str | None, recursive: bool, as_json: bool) -> None:
    """Prints page by page: a bucket may hold more names than fit into memory."""
    name = bucket or profile.bucket
    with origin_of(profile) as origin:
        bucket_id = bucket_named(origin, name).bucket_id
        files = origin.list_file_names(bucket_id, prefix=prefix, delimiter="" if recursive else "/")
        documents = (_document(file, _url(profile, name, file)) for file in files)
        if as_json:
            print_json_list(documents)
        else:
            print_lines(_line(each) for each in documents)


def remove_objects(
    profile: Profile, names: Sequence[str], *, bucket: str | None, all_versions: bool, as_json: bool
) -> None:
    """Removes what there is of `names`, purges it, and fails at the end for what there was not."""
    bucket_name = bucket or profile.bucket
    keys = [_key(profile, name) for name in names]
    with origin_of(profile) as origin:
        bucket_id = bucket_named(origin, bucket_name).bucket_id
        removed = [key for key in keys if _remove(origin, bucket_id, key, all_versions=all_versions)]
    if bucket_name == profile.bucket:
        purge_keys(profile, removed)
    if as_json:
        print_json([{"name": key, "removed": key in removed} for key in keys])
    else:
        print_lines(f"{key} removed" for key in removed)
    missing = [key for key in keys if key not in removed]
    if missing:
        raise CommandError(
            f"There is no object {', '.join(missing)} in {bucket_name}",
            "the names must be whole",
            "",
            ExitCode.NOT_FOUND,
        )


def _remove(origin: B2Client, bucket_id: str, key: str, *, all_versions: bool) -> bool:
    """Whether there was such an object."""
    if all_versions:
        versions = list(_versions(origin, bucket_id, key))
        for version in versions:
            origin.delete_file_version(version.file_name, str(version.file_id))
        return bool(versions)
    first = next(origin.list_file_names(bucket_id, prefix=key), None)
    if first is None or first.file_name != key:
        return False
    origin.hide(bucket_id, key)
    return True


def _versions(origin: B2Client, bucket_id: str, key: str) -> Iterator[FileObject]:
    for version in origin.list_file_versions(bucket_id, prefix=key):
        if version.file_name != key:
            return  # the listing is in order of names, and the name itself comes first
        yield version


def _key(profile: Profile, name: str) -> str:
    """The object's name; a link of the site stands for the name in it."""
    start = f"{profile.site_url}/"
    if not name.startswith(start):
        return name
    return decode(name[len(start) :].partition("?")[0].encode().decode("latin-1")).decode(errors="replace")


def _url(profile: Profile, bucket: str, file: FileObject) -> str | None:
    return link_to(profile.site_url, file.file_name) if bucket == profile.bucket and file.action == "upload" else None


def _document(file: FileObject, url: str | None) -> dict[str, Any]:
    if file.action == "folder":
        return {"name": file.file_name, "folder": True}
    uploaded = datetime.fromtimestamp(file.upload_timestamp / 1000, UTC)
    return {
        "name": file.file_name,
        "folder": False,
        "size": file.content_length,
        "contentType": file.content_type,
        "modified": uploaded.strftime("%Y-%m-%d %H:%M:%SZ"),
        "sha1": file.content_sha1,
        "url": url,
    }


def _line(document: dict[str, Any]) -> str:
    """In columns on a terminal, parted by tabs in a pipe."""
    size = "" if document["folder"] else size_in_words(document["size"])
    modified = document.get("modified", "")
    if sys.stdout.isatty():
        return f"{size:>10}  {modified:20}  {document['name']}"
    return f"{size}\t{modified}\t{document['name']}"
