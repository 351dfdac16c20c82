from __future__ import annotations

from typing import Any

import pytest

from calotype.rules.phases import PHASES, RULES_RUN_HERE
from support.control_plane import ControlPlane

PHASE = "http_request_transform"


def rule(path: str = "/x", **changes: Any) -> dict[str, Any]:
    parameters = {"uri": {"path": {"value": path}}}
    return {"action": "rewrite", "expression": "true", "action_parameters": parameters, **changes}


async def phase_of(control_plane: ControlPlane) -> str:
    zone = await control_plane.new_zone()
    return f"/zones/{zone}/rulesets/phases/{PHASE}/entrypoint"


async def written(control_plane: ControlPlane, *rules: dict[str, Any]) -> tuple[str, Any]:
    """The address of the ruleset that has these rules, and what the write answered."""
    target = await phase_of(control_plane)
    ruleset = await control_plane.result("PUT", target, {"rules": list(rules)})
    return f"{target.partition('/phases/')[0]}/{ruleset['id']}", ruleset


async def test_a_phase_has_no_ruleset_until_one_is_written(control_plane: ControlPlane) -> None:
    target = await phase_of(control_plane)
    status, code, message, _ = await control_plane.refused("GET", target)
    assert (status, code, message) == (404, 10003, f"could not find entrypoint ruleset in the {PHASE} phase")
    ruleset = await control_plane.result("PUT", target, {"rules": [], "description": "rewrites"})
    assert (ruleset["phase"], ruleset["kind"], ruleset["version"], ruleset["rules"]) == (PHASE, "zone", "1", [])
    assert ruleset["description"] == "rewrites"
    assert await control_plane.result("GET", target) == ruleset


async def test_a_written_rule_reads_back_whole(control_plane: ControlPlane) -> None:
    source = rule(ref="path", description="d", enabled=False)
    address, ruleset = await written(control_plane, source)
    found = ruleset["rules"][0]
    assert {name: found[name] for name in source} == source
    assert found["version"] == "1"
    assert len(found["id"]) == 32
    assert await control_plane.result("GET", address) == ruleset


async def test_a_rule_without_a_ref_gets_its_id_for_one(control_plane: ControlPlane) -> None:
    _, ruleset = await written(control_plane, rule())
    found = ruleset["rules"][0]
    assert (found["ref"], found["enabled"], found["description"]) == (found["id"], True, "")


async def test_a_rule_keeps_its_identity_by_ref_or_id_when_the_phase_is_written_again(
    control_plane: ControlPlane,
) -> None:
    target = await phase_of(control_plane)
    first = await control_plane.result("PUT", target, {"rules": [rule("/a", ref="a"), rule("/b"), rule("/c", ref="c")]})
    control_plane.now_ms += 1000
    a, b, _ = first["rules"]
    again = [rule("/b", id=b["id"]), rule("/a2", ref="a"), rule("/d", ref="d")]
    second = await control_plane.result("PUT", target, {"rules": again})
    assert (second["id"], second["version"]) == (first["id"], "2")
    assert [each["id"] for each in second["rules"][:2]] == [b["id"], a["id"]]
    assert second["rules"][0] == b  # unchanged, so neither newer nor of a higher version
    assert second["rules"][1]["version"] == "2"
    assert second["rules"][1]["last_updated"] > a["last_updated"]
    assert second["rules"][2]["id"] not in (a["id"], b["id"])


async def test_one_wrong_rule_changes_nothing(control_plane: ControlPlane) -> None:
    target = await phase_of(control_plane)
    before = await control_plane.result("PUT", target, {"rules": [rule("/a", ref="a")]})
    wrong = {"rules": [rule("/b", ref="b"), rule(expression='http.host eq "a" and http.hots eq "b"')]}
    status, code, message, pointer = await control_plane.refused("PUT", target, wrong)
    assert (status, code, pointer) == (400, 20127, "/rules/1/expression")
    assert message.splitlines() == [
        "unknown field `http.hots` (line 1, column 22)",
        '  http.host eq "a" and http.hots eq "b"',
        "  " + " " * 21 + "^" * 9,
    ]
    assert await control_plane.result("GET", target) == before


