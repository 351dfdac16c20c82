"""Every operation of S3: those that are here, in one table for dispatch, and the names of those that are not."""

from __future__ import annotations

from calotype.s3.access.operations import ACCESS_OPERATIONS
from calotype.s3.bucket_operations import CreateBucket, DeleteBucket, GetBucketLocation, GetBucketVersioning, HeadBucket
from calotype.s3.configuration.operations import CONFIGURATION_OPERATIONS
from calotype.s3.errors import MethodNotAllowed, OperationNotImplemented
from calotype.s3.forms.post_object import PostObject
from calotype.s3.listing.operations import LISTING_OPERATIONS
from calotype.s3.multipart.multipart_operations import COPIES_PART
from calotype.s3.multipart.operations import MULTIPART_OPERATIONS
from calotype.s3.objects.operations import OBJECT_OPERATIONS
from calotype.s3.operation import Operation, Scope
from calotype.s3.request import S3Request

OPERATIONS: tuple[type[Operation], ...] = (
    CreateBucket,
    HeadBucket,
    DeleteBucket,
    GetBucketLocation,
    GetBucketVersioning,
    *LISTING_OPERATIONS,
    *OBJECT_OPERATIONS,
    *MULTIPART_OPERATIONS,
    PostObject,
    *ACCESS_OPERATIONS,
    *CONFIGURATION_OPERATIONS,
)

BY_REQUEST_LINE: dict[tuple[str, Scope, str | None], type[Operation]] = {
    (operation.method, operation.scope, operation.sub_resource): operation for operation in OPERATIONS
}

NOT_IMPLEMENTED: dict[tuple[Scope, str], dict[str, str]] = {
    (Scope.BUCKET, "abac"): {"GET": "GetBucketAbac", "PUT": "PutBucketAbac"},
    (Scope.BUCKET, "analytics"): {"PUT": "PutBucketAnalyticsConfiguration"},
    (Scope.BUCKET, "intelligent-tiering"): {"PUT": "PutBucketIntelligentTieringConfiguration"},
    (Scope.BUCKET, "inventory"): {"PUT": "PutBucketInventoryConfiguration"},
    (Scope.BUCKET, "metadataAnnotationTable"): {"PUT": "UpdateBucketMetadataAnnotationTableConfiguration"},
    (Scope.BUCKET, "metadataConfiguration"): {"POST": "CreateBucketMetadataConfiguration"},
    (Scope.BUCKET, "metadataInventoryTable"): {"PUT": "UpdateBucketMetadataInventoryTableConfiguration"},
    (Scope.BUCKET, "metadataJournalTable"): {"PUT": "UpdateBucketMetadataJournalTableConfiguration"},
    (Scope.BUCKET, "metadataTable"): {"POST": "CreateBucketMetadataTableConfiguration"},
    (Scope.BUCKET, "metrics"): {"PUT": "PutBucketMetricsConfiguration"},
    (Scope.BUCKET, "replication"): {"PUT": "PutBucketReplication"},
    (Scope.BUCKET, "session"): {"GET": "CreateSession"},
    (Scope.BUCKET, "website"): {"PUT": "PutBucketWebsite"},
    (Scope.OBJECT, "annotation"): {
        "GET": "GetObjectAnnotation",
        "PUT": "PutObjectAnnotation",
        "DELETE": "DeleteObjectAnnotation",
    },
    (Scope.OBJECT, "encryption"): {"PUT": "UpdateObjectEncryption"},
    (Scope.OBJECT, "renameObject"): {"PUT": "RenameObject"},
    (Scope.OBJECT, "restore"): {"POST": "RestoreObject"},
    (Scope.OBJECT, "select"): {"POST": "SelectObjectContent"},
    (Scope.OBJECT, "torrent"): {"GET": "GetObjectTorrent"},
}
"""What a sub-resource and method ask for and nobody here answers."""

_PART_NUMBER = (Scope.OBJECT, "partNumber")  # alone it must not pass for a PutObject
_SUB_RESOURCES = (
    {_PART_NUMBER, *NOT_IMPLEMENTED}
    | {(operation.scope, operation.sub_resource) for operation in OPERATIONS if operation.sub_resource}
)  # fmt: skip


def parse(request: S3Request) -> Operation:
    """The operation that a request asks for; raises S3Error, OperationNotImplemented for one that is not here."""
    return operation_type(request).from_request(request)


def operation_type(request: S3Request) -> type[Operation]:
    scope = Scope.of(request)
    sub_resource = _sub_resource(request, scope)
    found = BY_REQUEST_LINE.get((request.method, scope, sub_resource))
    if found is not None:
        return found
    raise _refusal(request.method, scope, sub_resource)


def _sub_resource(request: S3Request, scope: Scope) -> str | None:
    names = [name for name, _ in request.query if (scope, name) in _SUB_RESOURCES]
    if request.method in ("GET", "HEAD"):
        names = [name for name in names if name != "partNumber"]  # a parameter of the two reads
    has_source = "x-amz-copy-source" in request.headers or "x-amz-copy-source" in names
    copies = scope is Scope.OBJECT and request.method == "PUT" and has_source
    if "uploadId" in names:  # beside partNumber it is the one that decides
        return COPIES_PART if copies else "uploadId"
    if copies and not names:
        return "x-amz-copy-source"
    return next(iter(names), None)


def _refusal(method: str, scope: Scope, sub_resource: str | None) -> OperationNotImplemented | MethodNotAllowed:
    if sub_resource is not None:
        name = NOT_IMPLEMENTED.get((scope, sub_resource), {}).get(method)
        if name is not None:
            return OperationNotImplemented(f"The operation {name} is not implemented.", Operation=name)
    return MethodNotAllowed(Method=method, ResourceType=sub_resource or scope.name)
