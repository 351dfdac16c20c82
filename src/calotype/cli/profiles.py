"""Where a command finds its site: in the data folder of this machine, or in a profile made by `calotype login`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from calotype.cli.errors import CommandError, ExitCode
from calotype.deploy.desired import zone_name
from calotype.private_files import write_private
from calotype.site.folder import default_folder, load_credentials, read_site
from calotype.site.loading import LoadedSite
from calotype.site.running import started_with
from calotype.site.settings import Site

PROFILE_VARIABLE = "CALOTYPE_PROFILE"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Profile:
    """A site as its clients see it. Without `control_url` nothing can be planned or purged from here.

    `edge_url` is an address under which this machine reaches the edge, when the site's own may not lead there.
    """

    name: str
    origin_url: str
    site_url: str
    bucket: str
    key_id: str
    application_key: str
    file_name: str
    control_url: str | None = None
    control_token: str | None = None
    zone: str | None = None
    edge_url: str | None = None


def data_folder(data: Path | None) -> Path:
    """The folder that was asked for, else the default one."""
    return data.absolute() if data is not None else default_folder(os.environ)


def find_profile(data: Path | None, name: str | None) -> Profile:
    """The named profile, else the site of the data folder; raises `CommandError` when there is neither."""
    name = name or (os.environ.get(PROFILE_VARIABLE) if data is None else None)
    return read_profile(name) if name else local_profile(data_folder(data))


def local_profile(folder: Path) -> Profile:
    """The site that runs on this machine from `folder`, with the owner's credentials."""
    site = site_in(folder)
    credentials = load_credentials(folder)
    if credentials.owner is None:
        raise CommandError(
            "There is no site here",
            f"{folder} holds no credentials",
            "Start one with `calotype up`, name its folder with --data, or use `calotype login` for another machine",
            ExitCode.SETTINGS,
        )
    return Profile(
        name="local",
        origin_url=site.local_origin_url,
        site_url=site.url,
        bucket=site.bucket,
        key_id=credentials.owner.key_id,
        application_key=credentials.owner.application_key,
        file_name=site.file_name,
        control_url=site.control_url,
        control_token=credentials.control_token,
        zone=zone_name(site),
        edge_url=site.local_edge_url,
    )


def loaded_site_in(folder: Path) -> LoadedSite:
    """The site that the folder describes, as it was started when it runs, with where its values come from."""
    started = started_with(folder)
    loaded = read_site(folder, variables={**os.environ, **started}, flags={})
    sources = {path: "how it was started" if source in started else source for path, source in loaded.sources.items()}
    return replace(loaded, sources=sources)


def site_in(folder: Path) -> Site:
    """The site of `loaded_site_in`, moved to the home network's address when it says so."""
    from calotype.site.home_network import home_network_address

    site = loaded_site_in(folder).site
    return site.on_the_home_network(home_network_address()) if site.listen.lan else site


# Profiles of other machines


def profiles_folder(environment: Mapping[str, str]) -> Path:
    configuration = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or "~", ".config")
    return Path(configuration, "calotype", "profiles").expanduser()


def read_profile(name: str) -> Profile:
    path = profile_path(name)
    try:
        return Profile(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        known = sorted(each.stem for each in path.parent.glob("*.json")) if path.parent.is_dir() else []
        raise CommandError(
            f"There is no profile {name}",
            f"{path.parent} holds {', '.join(known) or 'none'}",
            f"Make it with `calotype login {name}`",
            ExitCode.SETTINGS,
        ) from None
    except (OSError, ValueError, TypeError) as exc:
        raise CommandError(
            f"The profile {name} cannot be read",
            f"{path}: {exc}",
            f"Make it again with `calotype login {name}`",
            ExitCode.SETTINGS,
        ) from exc


def write_profile(profile: Profile) -> Path:
    """Keeps the profile for its owner alone (mode 0600); answers where."""
    path = profile_path(profile.name)
    write_private(path, json.dumps(asdict(profile), indent=1) + "\n")
    return path


def profile_path(name: str) -> Path:
    """The profile's file; raises `CommandError` for a name that cannot be one."""
    if not _NAME.fullmatch(name):
        raise CommandError(
            f"{name!r} cannot be a profile's name",
            "it names a file",
            "Use letters, digits, dots and dashes",
            ExitCode.USAGE,
        )
    return profiles_folder(os.environ) / f"{name}.json"
