"""The SQLite schema as a list of migrations; `user_version` says how many of them a database has seen.

A migration, once released, never changes: what follows goes into a new one. `scripts[n]` leads from version n to
n + 1, inside one transaction.
"""

from __future__ import annotations

import sqlite3

from calotype.store.errors import UnknownSchema

_FIRST = """
CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    canonical_user_id TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    key_index INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE secrets (
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account_id, name)
) WITHOUT ROWID;

CREATE TABLE buckets (
    account_id TEXT NOT NULL,
    bucket_id TEXT NOT NULL,
    name TEXT NOT NULL,
    details BLOB NOT NULL,
    PRIMARY KEY (account_id, bucket_id)
) WITHOUT ROWID;

-- Names are unique over the whole store, so this directory alone is not led by the account.
CREATE TABLE bucket_names (
    folded_name TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    bucket_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX bucket_names_by_id ON bucket_names (bucket_id);

-- Rows are appended; uploaded_at_ms is unique and increasing within a key.
CREATE TABLE versions (
    account_id TEXT NOT NULL,
    bucket_id TEXT NOT NULL,
    key BLOB NOT NULL,
    uploaded_at_ms INTEGER NOT NULL,
    version_id TEXT NOT NULL,
    action TEXT NOT NULL,
    is_latest INTEGER NOT NULL,
    details BLOB NOT NULL
);
CREATE UNIQUE INDEX versions_by_key ON versions (account_id, bucket_id, key, uploaded_at_ms DESC);
CREATE UNIQUE INDEX versions_by_id ON versions (account_id, version_id);
-- Listing names and finding the visible version read only this one: hidden keys are not in it.
CREATE UNIQUE INDEX latest_visible ON versions (account_id, bucket_id, key) WHERE is_latest = 1 AND action = 'upload';

CREATE TABLE blobs (
    account_id TEXT NOT NULL,
    blob_id TEXT NOT NULL,
    length INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    reference_count INTEGER NOT NULL
);
CREATE UNIQUE INDEX blobs_by_id ON blobs (blob_id, account_id);

CREATE TABLE application_keys (
    account_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    details BLOB NOT NULL,
    PRIMARY KEY (account_id, key_id)
) WITHOUT ROWID;

CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    bucket_name TEXT NOT NULL,
    key BLOB NOT NULL
);

CREATE TABLE ledger (
    day TEXT NOT NULL,
    account_id TEXT NOT NULL,
    bucket_name TEXT NOT NULL,
    operation TEXT NOT NULL,
    transaction_class TEXT NOT NULL,
    count INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    PRIMARY KEY (day, account_id, bucket_name, operation, transaction_class)
) WITHOUT ROWID;
"""

_LARGE_FILES = """
-- Large files in progress, in the order in which they were begun, and by key.
CREATE INDEX unfinished_by_id ON versions (account_id, bucket_id, version_id) WHERE action = 'start';
CREATE INDEX unfinished_by_key ON versions (account_id, bucket_id, key, version_id) WHERE action = 'start';

-- Parts stay when their file is finished, and hold its bytes from then on; `start` is their place in it.
CREATE TABLE parts (
    account_id TEXT NOT NULL,
    version_id TEXT NOT NULL,
    part_number INTEGER NOT NULL,
    length INTEGER NOT NULL,
    start INTEGER,
    uploaded_at_ms INTEGER NOT NULL,
    details BLOB NOT NULL,
    PRIMARY KEY (account_id, version_id, part_number)
) WITHOUT ROWID;
CREATE INDEX parts_by_start ON parts (account_id, version_id, start) WHERE start IS NOT NULL;

CREATE TABLE usage (
    account_id TEXT NOT NULL,
    bucket_id TEXT NOT NULL,
    stored_bytes INTEGER NOT NULL,
    versions INTEGER NOT NULL,
    PRIMARY KEY (account_id, bucket_id)
) WITHOUT ROWID;
INSERT INTO usage SELECT account_id, bucket_id, SUM(json_extract(CAST(details AS TEXT), '$.length')), COUNT(*)
    FROM versions GROUP BY account_id, bucket_id;

CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    bucket_id TEXT NOT NULL,
    rule_name TEXT NOT NULL,
    type TEXT NOT NULL,
    key BLOB NOT NULL,
    version_id TEXT NOT NULL,
    length INTEGER,
    at_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_ms INTEGER NOT NULL
);
CREATE INDEX events_by_rule ON events (bucket_id, rule_name, next_attempt_ms, sequence);

CREATE TABLE alerts (
    account_id TEXT NOT NULL,
    day TEXT NOT NULL,
    cap TEXT NOT NULL,
    percent INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, day, cap, percent)
) WITHOUT ROWID;
"""

