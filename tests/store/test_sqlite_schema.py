"""Migrations: from any earlier version to the newest, whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from calotype.store.errors import UnknownSchema
from calotype.store.filesystem import LocalFileSystem
from calotype.store.listed_object import ListedObject, attributes_of_json
from calotype.store.model import Bucket, BucketType, Versioning
from calotype.store.sqlite_metadata import SqliteMetadata
from calotype.store.sqlite_schema import SCRIPTS, migrate
from calotype.store.sqlite_transaction import LISTED, SqliteTransaction


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:", isolation_level=None)
    yield made
    made.close()


def version_of(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def test_a_new_database_gets_every_migration_and_a_second_run_changes_nothing(connection: sqlite3.Connection) -> None:
    migrate(connection)
    assert version_of(connection) == len(SCRIPTS)
    schema = connection.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall()
    migrate(connection)
    assert connection.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall() == schema


def test_only_the_missing_migrations_run(connection: sqlite3.Connection) -> None:
    migrate(connection, ("CREATE TABLE one (a);",))
    connection.execute("INSERT INTO one VALUES (1)")
    migrate(connection, ("CREATE TABLE one (a);", "ALTER TABLE one ADD COLUMN b DEFAULT 2;"))
    assert connection.execute("SELECT a, b FROM one").fetchall() == [(1, 2)]
    assert version_of(connection) == 2


def test_a_migration_that_fails_leaves_the_version_before_it(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, ("CREATE TABLE one (a);", "CREATE TABLE two (a); CREATE TABLE two (a);"))
    assert version_of(connection) == 1
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("one",)]


def test_a_database_from_the_future_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(SCRIPTS) + 1}")
    connection.close()
    with pytest.raises(UnknownSchema, match="upgrade calotype"):
        SqliteMetadata.open(path, LocalFileSystem())


def test_every_table_and_unique_index_carries_the_account(connection: sqlite3.Connection) -> None:
    migrate(connection)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for table in tables:
        if table == "sqlite_sequence":
            continue
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        assert "account_id" in columns, table
        for _, index, is_unique, *_ in connection.execute(f"PRAGMA index_list({table})").fetchall():
            indexed = [row[2] for row in connection.execute(f"PRAGMA index_info({index})")]
            # The one exception: bucket names are unique over the whole store.
            assert "account_id" in indexed or not is_unique or table == "bucket_names", index


def test_what_listings_tell_of_versions_made_before_comes_out_of_their_details(connection: sqlite3.Connection) -> None:
    migrate(connection, SCRIPTS[:3])
    details = [
        '{"length":7,"content_type":"a/b","etag":"e","attributes":{"acl":"private","owner":"o","storage_class":"S"}}',
        '{"length":0,"content_type":"a/b"}',  # a hide marker has no ETag
        '{"length":1,"content_type":"a/b","etag":"f","attributes":{"checksum":{"algorithm":"CRC32","value":"x"}}}',
    ]
    for number, text in enumerate(details):
        place = ("acct", "bucket", b"%d" % number, 1, f"id {number}", "upload", 1, text.encode())
        connection.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", place)
    migrate(connection)
    bucket = Bucket("acct", "bucket", "name", BucketType.PRIVATE, Versioning.ENABLED, 0)
    transaction = SqliteTransaction(connection)
    listed = transaction.scan_listed(bucket, b"", None, 9)
    assert listed == [ListedObject.of(version) for version in transaction.scan_visible(bucket, b"", None, 9)]
    assert [(row.key, row.length, row.etag, attributes_of_json(row.attributes_json)) for row in listed] == [
        (b"0", 7, "e", {"owner": "o", "storage_class": "S"}),
        (b"1", 0, "", {}),
        (b"2", 1, "f", {"checksum": {"algorithm": "CRC32"}}),
    ]


def test_a_listing_of_names_reads_one_index_and_no_rows(connection: sqlite3.Connection) -> None:
    migrate(connection)
    values = ("acct", "bucket", b"", b"z", 9)
    [(*_, plan)] = connection.execute(f"EXPLAIN QUERY PLAN {LISTED}", values).fetchall()
    assert "USING COVERING INDEX visible" in plan


def test_what_buckets_held_before_usage_was_kept_is_counted_once(connection: sqlite3.Connection) -> None:
    migrate(connection, SCRIPTS[:1])
    rows = [(b"a", 1, 7), (b"a", 2, 5), (b"b", 1, 0)]
    for key, time, length in rows:
        details = f'{{"length":{length},"content_type":"image/png"}}'.encode()
        place = ("acct", "bucket", key, time, f"{key!r} {time}", "upload", 0, details)
        connection.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", place)
    migrate(connection)
    assert connection.execute("SELECT * FROM usage").fetchall() == [("acct", "bucket", 12, 3)]


def test_the_account_of_before_gets_an_email(connection: sqlite3.Connection) -> None:
    migrate(connection, SCRIPTS[:2])
    connection.execute("INSERT INTO accounts VALUES ('aabbccddeeff', 'default', 'canonical', 1000, 3)")
    migrate(connection)
    row = connection.execute("SELECT name, email, key_index FROM accounts").fetchone()
    assert row == ("default", "default@calotype.invalid", 3)
