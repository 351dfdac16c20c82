"""A page of 1,000 names out of 1,000,000 files, by both APIs and beside SeaweedFS: the first, a deep one, a folder."""

from __future__ import annotations

import asyncio
import hashlib
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from bench import ours, peers, seaweed_names
from bench.b2 import B2Account
from bench.load import on_load_cpu
from bench.machine import peak_resident
from bench.s3 import S3Access
from calotype.master_key import MasterKey
from calotype.store.ids import new_blob_id, new_version_id
from calotype.store.metadata import Transaction
from calotype.store.model import Action, Blob, Bucket, Digests, Extent, FileVersion
from calotype.store.store import Store

PAGE = 1000
FILES = 1_000_000
FILES_WHEN_QUICK = 50_000
ROWS_A_COMMIT = 10_000
BUCKET = "bench-names"
BEGAN_MS = 1_767_225_600_000  # 2026-01-01; each file comes a second after the one before


@dataclass(frozen=True, slots=True)
class Page:
    """Where it begins, and whether it is asked for as programs that show folders ask: by prefix and delimiter."""

    start: str = ""
    of_folder: bool = False


FOLDER = "photographs/"
List = Callable[[Page], int]  # asks for a page and says how many names came
Waits = dict[str, list[float]]  # milliseconds, by server, one of each round


