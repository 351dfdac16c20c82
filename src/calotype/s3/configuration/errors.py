"""What goes wrong with a bucket's configurations; most of it is that there is none.

S3Error
├─ 400  IllegalVersioningConfiguration, InvalidTargetBucketForLogging
├─ 404  MetadataConfigurationNotFound, NoSuchConfiguration, NoSuchCORSConfiguration, NoSuchLifecycleConfiguration,
│       NoSuchTagSet, NoSuchWebsiteConfiguration, ObjectLockConfigurationNotFound, ReplicationConfigurationNotFound,
│       ServerSideEncryptionConfigurationNotFound
└─ 409  InvalidBucketState
"""

from __future__ import annotations

from calotype.s3.errors import S3Error


class IllegalVersioningConfiguration(S3Error):
    status, code = 400, "IllegalVersioningConfigurationException"
    default_message = "The versioning configuration specified in the request is invalid."


class InvalidTargetBucketForLogging(S3Error):
    status, code = 400, "InvalidTargetBucketForLogging"
    default_message = "The target bucket for logging does not exist, or is not owned by the owner of the bucket."


class MetadataConfigurationNotFound(S3Error):
    status, code = 404, "MetadataConfigurationNotFound"
    default_message = "The metadata configuration does not exist"


class NoSuchConfiguration(S3Error):
    status, code = 404, "NoSuchConfiguration"
    default_message = "The specified configuration does not exist."


class NoSuchCORSConfiguration(S3Error):
    status, code = 404, "NoSuchCORSConfiguration"
    default_message = "The CORS configuration does not exist"


class NoSuchLifecycleConfiguration(S3Error):
    status, code = 404, "NoSuchLifecycleConfiguration"
    default_message = "The lifecycle configuration does not exist"


class NoSuchTagSet(S3Error):
    status, code = 404, "NoSuchTagSet"
    default_message = "The TagSet does not exist"


class NoSuchWebsiteConfiguration(S3Error):
    status, code = 404, "NoSuchWebsiteConfiguration"
    default_message = "The specified bucket does not have a website configuration"


class ObjectLockConfigurationNotFound(S3Error):
    status, code = 404, "ObjectLockConfigurationNotFoundError"
    default_message = "Object Lock configuration does not exist for this bucket"


class ReplicationConfigurationNotFound(S3Error):
    status, code = 404, "ReplicationConfigurationNotFoundError"
    default_message = "The replication configuration was not found"


class ServerSideEncryptionConfigurationNotFound(S3Error):
    status, code = 404, "ServerSideEncryptionConfigurationNotFoundError"
    default_message = "The server side encryption configuration was not found"


class InvalidBucketState(S3Error):
    status, code = 409, "InvalidBucketState"
    default_message = "The request is not valid with the current state of the bucket."
