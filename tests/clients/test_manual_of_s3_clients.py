"""docs/clients-s3.md, command by command: what it tells users of S3 programs works, with a key for one bucket."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support.javascript import run_javascript
from support.origin_program import OriginProgram
from support.photographs import photograph
from support.s3fs import complain_if_not_allowed, skipped_where_mounting_is_not_allowed

PAGE = (Path(__file__).parents[2] / "docs" / "clients-s3.md").read_text()
ADDRESS = "127.0.0.1:9000"
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
BUCKET_AND_KEY, VARIABLES, AWS, RCLONE, RESTIC, S3CMD, S3FS, CURL = SHELL
BOTO3, FORM, MINIO, OBSTORE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SDK, AWS4FETCH = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
PICTURE = photograph("coffee.png").read_bytes()

Type = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the user is when typing the page's commands."""
    folder = tmp_path_factory.mktemp("manual")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "a.png").write_bytes(PICTURE)
    return folder


@pytest.fixture(scope="module")
def environment(origin_program: OriginProgram, folder: Path) -> dict[str, str]:
    """After the page's first commands."""
    make_bucket, make_key = (line.split()[1:] for line in BUCKET_AND_KEY.splitlines())
    origin_program.calotype_json(*make_bucket)
    key = origin_program.calotype_json(*make_key)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": key["keyId"],
        "AWS_SECRET_ACCESS_KEY": key["applicationKey"],
    }
    exported = here(VARIABLES.splitlines()[1], origin_program).removeprefix("export ").split()
    return environment | dict(variable.split("=", 1) for variable in exported)


def here(text: str, origin: OriginProgram) -> str:
    return text.replace(ADDRESS, origin.address.removeprefix("http://"))


@pytest.fixture(scope="module")
def typed(origin_program: OriginProgram, environment: dict[str, str], folder: Path) -> Type:
    def run(*command: str) -> str:
        command = tuple(here(part, origin_program) for part in command)
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def seen(origin_program: OriginProgram) -> Callable[[str], bytes]:
    """What everybody sees under a name in the public bucket."""
    return lambda name: httpx.get(f"{origin_program.address}/holiday-2026/{name}").content


def test_the_aws_tool(typed: Type) -> None:
    *_, link = typed("sh", "-eu", "-c", AWS).splitlines()
    assert "X-Amz-Signature" in link
    assert httpx.get(link).content == PICTURE


def test_boto3(typed: Type) -> None:
    link = typed(sys.executable, "-c", f"{BOTO3}print(link)").strip()
    assert httpx.get(link).content == PICTURE


def test_a_form_in_a_web_page(typed: Type, seen: Callable[[str], bytes]) -> None:
    page = typed(sys.executable, "-c", FORM)
    [address] = re.findall(r'action="(.*?)"', page)
    fields = dict(re.findall(r'name="(.*?)" value="(.*?)"', page))
    assert httpx.post(address, data=fields, files={"file": ("cup.png", PICTURE)}).status_code == 204
    assert seen("guests/cup.png") == PICTURE
    assert httpx.post(address, data=fields, files={"file": ("large.png", bytes(20_000_001))}).status_code == 400


def test_the_sdk_for_javascript(environment: dict[str, str], folder: Path) -> None:
    assert httpx.get(run_javascript(SDK, folder, environment).strip()).content == PICTURE


def test_aws4fetch(environment: dict[str, str], folder: Path) -> None:
    assert run_javascript(AWS4FETCH, folder, environment) == "200\n"


def test_rclone(typed: Type) -> None:
    typed("sh", "-eu", "-c", RCLONE)


def test_restic(typed: Type) -> None:
    assert "no errors were found" in typed("sh", "-eu", "-c", RESTIC)


def test_s3cmd(typed: Type) -> None:
    assert "s3://holiday-2026/pictures/a.png" in typed("sh", "-eu", "-c", S3CMD)


def test_minio(typed: Type) -> None:
    assert httpx.get(typed(sys.executable, "-c", MINIO).strip()).content == PICTURE


def test_obstore(typed: Type) -> None:
    typed(sys.executable, "-c", OBSTORE)


def test_s3fs(typed: Type, seen: Callable[[str], bytes]) -> None:
    with skipped_where_mounting_is_not_allowed():
        try:
            typed("sh", "-eu", "-c", S3FS)
        except AssertionError as failed:
            complain_if_not_allowed(str(failed))
            raise
    assert seen("a.png") == PICTURE


def test_curl(typed: Type, seen: Callable[[str], bytes]) -> None:
    typed("sh", "-eu", "-c", CURL)
    assert seen("pictures/e.png") == PICTURE
