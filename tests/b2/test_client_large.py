"""Our client sending large files to our server, over a socket, in parts of ten thousand bytes."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from calotype.b2.client import B2Client
from calotype.b2.encryption import with_customer_key
from calotype.b2.errors import AccessDenied, B2Error, BadRequest, NotFound, StorageCapExceeded
from calotype.b2.file_lock import FileRetention
from calotype.b2.file_operations import CopyFile
from calotype.b2.large_upload import Section, part_size
from calotype.b2.settings import B2Settings
from calotype.b2.transfers import DownloadFileById
from calotype.b2.transport import error_of
from calotype.store.model import BucketSettings
from support.b2_origin import RunningB2Origin

CONTENT = bytes(range(256)) * 200
"""51,200 bytes: five parts and a bit."""


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[RunningB2Origin]:
    settings = B2Settings(recommended_part_size_bytes=10_000, absolute_minimum_part_size_bytes=1000)
    running = RunningB2Origin(tmp_path_factory.mktemp("origin"), settings)
    yield running
    running.stop()


@contextmanager
def client(origin, transport=None) -> Iterator[B2Client]:
    key = origin.owner
    http = httpx.Client(transport=transport) if transport else None
    with B2Client(origin.address, key.key_id, key.secret, http=http, sleep=lambda seconds: None) as made:
        yield made


@pytest.fixture
def b2(origin) -> Iterator[B2Client]:
    with client(origin) as made:
        yield made


@pytest.fixture
def bucket(b2, request) -> str:
    name = f"test-{abs(hash(request.node.name)) % 10**12}"
    return b2.create_bucket(name, is_public=False).bucket_id


def put(b2, bucket_id, name="film.mov", content=CONTENT, **options):
    return b2.upload(bucket_id, name, io.BytesIO(content), length=len(content), **options)


class Troubled(httpx.BaseTransport):
    """Passes requests on, and answers those that `spoil` picks with an error instead, after their body was read."""

    def __init__(self, spoil):
        self._inner = httpx.HTTPTransport()
        self._spoil = spoil
        self.paths = []

    def handle_request(self, request):
        self.paths.append(request.url.path)
        status = self._spoil(request)
        if status is None:
            return self._inner.handle_request(request)
        request.read()
        content = {"status": status, "code": "service_unavailable" if status == 503 else "bad_request", "message": "m"}
        return httpx.Response(status, json=content)

    def close(self):
        self._inner.close()


def is_part(request, number=None):
    return "b2_upload_part" in request.url.path and number in (None, request.headers.get("x-bz-part-number"))


def test_a_file_beyond_the_recommended_size_goes_in_parts(b2, bucket):
    seen, parts = [], []
    file = put(b2, bucket, info={"author": "Anna"}, on_progress=seen.append, on_part=parts.append)
    assert (file.content_length, file.content_sha1, file.content_md5) == (len(CONTENT), "none", None)
    assert (file.content_type, file.file_info) == ("video/quicktime", {"author": "Anna"})
    assert sorted(part.part_number for part in parts) == [1, 2, 3, 4, 5, 6]
    assert (seen, seen[-1]) == (sorted(seen), len(CONTENT))
    assert b2.download_by_id(file.file_id) == CONTENT
    assert list(b2.unfinished_large_files(bucket)) == []


def test_a_file_of_just_the_recommended_size_goes_whole(b2, bucket):
    assert put(b2, bucket, content=CONTENT[:10_000]).content_sha1 != "none"
    assert put(b2, bucket, content=CONTENT[:10_001]).content_sha1 == "none"


def test_a_source_that_cannot_be_rewound_is_sent_part_after_part(b2, bucket):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    file = b2.upload(bucket, "film", Pipe(CONTENT), length=len(CONTENT))
    assert b2.download_by_id(file.file_id) == CONTENT


def test_a_source_is_read_from_where_it_stands(b2, bucket):
    source = io.BytesIO(b"before" + CONTENT)
    source.seek(6)
    assert b2.download_by_id(b2.upload(bucket, "film", source, length=len(CONTENT)).file_id) == CONTENT


def test_a_part_that_fails_is_sent_again_at_a_fresh_address(origin, bucket):
    failures = {"2": 2, "5": 1}

    def spoil(request):
        number = request.headers.get("x-bz-part-number")
        if failures.get(number, 0):
            failures[number] -= 1
            return 503
        return None

    transport = Troubled(spoil)
    with client(origin, transport) as b2:
        file = put(b2, bucket)
        assert b2.download_by_id(file.file_id) == CONTENT
    assert sum("b2_get_upload_part_url" in path for path in transport.paths) == 6 + 3


@pytest.mark.parametrize("status", [400, 503])
def test_a_file_that_fails_for_good_leaves_nothing(origin, bucket, status):
    with client(origin, Troubled(lambda request: status if is_part(request, "3") else None)) as b2:
        with pytest.raises(B2Error, match=str(status)):
            put(b2, bucket)
        assert list(b2.unfinished_large_files(bucket)) == []
        assert list(b2.list_file_versions(bucket)) == []


def test_what_an_earlier_try_sent_is_taken_over(origin, bucket):
    with client(origin, Troubled(lambda request: 400 if is_part(request, "6") else None)) as b2:
        with pytest.raises(BadRequest):
            put(b2, bucket, resume=True)
        begun = [file.file_id for file in b2.unfinished_large_files(bucket)]
    assert len(begun) == 1
    transport = Troubled(lambda request: None)
    with client(origin, transport) as b2:
        sent = []
        file = put(b2, bucket, resume=True, on_part=sent.append)
        assert file.file_id == begun[0]
        assert len(sent) == 6
        assert b2.download_by_id(file.file_id) == CONTENT
    assert sum("b2_upload_part" in path for path in transport.paths) < 6


@pytest.mark.parametrize(
    ("changed", "taken_over"),
    [
        ({}, True),
        ({"content": CONTENT[::-1]}, True),  # the same name and description: its parts are sent anew
        ({"name": "film.mov.2"}, False),
        ({"info": {"author": "Berta"}}, False),
        ({"content_type": "a/b"}, False),
        ({"content": CONTENT[:20_000]}, False),  # fewer parts than are there
    ],
)
def test_only_the_same_file_is_gone_on_with(origin, bucket, changed, taken_over):
    spoiled = Troubled(lambda request: 400 if is_part(request, "6") else None)
    with client(origin, spoiled) as b2, pytest.raises(BadRequest):
        put(b2, bucket, resume=True)
    with client(origin) as b2:
        begun = next(b2.unfinished_large_files(bucket)).file_id
        file = put(b2, bucket, resume=True, **changed)
        assert (file.file_id == begun) is taken_over
        assert b2.download_by_id(file.file_id) == changed.get("content", CONTENT)


def test_a_source_that_ends_early_leaves_nothing(b2, bucket):
    with pytest.raises(EOFError, match="the file ended after"):
        b2.upload(bucket, "short", io.BytesIO(CONTENT), length=len(CONTENT) + 10_000)
    assert list(b2.unfinished_large_files(bucket)) == []


def test_a_customers_key_encrypts_every_part(b2, bucket):
    key = with_customer_key(bytes(32))
    file = put(b2, bucket, encryption=key)
    assert file.server_side_encryption["customerKeyMd5"] == key.customer_key_md5
    with pytest.raises(BadRequest):
        b2.download_by_id(file.file_id)
    with b2.download(DownloadFileById(file_id=file.file_id, encryption=key)) as response:
        assert response.read() == CONTENT


def test_a_range_of_a_large_file_is_copied(b2, bucket):
    file = put(b2, bucket)
    copied = b2.copy(CopyFile(source_file_id=file.file_id, file_name="copy", range="bytes=5-9"))
    assert (copied.action, b2.download_by_id(copied.file_id)) == ("copy", CONTENT[5:10])
    b2.delete_file_version("copy", copied.file_id)
    with pytest.raises(NotFound):
        b2.copy(CopyFile(source_file_id=copied.file_id, file_name="again"))


def test_sections_of_one_source_are_read_at_once():
    source, lock = io.BytesIO(CONTENT), threading.Lock()
    parts = [Section(source, lock, start, 100) for start in (0, 100, 200)]
    read = [[part.read(30)] for part in parts]
    for part, chunks in zip(parts, read, strict=True):
        while chunk := part.read(30):
            chunks.append(chunk)
    assert b"".join(b"".join(chunks) for chunks in read) == CONTENT[:300]


@pytest.mark.parametrize(
    ("length", "size"),
    [
        (200_000_000, 100_000_000),
        (1_000_000_000_000, 100_000_000),  # just 10,000 parts
        (1_000_000_000_001, 100_000_001),
        (10_000_000_000_000, 1_000_000_000),
    ],
)
def test_parts_are_as_recommended_unless_there_would_be_too_many(length, size):
    assert part_size(length, 100_000_000) == size


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(403, "storage_cap_exceeded", StorageCapExceeded), (403, "access_denied", AccessDenied)],
)
def test_errors_below_others_are_known_by_their_code(status, code, kind):
    content = f'{{"status": {status}, "code": "{code}", "message": ""}}'.encode()
    assert type(error_of(status, content)) is kind


def test_a_lock_is_put_on_a_version_and_taken_off(b2, origin):
    settings = BucketSettings(file_lock_enabled=True)
    made = origin.run(origin.store.create_bucket(origin.account_id, "the-vault", settings=settings))
    file = put(b2, made.bucket_id, "a", b"content")
    retention = FileRetention(mode="governance", retain_until_timestamp=4_000_000_000_000)
    assert b2.update_retention("a", file.file_id, retention).file_retention["mode"] == "governance"
    assert b2.update_legal_hold("a", file.file_id, is_on=True).legal_hold == "on"
    with pytest.raises(AccessDenied):
        b2.update_retention("a", file.file_id, FileRetention())
    b2.update_legal_hold("a", file.file_id, is_on=False)
    b2.delete_file_version("a", file.file_id, bypass_governance=True)
