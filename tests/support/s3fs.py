"""The real s3fs: a bucket as a folder, where the machine lets us mount."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.origin_program import OriginProgram

S3FS = shutil.which("s3fs")
MOUNT_DEADLINE_S = 30
# What libfuse says where a container or the user's rights stand in the way, and nothing is wrong with s3fs.
_NOT_ALLOWED = ("fuse: device not found", "fuse: failed to open /dev/fuse", "mount failed", "Operation not permitted")


class MountingIsNotAllowed(Exception):
    """This machine does not let us mount; says why."""


@contextmanager
def mounted(origin: OriginProgram, bucket: str, folder: Path, *options: str) -> Iterator[Path]:
    """The bucket as a folder below the given one, set up as docs/clients-s3.md says."""
    assert S3FS is not None, "s3fs is not installed: apt install s3fs"
    if not os.path.exists("/dev/fuse"):
        raise MountingIsNotAllowed("there is no /dev/fuse")
    place, told = folder / "mounted", folder / "s3fs.log"
    place.mkdir(parents=True)
    passwords = folder / "passwd-s3fs"
    passwords.write_text(f"{origin.owner.key_id}:{origin.owner.application_key}\n")
    passwords.chmod(0o600)
    known = [
        f"url={origin.address}",
        f"passwd_file={passwords}",
        "use_path_request_style",
        "sigv4",
        "endpoint=us-east-1",
    ]
    arguments = [argument for option in (*known, *options) for argument in ("-o", option)]
    with told.open("wb") as writing:
        process = subprocess.Popen([S3FS, bucket, str(place), "-f", *arguments], stdout=writing, stderr=writing)
    try:
        _wait_until_mounted(place, process, told)
        yield place
    finally:
        if process.poll() is None:
            process.terminate()  # it unmounts
        process.wait(30)
    assert not os.path.ismount(place)


@contextmanager
def skipped_where_mounting_is_not_allowed() -> Iterator[None]:
    """Ends the test with a word in the summary."""
    try:
        yield
    except MountingIsNotAllowed as reason:
        pytest.skip(f"s3fs is NOT tested on this machine, which does not let us mount: {reason}")


def _wait_until_mounted(place: Path, process: subprocess.Popen[bytes], told: Path) -> None:
    until = time.monotonic() + MOUNT_DEADLINE_S
    while not os.path.ismount(place):
        if process.poll() is not None:
            said = told.read_text()
            complain_if_not_allowed(said)
            raise AssertionError(said)
        assert time.monotonic() < until, told.read_text()
        time.sleep(0.02)


def complain_if_not_allowed(said: str) -> None:
    """Raises MountingIsNotAllowed when s3fs has said that."""
    for line in said.splitlines():
        if any(words in line for words in _NOT_ALLOWED):
            raise MountingIsNotAllowed(line)
