"""How often an address may try."""

from __future__ import annotations

from calotype.console.sign_in_attempts import ALLOWANCE, MAX_ADDRESSES, SECONDS_PER_ATTEMPT, SignInAttempts

HERE = "192.0.2.1"


def exhausted(address: str = HERE) -> SignInAttempts:
    attempts = SignInAttempts()
    for _ in range(ALLOWANCE):
        assert attempts.wait_s(address, 0.0) == 0.0
        attempts.count(address, 0.0)
    return attempts


def test_an_address_waits_after_its_allowance() -> None:
    assert exhausted().wait_s(HERE, 0.0) == SECONDS_PER_ATTEMPT


def test_one_attempt_grows_back_at_a_time() -> None:
    attempts = exhausted()
    assert attempts.wait_s(HERE, SECONDS_PER_ATTEMPT) == 0.0
    attempts.count(HERE, SECONDS_PER_ATTEMPT)
    assert attempts.wait_s(HERE, SECONDS_PER_ATTEMPT) == SECONDS_PER_ATTEMPT


def test_a_right_password_gives_the_allowance_back() -> None:
    attempts = exhausted()
    attempts.forgive(HERE)
    assert attempts.wait_s(HERE, 0.0) == 0.0


def test_another_address_is_not_kept_waiting() -> None:
    assert exhausted().wait_s("192.0.2.2", 0.0) == 0.0


def test_addresses_of_one_ipv6_network_count_together() -> None:
    attempts = exhausted("2001:db8:1:2::1")
    assert attempts.wait_s("2001:db8:1:2:ffff::9", 0.0) > 0.0
    assert attempts.wait_s("2001:db8:1:3::1", 0.0) == 0.0


def test_an_ipv4_address_counts_the_same_when_it_is_mapped() -> None:
    assert exhausted("::ffff:192.0.2.1").wait_s("192.0.2.1", 0.0) > 0.0


def test_a_flood_of_addresses_is_forgotten_from_the_longest_unused() -> None:
    attempts = exhausted()
    for number in range(MAX_ADDRESSES):
        attempts.count(f"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}", 1.0)
    assert attempts.wait_s(HERE, 1.0) == 0.0
