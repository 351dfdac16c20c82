"""Keys for chosen and pasted files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calotype.console.object_names import extension_for, object_key
from calotype.upload.naming import parse_template

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("file_name", "content_type", "extension"),
    [
        ("Cat.JPG", "image/jpeg", ".jpg"),
        ("image.png", "image/png", ".png"),
        ("", "image/png", ".png"),  # pasted, without a name
        ("screenshot", "image/webp", ".webp"),
        ("C:\\photos\\cat.gif", "image/gif", ".gif"),
        ("notes", "application/octet-stream", ""),
        ("odd.a/b", "image/png", ".png"),
        ("x.<script>", "image/png", ".png"),
        ("many.dots.tar.gz", "application/octet-stream", ".gz"),
    ],
)
def test_the_extension_is_the_files_own_or_its_types(file_name: str, content_type: str, extension: str) -> None:
    assert extension_for(file_name, content_type) == extension


def test_a_key_follows_the_template() -> None:
    template = parse_template("%y/%mo/%fn-%rn{3}")
    key = object_key(template, file_name="My Cat.JPG", content_type="image/jpeg", now=NOW, choose=lambda _: 7)
    assert key == "2026/11/My Cat-777.jpg"
