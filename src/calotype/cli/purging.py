"""Purges of what a command removed, where the profile reaches the edge's control plane."""

from __future__ import annotations

from collections.abc import Sequence

from calotype.cli.clients import edge_of
from calotype.cli.profiles import Profile
from calotype.deploy.desired import CATCH_ALL_ZONE
from calotype.http.percent import encode_path

MOST_AT_ONCE = 100  # URLs in one call


def purge_keys(profile: Profile, keys: Sequence[str]) -> None:
    """Comes back when the edge has forgotten the objects.

    A profile without a control plane leaves it to the origin, which tells its edges of every change by itself.
    """
    if not keys or profile.control_url is None:
        return
    zone_name = profile.zone or CATCH_ALL_ZONE
    urls = [f"http://{zone_name}/{encode_path(key.encode())}" for key in keys]
    with edge_of(profile) as edge:
        zone = edge.zone_named(zone_name)
        if zone is None:
            return
        for start in range(0, len(urls), MOST_AT_ONCE):
            edge.purge(zone.id, files=urls[start : start + MOST_AT_ONCE])
