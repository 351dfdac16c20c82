"""Every operation of S3, as hypothesis makes them up."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from calotype.auth.checksums import CHECKSUMS
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
from calotype.store.model import LockMode, Retention
from support.access_operations import ACCESS_STRATEGIES, ASKED_ACLS, OWNERSHIPS
from support.checksums import checksum
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
    lambda algorithm, content: ContentChecksum(algorithm, checksum(algorithm, content)),
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
