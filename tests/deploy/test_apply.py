"""How changes meet the rules that stand in a phase already, and what is remembered of a deployment."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import UNSET

from calotype.cloudflare.answers import Rule
from calotype.deploy.apply import merged_rules
from calotype.deploy.desired import desired_objects
from calotype.deploy.memory import FILE, load_memory, save_memory
from calotype.deploy.objects import Kind, ObjectName
from calotype.deploy.plan import Change, Verb
from calotype.site.settings import Site

PHASE = "http_request_cache_settings"


def rule(ref: str) -> Rule:
    return Rule(id=f"id-{ref}", ref=ref, action="rewrite", expression="true", action_parameters={"of": ref})


def change(verb: Verb, ref: str) -> Change:
    content = {"action": "rewrite", "expression": "false", "action_parameters": {"new": ref}}
    return Change(verb, ObjectName(Kind.RULE, ref, PHASE), None, None if verb is Verb.DELETE else content)


@pytest.mark.parametrize(
    ("existing", "changes", "expected"),
    [
        # new rules of ours go before those of others, which then have the last word
        (["mine"], [(Verb.CREATE, "calotype-a"), (Verb.CREATE, "calotype-b")], ["+calotype-a", "+calotype-b", "mine"]),
        # and behind ours, wherever these stand
        (
            ["first", "calotype-a", "last"],
            [(Verb.CREATE, "calotype-b")],
            ["first", "calotype-a", "+calotype-b", "last"],
        ),
        (["mine", "calotype-a"], [(Verb.UPDATE, "calotype-a")], ["mine", "+calotype-a"]),  # its place stays
        (["calotype-a", "mine", "calotype-b"], [(Verb.DELETE, "calotype-a")], ["mine", "calotype-b"]),
        ([], [(Verb.CREATE, "calotype-a")], ["+calotype-a"]),
        (["mine"], [], ["mine"]),
    ],
)
def test_our_rules_change_among_those_of_others(
    existing: list[str], changes: list[tuple[Verb, str]], expected: list[str]
) -> None:
    merged = merged_rules([rule(ref) for ref in existing], [change(verb, ref) for verb, ref in changes])
    assert [f"{'+' if body.expression == 'false' else ''}{body.ref}" for body in merged] == expected


def test_a_rule_keeps_its_identity_and_a_new_one_has_none_yet() -> None:
    changes = [change(Verb.UPDATE, "calotype-a"), change(Verb.CREATE, "calotype-b")]
    merged = merged_rules([rule("calotype-a"), rule("mine")], changes)
    assert [body.id for body in merged] == ["id-calotype-a", UNSET, "id-mine"]
    assert merged[2].action_parameters == {"of": "mine"}


def test_a_deployment_is_remembered_as_it_was_written(tmp_path: Path) -> None:
    objects = desired_objects(Site(access="private"))
    save_memory(tmp_path, objects)
    assert load_memory(tmp_path) == objects
    assert "secret" not in (tmp_path / FILE).read_text()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 2, "objects": []}', '{"format": 1, "objects": [{"kind": "X"}]}']
)
def test_a_memory_that_we_do_not_understand_counts_as_none(tmp_path: Path, text: str) -> None:
    assert load_memory(tmp_path) == {}
    (tmp_path / FILE).write_text(text)
    assert load_memory(tmp_path) == {}
