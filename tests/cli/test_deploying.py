"""plan, apply, doctor and check: the site as described, as changed by hand, and as seen from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from calotype.b2.client import B2Client
from calotype.cloudflare.client import CloudflareClient
from calotype.cloudflare.operations import RuleBody
from calotype.deploy.actual import phase_rules, rule_content
from calotype.site.folder import load_credentials
from cli.conftest import Command
from support.site import RunningSite

CACHE = "http_request_cache_settings"


@pytest.fixture
def edge(site: RunningSite) -> Iterator[CloudflareClient]:
    """The control plane, as somebody who changes things by hand uses it."""
    token = load_credentials(site.data).control_token
    with CloudflareClient(token or "", base_url=f"{site.control}/client/v4") as client:
        yield client


def test_a_started_site_needs_no_change(beside: Command) -> None:
    assert beside("plan").out == "Nothing to change.\n"
    assert beside("plan", "--check", "--json").json == {"changes": [], "drift": [], "foreign": []}
    assert beside("apply").out == "Nothing to change.\n"


def test_config_show_tells_how_the_running_site_was_started(beside: Command, site: RunningSite) -> None:
    rows = {row["setting"]: row for row in beside("config", "show", "--json").json}
    assert rows["listen.edge"]["value"] == f'"{site.edge.removeprefix("http://")}"'
    assert rows["listen.edge"]["source"] == "how it was started"
    assert rows["site.bucket"]["source"] == "default"


def test_what_was_changed_by_hand_stays_and_shows_until_it_is_put_back(beside: Command, edge: CloudflareClient) -> None:
    zone = edge.zone_named("calotype.internal")
    assert zone is not None
    (rule,) = phase_rules(edge, zone.id, CACHE)
    by_hand = {**rule_content(rule), "description": "mine now"}
    edge.update_phase(
        zone.id,
        CACHE,
        [
            RuleBody(ref=rule.ref, id=rule.id, **by_hand),
            RuleBody(ref="my-own", expression="true", action="set_cache_settings", action_parameters={"cache": True}),
        ],
    )
    planned = beside("plan")
    assert planned.code == 0
    assert planned.lines == [
        f"! rule {CACHE} calotype-cache: changed by hand; kept",
        "    description: Cache everything -> mine now",
        f"  rule {CACHE} my-own: not ours; kept",
        "Nothing to change.",
    ]
    assert beside("apply").code == 0
    assert phase_rules(edge, zone.id, CACHE)[0].description == "mine now"
    assert beside("plan", "--overwrite", "--check").code == 7
    assert f"~ rule {CACHE} calotype-cache" in beside("apply", "--overwrite").lines
    rules = phase_rules(edge, zone.id, CACHE)
    assert [(each.ref, each.description) for each in rules] == [("calotype-cache", "Cache everything"), ("my-own", "")]
    assert rules[0].id == rule.id
    edge.update_phase(zone.id, CACHE, [RuleBody(ref=rule.ref, id=rule.id, **rule_content(rules[0]))])
    assert beside("plan").out == "Nothing to change.\n"


def test_a_changed_description_is_planned_applied_and_then_so(beside: Command, site: RunningSite) -> None:
    file = site.data / "calotype.toml"
    before = file.read_text()
    file.write_text(before.replace("#browser_ttl_s = 600", "browser_ttl_s = 60"))
    try:
        planned = beside("plan", "--json").json["changes"]
        assert [(change["verb"], change["object"]) for change in planned] == [
            ("update", "bucket photos"),
            ("update", f"rule {CACHE} calotype-cache"),
        ]
        assert beside("apply").lines == ["~ bucket photos", f"~ rule {CACHE} calotype-cache"]
        assert beside("plan").out == "Nothing to change.\n"
    finally:
        file.write_text(before)
        assert beside("apply").code == 0


def test_a_domain_takes_the_place_of_the_catch_all_zone_and_gives_it_back(
    beside: Command, site: RunningSite, edge: CloudflareClient
) -> None:
    beside("upload", str(site.data / "calotype.toml"), "--name", "domain/a.txt")
    file = site.data / "calotype.toml"
    before = file.read_text()
    file.write_text(before.replace('#domain = ""', 'domain = "photos.test"'))
    url = f"{site.edge}/domain/a.txt"
    try:
        applied = beside("apply").lines
        assert "+ zone photos.test" in applied
        assert applied[-1] == "- zone calotype.internal"
        assert beside("plan").out == "Nothing to change.\n"
        assert httpx.get(url, headers={"host": "photos.test"}).status_code == 200
        assert httpx.get(url).status_code != 200
        overwrite_directly(beside, site, "domain/a.txt", b"changed under the domain")
        assert eventually(
            lambda: httpx.get(url, headers={"host": "photos.test"}).content == b"changed under the domain"
        )
        assert beside("ls", "domain/", "--json").json[0]["url"].startswith("http://photos.test:")
    finally:
        file.write_text(before)
        assert beside("apply").lines[-1] == "- zone photos.test"
    assert [zone.name for zone in edge.zones()] == ["calotype.internal"]
    assert httpx.get(url, headers={"host": "photos.test"}).status_code == 200


def overwrite_directly(beside: Command, site: RunningSite, name: str, content: bytes) -> None:
    """As another client does, which asks for no purge."""
    key = beside("keys", "create", "--name", "direct", "--json").json
    with B2Client(site.origin, key["keyId"], key["applicationKey"]) as origin:
        bucket_id = origin.bucket("photos").bucket_id
        origin.upload(bucket_id, name, BytesIO(content), length=len(content), content_type="text/plain")


def eventually(condition: Callable[[], bool], within_s: float = 5) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_private_site_is_signed_for_and_becomes_public_again(
    beside: Command, site: RunningSite, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"private picture")
    file = site.data / "calotype.toml"
    before = file.read_text()
    file.write_text(before.replace('#access = "public"', 'access = "private"'))
    try:
        applied = beside("apply").lines
        assert "+ signing calotype-edge" in applied
        assert "- rule http_request_transform calotype-path" in applied
        link = beside("upload", str(tmp_path / "a.png"), "--name", "private/a.png").out.strip()
        assert httpx.get(link).content == b"private picture"
        direct = httpx.get(f"{site.origin}/file/photos/private/a.png")
        assert direct.status_code == 401
        assert beside("plan").out == "Nothing to change.\n"
        assert beside("doctor").code == 0
    finally:
        file.write_text(before)
        # one that an earlier deployment, broken off, has left behind
        left = beside("keys", "create", "--name", "calotype-edge", "--json").json["keyId"]
        applied = beside("apply").lines
    assert f"- key {left} calotype-edge" in applied
    assert applied.index("- signing calotype-edge") < applied.index(f"- key {left} calotype-edge")
    assert [key["name"] for key in beside("keys", "list", "--json").json if key["name"] == "calotype-edge"] == []
    assert httpx.get(link).content == b"private picture"


# doctor and check


def test_the_doctor_finds_a_started_site_well_and_leaves_nothing_behind(beside: Command) -> None:
    outcome = beside("doctor")
    assert outcome.code == 0, outcome.out
    layers = [line.partition(":")[0] for line in outcome.lines]
    assert layers == [
        "+ key",
        "+ bucket",
        "+ upload",
        "+ origin",
        "+ edge, first time",
        "+ edge, again",
        "+ headers",
        "+ replacement",
        "+ deletion",
    ]
    assert beside("ls", "calotype-doctor/", "--json").json == []


@contextmanager
def default_encryption(site: RunningSite) -> Iterator[None]:
    """The site's bucket encrypts by default meanwhile."""
    owner = load_credentials(site.data).owner
    assert owner is not None
    with B2Client(site.origin, owner.key_id, owner.application_key) as origin:
        photos = {"accountId": origin.account.account_id, "bucketId": origin.bucket("photos").bucket_id}
        headers = {"authorization": origin.account.authorization_token}

    def encrypt_by(encryption: dict[str, str]) -> None:
        asked = {**photos, "defaultServerSideEncryption": encryption}
        httpx.post(f"{site.origin}/b2api/v4/b2_update_bucket", headers=headers, json=asked).raise_for_status()

    encrypt_by({"mode": "SSE-B2", "algorithm": "AES256"})
    try:
        yield
    finally:
        encrypt_by({"mode": "none"})


