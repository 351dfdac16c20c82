"""What the operations of a multipart upload answer with, as XML, and read back by the client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from calotype.auth.checksums import CHECKSUMS
from calotype.s3 import xml
from calotype.s3.multipart.completion import plan_of
from calotype.s3.multipart.multipart_operations import ListMultipartUploads, ListParts
from calotype.s3.objects.checksum_plan import ChecksumPlan, type_of
from calotype.s3.objects.description import storage_class_in
from calotype.s3.objects.payload import checksum_in
from calotype.s3.results import KeyForm, Owner, boolean, iso_time
from calotype.store.model import Digests, FileVersion, Part


def initiated_document(bucket: str, key: bytes, upload_id: str) -> bytes:
    return xml.document(
        "InitiateMultipartUploadResult",
        ("Bucket", bucket),
        ("Key", KeyForm(False).text(key)),
        ("UploadId", upload_id),
    )


def completed_document(location: str, bucket: str, version: FileVersion) -> bytes:
    return xml.document(
        "CompleteMultipartUploadResult",
        ("Location", location),
        ("Bucket", bucket),
        ("Key", KeyForm(False).text(version.key)),
        ("ETag", f'"{version.etag}"'),
        *checksum_nodes(version),
    )


def checksum_nodes(version: FileVersion) -> list[xml.Node]:
    """The object's checksum and its type, as elements."""
    checksum = version.attributes.get("checksum")
    if not checksum:
        return []
    return [
        (f"Checksum{checksum['algorithm']}", checksum["value"]),
        ("ChecksumType", type_of(checksum)),
    ]


def copied_part_document(part: Part, plan: ChecksumPlan | None) -> bytes:
    return xml.document(
        "CopyPartResult",
        ("LastModified", iso_time(part.uploaded_at_ms)),
        ("ETag", f'"{part.digests.md5}"'),
        *part_checksum_nodes(part.digests, plan),
    )


def part_checksum_nodes(digests: Digests, plan: ChecksumPlan | None) -> list[xml.Node]:
    """The part's checksum of the upload's algorithm, or of those that came with it where the upload has none."""
    algorithms = [*digests.checksums] if plan is None else [plan.algorithm]
    return [
        (f"Checksum{name}", value)
        for name in CHECKSUMS
        if name in algorithms and (value := checksum_in(digests, name)) is not None
    ]


@dataclass(frozen=True, slots=True)
class PartPage:
    """`parts` by number; `is_truncated` when more follow the last."""

    parts: Sequence[Part]
    is_truncated: bool


@dataclass(frozen=True, slots=True)
class People:
    """Who began an upload, and whose the object will be."""

    initiator: Owner
    owner: Owner

    def to_nodes(self) -> list[xml.Node]:
        return [("Initiator", self.initiator.to_node()[1]), ("Owner", self.owner.to_node()[1])]


PeopleOf = Callable[[FileVersion], People]


def parts_document(asked: ListParts, file: FileVersion, page: PartPage, max_parts: int, people: People) -> bytes:
    plan = plan_of(file)
    last = page.parts[-1].part_number if page.parts else asked.part_number_marker
    return xml.document(
        "ListPartsResult",
        ("Bucket", asked.bucket),
        ("Key", KeyForm(False).text(asked.key)),
        ("UploadId", asked.upload_id),
        *people.to_nodes(),
        ("StorageClass", storage_class_in(file.attributes)),
        ("PartNumberMarker", str(asked.part_number_marker)),
        ("NextPartNumberMarker", str(last)),
        ("MaxParts", str(max_parts)),
        ("IsTruncated", boolean(page.is_truncated)),
        *plan_nodes(plan),
        *(("Part", part_nodes(part, plan)) for part in page.parts),
    )


def plan_nodes(plan: ChecksumPlan | None) -> list[xml.Node]:
    return [] if plan is None else [("ChecksumAlgorithm", plan.algorithm), ("ChecksumType", plan.type)]


def part_nodes(part: Part, plan: ChecksumPlan | None) -> list[xml.Node]:
    return [
        ("PartNumber", str(part.part_number)),
        ("LastModified", iso_time(part.uploaded_at_ms)),
        ("ETag", f'"{part.digests.md5}"'),
        ("Size", str(part.length)),
        *part_checksum_nodes(part.digests, plan),
    ]


@dataclass(frozen=True, slots=True)
class UploadPage:
    """`rows` in order; a common prefix stands among them as bytes. `is_truncated` when more follow the last."""

    rows: tuple[FileVersion | bytes, ...] = ()
    is_truncated: bool = False


def uploads_document(asked: ListMultipartUploads, page: UploadPage, max_uploads: int, people_of: PeopleOf) -> bytes:
    form = KeyForm(asked.encode_url)
    nodes: list[xml.Node] = [
        ("Bucket", asked.bucket),
        ("KeyMarker", form.text(asked.key_marker)),
        ("UploadIdMarker", asked.upload_id_marker or ""),
        *next_markers(page, form),
        ("Prefix", form.text(asked.prefix)),
        *form.optional("Delimiter", asked.delimiter),
        *form.encoding_type(),
        ("MaxUploads", str(max_uploads)),
        ("IsTruncated", boolean(page.is_truncated)),
    ]
    return xml.document("ListMultipartUploadsResult", *nodes, *(upload_node(row, form, people_of) for row in page.rows))


def next_markers(page: UploadPage, form: KeyForm) -> list[xml.Node]:
    if not page.is_truncated or not page.rows:
        return []
    last = page.rows[-1]
    if isinstance(last, bytes):
        return [("NextKeyMarker", form.text(last)), ("NextUploadIdMarker", "")]
    return [("NextKeyMarker", form.text(last.key)), ("NextUploadIdMarker", last.version_id)]


def upload_node(row: FileVersion | bytes, form: KeyForm, people_of: PeopleOf) -> xml.Node:
    if isinstance(row, bytes):
        return ("CommonPrefixes", [("Prefix", form.text(row))])
    content: list[xml.Node] = [
        ("Key", form.text(row.key)),
        ("UploadId", row.version_id),
        *people_of(row).to_nodes(),
        ("StorageClass", storage_class_in(row.attributes)),
        ("Initiated", iso_time(row.uploaded_at_ms)),
        *plan_nodes(plan_of(row)),
    ]
    return ("Upload", content)
