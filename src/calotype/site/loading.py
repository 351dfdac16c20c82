"""`calotype.toml`, `CALOTYPE_…` variables and flags read into a `Site`, with errors that point at the spot.

A setting comes from the first of these that has it: a flag of the command, a variable, the file, the default.
`LoadedSite.sources` remembers which.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from calotype.site import settings as tables
from calotype.site.kinds import Address, Unsuitable
from calotype.site.settings import Description, Site
from calotype.site.source import Place, SettingsError, Span, WrongArgument, error_at, locate

FILE_NAME = "calotype.toml"


class Setting(NamedTuple):
    """One setting of the tree. `path` is its name, `site.bucket`; `field` the dataclass field that holds it."""

    table: str
    key: str
    field: str
    default: Any
    description: Description

    @property
    def path(self) -> str:
        return f"{self.table}.{self.key}"

    @property
    def variable(self) -> str:
        return self.description.variable or f"CALOTYPE_{self.table.upper()}_{self.key.upper()}"

    def value_in(self, site: Site) -> Any:
        holder = site if self.table == "site" else getattr(site, self.table)
        return getattr(holder, self.field)

    def written(self, value: Any) -> str:
        """The value as TOML."""
        return self.description.kind.to_toml("" if value is None else value)


TABLES: Mapping[str, Any] = {
    "site": Site,
    "listen": tables.Listen,
    "edge": tables.Edge,
    "origin": tables.Origin,
    "caps": tables.Caps,
    "console": tables.Console,
}


def _settings_of(table: str, holder: Any) -> list[Setting]:
    return [
        # "cache_size_bytes" holds bytes; the file says "cache_size" since it takes "2 GiB"
        Setting(table, each.name.removesuffix("_bytes"), each.name, each.default, each.metadata["setting"])
        for each in dataclasses.fields(holder)
        if "setting" in each.metadata
    ]


SETTINGS: tuple[Setting, ...] = tuple(
    setting for table, holder in TABLES.items() for setting in _settings_of(table, holder)
)
_BY_PATH: Mapping[tuple[str, ...], Setting] = {(setting.table, setting.key): setting for setting in SETTINGS}

# The TLS listeners, and the folder that each shows the certificates of.
CERTIFICATES_OF: Mapping[str, str] = {
    "listen.tls": "edge.certificates",
    "listen.origin_tls": "origin.certificates",
}


def setting_at(path: str) -> Setting:
    """The setting of a path such as `listen.edge`."""
    return _BY_PATH[tuple(path.split("."))]


@dataclass(frozen=True, slots=True)
class LoadedSite:
    """`sources` maps each setting's path to where its value came from: a flag, a variable, a line, `default`."""

    site: Site
    sources: Mapping[str, str]
    text: str = ""
    file_name: str = FILE_NAME

    def unusable(self, path: str, message: str, expected: str) -> SettingsError:
        """The error for a setting that proves unusable later; it points at the value where the file gives it."""
        source = self.sources[path]
        if source.startswith(f"{self.file_name}:"):
            place = locate(self.text)[tuple(path.split("."))]
            return error_at(self.file_name, self.text, place.value, f"{path}: {message}", expected)
        return _wrong(source, f"{path} ({source}): {message}", expected)


