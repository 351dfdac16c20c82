"""Which actions each operation asks for: another account may do it by a policy that allows these, and without one not.

The names are those of "Required permissions for Amazon S3 API operations".
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pytest

from calotype.s3.access.policy_actions import ON_BUCKETS
from calotype.store.model import BucketSettings, Versioning
from s3.access.conftest import FRIEND, OWNER

TAGS = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
HOLD = b"<LegalHold><Status>OFF</Status></LegalHold>"
RETENTION = b"<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2027-01-01T00:00:00Z</RetainUntilDate></Retention>"
VERSIONING = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
BLOCK = b"<PublicAccessBlockConfiguration/>"
OWNERSHIP = b"<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>"
CORS = (
    b"<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>"
    b"</CORSConfiguration>"
)
ENCRYPTION = (
    b"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256"
    b"</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
)
PRIVATE = ("x-amz-acl", "private")
TAGGING = ("x-amz-tagging", "a=b")
LOCK = (("x-amz-object-lock-mode", "GOVERNANCE"), ("x-amz-object-lock-retain-until-date", "2027-01-01T00:00:00Z"))
HELD = ("x-amz-object-lock-legal-hold", "OFF")
BYPASS = ("x-amz-bypass-governance-retention", "true")


@dataclass
class Row:
    """`line` may name `{version}`, the id of the object's version, `{held}`, that of one under retention, and
    `{upload}`, that of an upload in progress."""

    line: str
    actions: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def copying(source: str, *headers: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return ("x-amz-copy-source", source), *headers


ROWS = [
    # buckets
    Row("HEAD /photos", "ListBucket"),
    Row("GET /photos", "ListBucket"),
    Row("GET /photos?list-type=2&prefix=a", "ListBucket"),
    Row("GET /photos?versions", "ListBucketVersions"),
    Row("GET /photos?uploads", "ListBucketMultipartUploads"),
    Row("GET /photos?location", "GetBucketLocation"),
    Row("GET /photos?versioning", "GetBucketVersioning"),
    Row("PUT /photos?versioning", "PutBucketVersioning", body=VERSIONING),
    Row("GET /photos?acl", "GetBucketAcl"),
    Row("PUT /photos?acl", "PutBucketAcl", (PRIVATE,)),
    Row("GET /photos?policyStatus", "GetBucketPolicyStatus"),
    Row("GET /photos?publicAccessBlock", "GetBucketPublicAccessBlock"),
    Row("PUT /photos?publicAccessBlock", "PutBucketPublicAccessBlock", body=BLOCK),
    Row("DELETE /photos?publicAccessBlock", "PutBucketPublicAccessBlock"),
    Row("GET /photos?ownershipControls", "GetBucketOwnershipControls"),
    Row("PUT /photos?ownershipControls", "PutBucketOwnershipControls", body=OWNERSHIP),
    Row("DELETE /photos?ownershipControls", "PutBucketOwnershipControls"),
    Row("GET /photos?tagging", "GetBucketTagging"),
    Row("PUT /photos?tagging", "PutBucketTagging", body=TAGS),
    Row("DELETE /photos?tagging", "PutBucketTagging"),
    Row("GET /photos?cors", "GetBucketCORS"),
    Row("PUT /photos?cors", "PutBucketCORS", body=CORS),
    Row("DELETE /photos?cors", "PutBucketCORS"),
    Row("GET /photos?encryption", "GetEncryptionConfiguration"),
    Row("PUT /photos?encryption", "PutEncryptionConfiguration", body=ENCRYPTION),
    Row("DELETE /photos?encryption", "PutEncryptionConfiguration"),
    Row("GET /photos?lifecycle", "GetLifecycleConfiguration"),
    Row("DELETE /photos?lifecycle", "PutLifecycleConfiguration"),
    Row("GET /photos?object-lock", "GetBucketObjectLockConfiguration"),
    Row("GET /photos?notification", "GetBucketNotification"),
    Row("GET /photos?logging", "GetBucketLogging"),
    Row("GET /photos?requestPayment", "GetBucketRequestPayment"),
    Row("GET /photos?accelerate", "GetAccelerateConfiguration"),
    Row("GET /photos?website", "GetBucketWebsite"),
    Row("GET /photos?replication", "GetReplicationConfiguration"),
    Row("DELETE /empty", "DeleteBucket"),
    # reading
    Row("GET /photos/a", "GetObject"),
    Row("HEAD /photos/a", "GetObject"),
    Row("GET /photos/a?versionId={version}", "GetObjectVersion"),
    Row("HEAD /photos/a?versionId={version}", "GetObjectVersion"),
    Row("GET /photos/a?attributes", "GetObject GetObjectAttributes", (("x-amz-object-attributes", "ETag"),)),
    Row(
        "GET /photos/a?attributes&versionId={version}",
        "GetObjectVersion GetObjectVersionAttributes",
        (("x-amz-object-attributes", "ETag"),),
    ),
    Row("GET /photos/a?acl", "GetObjectAcl"),
    Row("GET /photos/a?acl&versionId={version}", "GetObjectVersionAcl"),
    Row("GET /photos/a?tagging", "GetObjectTagging"),
    Row("GET /photos/a?tagging&versionId={version}", "GetObjectVersionTagging"),
    Row("GET /photos/a?retention", "GetObjectRetention"),
    Row("GET /photos/a?legal-hold&versionId={version}", "GetObjectLegalHold"),
    # writing
    Row("PUT /photos/b", "PutObject"),
    # an account that may write may give what it writes an ACL and tags ("Policy examples for ACLs")
    Row("PUT /photos/b", "PutObject", (PRIVATE,)),
    Row("PUT /photos/b", "PutObject", (TAGGING,)),
    Row("PUT /photos/b", "PutObject PutObjectRetention", LOCK),
    Row("PUT /photos/b", "PutObject PutObjectLegalHold", (HELD,)),
    Row("PUT /photos/b", "PutObject GetObject", copying("photos/a")),
    Row("PUT /photos/b", "PutObject GetObjectVersion", copying("photos/a?versionId={version}")),
    Row("PUT /photos/b", "PutObject GetObject GetObjectTagging", copying("photos/tagged")),
    Row(
        "PUT /photos/b",
        "PutObject GetObject",
        copying("photos/tagged", TAGGING, ("x-amz-tagging-directive", "REPLACE")),
    ),
    Row("PUT /photos/b", "PutObject GetObject", copying("photos/a", PRIVATE)),
    Row("PUT /photos/a?acl", "PutObjectAcl", (PRIVATE,)),
    Row("PUT /photos/a?acl&versionId={version}", "PutObjectVersionAcl", (PRIVATE,)),
    Row("PUT /photos/a?tagging", "PutObjectTagging", body=TAGS),
    Row("PUT /photos/a?tagging&versionId={version}", "PutObjectVersionTagging", body=TAGS),
    Row("DELETE /photos/a?tagging", "DeleteObjectTagging"),
    Row("DELETE /photos/a?tagging&versionId={version}", "DeleteObjectVersionTagging"),
    Row("PUT /photos/a?retention", "PutObjectRetention", body=RETENTION),
    Row("PUT /photos/a?legal-hold", "PutObjectLegalHold", body=HOLD),
    # deleting
    Row("DELETE /photos/a", "DeleteObject"),
    Row("DELETE /photos/a?versionId={version}", "DeleteObjectVersion"),
    Row("DELETE /photos/held?versionId={held}", "DeleteObjectVersion BypassGovernanceRetention", (BYPASS,)),
    # uploads in parts
    Row("POST /photos/b?uploads", "PutObject"),
    Row("POST /photos/b?uploads", "PutObject", (PRIVATE,)),
    Row("POST /photos/b?uploads", "PutObject", (TAGGING,)),
    Row("POST /photos/b?uploads", "PutObject PutObjectRetention", LOCK),
    Row("PUT /photos/film?uploadId={upload}&partNumber=2", "PutObject", body=b"part"),
    Row("PUT /photos/film?uploadId={upload}&partNumber=2", "PutObject GetObject", copying("photos/a")),
    Row(
        "PUT /photos/film?uploadId={upload}&partNumber=2",
        "PutObject GetObjectVersion",
        copying("photos/a?versionId={version}"),
    ),
    Row(
        "POST /photos/film?uploadId={upload}",
        "PutObject",
        body=b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>"
        % hashlib.md5(b"part").hexdigest().encode(),
    ),
    Row("GET /photos/film?uploadId={upload}", "ListMultipartUploadParts"),
    Row("DELETE /photos/film?uploadId={upload}", "AbortMultipartUpload"),
]


@pytest.fixture
async def ids(household: Any) -> dict[str, str]:
    """A bucket with versions and locks, an object, one with tags, one under retention, and an upload; their ids."""
    store = household.site.store
    await household.done(OWNER, "DELETE /photos")
    await store.create_bucket(
        household.accounts[OWNER].account_id,
        "photos",
        versioning=Versioning.ENABLED,
        settings=BucketSettings(file_lock_enabled=True),
    )
    await household.done(OWNER, "PUT /empty")
    put = await household.done(OWNER, "PUT /photos/a", body=b"a")
    await household.done(OWNER, "PUT /photos/tagged", [TAGGING], b"a")
    held = await household.done(OWNER, "PUT /photos/held", LOCK, b"a")
    upload = (await household.done(OWNER, "POST /photos/film?uploads")).root.text_of("UploadId")
    await household.done(OWNER, f"PUT /photos/film?uploadId={upload}&partNumber=1", body=b"part")
    return {
        "version": put.headers.get("x-amz-version-id"),
        "held": held.headers.get("x-amz-version-id"),
        "upload": upload,
    }


async def allow(household: Any, names: list[str]) -> None:
    """A policy of both buckets that allows the friend these actions, and no others."""
    for bucket in ("photos", "empty"):
        statements = []
        for name in names:
            inside = "" if f"s3:{name}" in ON_BUCKETS else "/*"
            resource = f"arn:aws:s3:::{bucket}{inside}"
            principal = {"AWS": household.accounts[FRIEND].account_id}
            statements.append({"Effect": "Allow", "Principal": principal, "Action": f"s3:{name}", "Resource": resource})
        text = json.dumps({"Version": "2012-10-17", "Statement": statements}).encode()
        if statements:
            await household.done(OWNER, f"PUT /{bucket}?policy", body=text)
        else:
            await household.done(OWNER, f"DELETE /{bucket}?policy")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.line} {row.actions}")
async def test_an_operation_needs_its_actions(household: Any, ids: dict[str, str], row: Row) -> None:
    line = row.line.format_map(ids)
    headers = [(name, value.format_map(ids)) for name, value in row.headers]
    names = row.actions.split()
    for missing in names:
        await allow(household, [name for name in names if name != missing])
        assert not await household.may(FRIEND, line, headers, row.body), f"without {missing}"
    await allow(household, names)
    answer = await household.ask(FRIEND, line, headers, row.body)
    assert answer.status < 300 or answer.status == 404, answer.body  # what is not configured is not there


async def test_many_deletions_are_allowed_key_by_key(household: Any, ids: dict[str, str]) -> None:
    friend = {"AWS": household.accounts[FRIEND].account_id}
    statements = [
        {"Effect": "Allow", "Principal": friend, "Action": "s3:DeleteObject*", "Resource": "arn:aws:s3:::photos/a"},
        {
            "Effect": "Deny",
            "Principal": friend,
            "Action": "s3:DeleteObjectVersion",
            "Resource": "arn:aws:s3:::photos/*",
            "Condition": {"StringEquals": {"s3:VersionId": ids["version"]}},
        },
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}).encode()
    await household.done(OWNER, "PUT /photos?policy", body=text)
    named = (("a", ""), ("tagged", ""), ("a", f"<VersionId>{ids['version']}</VersionId>"))
    objects = "".join(f"<Object><Key>{key}</Key>{version}</Object>" for key, version in named)
    body = f"<Delete>{objects}</Delete>".encode()
    digest = base64.b64encode(hashlib.md5(body).digest()).decode()
    answer = await household.ask(FRIEND, "POST /photos?delete", [("content-md5", digest)], body)
    assert answer.status == 200
    assert [element.text_of("Key") for element in answer.root.all("Deleted")] == ["a"]
    errors = [
        (each.text_of("Key"), each.text_of("VersionId"), each.text_of("Code")) for each in answer.root.all("Error")
    ]
    assert errors == [("tagged", None, "AccessDenied"), ("a", ids["version"], "AccessDenied")]


async def test_the_bucket_s_owner_alone_makes_and_lists_buckets_of_its_account(household: Any) -> None:
    await household.done(OWNER, "PUT /empty")
    await allow(household, ["ListBucket", "GetObject"])
    listed = (await household.done(FRIEND, "GET /")).root.child("Buckets")
    assert listed is not None
    assert not listed.children
