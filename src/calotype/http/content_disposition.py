"""Content-Disposition: a file name written as RFC 2047 words, as mail programs and .NET do, put as HTTP has it."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import quote

_FILENAME = re.compile(r';\s*filename\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s;"]+))', re.IGNORECASE)
_WORD = re.compile(r"=\?(?P<charset>[A-Za-z0-9_\-]+)(?:\*[A-Za-z\-]*)?\?(?P<encoding>[BbQq])\?(?P<text>[!->@-~]*)\?=")
_EXTENDED = re.compile(r";\s*filename\*\s*=", re.IGNORECASE)
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
"""What `filename*` holds unencoded beside letters and digits (RFC 8187 §3.2.1)."""


def with_extended_filename(value: str) -> str:
    """The field with a name of RFC 2047 words given as `filename*`, and `filename` beside it in plain characters.

    HTTP never allowed those words there (RFC 6266 appendix C.1): most browsers would save `=?utf-8?B?w6k=?=`. A field
    without them, or with words that cannot be read, stays as it is.
    """
    found = _FILENAME.search(value)
    if found is None or _EXTENDED.search(value):
        return value
    name = _decoded(found["quoted"] if found["quoted"] is not None else found["token"])
    if name is None:
        return value
    parameters = f"; filename=\"{_fallback(name)}\"; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE_CHARACTERS)}"
    return value[: found.start()] + parameters + value[found.end() :]


def _decoded(text: str) -> str | None:
    """The text that a run of encoded words stands for (RFC 2047 §2, §6.2), None for anything else."""
    words = [_WORD.fullmatch(word) for word in text.split()]
    if not words or any(word is None for word in words):
        return None
    known = [word for word in words if word is not None]
    if len({word["charset"].lower() for word in known}) != 1:
        return None
    try:
        name = b"".join(_word_bytes(word["encoding"], word["text"]) for word in known).decode(known[0]["charset"])
    except (LookupError, UnicodeDecodeError, binascii.Error):
        return None
    return name if name.isprintable() else None


def _word_bytes(encoding: str, text: str) -> bytes:
    if encoding in "Bb":
        return base64.b64decode(text, validate=True)
    return binascii.a2b_qp(text, header=True)


def _fallback(name: str) -> str:
    """For programs that know no `filename*`: every character that a quoted string cannot hold plainly as `_`."""
    return re.sub(r'[^ -~]|["\\%]', "_", name)
