"""A bucket's whole life by the real rclone's `b2` backend, and what else it can ask of B2."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.photo_tree import LARGE_FILE, assert_same_trees, names_in, same_bytes
from support.rclone import rclone_environment, run_rclone


@pytest.fixture
def rclone(origin_program):
    owner = origin_program.owner

    def run(*arguments: str, content: str = "", check: bool = True, **options: str) -> str:
        environment = rclone_environment(origin_program.address, owner.key_id, owner.application_key, **options)
        return run_rclone(environment, *arguments, content=content, check=check)

    return run


def test_a_tree_lives_its_whole_life(rclone, tree, tmp_path):
    names = names_in(tree)
    rclone("mkdir", "site:rclone-life")
    rclone("sync", "--transfers", "8", "--fast-list", str(tree), "site:rclone-life/tree")
    assert sorted(rclone("lsf", "-R", "--files-only", "site:rclone-life/tree").splitlines()) == names
    rclone("check", "--fast-list", str(tree), "site:rclone-life/tree")

    # by the server: within the bucket, into another, and back by another name
    film = f"site:rclone-life/tree/{LARGE_FILE}"
    rclone("copyto", film, "site:rclone-life-2/copy.bin")
    rclone("moveto", "site:rclone-life-2/copy.bin", "site:rclone-life/tree/films/copy.bin")
    assert rclone("lsf", "site:rclone-life-2") == ""

    # deleted is hidden, and the version below comes back when the marker goes
    rclone("deletefile", film)
    assert rclone("lsf", "site:rclone-life/tree/films").splitlines() == ["copy.bin"]
    versions = rclone("lsf", "site:rclone-life/tree/films", versions="true").splitlines()
    (hidden,) = [name for name in versions if name.startswith("the long film-v")]
    rclone("copyto", f"site:rclone-life/tree/films/{hidden}", film, versions="true", check=False)
    rclone("copyto", "site:rclone-life/tree/films/copy.bin", film)

    back = tmp_path / "back"
    folders = [path.name for path in tree.iterdir()]
    with ThreadPoolExecutor() as at_once:  # each rclone waits 10 ms between its calls
        list(at_once.map(lambda name: rclone("sync", f"site:rclone-life/tree/{name}", str(back / name)), folders))
    (back / "films" / "copy.bin").replace(tmp_path / "copy.bin")
    assert same_bytes(tmp_path / "copy.bin", tree / LARGE_FILE)
    assert_same_trees(tree, back)

    shutil.rmtree(back / "2020")
    rclone("sync", "--transfers", "8", "--fast-list", str(back), "site:rclone-life/tree")
    assert sorted(rclone("lsf", "-R", "--files-only", "site:rclone-life/tree").splitlines()) == names_in(back)

    with ThreadPoolExecutor() as at_once:
        list(at_once.map(lambda name: rclone("purge", f"site:rclone-life/tree/{name}"), folders))
    rclone("purge", "site:rclone-life")
    rclone("purge", "site:rclone-life-2")
    assert "rclone-life" not in rclone("lsd", "site:")


def test_a_large_file_of_unknown_length_goes_in_parts(rclone, tmp_path):
    content = "".join(f"line {number}\n" for number in range(1_000_000))
    parts = {"chunk_size": "5M", "upload_cutoff": "5M"}
    rclone("rcat", "--streaming-upload-cutoff", "1M", "site:rclone-stream/lines.txt", content=content, **parts)
    assert rclone("cat", "site:rclone-stream/lines.txt") == content
    assert (
        rclone("cat", "--offset", "6000000", "--count", "20", "site:rclone-stream/lines.txt")
        == content[6_000_000:6_000_020]
    )


def test_a_large_file_is_copied_in_parts(rclone, tree, tmp_path):
    (tmp_path / "large.bin").write_bytes(bytes(range(256)) * 50_000)
    rclone("copy", str(tmp_path / "large.bin"), "site:rclone-parts", chunk_size="5M", upload_cutoff="5M")
    rclone("copyto", "site:rclone-parts/large.bin", "site:rclone-parts/copy.bin", chunk_size="5M", copy_cutoff="5M")
    rclone("check", "--download", "--include", "large.bin", str(tmp_path), "site:rclone-parts")
    rclone("copyto", "site:rclone-parts/copy.bin", str(tmp_path / "copy.bin"))
    assert same_bytes(tmp_path / "copy.bin", tmp_path / "large.bin")


def test_every_upload_is_tried_again_until_it_succeeds(rclone, tmp_path):
    """By `--b2-test-mode` the origin fails some uploads and lets some tokens expire (b2.md §7.3)."""
    (tmp_path / "files").mkdir()
    for number in range(20):
        (tmp_path / "files" / f"{number}.txt").write_text(f"file {number}")
    again = ("--low-level-retries", "20", "--retries", "5")
    for mode in ("fail_some_uploads", "expire_some_account_authorization_tokens"):
        rclone("copy", *again, str(tmp_path / "files"), f"site:rclone-trouble/{mode}", test_mode=mode)
        rclone("check", str(tmp_path / "files"), f"site:rclone-trouble/{mode}")


def test_a_cap_is_told_in_words(rclone):
    refusal = rclone("mkdir", "site:rclone-cap", test_mode="force_cap_exceeded", check=False)
    assert "Transaction cap exceeded. To increase your cap, sign in" in refusal


def test_a_link_is_good_for_a_private_bucket(rclone, tmp_path):
    (tmp_path / "a.txt").write_text("content")
    rclone("copy", str(tmp_path / "a.txt"), "site:rclone-links/folder")
    link = rclone("link", "site:rclone-links/folder/a.txt", "--expire", "60s").strip()
    assert httpx.get(link).text == "content"
    assert httpx.get(link.partition("?")[0]).status_code == 401


def test_old_versions_and_unfinished_files_are_cleaned_up(rclone, origin_program, tmp_path):
    file = tmp_path / "a.txt"
    for content in ("first", "second, and longer"):
        file.write_text(content)
        rclone("copy", str(file), "site:rclone-cleanup")
    assert len(rclone("lsf", "site:rclone-cleanup", versions="true").splitlines()) == 2
    rclone("cleanup", "site:rclone-cleanup")
    assert rclone("lsf", "site:rclone-cleanup", versions="true").splitlines() == ["a.txt"]
    assert rclone("cat", "site:rclone-cleanup/a.txt") == "second, and longer"
