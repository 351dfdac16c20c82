"""`calotype plan` and `calotype apply`, on the programs of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from calotype.cli.clients import edge_of, origin_of
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.output import print_json, print_lines
from calotype.cli.profiles import local_profile, site_in
from calotype.deploy.actual import Clouds
from calotype.deploy.apply import CannotChange, NewKey
from calotype.deploy.deployment import deploy_site, plan_site
from calotype.deploy.plan import Change, Plan, describe


def show_plan(folder: Path, *, overwrite: bool, check_only: bool, as_json: bool) -> None:
    with _clouds(folder) as clouds:
        planned, _ = plan_site(site_in(folder), folder, clouds, overwrite=overwrite)
    if as_json:
        print_json(_document(planned))
    else:
        print_lines(describe(planned))
        if planned.is_empty:
            print_lines(["Nothing to change."])
    if check_only and not planned.is_empty:
        raise SystemExit(int(ExitCode.FOUND_WRONG))


def apply_site(folder: Path, *, overwrite: bool, as_json: bool) -> None:
    made: list[Change] = []

    def tell(change: Change) -> None:
        made.append(change)
        if not as_json:
            print_lines([f"{change.verb.value} {change.name}"])

    with _clouds(folder) as clouds:
        try:
            deployment = deploy_site(site_in(folder), folder, clouds, overwrite=overwrite, on_change=tell)
        except CannotChange as exc:
            raise CommandError("The site could not be deployed", str(exc)) from exc
    if as_json:
        keys = [_key_document(key) for key in deployment.new_keys]
        print_json({**_document(deployment.plan), "keys": keys})
        return
    print_lines(describe(Plan(drift=deployment.plan.drift)))
    for key in deployment.new_keys:
        print_lines([f"keyId           {key.key_id}", f"applicationKey  {key.application_key}  (shown this once)"])
    if not made:
        print_lines(["Nothing to change."])


@contextmanager
def _clouds(folder: Path) -> Iterator[Clouds]:
    profile = local_profile(folder)
    with origin_of(profile) as origin, edge_of(profile) as edge:
        yield Clouds(origin, edge)


def _document(planned: Plan) -> dict[str, Any]:
    return {
        "changes": [
            {"verb": each.verb.name.lower(), "object": str(each.name), "before": each.before, "after": each.after}
            for each in planned.changes
        ],
        "drift": [{"object": str(each.name), "wanted": each.wanted, "found": each.found} for each in planned.drift],
        "foreign": list(planned.foreign),
    }


def _key_document(key: NewKey) -> dict[str, str]:
    return {"name": key.name, "keyId": key.key_id, "applicationKey": key.application_key}
