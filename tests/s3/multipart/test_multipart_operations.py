"""What a request on a multipart upload, or for the attributes of an object, must look like."""

from __future__ import annotations

import pytest

from calotype.http.message import Headers
from calotype.s3 import errors, operations
from calotype.s3.multipart.multipart_operations import CreateMultipartUpload
from calotype.s3.objects.checksum_plan import ChecksumPlan, ChecksumType
from calotype.s3.operation import Operation
from calotype.s3.request import S3Request


def upload_part(*query: tuple[str, str], headers: tuple[tuple[str, str], ...] = ()) -> Operation:
    return operations.parse(S3Request("PUT", "photos", b"a", (("uploadId", "u"), *query), Headers(headers)))


@pytest.mark.parametrize("number", ["0", "10001", "-1", "1.5", "", "one", "١", "1" * 30])
def test_a_part_number_is_1_to_10000(number: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        upload_part(("partNumber", number))
    assert caught.value.details == {"ArgumentName": "partNumber", "ArgumentValue": number}
    with pytest.raises(errors.InvalidArgument):
        operations.parse(S3Request("GET", "photos", b"a", (("partNumber", number),)))


def test_a_part_has_a_number() -> None:
    with pytest.raises(errors.InvalidArgument):
        upload_part()


@pytest.mark.parametrize(
    "text",
    [
        "0-4",
        "bytes=0",
        "bytes=hello-world",
        "bytes=0-",
        "bytes=-5",
        "bytes=4-3",
        "bytes=0-1,3-4",
        "bytes= 0-1",
        "items=0-1",
        "bytes=0-" + "9" * 20,
    ],
)
def test_the_range_of_a_copied_part_has_both_ends_and_nothing_else(text: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        upload_part(("partNumber", "1"), headers=(("x-amz-copy-source", "b/k"), ("x-amz-copy-source-range", text)))
    assert caught.value.details["ArgumentName"] == "x-amz-copy-source-range"


PART = b"<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<CompleteMultipartUpload/>",  # an empty list of parts
        b"<Complete>" + PART + b"</Complete>",
        b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
        b"<CompleteMultipartUpload><Part><ETag>e</ETag></Part></CompleteMultipartUpload>",
        b"<CompleteMultipartUpload><Part><PartNumber>x</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>",
        b"<CompleteMultipartUpload>" + PART * 10_001 + b"</CompleteMultipartUpload>",
        b"<CompleteMultipartUpload>" + PART,
    ],
)
def test_a_bad_list_of_parts_is_malformed_xml(body: bytes) -> None:
    with pytest.raises(errors.MalformedXML):
        operations.parse(S3Request("POST", "photos", b"a", (("uploadId", "u"),), body=body))


@pytest.mark.parametrize(
    "headers",
    [
        [("x-amz-checksum-algorithm", "MD4")],
        [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "PARTIAL")],
        [("x-amz-checksum-type", "COMPOSITE")],
        # No CRC, so the whole object's cannot be told from the parts'.
        [("x-amz-checksum-algorithm", "SHA256"), ("x-amz-checksum-type", "FULL_OBJECT")],
        [("x-amz-checksum-algorithm", "SHA1"), ("x-amz-checksum-type", "FULL_OBJECT")],
        # S3 has it for whole objects alone.
        [("x-amz-checksum-algorithm", "CRC64NVME"), ("x-amz-checksum-type", "COMPOSITE")],
    ],
)
def test_a_checksum_that_an_upload_cannot_have_is_an_invalid_request(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(errors.InvalidRequest):
        operations.parse(S3Request("POST", "photos", b"a", (("uploads", ""),), Headers(headers)))


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("crc32", "COMPOSITE"), ("SHA256", "COMPOSITE"), ("CRC64NVME", "FULL_OBJECT")]
)
def test_a_checksum_algorithm_has_its_usual_type(algorithm: str, kind: str) -> None:
    headers = Headers([("x-amz-checksum-algorithm", algorithm)])
    operation = operations.parse(S3Request("POST", "photos", b"a", (("uploads", ""),), headers))
    assert isinstance(operation, CreateMultipartUpload)
    assert operation.checksum == ChecksumPlan(algorithm.upper(), ChecksumType(kind))


@pytest.mark.parametrize("text", ["", "Size", "ETag,Size"])
def test_an_unknown_attribute_of_an_object_is_an_invalid_argument(text: str) -> None:
    headers = Headers([("x-amz-object-attributes", text)])
    with pytest.raises(errors.InvalidArgument):
        operations.parse(S3Request("GET", "photos", b"a", (("attributes", ""),), headers))
