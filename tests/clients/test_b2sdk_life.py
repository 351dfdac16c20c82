"""A bucket's whole life by the real b2sdk, through both of its current interfaces: v2 speaks version 3 of the API."""

import io
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import b2sdk.v2
import b2sdk.v3
import pytest

from calotype.b2.settings import B2Settings
from support.b2_origin import RunningB2Origin
from support.photo_tree import LARGE_FILE, LARGE_FILE_BYTES, assert_same_trees, names_in, same_bytes

THREADS = 10
MEGABYTE = 1_000_000


def signed_in(module: ModuleType, address: str, key_id: str, key: str) -> Any:
    """The interface's B2Api."""
    api = module.B2Api(module.InMemoryAccountInfo())
    if module is b2sdk.v2:
        api.authorize_account(address, key_id, key)
    else:
        api.authorize_account(key_id, key, realm=address)
    return api


def owners(module: ModuleType, origin_program) -> Any:
    """The B2Api of a key that may do everything."""
    owner = origin_program.owner
    return signed_in(module, origin_program.address, owner.key_id, owner.application_key)


@pytest.fixture(params=[b2sdk.v2, b2sdk.v3], ids=["v2", "v3"])
def module(request) -> ModuleType:
    return request.param


@pytest.fixture
def api(module, origin_program) -> Iterator[Any]:
    api = owners(module, origin_program)
    yield api
    api.session.raw_api.b2_http.session.close()


def synchronise(module: ModuleType, api: Any, source: str, destination: str, *, deletes: bool = False) -> None:
    keep = module.KeepOrDeleteMode.DELETE if deletes else module.KeepOrDeleteMode.NO_DELETE
    synchronizer = module.Synchronizer(THREADS, keep_days_or_delete=keep)
    with module.SyncReport(io.StringIO(), no_progress=True) as report:
        synchronizer.sync_folders(
            source_folder=module.parse_folder(source, api),
            dest_folder=module.parse_folder(destination, api),
            now_millis=int(time.time() * 1000),
            reporter=report,
        )


def test_a_tree_lives_its_whole_life(module, api, tree, tmp_path):
    name = f"sdk-life-{module.__name__[-2:]}"
    bucket = api.create_bucket(name, "allPrivate")
    synchronise(module, api, str(tree), f"b2://{name}/tree")

    listed = {version.file_name: version for version, _ in bucket.ls("tree", recursive=True)}
    assert sorted(file_name.removeprefix("tree/") for file_name in listed) == names_in(tree)
    film = listed[f"tree/{LARGE_FILE}"]
    assert film.size == LARGE_FILE_BYTES
    folders = [folder for _, folder in bucket.ls("tree/") if folder]
    assert folders == sorted(f"tree/{path.name}/" for path in tree.iterdir())

    copied = bucket.copy(film.id_, "tree/films/copy.bin")
    assert copied.size == LARGE_FILE_BYTES
    bucket.hide_file(film.file_name)
    assert film.file_name not in [version.file_name for version, _ in bucket.ls("tree", recursive=True)]
    assert [version.action for version in bucket.list_file_versions(film.file_name)] == ["hide", "upload"]
    bucket.unhide_file(film.file_name)

    back = tmp_path / "back"
    back.mkdir()
    synchronise(module, api, f"b2://{name}/tree", str(back))
    (back / "films" / "copy.bin").replace(tmp_path / "copy.bin")
    assert_same_trees(tree, back)
    assert same_bytes(tmp_path / "copy.bin", tree / LARGE_FILE)

    shutil.rmtree(back / "2020")
    synchronise(module, api, str(back), f"b2://{name}/tree", deletes=True)
    left = [version.file_name for version, _ in bucket.ls("tree", recursive=True)]
    assert left == sorted(f"tree/{each}" for each in names_in(back))

    left = [(version.id_, version.file_name) for version, _ in bucket.ls(latest_only=False, recursive=True)]
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda version: api.delete_file_version(*version), left))
    api.delete_bucket(bucket)
    assert api.list_buckets(name) == []


@pytest.fixture
def small_parts(tmp_path) -> Iterator[RunningB2Origin]:
    """An origin that recommends parts of 5 MB, so that a file of four need not be 400 MB long."""
    origin = RunningB2Origin(tmp_path / "origin", B2Settings(recommended_part_size_bytes=5 * MEGABYTE))
    yield origin
    origin.stop()


