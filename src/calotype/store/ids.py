"""The identifiers of accounts, buckets, versions, application keys and blobs, in B2's forms (b2.md §2.2, §4.6).

Pure: time and random bytes are passed in. What is made here is unique by its random part; the metadata's unique
indexes have the last word.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from calotype.store.model import Action

RandomBytes = Callable[[int], bytes]

CLUSTER = "001"
_VERSION_ID = re.compile(r"4_z([0-9a-f]{24})_f[1-4][0-9a-f]{16}_d\d{8}_m\d{6}_c\d{3}_v\d{7}_t\d{4}_u(\d{17})")
_KIND = {Action.UPLOAD: "1", Action.START: "2", Action.HIDE: "4"}
_BLOB_FORMAT = "1"
_DRAUGHT_BYTES = 4096


class RandomSupply:
    """Random bytes from a supply drawn in larger draughts: a system call for each id is dear where threads wait for it.

    For ids only. A secret takes its bytes from the system directly.
    """

    def __init__(self, draw: RandomBytes) -> None:
        self._draw = draw
        self._supply = b""
        self._used = 0

    def __call__(self, count: int) -> bytes:
        if self._used + count > len(self._supply):
            self._supply = self._draw(max(count, _DRAUGHT_BYTES))
            self._used = 0
        taken = self._supply[self._used : self._used + count]
        self._used += count
        return taken


def new_account_id(random_bytes: RandomBytes) -> str:
    return random_bytes(6).hex()


def new_canonical_user_id(random_bytes: RandomBytes) -> str:
    return random_bytes(32).hex()


def new_bucket_id(random_bytes: RandomBytes) -> str:
    return random_bytes(12).hex()


def new_version_id(bucket_id: str, action: Action, now_ms: int, random_bytes: RandomBytes) -> str:
    """A file id (b2.md §4.6). Its 16 hex digits begin with the time, so that new rows lie together in the index."""
    unique = f"{now_ms & 0x7FF_FFFF_FFFF:011x}{random_bytes(3).hex()[:5]}"
    noise = int.from_bytes(random_bytes(4), "big")
    return (
        f"4_z{bucket_id}_f{_KIND[action]}{unique}_{_date_and_time(now_ms // 1000)}"
        f"_c{CLUSTER}_v{noise % 10**7:07d}_t{noise >> 19 & 0xFFF:04d}_u{now_ms:017d}"
    )


@lru_cache(maxsize=4)
def _date_and_time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("d%Y%m%d_m%H%M%S")


def bucket_of_version(version_id: str) -> str | None:
    """The bucket id inside a version id, or None when it is not of our form."""
    match = _VERSION_ID.fullmatch(version_id)
    return match.group(1) if match else None


def made_at_ms(version_id: str) -> int | None:
    """When the version id was given out, whatever upload time was asked for; None when it is not of our form."""
    match = _VERSION_ID.fullmatch(version_id)
    return int(match.group(2)) if match else None


def new_key_id(account_id: str, index: int) -> str:
    return f"{CLUSTER}{account_id}{index:010d}"


def master_key_id(account_id: str) -> str:
    """The id of the key that stands for the account itself; no other key has the index 0."""
    return new_key_id(account_id, 0)


def account_of_key(key_id: str) -> str | None:
    """The account id inside an application key id, or None when it is not of our form."""
    if len(key_id) != 25 or not key_id.isalnum():
        return None
    return key_id[3:15]


def new_secret(random_bytes: RandomBytes) -> str:
    """An application key's secret: `K`, the cluster and 27 characters of the base64 alphabet."""
    return f"K{CLUSTER}{base64.b64encode(random_bytes(21)).decode()[:27]}"


def new_blob_id(folder: str, random_bytes: RandomBytes) -> str:
    """Two hex digits that name the folder, 30 random ones, and the format version of the file behind a dot."""
    return f"{folder}{random_bytes(15).hex()}.{_BLOB_FORMAT}"


def new_segment(folder: str, random_bytes: RandomBytes) -> str:
    """The name of a file for many small blobs: two hex digits for the folder and 30 random ones."""
    return f"{folder}{random_bytes(15).hex()}"


def is_lone_blob_id(text: str) -> bool:
    """Whether it names a blob with a file of its own; `pieces` has the other form."""
    return re.fullmatch(r"[0-9a-f]{32}\.1", text) is not None
