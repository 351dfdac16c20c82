"""A disk that is full to its reserve: uploads are refused in each protocol's own words, and everything else goes on."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from calotype.b2.client import B2Client
from calotype.b2.errors import StorageCapExceeded
from support.photographs import photograph
from support.site import RunningSite, make_site

PICTURE = photograph("chelsea.png")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site that was filled and then restarted with a reserve beyond any disk."""
    full = make_site(tmp_path_factory.mktemp("full"))
    full.start()
    full.calotype("upload", str(PICTURE), "--name", "kept.png")
    assert full.stop() == 0
    full.environment = {**full.environment, "CALOTYPE_ORIGIN_RESERVE": "900 TiB"}
    full.start()
    yield full
    assert full.stop() == 0


@pytest.fixture(scope="module")
def key(site: RunningSite) -> dict[str, str]:
    made: dict[str, str] = site.calotype_json("keys", "create", "--name", "full")
    return made


def names(site: RunningSite) -> list[str]:
    return [row["name"] for row in site.calotype_json("ls", "--recursive")]


def test_s3_refuses_the_upload_and_serves_what_it_has(site: RunningSite, key: dict[str, str]) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=site.origin,
        aws_access_key_id=key["keyId"],
        aws_secret_access_key=key["applicationKey"],
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as refused:
        client.put_object(Bucket="photos", Key="new.png", Body=PICTURE.read_bytes())
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    assert "disk is full" in refused.value.response["Error"]["Message"]
    assert client.get_object(Bucket="photos", Key="kept.png")["Body"].read() == PICTURE.read_bytes()
    assert names(site) == ["kept.png"]


def test_b2_refuses_the_upload_with_its_storage_cap(site: RunningSite, key: dict[str, str]) -> None:
    client = B2Client(site.origin, key["keyId"], key["applicationKey"])
    bucket = client.bucket("photos")
    assert bucket is not None
    with PICTURE.open("rb") as content, pytest.raises(StorageCapExceeded):
        client.upload(bucket.bucket_id, "new.png", content, length=PICTURE.stat().st_size)
    assert names(site) == ["kept.png"]


def test_the_command_says_that_the_disk_is_full_without_a_trace(site: RunningSite) -> None:
    refused = site.calotype("upload", str(PICTURE), check=False)
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
    assert "disk" in refused.stderr or "space" in refused.stderr


def test_viewers_and_deletions_go_on(site: RunningSite) -> None:
    assert site.get("/kept.png").content == PICTURE.read_bytes()
    site.calotype("rm", "kept.png")
    assert names(site) == []
