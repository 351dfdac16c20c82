"""Which function answers which operation on objects."""

from __future__ import annotations

from collections.abc import Mapping

from calotype.s3.call import Answer
from calotype.s3.objects import (
    attribute_calls,
    copy_calls,
    deletion_calls,
    object_calls,
    object_lock_calls,
    object_tagging_calls,
    reads,
)
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

OBJECT_ANSWERS: Mapping[type[Operation], Answer] = {
    PutObject: object_calls.put_object,
    CopyObject: copy_calls.copy_object,
    GetObject: reads.get_object,
    HeadObject: reads.get_object,
    GetObjectAttributes: attribute_calls.get_object_attributes,
    DeleteObject: deletion_calls.delete_object,
    DeleteObjects: deletion_calls.delete_objects,
    GetObjectTagging: object_tagging_calls.get_object_tagging,
    PutObjectTagging: object_tagging_calls.put_object_tagging,
    DeleteObjectTagging: object_tagging_calls.delete_object_tagging,
    GetObjectLegalHold: object_lock_calls.get_object_legal_hold,
    PutObjectLegalHold: object_lock_calls.put_object_legal_hold,
    GetObjectRetention: object_lock_calls.get_object_retention,
    PutObjectRetention: object_lock_calls.put_object_retention,
}
