"""The manual's page of settings is made from the settings."""

from __future__ import annotations

from pathlib import Path

from calotype.site.text import manual_page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_manual_lists_every_setting_as_it_is() -> None:
    """When a setting changes, write `manual_page()` into the file again."""
    assert PAGE.read_text() == manual_page()
