"""Who began a multipart upload, which any account may that may write into the bucket (S3 "Multipart upload")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calotype.store.model import Bucket, FileVersion

INITIATOR = "initiator"
"""Among the attributes of an upload in progress: the account that began it, where that is not the bucket's owner.

It is empty for nobody known.
"""


def initiator_attributes(account_id: str, bucket: Bucket) -> dict[str, Any]:
    return {} if account_id == bucket.account_id else {INITIATOR: account_id}


def initiator_of(upload: FileVersion) -> str:
    """The account's id."""
    return str(upload.attributes.get(INITIATOR, upload.account_id))


def without_initiator(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What a finished object keeps."""
    return {name: value for name, value in attributes.items() if name != INITIATOR}
