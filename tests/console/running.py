"""A real origin and a real console, each in a process of its own, on free ports."""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from calotype.b2.client import B2Client
from calotype.console.passwords import password_file
from calotype.console.settings import ConsoleSettings
from calotype.private_files import write_private
from calotype.programs import console, origin
from calotype.site.folder import OwnerKey, load_credentials
from support.ports import free_ports

START_DEADLINE_S = 30
STOP_DEADLINE_S = 20
PASSWORD = "correct horse battery staple"
BUCKET = "pictures"
MASTER_KEY = "00" * 32

# A fork of a process that has imported everything: starting a program anew takes ten times as long.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["calotype.programs.console", "calotype.programs.origin", "boto3"])


@dataclass(slots=True)
class RunningConsole:
    """`url` is the console's, `site` where its pictures are, neither with a slash at the end."""

    url: str
    site: str
    settings: ConsoleSettings
    origin_settings: origin.OriginSettings
    origin_process: ForkServerProcess
    console_process: ForkServerProcess
    s3: Any

    @property
    def keys(self) -> list[str]:
        """The names in the bucket, as another client lists them."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET)
        return [each["Key"] for each in listed.get("Contents", [])]

    def content(self, key: str) -> bytes:
        content: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def empty(self) -> None:
        for key in self.keys:
            self.s3.delete_object(Bucket=BUCKET, Key=key)

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.console_process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024


@contextmanager
def running_console(folder: Path, *, reserve_bytes: int = 0) -> Iterator[RunningConsole]:
    """A console over an origin with one empty public bucket, both stopped at the end of the block."""
    [port] = free_ports(1)
    settings = origin.OriginSettings(data=folder, listen=f"127.0.0.1:{port}", reserve_bytes=reserve_bytes)
    with running(run_origin, settings) as process:
        owner = load_credentials(folder).owner
        assert owner is not None
        s3 = s3_client(f"http://{settings.listen}", owner.key_id, owner.application_key)
        create_public_bucket(s3, f"http://{settings.listen}", owner)
        with console_over(process, settings, s3) as console:
            yield console


def create_public_bucket(s3: Any, endpoint: str, owner: OwnerKey) -> None:
    """One without versions, of which everybody reads every object: S3 alone has no word for it."""
    s3.create_bucket(Bucket=BUCKET)
    with B2Client(endpoint, owner.key_id, owner.application_key) as b2:
        b2.update_bucket(b2.bucket(BUCKET).bucket_id, is_public=True)


@contextmanager
def another_console(site: RunningConsole, folder: Path, **different: Any) -> Iterator[RunningConsole]:
    """A second console over the same origin, with a folder of its own and some settings different."""
    with console_over(site.origin_process, site.origin_settings, site.s3, folder=folder, **different) as console:
        yield console


@contextmanager
def console_over(
    origin_process: ForkServerProcess,
    origin_settings: origin.OriginSettings,
    s3: Any,
    *,
    folder: Path | None = None,
    **different: Any,
) -> Iterator[RunningConsole]:
    [port] = free_ports(1)
    owner = load_credentials(origin_settings.data).owner
    assert owner is not None
    endpoint = f"http://{origin_settings.listen}"
    usual = ConsoleSettings(
        data=folder or origin_settings.data,
        listen=f"127.0.0.1:{port}",
        s3_endpoint=endpoint,
        region=origin_settings.region,
        bucket=BUCKET,
        key_id=owner.key_id,
        application_key=owner.application_key,
        site_url=f"{endpoint}/file/{BUCKET}",
        site_name="Harbour Light",
    )
    settings = replace(usual, **different)
    write_private(password_file(settings.folder), json.dumps({"password": cheap_record(PASSWORD)}))
    with running(run_console, settings) as process:
        yield RunningConsole(
            url=f"http://{settings.listen}",
            site=settings.site_url or "",
            settings=settings,
            origin_settings=origin_settings,
            origin_process=origin_process,
            console_process=process,
            s3=s3,
        )


@contextmanager
def running(target: Callable[..., None], settings: Any) -> Iterator[ForkServerProcess]:
    """A program in a process of its own, from its readiness to the end of the block."""
    ready = _PROCESSES.Event()
    process = _PROCESSES.Process(target=target, args=(settings, ready))
    process.start()
    try:
        wait_until_ready(process, ready)
        yield process
    finally:
        process.terminate()
        process.join(STOP_DEADLINE_S)
        process.kill()
        process.join()


def wait_until_ready(process: ForkServerProcess, ready: Any) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while not ready.wait(0.1):
        assert process.is_alive(), "the program ended at its start"
        assert time.monotonic() < deadline, f"the program was not ready within {START_DEADLINE_S} s"


def cheap_record(password: str) -> str:
    """A password's record at a cost that suits hundreds of sign-ins, and nobody else."""
    salt = b"salt for tests"
    digest = hashlib.scrypt(password.encode(), salt=salt, n=16, r=8, p=1, dklen=32)
    return f"scrypt$16$8$1${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def run_origin(settings: origin.OriginSettings, ready: Any) -> None:
    os.environ["CALOTYPE_MASTER_KEY"] = MASTER_KEY
    origin.run(settings, ready.set)


def run_console(settings: ConsoleSettings, ready: Any) -> None:
    console.run(settings, ready.set)


def s3_client(endpoint: str, key_id: str, secret: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )
