"""`calotype costs`: what the site uses today against its caps, and what the month costs at list prices."""

from __future__ import annotations

import msgspec

from calotype.admin.asking import ELSEWHERE, CannotTell, known_accounts, known_edge_days, known_usage
from calotype.admin.json import AccountEntry, EdgeDay
from calotype.cli.accounts import account_among
from calotype.cli.caring import admin_of
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.http import http_client
from calotype.cli.output import print_json, print_lines, print_table
from calotype.cli.profiles import Profile
from calotype.costs.prices import PriceList, price_list
from calotype.costs.report import CostReport, report
from calotype.costs.words import amount, cap, dollars, edge_sentence, size

NOT_OF_THE_EDGE = "it hands out what the site's own account keeps"


def show_costs(profile: Profile, account: str | None, *, as_json: bool) -> None:
    """Prints all that can be known of the profile's account, or of the one that is named.

    Raises CommandError when the origin is none of ours, or has no such account.
    """
    with admin_of(profile) as origin:
        accounts = known_accounts(origin)
        asked = None if account is None else _account_asked(accounts, account, profile)
        try:
            usage = known_usage(origin, None if asked is None else asked.account_id)
        except CannotTell as exc:
            what = f"What {profile.origin_url} was asked for cannot be known"
            raise CommandError(what, exc.message, ELSEWHERE, ExitCode.NOT_FOUND) from exc
    told = report(usage, *_edge_days(profile, is_of_site=asked is None or asked == accounts[0]))
    if as_json:
        print_json(msgspec.to_builtins(told))
        return
    print_use(told, "" if asked is None else f" by {asked.display_name}")
    print_edge(told)
    print_costs(told)
    if asked is None and len(accounts) > 1:
        others = ", ".join(each.display_name for each in accounts[1:])
        print_lines([f"This is {accounts[0].display_name}'s use. --account shows another's: {others}."])


def _account_asked(accounts: list[AccountEntry], text: str, profile: Profile) -> AccountEntry:
    if not accounts:
        raise CommandError(
            f"The use of {text} is not told to the key {profile.key_id}",
            "only the first account's owner may ask for another account's",
            "",
            ExitCode.REFUSED,
        )
    return account_among(accounts, text)


def _edge_days(profile: Profile, *, is_of_site: bool) -> tuple[list[EdgeDay] | None, PriceList, str]:
    if not is_of_site:
        return None, price_list(), NOT_OF_THE_EDGE
    http = None if profile.control_url is None else http_client(profile.control_url)
    edge_days, unknown = known_edge_days(profile.control_url, profile.control_token, http=http)
    return edge_days, price_list(), unknown


def print_use(told: CostReport, by: str) -> None:
    print_lines([f"Used{by} on {told.day}, UTC", ""])
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
