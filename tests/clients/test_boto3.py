"""boto3 with its default settings against our S3 server over a socket."""

from __future__ import annotations

import io
import os
import socket
import ssl
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import trustme
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from calotype.store.model import Versioning
from support.s3_origin import RunningS3Origin

PICTURE = os.urandom(73_641)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningS3Origin]:
    running = RunningS3Origin(tmp_path_factory.mktemp("origin") / "store")
    yield running
    running.stop()


def client_of(origin: RunningS3Origin, style: str = "path", verify: str | None = None, **config: Any) -> Any:
    address = origin.address if style == "path" else f"http://s3.localhost:{origin.port}"
    return boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=origin.owner.key_id,
        aws_secret_access_key=origin.owner.secret,
        region_name="us-east-1",
        verify=verify,
        config=Config(s3={"addressing_style": style}, retries={"max_attempts": 1}, proxies={}, **config),
    )


@pytest.fixture
def s3(origin: RunningS3Origin) -> Iterator[Any]:
    client = client_of(origin)
    yield client
    client.close()


@pytest.fixture
def bucket(s3: Any) -> Iterator[str]:
    name = f"photos-{os.urandom(4).hex()}"
    s3.create_bucket(Bucket=name)
    yield name
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
        if keys:
            s3.delete_objects(Bucket=name, Delete={"Objects": keys})
    s3.delete_bucket(Bucket=name)


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_picture_goes_in_and_comes_out_with_everything_said_of_it(s3: Any, bucket: str) -> None:
    put = s3.put_object(
        Bucket=bucket,
        Key="2026/Käse +&?.png",
        Body=PICTURE,
        ContentType="image/png",
        CacheControl="max-age=60",
        Metadata={"Title": "A cat"},
    )
    assert put["ChecksumCRC32"]  # boto3's default, as a header over http
    got = s3.get_object(Bucket=bucket, Key="2026/Käse +&?.png")
    assert got["Body"].read() == PICTURE
    assert (got["ContentType"], got["CacheControl"]) == ("image/png", "max-age=60")
    assert got["Metadata"] == {"title": "A cat"}
    assert got["ETag"] == put["ETag"]
    assert got["ResponseMetadata"]["RequestId"]
    head = s3.head_object(Bucket=bucket, Key="2026/Käse +&?.png", ChecksumMode="ENABLED")
    assert (head["ContentLength"], head["ChecksumCRC32"]) == (len(PICTURE), put["ChecksumCRC32"])
    assert {"date", "server"} <= set(head["ResponseMetadata"]["HTTPHeaders"])


# The other two need the AWS Common Runtime on the client's side.
@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_every_checksum_that_boto3_can_compute_is_taken(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="a", Body=PICTURE, ChecksumAlgorithm=algorithm)
    assert put[f"Checksum{algorithm}"]


def test_a_file_object_that_cannot_be_rewound_streams(s3: Any, bucket: str) -> None:
    s3.upload_fileobj(io.BytesIO(PICTURE), bucket, "streamed")
    assert s3.get_object(Bucket=bucket, Key="streamed")["Body"].read() == PICTURE


