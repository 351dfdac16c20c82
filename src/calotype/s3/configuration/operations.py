"""The operations on what a bucket is set up to do, in the order of the manual."""

from __future__ import annotations

from calotype.s3.operation import Operation

CONFIGURATION_OPERATIONS: tuple[type[Operation], ...] = ()
