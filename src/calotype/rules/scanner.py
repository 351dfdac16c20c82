"""Reads tokens from the text of an expression, and says where it stopped understanding.

What `1.2.3.4` or `ab` means depends on where it stands, so the parser asks for the kind of token it wants.
"""

from __future__ import annotations

import ipaddress
import re

from calotype.rules.errors import ExpressionError
from calotype.rules.syntax import (
    BytesLiteral,
    IntLiteral,
    IntRange,
    IpLiteral,
    IpRange,
    Literal,
    RegexLiteral,
    SetItem,
    Span,
    StringLiteral,
)

MAX_HASHES = 255  # of a raw string's delimiter (edge.md §2.2)
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

_BLANK = re.compile(r"[ \r\n]*")
_WORD = re.compile(r"[^\s()\[\]{},\"]+")
_STRING_START = re.compile(r'"|r#*"')
_STRING_PART = re.compile(r'[^"\\]+')
_ESCAPE = re.compile(r'\\(?:(["\\])|x([0-9A-Fa-f]{2})|([0-7]{3}))')
_UNQUOTED = re.compile(r"[0-9A-Za-z:./_-]+")
_INT = re.compile(r"(-?)(?:0[xX]([0-9A-Fa-f]+)|(0[0-7]*)|([1-9][0-9]*))")
_HEX_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(?:[:.-][0-9A-Fa-f]{2})+")


