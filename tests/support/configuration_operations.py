"""Every operation on what a bucket is set up to do, as hypothesis makes them up."""

from __future__ import annotations

from hypothesis import strategies as st

from calotype.s3.configuration import absent
from calotype.s3.configuration.cors import (
    METHODS,
    DeleteBucketCors,
    GetBucketCors,
    PutBucketCors,
    operation_of,
)
from calotype.s3.configuration.encryption import (
    DefaultEncryption,
    DeleteBucketEncryption,
    GetBucketEncryption,
    PutBucketEncryption,
)
from calotype.s3.configuration.lifecycle import (
    DeleteBucketLifecycle,
    GetBucketLifecycleConfiguration,
    PutBucketLifecycleConfiguration,
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
from calotype.store.lifecycle import DAY_MS
from calotype.store.lifecycle_rule import FilterForm, LifecycleRule, S3Lifecycle, Transition
from calotype.store.model import CorsRule, DefaultRetention, LockMode, Versioning

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
    st.sampled_from(["", "SimplePrefix", "PartitionedPrefix", "EventTime", "DeliveryTime"]),
)
HEADER_NAMES = st.lists(WORDS, min_size=1, max_size=2).map(tuple)
CORS_RULES = st.builds(
    CorsRule,
    st.one_of(st.just(""), WORDS),
    st.lists(st.sampled_from(["*", "https://a.example", "http://*.b.example"]), min_size=1).map(tuple),
    st.lists(st.sampled_from([operation_of(method) for method in METHODS]), min_size=1).map(tuple),
    st.one_of(st.none(), HEADER_NAMES, st.just(("*", "x-amz-*"))),
    st.one_of(st.none(), HEADER_NAMES),
    st.one_of(st.none(), st.integers(0, 10**6)),
)
# What makes a rule valid beside the others: a filter of one form, and at least one action.
FILTERS = st.one_of(
    st.builds(dict, prefix=WORDS, filter_form=st.just(FilterForm.PREFIX)),
    st.builds(dict, prefix=st.one_of(st.just(""), WORDS)),
    st.just({"prefix": "", "states_prefix": False}),
    st.builds(dict, prefix=st.just(""), states_prefix=st.just(False), larger_than_bytes=st.integers(0, 10**9)),
    st.builds(
        dict,
        filter_form=st.just(FilterForm.ALL),
        prefix=WORDS,
        tags=TAGS.map(lambda tags: tuple(tags.items())),
        larger_than_bytes=st.one_of(st.none(), st.integers(0, 10**6)),
        smaller_than_bytes=st.one_of(st.none(), st.integers(10**6 + 1, 10**9)),
    ),
)
DAYS = st.integers(100, 2**31 - 1)
EXPIRATIONS = st.one_of(
    st.builds(dict, days_from_uploading_to_hiding=DAYS, transitions=st.just((Transition("GLACIER", 40),))),
    st.builds(dict, expires_at_ms=st.integers(0, 10**6).map(DAY_MS.__mul__)),
)
HIDDEN_EXPIRATIONS = st.builds(
    dict,
    days_from_hiding_to_deleting=DAYS,
    newer_versions_kept=st.one_of(st.none(), st.integers(1, 100)),
    hidden_transitions=st.sampled_from([(), (Transition("STANDARD_IA", 30, None, 5),)]),
)
ACTIONS = st.one_of(EXPIRATIONS, HIDDEN_EXPIRATIONS, st.tuples(EXPIRATIONS, HIDDEN_EXPIRATIONS).map(
    lambda both: both[0] | both[1]
))  # fmt: skip
NATIVE_FIELDS = (
    "prefix",
    "days_from_uploading_to_hiding",
    "days_from_hiding_to_deleting",
    "days_from_starting_to_canceling",
)


def lifecycle_rule(rule_id: str, fields: dict[str, object], is_enabled: bool) -> LifecycleRule:
    native = {name: value for name, value in fields.items() if name in NATIVE_FIELDS}
    others = {name: value for name, value in fields.items() if name not in NATIVE_FIELDS}
    return LifecycleRule(**native, s3=S3Lifecycle(rule_id, is_enabled, **others))  # type: ignore[arg-type]


RULE_FIELDS = st.one_of(
    st.tuples(FILTERS, ACTIONS).map(lambda both: both[0] | both[1]),
    st.builds(dict, prefix=WORDS, days_from_starting_to_canceling=DAYS, removes_expired_markers=st.booleans()),
)
LIFECYCLE_RULES = st.lists(
    st.builds(lifecycle_rule, WORDS, RULE_FIELDS, st.booleans()),
    min_size=1,
    max_size=3,
    unique_by=lambda rule: rule.s3 and rule.s3.rule_id,
).map(tuple)
ON_BUCKET_ALONE: tuple[type[Operation], ...] = (
    GetBucketCors,
    DeleteBucketCors,
    GetBucketLifecycleConfiguration,
    DeleteBucketLifecycle,
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
    PutBucketCors: st.builds(PutBucketCors, WORDS, st.lists(CORS_RULES, min_size=1, max_size=3).map(tuple)),
    PutBucketLifecycleConfiguration: st.builds(
        PutBucketLifecycleConfiguration,
        WORDS,
        LIFECYCLE_RULES,
        st.sampled_from(["all_storage_classes_128K", "varies_by_storage_class"]),
    ),
    PutBucketTagging: st.builds(PutBucketTagging, WORDS, TAGS),
    PutBucketEncryption: st.builds(PutBucketEncryption, WORDS, ENCRYPTIONS),
    PutObjectLockConfiguration: st.builds(PutObjectLockConfiguration, WORDS, st.one_of(st.none(), RETENTIONS)),
    PutBucketLogging: st.builds(PutBucketLogging, WORDS, st.one_of(st.none(), LOGGING_TARGETS)),
}
