"""Names of buckets and keys, and where a request points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.s3 import errors, names
from calotype.s3.addressing import Address, address_of, path_of

SUFFIXES = ("s3.localhost", "s3.photos.example")


@pytest.mark.parametrize("name", ["abc", "a" * 63, "my.photos", "2026", "a-b-c", "files", "1.2.3.4.5"])
def test_a_good_bucket_name_passes(name: str) -> None:
    names.check_new_bucket_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Photos",
        "my_photos",
        "-abc",
        "abc-",
        ".abc",
        "a..b",
        "a.-b",
        "a-.b",
        "192.168.1.1",
        "xn--abc",
        "abc-s3alias",
        "abc--ol-s3",
        "käse",
        "abc\n",
        "abc/d",
        "file",
        "b2api",
        "healthz",
        "calotype",
    ],
)
def test_a_bad_bucket_name_is_refused(name: str) -> None:
    with pytest.raises(errors.InvalidBucketName):
        names.check_new_bucket_name(name)


@pytest.mark.parametrize(
    "key",
    [
        b"a",
        b"a" * 1024,
        "写真/📷.png".encode(),
        b"/",
        b"//a",
        b"a/../b",
        b"a//b",
        b"...",
        b"a..b",
        b"./a",
        b"\\",
        b"a\nb\x00\x7f",
    ],
)
def test_a_good_key_passes(key: bytes) -> None:
    names.check_key(key)


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (b"a" * 1025, errors.KeyTooLong),
        ("é".encode() * 513, errors.KeyTooLong),  # 513 characters, but 1,026 bytes
        (b"a\xff", errors.InvalidURI),
        (b"\xed\xa0\x80", errors.InvalidURI),  # a surrogate
        (b"..", errors.InvalidArgument),
        (b"../etc/passwd", errors.InvalidArgument),
        (b"a/../../b", errors.InvalidArgument),
        (b"./../a", errors.InvalidArgument),
    ],
)
def test_a_bad_key_is_refused(key: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        names.check_key(key)


@pytest.mark.parametrize(
    ("host", "path", "bucket", "key"),
    [
        ("localhost:9000", "/", None, None),
        ("localhost:9000", "/photos", "photos", None),
        ("localhost:9000", "/photos/", "photos", None),
        ("localhost:9000", "/photos/a/b.png", "photos", b"a/b.png"),
        ("localhost:9000", "/photos//a", "photos", b"/a"),
        ("localhost:9000", "/photos/a%2Fb+c%20d%25", "photos", b"a/b+c d%"),
        ("localhost:9000", "/photos/a%252Fb", "photos", b"a%2Fb"),  # decoded once only
        ("photos.s3.localhost:9000", "/", "photos", None),
        ("photos.s3.localhost:9000", "/a/b.png", "photos", b"a/b.png"),
        ("Photos.S3.Localhost", "/a", "photos", b"a"),
        ("my.photos.s3.photos.example", "/a", "my.photos", b"a"),
        # The suffix itself, and hosts that only look alike, are path style.
        ("s3.localhost:9000", "/photos/a", "photos", b"a"),
        ("photos.example", "/a/b", "a", b"b"),
        ("photoss3.localhost", "/a/b", "a", b"b"),
        ("photos.localhost", "/a/b", "a", b"b"),
        ("[::1]:9000", "/photos/a", "photos", b"a"),
        (None, "/photos/a", "photos", b"a"),
    ],
)
def test_host_and_path_give_bucket_and_key(host: str | None, path: str, bucket: str | None, key: bytes | None) -> None:
    assert address_of(host, path, SUFFIXES) == Address(bucket, key)


@pytest.mark.parametrize("path", ["/photos/a%", "/photos/a%2", "/photos/%zz", "/ph%ff/a", "//a", "/%/a"])
def test_a_path_that_cannot_be_read_is_refused(path: str) -> None:
    with pytest.raises(errors.InvalidURI):
        address_of("localhost", path, SUFFIXES)


@given(
    bucket=st.from_regex(r"[a-z0-9]{3,10}", fullmatch=True),
    key=st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.encode)),
)
def test_an_address_written_as_a_path_is_read_back(bucket: str, key: bytes | None) -> None:
    address = Address(bucket, key)
    assert address_of("localhost", path_of(address), SUFFIXES) == address
    assert address_of(f"{bucket}.s3.localhost", path_of(address, path_style=False), SUFFIXES) == address


def test_dot_segments_leave_no_trace_that_a_library_would_tidy_up() -> None:
    assert path_of(Address("photos", b"a/../b/./c..d")) == "/photos/a/%2E%2E/b/%2E/c..d"
