"""calotype.toml, variables and flags: what they give, and where an error points."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.site.kinds import Address
from calotype.site.loading import SETTINGS, LoadedSite, load_site
from calotype.site.settings import Site
from calotype.site.source import SettingsError, Span, locate
from calotype.site.text import default_file, rows


def load(text: str = "", variables: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None) -> Site:
    return loaded(text, variables, flags).site


def loaded(
    text: str = "", variables: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
) -> LoadedSite:
    return load_site(textwrap.dedent(text), variables=variables or {}, flags=flags or {})


def error(text: str = "", variables: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None) -> str:
    with pytest.raises(SettingsError) as refused:
        load(text, variables, flags)
    return str(refused.value)


# Values and where they come from


def test_an_empty_file_gives_the_defaults() -> None:
    assert load() == Site()


def test_the_commented_file_of_a_new_site_gives_the_defaults() -> None:
    assert load(default_file()) == Site()


def test_every_setting_stands_in_the_commented_file_and_its_default_can_be_uncommented() -> None:
    uncommented = "\n".join(
        line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line
        for line in default_file().splitlines()
    )
    document = tomllib.loads(uncommented)
    assert {f"{table}.{key}" for table, members in document.items() for key in members} == {
        setting.path for setting in SETTINGS
    }
    assert load(uncommented) == Site()


def test_values_of_each_kind_are_read() -> None:
    site = load("""
        [site]
        name = "Family pictures"
        domain = "Photos.Example.com."
        access = "private"
        public_url = "https://photos.example.com/"
        edge_ttl_s = 31536000
        file_name = "%y/%fn-%rna{8}"
        [listen]
        edge = "[::]:80"
        lan = true
        [edge]
        workers = 4
        cache_size = "1.5 GiB"
        [origin]
        reserve = 1000
        s3_hosts = ["s3.example.com", "s3.localhost"]
    """)
    assert (site.name, site.domain, site.is_private) == ("Family pictures", "photos.example.com", True)
    assert site.public_url == "https://photos.example.com"
    assert site.listen.edge == Address("::", 80)
    assert str(site.listen.edge) == "[::]:80"
    assert (site.listen.lan, site.edge.workers, site.edge.cache_size_bytes) == (True, 4, 3 * 2**29)
    assert site.origin.reserve_bytes == 1000
    assert site.origin.s3_hosts == ("s3.example.com", "s3.localhost")


def test_a_flag_goes_before_a_variable_a_variable_before_the_file() -> None:
    file = """
        [listen]
        edge = "127.0.0.1:1"
        origin = "127.0.0.1:2"
        console = "127.0.0.1:3"
    """
    variables = {"CALOTYPE_EDGE": "127.0.0.1:4", "CALOTYPE_ORIGIN": "127.0.0.1:5"}
    result = loaded(file, variables, {"--edge": "127.0.0.1:6", "--control": None})
    listen = result.site.listen
    assert [address.port for address in (listen.edge, listen.origin, listen.console, listen.control)] == [6, 5, 3, 8002]
    assert [result.sources[f"listen.{name}"] for name in ("edge", "origin", "console", "control")] == [
        "--edge",
        "CALOTYPE_ORIGIN",
        "calotype.toml:5",
        "default",
    ]


@pytest.mark.parametrize(
    ("variables", "field", "value"),
    [
        ({"CALOTYPE_LAN": "yes"}, "lan", True),
        ({"CALOTYPE_LAN": "0"}, "lan", False),
        ({"CALOTYPE_SITE_BUCKET": "holiday"}, "bucket", "holiday"),
        ({"CALOTYPE_EDGE_WORKERS": "3"}, "workers", 3),
        ({"CALOTYPE_EDGE_CACHE_SIZE": "500 MB"}, "cache_size_bytes", 500_000_000),
        ({"CALOTYPE_ORIGIN_S3_HOSTS": "a.test, b.test"}, "s3_hosts", ("a.test", "b.test")),
        ({"CALOTYPE_UNKNOWN": "x"}, "name", "photos"),  # other programs may have variables with our prefix
    ],
)
def test_variables_are_read_as_their_settings_kind(variables: Mapping[str, str], field: str, value: object) -> None:
    site = load("", variables)
    holders = (site, site.listen, site.edge, site.origin)
    assert value in [getattr(holder, field) for holder in holders if hasattr(holder, field)]


def test_each_variable_belongs_to_one_setting() -> None:
    names = [setting.variable for setting in SETTINGS]
    assert len(set(names)) == len(names)


def test_rows_show_value_and_source_of_every_setting() -> None:
    shown = {row.setting: row for row in rows(loaded("site.bucket = 'holiday'"))}
    assert set(shown) == {setting.path for setting in SETTINGS}
    assert (shown["site.bucket"].value, shown["site.bucket"].source) == ('"holiday"', "calotype.toml:1")
    assert (shown["edge.cache_size"].value, shown["edge.cache_size"].unit) == ('"2 GiB"', "bytes")
    assert shown["listen.tls"].value == '""'
    assert all(row.help for row in shown.values())


# Links


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "http://127.0.0.1:8000"),
        ("listen.edge = '127.0.0.1:80'", "http://127.0.0.1"),
        ("listen.edge = '[::]:8000'", "http://[::1]:8000"),
        ("site.domain = 'p.example.com'", "http://p.example.com:8000"),
        ("site.domain = 'p.example.com'\nlisten.tls = '0.0.0.0:443'\nedge.certificates='c'", "https://p.example.com"),
        ("site.domain = 'p.example.com'\nsite.public_url = 'https://q.example.com'", "https://q.example.com"),
    ],
)
def test_links_begin_with_the_public_url_else_the_domain_else_this_machine(text: str, url: str) -> None:
    assert load(text).url == url


def test_on_the_home_network_every_address_but_the_control_planes_moves() -> None:
    site = load("[listen]\norigin = '192.0.2.7:9000'\ntls='[::]:8443'\n[edge]\ncertificates='c'").on_the_home_network(
        "192.168.1.5"
    )
    assert [str(site.listen.edge), str(site.listen.console), str(site.listen.tls)] == [
        "192.168.1.5:8000",
        "192.168.1.5:8001",
        "192.168.1.5:8443",
    ]
    assert str(site.listen.control) == "127.0.0.1:8002"
    assert str(site.listen.origin) == "192.0.2.7:9000"  # set to one address on purpose
    assert (site.url, site.console_url) == ("http://192.168.1.5:8000", "http://192.168.1.5:8001")


# Errors


def test_a_value_of_the_wrong_kind_is_shown_with_line_column_and_carets() -> None:
    assert error('[site]\nname = "photos"\nedge_ttl_s = "30 days"  # a month\n') == (
        "calotype.toml:3:14: site.edge_ttl_s: this value does not fit\n"
        ' 3 | edge_ttl_s = "30 days"  # a month\n'
        "   |              ^^^^^^^^^\n"
        "expected a whole number from 0 to 316224000"
    )


def test_an_unknown_setting_is_shown_with_the_nearest_known_one() -> None:
    message = error("[edge]\n  wokers = 2\n")
    assert message.startswith("calotype.toml:2:3: unknown setting wokers; did you mean workers?\n 2 |   wokers = 2\n")
    assert "\n   |   ^^^^^^\nexpected one of [edge]'s settings: workers, cache_size, memory, " in message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("[sites]\n", "1:2", "unknown table sites; did you mean site?"),
        ("[site]\n\n[listen]\nedge: 3\n", "4:5", "not TOML"),
        ('[site]\nname = "photos\n', "2:15", "not TOML"),
        ("name = 'x'\n", "1:1", "unknown table name"),
        ("[[site]]\n", "1:3", "site is a table"),
        ("edge = '0.0.0.0:80'\n", "1:1", "edge is a table"),
        ("[site]\nname = 'a'\nname = 'b'\n", "3:11", "not TOML"),
        ("[listen]\nedge = '8000'\n", "2:8", 'HOST:PORT, such as "127.0.0.1:8000"'),
        ("[listen]\nedge = '0.0.0.0:99999'\n", "2:8", "HOST:PORT"),
        ("[listen]\nedge = '::1:8000'\n", "2:8", "brackets"),
        ("[site]\nbucket = 'Photos'\n", "2:10", "lower-case"),
        ("[site]\nbucket = 'healthz'\n", "2:10", "kept for the origin"),
        ("[site]\nfile_name = '%y/%pn'\n", "2:13", "%pn"),
        ("[site]\ndomain = '10.0.0.1'\n", "2:10", "host name"),
        ("[site]\npublic_url = 'https://x.test/path'\n", "2:14", "end after the host"),
        ("[site]\npublic_url = 'ftp://x.test'\n", "2:14", "URL"),
        ("[edge]\ncache_size = '2 gigs'\n", "2:14", "2 GiB"),
        ("[edge]\nworkers = true\n", "2:11", "whole number"),
        ("[origin]\ns3_hosts = [\n  's3.test',\n  3,\n]\n", "2:12", "list of host names"),
        ("site = {name = 'a', bukket = 'b'}\n", "1:21", "did you mean bucket?"),
        ("site.edge_ttl_s = -1\n", "1:19", "whole number"),
        ("[site]\r\naccess = 'open'\r\n", "2:10", '"public" or "private"'),
    ],
)
def test_an_error_in_the_file_names_line_and_column_and_what_was_expected(text: str, place: str, words: str) -> None:
    message = error(text)
    assert message.startswith(f"calotype.toml:{place}: ")
    assert words in message
    assert "\nexpected " in message


@pytest.mark.parametrize(
    ("variables", "flags", "words"),
    [
        ({"CALOTYPE_EDGE": "nowhere"}, {}, "CALOTYPE_EDGE is 'nowhere'\nexpected HOST:PORT"),
        ({}, {"--origin": "9000"}, "--origin is '9000'\nexpected HOST:PORT"),
        ({"CALOTYPE_EDGE_WORKERS": "many"}, {}, "CALOTYPE_EDGE_WORKERS is 'many'\nexpected a whole number"),
    ],
)
def test_an_error_in_a_variable_or_flag_names_it(
    variables: Mapping[str, str], flags: Mapping[str, str], words: str
) -> None:
    assert words in error("", variables, flags)


@pytest.mark.parametrize(
    "text",
    [
        "listen.edge = '127.0.0.1:9000'",
        "listen.edge = '0.0.0.0:8001'",  # a wildcard takes the port on every address
        "listen.console = '127.0.0.1:8002'",
    ],
)
def test_two_programs_cannot_share_an_address(text: str) -> None:
    message = error(text)
    assert "calotype.toml:1" in message
    assert "an address of its own" in message


def test_the_same_port_on_two_addresses_is_fine() -> None:
    site = load("listen.edge = '192.0.2.1:9000'")
    assert site.listen.edge.port == site.listen.origin.port


def test_a_tls_listener_needs_certificates() -> None:
    assert "edge.certificates is empty" in error("listen.tls = '0.0.0.0:8443'")
    message = error("listen.origin_tls = '0.0.0.0:8443'\nedge.certificates = 'c'")  # the edge's are not the origin's
    assert "listen.origin_tls is set (calotype.toml:1) but origin.certificates is empty" in message


# Places in TOML


@pytest.mark.parametrize(
    ("text", "path", "key", "value"),
    [
        ("a = 1", ("a",), "a", "1"),
        ("a.b.c = 'x' # c", ("a", "b", "c"), "a.b.c", "'x'"),
        ("[a]\nb = [1, [2], {c = 3}] \nd=4", ("a", "d"), "d", "4"),
        ('x = """\n[a]\nb = 1 \\""" """""\ny = 2', ("y",), "y", "2"),
        ("x = '''a = 1\n'''\ny = 2", ("y",), "y", "2"),
        ('"a b".\'c\' = "\\"#"', ("a b", "c"), "\"a b\".'c'", '"\\"#"'),
        ("[ a . b ]\nc = 1979-05-27 07:32:00 # now\nd = 1", ("a", "b", "c"), "c", "1979-05-27 07:32:00"),
        ("a = {b = 1, c = {d = 'x'}}", ("a", "c", "d"), "d", "'x'"),
        ("a = [ # first\n 'x', # ]\n 'y'\n]\nb = 1", ("a",), "a", "[ # first\n 'x', # ]\n 'y'\n]"),
        ("[[t]]\nx = 1\n[[t]]\ny = 2", ("t", "y"), "y", "2"),
    ],
)
def test_the_place_of_a_key_and_of_its_value_is_found(text: str, path: tuple[str, ...], key: str, value: str) -> None:
    tomllib.loads(text)
    place = locate(text)[path]
    assert text[place.key.start : place.key.stop] == key
    assert text[place.value.start : place.value.stop] == value


