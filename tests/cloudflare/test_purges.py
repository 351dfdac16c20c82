from __future__ import annotations

from typing import Any

import pytest

from calotype.edge.configuration import PurgeFile, PurgeRequest
from support.control_plane import ControlPlane


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"purge_everything": True}, PurgeRequest(everything=True)),
        (
            {"files": ["https://img.example.com/a%20b.png?v=1", "http://example.com:8000/"]},
            PurgeRequest(
                files=(PurgeFile("https://img.example.com/a%20b.png?v=1"), PurgeFile("http://example.com:8000/"))
            ),
        ),
        (
            {"files": [{"url": "https://example.com/é", "headers": {"Origin": "https://x"}}]},
            PurgeRequest(files=(PurgeFile("https://example.com/é", (("origin", "https://x"),)),)),
        ),
        ({"prefixes": ["IMG.example.com/2026/A"]}, PurgeRequest(prefixes=("img.example.com/2026/A",))),
        ({"prefixes": ["example.com"]}, PurgeRequest(prefixes=("example.com/",))),
        ({"hosts": ["IMG.Example.com"]}, PurgeRequest(hosts=("img.example.com",))),
        ({"tags": ["Photos", "a:b"]}, PurgeRequest(tags=("photos", "a:b"))),
        ({"tags": ["t"], "hosts": []}, PurgeRequest(tags=("t",))),
    ],
)
async def test_a_purge_is_handed_to_the_edge(control_plane: ControlPlane, body: Any, expected: PurgeRequest) -> None:
    zone = await control_plane.new_zone()
    answer = await control_plane.result("POST", f"/zones/{zone}/purge_cache", body)
    assert answer == {"id": zone, "calotype": {"ban": 1}}
    assert control_plane.purges == [("example.com", expected)]


@pytest.mark.parametrize(
    ("body", "code", "pointer", "message"),
    [
        ({}, 1012, None, "must contain one of"),
        ({"files": []}, 1012, None, "must contain one of"),
        ({"purge_everything": False}, 1012, "/purge_everything", "can only be true"),
        ({"purge_everything": True, "tags": ["t"]}, 1012, "/purge_everything", "must be the only field"),
        ({"purge_everything": True, "files": []}, 1012, "/purge_everything", "must be the only field"),
        ({"urls": ["https://example.com/"]}, 6003, None, "unknown field `urls`"),
        ({"files": "https://example.com/"}, 6003, "/files", "Expected `array`"),
        ({"files": [5]}, 6003, "/files/0", "Expected"),
        ({"files": ["https://example.com/"] * 501}, 1012, "/files", "at most 500 files"),
        ({"tags": ["t"] * 101}, 1012, "/tags", "at most 100 tags"),
        ({"files": ["/a.png"]}, 1012, "/files/0", "a whole URL"),
        ({"files": ["ftp://example.com/"]}, 1012, "/files/0", "a whole URL"),
        ({"files": ["https:///a"]}, 1012, "/files/0", "a whole URL"),
        ({"files": ["https://[::1/a"]}, 1012, "/files/0", "not a URL"),
        ({"files": ["https://example.com:99999/"]}, 1012, "/files/0", "not a URL"),
        ({"files": ["https://example.com/a b"]}, 1012, "/files/0", "no blanks or control characters"),
        ({"files": ["https://example.com/a\n"]}, 1012, "/files/0", "no blanks or control characters"),
        ({"files": ["https://example.com/" + "x" * 16384]}, 1012, "/files/0", "at most 16 KB"),
        ({"files": ["https://example.com/cdn-cgi/x"]}, 1012, "/files/0", "/cdn-cgi/"),
        ({"files": [{"url": "nonsense"}]}, 1012, "/files/0/url", "a whole URL"),
        ({"files": ["https://example.com/", "https://example.net/"]}, 1016, "/files/1", "example.net does not belong"),
        ({"files": ["https://notexample.com/"]}, 1016, "/files/0", "does not belong"),
        ({"hosts": ["example.net"]}, 1016, "/hosts/0", "does not belong"),
        ({"hosts": ["https://example.com"]}, 1012, "/hosts/0", "not a host"),
        ({"hosts": ["example.com/a"]}, 1012, "/hosts/0", "not a host"),
        ({"hosts": [""]}, 1012, "/hosts/0", "not a host"),
        ({"hosts": ["a@example.com"]}, 1012, "/hosts/0", "not a host"),
        ({"prefixes": ["https://example.com/a"]}, 1012, "/prefixes/0", "without scheme"),
        ({"prefixes": ["example.com/a?b"]}, 1012, "/prefixes/0", "without scheme, query"),
        ({"prefixes": ["example.com" + "/a" * 32]}, 1012, "/prefixes/0", "at most 31 path separators"),
        ({"prefixes": ["/a"]}, 1012, "/prefixes/0", "not a host"),
        ({"prefixes": ["example.net/a"]}, 1016, "/prefixes/0", "does not belong"),
        ({"tags": ["a b"]}, 1012, "/tags/0", "printable ASCII"),
        ({"tags": ["a,b"]}, 1012, "/tags/0", "printable ASCII"),
        ({"tags": [""]}, 1012, "/tags/0", "printable ASCII"),
        ({"tags": ["x" * 1025]}, 1012, "/tags/0", "printable ASCII"),
    ],
)
async def test_a_wrong_purge_is_refused_and_nothing_forgotten(
    control_plane: ControlPlane, body: Any, code: int, pointer: str | None, message: str
) -> None:
    zone = await control_plane.new_zone()
    found = await control_plane.refused("POST", f"/zones/{zone}/purge_cache", body)
    assert (found[0], found[1], found[3]) == (400, code, pointer)
    assert message in found[2]
    assert control_plane.purges == []


async def test_in_the_catch_all_zone_any_host_may_be_purged(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone("site.internal", catch_all=True)
    body = {"files": ["http://192.168.1.5:8000/a.png", "http://[::1]:8000/"], "hosts": ["photos.local"]}
    await control_plane.result("POST", f"/zones/{zone}/purge_cache", body)
    assert len(control_plane.purges) == 1


async def test_the_longest_allowed_items_pass(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    body = {"prefixes": ["example.com" + "/a" * 31], "tags": ["x" * 1024] * 100}
    await control_plane.result("POST", f"/zones/{zone}/purge_cache", body)
    assert len(control_plane.purges) == 1
