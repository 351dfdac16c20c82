"""Debian's Chromium, headless, driven by Playwright."""

from __future__ import annotations

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
ARE_OVER = """count => {
    const states = [...document.querySelectorAll("#uploads .state")].map((state) => state.textContent);
    return states.length >= count && states.every((state) => !/Waiting|Storing|%/.test(state));
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
    browser: Browser, url: str, *, dark: bool = False, width: int = 1280, height: int = 860
) -> Iterator[tuple[Page, list[str]]]:
    """A page with the clipboard, and the list of whatever its console or its scripts complain about."""
    context = browser.new_context(
        color_scheme="dark" if dark else "light", viewport={"width": width, "height": height}, base_url=url
    )
    context.set_default_timeout(TIMEOUT_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page, complaints
    finally:
        context.close()


def is_complaint(message: ConsoleMessage) -> bool:
    # A refused upload is part of the tests; Chromium notes every such answer as an error.
    return message.type == "error" and "status of 415" not in message.text


def sign_in(page: Page, password: str) -> None:
    page.goto("/")
    page.get_by_label("Console password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_selector("#gallery", state="attached")
    page.wait_for_load_state()  # scripts that are modules run before it, and not at once


def choose(page: Page, *files: Path) -> None:
    """Choose files as a person does, through the button and the browser's file dialog; waits until all are stored."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add pictures").click()
    chooser.value.set_files(list(files))
    page.wait_for_function(ARE_OVER, arg=len(files))
