"""What a completion makes of the parts that are there, or why it does not (s3.md §4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calotype.auth.checksums import CHECKSUMS
from calotype.s3 import errors
from calotype.s3.multipart.completion import finished_of, is_repeated, plan_attributes
from calotype.s3.multipart.multipart_operations import CompletedPart, CompleteMultipartUpload
from calotype.s3.objects.checksum_plan import ChecksumPlan, ChecksumType
from calotype.s3.objects.object_operations import ContentChecksum
from calotype.s3.objects.payload import digests_of, hashers_of
from calotype.store.large_files import Finished
from calotype.store.model import Action, FileVersion, Part
from support.checksums import checksum

CONTENTS = {1: b"first part", 2: b"second one", 4: b"end"}
WHOLE = b"".join(CONTENTS.values())
COMPOSITE = ChecksumPlan("CRC32", ChecksumType.COMPOSITE)
FULL_OBJECT = ChecksumPlan("CRC64NVME", ChecksumType.FULL_OBJECT)


def part_of(number: int, content: bytes, *algorithms: str) -> Part:
    return Part("a" * 12, "u", number, len(content), digests_of(content, hashers_of(*algorithms)), 0)


def parts(*algorithms: str) -> list[Part]:
    return [part_of(number, content, *algorithms) for number, content in CONTENTS.items()]


def file_with(plan: ChecksumPlan | None) -> FileVersion:
    attributes = {"storage_class": "GLACIER", **plan_attributes(plan)}
    return FileVersion(
        "a" * 12, "b" * 24, "u", b"film", Action.START, 0, 0, "video/mp4", None, "", attributes=attributes
    )


def binary(algorithm: str, content: bytes) -> bytes:
    fresh = CHECKSUMS[algorithm]()
    fresh.update(content)
    return fresh.digest()


def named(number: int, *algorithms: str, **changes: Any) -> CompletedPart:
    content = CONTENTS[number]
    etag = part_of(number, content).digests.md5
    return replace(CompletedPart(number, etag, {name: checksum(name, content) for name in algorithms}), **changes)


def asked(*chosen: CompletedPart, **fields: Any) -> CompleteMultipartUpload:
    return CompleteMultipartUpload("photos", b"film", "u", chosen or (named(1), named(2), named(4)), **fields)


def finished(request: CompleteMultipartUpload, plan: ChecksumPlan | None = None, *, least_bytes: int = 5) -> Finished:
    algorithms = [plan.algorithm] if plan is not None else []
    return finished_of(request, file_with(plan), parts(*algorithms), least_bytes)


def test_the_etag_is_that_of_the_parts_md5s_and_their_number() -> None:
    made = finished(asked())
    md5s = b"".join(bytes.fromhex(part.digests.md5) for part in parts())
    assert made.etag == f"{digests_of(md5s, {}).md5}-3"
    assert made.part_numbers == (1, 2, 4)
    assert made.attributes == {"storage_class": "GLACIER"}


def test_parts_that_are_not_named_are_left_out() -> None:
    made = finished(asked(named(1), named(4)))
    assert (made.part_numbers, made.etag[-2:]) == ((1, 4), "-2")


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256"])
def test_a_composite_checksum_is_that_of_the_parts_checksums(algorithm: str) -> None:
    plan = ChecksumPlan(algorithm, ChecksumType.COMPOSITE)
    made = finished(asked(*(named(number, algorithm) for number in CONTENTS)), plan)
    of_parts = b"".join(binary(algorithm, content) for content in CONTENTS.values())
    assert made.attributes is not None
    assert made.attributes["checksum"] == {
        "algorithm": algorithm,
        "value": f"{checksum(algorithm, of_parts)}-3",
        "type": "COMPOSITE",
    }


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_a_full_object_checksum_is_that_of_the_bytes(algorithm: str) -> None:
    plan = ChecksumPlan(algorithm, ChecksumType.FULL_OBJECT)
    declared = ContentChecksum(algorithm, checksum(algorithm, WHOLE))
    made = finished(asked(checksum=declared, checksum_type=ChecksumType.FULL_OBJECT), plan)
    assert made.attributes is not None
    assert made.attributes["checksum"] == {"algorithm": algorithm, "value": declared.value, "type": "FULL_OBJECT"}


def test_an_upload_begun_without_a_word_of_checksums_may_end_with_one_that_its_parts_have() -> None:
    request = asked(checksum=ContentChecksum("CRC32", checksum("CRC32", WHOLE)))
    made = finished_of(request, file_with(None), parts("CRC32"), 5)
    assert made.attributes is not None
    assert made.attributes["checksum"]["type"] == "FULL_OBJECT"
    with pytest.raises(errors.InvalidRequest):
        finished_of(request, file_with(None), parts(), 5)


def test_parts_that_b2_sent_without_the_checksum_leave_the_object_without() -> None:
    made = finished_of(asked(), file_with(FULL_OBJECT), parts(), 5)
    assert made.attributes == {"storage_class": "GLACIER"}


WITH_CRC = (named(1, "CRC32"), named(2, "CRC32"), named(4, "CRC32"))
WRONG = "AAAAAA=="


@pytest.mark.parametrize(
    ("request_", "plan", "error"),
    [
        # Numbers ascend, each once.
        (asked(named(2), named(1)), None, errors.InvalidPartOrder),
        (asked(named(1), named(1)), None, errors.InvalidPartOrder),
        # A part is known by number and ETag.
        (asked(named(1), named(2, part_number=3)), None, errors.InvalidPart),
        (asked(named(1, part_number=0), named(2)), None, errors.InvalidPart),
        (asked(named(1, etag="0" * 32), named(2)), None, errors.InvalidPart),
        (asked(named(1, "SHA256", checksums={"SHA256": checksum("SHA256", b"other")})), None, errors.InvalidPart),
        (asked(named(1, checksums={"CRC32": WRONG}), *WITH_CRC[1:]), COMPOSITE, errors.InvalidPart),
        # A composite checksum needs each part's.
        (asked(named(1), *WITH_CRC[1:]), COMPOSITE, errors.InvalidRequest),
        # The object's own checksum, type and size.
        (asked(*WITH_CRC, checksum=ContentChecksum("CRC32", f"{WRONG}-3")), COMPOSITE, errors.BadDigest),
        (asked(checksum=ContentChecksum("CRC64NVME", "AAAAAAAAAAA=")), FULL_OBJECT, errors.BadDigest),
        (asked(checksum=ContentChecksum("CRC32", WRONG)), FULL_OBJECT, errors.InvalidRequest),
        (asked(checksum_type=ChecksumType.COMPOSITE), FULL_OBJECT, errors.InvalidRequest),
        (asked(object_size=len(WHOLE) + 1), None, errors.InvalidRequest),
    ],
)
def test_what_does_not_fit_is_refused(
    request_: CompleteMultipartUpload, plan: ChecksumPlan | None, error: type[errors.S3Error]
) -> None:
    with pytest.raises(error):
        finished(request_, plan)


def test_every_part_but_the_last_has_a_least_size() -> None:
    assert finished(asked(), least_bytes=10).part_numbers == (1, 2, 4)  # the last has three bytes
    with pytest.raises(errors.EntityTooSmall) as caught:
        finished(asked(), least_bytes=11)
    assert caught.value.details["PartNumber"] == "1"
    assert (caught.value.details["ProposedSize"], caught.value.details["MinSizeAllowed"]) == ("10", "11")


def test_the_declared_size_may_be_right() -> None:
    assert finished(asked(object_size=len(WHOLE))).part_numbers == (1, 2, 4)


def test_a_repeated_completion_names_the_very_same_parts() -> None:
    assert is_repeated(asked(), parts())
    assert not is_repeated(asked(named(1), named(2)), parts())
    assert not is_repeated(asked(named(1), named(2), named(4, etag="0" * 32)), parts())