@pytest.fixture
def wildcard_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """`*.s3.localhost` leads here, as a wildcard record would make it; not every resolver knows `.localhost`."""
    look_up = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        return look_up("127.0.0.1" if str(host).endswith(".s3.localhost") else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.usefixtures("wildcard_dns")
def test_virtual_host_style(origin: RunningS3Origin, bucket: str) -> None:
    client = client_of(origin, "virtual")
    client.put_object(Bucket=bucket, Key="a/b.png", Body=PICTURE)
    assert client.get_object(Bucket=bucket, Key="a/b.png")["Body"].read() == PICTURE
    assert [item["Key"] for item in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/b.png"]
    client.close()


def test_over_tls_the_body_comes_in_chunks_with_its_checksum_behind(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    origin = RunningS3Origin(tmp_path / "store", tls=context)
    client = client_of(origin, verify=str(tmp_path / "authority.pem"))
    sent: list[Any] = []
    client.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(request.headers))
    client.create_bucket(Bucket="photos")
    put = client.put_object(Bucket="photos", Key="a", Body=PICTURE)
    assert sent[0]["x-amz-content-sha256"] == b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert put["ChecksumCRC32"]
    got = client.get_object(Bucket="photos", Key="a")
    assert got["Body"].read() == PICTURE
    assert "ContentEncoding" not in got
    client.close()
    origin.stop()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """64 MiB, which boto3 sends in eight parts."""
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(1 << 20) * 64)
    return path


def test_a_large_file_goes_in_by_parts_and_comes_out_by_ranges(s3: Any, bucket: str, film: Path) -> None:
    s3.upload_file(str(film), bucket, "film.mp4", ExtraArgs={"ContentType": "video/mp4"})
    s3.download_file(bucket, "film.mp4", str(film.with_name("back.mp4")))
    assert film.with_name("back.mp4").read_bytes() == film.read_bytes()
    head = s3.head_object(Bucket=bucket, Key="film.mp4", ChecksumMode="ENABLED")
    assert (head["ContentType"], head["ETag"][-3:], head["ChecksumType"]) == ("video/mp4", '-8"', "COMPOSITE")
    assert head["ChecksumCRC32"].endswith("-8")


def test_a_large_file_in_one_put(s3: Any, bucket: str, film: Path) -> None:
    s3.upload_file(str(film), bucket, "film.mp4", Config=TransferConfig(multipart_threshold=1 << 30))
    assert s3.head_object(Bucket=bucket, Key="film.mp4")["ETag"] == f'"{md5(film.read_bytes()).hexdigest()}"'


def test_a_large_file_is_copied_by_parts(s3: Any, bucket: str, film: Path) -> None:
    s3.upload_file(str(film), bucket, "film.mp4")
    in_parts = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=10 << 20)
    s3.copy({"Bucket": bucket, "Key": "film.mp4"}, bucket, "copy.mp4", Config=in_parts)
    got = s3.get_object(Bucket=bucket, Key="copy.mp4")
    assert (got["ETag"][-3:], got["Body"].read()) == ('-7"', film.read_bytes())


@pytest.mark.parametrize(
    "fields",
    [
        {"ServerSideEncryption": "AES256"},
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": bytes(range(32))},
    ],
)
def test_a_large_file_is_encrypted_part_by_part(s3: Any, bucket: str, film: Path, fields: dict[str, Any]) -> None:
    s3.upload_file(str(film), bucket, "film.mp4", ExtraArgs=fields)
    for_reads = {name: value for name, value in fields.items() if name != "ServerSideEncryption"}
    s3.download_file(bucket, "film.mp4", str(film.with_name("back.mp4")), ExtraArgs=for_reads)
    assert film.with_name("back.mp4").read_bytes() == film.read_bytes()


def test_an_upload_is_listed_and_aborted(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a b+é")
    on_it = {"Bucket": bucket, "Key": "a b+é", "UploadId": upload["UploadId"]}
    for number in (3, 1, 2):
        s3.upload_part(**on_it, PartNumber=number, Body=b"%d" % number)
    pages = s3.get_paginator("list_parts").paginate(**on_it, PaginationConfig={"PageSize": 2})
    assert [part["PartNumber"] for page in pages for part in page["Parts"]] == [1, 2, 3]
    listed = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
    assert [item["UploadId"] for page in listed for item in page["Uploads"]] == [upload["UploadId"]]
    s3.abort_multipart_upload(**on_it)
    with pytest.raises(ClientError) as error:
        s3.upload_part(**on_it, PartNumber=1, Body=b"x")
    assert refused(error) == ("NoSuchUpload", 404)


def test_ranges_and_conditions(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="a", Body=PICTURE)["ETag"]
    part = s3.get_object(Bucket=bucket, Key="a", Range="bytes=10-19")
    assert (part["Body"].read(), part["ContentRange"]) == (PICTURE[10:20], f"bytes 10-19/{len(PICTURE)}")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="a", Range="bytes=99999999-")
    assert refused(error) == ("InvalidRange", 416)
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="a", IfNoneMatch=etag)
    assert refused(error) == ("304", 304)
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="a", Body=b"", IfNoneMatch="*")
    assert refused(error) == ("PreconditionFailed", 412)


