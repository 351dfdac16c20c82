"""The secrets of a store that is not open: whether it has any, and how to do without them when their key is lost."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from calotype.master_key import CannotDecrypt, MasterKey
from calotype.store.errors import WrongMasterKey
from calotype.store.keyring import secret_context

_TABLES = ("secrets", "application_keys")  # all that the master key has sealed


def has_sealed_secrets(folder: Path) -> bool:
    """Whether something in the store of this folder (DATA/origin) opens with one master key only."""
    database = folder / "metadata.db"
    if not database.is_file():
        return False
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            return any(connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in _TABLES)
    except sqlite3.OperationalError:  # a start that was broken off before the tables were made
        return False
    except sqlite3.DatabaseError:  # damaged, which opening it will tell
        return True


def require_key_of(folder: Path, master_key: MasterKey) -> None:
    """Raises WrongMasterKey when the store's own secrets were sealed with another key."""
    with contextlib.closing(sqlite3.connect(folder / "metadata.db")) as connection:
        secrets = connection.execute("SELECT account_id, name, sealed FROM secrets").fetchall()
    for account_id, name, sealed in secrets:
        try:
            master_key.decrypt(sealed, secret_context(account_id, name))
        except CannotDecrypt as error:
            raise WrongMasterKey(master_key.hint) from error


def drop_sealed_secrets(folder: Path) -> None:
    """Removes the application keys and the token secret of a store that nobody has open; all else stays."""
    with contextlib.closing(sqlite3.connect(folder / "metadata.db")) as connection, connection:
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table}")
