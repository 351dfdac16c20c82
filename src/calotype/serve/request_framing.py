"""Whether a parsed request head may be acted on: target, Host and framing (RFC 9112 §3 and §6). Pure.

llhttp checks the grammar of lines; these are the rules between them that it leaves to its user.
"""

from __future__ import annotations

import re

from calotype.serve.errors import RequestRefused

# RFC 3986 reg-name, IPv4 or bracketed literal, with an optional port. An empty host is allowed: a target without
# an authority has one.
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_ABSOLUTE_FORM = re.compile(rb"https?://([^/?#]*)([^#]*)", re.IGNORECASE)

Fields = list[tuple[bytes, bytes]]


def check_host(host: bytes) -> None:
    """Raises RequestRefused unless it is a host with an optional port (RFC 9110 §7.2)."""
    if not _HOST.fullmatch(host):
        raise RequestRefused(400, "the Host field is malformed")


def origin_form(method: str, target: bytes) -> tuple[bytes, bytes | None]:
    """(target in origin form or `*`, the authority that replaces Host or None), RFC 9112 §3.2.

    Absolute form is what clients send to proxies; a server must take it, and its authority counts over Host.
    """
    if target.startswith(b"/") and b"#" not in target:
        return target, None
    if target == b"*" and method == "OPTIONS":
        return target, None
    match = _ABSOLUTE_FORM.fullmatch(target)
    if match is None or not match[1] or b"@" in match[1]:
        raise RequestRefused(400, "the request target is malformed")
    rest = match[2]
    return (rest if rest.startswith(b"/") else b"/" + rest), match[1]


def body_length(fields: dict[bytes, bytes], version: str) -> int | None:
    """The declared length of the body, None for a chunked one, 0 for none (RFC 9112 §6.3).

    Content-Length together with Transfer-Encoding, and repeats of either, never come here: the parser refuses them.
    """
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        if version == "1.0":
            raise RequestRefused(400, "Transfer-Encoding does not belong into HTTP/1.0")
        if coding.lower() != b"chunked":
            raise RequestRefused(501, "only the chunked transfer coding is implemented")
        return None
    length = fields.get(b"content-length")
    return int(length) if length is not None else 0


def expects_continue(fields: dict[bytes, bytes], version: str) -> bool:
    """Whether the client waits for `100 Continue`.

    Any other expectation is passed over: nothing else was ever defined, and refusing it is a "may" (RFC 9110 §10.1.1).
    """
    return version != "1.0" and fields.get(b"expect", b"").lower() == b"100-continue"


def replace_host(fields: Fields, authority: bytes) -> Fields:
    """The fields with exactly one Host, the authority of an absolute-form target."""
    return [(b"host", authority), *(field for field in fields if field[0] != b"host")]
