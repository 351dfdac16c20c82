"""Which function answers which operation on who may do what."""

from __future__ import annotations

from collections.abc import Mapping

from calotype.s3.call import Answer
from calotype.s3.operation import Operation

ACCESS_ANSWERS: Mapping[type[Operation], Answer] = {}
