"""Which function answers which operation on multipart uploads."""

from __future__ import annotations

from collections.abc import Mapping

from calotype.s3.call import Answer
from calotype.s3.multipart import multipart_calls
from calotype.s3.multipart.multipart_operations import (
    AbortMultipartUpload,
    CompleteMultipartUpload,
    CreateMultipartUpload,
    ListMultipartUploads,
    ListParts,
    UploadPart,
    UploadPartCopy,
)
from calotype.s3.operation import Operation

MULTIPART_ANSWERS: Mapping[type[Operation], Answer] = {
    CreateMultipartUpload: multipart_calls.create_multipart_upload,
    UploadPart: multipart_calls.upload_part,
    UploadPartCopy: multipart_calls.upload_part_copy,
    CompleteMultipartUpload: multipart_calls.complete_multipart_upload,
    AbortMultipartUpload: multipart_calls.abort_multipart_upload,
    ListParts: multipart_calls.list_parts,
    ListMultipartUploads: multipart_calls.list_multipart_uploads,
}
