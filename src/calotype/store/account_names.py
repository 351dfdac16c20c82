"""What an account may be called, and its e-mail address. Pure."""

from __future__ import annotations

import re
import unicodedata

from calotype.store.errors import InvalidAccountName, InvalidEmail

LONGEST_NAME = 64  # characters: it stands in every listing of S3 that tells the owner
LONGEST_EMAIL = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
LONGEST_LOCAL_PART = 64  # RFC 5321 §4.5.3.1.1
MADE_UP_DOMAIN = "calotype.invalid"  # RFC 2606 §2: no such host will ever be

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# "valid e-mail address" in the HTML standard, which is what people expect an e-mail field to take.
_EMAIL = re.compile(rf"([a-z0-9.!#$%&'*+/=?^_`{{|}}~-]+)@{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE | re.ASCII)


def account_name(text: str) -> str:
    """The name in Unicode's composed form (NFC); raises InvalidAccountName."""
    name = unicodedata.normalize("NFC", text)
    if not name or name != name.strip():
        raise InvalidAccountName(text, "it must have a character, and no blanks around it")
    if len(name) > LONGEST_NAME:
        raise InvalidAccountName(text, f"it has {len(name)} characters, and {LONGEST_NAME} are the most")
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise InvalidAccountName(text, "it has a control character")
    return name


def email_address(text: str) -> str:
    """The address as it was given; raises InvalidEmail."""
    match = _EMAIL.fullmatch(text)
    if match is None or len(text) > LONGEST_EMAIL or len(match[1]) > LONGEST_LOCAL_PART:
        raise InvalidEmail(text)
    return text


def folded(text: str) -> str:
    """The form in which two names, or two addresses, are the same one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def made_up_email(name: str) -> str | None:
    """An address for an account that was given none, which nobody can ever have; None when the name gives nothing."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    local_part = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-.")[:LONGEST_LOCAL_PART]
    return f"{local_part}@{MADE_UP_DOMAIN}" if local_part else None
