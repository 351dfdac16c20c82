"""Operations read from requests and written into requests, and what dispatch makes of a request line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.auth.checksums import CHECKSUMS, as_base64
from calotype.http.message import Headers
from calotype.s3 import errors, operations
from calotype.s3.bucket_operations import CreateBucket, DeleteBucket, GetBucketLocation, GetBucketVersioning, HeadBucket
from calotype.s3.forms.post_object import PostObject
from calotype.s3.listing.listing_operations import ListBuckets, ListObjects, ListObjectsV2, ListObjectVersions
from calotype.s3.multipart.multipart_operations import (
    AbortMultipartUpload,
    CompletedPart,
    CompleteMultipartUpload,
    CreateMultipartUpload,
    ListMultipartUploads,
    ListParts,
    UploadPart,
    UploadPartCopy,
)
from calotype.s3.objects.checksum_plan import ChecksumPlan, ChecksumType
from calotype.s3.objects.copy_operation import CopyObject
from calotype.s3.objects.deletion_operations import DeleteObject, DeleteObjects, DeletionConditions, ObjectToDelete
from calotype.s3.objects.description import Description
from calotype.s3.objects.encryption import CustomerKeyFields, NamedKeyAsked, ServerKeyAsked
from calotype.s3.objects.object_attributes import GetObjectAttributes, ObjectAttribute
from calotype.s3.objects.object_lock import StatedLock
from calotype.s3.objects.object_lock_operations import (
    GetObjectLegalHold,
    GetObjectRetention,
    PutObjectLegalHold,
    PutObjectRetention,
)
from calotype.s3.objects.object_operations import Conditions, ContentChecksum, GetObject, HeadObject, PutObject
from calotype.s3.objects.object_tagging import DeleteObjectTagging, GetObjectTagging, PutObjectTagging
from calotype.s3.operation import STORAGE_CLASSES, Operation
from calotype.s3.request import S3Request
from calotype.store.model import LockMode, Retention
from support.access_operations import ACCESS_STRATEGIES, ASKED_ACLS, OWNERSHIPS
from support.configuration_operations import CONFIGURATION_STRATEGIES

# Header values go through HTTP without outer white space and never empty; keys are any UTF-8.
BUCKETS = st.from_regex(r"[a-z0-9]{3,20}", fullmatch=True)
KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(str.encode)
PREFIXES = st.one_of(st.just(b""), KEYS)
TOKENS = st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True)
VALUES = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=20)
ACLS = st.one_of(st.none(), ASKED_ACLS)
XML_KEYS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=30
).map(str.encode)


def maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), strategy)


CONDITIONS = st.builds(Conditions, maybe(VALUES), maybe(VALUES), maybe(VALUES), maybe(VALUES))
TAGS = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9 _.:/=+@-]{5,20}", fullmatch=True).filter(
        lambda name: not name.lower().startswith("aws:")
    ),
    st.from_regex(r"[A-Za-z0-9 _.:/=+@-]{0,20}", fullmatch=True),
    max_size=10,
)
RETENTIONS = st.builds(Retention, st.sampled_from(LockMode), st.integers(0, 253_402_300_799_999))
DELETION_CONDITIONS = st.builds(
    DeletionConditions,
    maybe(VALUES),
    st.one_of(st.none(), st.integers(0, 10**10)),
    st.one_of(st.none(), st.integers(0, 10**18)),
)
ON_VERSION = {"bucket": BUCKETS, "key": KEYS, "version_id": maybe(TOKENS)}
DESCRIPTIONS = st.builds(
    Description,
    content_type=VALUES,
    metadata=st.dictionaries(st.from_regex(r"[a-z0-9-]{1,10}", fullmatch=True), TEXTS, max_size=3),
    headers=st.dictionaries(st.sampled_from(["cache-control", "content-disposition", "expires"]), VALUES),
    acl=ACLS,
    storage_class=st.sampled_from(sorted(STORAGE_CLASSES)),
    tags=TAGS,
    lock=st.builds(StatedLock, st.one_of(st.none(), RETENTIONS), st.one_of(st.none(), st.booleans())),
    website_redirect=st.one_of(st.none(), VALUES.map("/".__add__)),
)
CONTENT_CHECKSUMS = st.builds(
    lambda algorithm, content: ContentChecksum(algorithm, value_of(algorithm, content)),
    st.sampled_from(sorted(CHECKSUMS)),
    st.binary(max_size=10),
)
CUSTOMER_KEYS = st.one_of(st.none(), st.builds(CustomerKeyFields, VALUES, VALUES))
ENCRYPTIONS = st.one_of(CUSTOMER_KEYS, st.just(ServerKeyAsked()), st.builds(NamedKeyAsked, maybe(TOKENS)))
CHECKSUM_PLANS = st.sampled_from(
    [
        ChecksumPlan("CRC32", ChecksumType.COMPOSITE),
        ChecksumPlan("CRC32C", ChecksumType.FULL_OBJECT),
        ChecksumPlan("CRC64NVME", ChecksumType.FULL_OBJECT),
        ChecksumPlan("SHA1", ChecksumType.COMPOSITE),
    ]
)
PART_NUMBERS = st.integers(1, 10_000)
ON_UPLOAD = {"bucket": BUCKETS, "key": KEYS, "upload_id": TOKENS}
COMPLETED_PARTS = st.builds(
    CompletedPart,
    PART_NUMBERS,
    st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
    st.dictionaries(st.sampled_from(sorted(CHECKSUMS)), TOKENS, max_size=2),
)
RANGE_OR_PART = st.one_of(
    st.fixed_dictionaries({"range": maybe(VALUES)}), st.fixed_dictionaries({"part_number": PART_NUMBERS})
)
READ_FIELDS = {
    "bucket": BUCKETS,
    "key": KEYS,
    "version_id": maybe(TOKENS),
    "if_range": maybe(VALUES),
    "conditions": CONDITIONS,
    "overrides": st.dictionaries(st.sampled_from(["content-type", "cache-control", "expires"]), TEXTS),
    "wants_checksum": st.booleans(),
    "customer_key": CUSTOMER_KEYS,
}

STRATEGIES: dict[type[Operation], st.SearchStrategy[Operation]] = {
    ListBuckets: st.builds(
        ListBuckets,
        st.one_of(st.just(""), BUCKETS),
        st.one_of(st.none(), st.integers(1, 10_000)),
        maybe(TOKENS),
        maybe(TOKENS),
    ),
    CreateBucket: st.builds(
        CreateBucket, BUCKETS, ACLS, maybe(TOKENS), st.one_of(st.none(), OWNERSHIPS), st.booleans()
    ),
    HeadBucket: st.builds(HeadBucket, BUCKETS),
    DeleteBucket: st.builds(DeleteBucket, BUCKETS),
    GetBucketLocation: st.builds(GetBucketLocation, BUCKETS),
    GetBucketVersioning: st.builds(GetBucketVersioning, BUCKETS),
    ListObjects: st.builds(
        ListObjects, BUCKETS, PREFIXES, PREFIXES, PREFIXES, st.integers(0, 5000), encode_url=st.booleans()
    ),
    ListObjectsV2: st.builds(
        ListObjectsV2,
        BUCKETS,
        PREFIXES,
        PREFIXES,
        PREFIXES,
        maybe(TOKENS),
        st.integers(0, 5000),
        encode_url=st.booleans(),
        fetch_owner=st.booleans(),
    ),
    ListObjectVersions: st.builds(
        ListObjectVersions, BUCKETS, PREFIXES, PREFIXES, KEYS, maybe(TOKENS), st.integers(0, 5000), st.booleans()
    ),
    PutObject: st.builds(
        PutObject,
        BUCKETS,
        KEYS,
        DESCRIPTIONS,
        CONDITIONS,
        maybe(VALUES),
        st.one_of(st.none(), CONTENT_CHECKSUMS),
        ENCRYPTIONS,
    ),
    GetObject: st.builds(lambda place, **fields: GetObject(**place, **fields), RANGE_OR_PART, **READ_FIELDS),
    HeadObject: st.builds(lambda place, **fields: HeadObject(**place, **fields), RANGE_OR_PART, **READ_FIELDS),
    GetObjectAttributes: st.builds(
        GetObjectAttributes,
        BUCKETS,
        KEYS,
        st.frozensets(st.sampled_from(ObjectAttribute), min_size=1),
        maybe(TOKENS),
        st.integers(0, 10_000),
        st.integers(0, 5000),
        CUSTOMER_KEYS,
    ),
    DeleteObject: st.builds(
        DeleteObject, conditions=DELETION_CONDITIONS, bypasses_governance=st.booleans(), **ON_VERSION
    ),
    DeleteObjects: st.builds(
        DeleteObjects,
        BUCKETS,
        st.lists(st.builds(ObjectToDelete, XML_KEYS, maybe(TOKENS), DELETION_CONDITIONS), min_size=1, max_size=4).map(
            tuple
        ),
        quiet=st.booleans(),
        bypasses_governance=st.booleans(),
    ),
    CopyObject: st.builds(
        lambda description, replaced, **fields: CopyObject(
            description=description_of_copy(description, *replaced),
            replaces_metadata=replaced[0],
            replaces_tags=replaced[1],
            **fields,
        ),
        DESCRIPTIONS,
        st.tuples(st.booleans(), st.booleans()),
        bucket=BUCKETS,
        key=KEYS,
        source_bucket=BUCKETS,
        source_key=KEYS,
        source_version_id=maybe(TOKENS),
        source_conditions=CONDITIONS,
        conditions=CONDITIONS,
        encryption=ENCRYPTIONS,
        source_customer_key=CUSTOMER_KEYS,
        checksum_algorithm=st.one_of(st.none(), st.sampled_from(sorted(CHECKSUMS))),
    ),
    GetObjectTagging: st.builds(GetObjectTagging, **ON_VERSION),
    PutObjectTagging: st.builds(PutObjectTagging, tags=TAGS, **ON_VERSION),
    DeleteObjectTagging: st.builds(DeleteObjectTagging, **ON_VERSION),
    GetObjectLegalHold: st.builds(GetObjectLegalHold, **ON_VERSION),
    PutObjectLegalHold: st.builds(PutObjectLegalHold, is_on=st.booleans(), **ON_VERSION),
    GetObjectRetention: st.builds(GetObjectRetention, **ON_VERSION),
    PutObjectRetention: st.builds(
        PutObjectRetention,
        retention=st.one_of(st.none(), RETENTIONS),
        bypasses_governance=st.booleans(),
        **ON_VERSION,
    ),
    CreateMultipartUpload: st.builds(
        CreateMultipartUpload, BUCKETS, KEYS, DESCRIPTIONS, ENCRYPTIONS, st.one_of(st.none(), CHECKSUM_PLANS)
    ),
    UploadPart: st.builds(
        UploadPart,
        **ON_UPLOAD,
        part_number=PART_NUMBERS,
        content_md5=maybe(VALUES),
        checksum=st.one_of(st.none(), CONTENT_CHECKSUMS),
        customer_key=CUSTOMER_KEYS,
    ),
    UploadPartCopy: st.builds(
        UploadPartCopy,
        **ON_UPLOAD,
        part_number=PART_NUMBERS,
        source_bucket=BUCKETS,
        source_key=KEYS,
        source_version_id=maybe(TOKENS),
        source_range=st.one_of(
            st.none(), st.tuples(st.integers(0, 9), st.integers(9, 10**13)), st.tuples(st.just(0), st.just(0))
        ),
        source_conditions=CONDITIONS,
        customer_key=CUSTOMER_KEYS,
        source_customer_key=CUSTOMER_KEYS,
    ),
    CompleteMultipartUpload: st.builds(
        CompleteMultipartUpload,
        **ON_UPLOAD,
        parts=st.lists(COMPLETED_PARTS, min_size=1, max_size=4).map(tuple),
        conditions=CONDITIONS,
        checksum=st.one_of(st.none(), CONTENT_CHECKSUMS),
        checksum_type=st.one_of(st.none(), st.sampled_from(ChecksumType)),
        object_size=st.one_of(st.none(), st.integers(0, 10**13)),
    ),
    AbortMultipartUpload: st.builds(AbortMultipartUpload, **ON_UPLOAD),
    ListParts: st.builds(
        ListParts, **ON_UPLOAD, part_number_marker=st.integers(0, 10_000), max_parts=st.integers(0, 5000)
    ),
    ListMultipartUploads: st.one_of(
        st.builds(
            ListMultipartUploads, BUCKETS, PREFIXES, PREFIXES, KEYS, maybe(TOKENS), st.integers(0, 5000), st.booleans()
        ),
        st.builds(ListMultipartUploads, BUCKETS, PREFIXES, PREFIXES),
    ),
    PostObject: st.builds(PostObject, BUCKETS),
    **CONFIGURATION_STRATEGIES,
    **ACCESS_STRATEGIES,
}


def description_of_copy(description: Description, replaces_metadata: bool, replaces_tags: bool) -> Description:
    """Without what comes from the source."""
    if not replaces_metadata:
        description = replace(description, content_type=Description().content_type, metadata={}, headers={})
    return description if replaces_tags else replace(description, tags={})


def value_of(algorithm: str, content: bytes) -> str:
    checksum = CHECKSUMS[algorithm]()
    checksum.update(content)
    return as_base64(checksum.digest())


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