class Scanner:
    """A position in the text; each `take…` skips blanks first and moves past what it took."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0

    def skip_blanks(self) -> int:
        match = _BLANK.match(self.source, self.position)
        self.position = match.end() if match else self.position
        return self.position

    def at_end(self) -> bool:
        return self.skip_blanks() == len(self.source)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match at the next non-blank character, or None and nothing moves past it."""
        match = pattern.match(self.source, self.skip_blanks())
        if match:
            self.position = match.end()
        return match

    def take_symbol(self, symbol: str) -> bool:
        if not self.source.startswith(symbol, self.skip_blanks()):
            return False
        self.position += len(symbol)
        return True

    def expect_symbol(self, symbol: str, purpose: str) -> None:
        if not self.take_symbol(symbol):
            raise self.error(f"expected `{symbol}` {purpose}, found {self.next_word()}")

    def next_word(self) -> str:
        """What stands next, for a message."""
        start = self.skip_blanks()
        if start == len(self.source):
            return "the end of the expression"
        if self.source[start] == "\t":
            return "a tab (only spaces and line ends may separate)"
        word = _WORD.match(self.source, start)
        return f"`{word.group() if word else self.source[start]}`"

    def error(self, message: str, span: Span | None = None) -> ExpressionError:
        """An error that points at `span`, or at the next word."""
        if span is None:
            start = self.skip_blanks()
            word = _WORD.match(self.source, start)
            span = (start, word.end() if word else start + 1)
        return ExpressionError(message, self.source, *span)

    # Literals

    def at_string(self) -> bool:
        return _STRING_START.match(self.source, self.skip_blanks()) is not None

    def literal(self) -> Literal:
        """One literal: string, bytes, number or address."""
        item = self.set_item()
        if isinstance(item, IntRange | IpRange):
            kind = "a range" if isinstance(item, IntRange) or item.prefix_length is None else "a network"
            raise self.error(f"{kind} may stand only in a set, after `in`", item.span)
        return item

    def set_item(self) -> SetItem:
        """One literal, a range `a..b`, or a network in CIDR notation."""
        if self.at_string():
            return self.string()
        match = self.take(_UNQUOTED)
        if match is None:
            raise self.error(f"expected a literal, found {self.next_word()}")
        return self._unquoted(match.group(), match.span())

    def string(self) -> StringLiteral:
        start = self.skip_blanks()
        if self.source[start] == "r":
            text = self._raw_string_text()
            return StringLiteral(text.encode("utf-8", "surrogatepass"), (start, self.position))
        return StringLiteral(self._quoted_string_value(), (start, self.position))

    def regex(self) -> RegexLiteral:
        """The pattern after `matches`: a raw string, or a quoted one in which only `\\"` is an escape."""
        start = self.skip_blanks()
        if not self.at_string():
            raise self.error(f"expected a regular expression in quotes, found {self.next_word()}")
        text = self._raw_string_text() if self.source[start] == "r" else self._quoted_regex_text()
        return RegexLiteral(text, (start, self.position))

    def _quoted_string_value(self) -> bytes:
        start = self.position
        self.position += 1
        value = bytearray()
        while True:
            if part := _STRING_PART.match(self.source, self.position):
                value += part.group().encode("utf-8", "surrogatepass")
                self.position = part.end()
            if self.position >= len(self.source):
                raise self.error("this string is not closed", (start, len(self.source)))
            if self.source[self.position] == '"':
                self.position += 1
                return bytes(value)
            value.append(self._escape())

    def _escape(self) -> int:
        start = self.position
        match = _ESCAPE.match(self.source, start)
        if match is None:
            raise self.error(
                'unknown escape in a string: only \\", \\\\, \\xHH and three octal digits are known', (start, start + 2)
            )
        character, hexadecimal, octal = match.groups()
        byte = ord(character) if character else int(hexadecimal, 16) if hexadecimal else int(octal, 8)
        if byte > 0xFF:
            raise self.error("an octal escape goes up to \\377", match.span())
        self.position = match.end()
        return byte

    def _quoted_regex_text(self) -> str:
        start = self.position
        characters: list[str] = []
        in_class = False
        position = start + 1
        while position < len(self.source):
            character = self.source[position]
            if character == '"' and not in_class:
                self.position = position + 1
                return "".join(characters)
            if character == "\\" and position + 1 < len(self.source):
                following = self.source[position + 1]
                characters.append('"' if following == '"' else character + following)
                position += 2
                continue
            in_class = character == "[" or (in_class and character != "]")
            characters.append(character)
            position += 1
        raise self.error("this regular expression is not closed", (start, len(self.source)))

    def _raw_string_text(self) -> str:
        start = self.position
        quote = self.source.index('"', start)
        hashes = quote - start - 1
        if hashes > MAX_HASHES:
            raise self.error(f"a raw string may have at most {MAX_HASHES} `#`", (start, quote))
        closing = '"' + "#" * hashes
        stop = self.source.find(closing, quote + 1)
        if stop < 0:
            raise self.error(f"this raw string is not closed by `{closing}`", (start, len(self.source)))
        self.position = stop + len(closing)
        return self.source[quote + 1 : stop]

    def _unquoted(self, text: str, span: Span) -> SetItem:
        first_text, dots, last_text = text.partition("..")
        if dots:
            return self._range(first_text, last_text, span)
        if _INT.fullmatch(text):
            return IntLiteral(self._int(text, span), span)
        if "/" in text:
            return self._network(text, span)
        if (address := _address(text)) is not None:
            return IpLiteral(address, span)
        if _HEX_PAIRS.fullmatch(text):
            return BytesLiteral(bytes.fromhex(re.sub("[:.-]", "", text)), span)
        if re.match(r"[A-Za-z_]", text):
            raise self.error(
                f"expected a literal, found `{text}` (text needs quotes; two fields cannot be compared)", span
            )
        raise self.error(f"`{text}` is neither a number nor an IP address", span)

    def _int(self, text: str, span: Span) -> int:
        match = _INT.fullmatch(text)
        if match is None:
            raise self.error(f"`{text}` is not a number", span)
        sign, hexadecimal, octal, decimal = match.groups()
        number = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(decimal)
        number = -number if sign else number
        if not INT_MIN <= number <= INT_MAX:
            raise self.error("this number does not fit in 64 bits", span)
        return number

    def _range(self, first_text: str, last_text: str, span: Span) -> IntRange | IpRange:
        if _INT.fullmatch(first_text):
            first, last = self._int(first_text, span), self._int(last_text, span)
            if first > last:
                raise self.error("a range goes from the lower to the higher value", span)
            return IntRange(first, last, span)
        low, high = _address(first_text), _address(last_text)
        if low is None or high is None or low.version != high.version:
            raise self.error("expected a range of numbers or of addresses of one family", span)
        if int(low) > int(high):
            raise self.error("a range goes from the lower to the higher address", span)
        return IpRange(low, high, None, span)

    def _network(self, text: str, span: Span) -> IpRange:
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            raise self.error(f"not a network in CIDR notation: {error}", span) from error
        return IpRange(network[0], network[-1], network.prefixlen, span)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
