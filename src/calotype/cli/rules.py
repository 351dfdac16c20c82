"""`calotype lifecycle` and `calotype test-webhook`: the rules of the site's buckets, run and tried by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from calotype.admin.errors import NotFound
from calotype.cli.caring import admin_of
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.output import print_json, print_lines
from calotype.cli.profiles import Profile

_DAYS_FROM_NOW = re.compile(r"\+([0-9]{1,6})d")


def run_lifecycle(profile: Profile, as_of: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Has the origin follow its lifecycle rules, and prints what came of it."""
    as_of_ms = None if as_of is None else moment_ms(as_of, datetime.now(UTC))
    with admin_of(profile) as admin:
        report = admin.run_lifecycle(as_of_ms=as_of_ms, dry_run=dry_run)
    if as_json:
        print_json(
            {
                "hidden": report.hidden,
                "deleted": report.deleted,
                "markersRemoved": report.markers_removed,
                "canceled": report.canceled,
                "dryRun": dry_run,
            }
        )
        return
    print_lines(
        [
            *(["A rehearsal, nothing was changed. By lifecycle rules there would be"] if dry_run else []),
            f"files hidden: {report.hidden}",
            f"versions deleted: {report.deleted}",
            f"hide markers removed that hid nothing: {report.markers_removed}",
            f"unfinished large files cancelled: {report.canceled}",
        ]
    )


def send_test_event(profile: Profile, bucket: str, rule: str, *, as_json: bool) -> None:
    """Has the origin send a rule's webhook the test event."""
    with admin_of(profile) as admin:
        try:
            admin.send_test_event(bucket, rule)
        except NotFound as exc:
            raise CommandError("No test event was sent", exc.message, "", ExitCode.NOT_FOUND) from exc
    if as_json:
        print_json({"bucket": bucket, "rule": rule})
        return
    print_lines(
        [
            f"b2:TestEvent is on its way to the webhook of {rule}.",
            "When it does not arrive, the origin's log says why, and so does the rule once it is suspended.",
        ]
    )


def moment_ms(text: str, now: datetime) -> int:
    """`+7d`, `2026-12-24` or `2026-12-24T18:00`, in UTC unless it says otherwise; raises CommandError."""
    try:
        if days := _DAYS_FROM_NOW.fullmatch(text):
            moment = now + timedelta(days=int(days[1]))
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as exc:
        raise CommandError(
            f"--as-of {text} is no time", "expected +7d, 2026-12-24 or 2026-12-24T18:00", "", ExitCode.USAGE
        ) from exc
    return int(moment.timestamp() * 1000)
