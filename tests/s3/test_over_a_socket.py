"""What only a real connection shows: bodies that break off, `Expect`, the fields of every answer."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator

import pytest

from calotype.auth.sigv4 import sign_headers
from calotype.http.message import Headers
from calotype.store.model import Versioning
from support.s3_origin import RunningS3Origin


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningS3Origin]:
    running = RunningS3Origin(tmp_path_factory.mktemp("origin") / "store")
    account = running.run(running.store.default_account())
    running.run(running.store.create_bucket(account.account_id, "photos", versioning=Versioning.UNVERSIONED))
    yield running
    running.stop()


def head_of(origin: RunningS3Origin, method: str, path: str, payload_hash: str, *fields: tuple[str, str]) -> bytes:
    """The head of a signed request."""
    signed = sign_headers(
        method,
        "localhost",
        path,
        "",
        Headers(),
        payload_hash,
        origin.owner.key_id,
        origin.owner.secret,
        region="us-east-1",
        now=time.time(),
    )
    lines = [f"{name}: {value}\r\n" for name, value in (*signed, *fields)]
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode()


def connected(origin: RunningS3Origin) -> socket.socket:
    return socket.create_connection(("127.0.0.1", origin.port), timeout=5)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def keys_in(origin: RunningS3Origin) -> list[bytes]:
    bucket = origin.run(origin.store.bucket("photos"))
    page = origin.run(origin.store.list_versions(bucket.bucket_id))
    return [version.key for version in page.versions]


@pytest.mark.parametrize("sent", [0, 1, 999])
def test_a_body_that_ends_early_is_incomplete_and_leaves_nothing(origin: RunningS3Origin, sent: int) -> None:
    with connected(origin) as connection:
        connection.sendall(head_of(origin, "PUT", "/photos/a", "UNSIGNED-PAYLOAD", ("content-length", "1000")))
        connection.sendall(b"x" * sent)
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"<Code>IncompleteBody</Code>" in answer
    assert b"connection: close" in answer.lower()
    assert keys_in(origin) == []


def test_a_client_that_vanishes_in_the_middle_leaves_nothing(origin: RunningS3Origin) -> None:
    with connected(origin) as connection:
        connection.sendall(head_of(origin, "PUT", "/photos/a", "UNSIGNED-PAYLOAD", ("content-length", "5000000")))
        connection.sendall(b"x" * 1_000_000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close by a reset
    with connected(origin) as connection:
        connection.sendall(head_of(origin, "GET", "/photos", "UNSIGNED-PAYLOAD", ("connection", "close")))
        assert b"<IsTruncated>false</IsTruncated>" in read_all(connection)
    assert keys_in(origin) == []


def test_an_upload_that_will_fail_is_refused_before_its_body_is_sent(origin: RunningS3Origin) -> None:
    fields = (("content-length", "73641"), ("expect", "100-continue"))
    with connected(origin) as connection:
        connection.sendall(head_of(origin, "PUT", "/nowhere/a", "UNSIGNED-PAYLOAD", *fields))
        answer = read_all(connection)  # closed, since the body was neither asked for nor sent
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"100 Continue" not in answer


def test_a_client_that_waits_for_100_continue_gets_it(origin: RunningS3Origin) -> None:
    content = b"negative" * 1000
    fields = (("content-length", str(len(content))), ("expect", "100-continue"), ("connection", "close"))
    with connected(origin) as connection:
        connection.sendall(head_of(origin, "PUT", "/photos/waited", hashlib.sha256(content).hexdigest(), *fields))
        interim = connection.recv(100)
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(content)
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
    assert keys_in(origin) == [b"waited"]
    bucket = origin.run(origin.store.bucket("photos"))
    origin.run(origin.store.delete_object(bucket.bucket_id, b"waited"))


def test_every_answer_has_date_server_and_ids(origin: RunningS3Origin) -> None:
    with connected(origin) as connection:
        connection.sendall(head_of(origin, "HEAD", "/photos/none", "UNSIGNED-PAYLOAD", ("connection", "close")))
        answer = read_all(connection).lower()
    assert answer.startswith(b"http/1.1 404 ")
    assert answer.endswith(b"\r\n\r\n")
    for name in (b"date", b"server", b"x-amz-request-id", b"x-amz-id-2"):
        assert b"\r\n" + name + b": " in answer


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"\x16\x03\x01 begins no method\r\n\r\n", 501, "NotImplemented"),
        (b"GET / HTTP/1.1\r\nthis is no field\r\n\r\n", 400, "BadRequest"),
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "NotImplemented"),
        (b"GET /photos HTTP/1.1\r\n\r\n", 400, "BadRequest"),  # no Host
        (b"GET /photos HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "BadRequest"),
        (b"PUT /photos/a HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, "BadRequest"),
        (b"PUT /photos/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "BadRequest"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "URITooLong"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nx: " + b"a" * 70_000 + b"\r\n\r\n", 400, "RequestHeaderSectionTooLarge"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x: a\r\n" * 500 + b"\r\n", 400, "RequestHeaderSectionTooLarge"),
    ],
)
def test_what_is_no_request_is_refused_in_s3s_words(
    origin: RunningS3Origin, sent: bytes, status: int, code: str
) -> None:
    with connected(origin) as connection:
        connection.sendall(sent)
        head, _, body = read_all(connection).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status), head
    lowered = head.lower()
    assert b"content-type: application/xml" in lowered
    assert b"x-amz-request-id: " in lowered
    assert b"connection: close" in lowered
    assert f"<Code>{code}</Code>".encode() in body
