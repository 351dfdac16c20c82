"""b2_authorize_account, b2_create_key, b2_list_keys, b2_delete_key (b2.md §1.2, §1.5)."""

from __future__ import annotations

from calotype.auth.capabilities import ALL_CAPABILITIES, BUCKET_KEY_CAPABILITIES
from calotype.auth.principal import Principal
from calotype.b2 import names
from calotype.b2.account_objects import can_be_told, key_object
from calotype.b2.call import Call
from calotype.b2.credentials import Grant
from calotype.b2.errors import BadRequest, OutOfRange, Unsupported
from calotype.b2.json import (
    AccountAuthorization,
    Allowed,
    AllowedBucket,
    ApiInfo,
    KeyList,
    KeyObject,
    StorageApi,
)
from calotype.b2.operations import AuthorizeAccount, CreateKey, DeleteKey, ListKeys
from calotype.store.errors import NoSuchApplicationKey, NoSuchBucket
from calotype.store.ids import master_key_id, new_key_id
from calotype.store.model import ApplicationKey

LONGEST_VALIDITY_S = 1000 * 86_400
DEFAULT_KEY_COUNT = 100
MOST_KEYS = 10_000
FIRST_KEY_INDEX = 1  # 0 is the master key's


async def authorize_account(call: Call, _: AuthorizeAccount) -> AccountAuthorization:
    """A new account token for the key in the Basic header, and where to go on with it."""
    key = await call.credentials.key_of_basic(call.request.headers.get("authorization"), call.now_ms)
    call.grant = Grant(Principal.of(key))
    call.begin()
    if not can_be_told(key, call.version):
        raise Unsupported
    settings = call.settings
    token = await call.credentials.account_token(key, call.now_ms, settings.account_token_lifetime_s)
    storage = StorageApi(
        api_url=call.api_url,
        download_url=settings.download_url or call.api_url,
        s3_api_url=settings.s3_url or call.api_url,
        recommended_part_size=settings.recommended_part_size_bytes,
        absolute_minimum_part_size=settings.absolute_minimum_part_size_bytes,
        allowed=Allowed(
            buckets=await allowed_buckets(call, key),
            capabilities=sorted(key.capabilities),
            name_prefix=key.name_prefix,
        ),
    )
    return AccountAuthorization(
        account_id=key.account_id,
        application_key_expiration_timestamp=key.expires_at_ms,
        authorization_token=token,
        api_info=ApiInfo(storage),
    )


async def allowed_buckets(call: Call, key: ApplicationKey) -> list[AllowedBucket] | None:
    """The buckets that the key is limited to, or None for all; a deleted one has no name any more."""
    if key.bucket_ids is None:
        return None
    return [AllowedBucket(bucket_id, await name_of(call, bucket_id)) for bucket_id in sorted(key.bucket_ids)]


async def name_of(call: Call, bucket_id: str) -> str | None:
    try:
        return (await call.store.bucket_by_id(bucket_id)).name
    except NoSuchBucket:
        return None


async def create_key(call: Call, asked: CreateKey) -> KeyObject:
    """The new key; this answer alone has the secret. Whoever may write keys may make stronger ones (b2.md §1.5)."""
    call.own_account(asked.account_id)
    call.allow("writeKeys")
    bucket_ids = wanted_buckets(asked)
    check_capabilities(asked.capabilities, is_limited=bucket_ids is not None)
    if asked.name_prefix and bucket_ids is None:
        raise BadRequest("namePrefix may only be set together with a bucket")
    for bucket_id in bucket_ids or ():
        await call.bucket(bucket_id)
    key = await call.store.create_key(
        call.account_id,
        names.key_name(asked.key_name),
        frozenset(asked.capabilities),
        bucket_ids=bucket_ids,
        name_prefix=names.name_prefix(asked.name_prefix) if asked.name_prefix else None,
        valid_ms=validity_ms(asked.valid_duration_in_seconds),
    )
    return key_object(key, call.version, with_secret=True)


def wanted_buckets(asked: CreateKey) -> frozenset[str] | None:
    """The buckets to limit the key to. Either field counts in every version: one ignored would lift the limit."""
    if asked.bucket_ids is not None:
        if not asked.bucket_ids:
            raise BadRequest("bucketIds must not be empty; leave it out for a key without limits")
        return frozenset(asked.bucket_ids)
    return None if asked.bucket_id is None else frozenset({asked.bucket_id})


def check_capabilities(capabilities: list[str], *, is_limited: bool) -> None:
    if not capabilities:
        raise BadRequest("capabilities must not be empty")
    unknown = sorted(set(capabilities) - ALL_CAPABILITIES)
    if unknown:
        raise BadRequest(f"Not a valid capability: {', '.join(unknown)}")
    too_wide = sorted(set(capabilities) - BUCKET_KEY_CAPABILITIES)
    if is_limited and too_wide:
        raise BadRequest(f"Not allowed in a key limited to buckets: {', '.join(too_wide)}")


def validity_ms(seconds: int | None) -> int | None:
    if seconds is None:
        return None
    if not 0 < seconds < LONGEST_VALIDITY_S:
        raise BadRequest(f"validDurationInSeconds must be over 0 and under {LONGEST_VALIDITY_S}, not {seconds}")
    return seconds * 1000


async def list_keys(call: Call, asked: ListKeys) -> KeyList:
    """Keys by id from `startApplicationKeyId` on, inclusive; the master key is none of them."""
    call.own_account(asked.account_id)
    call.allow("listKeys")
    count = DEFAULT_KEY_COUNT if asked.max_key_count is None else asked.max_key_count
    if not 0 < count <= MOST_KEYS:
        raise OutOfRange(f"maxKeyCount must be 1 to {MOST_KEYS}, not {count}")
    call.charge_listing(count)
    start = max(asked.start_application_key_id or "", new_key_id(call.account_id, FIRST_KEY_INDEX))
    found = await call.store.list_keys(call.account_id, start, limit=count + 1)
    page, following = found[:count], found[count:]
    return KeyList(
        keys=[key_object(key, call.version) for key in page if can_be_told(key, call.version)],
        next_application_key_id=following[0].key_id if following else None,
    )


async def delete_key(call: Call, asked: DeleteKey) -> KeyObject:
    """The key that is gone now, and every token made from it. The master key cannot go."""
    call.allow("deleteKeys")
    unknown = BadRequest(f"application key does not exist: {asked.application_key_id}")
    try:
        key = await call.store.key(asked.application_key_id)
        is_master = key.key_id == master_key_id(call.account_id)
        if key.account_id != call.account_id or is_master or not can_be_told(key, call.version):
            raise unknown
        await call.store.delete_key(call.account_id, key.key_id)
    except NoSuchApplicationKey as exc:
        raise unknown from exc
    return key_object(key, call.version)
