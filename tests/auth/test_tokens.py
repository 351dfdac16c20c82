import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calotype.auth.basic import basic_authorization, read_basic_credentials
from calotype.auth.tokens import EXPIRES_AT_MS, TokenExpired, TokenInvalid, kind_of, open_token, seal

SECRET = bytes(range(32))
CLAIMS = {"key_id": "001aabbccddeeff0000000007", EXPIRES_AT_MS: 1_000}


def test_a_token_gives_its_claims_back_until_it_expires():
    token = seal("acct", CLAIMS, SECRET)
    assert open_token("acct", token, SECRET, now_ms=999) == CLAIMS
    with pytest.raises(TokenExpired):
        open_token("acct", token, SECRET, now_ms=1_000)


def test_a_token_of_one_kind_is_not_one_of_another():
    token = seal("acct", CLAIMS, SECRET)
    with pytest.raises(TokenInvalid):
        open_token("upld", token, SECRET, now_ms=0)
    with pytest.raises(TokenInvalid):
        open_token("upld", token.replace("_acct", "_upld"), SECRET, now_ms=0)


def test_another_secret_opens_nothing():
    with pytest.raises(TokenInvalid):
        open_token("acct", seal("acct", CLAIMS, SECRET), bytes(32), now_ms=0)


def test_every_single_changed_character_makes_a_token_invalid():
    token = seal("acct", CLAIMS, SECRET)
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(TokenInvalid):
            open_token("acct", token[:place] + other + token[place + 1 :], SECRET, now_ms=0)


def test_a_token_cut_at_any_character_is_invalid():
    token = seal("acct", CLAIMS, SECRET)
    for end in range(len(token)):
        with pytest.raises(TokenInvalid):
            open_token("acct", token[:end], SECRET, now_ms=0)


def test_a_token_is_invalid_before_it_is_expired():
    forged = seal("acct", CLAIMS, bytes(32))
    with pytest.raises(TokenInvalid):
        open_token("acct", forged, SECRET, now_ms=5_000)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_token_or_breaks_the_reader(text):
    with pytest.raises(TokenInvalid):
        open_token("acct", text, SECRET, now_ms=0)


def test_an_account_token_is_short_and_fit_for_a_header():
    token = seal("acct", {"key_id": "0" * 25, "nonce": "0" * 16, "expires_at_ms": 1_900_000_000_000}, SECRET)
    assert len(token) <= 200
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    assert kind_of(token) == "acct"


@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        (basic_authorization("id", "K001:secret"), ("id", "K001:secret")),
        ("basic aWQ6a2V5", ("id", "key")),  # the scheme has no letter case
        ("Basic aWQ6", ("id", "")),
        ("Basic aWQ=", None),  # no colon
        ("Basic !!!!", None),
        ("Basic /w==", None),  # not UTF-8
        ("Bearer aWQ6a2V5", None),
        ("", None),
        (None, None),
    ],
)
def test_basic_credentials_are_read_or_refused_whole(header, credentials):
    assert read_basic_credentials(header) == credentials
