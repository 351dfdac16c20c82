"""What the master key has sealed in a store that is not open: whether there is any, and how to do without it when the
key is lost."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from calotype.master_key import CannotDecrypt, MasterKey
from calotype.store.errors import WrongMasterKey
from calotype.store.keyring import secret_context
from calotype.store.model import EncryptionScheme
from calotype.store.sqlite_rows import BUCKET_COLUMNS, VERSION_COLUMNS, bucket_of, bucket_row, version_of

_TABLES = ("secrets", "application_keys")  # whose rows are nothing without the master key


@dataclass(frozen=True, slots=True)
class Lost:
    """What went with the former master key. `files` are still listed, but nobody can read them any more."""

    files: int
    notification_rules: int


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


def drop_sealed_secrets(folder: Path) -> Lost:
    """Removes the application keys, the token secret and the notification rules of a store that nobody has open.

    All else stays, also the files that are encrypted with the lost key (SSE-B2): it might be found again.
    """
    with contextlib.closing(sqlite3.connect(folder / "metadata.db")) as connection, connection:
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table}")
        return Lost(_files_encrypted_by_server(connection), _drop_notification_rules(connection))


def _files_encrypted_by_server(connection: sqlite3.Connection) -> int:
    """How many finished versions with content there are that the master key encrypts."""
    likely = f"SELECT {VERSION_COLUMNS} FROM versions WHERE action = 'upload' AND instr(details, ?) > 0"
    rows = connection.execute(likely, (EncryptionScheme.SERVER_KEY.value.encode(),))
    versions = (version_of(row) for row in rows)
    return sum(
        version.length > 0
        and version.encryption is not None
        and version.encryption.scheme is EncryptionScheme.SERVER_KEY
        for version in versions
    )


def _drop_notification_rules(connection: sqlite3.Connection) -> int:
    """Remove the rules, whose targets are sealed; how many there were."""
    count = 0
    for bucket in map(bucket_of, connection.execute(f"SELECT {BUCKET_COLUMNS} FROM buckets").fetchall()):
        rules = bucket.settings.notification_rules
        if rules:
            account_id, bucket_id, _, details = bucket_row(
                replace(bucket, settings=replace(bucket.settings, notification_rules=()))
            )
            statement = "UPDATE buckets SET details = ? WHERE account_id = ? AND bucket_id = ?"
            connection.execute(statement, (details, account_id, bucket_id))
            count += len(rules)
    return count
