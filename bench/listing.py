"""A page of 1,000 names out of 1,000,000 files, the first and a deep one, by both APIs and beside SeaweedFS."""

from __future__ import annotations

import asyncio
import hashlib
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

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

List = Callable[[str], int]  # asks for the page after this name and says how many names came


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
        pages = {"first": "", "deep": name_of(count * 9 // 10)}
        waits = {
            server: {page: wait_ms(ask, start, times) for page, start in pages.items()} for server, ask in lists.items()
        }
        peak = peak_resident(origin.pid)
    return "\n".join([*table(waits, count), "", ours.memory_line(peak)])


def table(waits: dict[str, dict[str, float]], count: int) -> list[str]:
    lines = [
        "## Listing\n",
        f"{PAGE:,} names out of a bucket of {count:,} files, the first page and one after nine tenths of them, one "
        "request at a time, median. The rows were put into the metadata of both without their bytes.\n",
        "| server and API | first page | deep page | peer's over ours, first | deep |",
        "|---|---:|---:|---:|---:|",
    ]
    mine = waits["ours, S3"]
    for server, of_page in waits.items():
        over = ["", ""] if server.startswith("ours") else [f"{of_page[page] / mine[page]:.2f}" for page in of_page]
        cells = [server, *(f"{wait:.1f} ms" for wait in of_page.values()), *over]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def wait_ms(ask: List, start: str, times: int) -> float:
    """The median time of a page; raises when it is not full."""
    waits = []
    with on_load_cpu():
        for _ in range(times + 1):
            began = time.monotonic()
            found = ask(start)
            waits.append((time.monotonic() - began) * 1000)
            if found != PAGE:
                raise RuntimeError(f"{found} names came, not {PAGE}")
    return statistics.median(waits[1:])


def b2_list(origin: ours.OurOrigin, bucket_id: str) -> List:
    account = B2Account(origin.url, origin.key_id, origin.application_key)

    def ask(start: str) -> int:
        page = account.call("b2_list_file_names", bucketId=bucket_id, startFileName=start or None, maxFileCount=PAGE)
        return len(page["files"])

    return ask


def s3_list(access: S3Access) -> List:
    def ask(start: str) -> int:
        after = f"&start-after={start.replace('/', '%2F')}" if start else ""
        page = access.request("GET", f"/{BUCKET}", f"list-type=2&max-keys={PAGE}{after}")
        return page.count(b"<Contents>")

    return ask


def names(count: int) -> Iterator[str]:
    return (name_of(number) for number in range(count))


def name_of(number: int) -> str:
    return f"photographs/{number:07d}.png"


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
