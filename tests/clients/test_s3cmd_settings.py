"""The real `s3cmd`: what it sets on buckets and objects, and the uploads that were left."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from support.boto3_client import boto3_client
from support.client_program import ClientProgram
from support.origin_program import OriginProgram
from support.s3cmd import s3cmd_program


@pytest.fixture(scope="module")
def s3cmd(origin_program: OriginProgram, tmp_path_factory: pytest.TempPathFactory) -> ClientProgram:
    return s3cmd_program(origin_program, tmp_path_factory.mktemp("s3cmd"))


@pytest.fixture(scope="module")
def place(s3cmd: ClientProgram, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An object in a bucket of its own."""
    file = tmp_path_factory.mktemp("file") / "a.txt"
    file.write_text("content")
    s3cmd("mb", "s3://s3cmd-settings")
    s3cmd("setownership", "s3://s3cmd-settings", "ObjectWriter")
    s3cmd("put", str(file), "s3://s3cmd-settings/a.txt")
    return "s3://s3cmd-settings/a.txt"


def anonymous(origin: OriginProgram, path: str) -> int:
    return httpx.get(f"{origin.address}/{path}").status_code


def test_acls(s3cmd: ClientProgram, place: str, origin_program: OriginProgram) -> None:
    s3cmd("setacl", "--acl-public", place)
    assert "*anon*: READ" in s3cmd("info", place)
    assert anonymous(origin_program, "s3cmd-settings/a.txt") == 200
    s3cmd("setacl", "--acl-private", place)
    assert anonymous(origin_program, "s3cmd-settings/a.txt") == 403


def test_a_policy(s3cmd: ClientProgram, place: str, origin_program: OriginProgram, tmp_path: Path) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::s3cmd-settings/*",
    }
    (tmp_path / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3cmd("setpolicy", str(tmp_path / "policy.json"), "s3://s3cmd-settings")
    assert "s3:GetObject" in s3cmd("info", "s3://s3cmd-settings")
    assert anonymous(origin_program, "s3cmd-settings/a.txt") == 200
    s3cmd("setblockpublicaccess", "s3://s3cmd-settings", "RestrictPublicBuckets,IgnorePublicAcls")
    assert anonymous(origin_program, "s3cmd-settings/a.txt") == 403
    s3cmd("delpolicy", "s3://s3cmd-settings")


def test_lifecycle_and_cors(s3cmd: ClientProgram, place: str, tmp_path: Path) -> None:
    bucket = "s3://s3cmd-settings"
    s3cmd("expire", "--expiry-days", "7", "--expiry-prefix", "tmp/", bucket)
    rules = s3cmd("getlifecycle", bucket)
    assert "<Days>7</Days>" in rules
    (tmp_path / "rules.xml").write_text(rules)
    s3cmd("setlifecycle", str(tmp_path / "rules.xml"), bucket)
    s3cmd("dellifecycle", bucket)
    rule = "<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin><MaxAgeSeconds>60</MaxAgeSeconds>"
    (tmp_path / "cors.xml").write_text(f"<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>")
    s3cmd("setcors", str(tmp_path / "cors.xml"), bucket)
    assert "<AllowedMethod>GET</AllowedMethod>" in s3cmd("info", bucket)
    s3cmd("delcors", bucket)


def test_tags(s3cmd: ClientProgram, place: str) -> None:
    s3cmd("settagging", place, "place=Bern&cat=yes")
    assert {tuple(line.strip().split(":\t")) for line in s3cmd("gettagging", place).splitlines() if ":\t" in line} == {
        ("place", "Bern"),
        ("cat", "yes"),
    }
    s3cmd("deltagging", place)


def test_versions_are_kept(s3cmd: ClientProgram, place: str) -> None:
    s3cmd("setversioning", "s3://s3cmd-settings", "enable")
    assert re.search(r"Versioning:\s*Enabled", s3cmd("info", "s3://s3cmd-settings"))
    s3cmd("setversioning", "s3://s3cmd-settings", "disable")


def test_an_upload_that_was_left_is_listed_and_aborted(
    s3cmd: ClientProgram, place: str, origin_program: OriginProgram
) -> None:
    s3 = boto3_client(origin_program)
    upload = s3.create_multipart_upload(Bucket="s3cmd-settings", Key="left.bin")["UploadId"]
    s3.upload_part(Bucket="s3cmd-settings", Key="left.bin", UploadId=upload, PartNumber=1, Body=b"x")
    s3.close()
    assert upload in s3cmd("multipart", "s3://s3cmd-settings")
    assert '"9dd4e461268c8034f5c8564e155c67a6"' in s3cmd("listmp", "s3://s3cmd-settings/left.bin", upload)
    s3cmd("abortmp", "s3://s3cmd-settings/left.bin", upload)
    assert upload not in s3cmd("multipart", "s3://s3cmd-settings")
