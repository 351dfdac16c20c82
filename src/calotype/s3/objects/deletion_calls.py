"""DeleteObject and DeleteObjects, done on the store."""

from __future__ import annotations

from calotype.http.message import Headers, Response
from calotype.s3 import names
from calotype.s3.access.permissions import action_on_version
from calotype.s3.call import Call
from calotype.s3.errors import InvalidRequest, S3Error
from calotype.s3.objects.deletion_operations import DeleteObject, DeleteObjects, ObjectToDelete
from calotype.s3.objects.object_lock_calls import may_bypass_governance
from calotype.s3.objects.object_versions import shown_id
from calotype.s3.objects.payload import payload_of_document
from calotype.s3.objects.preconditions import deletion_precondition
from calotype.s3.responses import xml_response
from calotype.s3.results import DeletedObject, DeleteResult, FailedDeletion
from calotype.s3.translation import translated
from calotype.store import errors as store_errors
from calotype.store.deletions import Deletion, Outcome
from calotype.store.model import Action, Bucket, FileVersion
from calotype.store.versions import Precondition


async def delete_object(call: Call, asked: DeleteObject) -> Response:
    bucket = await call.bucket(asked.bucket)
    item = ObjectToDelete(asked.key, asked.version_id, asked.conditions)
    deletion = deletion_of(call, bucket, item, bypasses_governance=asked.bypasses_governance)
    (outcome,) = await call.store.delete_each(bucket, [deletion])
    return Response(204, Headers(deletion_headers(deleted_object(item, outcome))))


def deletion_headers(deleted: DeletedObject) -> list[tuple[str, str]]:
    fields = []
    if deleted.marker_version_id is not None:
        fields.append(("x-amz-delete-marker", "true"))
    version_id = deleted.version_id or deleted.marker_version_id
    if version_id is not None:
        fields.append(("x-amz-version-id", version_id))
    return fields


def deletion_of(call: Call, bucket: Bucket, item: ObjectToDelete, *, bypasses_governance: bool = False) -> Deletion:
    """What the store is to delete; raises AccessDenied, and what is wrong with the item."""
    action = action_on_version("s3:DeleteObject", item.version_id)
    call.allow(action, bucket, item.key, version_id=item.version_id)
    precondition = deletion_precondition(item.conditions)
    if item.version_id is None:
        return Deletion(item.key, precondition=precondition)
    names.check_version_id(item.version_id)
    bypasses = may_bypass_governance(call, bucket, item.key, asked=bypasses_governance)
    return Deletion(item.key, item.version_id, finished_and(precondition), bypasses)


def deleted_object(item: ObjectToDelete, outcome: Outcome) -> DeletedObject:
    """What was done, or raised; a key, or a version of it, that is not there is as good as deleted."""
    if isinstance(outcome, store_errors.NoSuchVersion):
        return DeletedObject(item.key, item.version_id)
    if isinstance(outcome, BaseException):
        raise outcome
    if item.version_id is None:
        return DeletedObject(item.key, None, shown_id(outcome) if outcome is not None else None)
    is_marker = outcome is not None and not outcome.is_visible
    return DeletedObject(item.key, item.version_id, item.version_id if is_marker else None)


def finished_and(precondition: Precondition | None) -> Precondition:
    """What is not finished is no version to S3: AbortMultipartUpload removes it."""

    def check(version: FileVersion | None) -> None:
        if version is not None and version.action is Action.START:
            raise store_errors.NoSuchVersion(version.version_id)
        if precondition is not None:
            precondition(version)

    return check


async def delete_objects(call: Call, asked: DeleteObjects) -> Response:
    """Each key is done and answered for itself; together, so that their commits share the disk's."""
    if payload_of_document(call).algorithm is None and "content-md5" not in call.headers:
        raise InvalidRequest("Missing required header for this request: Content-MD5 or a checksum")
    bucket = await call.bucket(asked.bucket)
    plans = [planned(call, bucket, item, asked) for item in asked.objects]
    outcomes = iter(await call.store.delete_each(bucket, [plan for plan in plans if isinstance(plan, Deletion)]))
    results = [
        told(item, next(outcomes)) if isinstance(plan, Deletion) else plan
        for item, plan in zip(asked.objects, plans, strict=True)
    ]
    deleted = tuple(result for result in results if isinstance(result, DeletedObject))
    failed = tuple(result for result in results if isinstance(result, FailedDeletion))
    return xml_response(DeleteResult(() if asked.quiet else deleted, failed).to_xml())


def planned(call: Call, bucket: Bucket, item: ObjectToDelete, asked: DeleteObjects) -> Deletion | FailedDeletion:
    try:
        return deletion_of(call, bucket, item, bypasses_governance=asked.bypasses_governance)
    except (S3Error, store_errors.StoreError) as error:
        return failed_deletion(item, error)


def told(item: ObjectToDelete, outcome: Outcome) -> DeletedObject | FailedDeletion:
    try:
        return deleted_object(item, outcome)
    except (S3Error, store_errors.StoreError) as error:
        return failed_deletion(item, error)


def failed_deletion(item: ObjectToDelete, error: S3Error | store_errors.StoreError) -> FailedDeletion:
    problem = error if isinstance(error, S3Error) else translated(error)
    return FailedDeletion(item.key, problem.code, problem.message, item.version_id)
