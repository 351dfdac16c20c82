"""The real `aws` command line tool: what `aws s3api` sets on buckets and objects."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from support.aws_cli import aws_cli
from support.client_program import ClientProgram
from support.origin_program import OriginProgram
from support.photographs import photograph

PICTURE = str(photograph("coffee.png"))


@pytest.fixture(scope="module")
def aws(origin_program: OriginProgram, tmp_path_factory: pytest.TempPathFactory) -> ClientProgram:
    return aws_cli(origin_program, tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="module")
def bucket(aws: ClientProgram) -> str:
    """Its objects can be locked, so its versions are kept."""
    aws("s3api", "create-bucket", "--bucket", "aws-settings", "--object-lock-enabled-for-bucket")
    return "aws-settings"


def test_versions_and_tags(aws: ClientProgram, bucket: str) -> None:
    of = ("--bucket", bucket, "--key", "tagged.png")
    put = aws.json("s3api", "put-object", *of, "--body", PICTURE, "--tagging", "place=Z%C3%BCrich")
    assert aws.json("s3api", "get-object-tagging", *of)["TagSet"] == [{"Key": "place", "Value": "Zürich"}]
    marker = aws.json("s3api", "delete-object", *of)
    told = aws.json("s3api", "list-object-versions", "--bucket", bucket, "--prefix", "tagged")
    assert [row["VersionId"] for row in told["Versions"]] == [put["VersionId"]]
    assert [row["VersionId"] for row in told["DeleteMarkers"]] == [marker["VersionId"]]


def test_a_policy(aws: ClientProgram, bucket: str, origin_program: OriginProgram) -> None:
    aws("s3", "cp", "--quiet", PICTURE, f"s3://{bucket}/open/a.png")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/open/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws("s3api", "put-bucket-policy", "--bucket", bucket, "--policy", policy)
    assert json.loads(aws.json("s3api", "get-bucket-policy", "--bucket", bucket)["Policy"]) == json.loads(policy)
    assert httpx.get(f"{origin_program.address}/{bucket}/open/a.png").status_code == 200
    aws("s3api", "delete-bucket-policy", "--bucket", bucket)
    assert httpx.get(f"{origin_program.address}/{bucket}/open/a.png").status_code == 403


@pytest.mark.parametrize(
    ("put", "option", "document", "get", "member"),
    [
        (
            "put-bucket-lifecycle-configuration",
            "--lifecycle-configuration",
            {"Rules": [{"ID": "tmp", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}]},
            "get-bucket-lifecycle-configuration",
            "Rules",
        ),
        (
            "put-bucket-cors",
            "--cors-configuration",
            {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 60}]},
            "get-bucket-cors",
            "CORSRules",
        ),
    ],
)
def test_rules_are_put_and_read_back(
    aws: ClientProgram, bucket: str, put: str, option: str, document: dict[str, object], get: str, member: str
) -> None:
    aws("s3api", put, "--bucket", bucket, option, json.dumps(document))
    assert aws.json("s3api", get, "--bucket", bucket)[member] == document[member]


def test_a_lock(aws: ClientProgram, bucket: str) -> None:
    of = ("--bucket", bucket, "--key", "locked.png")
    until = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    lock = ("--object-lock-mode", "GOVERNANCE", "--object-lock-retain-until-date", until)
    version = aws.json("s3api", "put-object", *of, "--body", PICTURE, *lock)["VersionId"]
    assert aws.json("s3api", "get-object-retention", *of)["Retention"]["Mode"] == "GOVERNANCE"
    aws("s3api", "put-object-legal-hold", *of, "--legal-hold", "Status=ON")
    bypass = ("--version-id", version, "--bypass-governance-retention")
    assert "AccessDenied" in aws("s3api", "delete-object", *of, *bypass, fails=True)
    aws("s3api", "put-object-legal-hold", *of, "--legal-hold", "Status=OFF")
    aws("s3api", "delete-object", *of, *bypass)
