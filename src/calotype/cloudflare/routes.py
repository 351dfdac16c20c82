"""The calls of Cloudflare's API that this edge knows of and does not have: they answer 501 with their names."""

from __future__ import annotations

from typing import Final

from calotype.cloudflare.operations import path_pattern

_ALL: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

NOT_IMPLEMENTED: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("/accounts", _ALL, "accounts"),
    ("/accounts/{account_id}", _ALL, "accounts"),
    ("/accounts/{account_id}/rulesets", _ALL, "account rulesets"),
    ("/accounts/{account_id}/rules/lists", _ALL, "lists"),
    ("/accounts/{account_id}/workers/domains", _ALL, "Workers custom domains"),
    ("/accounts/{account_id}/workers/scripts", _ALL, "Workers scripts"),
    ("/accounts/{account_id}/workers/scripts/{name}", _ALL, "Workers scripts"),
    ("/accounts/{account_id}/workers/scripts/{name}/secrets", _ALL, "Workers secrets"),
    ("/accounts/{account_id}/workers/scripts/{name}/subdomain", _ALL, "Workers subdomain"),
    ("/user", _ALL, "user"),
    ("/user/tokens", _ALL, "tokens"),
    ("/zones/{zone_id}", ("PATCH",), "edit zone"),
    ("/zones/{zone_id}/activation_check", _ALL, "zone activation check"),
    ("/zones/{zone_id}/argo/smart_routing", _ALL, "Argo smart routing"),
    ("/zones/{zone_id}/argo/tiered_caching", _ALL, "tiered caching"),
    ("/zones/{zone_id}/cache/cache_reserve", _ALL, "Cache Reserve"),
    ("/zones/{zone_id}/cache/regional_tiered_cache", _ALL, "regional tiered cache"),
    ("/zones/{zone_id}/cache/tiered_cache_smart_topology_enable", _ALL, "smart tiered cache"),
    ("/zones/{zone_id}/cache/variants", _ALL, "Vary for images"),
    ("/zones/{zone_id}/dns_records/batch", _ALL, "DNS record batch"),
    ("/zones/{zone_id}/dns_records/export", _ALL, "DNS record export"),
    ("/zones/{zone_id}/dns_records/import", _ALL, "DNS record import"),
    ("/zones/{zone_id}/invalidate_cache", _ALL, "invalidate cache"),
    ("/zones/{zone_id}/managed_headers", _ALL, "Managed Transforms"),
    ("/zones/{zone_id}/pagerules", _ALL, "Page Rules"),
    ("/zones/{zone_id}/pagerules/{pagerule_id}", _ALL, "Page Rules"),
    ("/zones/{zone_id}/rulesets", ("POST",), "create ruleset"),
    ("/zones/{zone_id}/rulesets/{ruleset_id}", ("PUT", "DELETE"), "update or delete ruleset"),
    ("/zones/{zone_id}/rulesets/{ruleset_id}/versions", _ALL, "ruleset versions"),
    ("/zones/{zone_id}/rulesets/phases/{phase}/entrypoint/versions", _ALL, "ruleset versions"),
    ("/zones/{zone_id}/settings", ("PATCH",), "edit several settings"),
    ("/zones/{zone_id}/snippets", _ALL, "Snippets"),
    ("/zones/{zone_id}/ssl/universal/settings", _ALL, "Universal SSL"),
    ("/zones/{zone_id}/url_normalization", _ALL, "URL normalization"),
    ("/zones/{zone_id}/workers/routes", _ALL, "Workers routes"),
    ("/zones/{zone_id}/workers/routes/{route_id}", _ALL, "Workers routes"),
)

_PATTERNS: Final = tuple((path_pattern(path), methods, name) for path, methods, name in NOT_IMPLEMENTED)


def not_implemented(method: str, path: str) -> str | None:
    """The name of the call that Cloudflare has here and this edge has not; None when it is none of those."""
    for pattern, methods, name in _PATTERNS:
        if method in methods and pattern.fullmatch(path):
            return name
    return None
