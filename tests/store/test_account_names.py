"""What an account may be called, and its e-mail address."""

from __future__ import annotations

import pytest

from calotype.store.account_names import account_name, email_address, folded, made_up_email
from calotype.store.errors import InvalidAccountName, InvalidEmail


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("family", "family"),
        ("Aunt May & Co.", "Aunt May & Co."),
        ("a", "a"),
        ("x" * 64, "x" * 64),
        ("Zoe\u0308", "Zo\u00eb"),  # composed, so that both ways of typing it are one name
        ("写真", "写真"),
    ],
)
def test_a_name_is_kept(given: str, kept: str) -> None:
    assert account_name(given) == kept


@pytest.mark.parametrize(
    "name",
    ["", " ", " a", "a ", "x" * 65, "a\nb", "a\x00b", "a\x7fb", "a\u200bb", "a\u202eb", "\ud800"],
)
def test_a_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidAccountName):
        account_name(name)


@pytest.mark.parametrize(
    "email",
    ["a@b", "may.parker+photos@example.com", "A@EXAMPLE.COM", f"{'l' * 64}@example.com", "o'hara@example.co.uk"],
)
def test_an_email_is_kept(email: str) -> None:
    assert email_address(email) == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "may",
        "@example.com",
        "may@",
        "may@@example.com",
        "may@-example.com",
        "may@example..com",
        "may parker@example.com",
        "may@example.com\n",
        "may\x00@example.com",
        "mäy@example.com",
        f"{'l' * 65}@example.com",  # RFC 5321 §4.5.3.1.1
        f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}",  # RFC 5321 §4.5.3.1.3
    ],
)
def test_an_email_is_refused(email: str) -> None:
    with pytest.raises(InvalidEmail):
        email_address(email)


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("family", "family@calotype.invalid"),
        ("Aunt May & Co.", "aunt-may-co@calotype.invalid"),
        ("Zoë", "zoe@calotype.invalid"),
        ("写真", None),
        ("...", None),
    ],
)
def test_an_email_is_made_up_from_a_name(name: str, email: str | None) -> None:
    assert made_up_email(name) == email
    if email is not None:
        assert email_address(email) == email


def test_names_are_compared_without_case() -> None:
    assert folded("STRASSE") == folded("straße")
    assert folded("Zoe\u0308") == folded("ZO\u00cb")
