"""What goes wrong with access control lists, bucket policies, ownership and the public access block.

S3Error
├─ 400  AccessControlListNotSupported, InvalidBucketAclWithObjectOwnership, MalformedACLError, MalformedPolicy,
│       UnresolvableGrantByEmailAddress
└─ 404  NoSuchBucketPolicy, NoSuchPublicAccessBlockConfiguration, OwnershipControlsNotFound
"""

from __future__ import annotations

from calotype.s3.errors import S3Error


class AccessControlListNotSupported(S3Error):
    status, code = 400, "AccessControlListNotSupported"
    default_message = "The bucket does not allow ACLs"


class InvalidBucketAclWithObjectOwnership(S3Error):
    status, code = 400, "InvalidBucketAclWithObjectOwnership"
    default_message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"


class MalformedACLError(S3Error):
    status, code = 400, "MalformedACLError"
    default_message = "The XML you provided was not well-formed or did not validate against our published schema"


class MalformedPolicy(S3Error):
    """The policy of a bucket."""

    status, code = 400, "MalformedPolicy"
    default_message = "Invalid policy syntax."


class UnresolvableGrantByEmailAddress(S3Error):
    status, code = 400, "UnresolvableGrantByEmailAddress"
    default_message = "The e-mail address you provided does not match any account on record."


class NoSuchBucketPolicy(S3Error):
    status, code = 404, "NoSuchBucketPolicy"
    default_message = "The bucket policy does not exist"


class NoSuchPublicAccessBlockConfiguration(S3Error):
    status, code = 404, "NoSuchPublicAccessBlockConfiguration"
    default_message = "The public access block configuration was not found"


class OwnershipControlsNotFound(S3Error):
    status, code = 404, "OwnershipControlsNotFoundError"
    default_message = "The bucket ownership controls were not found"
