"""The console over HTTP: who is let in, what every answer carries, and what wrong input gets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from calotype.s3.client import S3Client
from console.running import BUCKET, PASSWORD, RunningConsole, another_console, running_console
from support.ports import free_ports

MEBIBYTE = 2**20
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def stranger(site: RunningConsole) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, headers={"origin": site.url}, timeout=60) as client:
        yield client


@pytest.mark.parametrize("host", ["evil.example", "localhost", "localhost:1", "127.0.0.1:8001.evil.example", ""])
def test_a_foreign_host_is_refused(owner: httpx.Client, host: str) -> None:
    answer = owner.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "public_url" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_localhost_is_as_good_as_the_address(site: RunningConsole, stranger: httpx.Client) -> None:
    port = site.url.rpartition(":")[2]
    assert stranger.get("/sign-in", headers={"host": f"localhost:{port}"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/pictures"),
        ("PUT", "/picture?key=a"),
        ("POST", "/pictures/delete"),
        ("POST", "/sign-in"),
        ("POST", "/sign-out"),
    ],
)
@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_a_foreign_origin_changes_nothing(
    site: RunningConsole, owner: httpx.Client, method: str, path: str, origin: str | None
) -> None:
    request = owner.build_request(method, path, content=PNG)
    del request.headers["origin"]
    if origin is not None:
        request.headers["origin"] = origin
    assert owner.send(request).status_code == 403
    assert site.keys == []
    assert owner.get("/pictures").status_code == 200  # still signed in


def test_another_port_of_this_host_is_foreign(site: RunningConsole, owner: httpx.Client) -> None:
    assert owner.post("/pictures", headers={"origin": "http://127.0.0.1:8000"}, content=b"x").status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/pictures"),
        ("POST", "/pictures"),
        ("GET", "/picture?key=a"),
        ("PUT", "/picture?key=a"),
        ("POST", "/pictures/delete"),
        ("GET", "/docs/README"),
    ],
)
def test_nothing_is_done_for_strangers(site: RunningConsole, stranger: httpx.Client, method: str, path: str) -> None:
    answer = stranger.request(method, path, content=None if method == "GET" else PNG)
    assert answer.status_code == 401
    assert answer.json() == {"message": "You are signed out. Sign in again to go on."}
    assert site.keys == []


def test_a_strangers_browser_is_led_to_the_sign_in_page(stranger: httpx.Client) -> None:
    answer = stranger.get("/", headers={"accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/pictures", "/nowhere", "/docs/README"])
def test_every_answer_carries_the_headers_of_safety(owner: httpx.Client, path: str) -> None:
    headers = owner.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(stranger: httpx.Client) -> None:
    answer = stranger.post("/sign-in", data={"password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("calotype_console=")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "domain" not in cookie.lower()


def test_static_files_are_kept_for_ever_under_their_digest(owner: httpx.Client) -> None:
    page = owner.get("/").text
    path = next(part for part in page.split('"') if part.endswith("console.css"))
    answer = owner.get(path)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert owner.get(path.replace("/static/", "/static/0")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/docs/..%2f..%2fpyproject",
        "/docs/../pyproject.toml",
        "/docs/notes/../../README",
        "/docs/nothing",
        "/docs/images/..%2fREADME.md",
        "/static/x/..%2fapp.py",
    ],
)
def test_no_path_leads_out_of_its_folder(owner: httpx.Client, path: str) -> None:
    assert owner.get(path).status_code == 404


def test_the_notes_are_listed_and_lead_to_each(owner: httpx.Client) -> None:
    links = re.findall(r'<li><a href="([^"]+)">', owner.get("/docs/notes/").text)
    assert len(links) > 0
    assert {owner.get(f"/docs/notes/{link}").status_code for link in links} == {200}


def test_an_upload_without_a_length_is_refused(site: RunningConsole, owner: httpx.Client) -> None:
    answer = owner.post("/pictures", content=iter([PNG]))
    assert answer.status_code == 411
    assert site.keys == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!doctype html><p>", "web page"),
        (b"MZ\x90\x00", "program"),
        (b"", "empty"),
    ],
)
def test_an_upload_of_a_wrong_kind_says_why(
    site: RunningConsole, owner: httpx.Client, content: bytes, says: str
) -> None:
    answer = owner.post("/pictures", content=content)
    assert answer.status_code == 415
    assert says in answer.json()["message"]
    assert site.keys == []


@pytest.mark.parametrize(
    "name", ["..%2F..%2Fetc%2Fpasswd", "%00%0A%0D.png", "%ff%fe", "a" * 3000 + ".png", "%E2%80%AE.png", "CON"]
)
def test_an_odd_file_name_becomes_a_plain_key(site: RunningConsole, owner: httpx.Client, name: str) -> None:
    answer = owner.post("/pictures", content=PNG, headers={"x-file-name": name})
    assert answer.status_code == 201
    [key] = site.keys
    assert len(key.encode()) <= 1024
    assert not any(part in ("", ".", "..") for part in key.split("/"))
    assert key.split("/")[0].isdigit()
    assert key.isprintable() or "\u202e" in key
    assert owner.post("/pictures/delete", json={"keys": [key]}).json() == {"deleted": [key], "failed": []}


@pytest.mark.parametrize("key", ["a/../b.png", "./b.png", "a/./b.png", "a/.."])
def test_a_key_with_dots_that_a_url_library_would_resolve_is_meant_as_it_is(
    site: RunningConsole, owner: httpx.Client, key: str
) -> None:
    settings = site.settings
    with S3Client(settings.s3_endpoint, settings.key_id, settings.application_key) as s3:
        s3.put_object(BUCKET, "b.png", b"another")
        s3.put_object(BUCKET, key, b"dots")
    assert f'data-key="{key}"' in owner.get("/").text
    assert owner.post("/pictures/delete", json={"keys": [key]}).json() == {"deleted": [key], "failed": []}
    assert site.keys == ["b.png"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"keys": []}', b'{"keys": "a"}', b'{"keys": [1]}', b'{"keys": [""]}', b"\xff"]
)
def test_a_deletion_of_nothing_sensible_is_refused(owner: httpx.Client, body: bytes) -> None:
    assert owner.post("/pictures/delete", content=body).status_code == 400


@pytest.mark.parametrize(
    "query", ["before=x", "before=-1&key=a", "before=99999999999999999999", "key=%ff", "before=%F0"]
)
def test_a_damaged_cursor_shows_the_newest(owner: httpx.Client, query: str) -> None:
    assert owner.get(f"/pictures?{query}").status_code == 200


def test_a_large_upload_streams_through_without_growing_the_console(site: RunningConsole, owner: httpx.Client) -> None:
    size = 192 * MEBIBYTE
    block = os.urandom(MEBIBYTE)
    owner.post("/pictures", content=PNG + block)
    before = site.resident_bytes()
    highest = 0

    def content() -> Iterator[bytes]:
        nonlocal highest
        yield PNG + block[8:]
        for _ in range(size // MEBIBYTE - 1):
            highest = max(highest, site.resident_bytes())
            yield block

    answer = owner.post("/pictures", content=content(), headers={"content-length": str(size), "x-file-name": "big.png"})
    assert answer.status_code == 201
    [key] = [key for key in site.keys if "big" in key]
    assert site.s3.head_object(Bucket="pictures", Key=key)["ContentLength"] == size
    assert highest - before < 16 * MEBIBYTE


def test_an_upload_that_is_cut_off_stores_nothing(site: RunningConsole, owner: httpx.Client) -> None:
    def content() -> Iterator[bytes]:
        yield PNG + bytes(100_000)
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        owner.post("/pictures", content=content(), headers={"content-length": "200000"})
    assert owner.get("/pictures").status_code == 200
    assert site.keys == []


def test_five_wrong_passwords_make_an_address_wait(site: RunningConsole, tmp_path: Path) -> None:
    with (
        another_console(site, tmp_path, trusted_proxies=("127.0.0.1",)) as console,
        httpx.Client(base_url=console.url, headers={"origin": console.url}) as client,
    ):
        attacker = {"x-forwarded-for": "192.0.2.66"}
        for _ in range(5):
            assert client.post("/sign-in", data={"password": "guess"}, headers=attacker).status_code == 403
        refused = client.post("/sign-in", data={"password": PASSWORD}, headers=attacker)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 12
        other = client.post("/sign-in", data={"password": PASSWORD}, headers={"x-forwarded-for": "192.0.2.67"})
        assert other.status_code == 303


def test_when_the_origin_is_down_the_page_says_so(site: RunningConsole, tmp_path: Path) -> None:
    [port] = free_ports(1)
    down = f"http://127.0.0.1:{port}"
    with (
        another_console(site, tmp_path, s3_endpoint=down) as console,
        httpx.Client(base_url=console.url, headers={"origin": console.url}) as client,
    ):
        client.post("/sign-in", data={"password": PASSWORD})
        page = client.get("/")
        assert page.status_code == 504
        assert f"The origin at {down} does not answer" in page.text
        for answer in (client.get("/pictures"), client.post("/pictures", content=PNG)):
            assert answer.status_code == 504
            assert "does not answer" in answer.json()["message"]
        deletion = client.post("/pictures/delete", json={"keys": ["a"]}).json()
        assert deletion["deleted"] == []
        assert "does not answer" in deletion["failed"][0]["message"]


def test_when_the_origins_disk_is_full_the_page_says_so_and_goes_on_showing(tmp_path: Path) -> None:
    with (
        running_console(tmp_path, reserve_bytes=2**62) as site,
        httpx.Client(base_url=site.url, headers={"origin": site.url}) as client,
    ):
        client.post("/sign-in", data={"password": PASSWORD})
        answer = client.post("/pictures", content=PNG + bytes(3_000_000))
        assert answer.status_code == 507
        assert answer.json()["message"].startswith("The origin's disk is full.")
        assert client.get("/").status_code == 200
        assert site.keys == []


def test_a_key_that_may_not_upload_is_told_apart(site: RunningConsole, tmp_path: Path) -> None:
    with (
        another_console(site, tmp_path, application_key="not the secret") as console,
        httpx.Client(base_url=console.url, headers={"origin": console.url}) as client,
    ):
        client.post("/sign-in", data={"password": PASSWORD})
        answer = client.post("/pictures", content=PNG)
        assert answer.status_code == 502
        assert "(SignatureDoesNotMatch)" in answer.json()["message"]


def test_a_name_that_is_taken_is_kept(site: RunningConsole, tmp_path: Path) -> None:
    with (
        another_console(site, tmp_path, name_template="%fn") as console,
        httpx.Client(base_url=console.url, headers={"origin": console.url, "x-file-name": "cat.png"}) as client,
    ):
        client.post("/sign-in", data={"password": PASSWORD})
        first = PNG + b"first"
        assert client.post("/pictures", content=first).status_code == 201
        answer = client.post("/pictures", content=PNG + b"second")
        assert answer.status_code == 409
        assert "it was kept" in answer.json()["message"]
        assert site.content("cat.png") == first


def test_behind_a_proxy_the_public_name_is_known_and_the_cookie_is_for_https_alone(
    site: RunningConsole, tmp_path: Path
) -> None:
    public = {"host": "console.example", "origin": "https://console.example"}
    with (
        another_console(site, tmp_path, public_url="https://console.example", site_url=None) as console,
        httpx.Client(base_url=console.url, headers=public) as client,
    ):
        answer = client.post("/sign-in", data={"password": PASSWORD})
        assert answer.status_code == 303
        assert "secure" in answer.headers["set-cookie"].lower()
        wrong_scheme = client.post("/sign-in", headers={"origin": "http://console.example"}, data={"password": "x"})
        assert wrong_scheme.status_code == 403
