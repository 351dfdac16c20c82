"""backup, restore and fsck, and what the client commands can do without."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.site.folder import load_credentials, save_credentials
from calotype.store.encryption import SERVER_KEY
from calotype.store.model import VersionDraft
from calotype.store.store import Store
from cli.conftest import Command
from support.ports import free_ports
from support.site import CALOTYPE, RunningSite, make_site, running_site

SERVER_PACKAGES = ("uvloop", "httptools", "cryptography", "starlette", "uvicorn", "jinja2", "h2")


def test_a_backup_of_a_running_site_is_checked_and_starts_as_a_site_of_its_own(
    beside: Command, calotype: Command, site: RunningSite, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"a picture to keep")
    beside("upload", str(tmp_path / "a.png"), "--name", "kept/a.png")
    made = beside("backup", str(tmp_path / "backup"), "--json")
    assert made.code == 0, made.err
    assert made.json["blobs"] > 0
    secrets = load_credentials(site.data)
    assert secrets.owner is not None
    for path in (tmp_path / "backup").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert secrets.owner.application_key.encode() not in content
            assert (secrets.control_token or "").encode() not in content
    restored = calotype("restore", str(tmp_path / "backup"), "--data", str(tmp_path / "data"), "--json")
    assert restored.json["blobs"] == made.json["blobs"]
    assert (tmp_path / "data" / "calotype.toml").read_text() == (site.data / "calotype.toml").read_text()
    checked = calotype("fsck", "--data", str(tmp_path / "data"), "--json")
    assert (checked.code, checked.json["problems"]) == (0, [])
    assert checked.json["blobs"] == made.json["blobs"]


def test_without_the_master_key_a_restored_site_says_what_to_do_and_makes_none(
    beside: Command, calotype: Command, tmp_path: Path
) -> None:
    beside("backup", str(tmp_path / "backup"))
    calotype("restore", str(tmp_path / "backup"), "--data", str(tmp_path / "data"))
    assert calotype("fsck", "--data", str(tmp_path / "data")).code == 0  # bytes need no key
    home = tmp_path / "home"
    outcome = _refused_start(tmp_path / "data", HOME=str(home))
    assert outcome.returncode == 3
    path = home / ".config" / "calotype" / "master.key"
    assert (
        f"there is no master key, and the secrets in this data folder are sealed with one: put it back at {path}"
        in (outcome.stderr)
    )
    assert not path.exists()
    outcome = _refused_start(tmp_path / "data", HOME=str(home), CALOTYPE_MASTER_KEY="00" * 32)
    assert outcome.returncode == 3
    assert "does not open this data folder: this one is from CALOTYPE_MASTER_KEY; put the one" in outcome.stderr
    for words in (str(path), "restore BACKUP --new-master-key"):
        assert words in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


def _refused_start(data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    listen = [part for name in ("edge", "console", "origin", "control") for part in (f"--{name}", _free_address())]
    return subprocess.run([CALOTYPE, "up", "--data", str(data), *listen], env=variables, capture_output=True, text=True)


def _free_address() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"


def test_with_a_new_master_key_a_restored_site_starts_with_every_picture(tmp_path: Path) -> None:
    with running_site(tmp_path / "former", CALOTYPE_SITE_ACCESS="private") as former:
        (tmp_path / "a.png").write_bytes(b"a picture to keep")
        former.calotype("upload", str(tmp_path / "a.png"), "--name", "kept/a.png")
        former.calotype("backup", str(tmp_path / "backup"))
    new = make_site(tmp_path / "new", CALOTYPE_SITE_ACCESS="private")
    restored = new.calotype("restore", str(tmp_path / "backup"), "--new-master-key")
    assert "Without its keys" in restored.stdout
    new.start()
    try:
        assert new.get("/kept/a.png").content == b"a picture to keep"
        assert {key["name"] for key in new.calotype_json("keys", "list")} == {"calotype-site", "calotype-edge"}
        assert new.calotype("doctor").returncode == 0
    finally:
        new.stop()


def test_what_the_lost_master_key_encrypted_is_counted_at_the_restore_and_named_by_fsck(
    calotype: Command, tmp_path: Path
) -> None:
    asyncio.run(_make_encrypted_origin(tmp_path / "backup" / "origin"))
    restored = calotype("restore", str(tmp_path / "backup"), "--data", str(tmp_path / "one"), "--new-master-key")
    assert restored.code == 0, restored.err
    assert "! Files that the lost key encrypted (SSE-B2), listed but no longer readable: 1." in restored.out
    restored = calotype(
        "restore", str(tmp_path / "backup"), "--data", str(tmp_path / "two"), "--new-master-key", "--json"
    )
    assert (restored.json["lostFiles"], restored.json["lostNotificationRules"]) == (1, 0)
    assert calotype("fsck", "--data", str(tmp_path / "two")).code == 0  # as they lie, the bytes are whole


async def _make_encrypted_origin(folder: Path) -> None:
    async with await Store.open(folder, MasterKey.random(), reserve_bytes=0) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        async with store.upload(bucket, b"a.png", encryption=SERVER_KEY) as upload:
            await upload.write(b"a picture to keep secret")
            await upload.commit(VersionDraft())


def test_fsck_of_a_running_site_reads_everything(beside: Command) -> None:
    outcome = beside("fsck")
    assert outcome.code == 0
    assert outcome.lines[0].endswith("all read and compared")


def test_fsck_finds_bytes_that_changed(beside: Command, calotype: Command, site: RunningSite, tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"bytes that will be found nowhere else")
    beside("upload", str(tmp_path / "b.png"), "--name", "damaged/b.png")
    beside("backup", str(tmp_path / "backup"))
    calotype("restore", str(tmp_path / "backup"), "--data", str(tmp_path / "data"))
    (blobs,) = [
        path
        for path in (tmp_path / "data" / "origin" / "blobs").rglob("*")
        if path.is_file() and b"found nowhere else" in path.read_bytes()
    ]
    blobs.chmod(0o600)
    blobs.write_bytes(blobs.read_bytes().replace(b"found nowhere else", b"found somewhere el"))
    outcome = calotype("fsck", "--data", str(tmp_path / "data"))
    assert outcome.code == 7
    assert "! the bytes do not have the SHA-256 of the row" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["backup", "{full}"], 2, "it is there already and not empty"),
        (["restore", "{full}", "--data", "{new}"], 1, "holds no metadata.db"),
        (["restore", "{full}", "--data", "{full}"], 2, "it is not empty"),
    ],
)
def test_a_folder_that_will_not_do_is_refused(
    beside: Command, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    outcome = beside(*(part.format(full=tmp_path / "full", new=tmp_path / "new") for part in arguments))
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["something"]


def test_a_key_that_the_origin_does_not_know_leaves_with_5(
    calotype: Command, site: RunningSite, tmp_path: Path
) -> None:
    credentials = load_credentials(site.data)
    assert credentials.owner is not None
    wrong = replace(credentials, owner=replace(credentials.owner, application_key="wrong"), control_token="wrong")
    save_credentials(tmp_path / "data", wrong)
    listen = {name: getattr(site, name).removeprefix("http://") for name in ("edge", "console", "origin", "control")}
    lines = [f"{name} = '{address}'\n" for name, address in listen.items()]
    (tmp_path / "data" / "calotype.toml").write_text("[listen]\n" + "".join(lines))
    for command in (["ls"], ["keys", "list"], ["plan"], ["backup", str(tmp_path / "b")], ["fsck"]):
        outcome = calotype(*command, "--data", str(tmp_path / "data"))
        assert (outcome.code, outcome.out) == (5, ""), command
        assert f"The origin {site.origin} refuses the key {credentials.owner.key_id}" in outcome.err


# Without the server's packages


def without_server_packages(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in an interpreter in which the server's packages are not installed."""
    program = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SERVER_PACKAGES!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from calotype.cli import main
