"""Application keys and tokens presented to the B2 API, turned into principals, and the tokens we give out.

Every token names the application key it comes from, which is looked up again at each use: deleting the key, or its
expiry, ends all of them at once (b2.md §2.3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from calotype.auth.basic import read_basic_credentials
from calotype.auth.principal import ANONYMOUS, Principal
from calotype.auth.tokens import EXPIRES_AT_MS, Claims, TokenExpired, TokenInvalid, kind_of, open_token, seal
from calotype.b2.errors import BadAuthToken, ExpiredAuthToken, Unauthorized
from calotype.store.errors import NoSuchApplicationKey
from calotype.store.ids import master_key_id
from calotype.store.model import ApplicationKey, Bucket
from calotype.store.store import Store

ACCOUNT_TOKEN = "acct"
UPLOAD_TOKEN = "upld"
PART_TOKEN = "uplg"
DOWNLOAD_TOKEN = "dnld"

# Names of claims are short, so that every token fits in 200 characters (b2.md §2.2).
KEY_ID, BUCKET_ID, FILE, PREFIX, OVERRIDES, NONCE = "k", "b", "f", "p", "o", "n"
NONCE_BYTES = 4

KEY_NEEDED = "An application key is needed: its id and the key itself in a Basic Authorization header"
WRONG_KEY = "The application key id or the application key is wrong"  # which of them, a guesser is not told
TOKEN_NEEDED = "An authorization token is needed in the Authorization header"

_ACCOUNT_ID = re.compile(r"[0-9a-f]{12}")

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Grant:
    """Who a token speaks for. `overrides` are those that a download with it must repeat; `bucket_id` is the one
    that an upload token is for, `file_mark` the large file that a token for parts is for."""

    principal: Principal
    overrides: Mapping[str, str] = field(default_factory=dict)
    bucket_id: str | None = None
    file_mark: str = ""

    def is_for_file(self, file_id: str) -> bool:
        return self.file_mark == mark_of_file(file_id)


NOBODY = Grant(ANONYMOUS)


class Credentials:
    """Reads and makes the tokens of one store."""

    def __init__(self, store: Store, random_bytes: RandomBytes) -> None:
        self._store = store
        self._random_bytes = random_bytes
        self._secret: bytes | None = None

    async def key_of_basic(self, authorization: str | None, now_ms: int) -> ApplicationKey:
        """The key whose id and secret stand in a Basic header; raises Unauthorized.

        An account id stands for the id of the account's master key, as in B2's beginnings (b2.md §2.2).
        """
        presented = read_basic_credentials(authorization)
        if presented is None:
            raise Unauthorized(KEY_NEEDED)
        key_id, secret = presented
        try:
            key = await self._store.key(master_key_id(key_id) if _ACCOUNT_ID.fullmatch(key_id) else key_id)
        except NoSuchApplicationKey as exc:
            raise Unauthorized(WRONG_KEY) from exc
        if not hmac.compare_digest(key.secret.encode(), secret.encode()):
            raise Unauthorized(WRONG_KEY)
        if is_expired(key, now_ms):
            raise Unauthorized("The application key has expired")
        return key

    async def account_token(self, key: ApplicationKey, now_ms: int, lifetime_s: int) -> str:
        claims = {KEY_ID: key.key_id, NONCE: self._random_bytes(NONCE_BYTES).hex()}
        return await self._seal(ACCOUNT_TOKEN, claims, key, now_ms, lifetime_s)

    async def upload_token(self, principal: Principal, bucket: Bucket, now_ms: int, lifetime_s: int) -> str:
        key = await self._living_key(principal.key_id, now_ms)
        claims = {KEY_ID: key.key_id, BUCKET_ID: bucket.bucket_id, NONCE: self._random_bytes(NONCE_BYTES).hex()}
        return await self._seal(UPLOAD_TOKEN, claims, key, now_ms, lifetime_s)

    async def part_token(self, principal: Principal, bucket: Bucket, file_id: str, now_ms: int, lifetime_s: int) -> str:
        key = await self._living_key(principal.key_id, now_ms)
        claims = {
            KEY_ID: key.key_id,
            BUCKET_ID: bucket.bucket_id,
            FILE: mark_of_file(file_id),
            NONCE: self._random_bytes(NONCE_BYTES).hex(),
        }
        return await self._seal(PART_TOKEN, claims, key, now_ms, lifetime_s)

    async def download_token(
        self,
        principal: Principal,
        bucket: Bucket,
        *,
        prefix: str,
        overrides: Mapping[str, str],
        now_ms: int,
        lifetime_s: int,
    ) -> str:
        key = await self._living_key(principal.key_id, now_ms)
        claims = {KEY_ID: key.key_id, BUCKET_ID: bucket.bucket_id, PREFIX: prefix, OVERRIDES: dict(overrides)}
        return await self._seal(DOWNLOAD_TOKEN, claims, key, now_ms, lifetime_s)

    async def account_grant(self, token: str | None, now_ms: int) -> Grant:
        """Who an account token speaks for; raises Unauthorized when there is none."""
        if not token:
            raise Unauthorized(TOKEN_NEEDED)
        claims = await self._open(ACCOUNT_TOKEN, token, now_ms)
        return Grant(Principal.of(await self._living_key(claims[KEY_ID], now_ms)))

    async def upload_grant(self, token: str | None, now_ms: int) -> Grant:
        if not token:
            raise Unauthorized(TOKEN_NEEDED)
        claims = await self._open(UPLOAD_TOKEN, token, now_ms)
        key = await self._living_key(claims[KEY_ID], now_ms)
        return Grant(Principal.of(key), bucket_id=claims[BUCKET_ID])

    async def part_grant(self, token: str | None, now_ms: int) -> Grant:
        if not token:
            raise Unauthorized(TOKEN_NEEDED)
        claims = await self._open(PART_TOKEN, token, now_ms)
        key = await self._living_key(claims[KEY_ID], now_ms)
        return Grant(Principal.of(key), bucket_id=claims[BUCKET_ID], file_mark=claims[FILE])

    async def download_grant(self, token: str | None, now_ms: int) -> Grant:
        """Who an account or download token speaks for; nobody without a token, since the file may be public."""
        if not token:
            return NOBODY
        if kind_of(token) != DOWNLOAD_TOKEN:
            return await self.account_grant(token, now_ms)
        claims = await self._open(DOWNLOAD_TOKEN, token, now_ms)
        key = await self._living_key(claims[KEY_ID], now_ms)
        reader = Principal(
            key.account_id, key.key_id, frozenset({"readFiles"}), frozenset({claims[BUCKET_ID]}), claims[PREFIX]
        )
        return Grant(reader, overrides=claims[OVERRIDES])

    async def _seal(
        self, kind: str, claims: Mapping[str, object], key: ApplicationKey, now_ms: int, lifetime_s: int
    ) -> str:
        """A token that ends with its key at the latest."""
        expires_at_ms = now_ms + lifetime_s * 1000
        if key.expires_at_ms is not None:
            expires_at_ms = min(expires_at_ms, key.expires_at_ms)
        return seal(kind, {**claims, EXPIRES_AT_MS: expires_at_ms}, await self._token_secret())

    async def _open(self, kind: str, token: str, now_ms: int) -> Claims:
        try:
            return open_token(kind, token, await self._token_secret(), now_ms)
        except TokenExpired as exc:
            raise ExpiredAuthToken from exc
        except TokenInvalid as exc:
            raise BadAuthToken from exc

    async def _token_secret(self) -> bytes:
        if self._secret is None:
            self._secret = await self._store.token_secret()
        return self._secret

    async def _living_key(self, key_id: str, now_ms: int) -> ApplicationKey:
        try:
            key = await self._store.key(key_id)
        except NoSuchApplicationKey as exc:
            raise BadAuthToken from exc
        if is_expired(key, now_ms):
            raise ExpiredAuthToken
        return key


def mark_of_file(file_id: str) -> str:
    """What a token carries in place of a file id, which is long: 96 bits of its SHA-256."""
    return base64.urlsafe_b64encode(hashlib.sha256(file_id.encode()).digest()[:12]).decode()


def is_expired(key: ApplicationKey, now_ms: int) -> bool:
    return key.expires_at_ms is not None and key.expires_at_ms <= now_ms
