from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.cloudflare import operations as api
from calotype.cloudflare.routes import NOT_IMPLEMENTED, not_implemented
from calotype.http.percent import parse_query

ZONE = "a" * 32
OTHER = "b" * 32
RULE = "c" * 32
PARAMETERS = {"uri": {"path": {"value": "/x"}}}

EXAMPLES: list[api.Operation] = [
    api.VerifyToken(),
    api.ListZones(),
    api.ListZones(name="example.com", status="active", account_id=OTHER, page=2, per_page=5),
    api.CreateZone(name="example.com"),
    api.CreateZone(name="example.com", account={"id": OTHER}, type="full", calotype=api.ZoneExtension(catch_all=True)),
    api.GetZone(zone_id=ZONE),
    api.DeleteZone(zone_id=ZONE),
    api.ListDnsRecords(zone_id=ZONE),
    api.ListDnsRecords(
        zone_id=ZONE, type="CNAME", name="a", name_exact="img.example.com", content="b", proxied=True, page=3
    ),
    api.ListDnsRecords(zone_id=ZONE, content_exact="&=? é+%", proxied=False),
    api.CreateDnsRecord(zone_id=ZONE, type="CNAME", name="img", content="origin.example.net"),
    api.CreateDnsRecord(
        zone_id=ZONE, type="A", name="img", content="192.0.2.1", ttl=300, proxied=True, comment="made by hand"
    ),
    api.GetDnsRecord(zone_id=ZONE, record_id=OTHER),
    api.UpdateDnsRecord(zone_id=ZONE, record_id=OTHER, type="A", name="img", content="192.0.2.1"),
    api.EditDnsRecord(zone_id=ZONE, record_id=OTHER),
    api.EditDnsRecord(zone_id=ZONE, record_id=OTHER, comment=None, ttl=1, proxied=False),
    api.EditDnsRecord(zone_id=ZONE, record_id=OTHER, type="CNAME", name="a", content="b", comment=""),
    api.DeleteDnsRecord(zone_id=ZONE, record_id=OTHER),
    api.ListRulesets(zone_id=ZONE, per_page=5, cursor="next"),
    api.GetRuleset(zone_id=ZONE, ruleset_id=OTHER),
    api.GetPhase(zone_id=ZONE, phase="http_request_transform"),
    api.UpdatePhase(zone_id=ZONE, phase="http_request_transform"),
    api.UpdatePhase(
        zone_id=ZONE,
        phase="http_request_transform",
        rules=[
            api.RuleBody(action="rewrite", expression="true", action_parameters=PARAMETERS),
            api.RuleBody(action="rewrite", expression="ssl", description="d", enabled=False, ref="r", id=RULE),
        ],
        description="rewrites",
        name="default",
        dry_run=True,
    ),
    api.CreateRule(zone_id=ZONE, ruleset_id=OTHER, action="rewrite", expression="true"),
    api.CreateRule(
        zone_id=ZONE,
        ruleset_id=OTHER,
        action="rewrite",
        expression="true",
        action_parameters=PARAMETERS,
        position={"before": RULE},
        ref="r",
        dry_run=True,
    ),
    api.EditRule(zone_id=ZONE, ruleset_id=OTHER, rule_id=RULE, enabled=False, position={"index": 1}),
    api.DeleteRule(zone_id=ZONE, ruleset_id=OTHER, rule_id=RULE),
    api.DeleteRule(zone_id=ZONE, ruleset_id=OTHER, rule_id=RULE, dry_run=True),
    api.ListSettings(zone_id=ZONE),
    api.GetSetting(zone_id=ZONE, setting_id="ssl"),
    api.GetSetting(zone_id=ZONE, setting_id="a b%+é"),
    api.EditSetting(zone_id=ZONE, setting_id="browser_cache_ttl", value=0),
    api.EditSetting(zone_id=ZONE, setting_id="nel", value={"enabled": False}),
    api.PurgeCache(zone_id=ZONE, purge_everything=True),
    api.PurgeCache(
        zone_id=ZONE,
        files=["https://a/b?c", api.FileWithHeaders(url="https://a/", headers={"Origin": "https://b"})],
        prefixes=["a/b"],
        hosts=["a"],
        tags=["t"],
    ),
    api.GetOriginSigning(zone_id=ZONE),
    api.PutOriginSigning(zone_id=ZONE, endpoint="127.0.0.1:9000", bucket="photos", key_id="k"),
    api.PutOriginSigning(
        zone_id=ZONE,
        endpoint="s3.example.net",
        bucket="photos",
        key_id="k",
        application_key="s",
        region="eu-1",
        path_style=False,
    ),
    api.DeleteOriginSigning(zone_id=ZONE),
]