def test_the_doctor_finds_a_site_well_whose_bucket_is_encrypted(beside: Command, site: RunningSite) -> None:
    with default_encryption(site):
        outcome = beside("doctor")
    assert outcome.code == 0, outcome.out


@pytest.mark.parametrize(
    ("phase", "ref", "layer", "words"),
    [
        ("http_request_transform", "calotype-path", "edge, first time", "answers 404"),
        ("http_request_origin", "calotype-port", "edge, first time", "answers 52"),
        ("http_response_headers_transform", "calotype-clean-up", "headers", "should have been removed: x-bz-"),
    ],
)
def test_the_doctor_names_the_layer_that_is_broken(
    beside: Command, edge: CloudflareClient, phase: str, ref: str, layer: str, words: str
) -> None:
    zone = edge.zone_named("calotype.internal")
    assert zone is not None
    rules = phase_rules(edge, zone.id, phase)
    kept = [RuleBody(ref=rule.ref, id=rule.id, **rule_content(rule)) for rule in rules]
    edge.update_phase(zone.id, phase, [body for body in kept if body.ref != ref])
    try:
        outcome = beside("doctor", "--json")
    finally:
        assert beside("apply", "--overwrite").code == 0
    assert outcome.code == 7
    last = outcome.json["steps"][-1]
    assert not last["is_well"]
    assert (last["layer"], outcome.json["ok"]) == (layer, False)
    assert words in last["text"]
    assert beside("ls", "calotype-doctor/", "--json").json == []


def test_check_tells_of_a_picture_of_the_site_and_of_the_bare_origin(
    beside: Command, calotype: Command, site: RunningSite, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"some picture")
    link = beside("upload", str(tmp_path / "a.png"), "--name", "check/a.png").out.strip()
    well = calotype("check", link)
    assert (well.code, well.err) == (0, "")
    assert well.lines[0] == link
    assert any(line.startswith("+ cache: ") and line.endswith("HIT") for line in well.lines)
    assert "+ lifetime: browsers: 10 minutes, by max-age" in well.out
    bare = calotype("check", f"{site.origin}/file/photos/check/a.png", "--json")
    assert bare.code == 7
    bad = [each["text"] for each in bare.json["findings"] if each["level"] == "bad"]
    assert any("no header speaks of a cache" in text for text in bad)
    assert any("x-bz-file-id" in text for text in bad)


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("http://127.0.0.1:1/a.png", 4, "gives no answer"),
        ("ftp://x.test/a", 2, "only http and https"),
        ("http://[::1", 2, "Invalid IPv6 URL"),
    ],
)
def test_check_says_why_a_url_cannot_be_checked(calotype: Command, url: str, code: int, words: str) -> None:
    outcome = calotype("check", url)
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err
