"""MinIO's client for Python: versions, tags, rules, policies and locks."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from minio import Minio
from minio.commonconfig import DISABLED, ENABLED, GOVERNANCE, Filter, Tags
from minio.error import S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.retention import Retention
from minio.sse import SseS3
from minio.sseconfig import Rule as EncryptionRule
from minio.sseconfig import SSEConfig
from minio.versioningconfig import SUSPENDED, VersioningConfig

from support.minio_client import minio_client
from support.origin_program import OriginProgram


@pytest.fixture(scope="module")
def minio(origin_program: OriginProgram) -> Iterator[Minio]:
    with minio_client(origin_program) as client:
        yield client


def put(minio: Minio, bucket: str, key: str, content: bytes = b"content", **described: object) -> str | None:
    """The version's id."""
    done = minio.put_object(
        bucket_name=bucket, object_name=key, data=io.BytesIO(content), length=len(content), **described
    )
    return done.version_id


def test_versions_live_a_life(minio: Minio) -> None:
    bucket = "minio-versions"
    minio.make_bucket(bucket_name=bucket)
    assert minio.get_bucket_versioning(bucket_name=bucket).status is None
    minio.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(status=ENABLED))
    first, second = put(minio, bucket, "a", b"one"), put(minio, bucket, "a", b"two")
    minio.remove_object(bucket_name=bucket, object_name="a")
    found = list(minio.list_objects(bucket_name=bucket, recursive=True, include_version=True))
    assert [row.version_id for row in found if not row.is_delete_marker] == [second, first]
    assert [row.is_latest for row in found if row.is_delete_marker] == ["true"]
    old = minio.get_object(bucket_name=bucket, object_name="a", version_id=first)
    assert old.read() == b"one"
    old.close()
    for row in found:
        minio.remove_object(bucket_name=bucket, object_name="a", version_id=row.version_id)
    minio.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(status=SUSPENDED))
    assert minio.get_bucket_versioning(bucket_name=bucket).status == SUSPENDED
    minio.remove_bucket(bucket_name=bucket)


def test_tags(minio: Minio) -> None:
    bucket = "minio-tags"
    minio.make_bucket(bucket_name=bucket)
    assert minio.get_bucket_tags(bucket_name=bucket) is None
    tags = Tags.new_bucket_tags()
    tags["place"] = "Zürich"
    minio.set_bucket_tags(bucket_name=bucket, tags=tags)
    assert minio.get_bucket_tags(bucket_name=bucket) == tags
    minio.delete_bucket_tags(bucket_name=bucket)
    of_object = Tags.new_object_tags()
    of_object["cat + dog"] = "yes=no+maybe"
    put(minio, bucket, "a", tags=of_object)
    assert minio.get_object_tags(bucket_name=bucket, object_name="a") == of_object
    minio.delete_object_tags(bucket_name=bucket, object_name="a")
    assert minio.get_object_tags(bucket_name=bucket, object_name="a") is None
    minio.set_object_tags(bucket_name=bucket, object_name="a", tags=of_object)
    assert minio.get_object_tags(bucket_name=bucket, object_name="a") == of_object


def test_lifecycle_rules(minio: Minio) -> None:
    bucket = "minio-rules"
    minio.make_bucket(bucket_name=bucket)
    assert minio.get_bucket_lifecycle(bucket_name=bucket) is None
    rules = [
        Rule(rule_id="tmp", status=ENABLED, rule_filter=Filter(prefix="tmp/"), expiration=Expiration(days=1)),
        Rule(
            rule_id="old",
            status=DISABLED,
            rule_filter=Filter(prefix=""),
            noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=30),
        ),
    ]
    minio.set_bucket_lifecycle(bucket_name=bucket, config=LifecycleConfig(rules=rules))
    told = minio.get_bucket_lifecycle(bucket_name=bucket)
    assert told is not None
    assert [(rule.rule_id, rule.status) for rule in told.rules] == [("tmp", ENABLED), ("old", DISABLED)]
    assert told.rules[0].expiration == Expiration(days=1)
    minio.delete_bucket_lifecycle(bucket_name=bucket)
    assert minio.get_bucket_lifecycle(bucket_name=bucket) is None


def test_a_policy_opens_a_bucket(minio: Minio, origin_program: OriginProgram) -> None:
    bucket = "minio-policy"
    minio.make_bucket(bucket_name=bucket)
    put(minio, bucket, "a")
    address = f"{origin_program.address}/{bucket}/a"
    assert httpx.get(address).status_code == 403
    statement = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"]}
    policy = {
        "Version": "2012-10-17",
        "Statement": [{**statement, "Resource": [f"arn:aws:s3:::{bucket}/*"]}],
    }
    minio.set_bucket_policy(bucket_name=bucket, policy=json.dumps(policy))
    assert json.loads(minio.get_bucket_policy(bucket_name=bucket)) == policy
    assert httpx.get(address).text == "content"
    minio.delete_bucket_policy(bucket_name=bucket)
    assert httpx.get(address).status_code == 403
    with pytest.raises(S3Error) as error:
        minio.get_bucket_policy(bucket_name=bucket)
    assert error.value.code == "NoSuchBucketPolicy"


def test_encryption(minio: Minio) -> None:
    bucket = "minio-encryption"
    minio.make_bucket(bucket_name=bucket)
    assert minio.get_bucket_encryption(bucket_name=bucket) is None
    config = SSEConfig(rule=EncryptionRule.new_sse_s3_rule())
    minio.set_bucket_encryption(bucket_name=bucket, config=config)
    told = minio.get_bucket_encryption(bucket_name=bucket)
    assert told is not None
    assert told.rule.sse_algorithm == "AES256"
    minio.delete_bucket_encryption(bucket_name=bucket)
    put(minio, bucket, "sse-s3", sse=SseS3())
    assert minio.stat_object(bucket_name=bucket, object_name="sse-s3").size == 7


def test_object_lock(minio: Minio) -> None:
    bucket = "minio-lock"
    minio.make_bucket(bucket_name=bucket, object_lock=True)
    minio.set_object_lock_config(
        bucket_name=bucket, config=ObjectLockConfig(mode=GOVERNANCE, duration=1, duration_unit=DAYS)
    )
    told = minio.get_object_lock_config(bucket_name=bucket)
    assert (told.mode, told.duration, told.duration_unit) == (GOVERNANCE, 1, DAYS)
    minio.delete_object_lock_config(bucket_name=bucket)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    version = put(minio, bucket, "a", retention=Retention(mode=GOVERNANCE, retain_until_date=until), legal_hold=True)
    retention = minio.get_object_retention(bucket_name=bucket, object_name="a", version_id=version)
    assert retention is not None
    assert (retention.mode, retention.retain_until_date) == (GOVERNANCE, until)
    assert minio.is_object_legal_hold_enabled(bucket_name=bucket, object_name="a")
    minio.disable_object_legal_hold(bucket_name=bucket, object_name="a")
    assert not minio.is_object_legal_hold_enabled(bucket_name=bucket, object_name="a")
    with pytest.raises(S3Error) as error:
        minio.remove_object(bucket_name=bucket, object_name="a", version_id=version)
    assert error.value.code == "AccessDenied"
    longer = Retention(mode=GOVERNANCE, retain_until_date=until + timedelta(days=1))
    minio.set_object_retention(bucket_name=bucket, object_name="a", config=longer)
    assert minio.get_object_retention(bucket_name=bucket, object_name="a") == longer
