"""A deployment from end to end: read, plan, apply, remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calotype.deploy.actual import Clouds, read_found
from calotype.deploy.apply import NewKey, apply
from calotype.deploy.desired import desired_objects
from calotype.deploy.memory import load_memory, save_memory
from calotype.deploy.plan import Change, Found, Plan, plan
from calotype.site.settings import Site


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment did, or would do."""

    plan: Plan
    new_keys: tuple[NewKey, ...] = ()


def plan_site(site: Site, folder: Path, clouds: Clouds, *, overwrite: bool = False) -> tuple[Plan, Found]:
    """The changes that the site in `folder` needs, and what was found."""
    wanted, remembered = desired_objects(site), load_memory(folder)
    found = read_found(clouds, wanted, remembered)
    return plan(wanted, found, remembered, overwrite=overwrite), found


def deploy_site(
    site: Site,
    folder: Path,
    clouds: Clouds,
    *,
    overwrite: bool = False,
    on_change: Callable[[Change], None] = lambda change: None,
) -> Deployment:
    """Makes the site as described. Raises what the clients raise; a later call goes on where one was broken off."""
    planned, found = plan_site(site, folder, clouds, overwrite=overwrite)
    wanted = desired_objects(site)
    new_keys = apply(planned, wanted, found, clouds, on_change=on_change)
    if load_memory(folder) != wanted:
        save_memory(folder, wanted)
    return Deployment(planned, tuple(new_keys))
