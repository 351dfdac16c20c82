"""`calotype check`: two requests, and the findings on the screen."""

from __future__ import annotations

import hashlib
import time
from urllib.parse import urlsplit

import httpx

from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.output import print_json, print_lines
from calotype.deploy.check import Answer, Finding, Level, cache_status, findings
from calotype.http.message import Headers

TIMEOUT_S = 30.0
MAX_REDIRECTS = 5
PAUSE_S = 0.5
_MARKS = {Level.GOOD: "+", Level.NOTE: "-", Level.BAD: "!"}


def check_url(url: str, *, as_json: bool) -> None:
    """Prints the findings; leaves with `FOUND_WRONG` when one is bad."""
    url = _with_scheme(url)
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=True, max_redirects=MAX_REDIRECTS) as client:
        final_url, first = fetch(client, url)
        second = _again(client, final_url)
    found = findings(final_url, first, second)
    if as_json:
        print_json(_document(final_url, (first, second), found))
    else:
        print_lines([final_url, *(f"{_MARKS[each.level]} {each.topic}: {each.text}" for each in found)])
    if any(each.level is Level.BAD for each in found):
        raise SystemExit(int(ExitCode.FOUND_WRONG))


def _again(client: httpx.Client, url: str) -> Answer:
    """The second answer; asked once more a moment later when it is no HIT, since it may have met a purge."""
    _, second = fetch(client, url)
    if cache_status(second.headers) not in ("MISS", "EXPIRED"):
        return second
    time.sleep(PAUSE_S)
    _, third = fetch(client, url)
    return third


def fetch(client: httpx.Client, url: str) -> tuple[str, Answer]:
    """(the URL after redirects, the answer); raises `CommandError` when none comes."""
    digest = hashlib.sha1(usedforsecurity=False)
    length = 0
    began = time.perf_counter()
    try:
        with client.stream("GET", url, headers={"accept-encoding": "identity"}) as response:
            for chunk in response.iter_raw():
                digest.update(chunk)
                length += len(chunk)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise CommandError(f"{url} gives no answer", str(exc) or type(exc).__name__, "", ExitCode.UNREACHABLE) from exc
    elapsed_s = time.perf_counter() - began
    headers = Headers.from_raw(response.headers.raw)
    return str(response.url), Answer(response.status_code, headers, length, digest.hexdigest(), elapsed_s)


def _with_scheme(url: str) -> str:
    url = url if "://" in url else f"https://{url}"
    try:
        scheme = urlsplit(url).scheme
    except ValueError as exc:
        raise CommandError(f"{url} cannot be checked", str(exc), "", ExitCode.USAGE) from exc
    if scheme not in ("http", "https"):
        raise CommandError(f"{url} cannot be checked", "only http and https have caches", "", ExitCode.USAGE)
    return url


def _document(url: str, answers: tuple[Answer, Answer], found: list[Finding]) -> dict[str, object]:
    return {
        "url": url,
        "answers": [
            {
                "status": answer.status,
                "cacheStatus": cache_status(answer.headers),
                "age": answer.headers.get("age"),
                "length": answer.body_length,
                "elapsedMs": round(answer.elapsed_s * 1000, 1),
                "headers": [list(each) for each in answer.headers],
            }
            for answer in answers
        ],
        "findings": [{"level": each.level.value, "topic": each.topic, "text": each.text} for each in found],
    }
