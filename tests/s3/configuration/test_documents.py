"""Documents of configurations: which of them S3 refuses, and how. That they survive a round trip: test_operations."""

from __future__ import annotations

import pytest

from calotype.s3 import errors, operations
from calotype.s3.configuration.errors import IllegalVersioningConfiguration
from calotype.s3.operation import Operation
from calotype.s3.request import S3Request


def put(sub_resource: str, body: str) -> Operation:
    return operations.parse(S3Request("PUT", "photos", query=((sub_resource, ""),), body=body.encode()))


def lock(content: str) -> str:
    return f"<ObjectLockConfiguration>{content}</ObjectLockConfiguration>"


def retention(content: str) -> str:
    rule = f"<Rule><DefaultRetention>{content}</DefaultRetention></Rule>"
    return lock(f"<ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}")


def encryption(*rules: str) -> str:
    inner = "".join(f"<Rule>{rule}</Rule>" for rule in rules)
    return f"<ServerSideEncryptionConfiguration>{inner}</ServerSideEncryptionConfiguration>"


def by_default(content: str) -> str:
    return f"<ApplyServerSideEncryptionByDefault>{content}</ApplyServerSideEncryptionByDefault>"


def logging(content: str) -> str:
    return f"<BucketLoggingStatus><LoggingEnabled>{content}</LoggingEnabled></BucketLoggingStatus>"


def cors(*rules: str) -> str:
    inner = "".join(f"<CORSRule>{rule}</CORSRule>" for rule in rules)
    return f"<CORSConfiguration>{inner}</CORSConfiguration>"


ANY_GET = "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
LOG = "<TargetBucket>logs</TargetBucket><TargetPrefix/>"


