"""The answers' JSON shapes (b2.md §1.2 to §1.9): written by the server, read by the client.

A field that a version of the API does not have is UNSET and stays out of the JSON; a field that is null is null.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from calotype.b2.errors import JSON_HEADERS
from calotype.http.message import Headers, Response

LARGEST_INT32 = 2_147_483_647
"""ShareX reads `minimumPartSize` into 32 bits, and ends the upload when it does not fit."""


class Shape(Struct, frozen=True, kw_only=True, rename="camel"):
    """An object of an answer."""


class Guarded(Shape, frozen=True):
    """A setting that the caller may read or not; a value that may not be read is null."""

    is_client_authorized_to_read: bool
    value: Any = None


class BucketObject(Shape, frozen=True, kw_only=True):
    account_id: str
    bucket_id: str
    bucket_name: str
    bucket_type: str
    bucket_info: dict[str, str]
    cors_rules: list[dict[str, Any]]
    lifecycle_rules: list[dict[str, Any]]
    options: list[str]
    revision: int
    default_server_side_encryption: Guarded
    file_lock_configuration: Guarded
    replication_configuration: Guarded


class BucketList(Shape, frozen=True):
    buckets: list[BucketObject]


class KeyObject(Shape, frozen=True, kw_only=True):
    """`application_key`, the secret, is in the answer of b2_create_key only."""

    key_name: str
    application_key_id: str
    application_key: str | UnsetType = UNSET
    capabilities: list[str]
    account_id: str
    expiration_timestamp: int | None
    bucket_ids: list[str] | UnsetType | None = UNSET
    bucket_id: str | UnsetType | None = UNSET
    name_prefix: str | None
    options: list[str]


class KeyList(Shape, frozen=True):
    keys: list[KeyObject]
    next_application_key_id: str | None = None


class FileObject(Shape, frozen=True, kw_only=True):
    """A file version, or the folder that stands for several in a listing."""

    action: str
    account_id: str
    bucket_id: str
    file_id: str | None
    file_name: str
    content_length: int
    size: int | UnsetType = UNSET  # version 1 only
    content_sha1: str | None
    content_md5: str | None
    content_type: str | None
    file_info: dict[str, str]
    file_retention: Guarded | UnsetType = UNSET
    legal_hold: Guarded | UnsetType = UNSET
    server_side_encryption: dict[str, str | None] | UnsetType = UNSET
    replication_status: str | UnsetType = UNSET
    upload_timestamp: int


class FileNameList(Shape, frozen=True):
    files: list[FileObject]
    next_file_name: str | None = None


class FileVersionList(Shape, frozen=True):
    files: list[FileObject]
    next_file_name: str | None = None
    next_file_id: str | None = None


class UploadUrl(Shape, frozen=True):
    bucket_id: str
    upload_url: str
    authorization_token: str


class UploadPartUrl(Shape, frozen=True):
    file_id: str
    upload_url: str
    authorization_token: str


class PartObject(Shape, frozen=True, kw_only=True):
    """A part of a large file that is not finished yet."""

    file_id: str
    part_number: int
    content_length: int
    content_sha1: str
    content_md5: str | None
    server_side_encryption: dict[str, str | None]
    upload_timestamp: int


class PartList(Shape, frozen=True):
    parts: list[PartObject]
    next_part_number: int | None = None


class UnfinishedFileList(Shape, frozen=True):
    files: list[FileObject]
    next_file_id: str | None = None


class CancelledFile(Shape, frozen=True):
    file_id: str
    account_id: str
    bucket_id: str
    file_name: str


class UpdatedRetention(Shape, frozen=True):
    file_id: str
    file_name: str
    file_retention: dict[str, Any]


class UpdatedLegalHold(Shape, frozen=True):
    file_id: str
    file_name: str
    legal_hold: str


class DeletedVersion(Shape, frozen=True):
    file_id: str
    file_name: str


class DownloadAuthorization(Shape, frozen=True):
    bucket_id: str
    file_name_prefix: str
    authorization_token: str


class AllowedBucket(Shape, frozen=True):
    """`name` is null when the bucket is gone."""

    id: str
    name: str | None


class Allowed(Shape, frozen=True, kw_only=True):
    buckets: list[AllowedBucket] | None
    capabilities: list[str]
    name_prefix: str | None


class StorageApi(Shape, frozen=True, kw_only=True):
    api_url: str
    download_url: str
    s3_api_url: str
    recommended_part_size: int
    absolute_minimum_part_size: int
    allowed: Allowed


class ApiInfo(Shape, frozen=True):
    storage_api: StorageApi


class AccountAuthorization(Shape, frozen=True, kw_only=True):
    """The answer of b2_authorize_account in version 4; `authorization_answer` makes the older ones of it."""

    account_id: str
    application_key_expiration_timestamp: int | None
    authorization_token: str
    api_info: ApiInfo


def authorization_answer(account: AccountAuthorization, version: int) -> Any:
    """The answer in the shape of the version (b2.md §1.2): flat in 1 and 2, nested in 3, with buckets in 4.

    Before version 4 the answer names one bucket: a key for several is refused before it comes here.
    """
    if version >= 4:
        return account
    api = account.api_info.storage_api
    limits = {
        "capabilities": api.allowed.capabilities,
        "namePrefix": api.allowed.name_prefix,
        "bucketId": api.allowed.buckets[0].id if api.allowed.buckets else None,
        "bucketName": api.allowed.buckets[0].name if api.allowed.buckets else None,
    }
    addresses = {
        "apiUrl": api.api_url,
        "downloadUrl": api.download_url,
        "s3ApiUrl": api.s3_api_url,
        "recommendedPartSize": api.recommended_part_size,
        "absoluteMinimumPartSize": api.absolute_minimum_part_size,
    }
    answer: dict[str, Any] = {
        "accountId": account.account_id,
        "authorizationToken": account.authorization_token,
    }
    if version == 3:
        answer["applicationKeyExpirationTimestamp"] = account.application_key_expiration_timestamp
        answer["apiInfo"] = {"storageApi": {**addresses, **limits, "infoType": "storageApi"}}
        return answer
    answer |= {**addresses, "allowed": limits}
    if version == 1:
        answer["minimumPartSize"] = min(api.recommended_part_size, LARGEST_INT32)
    return answer


def json_response(content: Any) -> Response:
    """A success: always 200, never cached (b2.md §0)."""
    return Response(200, Headers(JSON_HEADERS), msgspec.json.encode(content))
