"""The operations on who may do what, in the order of the manual."""

from __future__ import annotations

from calotype.s3.operation import Operation

ACCESS_OPERATIONS: tuple[type[Operation], ...] = ()
