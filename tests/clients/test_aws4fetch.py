"""aws4fetch, the small signer that Workers use, by tests/clients/javascript/aws4fetch.mjs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from support.javascript import Stories, running_program
from support.origin_program import OriginProgram

KEY = "2026/écran d'été +1 (a)!*~.txt"


@pytest.fixture(scope="module")
def aws4fetch(origin_program: OriginProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    owner = origin_program.owner
    folder = tmp_path_factory.mktemp("javascript")
    known = {"ADDRESS": origin_program.address, "KEY_ID": owner.key_id, "SECRET": owner.application_key}
    with running_program("aws4fetch.mjs", folder, **known) as stories:
        yield stories


@pytest.fixture(scope="module")
def bucket(origin_program: OriginProgram) -> str:
    origin_program.calotype_json("buckets", "create", "worker")
    return "worker"


def test_a_bucket_and_an_object_live_a_life(aws4fetch: Stories) -> None:
    told = aws4fetch("life", bucket="worker-life", key=KEY)
    assert told["statuses"] == {
        "made": 200,
        "put": 200,
        "unchanged": 304,
        "copied": 200,
        "deleted": 204,
        "copyDeleted": 204,
        "missing": 404,
        "bucketDeleted": 204,
    }
    assert told["got"] == ["a picture of nothing", "text/plain", "A  cat"]
    assert told["part"] == [206, "picture"]
    assert told["keys"] == [KEY]
    assert told["head"] == [200, "20"]
    assert told["code"] == "NoSuchKey"


def test_a_film_goes_in_by_parts(aws4fetch: Stories, bucket: str) -> None:
    sizes = [5 << 20, 5 << 20, 100]
    told = aws4fetch("parts", bucket=bucket, key=f"{KEY}.bin", sizes=sizes)
    assert "-3" in told["etag"]
    assert told["size"] == sum(sizes)


def test_links_work_without_the_key(aws4fetch: Stories, bucket: str) -> None:
    links = aws4fetch("links", bucket=bucket, key=KEY)
    assert httpx.put(links["put"], content=b"by link", headers={"content-type": "text/plain"}).status_code == 200
    got = httpx.get(links["get"])
    assert (got.text, got.headers["content-type"]) == ("by link", "text/plain")
    assert httpx.head(links["head"]).status_code == 200
    assert httpx.get(links["get"].replace("%20", "%21", 1)).status_code == 403
