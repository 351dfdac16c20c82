"""Each operation written into a request and read back, and what requests are refused."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calotype.b2 import file_operations, operations
from calotype.b2.encryption import NONE, WITH_SERVER_KEY, RequestedEncryption, with_customer_key
from calotype.b2.errors import (
    BadJson,
    BadRequest,
    MethodNotAllowed,
    NotFound,
    NotImplementedCall,
)
from calotype.b2.file_lock import FileRetention
from calotype.b2.transfers import OVERRIDE_HEADERS, DownloadFileById, DownloadFileByName, UploadFile, UploadPart
from calotype.b2.wire import check_method, has_json_body, parse, read_target, to_request
from calotype.http.message import Request

NAMES = st.text(
    st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=("Cs",)), min_size=1, max_size=40
)
VALUES = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=("Cs",)), max_size=40)
CUSTOMER_KEY = with_customer_key(bytes(range(32)))
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"

EXAMPLES = [
    operations.AuthorizeAccount(),
    operations.ListBuckets(account_id="a", bucket_name="photographs", bucket_types=["all"]),
    operations.CreateBucket(
        account_id="a",
        bucket_name="photographs",
        bucket_type="allPublic",
        bucket_info={"cache-control": "max-age=600"},
        cors_rules=[{"corsRuleName": "anybody", "maxAgeSeconds": 5}],
        lifecycle_rules=[],
        file_lock_enabled=False,
        default_server_side_encryption={"mode": "none"},
        replication_configuration={"asReplicationSource": None},
    ),
    operations.UpdateBucket(account_id="a", bucket_id="b", default_retention={"mode": None}, if_revision_is=7),
    operations.DeleteBucket(account_id="a", bucket_id="b"),
    operations.GetBucketNotificationRules(bucket_id="b"),
    operations.SetBucketNotificationRules(bucket_id="b", event_notification_rules=[{"name": "my-rule"}]),
    operations.CreateKey(
        account_id="a",
        capabilities=["readFiles", "listFiles"],
        key_name="sharex",
        valid_duration_in_seconds=60,
        bucket_ids=["b", "c"],
        name_prefix="2024/",
    ),
    operations.CreateKey(account_id="a", capabilities=["readFiles"], key_name="old", bucket_id="b"),
    operations.ListKeys(account_id="a", max_key_count=5, start_application_key_id="k"),
    operations.DeleteKey(application_key_id="k"),
    file_operations.GetUploadUrl(bucket_id="b"),
    file_operations.GetUploadUrl(),
    file_operations.ListFileNames(bucket_id="b", start_file_name="é", max_file_count=0, prefix="p/", delimiter="/"),
    file_operations.ListFileVersions(bucket_id="b", start_file_name="a", start_file_id="4_z", max_file_count=10000),
    file_operations.GetFileInfo(file_id="4_z"),
    file_operations.HideFile(bucket_id="b", file_name="a b+c"),
    file_operations.DeleteFileVersion(file_name="a", file_id="4_z", bypass_governance=True),
    file_operations.GetDownloadAuthorization(
        bucket_id="b",
        file_name_prefix="",
        valid_duration_in_seconds=60,
        b2_content_disposition="attachment",
        b2_content_language="de",
        b2_expires="never",
        b2_cache_control="no-store",
        b2_content_encoding="gzip",
        b2_content_type="text/plain",
    ),
    file_operations.StartLargeFile(
        bucket_id="b",
        file_name="film.mov",
        content_type="b2/x-auto",
        file_info={"large_file_sha1": SHA1},
        file_retention=FileRetention(mode="governance", retain_until_timestamp=1_900_000_000_000),
        legal_hold="on",
        server_side_encryption=CUSTOMER_KEY,
        custom_upload_timestamp=1_000,
    ),
    file_operations.StartLargeFile(bucket_id="b", file_name="a", content_type="a/b"),
    file_operations.GetUploadPartUrl(file_id="4_z"),
    file_operations.ListParts(file_id="4_z", start_part_number=3, max_part_count=10_000),
    file_operations.ListUnfinishedLargeFiles(
        bucket_id="b", name_prefix="2024/", start_file_id="4_z", max_file_count=100
    ),
    file_operations.FinishLargeFile(file_id="4_z", part_sha1_array=[SHA1, SHA1]),
    file_operations.CancelLargeFile(file_id="4_z"),
    file_operations.CopyFile(
        source_file_id="4_z",
        file_name="copy",
        destination_bucket_id="c",
        range="bytes=0-9",
        metadata_directive="REPLACE",
        content_type="a/b",
        file_info={"a": "1"},
        file_retention=FileRetention(mode="compliance", retain_until_timestamp=1),
        legal_hold="off",
        source_server_side_encryption=CUSTOMER_KEY,
        destination_server_side_encryption=WITH_SERVER_KEY,
    ),
    file_operations.CopyFile(source_file_id="4_z", file_name="copy"),
    file_operations.CopyPart(
        source_file_id="4_z",
        large_file_id="4_y",
        part_number=2,
        range="bytes=0-9",
        source_server_side_encryption=WITH_SERVER_KEY,
        destination_server_side_encryption=RequestedEncryption(mode=NONE),
    ),
    file_operations.UpdateFileRetention(
        file_name="a",
        file_id="4_z",
        file_retention=FileRetention(mode="governance", retain_until_timestamp=1),
        bypass_governance=True,
    ),
    file_operations.UpdateFileRetention(file_name="a", file_id="4_z", file_retention=FileRetention()),
    file_operations.UpdateFileLegalHold(file_name="a", file_id="4_z", legal_hold="on"),
    UploadFile(
        bucket_id="b",
        file_name="2024/a b+c.png",
        content_type="image/png",
        content_sha1=SHA1,
        content_length=5,
        info={"author": "é + 1", "b2-content-disposition": "inline; filename=a.png"},
        custom_upload_timestamp=1_000,
        encryption=WITH_SERVER_KEY,
        file_retention=FileRetention(mode="compliance", retain_until_timestamp=1_900_000_000_000),
        legal_hold="off",
    ),
    UploadFile(
        bucket_id="b", file_name="a", content_type="b2/x-auto", content_sha1="hex_digits_at_end", content_length=45
    ),
    DownloadFileByName(
        bucket_name="photographs",
        file_name="/odd//name?%2F#",
        overrides={name: f"value of {name}" for name in OVERRIDE_HEADERS},
        query_authorization="4_token_dnld",
    ),
    DownloadFileByName(bucket_name="photographs", file_name="a", encryption=CUSTOMER_KEY),
    DownloadFileById(file_id="4_z", overrides={"b2ContentType": "a/b"}),
    DownloadFileById(file_id="4_z", encryption=CUSTOMER_KEY),
    UploadPart(file_id="4_z", part_number=1, content_sha1=SHA1, content_length=5),
    UploadPart(
        file_id="4_z",
        part_number=10_000,
        content_sha1="hex_digits_at_end",
        content_length=45,
        encryption=CUSTOMER_KEY,
    ),
]


def read_back(outgoing):
    request = Request.of(outgoing.method, outgoing.target, outgoing.headers, outgoing.content)
    for name, value in outgoing.headers:
        if name == "content-length":
            request.content_length = int(value)
    target = read_target(request.path)
    check_method(target, request.method)
    return parse(target, request, outgoing.content if has_json_body(target, request.method) else b"")


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("operation", EXAMPLES, ids=lambda operation: operation.call)
def test_every_operation_written_into_a_request_is_read_back_the_same(operation, version):
    assert read_back(to_request(operation, version)) == operation


def test_the_examples_cover_every_operation():
    classes = {*operations.OPERATIONS.values(), UploadFile, UploadPart, DownloadFileByName, DownloadFileById}
    assert {type(example) for example in EXAMPLES} == classes


@settings(deadline=None)
@given(bucket=NAMES, name=NAMES, value=VALUES)
def test_names_of_any_text_survive_paths_and_headers(bucket, name, value):
    download = DownloadFileByName(bucket_name=bucket, file_name=name, overrides={"b2CacheControl": value})
    assert read_back(to_request(download)) == download
    upload = UploadFile(
        bucket_id="b", file_name=name, content_type="a/b", content_sha1=SHA1, content_length=0, info={"k": value}
    )
    assert read_back(to_request(upload)) == upload


def json_call(name, body, method="POST", query=""):
    request = Request.of(method, f"/b2api/v2/{name}{query}", (), body)
    return parse(read_target(request.path), request, body)


def test_null_is_absent_and_what_is_unknown_is_ignored():
    body = b'{"accountId": "a", "bucketId": null, "bucketName": null, "flavour": "new"}'
    assert json_call("b2_list_buckets", body) == operations.ListBuckets(account_id="a")


def test_a_get_carries_the_same_parameters_in_its_query():
    query = "?accountId=a&bucketTypes=allPublic,allPrivate&bucketName=a%20b+c"
    expected = operations.ListBuckets(account_id="a", bucket_types=["allPublic", "allPrivate"], bucket_name="a b c")
    assert json_call("b2_list_buckets", b"", "GET", query) == expected


def test_a_query_gives_numbers_booleans_lists_and_objects():
    listing = json_call("b2_list_file_names", b"", "GET", "?bucketId=b&maxFileCount=7")
    assert listing == file_operations.ListFileNames(bucket_id="b", max_file_count=7)
    deletion = json_call("b2_delete_file_version", b"", "GET", "?fileName=a&fileId=4&bypassGovernance=true")
    assert deletion == file_operations.DeleteFileVersion(file_name="a", file_id="4", bypass_governance=True)
    update = json_call(
        "b2_update_bucket", b"", "GET", "?accountId=a&bucketId=b&bucketInfo=%7B%22a%22:%221%22%7D&corsRules=[]"
    )
    assert update == operations.UpdateBucket(account_id="a", bucket_id="b", bucket_info={"a": "1"}, cors_rules=[])


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", BadJson),
        (b"[]", BadJson),
        (b"nonsense", BadJson),
        (b'{"accountId": "\xff"}', BadJson),
        (b'{"accountId": "\\ud800"}', BadJson),
        (b"[" * 100_000, BadJson),
        (b"{}", BadRequest),  # accountId is required
        (b'{"accountId": null}', BadRequest),
        (b'{"accountId": 7}', BadRequest),
        (b'{"accountId": "a", "bucketTypes": "all"}', BadRequest),
    ],
)
def test_a_body_that_is_no_such_call_is_refused(body, error):
    with pytest.raises(error):
        json_call("b2_list_buckets", body)


@pytest.mark.parametrize(
    "query",
    ["", "?accountId=%ff", "?accountId=a&bucketTypes=[", "?accountId=a&bucketTypes=[1]"],
)
def test_a_query_that_is_no_such_call_is_refused(query):
    with pytest.raises((BadRequest, BadJson)):
        json_call("b2_list_buckets", b"", "GET", query)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/b2api/v5/b2_list_buckets", NotFound),
        ("/b2api/v0/b2_list_buckets", NotFound),
        ("/b2api/b2_list_buckets", NotFound),
        ("/b2api/v4/b2_make_coffee", NotFound),
        ("/b2api/v4/../v4/b2_list_buckets", NotFound),
        ("/b2api/v4/b2_list_groups", NotImplementedCall),
        ("/b2api/v4/b2_list_buckets/all", NotFound),
    ],
)
def test_a_path_that_names_no_call_of_ours_is_refused(path, error):
    with pytest.raises(error):
        read_target(path)


@pytest.mark.parametrize("call", sorted(operations.NOT_IMPLEMENTED))
def test_a_call_that_b2_has_and_we_have_not_is_refused_by_name(call):
    with pytest.raises(NotImplementedCall) as caught:
        read_target(f"/b2api/v3/{call}")
    assert caught.value.status == 501
    assert call in caught.value.message


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/b2api/v4/b2_list_buckets"),
        ("HEAD", "/b2api/v4/b2_list_buckets"),
        ("GET", "/b2api/v4/b2_upload_file/b"),
        ("POST", "/file/photographs/a.png"),
        ("DELETE", "/file/photographs/a.png"),
        ("PUT", "/b2api/v4/b2_download_file_by_id"),
    ],
)
def test_a_method_that_the_call_does_not_take_is_refused(method, path):
    with pytest.raises(MethodNotAllowed) as caught:
        check_method(read_target(path), method)
    assert dict(caught.value.headers)["allow"]


def test_a_download_by_id_takes_its_id_from_a_post_too():
    body = b'{"fileId": "4_z", "b2ContentType": "a/b"}'
    parsed = json_call("b2_download_file_by_id", body)
    assert parsed == DownloadFileById(file_id="4_z", overrides={"b2ContentType": "a/b"})
    with pytest.raises(BadRequest):
        json_call("b2_download_file_by_id", b"{}")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/file/photographs/a+b%2Bc.png", "a b+c.png"),
        ("/file/photographs/2024%2F%C3%A9.png", "2024/é.png"),
        ("/file/photographs/%252F", "%2F"),  # decoded once
        ("/file/photographs//x", "/x"),
        ("/file/photographs/../../etc/passwd", "../../etc/passwd"),  # a name, never a path
        ("/file/photographs/", ""),
        ("/file/photographs", ""),
    ],
)
def test_a_friendly_path_is_decoded_once_and_a_plus_is_a_space(path, name):
    request = Request.of("GET", path)
    parsed = parse(read_target(request.path), request)
    assert parsed == DownloadFileByName(bucket_name="photographs", file_name=name)


@pytest.mark.parametrize(
    "path", ["/file/photographs/%", "/file/photographs/%zz", "/file/photographs/%ff", "/file/%c3/a"]
)
def test_a_friendly_path_that_is_no_utf_8_is_refused(path):
    request = Request.of("GET", path)
    with pytest.raises(BadRequest):
        parse(read_target(request.path), request)


@pytest.mark.parametrize(
    ("spelt", "value"), [("customUploadTimestamp", 5), ("custom_upload_timestamp", 5), ("customUploadTimestamp", "5")]
)
def test_the_custom_timestamp_of_a_large_file_is_read_in_either_spelling(spelt, value):
    body = {"bucketId": "b", "fileName": "a", "contentType": "a/b", spelt: value}
    assert json_call("b2_start_large_file", json.dumps(body).encode()).custom_upload_timestamp == 5


@pytest.mark.parametrize("value", ["soon", "", "-1", "9" * 16, 1.5, {}])
def test_a_custom_timestamp_that_is_no_number_is_refused(value):
    body = {"bucketId": "b", "fileName": "a", "contentType": "a/b", "customUploadTimestamp": value}
    with pytest.raises(BadRequest):
        json_call("b2_start_large_file", json.dumps(body).encode())


def test_a_query_may_carry_structures_as_json():
    query = "?fileName=a&fileId=4&fileRetention=%7B%22mode%22:%22governance%22,%22retainUntilTimestamp%22:5%7D"
    expected = file_operations.UpdateFileRetention(
        file_name="a", file_id="4", file_retention=FileRetention(mode="governance", retain_until_timestamp=5)
    )
    assert json_call("b2_update_file_retention", b"", "GET", query) == expected


def test_a_customer_key_does_not_show_itself():
    upload = UploadPart(file_id="4", part_number=1, content_sha1=SHA1, content_length=0, encryption=CUSTOMER_KEY)
    assert CUSTOMER_KEY.customer_key
    assert CUSTOMER_KEY.customer_key not in f"{CUSTOMER_KEY!r} {CUSTOMER_KEY} {upload!r}"


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_body_of_bytes_breaks_the_reader(body):
    for name in operations.OPERATIONS:
        with contextlib.suppress(BadRequest, BadJson):
            json_call(name, body)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["accountId", "bucketId", "capabilities", "keyName", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_breaks_the_reader(content):
    for name in operations.OPERATIONS:
        with contextlib.suppress(BadRequest, BadJson):
            json_call(name, json.dumps(content).encode())
