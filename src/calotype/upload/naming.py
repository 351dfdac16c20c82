"""Object names from a template such as `%y/%mo/%d-%rna{6}`, in the tokens that ShareX users know.

    template = *( token / literal )
    token    = "%" name [ "{" number "}" ]      ; the longest name that fits wins: %mon2 before %mon before %mo

A template is parsed once into parts; each part gives its text from a `Moment`: the time, the picture's own name and
a source of randomness, all passed in. The same token gives the same text throughout one name, except the random
ones, which are drawn anew at each place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

DIGITS = "0123456789"
LETTERS_AND_DIGITS = DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
UNAMBIGUOUS = "".join(sign for sign in LETTERS_AND_DIGITS if sign not in "0O1Ilo")
HEX = "0123456789abcdef"

LONGEST_RANDOM = 128  # a key holds 1024 bytes; more randomness than this names nothing better
LONGEST_KEY_BYTES = 1024  # S3 and B2 agree

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Of ShareX's table, what depends on a desktop session or on a counter kept between uploads.
NOT_SUPPORTED = (
    *("i", "ia", "iA", "iAa", "iaA", "ib", "iB", "ix", "iX"),
    *("radjective", "ranimal", "remoji", "rf", "t", "pn", "width", "height", "un", "uln", "cn", "n"),
)

_FORBIDDEN = re.compile(r'["<>|:*?\\\x00-\x1f\x7f]')  # what ShareX removes from paths, which keep their slashes


class InvalidTemplate(ValueError):
    """A template that names something we cannot fill in. `offset` is where in the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Moment:
    """What a name is made of. `now` carries its time zone; `choose(n)` answers a random whole number below n."""

    now: datetime
    file_stem: str
    choose: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Token:
    """`count` is the number in braces, 1 without."""

    name: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Template:
    source: str
    parts: tuple[Literal | Token, ...]


def parse_template(text: str) -> Template:
    """The template as parts; raises `InvalidTemplate` for a token we do not know and for an empty template."""
    if not text.strip("/ "):
        raise InvalidTemplate("a template must give a name: it is empty", 0)
    parts: list[Literal | Token] = []
    at = 0
    for match in _TOKEN.finditer(text):
        if match.start() > at:
            parts.append(Literal(text[at : match.start()]))
        parts.append(_token(match))
        at = match.end()
    if at < len(text):
        parts.append(Literal(text[at:]))
    return Template(text, tuple(parts))


def _token(match: re.Match[str]) -> Token:
    name, count = match["name"], match["count"]
    if name not in TOKENS:
        known = " ".join(f"%{each}" for each in TOKENS)
        raise InvalidTemplate(f"the token %{name or match['other']} is not one of {known}", match.start())
    if count is None:
        return Token(name)
    if name not in _RANDOM:
        raise InvalidTemplate(f"the token %{name} takes no number in braces", match.start())
    if not 1 <= int(count) <= LONGEST_RANDOM:
        raise InvalidTemplate(f"the number after %{name} must be from 1 to {LONGEST_RANDOM}", match.start())
    return Token(name, int(count))


def render(template: Template, moment: Moment, *, extension: str) -> str:
    """The object's name, ending in the extension (`".png"`, or empty). Never empty, never with `.` or `..` parts."""
    twelve_hours = any(isinstance(part, Token) and part.name == "pm" for part in template.parts)
    text = "".join(_fill(part, moment, twelve_hours=twelve_hours) for part in template.parts)
    segments = [segment.strip() for segment in _FORBIDDEN.sub("", text).split("/")]
    stem = "/".join(segment for segment in segments if segment not in ("", ".", "..")) or "file"
    return _shortened(stem, _FORBIDDEN.sub("", extension))


def _fill(part: Literal | Token, moment: Moment, *, twelve_hours: bool) -> str:
    if isinstance(part, Literal):
        return part.text
    if part.name == "h" and twelve_hours:
        return moment.now.strftime("%I")
    if part.name in _RANDOM:
        alphabet = _RANDOM[part.name]
        return "".join(alphabet[moment.choose(len(alphabet))] for _ in range(part.count))
    return _PLAIN[part.name](moment)


def _shortened(stem: str, extension: str) -> str:
    """Stem and extension within the longest key; the cut never splits a character."""
    room = LONGEST_KEY_BYTES - len(extension.encode())
    return stem.encode()[:room].decode(errors="ignore") + extension


def _week_of_year(day: date) -> int:
    """Weeks start on Monday and week 1 holds 1 January."""
    first = date(day.year, 1, 1)
    return (day.timetuple().tm_yday - 1 + first.weekday()) // 7 + 1


def _guid(moment: Moment) -> str:
    """A random UUID, version 4 (RFC 9562 §5.4)."""
    digits = [HEX[moment.choose(16)] for _ in range(32)]
    digits[12] = "4"
    digits[16] = "89ab"[moment.choose(4)]
    text = "".join(digits)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


_RANDOM: Mapping[str, str] = {
    "rn": DIGITS,
    "ra": LETTERS_AND_DIGITS,
    "rna": UNAMBIGUOUS,
    "rx": HEX,
    "rX": HEX.upper(),
}

_PLAIN: Mapping[str, Callable[[Moment], str]] = {
    "y": lambda moment: f"{moment.now.year:04}",
    "yy": lambda moment: f"{moment.now.year % 100:02}",
    "mo": lambda moment: f"{moment.now.month:02}",
    "mon": lambda moment: MONTHS[moment.now.month - 1],  # ShareX: in the user's language; a site has none
    "mon2": lambda moment: MONTHS[moment.now.month - 1],
    "d": lambda moment: f"{moment.now.day:02}",
    "h": lambda moment: f"{moment.now.hour:02}",
    "mi": lambda moment: f"{moment.now.minute:02}",
    "s": lambda moment: f"{moment.now.second:02}",
    "ms": lambda moment: f"{moment.now.microsecond // 1000:03}",
    "pm": lambda moment: "AM" if moment.now.hour < 12 else "PM",
    "w": lambda moment: WEEKDAYS[moment.now.weekday()],
    "w2": lambda moment: WEEKDAYS[moment.now.weekday()],
    "wy": lambda moment: str(_week_of_year(moment.now.date())),
    "unix": lambda moment: str(int(moment.now.timestamp())),
    "guid": _guid,
    "GUID": lambda moment: _guid(moment).upper(),
    "fn": lambda moment: moment.file_stem.replace("/", ""),  # ours: the picture's own name, without its extension
}

TOKENS: tuple[str, ...] = tuple(sorted((*_PLAIN, *_RANDOM)))
_BY_LENGTH = sorted((*TOKENS, *NOT_SUPPORTED), key=len, reverse=True)
_TOKEN = re.compile(rf"%(?:(?P<name>{'|'.join(_BY_LENGTH)})(?:\{{(?P<count>[0-9]+)\}})?|(?P<other>[A-Za-z]))")
