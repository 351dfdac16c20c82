from __future__ import annotations

import pytest

from calotype.upload.links import LinkFormat, format_link, link_to, title_of


@pytest.mark.parametrize(
    ("key", "url"),
    [
        ("2026/01/09-Kq7.png", "http://photos.test/2026/01/09-Kq7.png"),
        ("a b+c.png", "http://photos.test/a%20b%2Bc.png"),  # + is %2B: B2 reads a + in the path as a blank
        ("100%.png", "http://photos.test/100%25.png"),
        ("a?b#c.png", "http://photos.test/a%3Fb%23c.png"),
        ("été/雪~_-.png", "http://photos.test/%C3%A9t%C3%A9/%E9%9B%AA~_-.png"),
    ],
)
@pytest.mark.parametrize("base", ["http://photos.test", "http://photos.test/"])
def test_a_link_is_the_percent_encoded_key_under_the_site(base: str, key: str, url: str) -> None:
    assert link_to(base, key) == url


@pytest.mark.parametrize(
    ("link_format", "content_type", "text"),
    [
        (LinkFormat.URL, "image/png", "http://s.test/a.png"),
        (LinkFormat.MARKDOWN, "image/png", "![my cat](http://s.test/a.png)"),
        (LinkFormat.HTML, "image/png", '<img src="http://s.test/a.png" alt="my cat">'),
        (LinkFormat.BBCODE, "image/png", "[img]http://s.test/a.png[/img]"),
        (LinkFormat.URL, "application/pdf", "http://s.test/a.png"),
        (LinkFormat.MARKDOWN, "application/pdf", "[my cat](http://s.test/a.png)"),
        (LinkFormat.HTML, "application/pdf", '<a href="http://s.test/a.png">my cat</a>'),
        (LinkFormat.BBCODE, "application/pdf", "[url=http://s.test/a.png]my cat[/url]"),
    ],
)
def test_the_four_formats(link_format: LinkFormat, content_type: str, text: str) -> None:
    url = "http://s.test/a.png"
    assert format_link(url, title="my cat", content_type=content_type, link_format=link_format) == text


@pytest.mark.parametrize(
    ("link_format", "text"),
    [
        (LinkFormat.MARKDOWN, r'![\[a\] "\<b>" \_c](u)'),
        (LinkFormat.HTML, '<img src="u" alt="[a] &quot;&lt;b&gt;&quot; _c">'),
    ],
)
def test_a_title_cannot_break_out_of_its_place(link_format: LinkFormat, text: str) -> None:
    title = '[a] "<b>" _c'
    assert format_link("u", title=title, content_type="image/png", link_format=link_format) == text


@pytest.mark.parametrize(
    ("file_name", "title"),
    [("/home/me/my cat.png", "my cat"), ("C:\\x\\shot.1.png", "shot.1"), (".png", ".png"), ("cat", "cat")],
)
def test_the_title_is_the_files_own_name(file_name: str, title: str) -> None:
    assert title_of(file_name) == title
