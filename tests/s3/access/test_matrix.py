"""Every canned ACL of a bucket with every canned ACL of an object: who may do what, by a table of S3's own words.

The table below says what the manual says of the names ("Canned ACL") and of the grants behind them ("What permissions
can I grant?"), apart from the code.
"""

from __future__ import annotations

from typing import Any

import pytest

from s3.access.conftest import EVERYBODY, FRIEND, NOBODY, OWNER, WRITER

CANNED = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "log-delivery-write",
    "aws-exec-read",
)
SIGNED_IN = {OWNER, WRITER, FRIEND}
ALL = set(EVERYBODY)

# "READ of a bucket: allows grantee to list the objects in the bucket"
MAY_LIST = {"public-read": ALL, "public-read-write": ALL, "authenticated-read": SIGNED_IN}
# "WRITE of a bucket: allows grantee to create, overwrite and delete any object in the bucket"
MAY_WRITE = {"public-read-write": ALL}
# "READ of an object: allows grantee to read the object data and its metadata"; what else the bucket's owner may, where
# the object is another account's.
MAY_READ = {"public-read": ALL, "public-read-write": ALL, "authenticated-read": SIGNED_IN}
BUCKET_OWNER_READS = {"bucket-owner-read", "bucket-owner-full-control"}
BUCKET_OWNER_CONTROLS = {"bucket-owner-full-control"}


@pytest.mark.parametrize("bucket_acl", CANNED)
@pytest.mark.parametrize("object_acl", CANNED)
async def test_what_the_owner_of_the_bucket_put(household: Any, bucket_acl: str, object_acl: str) -> None:
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", bucket_acl)])
    await household.done(OWNER, "PUT /photos/cat", [("x-amz-acl", object_acl)], b"cat")
    may_list = MAY_LIST.get(bucket_acl, set()) | {OWNER}
    may_write = MAY_WRITE.get(bucket_acl, set()) | {OWNER}
    may_read = MAY_READ.get(object_acl, set()) | {OWNER}
    for line in ("GET /photos", "GET /photos?list-type=2", "GET /photos?versions", "GET /photos?uploads"):
        assert await household.who_may(line) == may_list, line
    assert await household.who_may("HEAD /photos") == may_list
    for line in ("GET /photos/cat", "HEAD /photos/cat"):
        assert await household.who_may(line) == may_read, line
    assert await household.who_may("PUT /photos/dog", body=b"dog") == may_write
    for line in ("GET /photos?acl", "GET /photos/cat?acl", "GET /photos?location", "GET /photos?versioning"):
        assert await household.who_may(line) == {OWNER}, line
    for line in ("PUT /photos?acl", "PUT /photos/cat?acl"):
        acl = bucket_acl if line == "PUT /photos?acl" else object_acl
        assert await household.who_may(line, [("x-amz-acl", acl)]) == {OWNER}, line
    assert await household.who_may("DELETE /photos/cat") == may_write
    for who in (WRITER, FRIEND, NOBODY):
        assert not await household.may(who, "DELETE /photos")


@pytest.mark.parametrize("object_acl", CANNED)
async def test_what_another_account_put(household: Any, object_acl: str) -> None:
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "public-read-write")])
    await household.done(WRITER, "PUT /photos/cat", [("x-amz-acl", object_acl)], b"cat")
    may_read = MAY_READ.get(object_acl, set()) | {WRITER}
    may_control = {WRITER}
    if object_acl in BUCKET_OWNER_READS:
        may_read = may_read | {OWNER}
    if object_acl in BUCKET_OWNER_CONTROLS:
        may_control = {WRITER, OWNER}
    assert await household.who_may("GET /photos/cat") == may_read
    assert await household.who_may("HEAD /photos/cat") == may_read
    assert await household.who_may("GET /photos/cat?acl") == may_control
    same = await household.done(WRITER, "GET /photos/cat?acl")
    assert await household.who_may("PUT /photos/cat?acl", body=same.body) == may_control
    # "The bucket owner can delete any objects in the bucket, regardless of who owns them."
    assert await household.may(OWNER, "DELETE /photos/cat")


@pytest.mark.parametrize("canned", ["private", "public-read", "public-read-write", "authenticated-read"])
async def test_a_canned_acl_of_a_bucket_is_read_back_as_grants(household: Any, canned: str) -> None:
    grants = {
        "private": [],
        "public-read": [("AllUsers", "READ")],
        "public-read-write": [("AllUsers", "READ"), ("AllUsers", "WRITE")],
        "authenticated-read": [("AuthenticatedUsers", "READ")],
    }
    await household.done(OWNER, "PUT /more", [("x-amz-acl", canned)])
    assert await household.acl("/more") == [(OWNER, "FULL_CONTROL"), *grants[canned]]
    await household.done(OWNER, "PUT /photos/cat", [("x-amz-acl", canned)])
    assert await household.acl("/photos/cat") == [(OWNER, "FULL_CONTROL"), *grants[canned]]
