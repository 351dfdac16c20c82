"""What a site needs, and that every default rule is one our rules engine takes."""

from __future__ import annotations

from collections import defaultdict

import pytest

from calotype.deploy.desired import INERT_TYPES, desired_objects
from calotype.deploy.objects import OWN_PREFIX, Kind, ObjectName
from calotype.http import content_types
from calotype.http.content_types import is_inert
from calotype.rules.ruleset import Rule, compile_rules
from calotype.site.loading import load_site
from calotype.site.settings import Site


def site(text: str = "") -> Site:
    return load_site(text, variables={}, flags={}).site


def names(site: Site, kind: Kind) -> list[str]:
    return [name.name for name in desired_objects(site) if name.kind is kind]


@pytest.mark.parametrize(
    "text", ["", "site.access='private'", "site.domain='p.example.com'", "site={domain='p.test', access='private'}"]
)
def test_every_default_rule_compiles_in_its_phase(text: str) -> None:
    rulesets: dict[str, list[Rule]] = defaultdict(list)
    for name, content in desired_objects(site(text)).items():
        if name.kind is Kind.RULE:
            rulesets[name.scope].append(Rule(id="", ref=name.name, **content))
    for phase, rules in rulesets.items():
        assert len(compile_rules(rules, phase)) == len(rules)


def test_every_rule_and_key_carries_our_mark() -> None:
    marked = names(site(), Kind.RULE) + names(site(), Kind.KEY)
    assert marked
    assert all(name.startswith(OWN_PREFIX) for name in marked)


def test_a_site_without_a_domain_is_the_catch_all_zone_and_its_rules_name_no_host() -> None:
    objects = desired_objects(site())
    assert objects[ObjectName(Kind.ZONE, "calotype.internal")] == {"catch_all": True}
    assert not [name for name, rule in objects.items() if name.kind is Kind.RULE and "http.host" in rule["expression"]]


def test_every_rule_of_a_site_with_a_domain_names_its_host() -> None:
    objects = desired_objects(site("site.domain='p.example.com'"))
    assert objects[ObjectName(Kind.ZONE, "p.example.com")] == {"catch_all": False}
    assert all(
        rule["expression"].startswith('http.host eq "p.example.com"')
        for name, rule in objects.items()
        if name.kind is Kind.RULE
    )


def test_a_public_site_rewrites_to_the_friendly_url_and_a_private_one_signs() -> None:
    public, private = desired_objects(site()), desired_objects(site("site.access='private'"))
    path = ObjectName(Kind.RULE, "calotype-path", "http_request_transform")
    signing = ObjectName(Kind.SIGNING, "calotype-edge")
    assert public[path]["action_parameters"] == {
        "uri": {"path": {"expression": 'concat("/file/photos", http.request.uri.path)'}}
    }
    assert signing not in public
    assert path not in private
    assert private[signing] == {
        "endpoint": "127.0.0.1:9000",
        "bucket": "photos",
        "region": "us-east-1",
        "key": "calotype-edge",
    }
    assert private[ObjectName(Kind.BUCKET, "photos")]["type"] == "allPrivate"


@pytest.mark.parametrize(
    ("address", "record"),
    [
        ("127.0.0.1:9000", ("A", "127.0.0.1")),
        ("0.0.0.0:9000", ("A", "127.0.0.1")),  # nobody can connect to the wildcard
        ("[::1]:9000", ("AAAA", "::1")),
        ("origin.test:9000", ("CNAME", "origin.test")),
    ],
)
def test_the_record_points_at_the_origin_and_a_rule_gives_its_port(address: str, record: tuple[str, str]) -> None:
    objects = desired_objects(site(f"listen.origin='{address}'"))
    found = [(name.scope, content["content"]) for name, content in objects.items() if name.kind is Kind.RECORD]
    assert found == [record]
    port = objects[ObjectName(Kind.RULE, "calotype-port", "http_request_origin")]
    assert port["action_parameters"] == {"origin": {"port": 9000}}


def test_the_lifetimes_are_the_sites() -> None:
    text = "site={edge_ttl_s=100, browser_ttl_s=50, not_found_ttl_s=7}"
    rule = desired_objects(site(text))[ObjectName(Kind.RULE, "calotype-cache", "http_request_cache_settings")]
    parameters = rule["action_parameters"]
    assert parameters["edge_ttl"]["default"] == 100
    assert parameters["browser_ttl"] == {"mode": "override_origin", "default": 50}
    assert {"status_code": 404, "value": 7} in parameters["edge_ttl"]["status_code_ttl"]
    assert {"status_code_range": {"from": 500, "to": 599}, "value": -1} in parameters["edge_ttl"]["status_code_ttl"]


def test_the_types_left_outside_the_sandbox_are_those_the_origin_calls_inert() -> None:
    known = {each for each in content_types._BY_EXTENSION.values() if is_inert(each)}
    known = {each for each in known if not each.startswith(("audio/", "video/"))}
    assert known <= set(INERT_TYPES)
    assert all(is_inert(each) for each in INERT_TYPES)


def test_no_header_of_the_origins_own_reaches_a_viewer() -> None:
    """By prefix: a file that is encrypted, locked or replicated has headers that a plain one has not (b2.md §4.2)."""
    (removed,) = (
        rule["action_parameters"]["headers"]
        for name, rule in desired_objects(site()).items()
        if name.name == "calotype-clean-up"
    )
    assert removed == {"x-bz-*": {"operation": "remove"}, "x-amz-*": {"operation": "remove"}}