@pytest.mark.parametrize(
    ("sub_resource", "body", "error"),
    [
        # every document: a body that is no XML, another root, none at all
        ("versioning", "", errors.MalformedXML),
        ("versioning", "<VersioningConfiguration>", errors.MalformedXML),
        ("versioning", "<Versioning/>", errors.MalformedXML),
        # wrong status of versioning
        ("versioning", "<VersioningConfiguration/>", IllegalVersioningConfiguration),
        (
            "versioning",
            "<VersioningConfiguration><Status>enabled</Status></VersioningConfiguration>",
            errors.MalformedXML,
        ),
        (
            "versioning",
            "<VersioningConfiguration><Status>Unversioned</Status></VersioningConfiguration>",
            errors.MalformedXML,
        ),
        (
            "versioning",
            "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>",
            errors.OperationNotImplemented,
        ),
        (
            "versioning",
            "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>on</MfaDelete></VersioningConfiguration>",
            errors.MalformedXML,
        ),
        # default retention: days or years, not both, over 0
        ("object-lock", lock(""), errors.MalformedXML),
        ("object-lock", lock("<ObjectLockEnabled>Disabled</ObjectLockEnabled>"), errors.MalformedXML),
        ("object-lock", lock("<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule/>"), errors.MalformedXML),
        ("object-lock", retention("<Mode>GOVERNANCE</Mode>"), errors.MalformedXML),
        ("object-lock", retention("<Days>1</Days>"), errors.MalformedXML),
        ("object-lock", retention("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>"), errors.MalformedXML),
        ("object-lock", retention("<Mode>governance</Mode><Days>1</Days>"), errors.MalformedXML),
        ("object-lock", retention("<Mode>COMPLIANCE</Mode><Days>one</Days>"), errors.MalformedXML),
        ("object-lock", retention("<Mode>COMPLIANCE</Mode><Days>0</Days>"), errors.InvalidArgument),
        ("object-lock", retention("<Mode>COMPLIANCE</Mode><Years>-1</Years>"), errors.InvalidArgument),
        ("object-lock", retention("<Mode>COMPLIANCE</Mode><Years>101</Years>"), errors.InvalidArgument),
        ("object-lock", retention(f"<Mode>COMPLIANCE</Mode><Days>{'9' * 30}</Days>"), errors.MalformedXML),
        # one rule of encryption, with an algorithm that is known
        ("encryption", encryption(), errors.MalformedXML),
        ("encryption", encryption(""), errors.MalformedXML),
        ("encryption", encryption(by_default("")), errors.MalformedXML),
        ("encryption", encryption(by_default("<SSEAlgorithm>AES128</SSEAlgorithm>")), errors.MalformedXML),
        ("encryption", encryption(*[by_default("<SSEAlgorithm>AES256</SSEAlgorithm>")] * 2), errors.MalformedXML),
        (
            "encryption",
            encryption(by_default("<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>")),
            errors.InvalidArgument,
        ),
        (
            "encryption",
            encryption(by_default("<SSEAlgorithm>AES256</SSEAlgorithm>") + "<BucketKeyEnabled>1</BucketKeyEnabled>"),
            errors.MalformedXML,
        ),
        # a log goes somewhere
        ("logging", logging(""), errors.MalformedXML),
        ("logging", logging("<TargetBucket>logs</TargetBucket>"), errors.MalformedXML),
        ("logging", logging(f"{LOG}<TargetGrants><Grant/></TargetGrants>"), errors.MalformedXML),
        ("logging", logging(f"{LOG}<TargetObjectKeyFormat/>"), errors.MalformedXML),
        (
            "logging",
            logging(
                f"{LOG}<TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>Now</PartitionDateSource>"
                "</PartitionedPrefix></TargetObjectKeyFormat>"
            ),
            errors.MalformedXML,
        ),
        # a clear 501 for what would silently do nothing
        (
            "notification",
            "<NotificationConfiguration><TopicConfiguration/></NotificationConfiguration>",
            errors.OperationNotImplemented,
        ),
        (
            "requestPayment",
            "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>",
            errors.OperationNotImplemented,
        ),
        (
            "requestPayment",
            "<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>",
            errors.MalformedXML,
        ),
        (
            "accelerate",
            "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>",
            errors.OperationNotImplemented,
        ),
        ("accelerate", "<AccelerateConfiguration/>", errors.MalformedXML),
        ("website", "<WebsiteConfiguration/>", errors.OperationNotImplemented),
        ("replication", "<ReplicationConfiguration/>", errors.OperationNotImplemented),
        ("inventory", "<InventoryConfiguration/>", errors.OperationNotImplemented),
        # a rule of CORS has an origin and methods that S3 has, with one wildcard at most in a pattern
        ("cors", "<CORSConfiguration/>", errors.MalformedXML),
        ("cors", cors("<AllowedMethod>GET</AllowedMethod>"), errors.MalformedXML),
        ("cors", cors("<AllowedOrigin>*</AllowedOrigin>"), errors.MalformedXML),
        ("cors", cors("<AllowedOrigin/><AllowedMethod>GET</AllowedMethod>"), errors.MalformedXML),
        ("cors", cors("<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod>"), errors.InvalidRequest),
        ("cors", cors("<AllowedOrigin>*</AllowedOrigin><AllowedMethod>get</AllowedMethod>"), errors.InvalidRequest),
        ("cors", cors("<AllowedOrigin>*.a.*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"), errors.InvalidRequest),
        ("cors", cors(f"{ANY_GET}<AllowedHeader>x-*-*</AllowedHeader>"), errors.InvalidRequest),
        ("cors", cors(f"{ANY_GET}<ExposeHeader>x-*</ExposeHeader>"), errors.InvalidRequest),
        ("cors", cors(f"{ANY_GET}<ExposeHeader>a\nset-cookie: b</ExposeHeader>"), errors.InvalidRequest),
        ("cors", cors(f"{ANY_GET}<ExposeHeader>é</ExposeHeader>"), errors.InvalidRequest),
        ("cors", cors(f"{ANY_GET}<MaxAgeSeconds>soon</MaxAgeSeconds>"), errors.MalformedXML),
        ("cors", cors(f"{ANY_GET}<MaxAgeSeconds>-1</MaxAgeSeconds>"), errors.MalformedXML),
        ("cors", cors(f"{ANY_GET}<ID>{'i' * 256}</ID>"), errors.InvalidRequest),
        ("cors", cors(*[ANY_GET] * 101), errors.InvalidRequest),  # up to 100 rules
        # 50 tags
        (
            "tagging",
            "<Tagging><TagSet>"
            + "".join(f"<Tag><Key>{number}</Key><Value/></Tag>" for number in range(51))
            + "</TagSet></Tagging>",
            errors.InvalidTag,
        ),
    ],
)
def test_a_document_that_is_refused(sub_resource: str, body: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        put(sub_resource, body)
