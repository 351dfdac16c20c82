"""Configurations of buckets through the S3 server: put, read back, deleted, and what they do."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.s3 import xml
from calotype.s3.configuration.cors import PutBucketCors
from calotype.s3.configuration.operations import CONFIGURATION_OPERATIONS
from calotype.store.model import BucketSettings, CorsRule, DefaultRetention, EncryptionScheme, LockMode, Versioning

TAGGING = b"<Tagging><TagSet><Tag><Key>film</Key><Value>HP5</Value></Tag></TagSet></Tagging>"
AES256 = (
    b"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
    b"</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
)
LOCK_A_DAY = (
    b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    b"<Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
)
LOCK_ALONE = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"


def versioning(status: str) -> bytes:
    return f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>".encode()


async def put(site: Any, sub_resource: str, body: bytes, bucket: str = "photos") -> Any:
    return await site.send("PUT", f"/{bucket}?{sub_resource}", body=body)


async def get(site: Any, sub_resource: str, bucket: str = "photos") -> Any:
    return await site.send("GET", f"/{bucket}?{sub_resource}")


async def test_tags_are_put_read_back_and_deleted(site: Any) -> None:
    await site.bucket()
    assert (await get(site, "tagging")).code == "NoSuchTagSet"
    assert (await put(site, "tagging", TAGGING)).status == 204
    assert (await get(site, "tagging")).body == xml.document(
        "Tagging", ("TagSet", [("Tag", [("Key", "film"), ("Value", "HP5")])])
    )
    assert (await site.send("DELETE", "/photos?tagging")).status == 204
    assert (await get(site, "tagging")).code == "NoSuchTagSet"


async def test_default_encryption_is_the_one_of_the_b2_api(site: Any) -> None:
    bucket = await site.bucket()
    missing = await get(site, "encryption")
    assert (missing.status, missing.code) == (404, "ServerSideEncryptionConfigurationNotFoundError")
    assert (await put(site, "encryption", AES256)).status == 200
    assert (await site.store.bucket("photos")).settings.default_encryption is EncryptionScheme.SERVER_KEY
    assert b"<SSEAlgorithm>AES256</SSEAlgorithm>" in (await get(site, "encryption")).body
    put_object = await site.send("PUT", "/photos/a", body=b"content")
    assert put_object.headers.get("x-amz-server-side-encryption") == "AES256"
    assert (await site.send("DELETE", "/photos?encryption")).status == 204
    assert (await get(site, "encryption")).status == 404
    # what B2 sets, S3 reads
    await site.store.update_bucket(
        bucket.bucket_id, settings=BucketSettings(default_encryption=EncryptionScheme.SERVER_KEY)
    )
    assert b"<SSEAlgorithm>AES256</SSEAlgorithm>" in (await get(site, "encryption")).body


async def test_a_bucket_key_is_told_as_it_was_put(site: Any) -> None:
    await site.bucket()
    body = AES256.replace(b"</Rule>", b"<BucketKeyEnabled>true</BucketKeyEnabled></Rule>")
    await put(site, "encryption", body)
    assert b"<BucketKeyEnabled>true</BucketKeyEnabled>" in (await get(site, "encryption")).body


async def test_versioning_is_enabled_and_suspended(site: Any) -> None:
    await site.bucket()
    assert (await get(site, "versioning")).root.text_of("Status") is None
    assert (await put(site, "versioning", versioning("Enabled"))).status == 200
    assert (await get(site, "versioning")).root.text_of("Status") == "Enabled"
    assert (await put(site, "versioning", versioning("Suspended"))).status == 200
    assert (await get(site, "versioning")).root.text_of("Status") == "Suspended"


async def test_a_bucket_with_object_lock_keeps_its_versions(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED, settings=BucketSettings(file_lock_enabled=True))
    answer = await put(site, "versioning", versioning("Suspended"))
    assert (answer.status, answer.code) == (409, "InvalidBucketState")
    assert (await put(site, "versioning", versioning("Enabled"))).status == 200


async def test_object_lock_is_switched_on_where_versions_are_kept(site: Any) -> None:
    await site.bucket()
    assert (await get(site, "object-lock")).code == "ObjectLockConfigurationNotFoundError"
    refused = await put(site, "object-lock", LOCK_A_DAY)
    assert (refused.status, refused.code) == (409, "InvalidBucketState")
    await put(site, "versioning", versioning("Enabled"))
    assert (await put(site, "object-lock", LOCK_A_DAY)).status == 200
    settings = (await site.store.bucket("photos")).settings
    assert settings.default_retention == DefaultRetention(LockMode.GOVERNANCE, 1, "days")
    assert b"<Mode>GOVERNANCE</Mode><Days>1</Days>" in (await get(site, "object-lock")).body
    # without a rule the default goes, and the lock stays
    assert (await put(site, "object-lock", LOCK_ALONE)).status == 200
    assert (await get(site, "object-lock")).body == xml.document(
        "ObjectLockConfiguration", ("ObjectLockEnabled", "Enabled")
    )


LOGGING = (
    '<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LoggingEnabled>'
    "<TargetBucket>{}</TargetBucket><TargetPrefix>log/</TargetPrefix><TargetGrants><Grant>{}"
    "<Permission>READ</Permission></Grant></TargetGrants><TargetObjectKeyFormat><PartitionedPrefix/>"
    "</TargetObjectKeyFormat></LoggingEnabled></BucketLoggingStatus>"
)


def grantee(type: str, content: str) -> str:
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    return f'<Grantee xmlns:xsi="{xsi}" xsi:type="{type}">{content}</Grantee>'


EVERYBODY = grantee("Group", "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>")


async def test_logging_is_told_as_it_was_put(site: Any) -> None:
    await site.bucket()
    await site.bucket("logs")
    assert (await get(site, "logging")).root.children == []
    assert (await put(site, "logging", LOGGING.format("logs", EVERYBODY).encode())).status == 200
    assert (await get(site, "logging")).body.decode() == xml.DECLARATION + LOGGING.format("logs", EVERYBODY)
    assert (await put(site, "logging", b"<BucketLoggingStatus/>")).status == 200
    assert (await get(site, "logging")).root.children == []


async def test_who_may_read_a_log_is_somebody_and_is_told_by_canonical_id_and_name(site: Any) -> None:
    await site.bucket()
    await site.bucket("logs")
    friend = await site.store.create_account("friend", email="friend@example.org")
    user_id = f"<ID>{friend.canonical_user_id}</ID>"
    told = LOGGING.format("logs", grantee("CanonicalUser", f"{user_id}<DisplayName>friend</DisplayName>"))
    for named in (
        grantee("CanonicalUser", user_id),
        grantee("AmazonCustomerByEmail", "<EmailAddress>friend@example.org</EmailAddress>"),
    ):
        assert (await put(site, "logging", LOGGING.format("logs", named).encode())).status == 200
        assert (await get(site, "logging")).body.decode() == xml.DECLARATION + told
    for nobody, code in (
        (grantee("CanonicalUser", "<ID>0</ID>"), "InvalidArgument"),
        (grantee("Group", "<URI>http://acs.example.org/nobody</URI>"), "InvalidArgument"),
        (
            grantee("AmazonCustomerByEmail", "<EmailAddress>nobody@example.org</EmailAddress>"),
            "UnresolvableGrantByEmailAddress",
        ),
    ):
        answer = await put(site, "logging", LOGGING.format("logs", nobody).encode())
        assert (answer.status, answer.code) == (400, code)
    assert (await get(site, "logging")).body.decode() == xml.DECLARATION + told


async def test_a_log_goes_to_a_bucket_of_the_same_owner(site: Any) -> None:
    await site.bucket()
    other = await site.store.create_account("other")
    await site.store.create_bucket(other.account_id, "theirs")
    for target in ("nowhere", "theirs"):
        answer = await put(site, "logging", LOGGING.format(target, EVERYBODY).encode())
        assert (answer.status, answer.code) == (400, "InvalidTargetBucketForLogging")


@pytest.mark.parametrize(
    ("sub_resource", "empty", "put_again"),
    [
        ("notification", "", b"<NotificationConfiguration/>"),
        (
            "requestPayment",
            "<Payer>BucketOwner</Payer>",
            b"<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
        ),
        ("accelerate", "", b"<AccelerateConfiguration><Status>Suspended</Status></AccelerateConfiguration>"),
    ],
)
async def test_what_nobody_set_is_as_it_is(site: Any, sub_resource: str, empty: str, put_again: bytes) -> None:
    await site.bucket()
    answer = await get(site, sub_resource)
    assert answer.status == 200
    assert empty.encode() in answer.body
    assert (await put(site, sub_resource, put_again)).status == 200
    assert (await get(site, sub_resource)).status == 200


async def test_acceleration_is_suspended_once_it_was(site: Any) -> None:
    await site.bucket()
    await put(site, "accelerate", b"<AccelerateConfiguration><Status>Suspended</Status></AccelerateConfiguration>")
    assert (await get(site, "accelerate")).root.text_of("Status") == "Suspended"


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("website", 404, "NoSuchWebsiteConfiguration"),
        ("replication", 404, "ReplicationConfigurationNotFoundError"),
        ("metadataTable", 404, "MetadataConfigurationNotFound"),
        ("metadataConfiguration", 404, "MetadataConfigurationNotFound"),
        ("analytics&id=a", 404, "NoSuchConfiguration"),
        ("inventory&id=a", 404, "NoSuchConfiguration"),
        ("metrics&id=a", 404, "NoSuchConfiguration"),
        ("intelligent-tiering&id=a", 404, "NoSuchConfiguration"),
        ("analytics", 200, None),
        ("inventory", 200, None),
        ("metrics", 200, None),
        ("intelligent-tiering", 200, None),
    ],
)
async def test_a_configuration_that_is_never_there(site: Any, target: str, status: int, code: str | None) -> None:
    await site.bucket()
    answer = await get(site, target)
    assert (answer.status, answer.code) == (status, code)
    if code is None:
        assert answer.root.text_of("IsTruncated") == "false"


@pytest.mark.parametrize(
    ("target", "status"), [("website", 204), ("replication", 204), ("metadataTable", 204), ("metrics&id=a", 404)]
)
async def test_a_configuration_that_is_never_there_is_deleted(site: Any, target: str, status: int) -> None:
    await site.bucket()
    assert (await site.send("DELETE", f"/photos?{target}")).status == status


@pytest.mark.parametrize("operation", CONFIGURATION_OPERATIONS, ids=lambda operation: operation.name)
async def test_every_call_needs_its_capability_and_a_bucket(site: Any, operation: Any) -> None:
    await site.bucket()
    key = await site.limited_key("listFiles")
    target = f"?{operation.sub_resource}"
    body = DOCUMENTS.get(operation.sub_resource, b"") if operation.method == "PUT" else b""
    refused = await site.send(operation.method, f"/photos{target}", body=body, key=key)
    assert (refused.status, refused.code) == (403, "AccessDenied")
    assert (await site.send(operation.method, f"/nowhere{target}", body=body)).code == "NoSuchBucket"
    assert (await site.send_as_is(operation.method, f"/photos{target}", body=body)).status == 403


DOCUMENTS = {
    "lifecycle": b"<LifecycleConfiguration><Rule><Prefix/><Status>Enabled</Status>"
    b"<Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
    "cors": PutBucketCors("photos", (CorsRule("", ("*",), ("s3_get",)),)).to_request().body,
    "versioning": versioning("Enabled"),
    "tagging": TAGGING,
    "encryption": AES256,
    "object-lock": LOCK_ALONE,
    "logging": b"<BucketLoggingStatus/>",
    "notification": b"<NotificationConfiguration/>",
    "requestPayment": b"<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
    "accelerate": b"<AccelerateConfiguration><Status>Suspended</Status></AccelerateConfiguration>",
}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ((("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),), "BadDigest"),
        ((("content-md5", "nonsense"),), "InvalidDigest"),
        ((("x-amz-checksum-crc32", "AAAAAA=="),), "BadDigest"),
    ],
)
async def test_a_document_is_what_its_digest_says(site: Any, headers: Any, code: str) -> None:
    await site.bucket()
    assert (await site.send("PUT", "/photos?tagging", headers, TAGGING)).code == code
    assert (await get(site, "tagging")).code == "NoSuchTagSet"


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", "?metadataInventoryTable"),
        ("PUT", "?abac"),
        ("PUT", "/a?encryption"),
        ("PUT", "/a?annotation&annotationName=n"),
        ("DELETE", "/a?annotation&annotationName=n"),
    ],
)
async def test_what_is_not_here_does_not_pass_for_something_else(site: Any, method: str, target: str) -> None:
    """A sub-resource that nobody looked at would make a bucket, write an object or delete it."""
    await site.bucket()
    await site.send("PUT", "/photos/a", body=b"content")
    answer = await site.send(method, f"/photos{target}", body=b"<Other/>")
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert (await site.send("GET", "/photos/a")).body == b"content"
