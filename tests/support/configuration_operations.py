"""Every operation on what a bucket is set up to do, as hypothesis makes them up."""

from __future__ import annotations

from hypothesis import strategies as st

from calotype.s3.configuration import absent
from calotype.s3.configuration.encryption import (
    DefaultEncryption,
    DeleteBucketEncryption,
    GetBucketEncryption,
    PutBucketEncryption,
)
from calotype.s3.configuration.logging import GetBucketLogging, LoggingTarget, LogGrant, PutBucketLogging
from calotype.s3.configuration.notification import (
    GetBucketNotificationConfiguration,
    PutBucketNotificationConfiguration,
)
from calotype.s3.configuration.object_lock import GetObjectLockConfiguration, PutObjectLockConfiguration
from calotype.s3.configuration.payment import (
    GetBucketAccelerateConfiguration,
    GetBucketRequestPayment,
    PutBucketAccelerateConfiguration,
    PutBucketRequestPayment,
)
from calotype.s3.configuration.tagging import DeleteBucketTagging, GetBucketTagging, PutBucketTagging
from calotype.s3.configuration.versioning import PutBucketVersioning
from calotype.s3.operation import Operation
from calotype.store.model import DefaultRetention, LockMode, Versioning

WORDS = st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True)
TAGS = st.dictionaries(WORDS.filter(lambda word: not word.lower().startswith("aws:")), WORDS, max_size=3)
RETENTIONS = st.builds(
    DefaultRetention, st.sampled_from(LockMode), st.integers(1, 100), st.sampled_from(["days", "years"])
)
ENCRYPTIONS = st.one_of(
    st.builds(DefaultEncryption, uses_bucket_key=st.one_of(st.none(), st.booleans())),
    st.builds(DefaultEncryption, st.just("aws:kms"), st.one_of(st.none(), WORDS)),
)
LOG_GRANTS = st.builds(
    LogGrant,
    st.sampled_from(["CanonicalUser", "AmazonCustomerByEmail", "Group"]),
    WORDS,
    st.sampled_from(["FULL_CONTROL", "READ", "WRITE"]),
)
LOGGING_TARGETS = st.builds(
    LoggingTarget,
    WORDS,
    st.one_of(st.just(""), WORDS),
    st.lists(LOG_GRANTS, max_size=2).map(tuple),
    st.sampled_from(["", "SimplePrefix", "EventTime", "DeliveryTime"]),
)
ON_BUCKET_ALONE: tuple[type[Operation], ...] = (
    GetBucketTagging,
    DeleteBucketTagging,
    GetBucketEncryption,
    DeleteBucketEncryption,
    GetObjectLockConfiguration,
    GetBucketLogging,
    GetBucketNotificationConfiguration,
    PutBucketNotificationConfiguration,
    GetBucketRequestPayment,
    PutBucketRequestPayment,
    GetBucketAccelerateConfiguration,
    PutBucketAccelerateConfiguration,
    *absent.ABSENT,
    *absent.REMOVABLE,
)
BY_ID: tuple[type[Operation], ...] = (*absent.NAMED, *absent.NAMED_REMOVALS)

CONFIGURATION_STRATEGIES: dict[type[Operation], st.SearchStrategy[Operation]] = {
    **{operation: st.builds(operation, WORDS) for operation in ON_BUCKET_ALONE},
    **{operation: st.builds(operation, WORDS, st.one_of(st.none(), WORDS)) for operation in BY_ID},
    PutBucketVersioning: st.builds(
        PutBucketVersioning, WORDS, st.sampled_from([Versioning.ENABLED, Versioning.SUSPENDED])
    ),
    PutBucketTagging: st.builds(PutBucketTagging, WORDS, TAGS),
    PutBucketEncryption: st.builds(PutBucketEncryption, WORDS, ENCRYPTIONS),
    PutObjectLockConfiguration: st.builds(PutObjectLockConfiguration, WORDS, st.one_of(st.none(), RETENTIONS)),
    PutBucketLogging: st.builds(PutBucketLogging, WORDS, st.one_of(st.none(), LOGGING_TARGETS)),
}
