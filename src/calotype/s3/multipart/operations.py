"""The operations on multipart uploads, in the order of the manual."""

from __future__ import annotations

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

MULTIPART_OPERATIONS: tuple[type[Operation], ...] = (
    CreateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
    ListMultipartUploads,
)