def test_an_upload_that_was_interrupted_goes_on_where_it_stopped(module, small_parts, tmp_path, monkeypatch):
    owner = (small_parts.owner.key_id, small_parts.owner.secret)
    api = signed_in(module, small_parts.address, *owner)
    content = b"".join(bytes([number]) * 5 * MEGABYTE for number in range(4))
    path = tmp_path / "film.bin"
    path.write_bytes(content)
    bucket = api.create_bucket(f"sdk-resume-{module.__name__[-2:]}", "allPrivate")
    upload_part = api.session.upload_part

    class Interrupted(Exception):
        pass

    def interrupted(file_id, part_number, *arguments, **options):
        if part_number > 2:
            raise Interrupted
        return upload_part(file_id, part_number, *arguments, **options)

    monkeypatch.setattr(api.session, "upload_part", interrupted)
    with pytest.raises(Interrupted):
        bucket.upload_local_file(str(path), "film.bin")
    (unfinished,) = bucket.list_unfinished_large_files()
    uploaded = [part.part_number for part in api.list_parts(unfinished.file_id)]
    assert uploaded

    again = signed_in(module, small_parts.address, *owner)
    sent: list[int] = []
    plain_upload_part = again.session.upload_part

    def counted(file_id, part_number, *arguments, **options):
        sent.append(part_number)
        return plain_upload_part(file_id, part_number, *arguments, **options)

    monkeypatch.setattr(again.session, "upload_part", counted)
    finished = again.get_bucket_by_name(bucket.name).upload_local_file(str(path), "film.bin")
    assert finished.id_ == unfinished.file_id
    assert sorted([*sent, *uploaded]) == [1, 2, 3, 4]
    assert downloaded(bucket.download_file_by_name("film.bin")) == content
    assert list(bucket.list_unfinished_large_files()) == []
    for each in (api, again):
        each.session.raw_api.b2_http.session.close()


def downloaded(file: Any) -> bytes:
    content = io.BytesIO()
    file.save(content)
    return content.getvalue()


def test_a_file_is_put_together_of_ranges_of_others_and_new_bytes(module, api):
    content = bytes(range(250)) * 50_000  # 12.5 MB
    bucket = api.create_bucket(f"sdk-ranges-{module.__name__[-2:]}", "allPrivate")
    source = bucket.upload_bytes(content, "source")
    middle = bucket.copy(source.id_, "middle", offset=1_000, length=300)
    assert (middle.size, downloaded(bucket.download_file_by_id(middle.id_))) == (300, content[1_000:1_300])
    joined = bucket.concatenate(
        [
            module.CopySource(source.id_, offset=0, length=6 * MEGABYTE),
            module.UploadSourceBytes(b"new" * 2 * MEGABYTE),
            module.CopySource(source.id_, offset=12 * MEGABYTE, length=500_000),
        ],
        "joined",
    )
    expected = content[: 6 * MEGABYTE] + b"new" * 2 * MEGABYTE + content[12 * MEGABYTE :]
    assert downloaded(bucket.download_file_by_id(joined.id_)) == expected


def test_encryption_and_locks_are_told_and_hold(module, api):
    bucket = api.create_bucket(f"sdk-lock-{module.__name__[-2:]}", "allPrivate", is_file_lock_enabled=True)
    assert api.list_buckets(bucket.name)[0].is_file_lock_enabled is True
    key = module.EncryptionKey(secret=b"k" * 32, key_id="mine")
    by_customer = module.EncryptionSetting(module.EncryptionMode.SSE_C, module.EncryptionAlgorithm.AES256, key)
    until = int(time.time() * 1000) + 3_600_000
    retention = module.FileRetentionSetting(module.RetentionMode.GOVERNANCE, until)
    file = bucket.upload_bytes(
        b"content", "a", encryption=by_customer, file_retention=retention, legal_hold=module.LegalHold.ON
    )
    assert (file.file_retention, file.legal_hold) == (retention, module.LegalHold.ON)
    assert file.server_side_encryption.mode is module.EncryptionMode.SSE_C
    assert downloaded(bucket.download_file_by_id(file.id_, encryption=by_customer)) == b"content"
    with pytest.raises(b2sdk.v3.exception.BadRequest, match="Server Side Encryption"):
        bucket.download_file_by_id(file.id_).save(io.BytesIO())
    with pytest.raises(b2sdk.v3.exception.Unauthorized, match="Access Denied"):
        api.delete_file_version(file.id_, "a")
    api.update_file_legal_hold(file.id_, "a", module.LegalHold.OFF)
    with pytest.raises(b2sdk.v3.exception.Unauthorized, match="Access Denied"):
        api.delete_file_version(file.id_, "a")
    api.delete_file_version(file.id_, "a", bypass_governance=True)


def test_a_key_of_several_buckets_is_for_the_interface_that_knows_them(origin_program):
    api = owners(b2sdk.v3, origin_program)
    names = ["sdk-several-one", "sdk-several-two", "sdk-several-three"]
    made = [api.create_bucket(name, "allPrivate") for name in names]
    key = api.create_key(
        ["listBuckets", "listFiles", "writeFiles"], "several", bucket_ids=[each.id_ for each in made[:2]]
    )
    limited = signed_in(b2sdk.v3, origin_program.address, key.id_, key.application_key)
    for name in names[:2]:
        limited.get_bucket_by_name(name).upload_bytes(b"content", "a")
    with pytest.raises(b2sdk.v3.exception.RestrictedBucket):
        limited.get_bucket_by_name(names[2])
    with pytest.raises(b2sdk.v3.exception.Unauthorized):
        signed_in(b2sdk.v2, origin_program.address, key.id_, key.application_key)
    for each in (api, limited):
        each.session.raw_api.b2_http.session.close()
