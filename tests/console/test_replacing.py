"""Replacing a picture under its name, as a person does it: real Chromium, real console, real origin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from console.running import BUCKET, RunningConsole

# The size of the picture that an element really shows.
WIDTH = "selector => document.querySelector(selector)?.naturalWidth ?? 0"
SHOWS = "([selector, width]) => document.querySelector(selector)?.naturalWidth === width"
DROPPED = """async (names) => {
    const transfer = new DataTransfer();
    for (const name of names) {
        const drawing = new OffscreenCanvas(64, 48);
        drawing.getContext("2d").fillRect(0, 0, 64, 48);
        transfer.items.add(new File([await drawing.convertToBlob({ type: "image/png" })], name));
    }
    return transfer;
}"""
KEPT_10_MINUTES = "public, max-age=600"


@pytest.fixture
def cat(page: Page, site: RunningConsole, photographs: list[Path]) -> Page:
    """A page over one photograph, 451 pixels wide, which browsers keep for ten minutes."""
    site.s3.put_object(
        Bucket=BUCKET,
        Key="2026/cat.png",
        Body=photographs[1].read_bytes(),
        ContentType="image/png",
        CacheControl=KEPT_10_MINUTES,
    )
    page.reload()
    page.wait_for_function(SHOWS, arg=[".tile img", 451])
    return page


def replace_by(page: Page, path: Path, *, press: str | None = None, button: str | None = None) -> None:
    with page.expect_file_chooser() as chooser:
        if press is not None:
            page.keyboard.press(press)
        else:
            page.locator(button or "").click()
    assert not chooser.value.is_multiple()
    chooser.value.set_files(path)


def test_r_replaces_the_picture_at_the_keyboard_and_the_page_shows_the_new_one(
    cat: Page, site: RunningConsole, photographs: list[Path]
) -> None:
    cat.keyboard.press("ArrowDown")
    replace_by(cat, photographs[2], press="r")
    cat.wait_for_function(SHOWS, arg=[".tile img", 600])
    expect(cat.get_by_role("status").filter(has_text="1 replaced")).to_be_visible()
    expect(cat.locator(".tile .about")).to_contain_text("467 kB")
    expect(cat.locator(".tile .print")).to_be_focused()
    assert site.keys == ["2026/cat.png"]
    assert site.content("2026/cat.png") == photographs[2].read_bytes()
    expect(cat.locator("#count")).to_contain_text("1 picture")
    cat.reload()  # now from the browser's own cache
    cat.wait_for_function(SHOWS, arg=[".tile img", 600])


def test_the_button_replaces_the_one_selected_picture_again_and_again(
    cat: Page, site: RunningConsole, photographs: list[Path]
) -> None:
    cat.keyboard.press("ArrowDown")
    cat.keyboard.press("x")
    for path, width in ((photographs[2], 600), (photographs[1], 451)):
        replace_by(cat, path, button=".selection [data-action=replace]")
        cat.wait_for_function(SHOWS, arg=[".tile img", width])
        assert site.content("2026/cat.png") == path.read_bytes()
    assert site.s3.head_object(Bucket=BUCKET, Key="2026/cat.png")["ContentType"] == "image/png"
    expect(cat.locator(".tile")).to_have_class(re.compile("selected"))
    cat.get_by_role("button", name="Copy all").click()
    expect(cat.get_by_text("Link copied as URL")).to_be_visible()  # one link, replaced twice


def test_several_selected_pictures_are_not_replaced_by_one(three: Page) -> None:
    three.keyboard.press("Control+a")
    expect(three.get_by_role("button", name="Replace", exact=True)).to_have_count(0)
    three.keyboard.press("r")
    expect(three.get_by_text("Select one picture to replace it")).to_be_visible()


def test_the_viewer_shows_progress_and_the_new_picture_of_another_type(
    cat: Page, site: RunningConsole, photographs: list[Path]
) -> None:
    cat.keyboard.press("ArrowDown")
    cat.keyboard.press("Enter")
    replace_by(cat, photographs[3], button="#viewer-replace")
    cat.wait_for_function(SHOWS, arg=["#viewer img", 640])
    tray = cat.locator("#viewer #tray")
    expect(tray.get_by_text("cat.png from rocket.jpg")).to_be_visible()
    expect(tray.get_by_text("Replaced", exact=True)).to_be_visible()
    expect(tray.get_by_role("progressbar")).to_have_attribute("aria-label", "Progress of cat.png from rocket.jpg")
    expect(tray.get_by_role("status")).to_have_text("1 replaced")
    expect(cat.locator("#viewer-about")).to_contain_text("113 kB")
    assert site.s3.head_object(Bucket=BUCKET, Key="2026/cat.png")["ContentType"] == "image/jpeg"
    cat.keyboard.press("Escape")
    assert cat.evaluate(WIDTH, ".tile img") == 640
    expect(cat.locator("body > #tray")).to_be_visible()


def test_a_file_dropped_on_the_viewer_replaces_and_several_do_not(cat: Page, site: RunningConsole) -> None:
    cat.keyboard.press("ArrowDown")
    cat.keyboard.press("Enter")
    before = site.content("2026/cat.png")
    several = cat.evaluate_handle(DROPPED, ["a.png", "b.png"])
    cat.dispatch_event("#viewer figure", "dragenter", {"dataTransfer": several})
    expect(cat.get_by_text("Drop to replace cat.png")).to_be_visible()
    cat.dispatch_event("#viewer figure", "drop", {"dataTransfer": several})
    expect(cat.get_by_role("alert").filter(has_text="Only one file can replace cat.png")).to_be_visible()
    assert site.content("2026/cat.png") == before
    one = cat.evaluate_handle(DROPPED, ["a.png"])
    cat.dispatch_event("#viewer figure", "dragenter", {"dataTransfer": one})
    cat.dispatch_event("#viewer figure", "drop", {"dataTransfer": one})
    expect(cat.get_by_text("Drop to replace cat.png")).to_be_hidden()
    cat.wait_for_function(SHOWS, arg=["#viewer img", 64])
    assert site.keys == ["2026/cat.png"]


def test_somebody_elses_newer_picture_is_kept_and_shown_and_a_second_try_replaces_it(
    cat: Page, site: RunningConsole, photographs: list[Path]
) -> None:
    site.s3.put_object(
        Bucket=BUCKET, Key="2026/cat.png", Body=photographs[0].read_bytes(), CacheControl=KEPT_10_MINUTES
    )
    cat.keyboard.press("ArrowDown")
    replace_by(cat, photographs[2], press="r")
    reason = cat.locator(".upload.failed [role=alert]")
    expect(reason).to_have_text(re.compile("Somebody stored a newer picture under this name, and it was kept"))
    assert site.content("2026/cat.png") == photographs[0].read_bytes()
    cat.wait_for_function(SHOWS, arg=[".tile img", 512])
    cat.get_by_role("button", name="Try again: cat.png from coffee.png").click()
    cat.wait_for_function(SHOWS, arg=[".tile img", 600])
    assert site.content("2026/cat.png") == photographs[2].read_bytes()


def test_a_deleted_picture_is_not_brought_back(cat: Page, site: RunningConsole, photographs: list[Path]) -> None:
    site.empty()
    cat.keyboard.press("ArrowDown")
    replace_by(cat, photographs[2], press="r")
    expect(cat.locator(".upload.failed [role=alert]")).to_have_text(re.compile("was deleted meanwhile"))
    assert site.keys == []


def test_a_web_page_does_not_replace_a_picture(cat: Page, site: RunningConsole, tmp_path: Path) -> None:
    web_page = tmp_path / "cat.png"
    web_page.write_text("<!doctype html><script>alert(1)</script>")
    before = site.content("2026/cat.png")
    cat.keyboard.press("ArrowDown")
    replace_by(cat, web_page, press="r")
    expect(cat.locator(".upload.failed [role=alert]")).to_have_text(re.compile("This is a web page, not a picture"))
    assert site.content("2026/cat.png") == before
    assert cat.evaluate(WIDTH, ".tile img") == 451


def test_a_film_whose_link_a_page_may_not_read_is_replaced_all_the_same(
    page: Page, site: RunningConsole, tmp_path: Path
) -> None:
    site.s3.put_object(Bucket=BUCKET, Key="clip.mp4", Body=b"\x00\x00\x00\x18ftypmp42old", ContentType="video/mp4")
    page.reload()
    new = tmp_path / "new.mp4"
    new.write_bytes(b"\x00\x00\x00\x18ftypmp42new")
    page.keyboard.press("ArrowDown")
    replace_by(page, new, press="r")
    page.get_by_role("button", name="Close the list of uploads").click()
    expect(page.get_by_role("status").filter(has_text="clip.mp4 is replaced")).to_be_visible()
    assert site.content("clip.mp4").endswith(b"new")


def test_an_edge_that_goes_on_giving_out_the_former_picture_is_told_apart(
    cat: Page, site: RunningConsole, photographs: list[Path]
) -> None:
    # The edge is played by the test, as one that others run and nobody purges.
    former, open_to_all = photographs[1].read_bytes(), {"access-control-allow-origin": "*"}
    cat.route(
        f"{site.site}/**", lambda route: route.fulfill(body=former, content_type="image/png", headers=open_to_all)
    )
    cat.clock.install()
    cat.keyboard.press("ArrowDown")
    replace_by(cat, photographs[2], press="r")
    expect(cat.locator(".upload .state")).to_have_text("Stored, reaching the edge")
    cat.clock.run_for(13_000)
    expect(cat.locator(".upload .state")).to_have_text("Stored, not yet at the edge")
    expect(cat.get_by_role("alert").filter(has_text="the edge still answers with something else")).to_be_visible()
    assert site.content("2026/cat.png") == photographs[2].read_bytes()


def test_the_buttons_of_one_picture_fit_a_phone_and_keep_their_names(cat: Page) -> None:
    cat.set_viewport_size({"width": 320, "height": 640})
    cat.keyboard.press("ArrowDown")
    cat.keyboard.press("x")
    for name in ("Copy links", "Replace", "Delete", "Clear the selection"):
        box = cat.locator(".selection").get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
    cat.keyboard.press("Enter")
    rows = set()
    for name in ("Open the picture in a new tab", "Replace", "Delete", "Close"):
        box = cat.locator("#viewer > header").get_by_label(name, exact=True).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 320
        rows.add(box["y"])
    assert len(rows) == 1
