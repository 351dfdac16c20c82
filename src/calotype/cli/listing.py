"""`calotype ls` and `calotype rm`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from calotype.b2.client import B2Client
from calotype.b2.file_client import Cleared
from calotype.b2.file_lock import ON
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
    """Removes what there is of `names`, purges it, and fails at the end for what there was not and what is locked."""
    bucket_name = bucket or profile.bucket
    keys = [_key(profile, name) for name in names]
    with origin_of(profile) as origin:
        bucket_id = bucket_named(origin, bucket_name).bucket_id
        remove = B2Client.delete_all_versions if all_versions else _hide
        found = {key: cleared for key in keys if (cleared := remove(origin, bucket_id, key)).found}
    if bucket_name == profile.bucket:
        purge_keys(profile, list(found))
    locked = {key: cleared.locked for key, cleared in found.items() if cleared.locked}
    removed = found.keys() - locked.keys()
    if as_json:
        print_json([{"name": key, "removed": key in removed, "locked": key in locked} for key in keys])
    else:
        print_lines(f"{key} removed" for key in found if key in removed)
    missing = [key for key in keys if key not in found]
    absent = f"There is no object {', '.join(missing)} in {bucket_name}"
    if locked:
        raise CommandError(
            "What is locked was hidden, not deleted",
            "; ".join(f"{key} is kept {_lock_in_words(versions)}" for key, versions in locked.items()),
            absent if missing else "",
        )
    if missing:
        raise CommandError(absent, "the names must be whole", "", ExitCode.NOT_FOUND)


def _hide(origin: B2Client, bucket_id: str, key: str) -> Cleared:
    first = next(origin.list_file_names(bucket_id, prefix=key), None)
    if first is None or first.file_name != key:
        return Cleared(found=0, locked=[])
    origin.hide(bucket_id, key)
    return Cleared(found=1, locked=[])


def _lock_in_words(locked: Sequence[FileObject]) -> str:
    """What keeps a name's versions, each reason once; "by a lock" where the key may not read it."""
    return " and ".join(dict.fromkeys(chain.from_iterable(map(_reasons, locked)))) or "by a lock"


def _reasons(version: FileObject) -> Iterator[str]:
    retention = version.file_retention.value if version.file_retention else None
    if retention and retention["mode"]:
        yield f"until {_in_words(retention['retainUntilTimestamp'])} ({retention['mode']})"
    if version.legal_hold and version.legal_hold.value == ON:
        yield "by a legal hold"


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
    return {
        "name": file.file_name,
        "folder": False,
        "size": file.content_length,
        "contentType": file.content_type,
        "modified": _in_words(file.upload_timestamp),
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


def _in_words(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
