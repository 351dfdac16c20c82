"""The phases of a request in the order they run, and groups of them; names as Cloudflare spells them."""

from __future__ import annotations

from typing import Final

DYNAMIC_REDIRECT: Final = "http_request_dynamic_redirect"
URL_REWRITE: Final = "http_request_transform"
CONFIG_SETTINGS: Final = "http_config_settings"
ORIGIN: Final = "http_request_origin"
FIREWALL_CUSTOM: Final = "http_request_firewall_custom"
RATE_LIMIT: Final = "http_ratelimit"
FIREWALL_MANAGED: Final = "http_request_firewall_managed"
BULK_REDIRECT: Final = "http_request_redirect"
REQUEST_HEADERS: Final = "http_request_late_transform"
CACHE_SETTINGS: Final = "http_request_cache_settings"
SNIPPETS: Final = "http_request_snippets"
CLOUD_CONNECTOR: Final = "http_request_cloud_connector"
CACHE_RESPONSE: Final = "http_response_cache_settings"
CUSTOM_ERRORS: Final = "http_custom_errors"
RESPONSE_HEADERS: Final = "http_response_headers_transform"
COMPRESSION: Final = "http_response_compression"
RESPONSE_FIREWALL: Final = "http_response_firewall_managed"
LOG_FIELDS: Final = "http_log_custom_fields"

PHASES: Final = (
    DYNAMIC_REDIRECT,
    URL_REWRITE,
    CONFIG_SETTINGS,
    ORIGIN,
    FIREWALL_CUSTOM,
    RATE_LIMIT,
    FIREWALL_MANAGED,
    BULK_REDIRECT,
    REQUEST_HEADERS,
    CACHE_SETTINGS,
    SNIPPETS,
    CLOUD_CONNECTOR,
    CACHE_RESPONSE,
    CUSTOM_ERRORS,
    RESPONSE_HEADERS,
    COMPRESSION,
    RESPONSE_FIREWALL,
    LOG_FIELDS,
)

EVERYWHERE: Final = frozenset(PHASES)
TRANSFORM: Final = frozenset({URL_REWRITE, REQUEST_HEADERS, RESPONSE_HEADERS})
FIREWALL: Final = frozenset({FIREWALL_CUSTOM, RATE_LIMIT, FIREWALL_MANAGED})
RESPONSE_PHASES: Final = frozenset(PHASES[PHASES.index(CACHE_RESPONSE) :])

RULES_RUN_HERE: Final = (
    DYNAMIC_REDIRECT,
    URL_REWRITE,
    CONFIG_SETTINGS,
    ORIGIN,
    REQUEST_HEADERS,
    CACHE_SETTINGS,
    RESPONSE_HEADERS,
)
