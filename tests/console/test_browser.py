"""The console as a person meets it: real Chromium, real console, real origin, real photographs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from console.browser import choose, open_gallery, page_of, sign_in
from console.running import BUCKET, PASSWORD, RunningConsole

CONTRASTS = Path(__file__).with_name("contrasts.js")
IS_DRAWN = """selector => {
    const image = document.querySelector(selector);
    return image?.complete && image.naturalWidth > 0;
}"""


def copied(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def is_drawn(page: Page, selector: str) -> bool:
    """Whether the browser has fetched and decoded the picture."""
    handle = page.wait_for_function(IS_DRAWN, arg=selector)
    return bool(handle.json_value())


def test_a_wrong_password_is_said_and_the_right_one_opens_the_gallery(browser: Browser, site: RunningConsole) -> None:
    with page_of(browser, site.url) as (page, _):
        page.goto("/")
        expect(page).to_have_url(f"{site.url}/sign-in")
        page.keyboard.type("a guess")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That is not the password.")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{site.url}/")
        expect(page.get_by_role("link", name="Harbour Light")).to_be_visible()


def test_signing_out_ends_the_session(browser: Browser, site: RunningConsole) -> None:
    with page_of(browser, site.url) as (page, _):
        sign_in(page, PASSWORD)
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(f"{site.url}/sign-in")
        page.goto("/")
        expect(page).to_have_url(f"{site.url}/sign-in")


def test_an_empty_gallery_says_what_to_do(page: Page) -> None:
    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
    with page.expect_file_chooser():
        page.get_by_role("button", name="choose them").click()


def test_a_chosen_photograph_is_stored_and_drawn(page: Page, site: RunningConsole, photographs: list[Path]) -> None:
    choose(page, photographs[1])
    assert is_drawn(page, ".tile img")
    [key] = site.keys
    assert re.fullmatch(r"\d{4}/\d\d/chelsea-\w{6}\.png", key)
    assert site.content(key) == photographs[1].read_bytes()
    assert site.s3.head_object(Bucket=BUCKET, Key=key)["ContentType"] == "image/png"
    expect(page.locator(".empty")).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="1 uploaded")).to_be_visible()


def test_a_dropped_photograph_is_stored_wherever_it_falls(
    page: Page, site: RunningConsole, photographs: list[Path]
) -> None:
    transfer = page.evaluate_handle(
        """async (url) => {
            const transfer = new DataTransfer();
            const drawing = new OffscreenCanvas(64, 48);
            drawing.getContext("2d").fillRect(0, 0, 64, 48);
            const blob = await drawing.convertToBlob({ type: "image/png" });
            transfer.items.add(new File([blob], "dropped.png", { type: "image/png" }));
            return transfer;
        }"""
    )
    page.dispatch_event("header.bar", "dragenter", {"dataTransfer": transfer})
    expect(page.get_by_text("Drop to add")).to_be_visible()
    page.dispatch_event("header.bar", "drop", {"dataTransfer": transfer})
    expect(page.get_by_text("Drop to add")).to_be_hidden()
    assert is_drawn(page, ".tile img")
    assert [key.rpartition("/")[2][:7] for key in site.keys] == ["dropped"]


def test_a_picture_is_pasted_with_ctrl_v(page: Page, site: RunningConsole) -> None:
    page.evaluate(
        """async () => {
            const drawing = new OffscreenCanvas(80, 60);
            drawing.getContext("2d").fillRect(0, 0, 40, 30);
            const blob = await drawing.convertToBlob({ type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }"""
    )
    page.keyboard.press("Control+v")
    assert is_drawn(page, ".tile img")
    [key] = site.keys
    assert key.endswith(".png")
    assert site.content(key).startswith(b"\x89PNG")


def test_pasting_words_says_that_they_are_no_picture(page: Page, site: RunningConsole) -> None:
    page.evaluate("navigator.clipboard.writeText('words')")
    page.keyboard.press("Control+v")
    expect(page.get_by_text("The clipboard holds no picture")).to_be_visible()
    assert site.keys == []


def test_several_files_are_uploaded_and_a_web_page_among_them_is_refused(
    page: Page, site: RunningConsole, photographs: list[Path], tmp_path: Path
) -> None:
    web_page = tmp_path / "holiday.jpg"
    web_page.write_text("<!doctype html><script>alert(1)</script>")
    choose(page, *photographs, web_page)
    expect(page.locator("#tray-title")).to_have_text("4 uploaded, 1 failed")
    expect(page.locator(".upload.failed .state")).to_have_text(re.compile("This is a web page, not a picture"))
    expect(page.locator(".tile")).to_have_count(4)
    assert len(site.keys) == 4
    page.get_by_role("button", name="Copy all").click()
    expect(page.get_by_text("4 links copied as URL")).to_be_visible()
    assert sorted(copied(page).splitlines()) == sorted(f"{site.site}/{key}" for key in site.keys)


def test_each_form_of_a_link_is_a_key_away(three: Page, site: RunningConsole) -> None:
    three.keyboard.press("ArrowDown")
    key = three.locator(".tile").first.get_attribute("data-key")
    assert key is not None
    url, title = f"{site.site}/{key}", key.rpartition("/")[2].removesuffix(".png")
    expected = [url, f"![{title}]({url})", f'<img src="{url}" alt="{title}">', f"[img]{url}[/img]"]
    for number, text in enumerate(expected, 1):
        three.keyboard.press(str(number))
        expect(three.get_by_text(f"Link copied as {['URL', 'Markdown', 'HTML', 'BBCode'][number - 1]}")).to_be_visible()
        assert copied(three) == text


def test_the_chosen_form_is_remembered_and_used_by_the_copy_button(three: Page) -> None:
    three.get_by_label("Markdown").check()
    three.reload()
    expect(three.get_by_label("Markdown")).to_be_checked()
    three.locator(".tile").first.hover()
    three.get_by_role("button", name=re.compile("Copy the link of")).first.click()
    expect(three.get_by_text("Link copied as Markdown")).to_be_visible()
    assert copied(three).startswith("![")


def test_links_are_copied_where_the_browser_withholds_its_clipboard(browser: Browser, three: Page) -> None:
    # As on the home network: a page over plain http has no navigator.clipboard there.
    context = three.context
    page = context.new_page()
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })")
    page.goto("/")
    page.keyboard.press("ArrowDown")
    for number in ("2", "3"):
        page.keyboard.press(number)
        expect(page.get_by_text(re.compile("Link copied as"))).to_be_visible()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="BBCode").click()
    expect(page.get_by_text("Link copied as BBCode")).to_be_visible()
    three.bring_to_front()
    assert copied(three).startswith("[img]http")


def test_the_viewer_turns_with_the_arrows_and_gives_the_focus_back(three: Page) -> None:
    names = three.locator(".tile .name").all_inner_texts()
    three.keyboard.press("ArrowDown")
    three.keyboard.press("Enter")
    shown = three.locator("#viewer-name")
    expect(shown).to_have_text(names[0])
    assert is_drawn(three, "#viewer img")
    for key, name in (
        ("ArrowRight", names[1]),
        ("ArrowRight", names[2]),
        ("ArrowRight", names[2]),
        ("ArrowLeft", names[1]),
    ):
        three.keyboard.press(key)
        expect(shown).to_have_text(name)
    three.keyboard.press("c")
    expect(three.get_by_text("Link copied as URL")).to_be_visible()
    three.keyboard.press("Escape")
    expect(three.locator("#viewer")).to_be_hidden()
    expect(three.locator(f'.tile[data-name="{names[1]}"] .print')).to_be_focused()


def test_deleting_by_keyboard_asks_first(three: Page, site: RunningConsole) -> None:
    names = three.locator(".tile .name").all_inner_texts()
    three.keyboard.press("ArrowDown")
    three.keyboard.press("Delete")
    expect(three.get_by_role("heading", name="Delete this picture?")).to_be_visible()
    three.keyboard.press("Enter")  # Keep has the focus
    expect(three.locator("#confirm")).to_be_hidden()
    assert len(site.keys) == 3
    three.keyboard.press("Delete")
    three.keyboard.press("Tab")
    three.keyboard.press("Enter")
    expect(three.locator(".tile .name")).to_have_text(names[1:])
    expect(three.get_by_text("Deleted")).to_be_visible()
    expect(three.locator(".tile .print").first).to_be_focused()
    assert sorted(key.rpartition("/")[2] for key in site.keys) == sorted(names[1:])


def test_a_selection_is_copied_and_deleted_together(three: Page, site: RunningConsole) -> None:
    three.keyboard.press("ArrowDown")
    three.keyboard.press("x")
    three.keyboard.press("ArrowRight")
    three.keyboard.press("Space")
    selection = three.get_by_role("region", name="Selected pictures")
    expect(selection.get_by_text("2 selected")).to_be_visible()
    selection.get_by_role("button", name="Copy links").click()
    expect(three.get_by_text("2 links copied as URL")).to_be_visible()
    assert len(copied(three).splitlines()) == 2
    selection.get_by_role("button", name="Delete").click()
    three.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(three.locator(".tile")).to_have_count(1)
    expect(selection).to_be_hidden()
    assert len(site.keys) == 1


def test_ctrl_a_selects_all_and_escape_none(three: Page) -> None:
    three.keyboard.press("Control+a")
    expect(three.get_by_text("3 selected")).to_be_visible()
    three.keyboard.press("Escape")
    expect(three.locator(".tile.selected")).to_have_count(0)


def test_every_action_is_reached_by_tab(three: Page) -> None:
    reached = set()
    for _ in range(16):
        three.keyboard.press("Tab")
        reached.add(
            three.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"
                " ?? document.activeElement.value"
            )
        )
    first = three.locator(".tile .name").first.inner_text()
    assert {"Skip to the pictures", "Help and keys", "Sign out", "Add pictures"} <= reached
    assert {f"Select {first}", f"Copy the link of {first}"} <= reached


def test_a_name_with_markup_is_text(page: Page, site: RunningConsole, photographs: list[Path], tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>&amp;'.png"
    site.s3.put_object(Bucket=BUCKET, Key=f"odd/{name}", Body=photographs[2].read_bytes(), ContentType="image/png")
    page.reload()
    expect(page.locator(".tile .name")).to_have_text(name)
    assert is_drawn(page, ".tile img")
    page.locator(".tile .print").click()
    expect(page.locator("#viewer-name")).to_have_text(name)
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.locator(".tile")).to_have_count(0)
    assert site.keys == []


def test_older_pictures_follow_in_order(page: Page, site: RunningConsole) -> None:
    for number in range(65):
        site.s3.put_object(Bucket=BUCKET, Key=f"{(number * 37) % 65:02}.txt", Body=b"a", ContentType="text/plain")
    page.reload()
    expect(page.locator(".tile")).to_have_count(60)
    page.get_by_role("link", name="Show older pictures").click()
    expect(page.locator(".tile")).to_have_count(65)
    expect(page.locator(".month")).to_have_count(1)
    names = page.locator(".tile .name").all_inner_texts()
    objects = site.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    by_age = sorted(objects, key=lambda each: (each["LastModified"], each["Key"]), reverse=True)
    assert len({each["LastModified"] for each in objects}) < len(objects)  # of one second, the key decides
    assert names == [each["Key"] for each in by_age]
    expect(page.get_by_role("link", name="Show older pictures")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_is_readable_in_either_scheme(
    browser: Browser, site: RunningConsole, owners_cookie: str, photographs: list[Path], dark: bool
) -> None:
    with page_of(browser, site.url, dark=dark, cookie=owners_cookie) as (page, complaints):
        open_gallery(page)
        choose(page, photographs[0])
        brightness = page.evaluate(
            "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)"
        )
        assert (max(brightness) < 60) is dark
        ratios = page.evaluate(CONTRASTS.read_text())
        assert len(ratios) > 8
        assert {text: ratio for text, ratio in ratios.items() if ratio < 4.5} == {}
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.keyboard.press("1")
        expect(page.locator("#viewer .toast")).to_be_visible()
        ratios = page.evaluate(CONTRASTS.read_text())
        assert "Link copied as URL" in ratios
        assert {text: ratio for text, ratio in ratios.items() if ratio < 4.5} == {}
        assert complaints == []


@pytest.mark.parametrize("width", [320, 768, 2200])
def test_nothing_sticks_out_at_any_width(three: Page, photographs: list[Path], width: int) -> None:
    three.set_viewport_size({"width": width, "height": 800})
    three.set_input_files("#files", photographs[:1])
    expect(three.locator(".tile")).to_have_count(4)
    three.keyboard.press("Control+a")
    assert three.evaluate("document.documentElement.scrollWidth") <= width
    for selector in ("#choose", ".selection", "#tray", "[data-action=delete]"):
        box = three.locator(selector).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_the_help_shows_the_keys_and_leads_to_the_manual(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    page.get_by_role("link", name="the manual").click()
    expect(page.get_by_role("heading", name="The manual")).to_be_visible()
    page.get_by_role("link", name="purge", exact=True).click()
    expect(page.get_by_role("heading", name="Purge")).to_be_visible()
