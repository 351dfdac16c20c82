"""Asking for figures that only our own origin and edge keep, and the words for when it is somebody else's.

On the real clouds nobody answers the admin API: Backblaze, Amazon and Cloudflare tell their own count elsewhere.
"""

from __future__ import annotations

import httpx
import msgspec

from calotype.admin.client import AdminClient
from calotype.admin.errors import AdminError, Unauthorized, Unreachable
from calotype.admin.json import AccountEntry, EdgeDay, Usage

NO_CONTROL_PLANE = "no control plane is named here; a CDN of others shows its figures in its own analytics"
NO_EDGE = "what answers at {url} is no edge of ours; a CDN of others shows its figures in its own analytics"
NO_ORIGIN = "it is no calotype origin of this version, and others do not tell"
ELSEWHERE = "Backblaze shows its own count under Caps & Alerts, Amazon and Cloudflare in their billing pages"
CLOUDFLARE_PATH = "/client/v4"  # where a control plane's Cloudflare API begins


class CannotTell(AdminError):
    """What answers is not ours, or too old."""

    status, code = 0, "cannot_tell"

    def __init__(self) -> None:
        super().__init__(NO_ORIGIN)


def known_usage(origin: AdminClient, account_id: str | None = None) -> Usage:
    """What the origin counts; raises CannotTell, Unauthorized, Unreachable. Nobody else is shown the key."""
    try:
        require_program(origin, "origin")
        return origin.usage(account_id)
    except (Unreachable, Unauthorized):
        raise
    except (AdminError, msgspec.MsgspecError) as exc:
        raise CannotTell from exc


def known_accounts(origin: AdminClient) -> list[AccountEntry]:
    """The accounts, the oldest first; none where the key is not the first account's, or nobody of ours answers."""
    try:
        require_program(origin, "origin")
        return origin.accounts()
    except Unreachable:
        raise
    except (AdminError, msgspec.MsgspecError):
        return []


def require_program(client: AdminClient, program: str) -> None:
    """Raises CannotTell unless that program of ours is there; its health is told without a credential."""
    if client.health().program != program:
        raise CannotTell


def known_edge_days(
    control_url: str | None, token: str | None, *, http: httpx.Client | None = None
) -> tuple[list[EdgeDay] | None, str]:
    """The edge's traffic by day; else None, and why nobody knows. `control_url` is that of its Cloudflare API."""
    if control_url is None:
        return None, NO_CONTROL_PLANE
    url = control_url.removesuffix(CLOUDFLARE_PATH)
    with AdminClient(url, f"Bearer {token or ''}", http=http) as edge:
        try:
            require_program(edge, "edge")
            return edge.stats().days, ""
        except Unreachable as exc:
            return None, exc.message
        except (AdminError, msgspec.MsgspecError):
            return None, NO_EDGE.format(url=url)
