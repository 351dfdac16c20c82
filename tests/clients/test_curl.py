"""curl with its own signature (`--aws-sigv4`), as docs/clients-s3.md has it: for where there is no S3 program."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from support.client_program import ClientProgram
from support.origin_program import OriginProgram
from support.photo_tree import same_bytes
from support.photographs import photograph

PICTURE = photograph("coffee.png")


@pytest.fixture(scope="module")
def curl(origin_program: OriginProgram) -> ClientProgram:
    owner = origin_program.owner
    # Older ones, as Debian's 7.88, do not say the digest of the body by themselves.
    payload = ("-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD")
    signed = ("--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{owner.key_id}:{owner.application_key}", *payload)
    return ClientProgram("curl", "-q", "-sS", "--fail-with-body", *signed, environment={})


@pytest.fixture(scope="module")
def address(curl: ClientProgram, origin_program: OriginProgram) -> str:
    address = f"{origin_program.address}/curl"
    curl("-X", "PUT", address)
    return address


def status(curl: ClientProgram, *arguments: str, fails: bool = False) -> str:
    return curl("-o", "/dev/null", "-w", "%{http_code}", *arguments, fails=fails).split("curl:")[0]


LARGE = os.urandom(1 << 20) * 3


def test_a_file_goes_there_and_back(curl: ClientProgram, address: str, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(LARGE)  # for so many bytes curl waits until it is told to continue
    described = ("-H", "content-type: video/mp4", "-H", "x-amz-meta-title: Ein Kätzchen 🐈")
    heads = curl("-D", "-", "-o", "/dev/null", "-T", str(tmp_path / "film.mp4"), *described, f"{address}/film.mp4")
    assert re.findall(r"^HTTP/1.1 (\d+)", heads, re.MULTILINE) == ["100", "200"]
    curl("-o", str(tmp_path / "back"), f"{address}/film.mp4")
    assert same_bytes(tmp_path / "back", tmp_path / "film.mp4")
    head = curl("-I", f"{address}/film.mp4").lower()
    assert "content-type: video/mp4\n" in head
    assert "x-amz-meta-title: ein kätzchen 🐈\n" in head
    curl("-o", str(tmp_path / "part"), "-r", "10-29", f"{address}/film.mp4")
    assert (tmp_path / "part").read_bytes() == LARGE[10:30]


def test_what_is_refused_is_told_before_the_body_is_sent(curl: ClientProgram, address: str, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(LARGE)
    told = ("-o", "/dev/null", "-w", "%{http_code} after %{size_upload} bytes")
    sent = curl(*told, "-T", str(tmp_path / "film.mp4"), f"{address}-nowhere/film.mp4", fails=True)
    assert sent.startswith("404 after 0 bytes")


def test_the_ordinary_calls(curl: ClientProgram, address: str) -> None:
    assert status(curl, "--data-binary", f"@{PICTURE}", "-X", "PUT", f"{address}/a/b%20%C3%A9.png") == "200"
    listed = curl(f"{address}?list-type=2&prefix=a%2F")
    assert "<Key>a/b é.png</Key>" in listed
    assert status(curl, "-X", "DELETE", f"{address}/a/b%20%C3%A9.png") == "204"
    assert status(curl, f"{address}/a/b%20%C3%A9.png", fails=True) == "404"
