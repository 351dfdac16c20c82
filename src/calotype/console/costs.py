"""The page on use and costs, and the alerts that stand on every page until the day is over."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import httpx
from starlette.requests import Request
from starlette.responses import Response

from calotype.admin.asking import ELSEWHERE, CannotTell, known_edge_days, known_usage
from calotype.admin.client import AdminClient
from calotype.admin.errors import AdminError
from calotype.auth.basic import basic_authorization
from calotype.console.pages import Pages
from calotype.console.settings import ConsoleSettings
from calotype.costs import words
from calotype.costs.prices import price_list
from calotype.costs.report import AlertLine, CostReport, alert_lines, report

# A page with pictures waits for the alerts, so they are asked for now and then only.
ALERTS_KEPT_S = 30.0
# Where no origin of ours answers, none will a minute later.
NONE_KEPT_S = 600.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why there is no report, and where else to look."""

    reason: str
    hint: str


class Costs:
    def __init__(self, pages: Pages, settings: ConsoleSettings) -> None:
        self._pages = pages
        self._settings = settings
        self._alerts: list[AlertLine] = []
        self._asked_again_at = 0.0

    async def show(self, request: Request) -> Response:
        told = await asyncio.to_thread(self._report)
        return self._pages.render(
            request,
            "costs.html",
            200 if isinstance(told, CostReport) else 502,
            told=told if isinstance(told, CostReport) else None,
            unknown=told if isinstance(told, Unknown) else None,
            words=words,
        )

    async def alerts(self) -> list[AlertLine]:
        """Today's, as of the last half minute; none where nobody can tell."""
        now = time.monotonic()
        if now >= self._asked_again_at:
            self._asked_again_at = now + ALERTS_KEPT_S
            self._alerts = await asyncio.to_thread(self._ask_alerts)
        return self._alerts

    def _ask_alerts(self) -> list[AlertLine]:
        try:
            with self._origin() as origin:
                return alert_lines(known_usage(origin))
        except CannotTell:
            self._asked_again_at = time.monotonic() + NONE_KEPT_S
        except AdminError:
            pass  # the pictures say what is wrong
        return []

    def _report(self) -> CostReport | Unknown:
        settings = self._settings
        try:
            with self._origin() as origin:
                usage = known_usage(origin)
        except CannotTell as exc:
            return Unknown(f"{settings.s3_endpoint} does not tell what is used: {exc.message}.", f"{ELSEWHERE}.")
        except AdminError as exc:
            return Unknown(f"{exc.message}.", "Try again once the origin runs.")
        edge_days, unknown = known_edge_days(
            settings.control_url, settings.control_token, http=httpx.Client(trust_env=False)
        )
        return report(usage, edge_days, price_list(), unknown)

    def _origin(self) -> AdminClient:
        authorization = basic_authorization(self._settings.key_id, self._settings.application_key)
        return AdminClient(self._settings.s3_endpoint, authorization, http=httpx.Client(trust_env=False))
