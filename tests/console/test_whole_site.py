"""The console of a whole site, as `calotype up` starts it: pictures are seen through the edge."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
from playwright.sync_api import expect

from console.browser import choose, chromium, page_of, sign_in
from support.photographs import photograph
from support.site import running_site

SEEN_WITHIN_S = 5.0


def test_a_picture_goes_from_the_console_through_the_edge_and_away_again(tmp_path: Path) -> None:
    with running_site(tmp_path) as site, chromium() as browser, page_of(browser, site.console) as (page, complaints):
        sign_in(page, (site.data / "console" / "first-password").read_text().strip())
        choose(page, photograph("chelsea.png"))
        page.wait_for_function("() => document.querySelector('.tile img').naturalWidth > 0")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("c")
        expect(page.get_by_text("Link copied as URL")).to_be_visible()
        link: str = page.evaluate("navigator.clipboard.readText()")
        assert re.fullmatch(re.escape(site.edge) + r"/\d{4}/\d\d/\S+\.png", link)
        answer = httpx.get(link)
        assert answer.content == photograph("chelsea.png").read_bytes()
        assert httpx.get(link).headers["cf-cache-status"] == "HIT"

        page.keyboard.press("Delete")
        page.locator("#confirm").get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No pictures yet").or_(page.locator("#toasts", has_text="Deleted"))).to_be_visible()
        assert status_becomes(link, 404)
        assert complaints == []


def status_becomes(url: str, status: int) -> bool:
    deadline = time.monotonic() + SEEN_WITHIN_S
    while time.monotonic() < deadline:
        if httpx.get(url).status_code == status:
            return True
        time.sleep(0.1)
    return False
