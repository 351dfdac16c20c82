"""Operations read from requests and written into requests, and what dispatch makes of a request line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.http.message import Headers
from calotype.s3 import errors, operations
from calotype.s3.objects.encryption import CustomerKeyFields
from calotype.s3.objects.object_operations import PutObject
from calotype.s3.operation import Operation
from calotype.s3.request import S3Request
from support.s3_operations import STRATEGIES


def test_the_round_trip_covers_every_operation() -> None:
    assert set(STRATEGIES) == set(operations.OPERATIONS)


@pytest.mark.parametrize("operation_type", operations.OPERATIONS, ids=lambda operation: operation.name)
@given(data=st.data())
def test_an_operation_written_into_a_request_is_read_back(operation_type: type[Operation], data: st.DataObject) -> None:
    operation = data.draw(STRATEGIES[operation_type])
    assert operations.parse(operation.to_request()) == operation


def named(line: str, headers: Headers | None = None) -> str:
    """The operation that `METHOD /bucket/key?query` asks for."""
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    bucket, _, key = path.removeprefix("/").partition("/")
    pairs = tuple((name, value) for name, _, value in (item.partition("=") for item in query.split("&")) if name)
    request = S3Request(method, bucket or None, key.encode() or None, pairs, headers or Headers())
    return operations.operation_type(request).name


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("GET /", "ListBuckets"),
        ("GET /?x-id=ListBuckets", "ListBuckets"),
        ("GET /b", "ListObjects"),
        ("GET /b?prefix=a&delimiter=/", "ListObjects"),
        ("GET /b?list-type=2", "ListObjectsV2"),
        ("GET /b?versions", "ListObjectVersions"),
        ("GET /b?location", "GetBucketLocation"),
        ("POST /b?delete", "DeleteObjects"),
        ("POST /b", "PostObject"),
        ("PUT /b/k?x-id=PutObject", "PutObject"),
        ("GET /b/k?versionId=1&response-expires=x", "GetObject"),
        ("POST /b/k?uploads", "CreateMultipartUpload"),
        ("PUT /b/k?partNumber=1&uploadId=u", "UploadPart"),
        ("POST /b/k?uploadId=u", "CompleteMultipartUpload"),
        ("DELETE /b/k?uploadId=u", "AbortMultipartUpload"),
        ("GET /b/k?uploadId=u", "ListParts"),
        ("GET /b?uploads", "ListMultipartUploads"),
        ("GET /b/k?attributes", "GetObjectAttributes"),
        ("HEAD /b/k?partNumber=1", "HeadObject"),
        # A query that means something to buckets only, or to nobody, is passed over.
        ("GET /b/k?location", "GetObject"),
        ("GET /b/k?utm_source=forum", "GetObject"),
    ],
)
def test_method_path_and_sub_resource_name_the_operation(line: str, name: str) -> None:
    assert named(line) == name


def test_a_put_with_a_copy_source_is_a_copy() -> None:
    copies = Headers([("x-amz-copy-source", "/a/k")])
    assert named("PUT /b/k", copies) == "CopyObject"
    assert named("PUT /b/k?partNumber=1&uploadId=u", copies) == "UploadPartCopy"
    assert named("PUT /b/k?partNumber=1&uploadId=u&x-amz-copy-source=/a/k") == "UploadPartCopy"  # presigned


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("PUT /b?website", "PutBucketWebsite"),
        ("PUT /b?replication", "PutBucketReplication"),
        ("GET /b/k?torrent", "GetObjectTorrent"),
    ],
)
def test_what_is_not_implemented_is_named(line: str, name: str) -> None:
    with pytest.raises(errors.OperationNotImplemented, match=name) as caught:
        named(line)
    assert caught.value.details["Operation"] == name


@pytest.mark.parametrize(
    "line",
    ["POST /", "DELETE /", "POST /b/k", "PATCH /b/k", "GET /b?delete", "PUT /b/k?partNumber=1"],
)
def test_a_method_that_means_nothing_is_not_allowed(line: str) -> None:
    with pytest.raises(errors.MethodNotAllowed):
        named(line)


def put(*headers: tuple[str, str]) -> Operation:
    return operations.parse(S3Request("PUT", "photos", b"cat.png", headers=Headers(headers)))


def test_an_upload_without_a_type_is_a_binary_octet_stream() -> None:
    operation = put()
    assert isinstance(operation, PutObject)
    assert operation.description.content_type == "binary/octet-stream"


def test_aws_chunked_is_no_coding_of_the_object() -> None:
    operation = put(("content-encoding", "aws-chunked, gzip"))
    assert isinstance(operation, PutObject)
    assert operation.description.headers == {"content-encoding": "gzip"}
    alone = put(("content-encoding", "aws-chunked"))
    assert isinstance(alone, PutObject)
    assert alone.description.headers == {}


def test_metadata_values_may_be_raw_utf8_or_rfc_2047_and_stay_as_they_are() -> None:
    operation = put(("x-amz-meta-title", "Käse".encode().decode("latin-1")), ("x-amz-meta-b", "=?UTF-8?B?w6k=?="))
    assert isinstance(operation, PutObject)
    assert operation.description.metadata == {"title": "Käse", "b": "=?UTF-8?B?w6k=?="}
    assert ("x-amz-meta-title", "KÃ¤se") in operation.description.to_headers()


CUSTOMER_KEY = [
    ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
    ("x-amz-server-side-encryption-customer-key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
    ("x-amz-server-side-encryption-customer-key-md5", "xBAg8bAnDVrBSfAMJjpK/A=="),
]


RETENTION = [
    ("x-amz-object-lock-mode", "GOVERNANCE"),
    ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z"),
]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ([("x-amz-meta-a", "x" * 2048)], errors.MetadataTooLarge),
        ([("x-amz-meta-a", "\xe9")], errors.InvalidArgument),  # latin-1
        ([("x-amz-storage-class", "PLATINUM")], errors.InvalidStorageClass),
        ([("x-amz-acl", "open-to-all")], errors.InvalidArgument),
        ([("x-amz-acl", "private"), ("x-amz-grant-read", "id=1")], errors.InvalidRequest),
        ([("x-amz-tagging", "a=b&a=c")], errors.InvalidArgument),
        ([("x-amz-tagging", "&".join(f"{name}=1" for name in "abcdefghijk"))], errors.InvalidTag),  # 10 at most
        # The mode of a retention and its date come together, each in S3's words.
        ([RETENTION[0]], errors.InvalidArgument),
        ([RETENTION[1]], errors.InvalidArgument),
        ([("x-amz-object-lock-mode", "governance"), RETENTION[1]], errors.InvalidArgument),
        ([RETENTION[0], ("x-amz-object-lock-retain-until-date", "tomorrow")], errors.InvalidArgument),
        ([RETENTION[0], ("x-amz-object-lock-retain-until-date", "2030-02-30T00:00:00Z")], errors.InvalidArgument),
        ([RETENTION[0], ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00")], errors.InvalidArgument),
        ([("x-amz-object-lock-legal-hold", "on")], errors.InvalidArgument),
        ([("x-amz-website-redirect-location", "example.com")], errors.InvalidRedirectLocation),
        ([("x-amz-grant-read", "everybody")], errors.InvalidArgument),
        ([("x-amz-server-side-encryption", "aws:kms:dsse")], errors.OperationNotImplemented),
        ([("x-amz-server-side-encryption-aws-kms-key-id", "photos")], errors.InvalidArgument),
        ([("x-amz-server-side-encryption", "AES128")], errors.InvalidArgument),
        ([*CUSTOMER_KEY, ("x-amz-server-side-encryption", "AES256")], errors.InvalidArgument),
        # The three fields of a customer's key come together.
        (CUSTOMER_KEY[:2], errors.InvalidRequest),
        (CUSTOMER_KEY[1:], errors.InvalidRequest),
        ([CUSTOMER_KEY[0], CUSTOMER_KEY[2]], errors.InvalidRequest),
        (
            [("x-amz-server-side-encryption-customer-algorithm", "DES"), *CUSTOMER_KEY[1:]],
            errors.InvalidEncryptionAlgorithm,
        ),
        ([("x-amz-checksum-crc32", "AAAA")], errors.InvalidRequest),
        ([("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-crc32c", "AAAAAA==")], errors.InvalidRequest),
        # An algorithm that S3 has and we do not, and one that nobody has.
        ([("x-amz-checksum-sha512", "A" * 86 + "==")], errors.InvalidRequest),
        ([("x-amz-checksum-foo", "AAAAAA==")], errors.InvalidRequest),
        ([("x-amz-copy-source", "bucket")], errors.InvalidArgument),
        ([("x-amz-copy-source", "b/k%2")], errors.InvalidURI),
        ([("x-amz-copy-source", "b/k"), ("x-amz-metadata-directive", "KEEP")], errors.InvalidArgument),
        ([("x-amz-copy-source", "b/k"), ("x-amz-tagging-directive", "KEEP")], errors.InvalidArgument),
        ([("x-amz-copy-source", "b/k"), ("x-amz-checksum-algorithm", "MD4")], errors.InvalidRequest),
        ([("x-amz-copy-source", "b/k?versionId=")], errors.InvalidArgument),
    ],
)
def test_a_bad_header_of_an_upload_is_refused(headers: list[tuple[str, str]], error: type[Exception]) -> None:
    with pytest.raises(error):
        put(*headers)


@pytest.mark.parametrize(
    ("method", "query", "headers"),
    [("PUT", (), ()), ("PUT", (), (("x-amz-copy-source", "b/k"),)), ("POST", (("uploads", ""),), ())],
)
def test_what_makes_a_version_takes_no_version_id(
    method: str, query: tuple[tuple[str, str], ...], headers: tuple[tuple[str, str], ...]
) -> None:
    asked = S3Request(method, "photos", b"a", (*query, ("versionId", "null")), Headers(headers))
    with pytest.raises(errors.InvalidArgument, match="version-id"):
        operations.parse(asked)


def test_a_read_of_a_part_has_no_range() -> None:
    with pytest.raises(errors.InvalidRequest):
        operations.parse(S3Request("GET", "photos", b"a", (("partNumber", "1"),), Headers([("range", "bytes=0-1")])))


def test_a_read_takes_no_word_on_sse_s3() -> None:
    with pytest.raises(errors.InvalidArgument):
        operations.parse(
            S3Request("GET", "photos", b"a", headers=Headers([("x-amz-server-side-encryption", "AES256")]))
        )


def test_no_customers_key_shows_in_an_operation() -> None:
    operation = put(*CUSTOMER_KEY)
    assert isinstance(operation, PutObject)
    assert isinstance(operation.encryption, CustomerKeyFields)
    assert CUSTOMER_KEY[1][1] not in repr(operation)


@pytest.mark.parametrize(
    "query",
    [
        (("max-keys", "-1"),),
        (("max-keys", "many"),),
        (("max-keys", "1" * 11),),
        (("max-keys", "١"),),  # a digit elsewhere
        (("encoding-type", "xml"),),
        (("list-type", "3"),),
    ],
)
def test_a_bad_parameter_of_a_listing_is_an_invalid_argument(query: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(errors.InvalidArgument):
        operations.parse(S3Request("GET", "photos", query=query))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Delete/>",
        b"<Remove><Object><Key>a</Key></Object></Remove>",
        b"<Delete><Object/></Delete>",
        b"<Delete><Object><Key></Key></Object></Delete>",
        b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1001 + b"</Delete>",
        b"<Delete><Object><Key>a</Key></Object>",
    ],
)
def test_a_bad_list_of_objects_to_delete_is_malformed_xml(body: bytes) -> None:
    with pytest.raises(errors.MalformedXML):
        operations.parse(S3Request("POST", "photos", query=(("delete", ""),), body=body))
