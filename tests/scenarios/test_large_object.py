"""Bodies stream: an object of 2 GiB goes in and out, and no process grows with it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config

from support.processes import descendants, resident_bytes
from support.site import RunningSite, running_site

SIZE = 2 * 2**30
PIECE = random.Random(7).randbytes(2**20)
GROWTH_LIMIT = 64 * 2**20
PATIENCE = httpx.Timeout(120)


class Watch:
    """The most that each process of the site has grown since the watch began."""

    def __init__(self, site: RunningSite) -> None:
        assert site.process is not None
        self._before = {pid: resident_bytes(pid) for pid in descendants(site.process.pid)}
        self.growth = dict.fromkeys(self._before, 0)

    def look(self) -> None:
        for pid, before in self._before.items():
            self.growth[pid] = max(self.growth[pid], resident_bytes(pid) - before)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with running_site(tmp_path_factory.mktemp("large")) as started:
        yield started


@pytest.mark.timeout(300)
def test_object_of_2_gib_streams_in_and_out_in_bounded_memory(site: RunningSite) -> None:
    key = site.calotype_json("keys", "create", "--name", "large")
    client = boto3.client(
        "s3",
        endpoint_url=site.origin,
        aws_access_key_id=key["keyId"],
        aws_secret_access_key=key["applicationKey"],
        region_name="us-east-1",
        config=Config(signature_version="s3v4", request_checksum_calculation="when_required"),
    )
    place = {"Bucket": "photos", "Key": "large.bin"}
    sent = hashlib.sha1()
    watch = Watch(site)

    def body() -> Iterator[bytes]:
        for number in range(SIZE // len(PIECE)):
            piece = number.to_bytes(8, "big") + PIECE[8:]
            sent.update(piece)
            if number % 64 == 0:
                watch.look()
            yield piece

    url = client.generate_presigned_url("put_object", Params=place, ExpiresIn=3600)
    answer = httpx.put(url, content=body(), headers={"content-length": str(SIZE)}, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    for url in (client.generate_presigned_url("get_object", Params=place, ExpiresIn=3600), f"{site.edge}/large.bin"):
        assert sha1_of(url, watch) == sent.hexdigest()
    assert max(watch.growth.values()) < GROWTH_LIMIT, watch.growth
    assert not stored_at_the_edge(site.data / "edge" / "cache")  # larger than what an edge keeps


def sha1_of(url: str, watch: Watch) -> str:
    received = hashlib.sha1()
    with httpx.stream("GET", url, timeout=PATIENCE) as answer:
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) == SIZE
        for number, chunk in enumerate(answer.iter_raw(2**20)):
            received.update(chunk)
            if number % 64 == 0:
                watch.look()
    return received.hexdigest()


def stored_at_the_edge(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.stat().st_size > 2**20)
