"""The capabilities that an application key may hold, in the B2 API's words (b2_create_key).

S3 operations and our own admin API ask for the same names: there is one vocabulary of what a key allows.
"""

from __future__ import annotations

KEYS = frozenset({"listKeys", "writeKeys", "deleteKeys"})

BUCKETS = frozenset({"listBuckets", "listAllBucketNames", "readBuckets", "writeBuckets", "deleteBuckets"})

BUCKET_SETTINGS = frozenset(
    f"{access}Bucket{setting}"
    for access in ("read", "write")
    for setting in ("Encryption", "Retentions", "Replications", "Notifications", "Logging", "LifecycleRules")
)

FILES = frozenset({"listFiles", "readFiles", "shareFiles", "writeFiles", "deleteFiles"})

FILE_LOCK = frozenset(
    {"readFileRetentions", "writeFileRetentions", "readFileLegalHolds", "writeFileLegalHolds", "bypassGovernance"}
)

ALL_CAPABILITIES = KEYS | BUCKETS | BUCKET_SETTINGS | FILES | FILE_LOCK

BUCKET_KEY_CAPABILITIES = ALL_CAPABILITIES - KEYS - {"writeBuckets", "deleteBuckets"}
"""What a key limited to some buckets may hold; the rest speaks of the whole account."""

ACCOUNT_WIDE = frozenset({"listAllBucketNames"})
"""Allowed on the account even to a key limited to some buckets: S3's ListBuckets shows such a key every name."""
