"""Which names S3 takes: of buckets, keys and versions. Each function returns, or raises what was wrong."""

from __future__ import annotations

import re

from calotype.s3.errors import InvalidArgument, InvalidBucketName, InvalidURI, KeyTooLong
from calotype.store.ids import bucket_of_version
from calotype.store.object_names import (
    LONGEST_NAME_BYTES,
    NameNotUtf8,
    NameTooLong,
    ObjectNameError,
    check_object_name,
)
from calotype.store.versions import NULL_VERSION_ID

RESERVED_BUCKET_NAMES = frozenset({"file", "b2api", "healthz", "calotype"})
"""First path segments with which the origin means something other than a bucket."""

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
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
        check_object_name(key, control_characters=True)
    except NameNotUtf8 as exc:
        raise InvalidURI("Couldn't parse the specified URI: the key is not UTF-8.") from exc
    except NameTooLong as exc:
        raise KeyTooLong(Size=str(exc.length), MaxSizeAllowed=str(LONGEST_NAME_BYTES)) from exc
    except ObjectNameError as exc:
        raise InvalidArgument(f"Object keys {exc}.") from exc


def check_version_id(version_id: str) -> None:
    """Returns when it could be the id of a version, whether there is one or not."""
    if version_id != NULL_VERSION_ID and bucket_of_version(version_id) is None:
        raise InvalidArgument.of("versionId", version_id, "Invalid version id specified")