main()
"""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


def test_client_commands_need_no_server_package(site: RunningSite, tmp_path: Path) -> None:
    (tmp_path / "c.png").write_bytes(b"from a light installation")
    environment = dict(site.environment)
    link = without_server_packages("upload", str(tmp_path / "c.png"), **environment)
    assert link.returncode == 0, link.stderr
    for command in (
        ["ls", "-r"],
        ["keys", "list"],
        ["buckets", "list"],
        ["plan"],
        ["doctor"],
        ["rm", link.stdout.strip()],
    ):
        outcome = without_server_packages(*command, **environment)
        assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("command", ["up", "origin", "edge", "console"])
def test_a_server_without_its_packages_says_what_to_install(tmp_path: Path, command: str) -> None:
    outcome = without_server_packages(command, "--data", str(tmp_path / "data"), HOME=str(tmp_path))
    assert outcome.returncode == 3
    assert "calotype[server]" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_help_loads_neither_a_server_nor_a_client() -> None:
    program = (
        "import sys; sys.argv = ['calotype', '--help']\n"
        "from calotype.cli.app import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        f"print({{'httpx', 'msgspec', *{SERVER_PACKAGES!r}}} & set(sys.modules), file=sys.stderr)"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert outcome.stderr.strip() == "set()"
