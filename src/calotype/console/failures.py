"""What can go wrong between the console and the origin, said to the person at the page.

OriginFailure
├── OriginDown          no connection
├── OriginBrokeOff      a connection that ended before the answer
├── OriginFull          the origin keeps a reserve free and refuses uploads
├── OriginReadOnly      the origin stopped writing after a failed sync
├── BucketMissing
├── NameTaken           another object has the name that the template gave
├── PictureChanged      what was to be replaced is not what the person saw
├── PictureGone         what was to be replaced is deleted
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
        super().__init__(f"The origin at {endpoint} does not answer. Try again once it runs.")


class OriginBrokeOff(OriginFailure):
    status = 504

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"The origin at {endpoint} broke off before it answered. Try again.")


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


class NameTaken(OriginFailure):
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "There is a picture of this name already, and it was kept. Try again for another name; if the site's "
            "file_name has nothing random in it, add %rna{6}."
        )


class PictureChanged(OriginFailure):
    status = 412

    def __init__(self) -> None:
        super().__init__(
            "Somebody stored a newer picture under this name, and it was kept. "
            "It is shown now: try again to replace that one."
        )


class PictureGone(OriginFailure):
    status = 404

    def __init__(self) -> None:
        super().__init__(
            "This picture was deleted meanwhile. Nothing was stored: add the file as a new picture instead."
        )


class AccessRefused(OriginFailure):
    def __init__(self, bucket: str, code: str) -> None:
        super().__init__(
            f"The origin does not let the console's application key do this in the bucket {bucket} ({code}). "
            "The key may be gone, or lack the capability."
        )


class OriginRefused(OriginFailure):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"The origin refused: {message or 'no reason given'} ({code})")
