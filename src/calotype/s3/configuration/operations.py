"""The operations on what a bucket is set up to do, in the order of the manual."""

from __future__ import annotations

from calotype.s3.configuration import absent
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

CONFIGURATION_OPERATIONS: tuple[type[Operation], ...] = (
    PutBucketVersioning,
    GetBucketCors,
    PutBucketCors,
    DeleteBucketCors,
    GetBucketLifecycleConfiguration,
    PutBucketLifecycleConfiguration,
    DeleteBucketLifecycle,
    GetBucketTagging,
    PutBucketTagging,
    DeleteBucketTagging,
    GetBucketEncryption,
    PutBucketEncryption,
    DeleteBucketEncryption,
    GetObjectLockConfiguration,
    PutObjectLockConfiguration,
    GetBucketLogging,
    PutBucketLogging,
    GetBucketNotificationConfiguration,
    PutBucketNotificationConfiguration,
    GetBucketRequestPayment,
    PutBucketRequestPayment,
    GetBucketAccelerateConfiguration,
    PutBucketAccelerateConfiguration,
    *absent.ABSENT,
    *absent.REMOVABLE,
    *absent.NAMED,
    *absent.NAMED_REMOVALS,
)