def load_site(
    text: str,
    *,
    file_name: str = FILE_NAME,
    variables: Mapping[str, str],
    flags: Mapping[str, Any],
    renamed: Mapping[str, str] | None = None,
) -> LoadedSite:
    """The site from the file's text, `CALOTYPE_…` variables and flags (by flag, such as `--edge`).

    `renamed` maps flags that only one command has, such as `--listen`, to the path of their setting. Raises
    `SettingsError` for the first thing that is wrong.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for setting, value, source in (
        *_from_file(text, file_name),
        *_from_variables(variables),
        *_from_flags(flags, renamed or {}),
    ):
        values[setting.path], sources[setting.path] = value, source
    site = _build(values)
    complete = {setting.path: sources.get(setting.path, "default") for setting in SETTINGS}
    _check_whole(site, complete)
    return LoadedSite(site, complete, text, file_name)


def _build(values: Mapping[str, Any]) -> Site:
    def fields_of(table: str) -> dict[str, Any]:
        return {
            setting.field: values[setting.path]
            for setting in SETTINGS
            if setting.table == table and setting.path in values
        }

    members = {table: holder(**fields_of(table)) for table, holder in TABLES.items() if table != "site"}
    return Site(**fields_of("site"), **members)


# From the file

_TOML_PLACE = re.compile(r"\s*\(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)")


def _from_file(text: str, file_name: str) -> list[tuple[Setting, Any, str]]:
    document = _parse_toml(text, file_name)
    places = locate(text)
    found: list[tuple[Setting, Any, str]] = []
    for table, members in document.items():
        place = places.get((table,)) or next(place for path, place in places.items() if path[0] == table)
        if table not in TABLES:
            raise _unknown(file_name, text, place, table, tuple(TABLES), "table", "one of the tables")
        if not isinstance(members, dict):
            raise error_at(file_name, text, place.key, f"{table} is a table", f"[{table}] on a line of its own")
        for key, value in members.items():
            found.append(_member(text, file_name, places, (table, key), value))
    return found


def _member(
    text: str, file_name: str, places: Mapping[tuple[str, ...], Place], path: tuple[str, str], value: Any
) -> tuple[Setting, Any, str]:
    place = places.get(path) or next(place for each, place in places.items() if each[:2] == path)
    setting = _BY_PATH.get(path)
    if setting is None:
        known = tuple(setting.key for setting in SETTINGS if setting.table == path[0])
        raise _unknown(file_name, text, place, path[1], known, "setting", f"one of [{path[0]}]'s settings")
    try:
        parsed = _none_for_empty(setting, setting.description.kind.parse(value))
    except Unsuitable as exc:
        why = str(exc) or "this value does not fit"
        raise error_at(
            file_name, text, place.value, f"{setting.path}: {why}", setting.description.kind.expected
        ) from exc
    line = text.count("\n", 0, place.key.start) + 1
    return setting, parsed, f"{file_name}:{line}"


def _parse_toml(text: str, file_name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        message = str(exc)
        place = _TOML_PLACE.search(message)
        start = len(text.rstrip())
        if place is not None and place[1] is not None:
            start = _offset(text, int(place[1]), int(place[2]))
        what = _TOML_PLACE.sub("", message)
        raise error_at(
            file_name, text, Span(start, start + 1), f"this is not TOML: {what}", 'lines such as name = "photos"'
        ) from exc


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return sum(len(each) + 1 for each in lines[: line - 1]) + column - 1


def _unknown(
    file_name: str, text: str, place: Place, name: str, known: tuple[str, ...], what: str, expected: str
) -> SettingsError:
    message = f"unknown {what} {name}{_meant(name, known)}"
    return error_at(file_name, text, place.key, message, f"{expected}: {', '.join(known)}")


def _meant(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


# From variables and flags

# Read elsewhere than here: by commands, by the master key, by the programs.
_OTHER_VARIABLES = ("CALOTYPE_DATA", "CALOTYPE_PROFILE", "CALOTYPE_MASTER_KEY", "CALOTYPE_DEBUG")


def unknown_variables(variables: Mapping[str, str]) -> list[str]:
    """A sentence for each `CALOTYPE_…` variable that sets nothing: most likely its name is mistyped."""
    known = [*(setting.variable for setting in SETTINGS), *_OTHER_VARIABLES]
    unknown = [name for name in sorted(variables) if name.startswith("CALOTYPE_") and name not in known]
    return [f"the variable {name} sets nothing{_meant(name, known)}" for name in unknown]


def _from_variables(variables: Mapping[str, str]) -> list[tuple[Setting, Any, str]]:
    return [
        (setting, _from_text(setting, variables[setting.variable], setting.variable), setting.variable)
        for setting in SETTINGS
        if setting.variable in variables
    ]


def _from_flags(flags: Mapping[str, Any], renamed: Mapping[str, str]) -> list[tuple[Setting, Any, str]]:
    by_flag = {setting.description.flag: setting for setting in SETTINGS if setting.description.flag}
    by_flag |= {flag: setting for flag, path in renamed.items() for setting in SETTINGS if setting.path == path}
    return [
        (by_flag[flag], value if isinstance(value, bool) else _from_text(by_flag[flag], value, flag), flag)
        for flag, value in flags.items()
        if value is not None and value is not False
    ]


def _from_text(setting: Setting, text: str, source: str) -> Any:
    try:
        return _none_for_empty(setting, setting.description.kind.from_text(text))
    except Unsuitable as exc:
        why = f": {exc}" if str(exc) else ""
        raise _wrong(source, f"{source} is {text!r}{why}", setting.description.kind.expected) from exc


def _wrong(source: str, message: str, expected: str) -> SettingsError:
    kind = WrongArgument if source.startswith("--") else SettingsError
    return kind(f"{message}\nexpected {expected}")


def _none_for_empty(setting: Setting, value: Any) -> Any:
    return None if setting.default is None and value == "" else value


# The whole


def _check_whole(site: Site, sources: Mapping[str, str]) -> None:
    _check_addresses(site, sources)
    for listener, certificates in CERTIFICATES_OF.items():
        if setting_at(listener).value_in(site) is not None and not setting_at(certificates).value_in(site):
            raise SettingsError(
                f"{listener} is set ({sources[listener]}) but {certificates} is empty\n"
                f"expected {certificates} to name a folder of NAME.crt and NAME.key files"
            )


def _check_addresses(site: Site, sources: Mapping[str, str]) -> None:
    taken: dict[int, tuple[str, Address]] = {}
    for each in dataclasses.fields(site.listen):
        address = getattr(site.listen, each.name)
        if not isinstance(address, Address):
            continue
        name, other = taken.get(address.port, ("", None))
        if other is not None and _overlap(address, other):
            raise SettingsError(
                f"listen.{each.name} ({sources[f'listen.{each.name}']}) and listen.{name}"
                f" ({sources[f'listen.{name}']}) are both {address}\nexpected an address of its own for each program"
            )
        taken[address.port] = (each.name, address)


def _overlap(one: Address, other: Address) -> bool:
    return one.host == other.host or one.is_wildcard or other.is_wildcard
