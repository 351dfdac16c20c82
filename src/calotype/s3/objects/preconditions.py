"""What must hold of an object before it is replaced, copied or deleted (s3.md §3).

A precondition is asked inside the transaction that makes the change, so that of many writers only one finds it true.
"""

from __future__ import annotations

from dataclasses import replace

from calotype.http.conditional import Outcome, Validators, evaluate
from calotype.http.message import Headers
from calotype.s3.errors import NoSuchKey, PreconditionFailed
from calotype.s3.objects.deletion_operations import MODIFIED_HEADER, NO_CONDITIONS, SIZE_HEADER, DeletionConditions
from calotype.s3.objects.object_operations import Conditions
from calotype.store.model import FileVersion
from calotype.store.versions import Precondition


def write_precondition(conditions: Conditions, key: bytes) -> Precondition | None:
    """What must hold of the visible version for a write to go on: `If-None-Match` or `If-Match` (s3.md §3).

    S3 knows `If-None-Match: *` alone; ETags there mean what they mean in HTTP: unless the object is one of these.
    """
    if conditions.if_none_match is None and conditions.if_match is None:
        return None
    headers = Headers(replace(conditions, if_modified_since=None, if_unmodified_since=None).to_headers())

    def check(current: FileVersion | None) -> None:
        if current is None and conditions.if_match is not None:
            raise NoSuchKey(Key=key.decode())
        validators = Validators(f'"{current.etag}"') if current is not None else None
        if evaluate("PUT", headers, validators) is not Outcome.PROCEED:
            raise PreconditionFailed(Condition="If-Match" if conditions.if_match is not None else "If-None-Match")

    return check


def deletion_precondition(conditions: DeletionConditions) -> Precondition | None:
    """What must hold of the object, or version, that is to be deleted; what is not there is as good as deleted.

    S3 says so of all three conditions (S3 "DeleteObject"), of the time and the size for directory buckets only.
    """
    if conditions == NO_CONDITIONS:
        return None

    def check(current: FileVersion | None) -> None:
        if current is None:
            return
        if conditions.if_match is not None:
            headers = Headers([("if-match", conditions.if_match)])
            if evaluate("DELETE", headers, Validators(f'"{current.etag}"')) is not Outcome.PROCEED:
                raise PreconditionFailed(Condition="If-Match")
        if conditions.last_modified_s not in (None, current.uploaded_at_ms // 1000):
            raise PreconditionFailed(Condition=MODIFIED_HEADER)
        if conditions.size not in (None, current.length):
            raise PreconditionFailed(Condition=SIZE_HEADER)

    return check


def check_source_conditions(conditions: Conditions, source: FileVersion) -> None:
    """A copy takes `not modified` for a failure as well."""
    validators = Validators(f'"{source.etag}"', source.uploaded_at_ms // 1000)
    if evaluate("GET", Headers(conditions.to_headers()), validators) is not Outcome.PROCEED:
        raise PreconditionFailed(Condition="x-amz-copy-source-if-*")
