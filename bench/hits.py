"""An edge HIT: ours over nginx `proxy_cache`, over Varnish, and over our own bare HTTP layer."""

from __future__ import annotations

import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import boto3
from botocore.config import Config

from bench import ours, peers
from bench.load import Load, median, ratio, wrk
from bench.pictures import LARGE, SMALL, png

CONNECTIONS = 32
PICTURES = {"small.png": png(SMALL), "large.png": png(LARGE)}


def measure(folder: Path, quick: bool) -> str:
    """A table of requests per second and 99th percentiles for both pictures, as Markdown."""
    rounds, seconds = (1, 1) if quick else (5, 3)
    with ExitStack() as running:
        servers = start(running, folder)
        lines = [
            "## Edge HIT\n",
            f"One worker process, {CONNECTIONS} connections. Ours is the whole site of `calotype up`: its rules, its "
            "cache status and its browser TTL. Bare is our HTTP layer answering constant bytes.\n",
            "| picture | server | requests/s | p99 | ours over it |",
            "|---|---|---:|---:|---:|",
        ]
        for name, body in PICTURES.items():
            for url in servers.values():
                warm(f"{url}/{name}", body)
            loads: dict[str, list[Load]] = {server: [] for server in servers}
            for _ in range(rounds):
                for server, url in servers.items():
                    loads[server].append(wrk(f"{url}/{name}", connections=CONNECTIONS, seconds=seconds))
            lines += rows(f"{len(body):,} B", loads)
    return "\n".join(lines)


def start(running: ExitStack, folder: Path) -> dict[str, str]:
    """The address of each server, all caching the same two pictures from our origin."""
    for name in ("ours", "nginx", "varnish", "bare", "bucket"):
        (folder / name).mkdir()
    site = running.enter_context(ours.site(folder / "ours", workers=1))
    put_pictures(site)
    origin = running.enter_context(constant_origin(folder / "bucket"))
    return {
        "ours": site.edge,
        "nginx": running.enter_context(peers.nginx(folder / "nginx", origin)),
        "varnish": running.enter_context(peers.varnish(folder / "varnish", origin)),
        "bare": running.enter_context(ours.bare_layer(folder / "bare", PICTURES)),
    }


def constant_origin(folder: Path):  # type: ignore[no-untyped-def]
    """What the peers cache: the same bytes, from a server that is not measured."""
    return ours.bare_layer(folder, PICTURES)


def put_pictures(site: ours.OurSite) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=site.origin,
        aws_access_key_id=site.key_id,
        aws_secret_access_key=site.application_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    for name, body in PICTURES.items():
        client.put_object(Bucket=site.bucket, Key=name, Body=body, ContentType="image/png")


def warm(url: str, body: bytes) -> None:
    """Asks until the server answers the picture, three times over: a MISS and two HITs."""
    for attempt in range(4):
        with urllib.request.urlopen(url) as answer:
            if answer.read() != body:
                raise RuntimeError(f"{url} answered other bytes")
        time.sleep(0.1 * (attempt == 0))


def rows(picture: str, loads: dict[str, list[Load]]) -> list[str]:
    lines = []
    for server, measured in loads.items():
        middle = median(measured)
        if middle.failures:
            raise RuntimeError(f"{server} failed {middle.failures} requests")
        over = "" if server == "ours" else f"{ratio(loads['ours'], measured):.2f}"
        lines.append(f"| {picture} | {server} | {middle.requests_per_second:,.0f} | {middle.p99_ms:.2f} ms | {over} |")
    return lines
