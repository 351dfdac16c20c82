"""Bans: what each kills, in which order, and a log that survives what it must."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from calotype.edge.bans import ALL_ZONES, Ban, BanLog, BanLogTorn, BanReader, Bans, Subject
from calotype.edge.configuration import PurgeFile, PurgeRequest, ZoneConfiguration
from calotype.edge.control import ban_of

PICTURE = Subject("z", "img.test/2026/a.png", "img.test/file/b/2026/a.png", None, True, ("cats", "png"), 5)
WITH_QUERY = replace(PICTURE, query="x=1", query_ignored=False)


@pytest.mark.parametrize(
    ("ban", "subject", "expected"),
    [
        (Ban("z", everything=True), PICTURE, True),
        (Ban("y", everything=True), PICTURE, False),
        (Ban("z", files=(("img.test/2026/a.png", None),)), PICTURE, True),
        (Ban("z", files=(("img.test/2026/a.png", "v=2"),)), PICTURE, True),  # its key ignores the query
        (Ban("z", files=(("img.test/2026/b.png", None),)), PICTURE, False),
        (Ban("z", files=(("img.test/2026/a.png", "x=1"),)), WITH_QUERY, True),
        (Ban("z", files=(("img.test/2026/a.png", None),)), WITH_QUERY, False),  # another address
        (Ban("z", prefixes=("img.test/2026/",)), PICTURE, True),
        (Ban("z", prefixes=("img.test/file/b/",)), PICTURE, True),  # the rewritten address
        (Ban("z", prefixes=("img.test/2025",)), PICTURE, False),
        (Ban("z", hosts=("img.test",)), PICTURE, True),
        (Ban("z", hosts=("img",)), PICTURE, False),
        (Ban("z", tags=("cats",)), PICTURE, True),
        (Ban("z", tags=("dogs",)), PICTURE, False),
        (Ban("z", tags=("dogs",)), replace(PICTURE, tags=None), True),  # the origin may still name it
    ],
)
def test_ban_kills_what_it_means(ban: Ban, subject: Subject, expected: bool) -> None:
    bans = Bans()
    bans.apply(replace(ban, sequence=6))
    assert bans.kills(subject) is expected


@pytest.mark.parametrize(
    "ban", [Ban("z", everything=True), Ban("z", files=((PICTURE.url, None),)), Ban("z", tags=("cats",))]
)
def test_ban_spares_what_began_after_it(ban: Ban) -> None:
    bans = Bans()
    bans.apply(replace(ban, sequence=6))
    bans.apply(Ban("other", everything=True, sequence=7))
    assert bans.kills(replace(PICTURE, ban_position=5))
    assert not bans.kills(replace(PICTURE, ban_position=6))
    assert not bans.kills(replace(PICTURE, ban_position=7))


def test_ban_is_applied_once() -> None:
    bans = Bans()
    bans.apply(Ban("z", everything=True, sequence=6))
    bans.apply(Ban("z", everything=True, sequence=3))
    assert bans.position == 6


def test_log_numbers_bans_and_hands_them_on_in_order(tmp_path: Path) -> None:
    log = BanLog(tmp_path / "bans.log")
    reader = BanReader(tmp_path / "bans.log")
    first = log.append(Ban("z", everything=True))
    assert reader.read_new() == [first]
    second, third = log.append(Ban("z", tags=("t",))), log.append(Ban("y", files=(("h/p", "q"), ("h/r", None))))
    assert [ban.sequence for ban in (first, second, third)] == [1, 2, 3]
    assert reader.read_new() == [second, third]
    assert reader.read_new() == []
    assert log.after(1) == [second, third]
    log.close()
    again = BanLog(tmp_path / "bans.log")
    assert again.position == 3
    assert again.append(Ban("z")).sequence == 4
    again.close()


def test_line_that_a_crash_cut_anywhere_was_never_answered_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "bans.log"
    log = BanLog(path)
    first = log.append(Ban("z", everything=True))
    whole_first = path.read_bytes()
    log.append(Ban("z", hosts=("h",)))
    log.close()
    whole = path.read_bytes()
    for cut in range(len(whole_first), len(whole)):
        path.write_bytes(whole[:cut])
        assert BanReader(path).read_new() == [first]
        log = BanLog(path)
        assert log.append(Ban("z", tags=("t",))).sequence == 2
        log.close()
        assert len(BanReader(path).read_new()) == 2


def test_damage_in_the_middle_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "bans.log"
    log = BanLog(path)
    for _ in range(3):
        log.append(Ban("z", everything=True))
    log.close()
    path.write_bytes(path.read_bytes().replace(b'"sequence":2', b'"sequence":9'))
    with pytest.raises(BanLogTorn):
        BanReader(path).read_new()


def test_bans_beyond_the_most_are_replaced_by_a_floor() -> None:
    bans = Bans(most=10)
    for number in range(1, 1001):
        bans.apply(Ban("z", files=((f"img.test/{number}", None),), sequence=number))
        assert len(bans) <= 20
    assert bans.kills(replace(PICTURE, ban_position=1))  # too old to tell, so it is fetched anew
    assert not bans.kills(replace(PICTURE, ban_position=998))
    assert bans.kills(replace(PICTURE, url="img.test/1000", ban_position=998))


def test_log_beyond_the_most_is_shortened_under_its_readers(tmp_path: Path) -> None:
    path = tmp_path / "bans.log"
    log, reader, followed = BanLog(path, most=10), BanReader(path), Bans()
    sizes = []
    for number in range(1, 101):
        log.append(Ban("z", files=((f"img.test/{number}", None),)))
        sizes.append(path.stat().st_size)
        for ban in reader.read_new():
            followed.apply(ban)
        assert followed.position == log.position == number
    assert max(sizes) < 3000
    assert not followed.kills(replace(PICTURE, ban_position=99))
    log.close()

    late = Bans()
    for ban in BanReader(path).read_new():
        late.apply(ban)
    assert late.position == 100
    assert late.kills(replace(PICTURE, ban_position=3))
    assert late.kills(replace(PICTURE, url="img.test/99", ban_position=98))
    assert not late.kills(replace(PICTURE, ban_position=98))

    again = BanLog(path, most=10)
    assert again.append(Ban("z")).sequence == 101
    missed = again.after(5)
    assert (missed[0].zone_id, missed[0].everything) == (ALL_ZONES, True)
    assert [ban.sequence for ban in again.after(99)] == [100, 101]
    again.close()


@pytest.mark.parametrize(
    ("zone", "url", "expected"),
    [
        (ZoneConfiguration("z", "img.test"), "https://IMG.test/a/./b%7e.png", ("img.test/a/b~.png", None)),
        (ZoneConfiguration("z", "img.test"), "http://img.test:8000/a?x=1", ("img.test/a", "x=1")),
        (ZoneConfiguration("z", "site", catch_all=True), "http://192.168.0.2:8000/a", ("site/a", None)),
        (ZoneConfiguration("z", "site", catch_all=True), "https://any/é", ("site/%C3%A9", None)),
    ],
)
def test_purge_by_file_names_what_the_key_holds(
    zone: ZoneConfiguration, url: str, expected: tuple[str, str | None]
) -> None:
    assert ban_of(zone, PurgeRequest(files=(PurgeFile(url),))).files == (expected,)


def test_other_purges_become_bans() -> None:
    zone = ZoneConfiguration("z", "site", catch_all=True)
    assert ban_of(zone, PurgeRequest(everything=True)) == Ban("z", everything=True)
    request = PurgeRequest(prefixes=("h/a b",), hosts=("h",), tags=("t",))
    assert ban_of(zone, request) == Ban("z", prefixes=("site/a%20b",), hosts=("site",), tags=("t",))
