"""Which function answers which operation on what a bucket is set up to do."""

from __future__ import annotations

from collections.abc import Mapping

from calotype.s3.call import Answer
from calotype.s3.configuration import (
    absent,
    cors_calls,
    encryption_calls,
    fixed_calls,
    lifecycle_calls,
    logging_calls,
    object_lock_calls,
    tagging_calls,
    versioning_calls,
)
from calotype.s3.configuration.cors import DeleteBucketCors, GetBucketCors, PutBucketCors
from calotype.s3.configuration.encryption import DeleteBucketEncryption, GetBucketEncryption, PutBucketEncryption
from calotype.s3.configuration.lifecycle import (
    DeleteBucketLifecycle,
    GetBucketLifecycleConfiguration,
    PutBucketLifecycleConfiguration,
)
from calotype.s3.configuration.logging import GetBucketLogging, PutBucketLogging
from calotype.s3.configuration.notification import (
    GetBucketNotificationConfiguration,
    PutBucketNotificationConfiguration,
)
from calotype.s3.configuration.object_lock import GetObjectLockConfiguration, PutObjectLockConfiguration
from calotype.s3.configuration.payment import (
    GetBucketAccelerateConfiguration,
    GetBucketRequestPayment,
    PutBucketAccelerateConfiguration,
    PutBucketRequestPayment,
)
from calotype.s3.configuration.tagging import DeleteBucketTagging, GetBucketTagging, PutBucketTagging
from calotype.s3.configuration.versioning import PutBucketVersioning
from calotype.s3.operation import Operation

CONFIGURATION_ANSWERS: Mapping[type[Operation], Answer] = {
    PutBucketVersioning: versioning_calls.put_bucket_versioning,
    GetBucketCors: cors_calls.get_bucket_cors,
    PutBucketCors: cors_calls.put_bucket_cors,
    DeleteBucketCors: cors_calls.delete_bucket_cors,
    GetBucketLifecycleConfiguration: lifecycle_calls.get_bucket_lifecycle,
    PutBucketLifecycleConfiguration: lifecycle_calls.put_bucket_lifecycle,
    DeleteBucketLifecycle: lifecycle_calls.delete_bucket_lifecycle,
    GetBucketTagging: tagging_calls.get_bucket_tagging,
    PutBucketTagging: tagging_calls.put_bucket_tagging,
    DeleteBucketTagging: tagging_calls.delete_bucket_tagging,
    GetBucketEncryption: encryption_calls.get_bucket_encryption,
    PutBucketEncryption: encryption_calls.put_bucket_encryption,
    DeleteBucketEncryption: encryption_calls.delete_bucket_encryption,
    GetObjectLockConfiguration: object_lock_calls.get_object_lock_configuration,
    PutObjectLockConfiguration: object_lock_calls.put_object_lock_configuration,
    GetBucketLogging: logging_calls.get_bucket_logging,
    PutBucketLogging: logging_calls.put_bucket_logging,
    GetBucketNotificationConfiguration: fixed_calls.get_bucket_notification,
    PutBucketNotificationConfiguration: fixed_calls.put_bucket_notification,
    GetBucketRequestPayment: fixed_calls.get_bucket_request_payment,
    PutBucketRequestPayment: fixed_calls.put_bucket_request_payment,
    GetBucketAccelerateConfiguration: fixed_calls.get_bucket_accelerate,
    PutBucketAccelerateConfiguration: fixed_calls.put_bucket_accelerate,
    **dict.fromkeys(absent.ABSENT, fixed_calls.get_absent),
    **dict.fromkeys(absent.REMOVABLE, fixed_calls.delete_absent),
    **dict.fromkeys(absent.NAMED, fixed_calls.read_named),
    **dict.fromkeys(absent.NAMED_REMOVALS, fixed_calls.delete_named),
}
