"""The main job, end to end, as users do it: a real picture in by each client, out through the edge, unchanged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from calotype.site.folder import load_credentials
from scenarios.viewers import watch
from support.photographs import photograph
from support.site import RunningSite, running_site

BUCKET = "photos"
VIEWERS = 500
SEEN_WITHIN_S = 1.0
B2 = str(Path(sys.executable).with_name("b2"))

Put = Callable[[RunningSite, Path, str], None]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with running_site(tmp_path_factory.mktemp("site")) as started:
        yield started


@pytest.fixture(scope="module")
def key(site: RunningSite) -> dict[str, str]:
    made: dict[str, str] = site.calotype_json("keys", "create", "--name", "scenario")
    assert set(made) == {"keyId", "applicationKey"}
    return made


def put_with_cli(site: RunningSite, picture: Path, name: str) -> None:
    site.calotype("upload", str(picture), "--name", name)


def put_with_boto3(site: RunningSite, picture: Path, name: str) -> None:
    s3_client(site).put_object(Bucket=BUCKET, Key=name, Body=picture.read_bytes(), ContentType="image/png")


def put_with_b2(site: RunningSite, picture: Path, name: str) -> None:
    run_b2(site, "file", "upload", "--no-progress", BUCKET, str(picture), name)


PUTS = {"the CLI": put_with_cli, "boto3": put_with_boto3, "the b2 CLI": put_with_b2}


def s3_client(site: RunningSite) -> Any:
    key = site_key(site)
    return boto3.client(
        "s3",
        endpoint_url=site.origin,
        aws_access_key_id=key["keyId"],
        aws_secret_access_key=key["applicationKey"],
        region_name="us-east-1",
    )


def run_b2(site: RunningSite, *arguments: str) -> str:
    key = site_key(site)
    environment = {
        **site.environment,
        "B2_ENVIRONMENT": site.origin,
        "B2_APPLICATION_KEY_ID": key["keyId"],
        "B2_APPLICATION_KEY": key["applicationKey"],
        "B2_ACCOUNT_INFO": str(site.folder / "b2-account-info"),
    }
    done = subprocess.run([B2, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


_keys: dict[Path, dict[str, str]] = {}


def site_key(site: RunningSite) -> dict[str, str]:
    """One key of the site's bucket for all clients that are not ours."""
    if site.folder not in _keys:
        _keys[site.folder] = site.calotype_json("keys", "create", "--name", "clients")
    return _keys[site.folder]


def origin_reads(site: RunningSite) -> int:
    """Downloads that the origin's ledger has counted, whatever the protocol."""
    rows = ledger(site)
    reads = {"b2_download_file_by_name", "b2_download_file_by_id", "GetObject", "HeadObject"}
    return sum(row["count"] for row in rows if row["operation"] in reads)


def wait_for_purges(site: RunningSite) -> None:
    """Until the origin's outbox is empty: a fetch that a purge overtakes is delivered and not stored."""
    deadline = time.monotonic() + SEEN_WITHIN_S
    while admin(site, "outbox?after=0")["rows"]:
        assert time.monotonic() < deadline, "the edge has not been purged within a second"
        time.sleep(0.01)


def ledger(site: RunningSite) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = admin(site, "ledger")["rows"]
    return rows


def admin(site: RunningSite, call: str) -> Any:
    """The origin's answer to a call of our own admin API."""
    owner = load_credentials(site.data).owner
    assert owner is not None
    answer = httpx.get(f"{site.origin}/calotype/v1/{call}", auth=(owner.key_id, owner.application_key))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("client", PUTS)
def test_picture_comes_out_of_the_edge_as_it_went_in(site: RunningSite, client: str) -> None:
    picture = photograph("coffee.png")
    name = f"in/{client.replace(' ', '-')}.png"
    PUTS[client](site, picture, name)
    wait_for_purges(site)
    first, second = site.get(f"/{name}"), site.get(f"/{name}")
    for answer in (first, second):
        assert answer.status_code == 200, answer.text
        assert answer.content == picture.read_bytes()
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "max-age=600"
        assert not [header for header in answer.headers if header.startswith(("x-bz-", "x-amz-"))]
    # The CLI looks before it prints the link: that fills the edge, unless the purge of the new name came later.
    assert first.headers["cf-cache-status"] in (("MISS", "HIT") if client == "the CLI" else ("MISS",))
    assert second.headers["cf-cache-status"] == "HIT"
    assert int(second.headers["age"]) >= 0


@pytest.mark.parametrize("client", PUTS)
def test_overwrite_is_seen_at_the_edge_within_a_second(site: RunningSite, client: str) -> None:
    name = f"over/{client.replace(' ', '-')}.png"
    before, after = photograph("chelsea.png"), photograph("rocket.jpg")
    PUTS[client](site, before, name)
    wait_for_purges(site)
    assert site.get(f"/{name}").content == before.read_bytes()
    assert site.get(f"/{name}").headers["cf-cache-status"] == "HIT"
    PUTS[client](site, after, name)
    deadline = time.monotonic() + SEEN_WITHIN_S
    while site.get(f"/{name}").content != after.read_bytes():
        assert time.monotonic() < deadline, "the edge still answers the former picture"
        time.sleep(0.02)


def test_one_read_of_the_origin_serves_every_viewer_before_and_after_a_restart(site: RunningSite) -> None:
    picture = photograph("hubble_deep_field.jpg")
    put_with_boto3(site, picture, "many/deep-field.jpg")
    wait_for_purges(site)
    reads = origin_reads(site)

    def everyone_sees_it(round_number: int) -> None:
        targets = [f"/many/deep-field.jpg?viewer={round_number}-{number}" for number in range(VIEWERS)]
        for seen in watch(site.edge, targets):
            assert seen.status == 200
            assert seen.body == picture.read_bytes()

    everyone_sees_it(1)
    assert origin_reads(site) == reads + 1
    assert site.get("/many/deep-field.jpg").headers["cf-cache-status"] == "HIT"  # the entry is on disk
    kill_edge_workers(site)
    everyone_sees_it(2)
    assert origin_reads(site) == reads + 1
    assert site.stop() == 0
    site.start()
    everyone_sees_it(3)
    assert origin_reads(site) == reads + 1


def kill_edge_workers(site: RunningSite) -> None:
    """`kill -9` for both workers, and a wait until the supervisor has started them again.

    Their listening socket is the supervisor's, so viewers who come meanwhile wait and are not refused.
    """
    assert site.process is not None
    workers = site.edge_workers()
    assert len(workers) == 2
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while len(set(site.edge_workers()) - set(workers)) < 2 or set(site.edge_workers()) & set(workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
