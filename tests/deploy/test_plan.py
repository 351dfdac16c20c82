"""The plan: who moved, what is changed, what is kept, and how it reads."""

from __future__ import annotations

import pytest

from calotype.deploy.desired import desired_objects
from calotype.deploy.objects import Content, Kind, ObjectName, Objects
from calotype.deploy.plan import Change, Drift, Found, Plan, Verb, describe, plan
from calotype.site.loading import load_site
from calotype.site.settings import Site

BUCKET = ObjectName(Kind.BUCKET, "photos")
ZONE = ObjectName(Kind.ZONE, "calotype.internal")
KEY = ObjectName(Kind.KEY, "calotype-site", "photos")
RULE = ObjectName(Kind.RULE, "calotype-cache", "http_request_cache_settings")
SETTING = ObjectName(Kind.SETTING, "ssl")

OLD: Content = {"value": "old"}
NEW: Content = {"value": "new"}
HAND: Content = {"value": "by hand"}
BASE: Objects = {BUCKET: {}, ZONE: {}}


def change_of(name: ObjectName, wanted: Content, found: Content | None, remembered: Content | None) -> str:
    """What the plan does about one object: nothing, a verb, or `drift`."""
    existing = dict(BASE) | ({} if found is None else {name: found})
    memory = dict(BASE) | ({} if remembered is None else {name: remembered})
    result = plan(dict(BASE) | {name: wanted}, Found(existing), memory)
    about = [change.verb.name.lower() for change in result.changes if change.name == name]
    about += ["drift" for each in result.drift if each.name == name]
    return " ".join(about) or "nothing"


@pytest.mark.parametrize("name", [RULE, SETTING, KEY])
@pytest.mark.parametrize(
    ("wanted", "found", "remembered", "outcome"),
    [
        (NEW, NEW, None, "nothing"),
        (NEW, NEW, OLD, "nothing"),  # somebody was quicker: it is as wanted
        (NEW, None, None, "create"),  # a first deployment
        (NEW, OLD, None, "update"),  # deployed from another machine before
        (NEW, OLD, OLD, "update"),  # the description changed
        (NEW, HAND, NEW, "drift"),  # changed by hand: stays
        (NEW, None, NEW, "drift"),  # removed by hand: stays away
        (NEW, HAND, OLD, "update"),  # both changed: the description is the later word
    ],
)
def test_the_memory_tells_who_moved(
    name: ObjectName, wanted: Content, found: Content | None, remembered: Content | None, outcome: str
) -> None:
    assert change_of(name, wanted, found, remembered) == outcome


def test_what_the_site_cannot_do_without_is_made_again_when_removed_by_hand() -> None:
    record = ObjectName(Kind.RECORD, "calotype.internal", "A")
    signing = ObjectName(Kind.SIGNING, "calotype-edge")
    assert change_of(record, NEW, None, NEW) == "create"
    assert change_of(signing, NEW, None, NEW) == "create"


def test_the_memory_of_what_lay_in_a_lost_zone_counts_no_more() -> None:
    wanted = {BUCKET: {}, ZONE: {"catch_all": True}, RULE: NEW, SETTING: NEW}
    result = plan(wanted, Found({BUCKET: {}}), wanted)
    assert [change.name for change in result.changes] == [ZONE, SETTING, RULE]
    assert result.drift == ()


def test_overwrite_undoes_what_was_done_by_hand() -> None:
    wanted = dict(BASE) | {RULE: NEW}
    result = plan(wanted, Found(dict(BASE) | {RULE: HAND}), wanted, overwrite=True)
    assert result == Plan((Change(Verb.UPDATE, RULE, HAND, NEW),))


def test_our_rules_that_are_wanted_no_more_are_removed_last_and_buckets_never() -> None:
    found = Found({BUCKET: {}, ObjectName(Kind.BUCKET, "holiday"): {}, ZONE: {}, RULE: OLD})
    other = ObjectName(Kind.RULE, "calotype-path", "http_request_transform")
    result = plan({BUCKET: {}, ZONE: {}, other: NEW}, found, {})
    assert [(change.verb, change.name) for change in result.changes] == [(Verb.CREATE, other), (Verb.DELETE, RULE)]


def test_members_that_the_site_does_not_mention_do_not_count() -> None:
    found = Found({BUCKET: {"type": "allPublic", "info.created-by": "somebody"}, ZONE: {}})
    assert plan({BUCKET: {"type": "allPublic"}, ZONE: {}}, found, {}).is_empty


@pytest.mark.parametrize("text", ["", "site.access='private'", "site.domain='p.test'"])
def test_a_second_plan_is_empty(text: str) -> None:
    wanted = desired_objects(load_site(text, variables={}, flags={}).site)
    first = plan(wanted, Found(), {})
    assert [change.name for change in first.changes] == sorted(wanted, key=lambda name: name.kind)
    made = {change.name: change.after for change in first.changes if change.after is not None}
    assert plan(wanted, Found(made), wanted) == Plan()


def test_a_first_plan_reads_as_the_list_of_what_will_be_made() -> None:
    lines = describe(plan(desired_objects(Site()), Found(), {}))
    assert lines[:13] == [
        "+ bucket photos",
        "    type: allPublic",
        "    info.cache-control: public, max-age=600",
        "+ key photos calotype-site",
        "    capabilities: [deleteFiles, listBuckets, listFiles, readBuckets, readFiles, shareFiles, writeFiles]",
        "+ zone calotype.internal",
        "    catch_all: true",
        "+ record A calotype.internal",
        "    content: 127.0.0.1",
        "    proxied: true",
        "+ setting ssl",
        "    value: flexible",
        "+ setting browser_cache_ttl",
    ]
    assert "+ rule http_request_transform calotype-path" in lines


def test_changes_drift_and_foreign_objects_read_as_what_happens_to_them() -> None:
    removed = ObjectName(Kind.RULE, "calotype-old", "http_request_transform")
    planned = Plan(
        changes=(
            Change(Verb.UPDATE, BUCKET, {"type": "allPublic", "info.x": "1"}, {"type": "allPrivate"}),
            Change(Verb.DELETE, removed, {"enabled": True}, None),
        ),
        drift=(
            Drift(SETTING, {"value": "flexible"}, {"value": "strict"}),
            Drift(RULE, {"enabled": True}, None),
        ),
        foreign=("rule http_request_transform my-redirect",),
    )
    assert describe(planned) == [
        "~ bucket photos",
        "    type: allPublic -> allPrivate",
        "- rule http_request_transform calotype-old",
        "! setting ssl: changed by hand; kept",
        "    value: flexible -> strict",
        "! rule http_request_cache_settings calotype-cache: removed by hand; kept",
        "  rule http_request_transform my-redirect: not ours; kept",
    ]


def test_an_empty_plan_has_no_lines() -> None:
    assert describe(Plan()) == []
