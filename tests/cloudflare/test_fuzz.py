"""Whatever is sent, the answer is in the API's envelope, and a refused call changes nothing."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.cloudflare.operations import OPERATIONS
from calotype.rules.actions import compile_action
from calotype.rules.errors import ParameterError
from calotype.rules.phases import RULES_RUN_HERE
from support.control_plane import ControlPlane

MEMBERS = st.sampled_from(
    [
        *("name", "type", "content", "ttl", "proxied", "comment", "calotype", "catch_all", "account", "value", "rules"),
        *("action", "expression", "action_parameters", "ref", "id", "enabled", "description", "position", "before"),
        *("uri", "path", "query", "headers", "operation", "from_value", "target_url", "status_code", "origin", "port"),
        *("sni", "host", "host_header", "cache", "edge_ttl", "mode", "default", "status_code_ttl", "browser_ttl"),
        *(
            "cache_key",
            "custom_key",
            "query_string",
            "include",
            "exclude",
            "all",
            "list",
            "serve_stale",
            "ssl",
            "polish",
        ),
        *("files", "url", "tags", "hosts", "prefixes", "purge_everything", "endpoint", "bucket", "key_id", "x"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            *("true", "ssl", 'concat("/a", http.host)', "http.host", "rewrite", "set", "remove", "add", "CNAME", "A"),
            *("example.com", "192.0.2.1", "/x", "override_origin", "respect_origin", "bypass", "*", "on", "off", ""),
            *("https://example.com/a", "img.example.com/a", "127.0.0.1:9000"),
        ]
    ),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(MEMBERS, inner, max_size=5)),
    max_leaves=12,
)
BODIES = st.one_of(JSON, st.dictionaries(MEMBERS, JSON, max_size=6), st.binary(max_size=20))


@given(st.sampled_from(OPERATIONS), BODIES, st.sampled_from(["", "?page=x", "?dry_run=1", "?per_page=1&page=2&%zz"]))
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
async def test_any_body_to_any_call_is_answered_in_the_envelope(operation: Any, body: Any, query: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        control_plane = ControlPlane(Path(folder))
        zone = await control_plane.new_zone()
        phase = f"/zones/{zone}/rulesets/phases/http_request_transform/entrypoint"
        ruleset = await control_plane.result("PUT", phase, {"rules": []})
        record = await control_plane.result(
            "POST", f"/zones/{zone}/dns_records", {"type": "A", "name": "a", "content": "192.0.2.1"}
        )
        target = operation.path.format(
            zone_id=zone,
            record_id=record["id"],
            ruleset_id=ruleset["id"],
            rule_id=ruleset["id"],
            setting_id="ssl",
            phase="http_request_transform",
        )
        before = control_plane.configuration
        status, envelope = await control_plane.send(operation.method, target + query, body)
        assert envelope.success is (status == 200)
        assert envelope.success or (envelope.errors and control_plane.configuration is before)
        assert control_plane.store.load() == control_plane.configuration


@given(st.sampled_from(RULES_RUN_HERE), st.sampled_from(["rewrite", "redirect", "route", "set_config"]), JSON)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
def test_any_parameters_of_an_action_are_read_or_refused(phase: str, action: str, parameters: Any) -> None:
    _read_or_refuse(phase, action, parameters)


@given(st.dictionaries(MEMBERS, JSON, max_size=4))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
def test_any_cache_settings_are_read_or_refused(parameters: Any) -> None:
    _read_or_refuse("http_request_cache_settings", "set_cache_settings", parameters)


def _read_or_refuse(phase: str, action: str, parameters: Any) -> None:
    with contextlib.suppress(ParameterError):
        compile_action(phase, action, parameters)
