"""The master key of a site, made at its first start only: a new key could not open what an older one has sealed."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from calotype.edge.configuration import ConfigurationStore, ConfigurationUnreadable
from calotype.master_key import MasterKey
from calotype.store.sealed_secrets import has_sealed_secrets, require_key_of


def load_master_key(data: Path) -> MasterKey:
    """The key that opens the data folder, made when nothing is sealed yet. Raises MasterKeyError, WrongMasterKey."""
    origin = data / "origin"
    is_sealed = has_sealed_secrets(origin)
    key = MasterKey.load(may_make=not (is_sealed or _edge_has_secrets(data / "edge")))
    if is_sealed:
        with contextlib.suppress(sqlite3.Error):  # a damaged store says so when it is opened
            require_key_of(origin, key)
    return key


def _edge_has_secrets(folder: Path) -> bool:
    """Whether the edge keeps a key to sign its requests with."""
    try:
        ConfigurationStore(folder, MasterKey.random()).load()
    except ConfigurationUnreadable:
        return True
    return False
