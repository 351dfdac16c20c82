"""The real restic: over rclone's B2 backend, by its own B2 backend, which has Backblaze's name and TLS built in, and by
its S3 backend.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from support.connect_proxy import connect_proxy
from support.origin_program import OriginProgram, running_origin
from support.photo_tree import assert_same_trees
from support.ports import free_ports
from support.rclone import rclone_environment

RESTIC = shutil.which("restic")


class Restic:
    def __init__(self, repository: str, environment: dict[str, str], cache: Path) -> None:
        self._repository = repository
        self._environment = {
            **environment,
            "PATH": os.environ["PATH"],
            "RESTIC_PASSWORD": "a password",
            "RESTIC_CACHE_DIR": str(cache),
            "RESTIC_PROGRESS_FPS": "0.1",
        }

    def __call__(self, *arguments: str) -> str:
        assert RESTIC is not None, "restic is not installed: apt install restic"
        done = subprocess.run(
            [RESTIC, "-r", self._repository, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def live(self, tree: Path, back: Path) -> None:
        """A repository's whole life: made, filled, listed, checked, restored, and thinned out."""
        self("init")
        self("backup", "--host", "camera", str(tree))
        self("backup", "--host", "camera", "--tag", "again", str(tree))
        snapshots = json.loads(self("snapshots", "--json"))
        assert [snapshot["paths"] for snapshot in snapshots] == [[str(tree)]] * 2
        assert "no errors were found" in self("check", "--read-data")
        self("restore", "latest", "--target", str(back))
        assert_same_trees(tree, back / tree.relative_to("/"))
        self("forget", "--prune", "--keep-last", "1")
        assert len(json.loads(self("snapshots", "--json"))) == 1


def test_a_tree_lives_its_whole_life_over_rclone(origin_program, tree, tmp_path):
    owner = origin_program.owner
    environment = rclone_environment(origin_program.address, owner.key_id, owner.application_key)
    restic = Restic("rclone:site:restic-life/repository", environment, tmp_path / "cache")
    restic.live(tree, tmp_path / "back")


def test_a_tree_lives_its_whole_life_over_s3(origin_program, tree, tmp_path):
    owner = origin_program.owner
    environment = {"AWS_ACCESS_KEY_ID": owner.key_id, "AWS_SECRET_ACCESS_KEY": owner.application_key}
    # It makes the bucket by itself.
    restic = Restic(f"s3:{origin_program.address}/restic-s3/repository", environment, tmp_path / "cache")
    restic.live(tree, tmp_path / "back")


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def origin_with_tls(authority, tmp_path) -> Iterator[tuple[OriginProgram, int]]:
    """An origin with a certificate for Backblaze's name, and the port of its TLS listener."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    issued = authority.issue_cert("api.backblazeb2.com")
    (folder / "b2.crt").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    (folder / "b2.key").write_bytes(issued.private_key_pem.bytes())
    (port,) = free_ports(1)
    flags = ["--tls", f"127.0.0.1:{port}", "--certificates", str(folder)]
    with running_origin(tmp_path / "origin", *flags) as origin:
        yield origin, port


def test_restics_own_b2_backend_works_as_docs_sharex_says(origin_with_tls, authority, tmp_path):
    origin, port = origin_with_tls
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(50):
        (tree / f"{number} é.jpg").write_bytes(bytes([number]) * 1000 * number)
    with connect_proxy("api.backblazeb2.com:443", port) as proxy:
        environment = {
            "B2_ACCOUNT_ID": origin.owner.key_id,
            "B2_ACCOUNT_KEY": origin.owner.application_key,
            "HTTPS_PROXY": proxy,
            "SSL_CERT_FILE": str(tmp_path / "ca.crt"),
        }
        Restic("b2:restic-own-backend:repository", environment, tmp_path / "cache").live(tree, tmp_path / "back")
