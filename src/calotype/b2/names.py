"""Which names the B2 API takes: of files, buckets, keys and file infos (b2.md §1.4, §1.5, §3.4, §3.5).

Each function gives its argument back, or raises BadRequest with what was wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from calotype.b2.errors import BadRequest
from calotype.http.content_disposition import with_extended_filename
from calotype.http.field_syntax import is_well_formed
from calotype.store.object_names import ObjectNameError, check_name_prefix, check_object_name

RESERVED_BUCKET_NAMES = frozenset({"b2api", "file", "healthz", "calotype"})
"""First path segments with which the origin means something other than a bucket."""

_BUCKET_NAME = re.compile(r"[A-Za-z0-9-]{6,63}")
_KEY_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_BUCKET_INFO_KEY = re.compile(r"[A-Za-z0-9_-]{1,50}")
MOST_BUCKET_INFOS = 10
BUCKET_INFO_BYTES = 4000

_INFO_KEY = re.compile(r"[A-Za-z0-9\-_.`~!#$%^&*'|+]{1,50}")
INFO_BYTES = 7000
"""Of the name and all file infos together, as they go into the headers of a download."""
PROTECTED_INFO_BYTES = 2048
"""The same where the file is encrypted or its bucket has file lock."""

INFO_HEADERS: Mapping[str, str] = {
    "b2-content-disposition": "content-disposition",
    "b2-content-language": "content-language",
    "b2-expires": "expires",
    "b2-cache-control": "cache-control",
    "b2-content-encoding": "content-encoding",
}
"""The file infos that become header fields of a download, and which (b2.md §3.1)."""

MOST_PARTS = 10_000
"""A large file has no more parts (b2.md §3.5)."""

LATEST_MS = 10**15 - 1

_LINE_FOLD = re.compile(r"[ \t]*\r?\n[ \t]*|\r")


def file_name(name: str) -> str:
    """A legal file name: 1 to 1024 bytes of UTF-8 without control characters, which does not climb above its root."""
    if not name:
        raise BadRequest("File names must contain at least one character")
    return _checked(name, check_object_name)


def part_number(number: int) -> int:
    """The place of a part in its large file: 1 to 10,000."""
    if not 1 <= number <= MOST_PARTS:
        raise BadRequest(f"Part number must be in range 1 - {MOST_PARTS}")
    return number


def timestamp(milliseconds: int | None) -> int | None:
    """A moment since the epoch that clients choose: at most 15 digits, the year 33658."""
    if milliseconds is not None and not 0 <= milliseconds <= LATEST_MS:
        raise BadRequest(f"Invalid timestamp: {milliseconds} is not 0 to {LATEST_MS}")
    return milliseconds


def name_prefix(prefix: str) -> str:
    """A legal beginning of file names; may be empty."""
    return _checked(prefix, check_name_prefix)


def _checked(name: str, check: Callable[..., None]) -> str:
    try:
        check(encoded(name, "File name"), control_characters=False)
    except ObjectNameError as exc:
        raise BadRequest(f"File names {exc}") from exc
    return name


def without_control_characters(text: str, subject: str) -> str:
    for character in text:
        if ord(character) < 32 or ord(character) == 127:
            raise BadRequest(f"{subject} must not contain the control character with code {ord(character)}")
    return text


def encoded(text: str, subject: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as exc:
        raise BadRequest(f"{subject} is not valid UTF-8") from exc


def bucket_name(name: str) -> str:
    if not _BUCKET_NAME.fullmatch(name):
        raise BadRequest(f"Invalid bucketName: {name!r} is not 6 to 63 letters, digits and '-'")
    if name.lower().startswith("b2-"):
        raise BadRequest(f"Invalid bucketName: {name!r} starts with 'b2-'")
    if name.lower() in RESERVED_BUCKET_NAMES:
        raise BadRequest(f"Invalid bucketName: {name!r} is reserved by the origin")
    return name


def bucket_info(info: Mapping[str, str]) -> Mapping[str, str]:
    if len(info) > MOST_BUCKET_INFOS:
        raise BadRequest(f"bucketInfo may have {MOST_BUCKET_INFOS} keys, not {len(info)}")
    for key in info:
        if not _BUCKET_INFO_KEY.fullmatch(key):
            raise BadRequest(f"Invalid bucketInfo key: {key!r} is not 1 to 50 letters, digits, '-' and '_'")
        without_control_characters(info[key], "bucketInfo values")
    if sum(len(key) + len(encoded(value, "bucketInfo")) for key, value in info.items()) > BUCKET_INFO_BYTES:
        raise BadRequest(f"bucketInfo is longer than {BUCKET_INFO_BYTES} bytes")
    return info


def key_name(name: str) -> str:
    if not _KEY_NAME.fullmatch(name):
        raise BadRequest(f"Invalid keyName: {name!r} is not 1 to 100 letters, digits and '-'")
    return name


def file_info(info: Mapping[str, str], *, name: str) -> Mapping[str, str]:
    """The infos with keys in lower case; a line break in what becomes a header is folded to a space.

    ShareX sends long names as RFC 2047 words on lines of their own, and must not be refused for it; they are kept as
    HTTP has such names. What is to become a header must fit that header's grammar (b2.md §3.1).
    """
    checked = {info_key(key): value for key, value in info.items()}
    check_info_size(name, checked, limit=INFO_BYTES)
    return {key: info_value(key, value) for key, value in checked.items()}


def check_info_size(name: str, info: Mapping[str, str], *, limit: int) -> None:
    size = len(name.encode()) + sum(len(key) + len(encoded(value, f"File info {key}")) for key, value in info.items())
    if size > limit:
        raise BadRequest(f"The file name and file info take {size} bytes; {limit} are allowed")


def info_key(key: str) -> str:
    key = key.lower()
    if not _INFO_KEY.fullmatch(key):
        raise BadRequest(f"Invalid file info key: {key!r}")
    if key.startswith("b2-") and key not in INFO_HEADERS:
        raise BadRequest(f"Invalid file info key: {key!r}; of those starting with 'b2-' only {', '.join(INFO_HEADERS)}")
    return key


def info_value(key: str, value: str) -> str:
    if key not in INFO_HEADERS:
        return value
    folded = _LINE_FOLD.sub(" ", value).strip()
    if key == "b2-content-disposition":
        folded = with_extended_filename(folded)
    without_control_characters(folded, f"File info {key}")
    if not is_well_formed(INFO_HEADERS[key], folded):
        raise BadRequest(f"File info {key} is not a valid {INFO_HEADERS[key]} header: {folded!r}")
    return folded
