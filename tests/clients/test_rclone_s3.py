"""A large file by the real rclone's `s3` backend: sent in parts, copied by the server, checked, read back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calotype.store.model import VersionDraft
from support.rclone import rclone_s3_environment, run_rclone
from support.s3_origin import RunningS3Origin

Rclone = Callable[..., str]


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[RunningS3Origin]:
    running = RunningS3Origin(tmp_path / "store")
    yield running
    running.stop()


@pytest.fixture
def rclone(origin: RunningS3Origin) -> Rclone:
    environment = rclone_s3_environment(origin.address, origin.owner.key_id, origin.owner.secret)

    def run(*arguments: str, **options: str) -> str:
        named = {f"RCLONE_S3_{name.upper()}": value for name, value in options.items()}
        return run_rclone(environment | named, *arguments)

    return run


@pytest.mark.parametrize("encryption", [{}, {"server_side_encryption": "AES256"}])
def test_a_large_file_goes_there_and_back(rclone: Rclone, tmp_path: Path, encryption: dict[str, str]) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(os.urandom(1 << 20) * 24)
    rclone("mkdir", "site:films")
    rclone("copyto", str(film), "site:films/a film.mp4", upload_cutoff="8M", chunk_size="5M", **encryption)
    rclone("copyto", "site:films/a film.mp4", "site:films/copy.mp4", copy_cutoff="8M", **encryption)  # by parts
    rclone("copyto", "site:films/copy.mp4", str(tmp_path / "back.mp4"))
    assert (tmp_path / "back.mp4").read_bytes() == film.read_bytes()
    # Both sums are of the bytes: rclone keeps the MD5 of what it sends in parts among the metadata.
    sums = {line.split()[0] for line in rclone("hashsum", "md5", "site:films").splitlines()}
    assert sums == set(rclone("hashsum", "md5", str(film)).split()[:1])


def test_an_upload_that_was_left_is_seen_and_cleaned_up(rclone: Rclone, origin: RunningS3Origin) -> None:
    rclone("mkdir", "site:films")
    bucket = origin.run(origin.store.bucket("films"))
    started = origin.run(origin.store.large_files.start(bucket, b"left.mp4", VersionDraft()))
    assert started.version_id in rclone("backend", "list-multipart-uploads", "site:films")
    rclone("backend", "cleanup", "-o", "max-age=0s", "site:films")
    assert origin.run(origin.store.large_files.unfinished(bucket.bucket_id)) == ([], None)
