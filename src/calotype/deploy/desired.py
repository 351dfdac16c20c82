"""What a site needs: its bucket, its key, its zone with one record, and the default rules of a picture site.

The rules are what people set up by hand when they put Cloudflare before a B2 bucket (edge.md §10), each under a
`ref` of ours.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from calotype.deploy.objects import OWN_PREFIX, Content, Kind, ObjectName, Objects
from calotype.http.content_types import SANDBOX
from calotype.rules import phases
from calotype.site.settings import Site, reachable_host

CATCH_ALL_ZONE = "calotype.internal"  # .internal is set aside for private use, so nobody's domain
SITE_KEY = f"{OWN_PREFIX}site"
EDGE_KEY = f"{OWN_PREFIX}edge"
REGION = "us-east-1"  # what S3 clients sign for when nothing is said

SITE_KEY_CAPABILITIES = (
    "deleteFiles",
    "listBuckets",
    "listFiles",
    "readBuckets",
    "readFiles",
    "shareFiles",
    "writeFiles",
)
EDGE_KEY_CAPABILITIES = ("listFiles", "readFiles")  # who may not list is told 403 for what is not there, not 404

_NO_STORE = -1

# Types that only show or play. Written out, since an expression cannot ask for "a raster image".
INERT_TYPES = (
    *("image/apng", "image/avif", "image/bmp", "image/gif", "image/heic", "image/heif", "image/jpeg", "image/jxl"),
    *("image/png", "image/tiff", "image/vnd.adobe.photoshop", "image/vnd.microsoft.icon", "image/webp"),
    *("image/x-adobe-dng", "image/x-canon-cr2", "image/x-icon", "image/x-nikon-nef", "image/x-sony-arw"),
    *("image/x-ms-bmp", "image/jpg", "text/plain"),
)
_ORIGIN_HEADERS = ("x-bz-*", "x-amz-*")


def desired_objects(site: Site) -> Objects:
    """Every object that the site needs, with the contents that matter to it."""
    objects = {
        ObjectName(Kind.BUCKET, site.bucket): _bucket(site),
        ObjectName(Kind.KEY, SITE_KEY, site.bucket): {"capabilities": list(SITE_KEY_CAPABILITIES)},
        ObjectName(Kind.ZONE, zone_name(site)): {"catch_all": not site.domain},
        _record_name(site): {"content": _origin_host(site), "proxied": True},
        ObjectName(Kind.SETTING, "ssl"): {"value": "flexible"},  # our origin speaks plain HTTP behind the edge
        ObjectName(Kind.SETTING, "browser_cache_ttl"): {"value": 0},  # the cache rule decides alone
    }
    if site.is_private:
        objects[ObjectName(Kind.SIGNING, EDGE_KEY)] = _signing(site)
    return objects | {ObjectName(Kind.RULE, ref, phase): rule for phase, ref, rule in _rules(site)}


def zone_name(site: Site) -> str:
    """The zone that answers for the site; without a domain it answers for every host that no other zone knows."""
    return site.domain or CATCH_ALL_ZONE


def _bucket(site: Site) -> Content:
    return {
        "type": "allPrivate" if site.is_private else "allPublic",
        "info.cache-control": f"public, max-age={site.browser_ttl_s}",
    }


def _origin_host(site: Site) -> str:
    return reachable_host(site.listen.origin).strip("[]")


def _record_name(site: Site) -> ObjectName:
    try:
        address = ipaddress.ip_address(_origin_host(site))
    except ValueError:
        return ObjectName(Kind.RECORD, zone_name(site), "CNAME")
    return ObjectName(Kind.RECORD, zone_name(site), "A" if address.version == 4 else "AAAA")


def _signing(site: Site) -> Content:
    return {
        "endpoint": f"{reachable_host(site.listen.origin)}:{site.listen.origin.port}",
        "bucket": site.bucket,
        "region": REGION,
        "key": EDGE_KEY,
    }


def _rules(site: Site) -> list[tuple[str, str, Content]]:
    """(phase, ref, rule) in the order in which they stand in their phases."""
    here = f'http.host eq "{site.domain}"' if site.domain else "true"
    rewrite = [] if site.is_private else [(phases.URL_REWRITE, *_path_rule(site, here))]
    return [
        *rewrite,
        (phases.ORIGIN, *_port_rule(site, here)),
        (phases.CACHE_SETTINGS, *_cache_rule(site, here)),
        (phases.RESPONSE_HEADERS, *_clean_up_rule(here)),
        (phases.RESPONSE_HEADERS, *_cors_rule(here)),
        (phases.RESPONSE_HEADERS, *_nosniff_rule(here)),
        (phases.RESPONSE_HEADERS, *_sandbox_rule(here)),
    ]


def _rule(name: str, description: str, expression: str, action: str, parameters: dict[str, Any]) -> tuple[str, Content]:
    content = {
        "description": description,
        "expression": expression,
        "action": action,
        "action_parameters": parameters,
        "enabled": True,
    }
    return f"{OWN_PREFIX}{name}", content


def _path_rule(site: Site, here: str) -> tuple[str, Content]:
    """Always prepends, also to a path that begins with /file/: one object then has one address and one cache key."""
    path = f'concat("/file/{site.bucket}", http.request.uri.path)'
    return _rule("path", "Pictures stand at the site's root", here, "rewrite", {"uri": {"path": {"expression": path}}})


def _port_rule(site: Site, here: str) -> tuple[str, Content]:
    return _rule("port", "The origin's port", here, "route", {"origin": {"port": site.listen.origin.port}})


def _cache_rule(site: Site, here: str) -> tuple[str, Content]:
    edge_ttl = {
        "mode": "override_origin",
        "default": site.edge_ttl_s,
        "status_code_ttl": [
            {"status_code_range": {"from": 400, "to": 499}, "value": _NO_STORE},
            {"status_code": 404, "value": site.not_found_ttl_s},
            {"status_code": 410, "value": site.not_found_ttl_s},
            {"status_code_range": {"from": 500, "to": 599}, "value": _NO_STORE},
        ],
    }
    parameters = {
        "cache": True,
        "edge_ttl": edge_ttl,
        "browser_ttl": {"mode": "override_origin", "default": site.browser_ttl_s},
        # one entry for each picture: neither ?x=1 nor the page that shows it makes another
        "cache_key": {"custom_key": {"query_string": {"exclude": {"all": True}}, "header": {"exclude_origin": True}}},
    }
    return _rule("cache", "Cache everything", here, "set_cache_settings", parameters)


def _clean_up_rule(here: str) -> tuple[str, Content]:
    removed = {name: {"operation": "remove"} for name in _ORIGIN_HEADERS}
    return _rule("clean-up", "Headers of the origin that viewers need not see", here, "rewrite", {"headers": removed})


def _cors_rule(here: str) -> tuple[str, Content]:
    pictures = 'starts_with(http.response.content_type.media_type, "image/")'
    headers = {"access-control-allow-origin": {"operation": "set", "value": "*"}}
    return _rule("cors", "Any page may read the pictures", _both(here, pictures), "rewrite", {"headers": headers})


def _nosniff_rule(here: str) -> tuple[str, Content]:
    headers = {"x-content-type-options": {"operation": "set", "value": "nosniff"}}
    return _rule("nosniff", "Browsers must not guess types", here, "rewrite", {"headers": headers})


def _sandbox_rule(here: str) -> tuple[str, Content]:
    media_type = "http.response.content_type.media_type"
    inert = " ".join(f'"{each}"' for each in INERT_TYPES)
    active = (
        f"not ({media_type} in {{{inert}}}"
        f' or starts_with({media_type}, "audio/") or starts_with({media_type}, "video/"))'
    )
    name, policy = SANDBOX
    headers = {name: {"operation": "set", "value": policy}}
    return _rule(
        "sandbox", "What could run scripts runs in a sandbox", _both(here, active), "rewrite", {"headers": headers}
    )


def _both(here: str, condition: str) -> str:
    return condition if here == "true" else f"{here} and {condition}"