_EMAILS = """
-- There was one account until now, named "default".
ALTER TABLE accounts ADD COLUMN email TEXT NOT NULL DEFAULT '';
UPDATE accounts SET email = name || '@calotype.invalid';
"""

_LISTED = """
-- What listings tell stands in columns, and in the index that a listing of names reads: it need not touch the rows.
ALTER TABLE versions ADD COLUMN length INTEGER NOT NULL DEFAULT 0;
ALTER TABLE versions ADD COLUMN etag TEXT NOT NULL DEFAULT '';
ALTER TABLE versions ADD COLUMN listed_attributes TEXT;
DROP INDEX latest_visible;
UPDATE versions SET
    length = json_extract(CAST(details AS TEXT), '$.length'),
    etag = IFNULL(json_extract(CAST(details AS TEXT), '$.etag'), ''),
    listed_attributes = NULLIF(json_patch('{}', json_object(
        'checksum', json_remove(json_extract(CAST(details AS TEXT), '$.attributes.checksum'), '$.value'),
        'owner', json_extract(CAST(details AS TEXT), '$.attributes.owner'),
        'storage_class', json_extract(CAST(details AS TEXT), '$.attributes.storage_class')
    )), '{}');

-- Hidden keys are not in it. That a key has but one visible version, a unique index could say only without the rest.
CREATE INDEX visible ON versions
    (account_id, bucket_id, key, uploaded_at_ms, length, etag, listed_attributes, is_latest, action)
    WHERE is_latest = 1 AND action = 'upload';
CREATE TRIGGER inserted_beside_a_visible_version BEFORE INSERT ON versions
    WHEN NEW.is_latest = 1 AND NEW.action = 'upload' AND EXISTS (
        SELECT 1 FROM versions INDEXED BY visible WHERE account_id = NEW.account_id AND bucket_id = NEW.bucket_id
            AND key = NEW.key AND is_latest = 1 AND action = 'upload'
    )
    BEGIN SELECT RAISE(ABORT, 'the key has a visible version'); END;
CREATE TRIGGER marked_beside_a_visible_version BEFORE UPDATE OF is_latest, action ON versions
    WHEN NEW.is_latest = 1 AND NEW.action = 'upload' AND EXISTS (
        SELECT 1 FROM versions INDEXED BY visible WHERE account_id = NEW.account_id AND bucket_id = NEW.bucket_id
            AND key = NEW.key AND is_latest = 1 AND action = 'upload' AND rowid <> NEW.rowid
    )
    BEGIN SELECT RAISE(ABORT, 'the key has a visible version'); END;
"""

SCRIPTS = (_FIRST, _LARGE_FILES, _EMAILS, _LISTED)


def migrate(connection: sqlite3.Connection, scripts: tuple[str, ...] = SCRIPTS) -> None:
    """Bring the database to the newest version; raises UnknownSchema when it is already beyond."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(scripts):
        raise UnknownSchema(version, len(scripts))
    for number, script in enumerate(scripts[version:], start=version + 1):
        _run_whole(connection, f"{script}\nPRAGMA user_version = {number};")


def _run_whole(connection: sqlite3.Connection, script: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
