"""`calotype backup`, `restore` and `fsck`.

A backup is a folder with the origin's copy in `origin/`, and beside it what the site was described and set up with.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calotype.admin.client import AdminClient
from calotype.admin.errors import AdminError, Unauthorized, Unreachable
from calotype.admin.json import FsckProblem, FsckReport
from calotype.auth.basic import basic_authorization
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.http import http_client
from calotype.cli.output import print_json, print_lines, size_in_words
from calotype.cli.profiles import Profile, data_folder, find_profile, local_profile
from calotype.cli.starting import require_server_packages
from calotype.deploy.memory import FILE as MEMORY_FILE
from calotype.deploy.memory import load_memory, save_memory
from calotype.deploy.objects import Kind
from calotype.private_files import write_private
from calotype.site.loading import FILE_NAME as SITE_FILE

if TYPE_CHECKING:
    from calotype.store.sealed_secrets import Lost

ORIGIN_FOLDER = "origin"
# The edge's hand-made rules and the console's password; secrets in them are encrypted or hashed.
EDGE_CONFIGURATION = "edge/configuration.json"
KEPT_BESIDE = (SITE_FILE, MEMORY_FILE, EDGE_CONFIGURATION, "console/password.json")


def make_backup(target: Path, data: Path | None, *, as_json: bool) -> None:
    """Has the running origin copy itself, and adds the files beside it."""
    folder, target = data_folder(data), target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CommandError(
            f"{target} cannot take a backup", "it is there already and not empty", "Give a new folder", ExitCode.USAGE
        )
    with admin_of(local_profile(folder)) as admin:
        report = admin.backup(str(target / ORIGIN_FOLDER))
    _copy_beside(folder, target)
    if as_json:
        print_json({"folder": str(target), "blobs": report.blobs, "contentBytes": report.content_bytes})
        return
    print_lines(
        [
            f"{report.blobs} blobs, {size_in_words(report.content_bytes)}, in {target}",
            "The master key is not in it: keep a copy of ~/.config/calotype/master.key elsewhere.",
        ]
    )


def restore_site(source: Path, data: Path | None, *, new_master_key: bool, as_json: bool) -> None:
    """Makes the data folder from a backup; with `new_master_key` without the secrets that the former one sealed."""
    require_server_packages()
    from calotype.store.backup import restore_backup
    from calotype.store.errors import StoreError

    folder = data_folder(data)
    if folder.exists() and any(folder.iterdir()):
        raise CommandError(
            f"{folder} cannot be restored into", "it is not empty", "Give a new folder with --data", ExitCode.USAGE
        )
    try:
        copied = asyncio.run(restore_backup(source / ORIGIN_FOLDER, folder / ORIGIN_FOLDER))
        _copy_beside(source, folder)
        lost = _forget_secrets(folder) if new_master_key else None
    except (StoreError, OSError) as exc:
        raise CommandError(f"{source} cannot be restored", str(exc)) from exc
    if as_json:
        without = {"lostFiles": lost.files, "lostNotificationRules": lost.notification_rules} if lost else {}
        print_json({"folder": str(folder), "blobs": copied.blobs, "contentBytes": copied.content_bytes, **without})
        return
    print_lines([f"{copied.blobs} blobs, {size_in_words(copied.content_bytes)}, restored into {folder}"])
    if lost is not None:
        print_lines(_lost_lines(lost))


def _lost_lines(lost: Lost) -> list[str]:
    lines = ["Without its keys: `calotype up` makes new ones and shows the site's."]
    if lost.notification_rules:
        lines.append(f"Notification rules left out, as their targets were sealed by it: {lost.notification_rules}.")
    if lost.files:
        lines.append(
            f"! Files that the lost key encrypted (SSE-B2), listed but no longer readable: {lost.files}."
            " `calotype fsck` names them; upload them again, or delete them."
        )
    return lines


def _forget_secrets(folder: Path) -> Lost:
    """Leaves no secret in the folder that only the former master key opens; the next start makes them all anew."""
    from calotype.store.sealed_secrets import drop_sealed_secrets

    lost = drop_sealed_secrets(folder / ORIGIN_FOLDER)
    configuration = folder / EDGE_CONFIGURATION
    if configuration.exists():
        document = json.loads(configuration.read_text("utf-8"))
        for zone in document["configuration"]["zones"]:
            zone["origin_signing"] = None
        write_private(configuration, json.dumps(document, indent=1))
    # else the next deployment would take the keys for removed by hand
    save_memory(folder, {name: each for name, each in load_memory(folder).items() if name.kind is not Kind.KEY})
    return lost


def check_store(data: Path | None, profile_name: str | None, *, as_json: bool) -> None:
    """Checks through the running origin, else in the data folder itself; leaves with FOUND_WRONG for problems."""
    report = _report(data, profile_name)
    if as_json:
        print_json(
            {
                "versions": report.versions,
                "blobs": report.blobs,
                "contentBytes": report.content_bytes,
                "orphans": report.orphans,
                "problems": [_problem_document(each) for each in report.problems],
            }
        )
    else:
        size = size_in_words(report.content_bytes)
        print_lines(
            [
                f"{report.versions} versions in {report.blobs} blobs, {size}: all read and compared",
                f"{report.orphans} orphans swept",
                *(f"! {_problem_line(each)}" for each in report.problems),
            ]
        )
    if report.problems:
        raise SystemExit(int(ExitCode.FOUND_WRONG))


def _report(data: Path | None, profile_name: str | None) -> FsckReport:
    folder = data_folder(data)
    try:
        with admin_of(find_profile(data, profile_name)) as admin:
            return admin.fsck()
    except CommandError as exc:
        may_be_stopped = exc.exit_code in (ExitCode.UNREACHABLE, ExitCode.SETTINGS)
        if profile_name is not None or not may_be_stopped or not (folder / ORIGIN_FOLDER).is_dir():
            raise
    return _check_folder(folder)


def _check_folder(folder: Path) -> FsckReport:
    """The same check without the origin, which is not running."""
    require_server_packages()
    from calotype.master_key import MasterKey
    from calotype.store.errors import StoreError
    from calotype.store.store import Store

    async def check() -> FsckReport:
        # bytes and rows are not sealed, so no key is asked for, nor made
        unused_key = MasterKey.random()
        async with await Store.open(folder / ORIGIN_FOLDER, unused_key, address="fsck", opens_secrets=False) as store:
            report = await store.fsck()
        problems = [
            FsckProblem(
                fault=str(each.fault),
                blob_id=each.blob_id,
                bucket_name=each.bucket_name,
                key=None if each.key is None else each.key.decode(),
            )
            for each in report.problems
        ]
        return FsckReport(
            versions=report.versions,
            blobs=report.blobs,
            content_bytes=report.content_bytes,
            orphans=report.orphans,
            problems=problems,
        )

    try:
        return asyncio.run(check())
    except (StoreError, OSError) as exc:
        raise CommandError(f"{folder / ORIGIN_FOLDER} cannot be checked", str(exc)) from exc


@contextmanager
def admin_of(profile: Profile) -> Iterator[AdminClient]:
    """The origin's admin API. Inside the block its errors become `CommandError`s."""
    authorization = basic_authorization(profile.key_id, profile.application_key)
    with AdminClient(profile.origin_url, authorization, http=http_client(profile.origin_url)) as client:
        try:
            yield client
        except Unreachable as exc:
            raise CommandError(
                f"The origin {profile.origin_url} does not answer",
                exc.message,
                "Is it started? `calotype up` starts the site of this machine",
                ExitCode.UNREACHABLE,
            ) from exc
        except Unauthorized as exc:
            raise CommandError(
                f"The origin {profile.origin_url} refuses the key {profile.key_id}", exc.message, "", ExitCode.REFUSED
            ) from exc
        except AdminError as exc:
            raise CommandError("The origin refuses this", exc.message) from exc


def _copy_beside(source: Path, target: Path) -> None:
    for name in KEPT_BESIDE:
        if (source / name).exists():
            (target / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def _problem_document(problem: FsckProblem) -> dict[str, str | None]:
    return {
        "fault": problem.fault,
        "blob": problem.blob_id,
        "bucket": problem.bucket_name,
        "name": problem.key,
    }


def _problem_line(problem: FsckProblem) -> str:
    where = f"{problem.bucket_name}/{problem.key}: " if problem.key is not None else ""
    blob = f" (blob {problem.blob_id})" if problem.blob_id else ""
    return f"{where}{problem.fault}{blob}"
