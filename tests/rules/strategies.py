"""Random expressions as values, for property tests."""

from __future__ import annotations

import ipaddress
from typing import Any

from hypothesis import strategies as st

from calotype.rules.syntax import (
    BytesLiteral,
    Call,
    Compare,
    Connective,
    Each,
    Field,
    Index,
    InList,
    InSet,
    IntLiteral,
    IntRange,
    IpLiteral,
    IpRange,
    Logical,
    Not,
    Operator,
    RegexLiteral,
    StringLiteral,
    Truth,
)

KEYWORDS = {
    *(connective.value for connective in Connective),
    *(operator.value for operator in Operator),
    *("not", "in", "strict", "true", "false"),
}

names = st.from_regex(r"[a-z_][a-z0-9_]{0,6}(\.[a-z0-9_]{1,6}){0,2}", fullmatch=True).filter(
    lambda name: name not in KEYWORDS
)
numbers = st.integers(-(2**63), 2**63 - 1)
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


def _network(address: Any) -> Any:
    return st.integers(0, address.max_prefixlen).map(
        lambda length: ipaddress.ip_network((address, length), strict=False)
    )


string_literals = st.binary(max_size=12).map(StringLiteral)
int_literals = numbers.map(IntLiteral)
ip_literals = addresses.map(IpLiteral)
bytes_literals = (
    st.binary(min_size=2, max_size=6)
    .filter(lambda value: len(value) not in (4, 8, 16))  # a colon or dot form of those may be an address
    .map(BytesLiteral)
)
literals = st.one_of(string_literals, int_literals, ip_literals, bytes_literals)
int_ranges = st.tuples(numbers, numbers).map(lambda pair: IntRange(min(pair), max(pair)))
networks = addresses.flatmap(_network).map(lambda net: IpRange(net[0], net[-1], net.prefixlen))
ip_ranges = st.lists(st.ip_addresses(v=4), min_size=2, max_size=2).map(lambda pair: IpRange(*sorted(pair)))
set_items = st.one_of(literals, int_ranges, networks, ip_ranges)

regex_comparable = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=12).map(RegexLiteral)


def _values(arguments: Any) -> Any:
    base = st.one_of(
        names.map(Field),
        st.builds(Call, names, st.lists(arguments, max_size=3).map(tuple)),
    )
    indexed = st.one_of(
        base,
        st.builds(Index, base, st.one_of(st.integers(0, 999), st.binary(max_size=8))),
        st.builds(Each, base),
    )
    return st.one_of(indexed, st.builds(Each, indexed))


def _conditions(inner: Any) -> Any:
    arguments = st.one_of(literals_as_arguments, inner.map(_as_argument))
    values = _values(arguments)
    plain = st.sampled_from([operator for operator in Operator if operator is not Operator.MATCHES])
    return st.one_of(
        st.builds(Compare, values, plain, literals),
        st.builds(Compare, values, st.just(Operator.MATCHES), regex_comparable),
        st.builds(InSet, values, st.lists(set_items, min_size=1, max_size=3).map(tuple)),
        st.builds(InList, values, st.from_regex(r"[a-z0-9_]{1,8}", fullmatch=True)),
        st.builds(Truth, values),
        st.builds(Not, inner),
        st.builds(Logical, st.sampled_from(Connective), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    )


def _as_argument(condition: Any) -> Any:
    return condition.value if isinstance(condition, Truth) else condition


# An address that starts with a letter or a colon reads as a name where an argument stands.
literals_as_arguments = st.one_of(string_literals, int_literals, st.ip_addresses(v=4).map(IpLiteral))
conditions = st.recursive(names.map(Field).map(Truth), _conditions, max_leaves=8)
