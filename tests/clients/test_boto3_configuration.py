"""boto3: what is said of buckets and objects rather than kept in them: each put, read back, felt and taken away."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from support.boto3_client import boto3_client
from support.origin_program import OriginProgram


@pytest.fixture(scope="module")
def s3(origin_program: OriginProgram) -> Iterator[Any]:
    client = boto3_client(origin_program)
    yield client
    client.close()


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"settings-{os.urandom(4).hex()}"
    s3.create_bucket(Bucket=name)
    return name


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def anonymous(origin: OriginProgram, path: str) -> int:
    return httpx.get(f"{origin.address}/{path}").status_code


def test_versions_live_a_life(s3: Any, bucket: str) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    at = {"Bucket": bucket, "Key": "a b+é"}
    s3.put_object(**at, Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(**at, Body=body)["VersionId"] for body in (b"one", b"two")]
    deleted = s3.delete_object(**at)
    assert deleted["DeleteMarker"] is True
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(**at)
    assert s3.get_object(**at, VersionId=ids[0])["Body"].read() == b"one"
    assert s3.get_object(**at, VersionId="null")["Body"].read() == b"before"
    s3.copy_object(**at, CopySource={**at, "VersionId": ids[0]})  # brought back
    assert s3.get_object(**at)["Body"].read() == b"one"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
    s3.put_object(**at, Body=b"in place of null")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    rows = [row for page in pages for kind in ("Versions", "DeleteMarkers") for row in page.get(kind, [])]
    assert len(rows) == 5
    assert {deleted["VersionId"], *ids, "null"} < {row["VersionId"] for row in rows}
    doomed = [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed})["Deleted"]) == 5
    s3.delete_bucket(Bucket=bucket)


def test_tags_of_objects_and_buckets(s3: Any, bucket: str) -> None:
    at = {"Bucket": bucket, "Key": "a"}
    s3.put_object(**at, Body=b"x", Tagging="place=Z%C3%BCrich&cat=yes")
    tags = [{"Key": "place", "Value": "Zürich"}, {"Key": "cat", "Value": "yes"}]
    assert sorted(s3.get_object_tagging(**at)["TagSet"], key=str) == sorted(tags, key=str)
    assert s3.get_object(**at)["TagCount"] == 2
    s3.put_object_tagging(**at, Tagging={"TagSet": tags[:1]})
    s3.copy_object(Bucket=bucket, Key="b", CopySource=at)
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == tags[:1]
    s3.delete_object_tagging(**at)
    assert s3.get_object_tagging(**at)["TagSet"] == []
    with pytest.raises(ClientError) as error:
        s3.get_bucket_tagging(Bucket=bucket)
    assert code_of(error) == "NoSuchTagSet"
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert sorted(s3.get_bucket_tagging(Bucket=bucket)["TagSet"], key=str) == sorted(tags, key=str)
    s3.delete_bucket_tagging(Bucket=bucket)


def test_acls(s3: Any, bucket: str, origin_program: OriginProgram) -> None:
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert anonymous(origin_program, f"{bucket}/a") == 403
    s3.put_object_acl(Bucket=bucket, Key="a", ACL="public-read")
    assert anonymous(origin_program, f"{bucket}/a") == 200
    grants = s3.get_object_acl(Bucket=bucket, Key="a")["Grants"]
    everybody = "http://acs.amazonaws.com/groups/global/AllUsers"
    assert {"READ"} == {grant["Permission"] for grant in grants if grant["Grantee"].get("URI") == everybody}
    s3.put_object_acl(Bucket=bucket, Key="a", ACL="private")
    assert anonymous(origin_program, f"{bucket}/a") == 403
    assert anonymous(origin_program, bucket) == 403
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert anonymous(origin_program, bucket) == 200
    owner = s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    s3.put_bucket_acl(Bucket=bucket, GrantFullControl=f"id={owner}")
    assert anonymous(origin_program, bucket) == 403
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    with pytest.raises(ClientError) as error:
        s3.put_object_acl(Bucket=bucket, Key="a", ACL="public-read")
    assert code_of(error) == "AccessControlListNotSupported"


def test_a_policy_opens_a_folder_and_a_block_closes_it(s3: Any, bucket: str, origin_program: OriginProgram) -> None:
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="open/a", Body=b"x")
    s3.put_object(Bucket=bucket, Key="closed/a", Body=b"x")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/open/*",
            }
        ],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    assert [anonymous(origin_program, f"{bucket}/{key}") for key in ("open/a", "closed/a")] == [200, 403]
    switches = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=switches)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == switches
    assert anonymous(origin_program, f"{bucket}/open/a") == 403
    s3.delete_public_access_block(Bucket=bucket)
    s3.delete_bucket_policy(Bucket=bucket)
    assert anonymous(origin_program, f"{bucket}/open/a") == 403
    with pytest.raises(ClientError) as error:
        s3.get_bucket_policy(Bucket=bucket)
    assert code_of(error) == "NoSuchBucketPolicy"


def test_lifecycle_rules(s3: Any, bucket: str) -> None:
    rules = [
        {"ID": "tmp", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}},
        {
            "ID": "rest",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
        },
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    assert 'rule-id="tmp"' in s3.put_object(Bucket=bucket, Key="tmp/a", Body=b"x")["Expiration"]
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with pytest.raises(ClientError) as error:
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert code_of(error) == "NoSuchLifecycleConfiguration"


def test_cors_rules(s3: Any, bucket: str, origin_program: OriginProgram) -> None:
    rules = [
        {
            "AllowedMethods": ["GET", "PUT"],
            "AllowedOrigins": ["https://*.example.com"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 60,
        }
    ]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == rules
    asked = {"origin": "https://www.example.com", "access-control-request-method": "PUT"}
    told = httpx.options(f"{origin_program.address}/{bucket}/a", headers=asked)
    assert (told.status_code, told.headers["access-control-allow-origin"]) == (200, "https://www.example.com")
    s3.delete_bucket_cors(Bucket=bucket)
    assert httpx.options(f"{origin_program.address}/{bucket}/a", headers=asked).status_code == 403


def test_default_encryption(s3: Any, bucket: str) -> None:
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    told = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert told[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.put_object(Bucket=bucket, Key="a", Body=b"x")["ServerSideEncryption"] == "AES256"
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    s3.delete_bucket_encryption(Bucket=bucket)


def test_object_lock(s3: Any) -> None:
    name = f"locked-{os.urandom(4).hex()}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
    assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == lock
    at = {"Bucket": name, "Key": "a"}
    version = s3.put_object(**at, Body=b"x")["VersionId"]
    assert s3.head_object(**at)["ObjectLockMode"] == "GOVERNANCE"
    of_version = {**at, "VersionId": version}
    with pytest.raises(ClientError) as error:
        s3.delete_object(**of_version)
    assert code_of(error) == "AccessDenied"
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    s3.put_object_retention(**of_version, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until})
    assert s3.get_object_retention(**of_version)["Retention"] == {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    s3.put_object_legal_hold(**of_version, LegalHold={"Status": "ON"})
    assert s3.get_object_legal_hold(**of_version)["LegalHold"] == {"Status": "ON"}
    with pytest.raises(ClientError):
        s3.delete_object(**of_version, BypassGovernanceRetention=True)
    s3.put_object_legal_hold(**of_version, LegalHold={"Status": "OFF"})
    s3.delete_object(**of_version, BypassGovernanceRetention=True)
    s3.delete_bucket(Bucket=name)


def test_the_other_settings(s3: Any, bucket: str) -> None:
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "BucketOwner"})
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Suspended"})
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Suspended"
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert "TopicConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    with pytest.raises(ClientError) as error:
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    assert code_of(error) == "NotImplemented"


def test_a_thousand_keys_are_deleted_in_a_call(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="0999", Body=b"x")
    doomed = [{"Key": f"{number:04d}"} for number in range(1000)]
    told = s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed})
    assert len(told["Deleted"]) == 1000
    assert s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True}).get("Deleted", []) == []
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_after_a_refusal_instead_of_continue_the_next_upload_works(s3: Any, bucket: str) -> None:
    # boto3 waits for `100 Continue` with every upload, and keeps its connections.
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"x")["ETag"]
    for body in (b"", b"y" * 3_000_000):
        with pytest.raises(ClientError) as error:
            s3.put_object(Bucket=bucket, Key="a", Body=body, IfNoneMatch="*")
        assert code_of(error) == "PreconditionFailed"
        etag = s3.put_object(Bucket=bucket, Key="a", Body=body, IfMatch=etag)["ETag"]
        assert s3.head_object(Bucket=bucket, Key="a")["ETag"] == etag
