"""Our client deletes all versions of a name, some of them locked, over a socket."""

import io
from collections.abc import Iterator

import pytest

from calotype.b2.client import B2Client
from calotype.b2.file_lock import FileRetention
from calotype.store.model import BucketSettings
from support.b2_origin import RunningB2Origin

UNTIL_MS = 4_000_000_000_000


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path_factory.mktemp("origin"))
    yield running
    running.stop()


@pytest.fixture
def b2(origin) -> Iterator[B2Client]:
    with B2Client(origin.address, origin.owner.key_id, origin.owner.secret, sleep=lambda seconds: None) as client:
        yield client


@pytest.fixture
def vault(origin, request) -> str:
    name = f"vault-{abs(hash(request.node.name)) % 10**12}"
    settings = BucketSettings(file_lock_enabled=True)
    return origin.run(origin.store.create_bucket(origin.account_id, name, settings=settings)).bucket_id


def put(b2, bucket_id, name, content=b"content", *, is_locked=False):
    file = b2.upload(bucket_id, name, io.BytesIO(content), length=len(content))
    if is_locked:
        b2.update_retention(name, file.file_id, FileRetention(mode="governance", retain_until_timestamp=UNTIL_MS))
    return file.file_id


def left(b2, bucket_id):
    return [(each.file_name, each.action) for each in b2.list_file_versions(bucket_id)]


def test_without_a_lock_everything_of_the_name_goes_and_nothing_else(b2, vault):
    for name in ("a", "a", "ab"):
        put(b2, vault, name)
    b2.hide(vault, "a")
    cleared = b2.delete_all_versions(vault, "a")
    assert (cleared.found, cleared.locked) == (3, [])
    assert left(b2, vault) == [("ab", "upload")]
    assert b2.delete_all_versions(vault, "a").found == 0


@pytest.mark.parametrize("hidden_before", [False, True])
@pytest.mark.parametrize("locked_at", [0, 1])
def test_a_locked_version_stays_and_is_out_of_sight(b2, vault, locked_at, hidden_before):
    """Neither does a marker go that hid it, nor does it come into view where a newer version goes."""
    ids = [put(b2, vault, "a", is_locked=index == locked_at) for index in range(2)]
    if hidden_before:
        b2.hide(vault, "a")
    cleared = b2.delete_all_versions(vault, "a")
    assert [each.file_id for each in cleared.locked] == [ids[locked_at]]
    assert left(b2, vault) == [("a", "hide"), ("a", "upload")]
    assert list(b2.list_file_names(vault)) == []
