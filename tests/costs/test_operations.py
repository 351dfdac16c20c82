"""Our counted calls in the classes of each provider."""

from __future__ import annotations

import pytest

from calotype.b2.operations import OPERATIONS as B2_OPERATIONS
from calotype.b2.transfers import DownloadFileById, DownloadFileByName, UploadFile
from calotype.costs.operations import FREE, S3_COUNTERPART, class_at, is_download
from calotype.costs.prices import price_list
from calotype.s3.operations import OPERATIONS as S3_OPERATIONS


def test_every_call_of_the_native_api_has_a_counterpart_or_is_known_to_have_none() -> None:
    calls = {*B2_OPERATIONS, DownloadFileById.call, DownloadFileByName.call, UploadFile.call}
    assert calls <= S3_COUNTERPART.keys()


def test_every_class_has_a_price_or_is_free() -> None:
    for provider in price_list().providers:
        for operation, transaction_class in [
            *((operation.name, operation.transaction_class) for operation in S3_OPERATIONS),
            *((name, call.transaction_class) for name, call in B2_OPERATIONS.items()),
        ]:
            name = class_at(provider.key, operation, transaction_class)
            assert name == FREE or name in provider.calls or (provider.key, name) == ("b2", "A")


@pytest.mark.parametrize(
    ("operation", "transaction_class", "s3", "r2"),
    [
        # named on R2's page: class A
        ("ListBuckets", "C", "put", "A"),
        ("ListObjectsV2", "C", "put", "A"),
        ("PutObject", "A", "put", "A"),
        ("PostObject", "A", "put", "A"),  # not there at R2, where it would be an upload
        ("CopyObject", "C", "put", "A"),
        ("CompleteMultipartUpload", "A", "put", "A"),
        ("CreateMultipartUpload", "A", "put", "A"),
        ("ListMultipartUploads", "C", "put", "A"),
        ("UploadPart", "A", "put", "A"),
        ("UploadPartCopy", "C", "put", "A"),
        ("ListParts", "C", "put", "A"),
        ("PutBucketCors", "C", "put", "A"),
        ("PutBucketEncryption", "C", "put", "A"),
        # class B
        ("HeadBucket", "C", "get", "B"),
        ("HeadObject", "B", "get", "B"),
        ("GetObject", "B", "get", "B"),
        ("GetBucketLocation", "C", "get", "B"),
        ("GetBucketCors", "C", "get", "B"),
        # free
        ("DeleteObject", "A", FREE, FREE),
        ("DeleteBucket", "A", FREE, FREE),
        ("AbortMultipartUpload", "A", FREE, FREE),
        ("DeleteObjects", "A", "put", FREE),  # a POST, which Amazon charges
        # the native API
        ("b2_upload_file", "A", "put", "A"),
        ("b2_download_file_by_name", "B", "get", "B"),
        ("b2_get_file_info", "B", "get", "B"),
        ("b2_list_file_names", "C", "put", "A"),
        ("b2_authorize_account", "C", FREE, FREE),
        ("b2_get_upload_url", "A", FREE, FREE),
        ("b2_hide_file", "A", FREE, FREE),
    ],
)
def test_classes_of_a_call(operation: str, transaction_class: str, s3: str, r2: str) -> None:
    assert class_at("b2", operation, transaction_class) == transaction_class
    assert class_at("s3", operation, transaction_class) == s3
    assert class_at("r2", operation, transaction_class) == r2


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("GetObject", True),
        ("b2_download_file_by_name", True),
        ("b2_download_file_by_id", True),
        ("HeadObject", False),
        ("b2_get_file_info", False),
    ],
)
def test_what_viewers_would_ask_of_the_store_themselves(operation: str, expected: bool) -> None:
    assert is_download(operation) is expected
