"""The settings as text for people: the commented file of a new site, and the rows of `calotype config show`."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from calotype.site.loading import SETTINGS, TABLES, LoadedSite, Setting

_WIDTH = 100

_HEAD = """\
# The settings of this site. A line that begins with # shows a default: remove the # to change it.
# A variable or a flag of the command goes before this file; `calotype config show` says what is in force and why.
"""

_TABLE_HELP = {
    "site": "The site: its name and address, its bucket, and how long copies of its pictures are kept.",
    "listen": "Where the programs listen, as HOST:PORT. 127.0.0.1 is this machine only, 0.0.0.0 every network.",
    "edge": "The edge: the caching servers that viewers reach.",
    "origin": "The origin: the store that keeps every picture.",
    "caps": "The most that an account may store, and do on one UTC day (00:00 to 24:00). Calls beyond it are refused.",
    "console": "The console: the web page.",
}


def default_file() -> str:
    """The commented `calotype.toml` that the first start writes: every setting with its help and default."""
    return "\n".join([_HEAD, *(_table_text(table) for table in TABLES)])


def _table_text(table: str) -> str:
    lines = [*_commented(_TABLE_HELP[table]), f"[{table}]"]
    for setting in SETTINGS:
        if setting.table == table:
            lines += ["", *_commented(_help_text(setting)), f"#{setting.key} = {setting.written(setting.default)}"]
    return "\n".join(lines) + "\n"


def _help_text(setting: Setting) -> str:
    description = setting.description
    sources = [setting.variable, *([description.flag] if description.flag else [])]
    return f"{description.help} ({description.kind.expected}; {', '.join(sources)})"


def _commented(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH)]


@dataclass(frozen=True, slots=True)
class Row:
    """A setting in force: its value as TOML, where that came from, and its help."""

    setting: str
    value: str
    source: str
    unit: str
    help: str


def rows(loaded: LoadedSite) -> list[Row]:
    """Every setting in the order of the file."""
    return [
        Row(
            setting.path,
            setting.written(setting.value_in(loaded.site)),
            loaded.sources[setting.path],
            setting.description.unit,
            setting.description.help,
        )
        for setting in SETTINGS
    ]


_PAGE_HEAD = """\
# Settings

A site is described by `calotype.toml` in its data folder. The first start writes that file with every setting as a
comment; a line takes effect once its `#` is removed. Of the places that may set a value the first counts:

1. a flag of the command, such as `calotype up --edge 127.0.0.1:8010`;
2. a variable, such as `CALOTYPE_EDGE=127.0.0.1:8010`;
3. `calotype.toml`;
4. the default.

`calotype config show` prints every value in force and where it comes from. A mistake is told with file, line and
column, and with what was expected; nothing starts with it.

Changes under `[site]` reach a running site by `calotype apply`, the console at its next start; everything else takes
effect at the next start.
"""


def manual_page() -> str:
    """The page of the manual that lists every setting: docs/settings.md."""
    return "\n".join([_PAGE_HEAD, *(_page_table(table) for table in TABLES)])


def _page_table(table: str) -> str:
    lines = [
        f"## `[{table}]`",
        "",
        _TABLE_HELP[table],
        "",
        "| setting | default | takes | meaning |",
        "|---|---|---|---|",
    ]
    lines += [_page_row(setting) for setting in SETTINGS if setting.table == table]
    return "\n".join(lines) + "\n"


def _page_row(setting: Setting) -> str:
    description = setting.description
    flag = f", flag `{description.flag}`" if description.flag else ""
    unit = f", in {description.unit}" if description.unit == "seconds" else ""
    return (
        f"| `{setting.key}` | `{setting.written(setting.default)}` | {description.kind.expected}{unit} |"
        f" {description.help} Variable `{setting.variable}`{flag} |"
    )
