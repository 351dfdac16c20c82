"""What a B2 client changes is seen at the edge: a large file, a copy over it, a hide marker, and what was below it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from b2sdk.v3 import (
    SSE_B2_AES,
    B2Api,
    Bucket,
    CopySource,
    EncryptionAlgorithm,
    EncryptionKey,
    EncryptionMode,
    EncryptionSetting,
    InMemoryAccountInfo,
    UploadSourceBytes,
)

from calotype.site.folder import load_credentials
from support.site import RunningSite, running_site

MEGABYTE = 1_000_000
SEEN_WITHIN_S = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def bucket(site: RunningSite) -> Iterator[Bucket]:
    owner = load_credentials(site.data).owner
    assert owner is not None
    api = B2Api(InMemoryAccountInfo())
    api.authorize_account(application_key_id=owner.key_id, application_key=owner.application_key, realm=site.origin)
    yield api.get_bucket_by_name("photos")
    api.session.raw_api.b2_http.session.close()


def wait_until_seen(site: RunningSite, path: str, content: bytes | None) -> None:
    """Until a viewer gets the content at the edge; None: until it is gone."""
    until = time.monotonic() + SEEN_WITHIN_S
    while True:
        answer = site.get(path)
        found = answer.content if answer.status_code == 200 else None
        if found == content:
            return
        assert time.monotonic() < until, (answer.status_code, len(answer.content))
        time.sleep(0.05)


def test_every_change_by_a_b2_client_is_seen_at_the_edge(site: RunningSite, bucket: Bucket) -> None:
    first = bytes(range(250)) * 24_000  # 6 MB
    source = bucket.upload_bytes(first, "films/source.bin")
    wait_until_seen(site, "/films/source.bin", first)

    # a large file takes the place of a small one
    bucket.upload_bytes(b"small", "films/film.bin")
    wait_until_seen(site, "/films/film.bin", b"small")
    large = bucket.concatenate(
        [CopySource(source.id_, offset=0, length=len(first)), UploadSourceBytes(b"the end")], "films/film.bin"
    )
    wait_until_seen(site, "/films/film.bin", first + b"the end")

    # ranges over the seam of its parts, from the edge's copy
    part = site.get("/films/film.bin", headers={"range": f"bytes={len(first) - 3}-{len(first) + 2}"})
    assert (part.status_code, part.content) == (206, first[-3:] + b"the")
    assert part.headers["cf-cache-status"] == "HIT"

    # a copy on the server over it
    bucket.copy(source.id_, "films/film.bin", offset=10, length=20)
    wait_until_seen(site, "/films/film.bin", first[10:30])

    # hidden, and what is below comes back
    bucket.hide_file("films/film.bin")
    wait_until_seen(site, "/films/film.bin", None)
    bucket.unhide_file("films/film.bin")
    wait_until_seen(site, "/films/film.bin", first[10:30])

    # a version deleted: the one below shows
    newest = next(bucket.list_file_versions("films/film.bin"))
    newest.delete()
    wait_until_seen(site, "/films/film.bin", first + b"the end")
    assert next(bucket.list_file_versions("films/film.bin")).id_ == large.id_


def test_an_encrypted_file_is_served_in_clear_and_one_with_a_customers_key_is_not(
    site: RunningSite, bucket: Bucket
) -> None:
    bucket.upload_bytes(b"by the origin's key", "sealed/a.txt", encryption=SSE_B2_AES)
    wait_until_seen(site, "/sealed/a.txt", b"by the origin's key")
    key = EncryptionKey(secret=b"k" * 32, key_id="mine")
    by_customer = EncryptionSetting(EncryptionMode.SSE_C, EncryptionAlgorithm.AES256, key)
    bucket.upload_bytes(b"by a customer's key", "sealed/b.txt", encryption=by_customer)
    refused = httpx.get(f"{site.edge}/sealed/b.txt")
    assert refused.status_code == 400
    assert b"by a customer's key" not in refused.content
