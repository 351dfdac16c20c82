"""Debian's Chromium, headless, driven by Playwright."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT_MS = 15_000
# Chromium notes as errors what is part of the tests: refused uploads, and that scripts may not read the pictures of
# these tests' site, which is a bare origin without the rule for that.
EXPECTED = re.compile("status of (404|412|415)|blocked by CORS policy|net::ERR_FAILED")
ARE_OVER = """count => {
    const states = [...document.querySelectorAll("#uploads .state")].map((state) => state.textContent);
    return states.length >= count && states.every((state) => !/Waiting|Storing|reaching|%/.test(state));
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    assert executable is not None, "install Debian's chromium: apt-get install chromium"
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page_of(
    browser: Browser, url: str, *, cookie: str | None = None, dark: bool = False, width: int = 1280, height: int = 860
) -> Iterator[tuple[Page, list[str]]]:
    """A page with the clipboard, and the list of whatever its console or its scripts complain about.

    `cookie` is that of a session in which it is signed in.
    """
    context = browser.new_context(
        color_scheme="dark" if dark else "light", viewport={"width": width, "height": height}, base_url=url
    )
    context.set_default_timeout(TIMEOUT_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    if cookie is not None:
        context.add_cookies([{"name": "calotype_console", "value": cookie, "url": url, "sameSite": "Strict"}])
    page = context.new_page()
    # Somebody listens all the time: interception that begins with a key's press may come after the file dialog.
    page.on("filechooser", lambda _: None)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page, complaints
    finally:
        context.close()


def is_complaint(message: ConsoleMessage) -> bool:
    return message.type == "error" and not EXPECTED.search(message.text)


def sign_in(page: Page, password: str) -> None:
    page.goto("/")
    page.get_by_label("Console password").fill(password)
    page.keyboard.press("Enter")
    wait_for_gallery(page)


def open_gallery(page: Page) -> None:
    page.goto("/")
    wait_for_gallery(page)


def wait_for_gallery(page: Page) -> None:
    page.wait_for_selector("#gallery", state="attached")
    page.wait_for_load_state()  # scripts that are modules run before it, and not at once


def choose(page: Page, *files: Path) -> None:
    """Choose files as a person does, through the button and the browser's file dialog; waits until all are stored."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add pictures").click()
    chooser.value.set_files(list(files))
    page.wait_for_function(ARE_OVER, arg=len(files))