def measure(folder: Path, quick: bool) -> str:
    """A table of milliseconds a page, as Markdown."""
    count, times = (FILES_WHEN_QUICK, 5) if quick else (FILES, 30)
    with ExitStack() as running:
        for name in ("ours", "seaweedfs"):
            (folder / name).mkdir()
        with ours.origin(folder / "ours") as origin:
            bucket_id = B2Account(origin.url, origin.key_id, origin.application_key).create_bucket(BUCKET)
        asyncio.run(fill(folder / "ours" / "data" / "origin", bucket_id, count))
        origin = running.enter_context(ours.origin(folder / "ours"))
        peer = running.enter_context(peers.seaweedfs(folder / "seaweedfs"))
        peer.s3.create_bucket(BUCKET)
        seaweed_names.fill(peer, folder / "names.meta", BUCKET, names(count))
        lists = {
            "ours, B2": b2_list(origin, bucket_id),
            "ours, S3": s3_list(ours.s3_of(origin)),
            "seaweedfs, S3": s3_list(peer.s3),
        }
        deep = name_of(count * 9 // 10)
        pages = {"first": Page(), "deep": Page(deep), "folder, deep": Page(deep, of_folder=True)}
        waits = {name: rounds(lists, page, times) for name, page in pages.items()}
        peak = peak_resident(origin.pid)
    return "\n".join([*table(waits, count), "", ours.memory_line(peak)])


def table(waits: dict[str, Waits], count: int) -> list[str]:
    lines = [
        "## Listing\n",
        f"{PAGE:,} names out of a bucket of {count:,} files: the first page, one after nine tenths of them, and that "
        "as the content of a folder (prefix and delimiter). One request at a time, median; the client's part of it is "
        "in all of them. The rows were put into the metadata of both without their bytes.\n",
        f"| server and API | {' | '.join(waits)} | {' | '.join(f'over ours, {page}' for page in waits)} |",
        f"|---|{'---:|' * 2 * len(waits)}",
    ]
    for server in next(iter(waits.values())):
        medians = [f"{statistics.median(of_page[server]):.1f} ms" for of_page in waits.values()]
        over = [ratio(of_page, server) for of_page in waits.values()]
        lines.append(f"| {' | '.join([server, *medians, *over])} |")
    return lines


def ratio(waits: Waits, server: str) -> str:
    """The median over the rounds of a peer's time over that of our S3; empty for our own."""
    if server.startswith("ours"):
        return ""
    return (
        f"{statistics.median(theirs / mine for theirs, mine in zip(waits[server], waits['ours, S3'], strict=True)):.2f}"
    )


def rounds(lists: dict[str, List], page: Page, times: int) -> Waits:
    """What the page takes each server, in rounds of one request to each; the first round is not counted."""
    waits: Waits = {server: [] for server in lists}
    with on_load_cpu():
        for _ in range(times + 1):
            for server, ask in lists.items():
                waits[server].append(wait_ms(ask, page))
    return {server: of_server[1:] for server, of_server in waits.items()}


def wait_ms(ask: List, page: Page) -> float:
    """The time of one page; raises when it is not full."""
    began = time.monotonic()
    found = ask(page)
    wait = (time.monotonic() - began) * 1000
    if found != PAGE:
        raise RuntimeError(f"{found} names came, not {PAGE}")
    return wait


def b2_list(origin: ours.OurOrigin, bucket_id: str) -> List:
    account = B2Account(origin.url, origin.key_id, origin.application_key)

    def ask(page: Page) -> int:
        folder = {"prefix": FOLDER, "delimiter": "/"} if page.of_folder else {}
        start = page.start or None
        asked = {"bucketId": bucket_id, "startFileName": start, "maxFileCount": PAGE, **folder}
        return account.answer("b2_list_file_names", **asked).count(b'"fileId"')

    return ask


def s3_list(access: S3Access) -> List:
    """Over one connection, as the SDKs keep it, by addresses signed beforehand."""
    connection = HTTPConnection(access.url.removeprefix("http://"))

    @lru_cache
    def target(page: Page) -> str:
        asked = {"list-type": "2", "max-keys": str(PAGE)}
        if page.start:
            asked["start-after"] = page.start
        if page.of_folder:
            asked |= {"prefix": FOLDER, "delimiter": "/"}
        return access.presigned("GET", f"/{BUCKET}", urlencode(asked))

    def ask(page: Page) -> int:
        connection.request("GET", target(page))
        return connection.getresponse().read().count(b"<Contents>")

    return ask


def names(count: int) -> Iterator[str]:
    return (name_of(number) for number in range(count))


def name_of(number: int) -> str:
    return f"{FOLDER}{number:07d}.png"


async def fill(folder: Path, bucket_id: str, count: int) -> None:
    """Put the rows of so many uploads into a store that nobody else has open. No bytes are behind them."""
    async with await Store.open(folder, MasterKey.random(), opens_secrets=False) as store:
        bucket = await store.bucket_by_id(bucket_id)
        for first in range(0, count, ROWS_A_COMMIT):
            numbers = range(first, min(first + ROWS_A_COMMIT, count))

            def insert(transaction: Transaction, numbers: range = numbers) -> None:
                for number in numbers:
                    version, blob = file_of(bucket, number)
                    transaction.insert_blob(blob)
                    transaction.insert_version(version)

            for outcome in await store.metadata.apply([insert]):
                if isinstance(outcome, Exception):
                    raise outcome


def file_of(bucket: Bucket, number: int) -> tuple[FileVersion, Blob]:
    """What an upload of 10,000 bytes leaves in the metadata; its digests are of the number."""

    def noise(length: int) -> bytes:
        return hashlib.shake_128(number.to_bytes(8)).digest(length)

    content, time_ms = str(number).encode(), BEGAN_MS + number * 1000
    md5, sha1 = hashlib.md5(content, usedforsecurity=False), hashlib.sha1(content, usedforsecurity=False)
    digests = Digests(md5.hexdigest(), sha1.hexdigest(), hashlib.sha256(content).hexdigest())
    blob = Blob(bucket.account_id, new_blob_id(f"{number % 256:02x}", noise), 10_000, digests.sha256)
    version = FileVersion(
        account_id=bucket.account_id,
        bucket_id=bucket.bucket_id,
        version_id=new_version_id(bucket.bucket_id, Action.UPLOAD, time_ms, noise),
        key=name_of(number).encode(),
        action=Action.UPLOAD,
        uploaded_at_ms=time_ms,
        length=blob.length,
        content_type="image/png",
        digests=digests,
        etag=digests.md5,
        info={"src_last_modified_millis": str(time_ms)},
        extents=(Extent(blob.blob_id, 0, blob.length),),
        is_latest=True,
    )
    return version, blob
