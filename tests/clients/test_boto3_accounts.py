"""boto3 for two accounts of one origin: ACLs as its model writes them, and whose objects are whose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.store.model import Account, ApplicationKey
from support.s3_origin import RunningS3Origin

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[RunningS3Origin]:
    running = RunningS3Origin(tmp_path / "origin")
    yield running
    running.stop()


def client(origin: RunningS3Origin, key: ApplicationKey) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=origin.address,
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


@pytest.fixture
def ours(origin: RunningS3Origin) -> Any:
    s3 = client(origin, origin.owner)
    s3.create_bucket(Bucket="photos")
    return s3


@dataclass(frozen=True, slots=True)
class Friend:
    """Another account, and boto3 with its key."""

    account: Account
    s3: Any


@pytest.fixture
def friend(origin: RunningS3Origin) -> Friend:
    account, key = origin.run(
        origin.store.create_account_with_key(
            "friend", email="friend@example.org", key_name="friend", capabilities=ALL_CAPABILITIES
        )
    )
    return Friend(account, client(origin, key))


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["Error"]["Code"]
    return code


def test_grants_by_every_kind_of_grantee_are_read_back(ours: Any, friend: Friend) -> None:
    owner = ours.get_bucket_acl(Bucket="photos")["Owner"]
    grants = [
        ({"Type": "CanonicalUser", "ID": owner["ID"]}, "FULL_CONTROL"),
        ({"Type": "AmazonCustomerByEmail", "EmailAddress": friend.account.email}, "WRITE"),
        ({"Type": "Group", "URI": ALL_USERS}, "READ"),
    ]
    policy = {"Owner": owner, "Grants": [{"Grantee": who, "Permission": what} for who, what in grants]}
    for put, get, place in [
        (ours.put_bucket_acl, ours.get_bucket_acl, {"Bucket": "photos"}),
        (ours.put_object_acl, ours.get_object_acl, {"Bucket": "photos", "Key": "cat"}),
    ]:
        ours.put_object(Bucket="photos", Key="cat", Body=b"cat")
        put(**place, AccessControlPolicy=policy)
        answer = get(**place)
        assert answer["Owner"] == owner
        assert answer["Grants"] == [
            {"Grantee": {"Type": "CanonicalUser", **owner}, "Permission": "FULL_CONTROL"},
            {
                "Grantee": {"Type": "CanonicalUser", "ID": friend.account.canonical_user_id, "DisplayName": "friend"},
                "Permission": "WRITE",
            },
            {"Grantee": {"Type": "Group", "URI": ALL_USERS}, "Permission": "READ"},
        ]
        put(**place, AccessControlPolicy={"Owner": answer["Owner"], "Grants": answer["Grants"]})


def test_a_friend_writes_where_it_may_and_owns_what_it_wrote(ours: Any, friend: Friend) -> None:
    theirs = friend.s3
    with pytest.raises(ClientError) as error:
        theirs.put_object(Bucket="photos", Key="cat", Body=b"cat")
    assert code_of(error) == "AccessDenied"
    owner_id = ours.get_bucket_acl(Bucket="photos")["Owner"]["ID"]
    ours.put_bucket_acl(
        Bucket="photos", GrantFullControl=f"id={owner_id}", GrantWrite=f'emailAddress="{friend.account.email}"'
    )
    theirs.put_object(Bucket="photos", Key="cat", Body=b"cat", ACL="bucket-owner-read")
    theirs.put_object(Bucket="photos", Key="diary", Body=b"diary")
    listed = ours.list_objects_v2(Bucket="photos", FetchOwner=True)["Contents"]
    assert {(row["Key"], row["Owner"]["DisplayName"]) for row in listed} == {("cat", "friend"), ("diary", "friend")}
    assert ours.get_object(Bucket="photos", Key="cat")["Body"].read() == b"cat"
    with pytest.raises(ClientError) as error:
        ours.get_object(Bucket="photos", Key="diary")
    assert code_of(error) == "AccessDenied"
    ours.delete_object(Bucket="photos", Key="diary")
    with pytest.raises(ClientError) as error:
        theirs.list_objects_v2(Bucket="photos")
    assert code_of(error) == "AccessDenied"
    assert theirs.list_buckets()["Buckets"] == []


def test_grants_of_nobody_are_refused(ours: Any) -> None:
    for grant, code in [
        ({"GrantRead": "id=" + "0" * 64}, "InvalidArgument"),
        ({"GrantRead": "emailAddress=nobody@example.org"}, "UnresolvableGrantByEmailAddress"),
        ({"GrantRead": "uri=urn:friends"}, "InvalidArgument"),
        ({"GrantRead": "uri=" + ALL_USERS, "ACL": "private"}, "InvalidRequest"),
    ]:
        with pytest.raises(ClientError) as error:
            ours.put_bucket_acl(Bucket="photos", **grant)
        assert code_of(error) == code
