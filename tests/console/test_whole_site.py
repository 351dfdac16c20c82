"""The console of a whole site, as `calotype up` starts it: pictures are seen through the edge."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Response, expect

from console.browser import choose, page_of, sign_in
from support.photographs import photograph
from support.site import RunningSite, running_site

SEEN_WITHIN_S = 5.0
SEEN_AT_THE_EDGE_S = 1.0  # from the console's answer
SHOWS_WIDTH = "width => document.querySelector('.tile img')?.naturalWidth === width"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with running_site(tmp_path_factory.mktemp("whole")) as running:
        yield running


def first_password(site: RunningSite) -> str:
    return (site.data / "console" / "first-password").read_text().strip()


def test_a_picture_goes_from_the_console_through_the_edge_and_away_again(whole: RunningSite, browser: Browser) -> None:
    with page_of(browser, whole.console) as (page, complaints):
        sign_in(page, first_password(whole))
        choose(page, photograph("chelsea.png"))
        page.wait_for_function("() => document.querySelector('.tile img').naturalWidth > 0")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("c")
        expect(page.get_by_text("Link copied as URL")).to_be_visible()
        link: str = page.evaluate("navigator.clipboard.readText()")
        assert re.fullmatch(re.escape(whole.edge) + r"/\d{4}/\d\d/\S+\.png", link)
        answer = httpx.get(link)
        assert answer.content == photograph("chelsea.png").read_bytes()
        assert httpx.get(link).headers["cf-cache-status"] == "HIT"

        page.keyboard.press("Delete")
        page.locator("#confirm").get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No pictures yet").or_(page.locator("#toasts", has_text="Deleted"))).to_be_visible()
        assert status_becomes(link, 404)
        assert complaints == []


def test_a_replaced_picture_is_seen_at_the_edge_within_a_second_and_no_purge_is_asked_for(
    whole: RunningSite, browser: Browser
) -> None:
    old, new = photograph("chelsea.png"), photograph("rocket.jpg")
    with page_of(browser, whole.console) as (page, complaints):
        asked: list[str] = []
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(f"{request.method} {urlsplit(request.url).path}"))
        sign_in(page, first_password(whole))
        choose(page, old)
        page.wait_for_function(SHOWS_WIDTH, arg=451)
        link = json.loads(page.locator(".tile").first.get_attribute("data-links") or "{}")["url"]
        assert [httpx.get(link).content for _ in range(2)] == [old.read_bytes()] * 2
        assert httpx.get(link).headers["cf-cache-status"] == "HIT"

        asked.clear()
        page.keyboard.press("ArrowDown")
        with page.expect_file_chooser() as chooser, page.expect_response(is_replacement, timeout=15_000) as answered:
            page.keyboard.press("r")
            chooser.value.set_files(new)
        answered_at = time.monotonic()
        assert answered.value.status == 200
        assert content_becomes(link, new.read_bytes())
        assert time.monotonic() - answered_at < SEEN_AT_THE_EDGE_S
        assert httpx.get(link).headers["content-type"] == "image/jpeg"

        page.wait_for_function(SHOWS_WIDTH, arg=640)
        expect(page.locator(".upload .state").last).to_have_text("Replaced")
        path = urlsplit(link).path
        assert {line for line in asked if line != f"GET {path}"} == {"PUT /picture"}
        page.reload()  # now as any visit shows it, from the browser's own cache
        page.wait_for_function(SHOWS_WIDTH, arg=640)
        assert complaints == []
        assert not any("CORS" in text for text in said)  # the page could read what the edge gave out, and compared


def is_replacement(response: Response) -> bool:
    return response.request.method == "PUT"


def content_becomes(url: str, content: bytes) -> bool:
    deadline = time.monotonic() + SEEN_WITHIN_S
    while time.monotonic() < deadline:
        if httpx.get(url).content == content:
            return True
        time.sleep(0.02)
    return False


def status_becomes(url: str, status: int) -> bool:
    deadline = time.monotonic() + SEEN_WITHIN_S
    while time.monotonic() < deadline:
        if httpx.get(url).status_code == status:
            return True
        time.sleep(0.1)
    return False
