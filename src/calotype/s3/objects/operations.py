"""The operations on objects, in the order of the manual."""

from __future__ import annotations

from calotype.s3.objects.copy_operation import CopyObject
from calotype.s3.objects.deletion_operations import DeleteObject, DeleteObjects
from calotype.s3.objects.object_attributes import GetObjectAttributes
from calotype.s3.objects.object_lock_operations import (
    GetObjectLegalHold,
    GetObjectRetention,
    PutObjectLegalHold,
    PutObjectRetention,
)
from calotype.s3.objects.object_operations import GetObject, HeadObject, PutObject
from calotype.s3.objects.object_tagging import DeleteObjectTagging, GetObjectTagging, PutObjectTagging
from calotype.s3.operation import Operation

OBJECT_OPERATIONS: tuple[type[Operation], ...] = (
    PutObject,
    CopyObject,
    GetObject,
    HeadObject,
    GetObjectAttributes,
    DeleteObject,
    DeleteObjects,
    GetObjectTagging,
    PutObjectTagging,
    DeleteObjectTagging,
    GetObjectLegalHold,
    PutObjectLegalHold,
    GetObjectRetention,
    PutObjectRetention,
)
