"""Bucket policies: what is read, what is refused and in which words, and what they say of a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.s3.access.condition_operators import OPERATORS
from calotype.s3.access.errors import MalformedPolicy
from calotype.s3.access.permissions import PERMISSIONS
from calotype.s3.access.policy import ANONYMOUS_REQUESTER, Effect, PolicyRequest, Requester, evaluate
from calotype.s3.access.policy_actions import KNOWN_ACTIONS
from calotype.s3.access.policy_parsing import MAX_POLICY_BYTES, parse_policy, policy_text

ALICE, BOB = "0000000000aa", "0000000000bb"
ALICES_ID, BOBS_ID = "a" * 64, "b" * 64
BOBS_KEY = Requester(BOB, BOBS_ID, f"001{BOB}0000000007", "holiday")
BOBS_ROOT = Requester(BOB, BOBS_ID, f"001{BOB}0000000000", "owner", is_root=True)
ALICES_ROOT = Requester(ALICE, ALICES_ID, f"001{ALICE}0000000000", "owner", is_root=True)

BUCKET, INSIDE = "arn:aws:s3:::photos", "arn:aws:s3:::photos/*"


def statement(**elements: Any) -> dict[str, Any]:
    """One that allows everybody to read; None takes an element out."""
    whole = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": INSIDE, **elements}
    return {name: value for name, value in whole.items() if value is not None}


def text_of(*statements: Any, version: str = "2012-10-17", **elements: Any) -> str:
    return json.dumps({"Version": version, "Statement": list(statements), **elements})


def says(
    policy: str,
    action: str,
    key: str | None = None,
    requester: Requester = ANONYMOUS_REQUESTER,
    context: Mapping[str, tuple[str, ...]] | None = None,
) -> Effect | None:
    request = PolicyRequest(action, "photos", None if key is None else key.encode(), requester, (context or {}).get)
    return evaluate(parse_policy(policy, "photos"), request)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([statement()], Effect.ALLOW),
        ([statement(Effect="Deny")], Effect.DENY),
        ([statement(), statement(Effect="Deny")], Effect.DENY),  # denying wins, whatever the order
        ([statement(Effect="Deny"), statement()], Effect.DENY),
        ([statement(Action="s3:PutObject")], None),  # another action
        ([statement(Resource="arn:aws:s3:::photos/b*")], None),  # another resource
        ([statement(Principal={"AWS": ALICE})], None),  # somebody else
        ([statement(Condition={"Bool": {"aws:SecureTransport": "true"}})], None),  # a condition that does not hold
        ([statement(Condition={"Bool": {"aws:SecureTransport": True}, "Null": {"aws:Referer": True}})], None),
        ([statement(Condition={})], Effect.ALLOW),
    ],
)
def test_what_a_policy_says_of_a_read_by_nobody_known(statements: list[Any], expected: Effect | None) -> None:
    assert says(text_of(*statements), "s3:GetObject", "a.jpg", context={"aws:securetransport": ("false",)}) is expected


@pytest.mark.parametrize(
    ("principal", "whom"),
    [
        ("*", {"nobody", "bob's key", "bob's root", "alice"}),
        ({"AWS": "*"}, {"nobody", "bob's key", "bob's root", "alice"}),
        ({"AWS": BOB}, {"bob's key", "bob's root"}),  # an account: every key of it
        ({"AWS": f"arn:aws:iam::{BOB}:root"}, {"bob's key", "bob's root"}),
        ({"AWS": [f"arn:aws:iam::{BOB}:root", ALICE]}, {"bob's key", "bob's root", "alice"}),
        ({"AWS": f"arn:aws:iam::{BOB}:user/holiday"}, {"bob's key"}),  # a key by its name
        ({"AWS": f"arn:aws:iam::{BOB}:user/001{BOB}0000000007"}, {"bob's key"}),  # or by its id
        ({"AWS": f"001{BOB}0000000007"}, {"bob's key"}),
        ({"AWS": f"arn:aws:iam::{ALICE}:user/holiday"}, set()),  # a name counts in its own account
        ({"CanonicalUser": BOBS_ID}, {"bob's key", "bob's root"}),
        ({"CanonicalUser": [ALICES_ID, BOBS_ID]}, {"bob's key", "bob's root", "alice"}),
        ({"AWS": f"arn:aws:iam:::user/{BOB}"}, {"bob's key", "bob's root"}),  # without account: as Ceph names users
        ({"AWS": f"arn:aws:iam:::user/{BOBS_ID}"}, {"bob's key", "bob's root"}),
        ({"AWS": f"arn:aws:iam::{BOB}:user/{BOBS_ID}"}, {"bob's key", "bob's root"}),  # the account's ids for a user's
        ({"AWS": f"arn:aws:iam::{BOB}:user/{BOB}"}, {"bob's key", "bob's root"}),
        ({"AWS": f"arn:aws:iam::{ALICE}:user/{BOBS_ID}"}, set()),
        ({"AWS": "arn:aws:iam::no-such-account:root"}, set()),  # nobody here
        ({"Service": "cloudfront.amazonaws.com"}, set()),
        ({"AWS": ALICE, "Service": "logging.s3.amazonaws.com"}, {"alice"}),
    ],
)
def test_whom_a_principal_means(principal: Any, whom: set[str]) -> None:
    requesters = {
        "nobody": ANONYMOUS_REQUESTER,
        "bob's key": BOBS_KEY,
        "bob's root": BOBS_ROOT,
        "alice": ALICES_ROOT,
    }
    allowing = text_of(statement(Principal=principal))
    assert {name for name, who in requesters.items() if says(allowing, "s3:GetObject", "a", who)} == whom
    denying = text_of(statement(Effect="Deny", Principal=None, NotPrincipal=principal))
    assert {name for name, who in requesters.items() if not says(denying, "s3:GetObject", "a", who)} == whom


@pytest.mark.parametrize(
    ("elements", "action", "key", "applies"),
    [
        ({"Action": "s3:Get*"}, "s3:GetObjectAcl", "a", True),
        ({"Action": "S3:GETOBJECT"}, "s3:GetObject", "a", True),  # without regard to letter case
        ({"Action": "s3:GetObjectAc?"}, "s3:GetObject", "a", False),
        ({"Action": "s3:*"}, "s3:DeleteObjectVersion", "a", True),
        ({"Action": "*"}, "s3:PutObject", "a", True),
        ({"Action": ["s3:PutObject", "s3:GetObject"]}, "s3:GetObject", "a", True),
        ({"Action": None, "NotAction": "s3:GetObject"}, "s3:GetObject", "a", False),
        ({"Action": None, "NotAction": "s3:GetObject"}, "s3:PutObject", "a", True),
        ({"Action": "s3:*"}, "s3:ListBucket", None, False),  # what is inside is not the bucket
        ({"Action": "s3:*", "Resource": BUCKET}, "s3:ListBucket", None, True),
        ({"Action": "s3:*", "Resource": BUCKET}, "s3:GetObject", "a", False),
        ({"Action": "s3:*", "Resource": [BUCKET, INSIDE]}, "s3:GetObject", "a/b", True),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::photos*"}, "s3:GetObject", "a", True),
        ({"Action": "s3:*", "Resource": "*"}, "s3:GetObject", "a", True),
        ({"Resource": "arn:aws:s3:::photos/public/*"}, "s3:GetObject", "public/2026/a.jpg", True),
        ({"Resource": "arn:aws:s3:::photos/public/*"}, "s3:GetObject", "Public/a.jpg", False),  # keys have letter case
        ({"Resource": "arn:aws:s3:::photos/*.jp?g"}, "s3:GetObject", "2026/ä.jpeg", True),
        ({"Resource": None, "NotResource": "arn:aws:s3:::photos/private/*"}, "s3:GetObject", "private/a", False),
        ({"Resource": None, "NotResource": "arn:aws:s3:::photos/private/*"}, "s3:GetObject", "a", True),
    ],
)  # fmt: skip
def test_which_actions_and_resources_a_statement_covers(
    elements: dict[str, Any], action: str, key: str | None, applies: bool
) -> None:
    assert (says(text_of(statement(**elements)), action, key) is Effect.ALLOW) is applies


def test_variables_fill_resources_in() -> None:
    home = statement(Resource="arn:aws:s3:::photos/home/${aws:username}/*")
    context = {"aws:username": ("holiday",)}
    assert says(text_of(home), "s3:GetObject", "home/holiday/a", context=context) is Effect.ALLOW
    assert says(text_of(home), "s3:GetObject", "home/pictures/a", context=context) is None
    assert says(text_of(home), "s3:GetObject", "home//a") is None
    # In the first version of the language they are not known.
    assert says(text_of(home, version="2008-10-17"), "s3:GetObject", "home/holiday/a", context=context) is None


NO_JSON = "This policy contains invalid Json"
INVALID = "Invalid policy syntax."
PRINCIPAL = "Invalid principal in policy"
RESOURCE = "Policy has invalid resource"
ACTION = "Policy has invalid action"
KEY = "Policy has an invalid condition key"
ADDRESS = "Invalid value here for IpAddress of aws:SourceIp"
TOO_LONG = "Normalized policy document exceeds the maximum allowed size of 20480 bytes"
APPLIES = "Action does not apply to any resource(s) in statement"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Policies must be valid JSON and the first byte must be '{'"),
        (" {}", "Policies must be valid JSON and the first byte must be '{'"),
        ("[]", "Policies must be valid JSON and the first byte must be '{'"),
        ("{", NO_JSON),
        ('{"Version": NaN}', NO_JSON),
        ('{"Version": "2012-10-17", "Version": "2012-10-17"}', NO_JSON),  # what stands twice has two meanings
        ('{"Id": "\\ud800"}', NO_JSON),
        ('{"Id": ' + "[" * 9000, NO_JSON),
        ('{"Id": 1' + "0" * 5000 + "}", NO_JSON),
        (text_of(Id="x" * MAX_POLICY_BYTES), TOO_LONG),
        ("{}", "Missing required field Statement"),
        (text_of(), "Could not parse the policy: Statement is empty!"),
        (text_of("x"), INVALID),
        (json.dumps({"Statement": "x"}), INVALID),
        (text_of(statement(), version="2020-01-01"), "The policy must contain a valid version string"),
        (json.dumps({"Version": ["2012-10-17"], "Statement": []}), "The policy must contain a valid version string"),
        (text_of(statement(), Name="x"), "Unknown field Name"),
        (text_of(statement(), Id=1), INVALID),
        (text_of(statement(effect="Allow")), "Unknown field effect"),
        (text_of(statement(Sid=1)), INVALID),
        (text_of(statement(Effect=None)), "Missing required field Effect"),
        (text_of(statement(Effect="allow")), "Invalid effect: allow"),
        (text_of(statement(Effect=["Allow"])), "Invalid effect: ['Allow']"),
        (text_of(statement(Principal=None)), "Missing required field Principal"),
        (text_of(statement(Principal="alice")), PRINCIPAL),
        (text_of(statement(Principal=["*"])), PRINCIPAL),
        (text_of(statement(Principal={})), PRINCIPAL),
        (text_of(statement(Principal={"AWS": "alice"})), PRINCIPAL),
        (text_of(statement(Principal={"AWS": f"arn:aws:iam::{BOB}:group/x"})), PRINCIPAL),
        (text_of(statement(Principal={"AWS": f"arn:aws:iam::{BOB}:role/x"})), PRINCIPAL),
        (text_of(statement(Principal={"AWS": f"arn:aws:iam::{BOB}:user/*"})), PRINCIPAL),  # no wildcards but alone
        (text_of(statement(Principal={"AWS": "arn:aws:iam::*:root"})), PRINCIPAL),
        (text_of(statement(Principal={"AWS": "arn:aws:iam:::root"})), PRINCIPAL),
        (text_of(statement(Principal={"AWS": []})), INVALID),
        (text_of(statement(Principal={"AWS": [1]})), INVALID),
        (text_of(statement(Principal={"CanonicalUser": "alice"})), PRINCIPAL),
        (text_of(statement(Principal={"Team": "*"})), PRINCIPAL),
        (text_of(statement(NotPrincipal="*")), INVALID),  # both
        (text_of(statement(Principal=None, NotPrincipal={"AWS": BOB})), "Allow with NotPrincipal is not allowed."),
        (text_of(statement(Action=None)), "Missing required field Action"),
        (text_of(statement(Action=[])), INVALID),
        (text_of(statement(Action={"s3": "GetObject"})), INVALID),
        (text_of(statement(Action="s3:GetObjct")), ACTION),
        (text_of(statement(Action="ec2:RunInstances")), ACTION),
        (text_of(statement(Action="GetObject")), ACTION),
        (text_of(statement(Action="s3:ListAllMyBuckets")), ACTION),  # of the account
        (text_of(statement(Action=["s3:GetObject", "s3:"])), ACTION),
        (text_of(statement(Action="s3:GetObject", NotAction="s3:PutObject")), INVALID),
        (text_of(statement(Resource=None)), "Missing required field Resource"),
        (text_of(statement(Resource="photos/*")), RESOURCE),
        (text_of(statement(Resource="*.jpg")), RESOURCE),  # would fit the end of an ARN, but is none
        (text_of(statement(Resource="arn:aws:s3:::other/*")), RESOURCE),
        (text_of(statement(Resource="arn:aws:s3:::photos2/*")), RESOURCE),
        (text_of(statement(Resource=[INSIDE, "arn:aws:s3:::other/*"])), RESOURCE),
        (text_of(statement(Resource="arn:aws:s3:::photos/${}")), RESOURCE),
        (text_of(statement(Resource=None, NotResource="arn:aws:s3:::other/*")), RESOURCE),
        (text_of(statement(Resource=BUCKET)), APPLIES),
        (text_of(statement(Action="s3:ListBucket")), APPLIES),
        (text_of(statement(Action=["s3:GetObject", "s3:ListBucket"])), APPLIES),  # each action needs a resource
        (text_of(statement(Condition=[])), INVALID),
        (text_of(statement(Condition={"StringEquals": "x"})), INVALID),
        (text_of(statement(Condition={"StringEquals": {"aws:Referer": {"a": "b"}}})), INVALID),
        (text_of(statement(Condition={"StringEquals": {"aws:Referer": None}})), INVALID),
        (text_of(statement(Condition={"StringIs": {"aws:Referer": "x"}})), "Invalid Condition type : StringIs"),
        (text_of(statement(Condition={"StringEquals": {"aws:Referrer": "x"}})), KEY),
        (text_of(statement(Condition={"StringEquals": {"s3:ExistingObjectTag/": "x"}})), KEY),
        (text_of(statement(Condition={"IpAddress": {"aws:SourceIp": "here"}})), ADDRESS),
    ],
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused_in_s3s_words(text: str, message: str) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(text, "photos")
    assert refused.value.message == message
    assert (refused.value.status, refused.value.code) == (400, "MalformedPolicy")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"Statement": statement()}),  # one without a list, no version
        text_of(statement(Sid="read", Principal={"AWS": ["*"]}), Id="policy"),
        text_of(statement(Condition={"NumericLessThan": {"s3:max-keys": 10}}, Action="s3:ListBucket", Resource=BUCKET)),
        text_of(statement(Condition={"StringEquals": {"S3:existingobjecttag/Team": ["a", "b"]}})),
        text_of(statement(Action=["s3:ListBucket", "s3:GetObject"], Resource=[BUCKET, INSIDE])),
        text_of(statement(Effect="Deny", Action=None, NotAction="s3:ListBucket")),
        text_of(statement(Condition={"ForAnyValue:StringLikeIfExists": {"s3:RequestObjectTagKeys": []}})),
    ],
)
def test_a_policy_printed_and_read_again_is_the_same(text: str) -> None:
    policy = parse_policy(text, "photos")
    printed = policy_text(policy)
    assert parse_policy(printed, "photos") == policy
    assert policy_text(parse_policy(printed, "photos")) == printed


def test_every_action_of_ours_can_stand_in_a_policy() -> None:
    named = {permission.policy_action or action for action, permission in PERMISSIONS.items()}
    assert named - {"s3:ListAllMyBuckets"} <= KNOWN_ACTIONS


TEXTS = st.one_of(
    st.sampled_from(
        ["*", "", "s3:*", "s3:GetObject", "s3:ListBucket", BUCKET, INSIDE, BOB, f"arn:aws:iam::{BOB}:root", "Allow"]
    ),
    st.sampled_from(["2012-10-17", "${aws:username}", "${", "192.0.2.0/24", "true", "10", "Deny", "\ud800", "\x00"]),
    st.text(max_size=6),
)
LEAVES = st.one_of(TEXTS, st.integers(), st.floats(), st.booleans(), st.none())
NAMES = st.sampled_from(
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]
)
VALUES = st.one_of(LEAVES, st.lists(LEAVES, max_size=3), st.dictionaries(TEXTS, LEAVES, max_size=2))
OPERATOR_NAMES = st.one_of(
    st.sampled_from(sorted(OPERATORS)), st.sampled_from(["Null", "ForAllValues:StringLike", "BoolIfExists"]), TEXTS
)
KEY_NAMES = st.one_of(st.sampled_from(["aws:Referer", "aws:SourceIp", "s3:prefix", "s3:ExistingObjectTag/a"]), TEXTS)
CONDITIONS = st.dictionaries(OPERATOR_NAMES, st.dictionaries(KEY_NAMES, VALUES, max_size=2), max_size=2)
STATEMENTS = st.one_of(
    st.dictionaries(NAMES, VALUES, max_size=6),
    st.builds(lambda changes: {**statement(), **changes}, st.dictionaries(NAMES, VALUES, max_size=2)),
    st.builds(lambda conditions: statement(Condition=conditions), CONDITIONS),
    LEAVES,
)
DOCUMENTS = st.one_of(
    st.builds(
        lambda version, statements: {"Version": version, "Statement": statements},
        st.one_of(st.just("2012-10-17"), LEAVES),
        st.one_of(STATEMENTS, st.lists(STATEMENTS, max_size=3)),
    ),
    st.dictionaries(TEXTS, VALUES),
)


@given(DOCUMENTS, TEXTS)
def test_whatever_the_policy_it_is_read_or_refused(document: Any, value: str) -> None:
    try:
        policy = parse_policy(json.dumps(document), "photos")
    except MalformedPolicy:
        return
    request = PolicyRequest("s3:GetObject", "photos", b"a", BOBS_KEY, lambda key: (value,))
    assert evaluate(policy, request) in (None, Effect.ALLOW, Effect.DENY)
    assert parse_policy(policy_text(policy), "photos") == policy


@given(st.text(max_size=60).map("{".__add__))
def test_whatever_the_text_it_is_no_policy(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        parse_policy(text, "photos")
