"""What a client sees on the wire when an upload is refused, cut off, or slow to begin."""

import http.client
import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from calotype.auth.basic import basic_authorization
from calotype.serve.limits import Limits
from support.b2_origin import RunningB2Origin


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path_factory.mktemp("origin"))
    bucket = running.run(running.store.create_bucket(running.account_id, "photographs", type="allPublic"))
    running.bucket_id = bucket.bucket_id
    yield running
    running.stop()


def place_of(origin):
    """Path and token of a fresh upload URL, got as a client gets them."""
    basic = {"authorization": basic_authorization(origin.owner.key_id, origin.owner.secret)}
    account = httpx.get(f"{origin.address}/b2api/v1/b2_authorize_account", headers=basic).json()
    place = httpx.post(
        f"{origin.address}/b2api/v1/b2_get_upload_url",
        headers={"authorization": account["authorizationToken"]},
        json={"bucketId": origin.bucket_id},
    ).json()
    return place["uploadUrl"].removeprefix(origin.address), place["authorizationToken"]


def connected(origin) -> socket.socket:
    host, _, port = origin.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


@pytest.mark.parametrize("size", [0, 100_000, 20_000_000])
def test_a_refused_upload_is_answered_in_json_while_the_client_still_sends(origin, size):
    connection = http.client.HTTPConnection(origin.address.removeprefix("http://"), timeout=20)
    connection.request("POST", "/b2api/v1/b2_upload_file/x", bytes(size), {"Authorization": "4_dead_upld"})
    response = connection.getresponse()
    assert response.status == 401
    assert json.loads(response.read())["code"] == "bad_auth_token"
    assert response.headers["Date"]
    connection.close()


def test_an_upload_cut_off_in_the_middle_stores_nothing(origin, caplog):
    path, token = place_of(origin)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {token}\r\nX-Bz-File-Name: cut\r\n"
        "X-Bz-Content-Sha1: do_not_verify\r\nContent-Length: 1000000\r\n\r\n"
    )
    with connected(origin) as connection:
        connection.sendall(head.encode() + bytes(400_000))
    connection = http.client.HTTPConnection(origin.address.removeprefix("http://"), timeout=20)
    connection.request("GET", "/file/photographs/cut")
    assert connection.getresponse().status == 404
    connection.close()
    assert "Traceback" not in caplog.text


def test_an_upload_that_expects_100_is_refused_before_its_bytes_or_told_to_go_on(origin):
    path, token = place_of(origin)
    for given, first_line in ((token, b"HTTP/1.1 100 "), ("4_dead_upld", b"HTTP/1.1 401 ")):
        head = (
            f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {given}\r\nX-Bz-File-Name: expected\r\n"
            "X-Bz-Content-Sha1: do_not_verify\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        )
        with connected(origin) as connection:
            connection.sendall(head.encode())
            assert connection.recv(13) == first_line
            connection.sendall(b"hello")
            while b"\r\n\r\n" not in (answer := connection.recv(65536)):
                assert answer


def test_a_chunked_upload_is_refused(origin):
    path, token = place_of(origin)
    connection = http.client.HTTPConnection(origin.address.removeprefix("http://"), timeout=20)
    headers = {"Authorization": token, "X-Bz-File-Name": "a", "X-Bz-Content-Sha1": "do_not_verify"}
    connection.request("POST", path, iter([b"content"]), headers, encode_chunked=True)
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["code"]) == (400, "bad_request")
    connection.close()


@pytest.fixture
def impatient_origin(tmp_path) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path, limits=Limits(body_timeout_s=0.2))
    bucket = running.run(running.store.create_bucket(running.account_id, "photographs", type="allPublic"))
    running.bucket_id = bucket.bucket_id
    yield running
    running.stop()


def test_an_upload_that_stops_in_the_middle_is_a_request_timeout_in_json(impatient_origin, caplog):
    """b2.md §7.2: 408 request_timeout, the body too slow."""
    path, token = place_of(impatient_origin)
    connection = http.client.HTTPConnection(impatient_origin.address.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", path)
    for name, value in (
        ("Authorization", token),
        ("X-Bz-File-Name", "slow"),
        ("X-Bz-Content-Sha1", "do_not_verify"),
        ("Content-Length", "1000"),
    ):
        connection.putheader(name, value)
    connection.endheaders(bytes(400))
    response = connection.getresponse()
    stated = json.loads(response.read())
    assert (response.status, stated["status"], stated["code"]) == (408, 408, "request_timeout")
    connection.close()
    assert httpx.get(f"{impatient_origin.address}/file/photographs/slow").status_code == 404
    assert "Traceback" not in caplog.text
