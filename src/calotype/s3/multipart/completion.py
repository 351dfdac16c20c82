"""What a completed multipart upload becomes: of which parts, with which ETag and checksum, or why not (s3.md §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from calotype.auth.checksums import COMBINABLE, combined, composite
from calotype.s3.access.initiators import without_initiator
from calotype.s3.errors import BadDigest, EntityTooSmall, InvalidPart, InvalidPartOrder, InvalidRequest
from calotype.s3.multipart.multipart_operations import CompletedPart, CompleteMultipartUpload
from calotype.s3.objects.checksum_plan import ChecksumPlan, ChecksumType
from calotype.s3.objects.payload import checksum_in
from calotype.store.etags import etag_of_parts
from calotype.store.large_files import Finished
from calotype.store.model import FileVersion, Part

PLAN = "multipart_checksum"
"""Among the attributes of an upload in progress: its ChecksumPlan, which the object's checksum takes the place of."""


def plan_attributes(plan: ChecksumPlan | None) -> dict[str, Any]:
    return {} if plan is None else {PLAN: {"algorithm": plan.algorithm, "type": plan.type.value}}


def plan_of(file: FileVersion) -> ChecksumPlan | None:
    """The plan that the upload was created with."""
    kept = file.attributes.get(PLAN)
    return None if kept is None else ChecksumPlan(kept["algorithm"], ChecksumType(kept["type"]))


def finished_of(asked: CompleteMultipartUpload, file: FileVersion, parts: Sequence[Part], least_bytes: int) -> Finished:
    """The object that the request asks for; raises what keeps it from being made. `parts` are all there are."""
    created = plan_of(file)
    plan = completed_plan(asked, created)
    chosen = chosen_parts(asked.parts, {part.part_number: part for part in parts})
    check_part_checksums(asked.parts, created)
    check_sizes(chosen, least_bytes)
    check_object_size(asked.object_size, sum(part.length for part in chosen))
    checksum = object_checksum(plan, chosen)
    check_object_checksum(asked, plan, checksum)
    return Finished(
        tuple(part.part_number for part in chosen),
        etag=etag_of_parts([part.digests.md5 for part in chosen]),
        attributes=completed_attributes(file.attributes, plan, checksum),
    )


def completed_plan(asked: CompleteMultipartUpload, created: ChecksumPlan | None) -> ChecksumPlan | None:
    """The plan that the upload was created with, or else the one that its completion implies; raises InvalidRequest.

    An upload created without a word of checksums is completed with one where its parts were all sent with it.
    """
    declared = asked.checksum
    if created is None:
        return None if declared is None else ChecksumPlan.of(declared.algorithm, _implied_type(asked, declared.value))
    if declared is not None and declared.algorithm != created.algorithm:
        raise type_mismatch(created.algorithm, declared.algorithm)
    if asked.checksum_type not in (None, created.type):
        raise InvalidRequest(
            f"The upload was created using the {created.type} checksum mode. "
            "The complete request must use the same checksum mode."
        )
    return created


def _implied_type(asked: CompleteMultipartUpload, value: str) -> ChecksumType:
    if asked.checksum_type is not None:
        return asked.checksum_type
    return ChecksumType.COMPOSITE if "-" in value else ChecksumType.FULL_OBJECT


def type_mismatch(expected: str, actual: str) -> InvalidRequest:
    return InvalidRequest(
        f"Checksum Type mismatch occurred, expected checksum Type: {expected.lower()}, "
        f"actual checksum Type: {actual.lower()}"
    )


def chosen_parts(asked: Sequence[CompletedPart], uploaded: Mapping[int, Part]) -> list[Part]:
    """The uploaded parts that the request names, each as it describes it."""
    numbers = [part.part_number for part in asked]
    if any(number >= following for number, following in pairwise(numbers)):
        raise InvalidPartOrder
    return [_chosen_part(part, uploaded.get(part.part_number)) for part in asked]


def _chosen_part(asked: CompletedPart, part: Part | None) -> Part:
    if part is None or part.digests.md5 != asked.etag or not _has_checksums(part, asked.checksums):
        raise InvalidPart(PartNumber=str(asked.part_number), ETag=asked.etag)
    return part


def _has_checksums(part: Part, checksums: Mapping[str, str]) -> bool:
    """Whether none of the checksums differs from one that is known of the part."""
    return all(checksum_in(part.digests, algorithm) in (None, value) for algorithm, value in checksums.items())


def check_part_checksums(asked: Sequence[CompletedPart], plan: ChecksumPlan | None) -> None:
    """An upload created for a composite checksum is completed with that of each part."""
    if plan is None or plan.type is not ChecksumType.COMPOSITE:
        return
    for part in asked:
        if plan.algorithm not in part.checksums:
            raise InvalidRequest(
                f"The upload was created using a {plan.algorithm.lower()} checksum. The complete request must include "
                f"the checksum for each part. It was missing for part {part.part_number} in the request."
            )


def check_sizes(parts: Sequence[Part], least_bytes: int) -> None:
    """The last part may be small."""
    for part in parts[:-1]:
        if part.length < least_bytes:
            raise EntityTooSmall(
                ETag=part.digests.md5,
                MinSizeAllowed=str(least_bytes),
                ProposedSize=str(part.length),
                PartNumber=str(part.part_number),
            )


def check_object_size(asked: int | None, length: int) -> None:
    if asked not in (None, length):
        raise InvalidRequest(f"The provided 'x-amz-mp-object-size' header value {asked} does not match {length}.")


def object_checksum(plan: ChecksumPlan | None, parts: Sequence[Part]) -> str | None:
    """The object's checksum in base64, None where the parts' are not all known: B2's API sends parts without."""
    if plan is None:
        return None
    known = [(value, part.length) for part in parts if (value := checksum_in(part.digests, plan.algorithm))]
    if len(known) < len(parts):
        return None
    if plan.type is ChecksumType.COMPOSITE:
        return composite(plan.algorithm, [value for value, _ in known])
    assert plan.algorithm in COMBINABLE, "no other plan can be made"
    return combined(plan.algorithm, known)


def check_object_checksum(asked: CompleteMultipartUpload, plan: ChecksumPlan | None, computed: str | None) -> None:
    if asked.checksum is None or plan is None:
        return
    if computed is None:
        raise type_mismatch("null", plan.algorithm)
    declared = asked.checksum.value
    is_same = declared == computed or ("-" not in declared and declared == computed.partition("-")[0])
    if not is_same:
        raise BadDigest(f"The {plan.algorithm} you specified did not match the calculated checksum.")


def completed_attributes(
    attributes: Mapping[str, Any], plan: ChecksumPlan | None, checksum: str | None
) -> dict[str, Any]:
    kept = {name: value for name, value in without_initiator(attributes).items() if name != PLAN}
    if plan is None or checksum is None:
        return kept
    return {**kept, "checksum": {"algorithm": plan.algorithm, "value": checksum, "type": plan.type.value}}


def is_repeated(asked: CompleteMultipartUpload, parts: Sequence[Part]) -> bool:
    """Whether a finished object is made of the very parts that the request names."""
    named = [(part.part_number, part.etag) for part in asked.parts]
    return named == [(part.part_number, part.digests.md5) for part in parts]
