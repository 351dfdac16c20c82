"""The picture of the console that the README shows, taken of a gallery of real photographs.

Set CALOTYPE_SCREENSHOT to a folder (docs/images) to have it written there; otherwise it goes to a temporary one.
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Browser, expect

from console.browser import open_gallery, page_of
from console.running import BUCKET, RunningConsole
from support.photographs import photograph

NAMES = (
    *("grass.png", "coins.png", "brick.png", "moon.png"),  # the last come first, and these below the edge
    *("retina.jpg", "motorcycle_left.png", "hubble_deep_field.jpg", "camera.png"),
    *("coffee.png", "rocket.jpg", "chelsea.png", "astronaut.png"),
)
PNG = b"\x89PNG\r\n\x1a\n"


def test_screenshots_are_taken_in_light_and_dark(
    browser: Browser, site: RunningConsole, owners_cookie: str, tmp_path: Path
) -> None:
    folder = Path(os.environ.get("CALOTYPE_SCREENSHOT") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        content_type = "image/png" if name.endswith("png") else "image/jpeg"
        site.s3.upload_file(str(photograph(name)), BUCKET, f"2026/11/{name}", {"ContentType": content_type})
    for scheme in ("light", "dark"):
        with page_of(browser, site.url, cookie=owners_cookie, dark=scheme == "dark", height=760) as (page, complaints):
            open_gallery(page)
            expect(page.locator(".tile")).to_have_count(len(NAMES))
            page.wait_for_function("() => [...document.images].slice(0, 8).every((image) => image.naturalWidth > 0)")
            path = folder / ("console.png" if scheme == "light" else "console-dark.png")
            page.screenshot(path=path)
            assert path.read_bytes().startswith(PNG)
            assert complaints == []