KEYS = st.from_regex(r"[a-z]{1,4}", fullmatch=True)
VALUES = st.one_of(
    st.integers().map(str),
    st.booleans().map(lambda flag: str(flag).lower()),
    st.text(alphabet="ab #[]{}=,'", max_size=8).map(lambda text: f'"{text}"'),
    st.lists(st.text(alphabet="ab #[]{}=,", max_size=4).map(lambda text: f"'{text}'"), max_size=3).map(
        lambda items: f"[{', '.join(items)}]"
    ),
)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_every_key_of_a_generated_file_is_found_with_its_value(tables: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{table}]\n" + "".join(f"{key} = {value} # note\n" for key, value in members.items())
        for table, members in tables.items()
    )
    places = locate(text)
    for table, members in tables.items():
        for key, value in members.items():
            span = places[table, key].value
            assert span == Span(span.start, span.start + len(value))
            assert text[span.start : span.stop] == value


@given(st.text(alphabet="ab.=[]{}'\"\\# \n\t1,", max_size=30))
def test_any_text_gives_a_site_or_an_error_that_points_at_a_line(text: str) -> None:
    outcome = "calotype.toml:"
    try:
        load_site(text, variables={}, flags={})
    except SettingsError as refused:
        outcome = str(refused)
    assert outcome.startswith("calotype.toml:")
