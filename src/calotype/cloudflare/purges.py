"""Reading a purge: which URLs, prefixes, hosts or tags, and whether they can be this zone's (edge.md §1.10)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from msgspec import UNSET

from calotype.cloudflare.errors import InvalidPurge, PurgeOutsideZone
from calotype.cloudflare.operations import FileWithHeaders, PurgeCache
from calotype.cloudflare.outcome import is_host_name
from calotype.edge.configuration import PurgeFile, PurgeRequest, ZoneConfiguration

MAX_ITEMS: Final = 100
MAX_FILES: Final = 500
MAX_TAG: Final = 1024
MAX_PREFIX_SEPARATORS: Final = 31
MAX_URL: Final = 16 * 1024

_TAG = re.compile(r"[!-+\--~]+")  # printable ASCII without blank and comma


def read_purge(zone: ZoneConfiguration, operation: PurgeCache) -> PurgeRequest:
    """What to forget; raises InvalidPurge or PurgeOutsideZone."""
    lists = {name: getattr(operation, name) for name in ("files", "prefixes", "hosts", "tags")}
    given = {name: items for name, items in lists.items() if items is not UNSET}
    if operation.purge_everything is not UNSET:
        return _everything(operation.purge_everything, given)
    if not any(given.values()):
        raise InvalidPurge(
            'Request must contain one of "purge_everything" or "files", "tags", "hosts" or "prefixes", and not empty'
        )
    for name, items in given.items():
        limit = MAX_FILES if name == "files" else MAX_ITEMS
        if len(items) > limit:
            raise InvalidPurge(f"at most {limit} {name} in one call, these are {len(items)}", pointer=f"/{name}")
    return PurgeRequest(
        files=tuple(_file(zone, item, f"/files/{i}") for i, item in enumerate(given.get("files", []))),
        prefixes=tuple(_prefix(zone, item, f"/prefixes/{i}") for i, item in enumerate(given.get("prefixes", []))),
        hosts=tuple(_host(zone, item, f"/hosts/{i}") for i, item in enumerate(given.get("hosts", []))),
        tags=tuple(_tag(item, f"/tags/{i}") for i, item in enumerate(given.get("tags", []))),
    )


def _everything(purge_everything: bool | object, given: dict[str, object]) -> PurgeRequest:
    if purge_everything is not True:
        raise InvalidPurge("purge_everything can only be true", pointer="/purge_everything")
    if given:
        raise InvalidPurge("purge_everything must be the only field", pointer="/purge_everything")
    return PurgeRequest(everything=True)


def _file(zone: ZoneConfiguration, item: str | FileWithHeaders, pointer: str) -> PurgeFile:
    url = item if isinstance(item, str) else item.url
    headers = () if isinstance(item, str) else tuple((name.lower(), value) for name, value in item.headers.items())
    pointer = pointer if isinstance(item, str) else f"{pointer}/url"
    if len(url) > MAX_URL or any(character <= " " or character == "\x7f" for character in url):
        raise InvalidPurge("a URL has no blanks or control characters and at most 16 KB", pointer=pointer)
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise InvalidPurge(f"not a URL: {error}", pointer=pointer) from error
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise InvalidPurge(f"a file is a whole URL, https://host/path, found {url!r}", pointer=pointer)
    if parts.path.startswith("/cdn-cgi/"):
        raise InvalidPurge("URLs under /cdn-cgi/ cannot be purged", pointer=pointer)
    _check_owner(zone, host, pointer)
    return PurgeFile(url, headers)


def _prefix(zone: ZoneConfiguration, prefix: str, pointer: str) -> str:
    authority, _, path = prefix.partition("/")
    if "://" in prefix or "?" in prefix or "#" in prefix or any(each <= " " for each in prefix):
        raise InvalidPurge("a prefix is host/path, without scheme, query or fragment", pointer=pointer)
    if prefix.count("/") > MAX_PREFIX_SEPARATORS:
        raise InvalidPurge(f"a prefix has at most {MAX_PREFIX_SEPARATORS} path separators", pointer=pointer)
    _check_owner(zone, _host_name(authority, pointer), pointer)
    return f"{authority.lower()}/{path}"


def _host(zone: ZoneConfiguration, host: str, pointer: str) -> str:
    _check_owner(zone, _host_name(host, pointer), pointer)
    return host.lower()


def _host_name(authority: str, pointer: str) -> str:
    try:
        parts = urlsplit(f"//{authority}")
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidPurge(f"not a host: {authority!r}", pointer=pointer) from error
    is_host = is_host_name(host) or ":" in host
    if parts.netloc != authority or parts.username is not None or not is_host:
        raise InvalidPurge(f"not a host: {authority!r}", pointer=pointer)
    return host


def _tag(tag: str, pointer: str) -> str:
    if not _TAG.fullmatch(tag) or len(tag) > MAX_TAG:
        raise InvalidPurge(f"a tag is printable ASCII without blanks, at most {MAX_TAG} characters", pointer=pointer)
    return tag.lower()


def _check_owner(zone: ZoneConfiguration, host: str, pointer: str) -> None:
    """A catch-all zone answers under any host, so any may be purged there."""
    if zone.catch_all or host == zone.name or host.endswith("." + zone.name):
        return
    raise PurgeOutsideZone(f"Unable to purge: the host {host} does not belong to the zone {zone.name}", pointer=pointer)
