"""The kinds of settings: how each is read from TOML and from text, checked, and written back."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from calotype.upload.naming import InvalidTemplate, parse_template

_UNITS = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([A-Za-z]*)")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{4,61}[a-z0-9]")  # what S3 and B2 both take
_KEY_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
RESERVED_BUCKET_NAMES = ("file", "b2api", "healthz", "calotype")  # the origin's own first path segments


class Address(NamedTuple):
    """Where a program listens. An IPv6 host stands without its brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_wildcard(self) -> bool:
        return self.host in ("0.0.0.0", "::", "")

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class Unsuitable(ValueError):
    """A value that a setting does not take. The text says why when the expectation alone does not."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`parse` takes what TOML holds, `from_text` what a variable or a flag holds; both raise `Unsuitable`."""

    expected: str
    parse: Callable[[Any], Any]
    from_text: Callable[[str], Any]
    to_toml: Callable[[Any], str]


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _text_kind(expected: str, check: Callable[[str], Any]) -> Kind:
    def parse(value: Any) -> Any:
        if not isinstance(value, str):
            raise Unsuitable
        return check(value)

    return Kind(expected, parse, check, _quoted)


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise Unsuitable
        return text

    return check


def _or_empty(check: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: check(text) if text else ""


def choice(*options: str) -> Kind:
    def check(text: str) -> str:
        if text not in options:
            raise Unsuitable
        return text

    return _text_kind(" or ".join(_quoted(option) for option in options), check)


def whole_number(minimum: int, maximum: int) -> Kind:
    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise Unsuitable
        return value

    def from_text(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise Unsuitable
        return parse(int(text))

    return Kind(f"a whole number from {minimum} to {maximum}", parse, from_text, str)


def _parse_bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unsuitable
    return value


def _bool_from_text(text: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in known:
        raise Unsuitable
    return known[text.lower()]


def _parse_size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Unsuitable
    return _size_from_text(str(value))


def _size_from_text(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2] not in _UNITS:
        raise Unsuitable
    return int(float(match[1]) * _UNITS[match[2]])


def format_size(size_bytes: int) -> str:
    """The size in the largest binary unit that gives a whole number: `2 GiB`, `1500 B`."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size_bytes and size_bytes % _UNITS[unit] == 0:
            return f"{size_bytes // _UNITS[unit]} {unit}"
    return f"{size_bytes} B"


NO_LIMIT = "none"
"""What a limit is where there is none; "" leaves it to the plan."""


def _limit_kind(expected: str, amount: Callable[[str], int], to_text: Callable[[int], str]) -> Kind:
    def from_text(text: str) -> int | str:
        return text if text in ("", NO_LIMIT) else amount(text)

    def parse(value: Any) -> int | str:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise Unsuitable
        return from_text(str(value))

    return Kind(expected, parse, from_text, lambda value: to_text(value) if isinstance(value, int) else _quoted(value))


def _count_from_text(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Unsuitable
    return int(text)


def format_decimal_size(size_bytes: int) -> str:
    """The size in the largest decimal unit that gives a whole number, as providers state theirs: `10 GB`."""
    for unit in ("TB", "GB", "MB", "kB"):
        if size_bytes and size_bytes % _UNITS[unit] == 0:
            return f"{size_bytes // _UNITS[unit]} {unit}"
    return f"{size_bytes} B"


def parse_address(text: str) -> Address:
    """`127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`; raises `Unsuitable`."""
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise Unsuitable
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise Unsuitable("an IPv6 address stands in brackets: [::1]:8000")
    if not _is_ip_address(host) and not _HOSTNAME.fullmatch(host):
        raise Unsuitable
    return Address(host, int(port))


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _check_domain(text: str) -> str:
    text = text.lower().rstrip(".")
    if not _HOSTNAME.fullmatch(text) or "." not in text or _is_ip_address(text):
        raise Unsuitable
    return text


def _check_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError as exc:
        raise Unsuitable from exc
    if parts.scheme not in ("http", "https") or not parts.hostname or not has_port:
        raise Unsuitable
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise Unsuitable("it must end after the host and port")
    return f"{parts.scheme}://{parts.netloc}"


def _check_bucket(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise Unsuitable
    if text in RESERVED_BUCKET_NAMES or text.startswith("b2-"):
        raise Unsuitable(f"the name {_quoted(text)} is kept for the origin itself")
    return text


def _check_template(text: str) -> str:
    try:
        parse_template(text)
    except InvalidTemplate as exc:
        raise Unsuitable(str(exc)) from exc
    return text


def _list_kind(expected: str, check: Callable[[str], str]) -> Kind:
    """A list of texts; in a variable they are parted by commas."""

    def parse(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise Unsuitable
        return tuple(check(each) for each in value)

    def from_text(text: str) -> tuple[str, ...]:
        return parse([each.strip() for each in text.split(",") if each.strip()])

    return Kind(expected, parse, from_text, lambda values: f"[{', '.join(_quoted(each) for each in values)}]")


def _check_ip_address(text: str) -> str:
    if not _is_ip_address(text):
        raise Unsuitable
    return text


SECONDS = whole_number(0, 10 * 366 * 86400)
FLAG = Kind("true or false", _parse_bool, _bool_from_text, lambda value: "true" if value else "false")
SIZE = Kind(
    'a size such as "2 GiB", "500 MB" or a number of bytes',
    _parse_size,
    _size_from_text,
    lambda size: _quoted(format_size(size)),
)
SIZE_LIMIT = _limit_kind(
    'a size such as "10 GB", "none" for no cap, or "" for the plan\'s',
    _size_from_text,
    lambda size: _quoted(format_decimal_size(size)),
)
COUNT_LIMIT = _limit_kind('a number such as 2500, "none" for no cap, or "" for the plan\'s', _count_from_text, str)
NAME = _text_kind(
    "a name of letters, digits, blanks, dots and dashes, at most 63 characters",
    _matching(re.compile(r"[^\W_](?:[\w .-]{0,61}[^\W_])?")),
)
ADDRESS = _text_kind('HOST:PORT, such as "127.0.0.1:8000"', parse_address)
OPTIONAL_ADDRESS = _text_kind('HOST:PORT, such as "0.0.0.0:8443", or "" for none', _or_empty(parse_address))
DOMAIN = _text_kind('a host name such as "photos.example.com", or "" for none', _or_empty(_check_domain))
URL = _text_kind('a URL such as "https://photos.example.com", or "" for none', _or_empty(_check_url))
BUCKET = _text_kind('6 to 63 lower-case letters, digits and dashes, such as "photos"', _check_bucket)
TEMPLATE = _text_kind('a name template such as "%y/%mo/%d-%rna{6}"', _check_template)
FOLDER = _text_kind('a folder, or "" for none', str)
HOSTNAMES = _list_kind('a list of host names such as ["s3.localhost"]', lambda text: _matching(_HOSTNAME)(text.lower()))
KEY_NAMES = _list_kind('a list of names such as ["photos"]', _matching(_KEY_NAME))
IP_ADDRESSES = _list_kind('a list of addresses such as ["127.0.0.1"]', _check_ip_address)
