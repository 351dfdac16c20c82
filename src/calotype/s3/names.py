"""Which names S3 takes: of buckets and of keys. Each function returns, or raises what was wrong.

The store holds one set of names for both APIs, so a key must be legal in both: B2 takes no control characters
(b2.md §3.5), and S3 refuses a key whose `..` segments would climb above its root.
"""

from __future__ import annotations

import re

from calotype.s3.errors import InvalidArgument, InvalidBucketName, InvalidURI, KeyTooLong

MAX_KEY_BYTES = 1024

RESERVED_BUCKET_NAMES = frozenset({"file", "b2api", "healthz", "calotype"})
"""First path segments with which the origin means something other than a bucket."""

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_CONTROL_CHARACTER = re.compile(rb"[\x00-\x1f\x7f]")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3")


def check_new_bucket_name(name: str) -> None:
    """Returns when a bucket may be made with this name. Buckets made through B2 may have upper-case letters."""
    problem = _problem_of_bucket_name(name)
    if problem:
        raise InvalidBucketName(f"The specified bucket is not valid: {problem}.", BucketName=name)


def _problem_of_bucket_name(name: str) -> str | None:
    if not _BUCKET_NAME.fullmatch(name):
        return "a name is 3 to 63 of a-z, 0-9, '.' and '-', and starts and ends with a letter or digit"
    if ".." in name or ".-" in name or "-." in name:
        return "a dot must not stand beside a dot or a hyphen"
    if _IP_ADDRESS.fullmatch(name):
        return "a name must not look like an IP address"
    if name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES):
        return "this prefix or suffix is reserved"
    if name in RESERVED_BUCKET_NAMES:
        return f"{', '.join(sorted(RESERVED_BUCKET_NAMES))} are reserved by the origin"
    return None


def check_key(key: bytes) -> None:
    """Returns when the key can name an object."""
    try:
        key.decode()
    except UnicodeDecodeError as exc:
        raise InvalidURI("Couldn't parse the specified URI: the key is not UTF-8.") from exc
    if len(key) > MAX_KEY_BYTES:
        raise KeyTooLong(Size=str(len(key)), MaxSizeAllowed=str(MAX_KEY_BYTES))
    control = _CONTROL_CHARACTER.search(key)
    if control is not None:
        raise InvalidArgument(f"Object keys must not contain the control character with code {control[0][0]}.")
    if climbs_above_root(key):
        raise InvalidArgument("Object keys must not climb above their root with '..' segments.")


def climbs_above_root(key: bytes) -> bool:
    """Whether, read from the left, there are ever more `..` segments than names before them.

    Below that `..` is a name like any other: keys are never normalised, and never become names of files.
    """
    depth = 0
    for segment in key.split(b"/"):
        depth += -1 if segment == b".." else 1 if segment not in (b"", b".") else 0
        if depth < 0:
            return True
    return False
