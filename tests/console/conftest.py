"""What the console's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from console.browser import chromium, open_gallery, page_of
from console.running import BUCKET, PASSWORD, RunningConsole, running_console
from support.photographs import photograph


@pytest.fixture(scope="session")
def photographs() -> list[Path]:
    """Real photographs, of both usual types."""
    return [photograph(name) for name in ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")]


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """One origin and one console for all that does not change them."""
    with running_console(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def site(shared_site: RunningConsole) -> RunningConsole:
    """The shared site with nothing in its bucket."""
    shared_site.empty()
    return shared_site


@pytest.fixture(scope="session")
def owners_cookie(shared_site: RunningConsole) -> str:
    """A session of somebody who has signed in, for pages on which the signing in is not what is tested."""
    answer = httpx.post(f"{shared_site.url}/sign-in", data={"password": PASSWORD}, headers={"origin": shared_site.url})
    return answer.cookies["calotype_console"]


@pytest.fixture(scope="module")
def owner(shared_site: RunningConsole) -> Iterator[httpx.Client]:
    """A client that has signed in."""
    with httpx.Client(base_url=shared_site.url, headers={"origin": shared_site.url}, timeout=60) as client:
        assert client.post("/sign-in", data={"password": PASSWORD}).status_code == 303
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, site: RunningConsole, owners_cookie: str) -> Iterator[Page]:
    """A signed-in page over an empty bucket, which must not complain of anything by the end."""
    with page_of(browser, site.url, cookie=owners_cookie) as (page, complaints):
        open_gallery(page)
        yield page
        assert complaints == []


@pytest.fixture
def three(page: Page, site: RunningConsole, photographs: list[Path]) -> Page:
    """A page over three photographs, put in by another client."""
    for path in photographs[:3]:
        site.s3.put_object(Bucket=BUCKET, Key=f"2026/11/{path.name}", Body=path.read_bytes(), ContentType="image/png")
    page.reload()
    expect(page.locator(".tile")).to_have_count(3)
    return page
