"""The operations that list, in the order of the manual."""

from __future__ import annotations

from calotype.s3.listing.listing_operations import ListBuckets, ListObjects, ListObjectsV2, ListObjectVersions
from calotype.s3.operation import Operation

LISTING_OPERATIONS: tuple[type[Operation], ...] = (
    ListBuckets,
    ListObjects,
    ListObjectsV2,
    ListObjectVersions,
)
