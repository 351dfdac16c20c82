"""The real rclone's `b2` backend against our server. Debian's speaks version 1 of the API throughout."""

import os
import shutil
from collections.abc import Iterator

import pytest

from support.b2_origin import RunningB2Origin
from support.photographs import photograph
from support.rclone import rclone_environment, run_rclone


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path_factory.mktemp("origin"))
    yield running
    running.stop()


def rclone(origin, *arguments: str, key=None, check: bool = True, content: str = "", **options: str) -> str:
    key = key or origin.owner
    environment = rclone_environment(origin.address, key.key_id, key.secret, **options)
    return run_rclone(environment, *arguments, content=content, check=check)


def test_a_folder_goes_there_and_back_and_checks_equal(origin, tmp_path):
    there, back = tmp_path / "there", tmp_path / "back"
    for name in ("coffee.png", "rocket.jpg"):
        (there / "sub é +").mkdir(parents=True, exist_ok=True)
        shutil.copy(photograph(name), there / "sub é +" / name)
    (there / "empty.txt").write_bytes(b"")
    rclone(origin, "copy", str(there), "site:rclone-photographs/2024")
    assert sorted(rclone(origin, "lsf", "-R", "site:rclone-photographs").split("\n"))[1:] == [
        "2024/",
        "2024/empty.txt",
        "2024/sub é +/",
        "2024/sub é +/coffee.png",
        "2024/sub é +/rocket.jpg",
    ]
    rclone(origin, "check", str(there), "site:rclone-photographs/2024")
    rclone(origin, "copy", "site:rclone-photographs/2024", str(back))
    assert (back / "sub é +" / "coffee.png").read_bytes() == photograph("coffee.png").read_bytes()
    assert (back / "empty.txt").read_bytes() == b""


def test_the_modification_time_is_kept(origin, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("content")
    os.utime(file, (1_600_000_000, 1_600_000_000))
    rclone(origin, "copy", str(file), "site:rclone-times")
    assert "1600000000000" in str(info_of(origin, "rclone-times", b"a.txt"))
    file.write_text("other content")
    os.utime(file, (1_600_000_001, 1_600_000_001))
    rclone(origin, "copy", str(file), "site:rclone-times")
    assert "1600000001000" in str(info_of(origin, "rclone-times", b"a.txt"))


def info_of(origin, bucket_name, key):
    bucket = origin.run(origin.store.bucket(bucket_name))
    return origin.run(origin.store.latest(bucket.bucket_id, key)).info


def test_a_stream_goes_in_with_its_digest_at_the_end(origin):
    rclone(origin, "rcat", "site:rclone-streams/a.txt", content="content of unknown length")
    assert rclone(origin, "cat", "site:rclone-streams/a.txt") == "content of unknown length"


def test_deleting_hides_and_cleanup_removes(origin, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("content")
    rclone(origin, "copy", str(file), "site:rclone-deleting")
    rclone(origin, "deletefile", "site:rclone-deleting/a.txt")
    assert rclone(origin, "lsf", "site:rclone-deleting") == ""
    assert rclone(origin, "lsf", "--b2-versions", "site:rclone-deleting").strip()
    rclone(origin, "copy", str(file), "site:rclone-deleting")
    rclone(origin, "deletefile", "site:rclone-deleting/a.txt", hard_delete="true")
    rclone(origin, "purge", "site:rclone-deleting")
    assert "rclone-deleting" not in rclone(origin, "lsd", "site:")


def test_a_key_for_one_bucket_and_folder_works_in_it_and_nowhere_else(origin, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("content")
    rclone(origin, "mkdir", "site:rclone-limited")
    bucket = origin.run(origin.store.bucket("rclone-limited"))
    key = origin.run(
        origin.store.create_key(
            origin.account_id,
            "limited",
            ["listBuckets", "listFiles", "readFiles", "writeFiles", "deleteFiles"],
            bucket_ids=[bucket.bucket_id],
        )
    )
    rclone(origin, "copy", str(file), "site:rclone-limited/folder", key=key)
    assert rclone(origin, "cat", "site:rclone-limited/folder/a.txt", key=key) == "content"
    refusal = rclone(origin, "mkdir", "site:rclone-forbidden", key=key, check=False)
    assert 'you must use bucket "rclone-limited"' in refusal
