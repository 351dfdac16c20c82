"""Who asks: an application key with its restrictions, whatever protocol it was presented in, or nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class GrantedKey(Protocol):
    """What of an application key decides what it allows."""

    @property
    def account_id(self) -> str: ...
    @property
    def key_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> frozenset[str]: ...
    @property
    def bucket_ids(self) -> frozenset[str] | None: ...
    @property
    def name_prefix(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Principal:
    """None in `bucket_ids` is any bucket of the account, None in `name_prefix` any name."""

    account_id: str
    key_id: str
    capabilities: frozenset[str]
    bucket_ids: frozenset[str] | None = None
    name_prefix: str | None = None
    key_name: str = ""

    @classmethod
    def of(cls, key: GrantedKey) -> Principal:
        return cls(key.account_id, key.key_id, key.capabilities, key.bucket_ids, key.name_prefix, key.name)

    @property
    def is_anonymous(self) -> bool:
        return not self.key_id


ANONYMOUS = Principal(account_id="", key_id="", capabilities=frozenset())
