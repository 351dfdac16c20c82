import pytest

from calotype.auth.authorize import Denial, Reason, Resource, authorize
from calotype.auth.capabilities import ALL_CAPABILITIES, BUCKET_KEY_CAPABILITIES, FILES, KEYS
from calotype.auth.principal import ANONYMOUS, Principal

OWNER = Principal("aabbccddeeff", "owner-key", ALL_CAPABILITIES)
IN_BUCKET = Principal("aabbccddeeff", "bucket-key", BUCKET_KEY_CAPABILITIES, frozenset({"b1", "b2"}))
IN_FOLDER = Principal("aabbccddeeff", "folder-key", frozenset({"readFiles", "listFiles"}), frozenset({"b1"}), "2024/é")
READER = Principal("aabbccddeeff", "reader-key", frozenset({"readFiles"}))


def resource(bucket_id=None, key=None, *, account_id="aabbccddeeff", is_public=False):
    return Resource(account_id, bucket_id, key, is_public)


@pytest.mark.parametrize(
    ("principal", "capability", "resource", "reason"),
    [
        (OWNER, "writeBuckets", resource(), None),
        (OWNER, "readFiles", resource("b9", b"any"), None),
        (OWNER, "readFiles", resource("b9", b"any", account_id="000000000001"), Reason.ANOTHER_ACCOUNT),
        (READER, "writeFiles", resource("b1", b"a"), Reason.CAPABILITY_MISSING),
        (IN_BUCKET, "writeFiles", resource("b2", b"a"), None),
        (IN_BUCKET, "writeFiles", resource("b3", b"a"), Reason.BUCKET_NOT_ALLOWED),
        # the account itself is not one of the key's buckets: b2_list_buckets must name one
        (IN_BUCKET, "listBuckets", resource(), Reason.BUCKET_NOT_ALLOWED),
        # S3's ListBuckets shows every name of the account to such a key (b2.md §8.8)
        (IN_BUCKET, "listAllBucketNames", resource(), None),
        # the prefix is compared as UTF-8 bytes, with the name or with the prefix of a listing
        (IN_FOLDER, "readFiles", resource("b1", "2024/été.jpg".encode()), None),
        (IN_FOLDER, "readFiles", resource("b1", b"2024/e.jpg"), Reason.NAME_NOT_ALLOWED),
        (IN_FOLDER, "listFiles", resource("b1", b"2024/"), Reason.NAME_NOT_ALLOWED),
        (IN_FOLDER, "listFiles", resource("b1", "2024/é".encode()), None),
        # a call on the bucket itself names no file that the prefix could forbid
        (IN_FOLDER, "listFiles", resource("b1"), None),
        (ANONYMOUS, "readFiles", resource("b1", b"a", is_public=True), None),
        (None, "readFiles", resource("b1", b"a", is_public=True), None),
        (ANONYMOUS, "readFiles", resource("b1", b"a"), Reason.ANONYMOUS),
        (ANONYMOUS, "listFiles", resource("b1", b"", is_public=True), Reason.ANONYMOUS),
        (ANONYMOUS, "writeFiles", resource("b1", b"a", is_public=True), Reason.ANONYMOUS),
        # what anybody may read, a key limited to something else may read too
        (IN_FOLDER, "readFiles", resource("b7", b"a", is_public=True), None),
    ],
)
def test_a_key_may_do_exactly_what_it_was_made_for(principal, capability, resource, reason):
    denial = authorize(principal, capability, resource)
    assert denial == (Denial(reason, capability) if reason else None)


def test_an_anonymous_principal_with_an_empty_account_gets_nothing_of_an_accountless_resource():
    assert authorize(ANONYMOUS, "readFiles", Resource("")) == Denial(Reason.ANONYMOUS, "readFiles")


def test_keys_limited_to_buckets_cannot_manage_keys_or_buckets():
    assert KEYS.isdisjoint(BUCKET_KEY_CAPABILITIES)
    assert {"writeBuckets", "deleteBuckets"}.isdisjoint(BUCKET_KEY_CAPABILITIES)
    assert FILES | {"listBuckets", "listAllBucketNames", "readBuckets"} <= BUCKET_KEY_CAPABILITIES


def test_a_denial_reads_as_a_sentence_for_the_log():
    assert str(authorize(READER, "writeFiles", resource("b1"))) == "the key lacks the capability (writeFiles)"
