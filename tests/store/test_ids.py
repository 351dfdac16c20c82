"""Identifiers in B2's forms (b2.md §2.2, §4.6)."""

from __future__ import annotations

import os
import re

import pytest

from calotype.store import ids
from calotype.store.model import Action

NOW_MS = 1_767_225_599_123  # 2025-12-31 23:59:59.123 UTC
BUCKET_ID = "a" * 24


@pytest.mark.parametrize(("action", "kind"), [(Action.UPLOAD, "1"), (Action.START, "2"), (Action.HIDE, "4")])
def test_a_version_id_tells_bucket_kind_and_time(action: Action, kind: str) -> None:
    version_id = ids.new_version_id(BUCKET_ID, action, NOW_MS, os.urandom)
    pattern = rf"4_z{BUCKET_ID}_f{kind}[0-9a-f]{{16}}_d20251231_m235959_c001_v\d{{7}}_t\d{{4}}_u0000{NOW_MS}"
    assert re.fullmatch(pattern, version_id)
    assert ids.bucket_of_version(version_id) == BUCKET_ID


def test_version_ids_of_one_millisecond_differ_and_later_ones_sort_behind() -> None:
    made = {ids.new_version_id(BUCKET_ID, Action.UPLOAD, NOW_MS, os.urandom) for _ in range(5000)}
    assert len(made) == 5000
    assert max(made) < ids.new_version_id(BUCKET_ID, Action.UPLOAD, NOW_MS + 1, os.urandom)


@pytest.mark.parametrize("text", ["", "null", "4_z", f"4_z{BUCKET_ID}", "4_zABC_f1", f"4_z{'g' * 24}_f1"])
def test_what_is_no_version_id_names_no_bucket(text: str) -> None:
    assert ids.bucket_of_version(text) is None


def test_key_ids_and_secrets_have_their_lengths() -> None:
    key_id = ids.new_key_id("aabbccddeeff", 7)
    assert key_id == "001aabbccddeeff0000000007"
    assert ids.account_of_key(key_id) == "aabbccddeeff"
    assert re.fullmatch(r"K001[A-Za-z0-9+/]{27}", ids.new_secret(os.urandom))


@pytest.mark.parametrize("text", ["", "aabbccddeeff", "0" * 24, "0" * 26, "001aabbccddeeff00000 0007"])
def test_what_is_no_key_id_names_no_account(text: str) -> None:
    assert ids.account_of_key(text) is None


@pytest.mark.parametrize("counts", [[1, 2, 3], [4095, 2], [5000], [4096, 4096]])
def test_the_supply_gives_each_byte_once_and_in_order(counts: list[int]) -> None:
    drawn: list[bytes] = []

    def draw(count: int) -> bytes:
        drawn.append(os.urandom(count))
        return drawn[-1]

    supply = ids.RandomSupply(draw)
    taken = [supply(count) for count in counts]
    assert [len(each) for each in taken] == counts
    assert len(set(taken)) == len(taken)
    assert all(any(each in draught for draught in drawn) for each in taken)
