"""`calotype costs`: what the site uses today against its caps, and what the month costs at list prices."""

from __future__ import annotations

import msgspec

from calotype.admin.client import AdminClient
from calotype.admin.errors import AdminError, Unauthorized, Unreachable
from calotype.admin.json import EdgeDay, Usage
from calotype.cli.caring import admin_of
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.http import http_client
from calotype.cli.output import print_json, print_lines, print_table
from calotype.cli.profiles import Profile
from calotype.costs.prices import price_list
from calotype.costs.report import CostReport, report
from calotype.costs.words import amount, cap, dollars, edge_sentence, size

NO_CONTROL = "this profile names no control plane; a CDN of others shows its figures in its own analytics"
NO_STATISTICS = "what is at {url} is no edge of ours; a CDN of others shows its figures in its own analytics"
API_PATH = "/client/v4"


def show_costs(profile: Profile, *, as_json: bool) -> None:
    usage = usage_of(profile)
    edge_days, unknown = edge_days_of(profile)
    told = report(usage, edge_days, price_list(), unknown)
    if as_json:
        print_json(msgspec.to_builtins(told))
        return
    print_use(told)
    print_edge(told)
    print_costs(told)


def usage_of(profile: Profile) -> Usage:
    """What the origin says; raises CommandError when it is none of ours, since only ours counts calls."""
    with admin_of(profile) as admin:
        try:
            return admin.usage()
        except (Unreachable, Unauthorized):
            raise
        except (AdminError, msgspec.MsgspecError) as exc:
            raise CommandError(
                f"What {profile.origin_url} was asked for cannot be known",
                "it is no calotype origin of this version, and others do not tell",
                "Backblaze shows its own count under Caps & Alerts, Amazon and Cloudflare in their billing pages",
                ExitCode.NOT_FOUND,
            ) from exc


def edge_days_of(profile: Profile) -> tuple[list[EdgeDay] | None, str]:
    """The edge's traffic by day; else None, and why nobody knows."""
    if profile.control_url is None:
        return None, NO_CONTROL
    url = profile.control_url.removesuffix(API_PATH)
    with AdminClient(url, f"Bearer {profile.control_token or ''}", http=http_client(url)) as edge:
        try:
            return edge.stats().days, ""
        except Unreachable as exc:
            return None, exc.message
        except (AdminError, msgspec.MsgspecError):
            return None, NO_STATISTICS.format(url=url)


def print_use(told: CostReport) -> None:
    print_lines([f"Used on {told.day}, UTC", ""])
    print_table(
        ("", "so far", "by midnight", "cap"),
        [
            (use.label, amount(use, use.used), amount(use, use.forecast) + (" !" if use.will_exceed else ""), cap(use))
            for use in told.use
        ],
    )
    print_lines(["", *(f"! {alert.text}" for alert in told.alerts), *([""] if told.alerts else [])])
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
