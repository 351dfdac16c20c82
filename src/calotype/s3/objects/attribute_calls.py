"""GetObjectAttributes, answered from the store."""

from __future__ import annotations

from calotype.http.http_date import format_http_date
from calotype.http.message import Response
from calotype.s3 import xml
from calotype.s3.access.permissions import action_on_version
from calotype.s3.call import Call
from calotype.s3.multipart.multipart_results import PartPage, checksum_nodes, part_checksum_nodes
from calotype.s3.objects.checksum_plan import ChecksumPlan, type_of
from calotype.s3.objects.description import storage_class_in
from calotype.s3.objects.encryption_key import customer_key
from calotype.s3.objects.object_attributes import MOST_PARTS_LISTED, GetObjectAttributes, ObjectAttribute
from calotype.s3.objects.object_versions import readable_version
from calotype.s3.objects.reads import version_headers
from calotype.s3.responses import xml_response
from calotype.s3.results import boolean
from calotype.store.model import FileVersion


async def get_object_attributes(call: Call, asked: GetObjectAttributes) -> Response:
    bucket = await call.bucket(asked.bucket)
    key = customer_key(call, asked.customer_key)
    version = await readable_version(call, bucket, asked.key, asked.version_id, key)
    call.allow(action_on_version(asked.action, asked.version_id), bucket, asked.key, version=version)
    max_parts = min(asked.max_parts, MOST_PARTS_LISTED)
    page = await page_of(call, asked, version, max_parts)
    modified = ("last-modified", format_http_date(version.uploaded_at_ms // 1000))
    document = attributes_document(asked, version, page, max_parts)
    return xml_response(document, [modified, *version_headers(bucket, version)])


async def page_of(call: Call, asked: GetObjectAttributes, version: FileVersion, max_parts: int) -> PartPage | None:
    """The parts behind the marker; None when nobody asked, or the object was not made of parts."""
    if ObjectAttribute.OBJECT_PARTS not in asked.attributes or not version.part_count:
        return None
    if not max_parts:
        return PartPage((), False)
    found = await call.store.large_files.parts(version, asked.part_number_marker + 1, max_parts + 1)
    return PartPage(found[:max_parts], len(found) > max_parts)


def attributes_document(
    asked: GetObjectAttributes, version: FileVersion, page: PartPage | None, max_parts: int
) -> bytes:
    checksum = checksum_nodes(version)
    nodes: dict[ObjectAttribute, xml.Node] = {
        ObjectAttribute.ETAG: ("ETag", version.etag),
        ObjectAttribute.STORAGE_CLASS: ("StorageClass", storage_class_in(version.attributes)),
        ObjectAttribute.OBJECT_SIZE: ("ObjectSize", str(version.length)),
    }
    if checksum:
        nodes[ObjectAttribute.CHECKSUM] = ("Checksum", checksum)
    if page is not None:
        nodes[ObjectAttribute.OBJECT_PARTS] = ("ObjectParts", parts_nodes(asked, version, page, max_parts))
    wanted = (nodes[name] for name in ObjectAttribute if name in asked.attributes and name in nodes)
    return xml.document("GetObjectAttributesResponse", *wanted)


def parts_nodes(asked: GetObjectAttributes, version: FileVersion, page: PartPage, max_parts: int) -> list[xml.Node]:
    plan = kept_plan(version)
    last = page.parts[-1].part_number if page.parts else asked.part_number_marker
    nodes: list[xml.Node] = [
        ("PartsCount", str(version.part_count)),
        ("PartNumberMarker", str(asked.part_number_marker)),
        ("NextPartNumberMarker", str(last)),
        ("MaxParts", str(max_parts)),
        ("IsTruncated", boolean(page.is_truncated)),
    ]
    for part in page.parts:
        content = [("PartNumber", str(part.part_number)), ("Size", str(part.length))]
        nodes.append(("Part", [*content, *part_checksum_nodes(part.digests, plan)]))
    return nodes


def kept_plan(version: FileVersion) -> ChecksumPlan | None:
    """How the checksum of a finished object was made."""
    checksum = version.attributes.get("checksum")
    return None if not checksum else ChecksumPlan(checksum["algorithm"], type_of(checksum))
