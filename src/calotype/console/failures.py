"""What can go wrong between the console and the origin, said to the person at the page.

OriginFailure
├── OriginDown          no answer at all
├── OriginFull          the origin keeps a reserve free and refuses uploads
├── OriginReadOnly      the origin stopped writing after a failed sync
├── BucketMissing
├── AccessRefused       the console's application key is wrong, gone, or may not do this
└── OriginRefused       anything else the origin said, in its own words
"""

from __future__ import annotations


class OriginFailure(Exception):
    """`status` is the console's own answer to the browser: the fault lies behind it, so 502 and its kin."""

    status = 502

    @property
    def message(self) -> str:
        return str(self)


class OriginDown(OriginFailure):
    status = 504

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"The origin at {endpoint} does not answer. Nothing is lost; try again when it runs.")


class OriginFull(OriginFailure):
    status = 507

    def __init__(self) -> None:
        super().__init__("The origin's disk is full. Stored pictures stay readable; free some space to upload again.")


class OriginReadOnly(OriginFailure):
    status = 503

    def __init__(self) -> None:
        super().__init__("The origin is read-only since a write to its disk failed. Its log says what happened.")


class BucketMissing(OriginFailure):
    def __init__(self, bucket: str) -> None:
        super().__init__(f"The origin has no bucket named {bucket}.")


class AccessRefused(OriginFailure):
    def __init__(self, bucket: str) -> None:
        super().__init__(
            f"The origin does not let the console's application key do this in the bucket {bucket}. "
            "The key may be gone, or lack the capability."
        )


class OriginRefused(OriginFailure):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"The origin refused: {message or code} ({code})")
