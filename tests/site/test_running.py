"""How the commands of another terminal learn what a site was started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from calotype.site.folder import read_site
from calotype.site.running import FILE, forget_start, record_start, started_with


def test_flags_and_variables_of_the_start_are_known_beside_it(tmp_path: Path) -> None:
    (tmp_path / "calotype.toml").write_text("[listen]\nconsole = '127.0.0.1:7001'\n[site]\nbucket = 'holiday'\n")
    loaded = read_site(
        tmp_path,
        variables={"CALOTYPE_EDGE_CACHE_SIZE": "500 MB", "CALOTYPE_ORIGIN_S3_HOSTS": "a.test,b.test"},
        flags={"--edge": "127.0.0.1:7000"},
    )
    record_start(tmp_path, loaded.site, loaded)
    said = started_with(tmp_path)
    assert set(said) == {"CALOTYPE_EDGE", "CALOTYPE_EDGE_CACHE_SIZE", "CALOTYPE_ORIGIN_S3_HOSTS"}
    assert read_site(tmp_path, variables=said, flags={}).site == loaded.site


def test_a_site_on_the_home_network_is_known_with_its_addresses(tmp_path: Path) -> None:
    loaded = read_site(tmp_path, variables={}, flags={"--lan": True})
    moved = loaded.site.on_the_home_network("192.168.1.5")
    record_start(tmp_path, moved, loaded)
    beside = read_site(tmp_path, variables=started_with(tmp_path), flags={}).site
    assert beside == moved
    assert beside.on_the_home_network("192.168.1.5") == moved


def test_a_site_that_stopped_was_started_with_nothing(tmp_path: Path) -> None:
    loaded = read_site(tmp_path, variables={}, flags={"--edge": "127.0.0.1:7000"})
    record_start(tmp_path, loaded.site, loaded)
    forget_start(tmp_path)
    assert started_with(tmp_path) == {}


def test_programs_that_run_alone_record_beside_each_other(tmp_path: Path) -> None:
    for flag, path in (("--origin", "listen.origin"), ("--edge", "listen.edge")):
        loaded = read_site(tmp_path, variables={}, flags={flag: "127.0.0.1:7000"})
        record_start(tmp_path, loaded.site, loaded, paths=[path])
    assert started_with(tmp_path) == {"CALOTYPE_ORIGIN": "127.0.0.1:7000", "CALOTYPE_EDGE": "127.0.0.1:7000"}
    forget_start(tmp_path, paths=["listen.origin"])
    assert started_with(tmp_path) == {"CALOTYPE_EDGE": "127.0.0.1:7000"}
    forget_start(tmp_path, paths=["listen.edge"])
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["", "[]", "{", "3"])
def test_a_damaged_record_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / FILE).write_text(text)
    assert started_with(tmp_path) == {}