def test_the_paginator_lists_every_key_once(s3: Any, bucket: str) -> None:
    keys = sorted(f"{folder}/{number:02} +é.png" for folder in ("a", "b") for number in range(7))
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for operation in ("list_objects_v2", "list_objects"):
        pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 3}))
        assert [item["Key"] for page in pages for item in page["Contents"]] == keys
        assert len(pages) == 5
        folders = s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
        assert [prefix["Prefix"] for page in folders for prefix in page["CommonPrefixes"]] == ["a/", "b/"]


def test_buckets_are_seen_and_missing_ones_are_not(s3: Any, bucket: str) -> None:
    assert bucket in [item["Name"] for item in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    with pytest.raises(ClientError) as error:
        s3.head_bucket(Bucket="nowhere")
    assert refused(error) == ("404", 404)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="none")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket="nowhere")


def test_copy_and_delete(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=PICTURE, Metadata={"a": "1"})
    s3.copy({"Bucket": bucket, "Key": "a"}, bucket, "b c")
    assert s3.head_object(Bucket=bucket, Key="b c")["Metadata"] == {"a": "1"}
    assert s3.delete_object(Bucket=bucket, Key="a")["ResponseMetadata"]["HTTPStatusCode"] == 204
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b c"}]})
    assert deleted["Deleted"] == [{"Key": "b c"}]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_bucket_with_versions_can_be_emptied(origin: RunningS3Origin, s3: Any) -> None:
    account = origin.run(origin.store.default_account())
    origin.run(origin.store.create_bucket(account.account_id, "kept", versioning=Versioning.ENABLED))
    for _ in range(3):
        s3.put_object(Bucket="kept", Key="a b+é", Body=PICTURE)
    s3.delete_object(Bucket="kept", Key="a b+é")
    found = s3.list_object_versions(Bucket="kept")
    rows = [*found["Versions"], *found["DeleteMarkers"]]
    assert [row["IsLatest"] for row in rows] == [False, False, False, True]
    doomed = [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]
    assert len(s3.delete_objects(Bucket="kept", Delete={"Objects": doomed})["Deleted"]) == 4
    s3.delete_bucket(Bucket="kept")


def test_presigned_addresses_work_without_credentials(origin: RunningS3Origin, bucket: str) -> None:
    s3 = client_of(origin, signature_version="s3v4")
    put = s3.generate_presigned_url(
        "put_object", {"Bucket": bucket, "Key": "a b+c.png", "ContentType": "image/png"}, ExpiresIn=60
    )
    get = s3.generate_presigned_url(
        "get_object", {"Bucket": bucket, "Key": "a b+c.png", "ResponseContentType": "text/plain"}, ExpiresIn=60
    )
    assert httpx.put(put, content=PICTURE, headers={"content-type": "image/png"}, trust_env=False).status_code == 200
    got = httpx.get(get, trust_env=False)
    assert (got.content, got.headers["content-type"]) == (PICTURE, "text/plain")
    tampered = httpx.get(get.replace("a%20b", "a%20c"), trust_env=False)
    assert (tampered.status_code, "SignatureDoesNotMatch" in tampered.text) == (403, True)
    s3.close()


def test_what_boto3_presigns_by_default_is_refused_with_the_setting_to_change(s3: Any, bucket: str) -> None:
    address = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a"})
    got = httpx.get(address, trust_env=False)
    assert got.status_code == 400
    assert "signature_version" in got.text


def test_a_wrong_secret_is_told_from_an_unknown_key(origin: RunningS3Origin, bucket: str) -> None:
    for key_id, secret, code in [
        (origin.owner.key_id, "K001wrong", "SignatureDoesNotMatch"),
        ("001nobody", origin.owner.secret, "InvalidAccessKeyId"),
    ]:
        client = boto3.client(
            "s3",
            endpoint_url=origin.address,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            region_name="us-east-1",
        )
        with pytest.raises(ClientError) as error:
            client.put_object(Bucket=bucket, Key="a", Body=b"x")
        assert refused(error) == (code, 403)
        client.close()


def test_another_region_is_found_by_itself(origin: RunningS3Origin, bucket: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=origin.address,
        aws_access_key_id=origin.owner.key_id,
        aws_secret_access_key=origin.owner.secret,
        region_name="eu-central-1",
    )
    client.put_object(Bucket=bucket, Key="a", Body=PICTURE)
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == PICTURE
    client.close()
