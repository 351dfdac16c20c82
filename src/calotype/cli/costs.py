"""`calotype costs`: what the site uses today against its caps, and what the month costs at list prices."""

from __future__ import annotations

import msgspec

from calotype.admin.asking import ELSEWHERE, CannotTell, known_edge_days, known_usage
from calotype.cli.caring import admin_of
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.http import http_client
from calotype.cli.output import print_json, print_lines, print_table
from calotype.cli.profiles import Profile
from calotype.costs.prices import price_list
from calotype.costs.report import CostReport, report
from calotype.costs.words import amount, cap, dollars, edge_sentence, size


def show_costs(profile: Profile, *, as_json: bool) -> None:
    """Prints all that can be known; raises CommandError when the origin is none of ours."""
    with admin_of(profile) as origin:
        try:
            usage = known_usage(origin)
        except CannotTell as exc:
            what = f"What {profile.origin_url} was asked for cannot be known"
            raise CommandError(what, exc.message, ELSEWHERE, ExitCode.NOT_FOUND) from exc
    http = None if profile.control_url is None else http_client(profile.control_url)
    edge_days, unknown = known_edge_days(profile.control_url, profile.control_token, http=http)
    told = report(usage, edge_days, price_list(), unknown)
    if as_json:
        print_json(msgspec.to_builtins(told))
        return
    print_use(told)
    print_edge(told)
    print_costs(told)


def print_use(told: CostReport) -> None:
    print_lines([f"Used on {told.day}, UTC", ""])
    print_table(
        ("", "so far", "by midnight", "cap"),
        [
            (use.label, amount(use, use.used), amount(use, use.forecast) + (" !" if use.will_exceed else ""), cap(use))
            for use in told.use
        ],
    )
    if any(use.will_exceed for use in told.use):
        print_lines(["", "! more than the cap, when the day goes on as it began"])
    print_lines(["", *(alert.text for alert in told.alerts), *([""] if told.alerts else [])])
    print_table(
        ("Bucket", "stored", "class A", "class B", "class C", "in", "out"),
        [
            (
                line.bucket or "(none)",
                size(line.stored_bytes),
                f"{line.class_a:,}",
                f"{line.class_b:,}",
                f"{line.class_c:,}",
                size(line.bytes_in),
                size(line.bytes_out),
            )
            for line in told.buckets
        ],
    )


def print_edge(told: CostReport) -> None:
    if told.edge_unknown is not None:
        print_lines(["", f"What the edge's cache saves is not known: {told.edge_unknown}."])
    if told.edge_today is not None:
        print_lines(["", f"Today: {edge_sentence(told.edge_today)}"])


def print_costs(told: CostReport) -> None:
    counted = f"{told.days_counted} of {told.days} days counted, the others taken to be like them"
    print_lines(["", f"The month {told.month} at list prices of {told.prices_checked}, in US dollars ({counted})", ""])
    print_table(
        ("Store", "CDN", "storage", "calls", "first mile", "to viewers", "total", "saved by the cache"),
        [
            (
                line.provider,
                line.cdn,
                dollars(line.storage),
                dollars(line.calls),
                dollars(line.first_mile),
                dollars(line.to_viewers),
                dollars(line.total),
                "" if line.saved is None else dollars(line.saved),
            )
            for line in told.costs
        ],
    )
    print_lines(["", *told.notes, "What a CDN charges itself, and tax, are not counted."])