def read_back(operation: api.Operation) -> api.Operation:
    """The operation written as a request and read as the server reads it."""
    wire = api.to_wire(operation)
    path, _, query = wire.target.partition("?")
    match = api.match(wire.method, _decoded(path))
    assert match is not None
    body = None if wire.body is None else msgspec.json.decode(wire.body)
    return api.parse(match, parse_query(query), body)


def _decoded(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)


@pytest.mark.parametrize("operation", EXAMPLES, ids=lambda operation: type(operation).__name__)
def test_an_operation_written_and_read_again_is_equal(operation: api.Operation) -> None:
    assert read_back(operation) == operation


def test_every_operation_has_an_example() -> None:
    assert {type(example) for example in EXAMPLES} == set(api.OPERATIONS)


@given(
    st.builds(
        api.ListDnsRecords,
        zone_id=st.just(ZONE),
        name=st.text(st.characters(codec="utf-8")),
        proxied=st.booleans(),
        page=st.integers(),
        per_page=st.integers(),
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
def test_any_text_survives_the_query(operation: api.ListDnsRecords) -> None:
    assert read_back(operation) == operation


def test_the_fields_of_a_call_travel_where_the_api_wants_them() -> None:
    wire = api.to_wire(EXAMPLES[8])
    assert wire.target == (
        f"/zones/{ZONE}/dns_records?type=CNAME&name=a&name.exact=img.example.com&content=b&proxied=true&page=3"
    )
    wire = api.to_wire(api.DeleteRule(zone_id=ZONE, ruleset_id=OTHER, rule_id=RULE, dry_run=True))
    assert (wire.method, wire.target, wire.body) == (
        "DELETE",
        f"/zones/{ZONE}/rulesets/{OTHER}/rules/{RULE}?dry_run=true",
        None,
    )
    wire = api.to_wire(api.CreateZone(name="a"))
    assert (wire.method, wire.target, wire.body) == ("POST", "/zones", b'{"name":"a"}')


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "message"),
    [
        ("POST", "/zones", "", {}, "missing required field `name`"),
        ("POST", "/zones", "", [], "Expected `object` as body"),
        ("POST", "/zones", "", {"name": 1}, "Expected `str`, got `int` - at `$.name`"),
        ("GET", "/zones", "page=x", None, "$.page"),
        ("GET", f"/zones/{ZONE}/dns_records", "proxied=maybe", None, "$.proxied"),
        ("POST", f"/zones/{ZONE}/purge_cache", "", {"urls": []}, "unknown field `urls`"),
        ("PUT", f"/zones/{ZONE}/rulesets/phases/x/entrypoint", "", {"rules": [{"action": "a"}]}, "$.rules[0]"),
        ("PUT", f"/zones/{ZONE}/rulesets/phases/x/entrypoint", "dry_run=2", {"rules": []}, "$.dry_run"),
    ],
)
def test_a_call_of_the_wrong_shape_is_refused(method: str, path: str, query: str, body: Any, message: str) -> None:
    match = api.match(method, path)
    assert match is not None
    with pytest.raises(msgspec.ValidationError) as caught:
        api.parse(match, parse_query(query), body)
    assert message in str(caught.value)


def test_the_path_decides_over_a_body_that_says_otherwise() -> None:
    match = api.match("PATCH", f"/zones/{ZONE}/settings/ssl")
    assert match is not None
    operation = api.parse(match, [], {"value": "full", "zone_id": OTHER, "setting_id": "polish"})
    assert operation == api.EditSetting(zone_id=ZONE, setting_id="ssl", value="full")


def test_no_call_is_both_had_and_not_had() -> None:
    for operation in api.OPERATIONS:
        path = operation.path.format(
            zone_id=ZONE, record_id=OTHER, ruleset_id=OTHER, rule_id=RULE, setting_id="ssl", phase="p"
        )
        assert not_implemented(operation.method, path) is None, path
    assert len({(path, methods) for path, methods, _ in NOT_IMPLEMENTED}) == len(NOT_IMPLEMENTED)
