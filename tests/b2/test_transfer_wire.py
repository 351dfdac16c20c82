"""Uploads as their header fields describe them, and which of those are refused."""

import pytest

from calotype.b2.encryption import encryption_headers, with_customer_key
from calotype.b2.errors import BadRequest
from calotype.b2.wire import parse, read_target
from calotype.http.message import Request

CUSTOMER_KEY = with_customer_key(bytes(range(32)))
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"


def upload_request(**changes):
    headers = {
        "x-bz-file-name": "a.png",
        "content-type": "image/png",
        "x-bz-content-sha1": SHA1,
        "content-length": "0",
        **changes,
    }
    request = Request.of(
        "POST", "/b2api/v4/b2_upload_file/b", [(k.replace("_", "-"), v) for k, v in headers.items() if v is not None]
    )
    request.content_length = int(headers["content-length"]) if headers["content-length"] else None
    return request


RETENTION = {
    "x-bz-file-retention-mode": "governance",
    "x-bz-file-retention-retain-until-timestamp": "1900000000000",
}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"x-bz-file-name": None}, BadRequest),
        ({"x-bz-file-name": "%zz"}, BadRequest),
        ({"x-bz-file-name": "%ff"}, BadRequest),
        ({"x-bz-file-name": "a%00b"}, BadRequest),
        ({"x-bz-file-name": "a%0Ab"}, BadRequest),
        ({"x-bz-file-name": "a%7F"}, BadRequest),
        ({"x-bz-file-name": "é" * 1}, BadRequest),  # one raw latin-1 byte is not UTF-8
        ({"x-bz-file-name": "a" * 1025}, BadRequest),
        ({"x-bz-content-sha1": None}, BadRequest),
        ({"x-bz-content-sha1": "abc"}, BadRequest),
        ({"x-bz-content-sha1": "hex_digits_at_end", "content-length": "39"}, BadRequest),
        ({"content-length": None}, BadRequest),  # chunked
        ({"x-bz-custom-upload-timestamp": "soon"}, BadRequest),
        ({"x-bz-info-a b": "1"}, BadRequest),
        ({"x-bz-info-" + "k" * 51: "1"}, BadRequest),
        ({"x-bz-info-b2-other": "1"}, BadRequest),
        ({"x-bz-info-a": "v" * 7000}, BadRequest),
        ({"x-bz-info-b2-cache-control": "a%00"}, BadRequest),
        ({"x-bz-file-legal-hold": "maybe"}, BadRequest),
        ({"x-bz-file-retention-mode": "governance"}, BadRequest),  # until when?
        ({"x-bz-file-retention-retain-until-timestamp": "1"}, BadRequest),
        ({**RETENTION, "x-bz-file-retention-mode": "forever"}, BadRequest),
        ({**RETENTION, "x-bz-file-retention-mode": "None"}, BadRequest),  # what b2sdk writes for no retention
        ({**RETENTION, "x-bz-file-retention-retain-until-timestamp": "soon"}, BadRequest),
        ({**dict(encryption_headers(CUSTOMER_KEY)), "x-bz-server-side-encryption": "AES256"}, BadRequest),
    ],
)
def test_upload_headers_that_cannot_be_honoured_are_refused(changes, error):
    request = upload_request(**changes)
    with pytest.raises(error):
        parse(read_target(request.path), request)


def part_request(path="/b2api/v4/b2_upload_part/4_z", **changes):
    headers = {"x-bz-part-number": "1", "x-bz-content-sha1": SHA1, "content-length": "0", **changes}
    request = Request.of("POST", path, [(name, value) for name, value in headers.items() if value is not None])
    request.content_length = int(headers["content-length"]) if headers["content-length"] else None
    return request


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x-bz-part-number": None}, "Missing header: X-Bz-Part-Number"),
        ({"x-bz-part-number": "0"}, "Part number must be in range 1 - 10000"),
        ({"x-bz-part-number": "10001"}, "Part number must be in range 1 - 10000"),
        ({"x-bz-part-number": "-1"}, "Part number must be in range 1 - 10000"),
        ({"x-bz-part-number": "one"}, "Part number must be in range 1 - 10000"),
        ({"x-bz-part-number": "9" * 5000}, "Part number must be in range 1 - 10000"),
        ({"x-bz-content-sha1": None}, "Missing header: X-Bz-Content-Sha1"),
        ({"content-length": None}, "Missing header: Content-Length"),
    ],
)
def test_part_headers_that_cannot_be_honoured_are_refused(changes, message):
    request = part_request(**changes)
    with pytest.raises(BadRequest, match=message):
        parse(read_target(request.path), request)


def test_a_part_url_may_go_on_behind_the_file_id():
    request = part_request("/b2api/v1/b2_upload_part/4_z/0037")
    assert parse(read_target(request.path), request).file_id == "4_z"


def test_a_file_name_may_be_1024_bytes_and_hold_dots():
    for name in ("é" * 512, "...", "a/..", "a/../b", "a//b", "/a/", "\\"):
        request = upload_request(**{"x-bz-file-name": "".join(f"%{byte:02X}" for byte in name.encode())})
        assert parse(read_target(request.path), request).file_name == name


def test_a_name_of_encoded_words_on_several_lines_is_kept_as_http_has_it():
    folded = 'inline; filename="=?utf-8?B?w6k=?=%0D%0A%20=?utf-8?B?LnBuZw==?="'
    parsed = parse(
        read_target("/b2api/v1/b2_upload_file/b"), upload_request(**{"x-bz-info-b2-content-disposition": folded})
    )
    assert parsed.info == {"b2-content-disposition": "inline; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png"}
