"""Which function answers which operation that list."""

from __future__ import annotations

from collections.abc import Mapping

from calotype.s3.call import Answer
from calotype.s3.listing import listing_calls, version_calls
from calotype.s3.listing.listing_operations import ListBuckets, ListObjects, ListObjectsV2, ListObjectVersions
from calotype.s3.operation import Operation

LISTING_ANSWERS: Mapping[type[Operation], Answer] = {
    ListBuckets: listing_calls.list_buckets,
    ListObjects: listing_calls.list_objects,
    ListObjectsV2: listing_calls.list_objects_v2,
    ListObjectVersions: version_calls.list_object_versions,
}
