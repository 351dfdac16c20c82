"""One file of 1 GB: in parts, 8 at a time, by the B2 API and by S3, beside SeaweedFS's S3; and as one S3 PUT."""

from __future__ import annotations

import hashlib
import http.client
import random
import re
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from bench import ours, peers
from bench.b2 import B2Account
from bench.load import on_load_cpu
from bench.machine import peak_resident
from bench.s3 import S3Access

PART_BYTES = 25_000_000
PARTS = 40
AT_A_TIME = 8
FILE_BYTES = PART_BYTES * PARTS

Upload = Callable[[int], None]  # makes the file of that number


def measure(folder: Path, quick: bool) -> str:
    """A table of bytes per second of one file of 1 GB, as Markdown."""
    rounds = 1 if quick else 3
    part = folder / "part"
    part.write_bytes(random.Random(1).randbytes(PART_BYTES))
    with ExitStack() as running:
        for name in ("ours", "seaweedfs"):
            (folder / name).mkdir()
        origin = running.enter_context(ours.origin(folder / "ours"))
        peer = running.enter_context(peers.seaweedfs(folder / "seaweedfs"))
        peer.create_synced_bucket("bench-synced")
        uploads: dict[str, Upload] = {
            "ours, B2 large file": b2_large_file(origin, part),
            "ours, S3 multipart": s3_multipart(ours.s3_of(origin), "bench-large", part),
            "seaweedfs, S3 multipart": s3_multipart(peer.s3, "bench-large", part),
            "seaweedfs, S3 multipart, fsync": s3_multipart(peer.s3, "bench-synced", part),
            "ours, one S3 PUT": s3_put(ours.s3_of(origin), "bench-large", part),
            "seaweedfs, one S3 PUT": s3_put(peer.s3, "bench-large", part),
            "seaweedfs, one S3 PUT, fsync": s3_put(peer.s3, "bench-synced", part),
        }
        rates: dict[str, list[float]] = {name: [] for name in uploads}
        for number in range(rounds):
            for name, upload in uploads.items():
                rates[name].append(rate(upload, number))
        peak = peak_resident(origin.pid)
    return "\n".join([*table(rates), "", ours.memory_line(peak)])


def rate(upload: Upload, number: int) -> float:
    """Bytes per second of one upload."""
    with on_load_cpu():
        began = time.monotonic()
        upload(number)
        return FILE_BYTES / (time.monotonic() - began)


def table(rates: dict[str, list[float]]) -> list[str]:
    lines = [
        "## One large file\n",
        f"{FILE_BYTES / 1e9:.0f} GB of noise. In parts of {PART_BYTES / 1e6:.0f} MB, {AT_A_TIME} at a time, from the "
        "call that begins the file to the answer to the one that finishes it: a large file of the B2 API and a "
        "multipart upload by S3. And as one PUT on one connection. Ours is synced to disk before each answer; "
        "SeaweedFS with its defaults is not, and with `fsync` its bytes are. The client computes nothing while the "
        "clock runs.\n",
        "| server and way | MB/s | ours over it, in the order above |",
        "|---|---:|---:|",
    ]
    mine: list[list[float]] = []
    before = ""
    for name, measured in rates.items():
        if name.startswith("ours"):
            mine = [*mine, measured] if before.startswith("ours") else [measured]
        over = "" if name.startswith("ours") else " / ".join(f"{median_ratio(own, measured):.2f}" for own in mine)
        lines.append(f"| {name} | {statistics.median(measured) / 1e6:,.0f} | {over} |")
        before = name
    return lines


def median_ratio(own: list[float], measured: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(own, measured, strict=True))


def b2_large_file(origin: ours.OurOrigin, part: Path) -> Upload:
    account = B2Account(origin.url, origin.key_id, origin.application_key)
    bucket_id = account.create_bucket("bench-large-b2")
    sha1 = hashlib.sha1(part.read_bytes(), usedforsecurity=False).hexdigest()

    def upload(number: int) -> None:
        begun = account.call(
            "b2_start_large_file", bucketId=bucket_id, fileName=f"{number}.bin", contentType="application/octet-stream"
        )

        def send_parts(part_numbers: Iterable[int]) -> None:
            given = account.call("b2_get_upload_part_url", fileId=begun["fileId"])
            with Connection(given["uploadUrl"]) as connection:
                for part_number in part_numbers:
                    fields = {
                        "authorization": given["authorizationToken"],
                        "x-bz-part-number": str(part_number),
                        "x-bz-content-sha1": sha1,
                    }
                    connection.send("POST", urlsplit(given["uploadUrl"]).path, fields, part, 1)

        in_turns(send_parts)
        account.call("b2_finish_large_file", fileId=begun["fileId"], partSha1Array=[sha1] * PARTS)

    return upload


def s3_multipart(access: S3Access, bucket: str, part: Path) -> Upload:
    access.create_bucket(bucket)

    def upload(number: int) -> None:
        path = f"/{bucket}/parts-{number}.bin"
        begun = access.request("POST", path, "uploads=").decode()
        upload_id = re.findall("<UploadId>(.+)</UploadId>", begun)[0]
        etags: dict[int, str] = {}

        def send_parts(part_numbers: Iterable[int]) -> None:
            with Connection(access.url) as connection:
                for part_number in part_numbers:
                    target = access.presigned("PUT", path, f"partNumber={part_number}&uploadId={upload_id}")
                    etags[part_number] = connection.send("PUT", target, {}, part, 1)

        in_turns(send_parts)
        listed = "".join(
            f"<Part><PartNumber>{part_number}</PartNumber><ETag>{etag}</ETag></Part>"
            for part_number, etag in sorted(etags.items())
        )
        document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        access.request("POST", path, f"uploadId={upload_id}", document)

    return upload


def in_turns(send_parts: Callable[[Iterable[int]], None]) -> None:
    """Part numbers over AT_A_TIME threads, each taking the next one when it is done with one."""
    numbers = iter(range(1, PARTS + 1))
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        list(threads.map(send_parts, [numbers] * AT_A_TIME))


def s3_put(access: S3Access, bucket: str, part: Path) -> Upload:
    access.create_bucket(bucket)

    def upload(number: int) -> None:
        with Connection(access.url) as connection:
            connection.send("PUT", access.presigned("PUT", f"/{bucket}/whole-{number}.bin"), {}, part, PARTS)

    return upload


class Connection:
    """One kept HTTP connection, on which bodies go from the page cache to the socket without passing through us."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(self, method: str, target: str, fields: Mapping[str, str], content: Path, times: int) -> str:
        """The answer's ETag, or nothing, after the file's bytes went out as the body so many times over."""
        self._connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in {**fields, "content-length": str(content.stat().st_size * times)}.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()
        with content.open("rb") as file:
            for _ in range(times):
                self._connection.sock.sendfile(file, 0)
        with self._connection.getresponse() as response:
            answer = response.read()
            if response.status != http.client.OK:
                raise RuntimeError(f"{method} {target.partition('?')[0]}: {response.status} {answer.decode()}")
            return response.headers.get("etag") or ""