@pytest.mark.parametrize(
    ("body", "code", "pointer", "message"),
    [
        ({"rules": [rule(action="redirect")]}, 20127, "/rules/0/action", "the action of phase"),
        ({"rules": [rule(action_parameters={})]}, 20127, "/rules/0/action_parameters/uri", "required"),
        ({"rules": [{"action": "rewrite", "expression": "true"}]}, 20127, "/rules/0/action_parameters/uri", "required"),
        ({"rules": [rule(enabled=False, expression="ssl eq 1")]}, 20127, "/rules/0/expression", "`eq` needs"),
        ({"rules": [rule(ref="a"), rule(ref="a")]}, 20127, "/rules/1/ref", "two rules have the ref or id 'a'"),
        ({"rules": [rule(ref="x" * 501)]}, 20127, "/rules/0/ref", "at most 500"),
        ({"rules": [rule(description="x" * 501)]}, 20127, "/rules/0/description", "at most 500"),
        ({"rules": [rule()] * 301}, 20127, "/rules", "at most 300 rules"),
        ({"rules": [{"action": "rewrite"}]}, 6003, "/rules/0", "missing required field `expression`"),
        ({"rules": {}}, 6003, "/rules", "Expected `array`"),
    ],
)  # fmt: skip
async def test_a_wrong_phase_is_refused_with_its_pointer(
    control_plane: ControlPlane, body: Any, code: int, pointer: str, message: str
) -> None:
    found = await control_plane.refused("PUT", await phase_of(control_plane), body)
    assert (found[0], found[1], found[3]) == (400, code, pointer)
    assert message in found[2]


async def test_two_rules_cannot_take_one_identity(control_plane: ControlPlane) -> None:
    target = await phase_of(control_plane)
    before = await control_plane.result("PUT", target, {"rules": [rule(ref="a")]})
    both = {"rules": [rule(id=before["rules"][0]["id"], ref="b"), rule(ref="a")]}
    assert (await control_plane.refused("PUT", target, both))[1] == 20127


@pytest.mark.parametrize("phase", PHASES)
async def test_every_phase_is_written_or_answers_501(control_plane: ControlPlane, phase: str) -> None:
    target = (await phase_of(control_plane)).replace(PHASE, phase)
    if phase in RULES_RUN_HERE:
        await control_plane.result("PUT", target, {"rules": []})
        return
    status, code, message, _ = await control_plane.refused("PUT", target, {"rules": []})
    assert (status, code) == (501, 10501)
    assert phase in message


async def test_an_unknown_phase_is_refused_with_the_known_ones(control_plane: ControlPlane) -> None:
    target = (await phase_of(control_plane)).replace(PHASE, "http_request_transfrom")
    for method, body in (("GET", None), ("PUT", {"rules": []})):
        status, code, message, _ = await control_plane.refused(method, target, body)
        assert (status, code) == (400, 6003)
        assert PHASE in message


async def test_a_dry_run_checks_and_changes_nothing(control_plane: ControlPlane) -> None:
    target = await phase_of(control_plane)
    answer = await control_plane.result("PUT", f"{target}?dry_run=true", {"rules": [rule()]})
    assert len(answer["rules"]) == 1
    assert (await control_plane.refused("GET", target))[0] == 404
    assert (await control_plane.refused("PUT", f"{target}?dry_run=true", {"rules": [rule(expression="x")]}))[1] == 20127


@pytest.mark.parametrize(
    ("position", "order"),
    [
        (None, ["a", "b", "new"]),
        ({"index": 1}, ["new", "a", "b"]),
        ({"index": 3}, ["a", "b", "new"]),
        ({"before": "b"}, ["a", "new", "b"]),
        ({"after": "a"}, ["a", "new", "b"]),
        ({"before": ""}, ["new", "a", "b"]),
        ({"after": ""}, ["a", "b", "new"]),
    ],
)
async def test_a_rule_is_put_at_its_position(control_plane: ControlPlane, position: Any, order: list[str]) -> None:
    address, ruleset = await written(control_plane, rule(ref="a"), rule(ref="b"))
    ids = {each["ref"]: each["id"] for each in ruleset["rules"]}
    body = rule(ref="new")
    if position is not None:
        body["position"] = {key: ids.get(value, value) for key, value in position.items()}
    answer = await control_plane.result("POST", f"{address}/rules", body)
    assert [each["ref"] for each in answer["rules"]] == order
    assert answer["version"] == "2"


