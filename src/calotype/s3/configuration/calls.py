"""Which function answers which operation on what a bucket is set up to do."""

from __future__ import annotations

from collections.abc import Mapping

from calotype.s3.call import Answer
from calotype.s3.operation import Operation

CONFIGURATION_ANSWERS: Mapping[type[Operation], Answer] = {}
