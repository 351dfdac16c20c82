"""The page on use and costs, and the alerts above the pictures, over an origin with caps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from calotype.console.costs import ALERTS_KEPT_S
from calotype.programs.origin import OriginSettings
from calotype.site.folder import load_credentials
from calotype.store.caps import Caps
from console.browser import page_of
from console.running import (
    BUCKET,
    PASSWORD,
    RunningConsole,
    another_console,
    console_over,
    create_public_bucket,
    run_origin,
    running,
    s3_client,
)
from support.ports import free_ports

CONTRASTS = Path(__file__).with_name("contrasts.js")
DOWNLOADS = 40  # a day


@pytest.fixture(scope="module")
def capped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """A console over an origin whose cap on class B is used up to three quarters."""
    folder = tmp_path_factory.mktemp("capped")
    [port] = free_ports(1)
    caps = Caps(storage_bytes=10**9, class_b=DOWNLOADS)
    settings = OriginSettings(data=folder, listen=f"127.0.0.1:{port}", reserve_bytes=0, caps=caps)
    with running(run_origin, settings) as process:
        owner = load_credentials(folder).owner
        assert owner is not None
        s3 = s3_client(f"http://{settings.listen}", owner.key_id, owner.application_key)
        create_public_bucket(s3, f"http://{settings.listen}", owner)
        s3.put_object(Bucket=BUCKET, Key="a.png", Body=bytes(1_000_000), ContentType="image/png")
        for _ in range(DOWNLOADS * 3 // 4):
            s3.head_object(Bucket=BUCKET, Key="a.png")
        with console_over(process, settings, s3) as console:
            yield console


@contextmanager
def signed_in(site: RunningConsole) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, headers={"origin": site.url}, timeout=60) as client:
        assert client.post("/sign-in", data={"password": PASSWORD}).status_code == 303
        yield client


def test_the_page_shows_use_caps_and_prices(capped: RunningConsole) -> None:
    with signed_in(capped) as owner:
        page = owner.get("/costs")
    assert page.status_code == 200
    for text in (
        "75 % of today&#39;s cap on calls of class B is used up.",
        f"{DOWNLOADS} (75 % used)",
        "1.0 GB (0 % used)",
        "Backblaze B2",
        "no control plane is named here",  # so what the cache saves is not known, and that is said
        "HeadObject",
    ):
        assert text in page.text


def test_alerts_stand_above_the_pictures(capped: RunningConsole) -> None:
    with signed_in(capped) as owner:
        page = owner.get("/")
    assert "75 % of today&#39;s cap on calls of class B is used up." in page.text
    assert 'href="/costs">What uses it up' in page.text
    assert ALERTS_KEPT_S < 60


def test_only_the_owner_sees_the_costs(capped: RunningConsole) -> None:
    answer = httpx.get(f"{capped.url}/costs", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "the console's own"])
def test_where_nobody_tells_the_page_says_so(capped: RunningConsole, tmp_path: Path, endpoint: str) -> None:
    """The second answers like any foreign store: without a word of the admin API."""
    foreign = capped.url if endpoint.startswith("the") else endpoint
    with another_console(capped, tmp_path, s3_endpoint=foreign) as site, signed_in(site) as owner:
        page = owner.get("/costs")
    assert page.status_code == 502
    assert "The costs are not known" in page.text


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_readable_in_both_themes_and_on_a_phone(
    browser: Browser, capped: RunningConsole, tmp_path: Path, scheme: str, width: int
) -> None:
    folder = Path(os.environ.get("CALOTYPE_SCREENSHOT") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    with signed_in(capped) as owner:
        cookie = owner.cookies["calotype_console"]
    with page_of(browser, capped.url, cookie=cookie, dark=scheme == "dark", width=width) as (page, complaints):
        for path in ("/costs", "/"):
            page.goto(path)
            page.wait_for_load_state()
            name = "costs" if path == "/costs" else "alert"
            page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", full_page=path == "/costs")
            assert min(page.evaluate(CONTRASTS.read_text()).values()) >= 4.5
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert complaints == []