@pytest.mark.parametrize(
    "position",
    [{}, {"index": 0}, {"index": 3}, {"index": True}, {"before": "x"}, {"index": 1, "before": ""}, {"at": 1}],
)
async def test_a_position_that_cannot_be_is_refused(control_plane: ControlPlane, position: Any) -> None:
    address, _ = await written(control_plane, rule(ref="a"))
    status, code, _, pointer = await control_plane.refused("POST", f"{address}/rules", rule(position=position))
    assert (status, code, pointer) == (400, 6003, "/position")


async def test_a_rule_is_changed_moved_and_deleted(control_plane: ControlPlane) -> None:
    address, ruleset = await written(control_plane, rule(ref="a"), rule(ref="b"))
    a, b = (each["id"] for each in ruleset["rules"])
    changed = await control_plane.result("PATCH", f"{address}/rules/{a}", {"enabled": False})
    assert changed["rules"][0] == {**ruleset["rules"][0], "enabled": False, "version": "2"}
    moved = await control_plane.result("PATCH", f"{address}/rules/{a}", {"position": {"after": b}})
    assert [each["id"] for each in moved["rules"]] == [b, a]
    assert moved["rules"][1]["version"] == "2"  # moving is not a change of the rule
    left = await control_plane.result("DELETE", f"{address}/rules/{b}")
    assert [each["id"] for each in left["rules"]] == [a]


async def test_a_wrong_change_of_a_rule_is_refused_with_its_pointer(control_plane: ControlPlane) -> None:
    address, ruleset = await written(control_plane, rule(ref="a"), rule(ref="b"))
    target = f"{address}/rules/{ruleset['rules'][1]['id']}"
    assert (await control_plane.refused("PATCH", target, {"expression": "x"}))[3] == "/expression"
    assert (await control_plane.refused("PATCH", target, {"ref": "a"}))[3] == "/ref"
    wrong = {"action_parameters": {"uri": {"path": {"value": "x"}}}}
    assert (await control_plane.refused("PATCH", target, wrong))[3] == "/action_parameters/uri/path/value"
    assert (await control_plane.refused("POST", f"{address}/rules", rule(expression="x")))[3] == "/expression"


async def test_what_is_not_there_is_not_found(control_plane: ControlPlane) -> None:
    address, _ = await written(control_plane, rule())
    nobody = "e" * 32
    assert (await control_plane.refused("PATCH", f"{address}/rules/{nobody}", {}))[:2] == (404, 10004)
    assert (await control_plane.refused("DELETE", f"{address}/rules/{nobody}"))[:2] == (404, 10004)
    elsewhere = address.rpartition("/")[0] + "/" + nobody
    assert (await control_plane.refused("GET", elsewhere))[:2] == (404, 10003)
    assert (await control_plane.refused("POST", f"{elsewhere}/rules", rule()))[:2] == (404, 10003)


async def test_rulesets_are_listed_without_their_rules(control_plane: ControlPlane) -> None:
    address, ruleset = await written(control_plane, rule())
    listed = await control_plane.result("GET", address.rpartition("/")[0])
    del ruleset["rules"]
    assert listed == [ruleset]


async def test_the_answer_names_parameters_that_the_edge_does_nothing_with(control_plane: ControlPlane) -> None:
    target = (await phase_of(control_plane)).replace(PHASE, "http_request_cache_settings")
    parameters = {"cache": True, "respect_strong_etags": True, "read_timeout": 10}
    rules = [{"action": "set_cache_settings", "expression": "true", "action_parameters": parameters}]
    _, envelope = await control_plane.send("PUT", target, {"rules": rules})
    assert [message.message.split(" of phase")[0] for message in envelope.messages] == [
        "The parameter read_timeout",
        "The parameter respect_strong_etags",
    ]
