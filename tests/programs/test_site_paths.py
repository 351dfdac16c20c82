from __future__ import annotations

from pathlib import Path

from calotype.deploy.memory import save_memory
from calotype.deploy.objects import Kind, ObjectName
from calotype.programs.site_paths import SitePaths
from calotype.store.model import OutboxRow


def row(bucket: str, key: str) -> OutboxRow:
    return OutboxRow(1, "account", bucket, key.encode())


def test_a_key_of_the_sites_bucket_is_its_path_and_any_other_is_none(tmp_path: Path) -> None:
    paths = SitePaths("photos", tmp_path)
    assert paths(row("photos", "a b+é.png")) == ["/a%20b%2B%C3%A9.png"]
    assert paths(row("holiday", "a.png")) == []


def test_a_bucket_that_a_running_site_is_given_counts_from_then_on(tmp_path: Path) -> None:
    paths = SitePaths("photos", tmp_path)
    assert paths(row("holiday", "a.png")) == []
    save_memory(tmp_path, {ObjectName(Kind.BUCKET, "holiday"): {}})
    assert paths(row("holiday", "a.png")) == ["/a.png"]
    assert paths(row("photos", "a.png")) == ["/a.png"]  # cached before, and may still be
