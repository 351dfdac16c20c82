"""The edge's control plane: the Cloudflare API over the edge's configuration.

A write is decided by a pure function on the configuration as it stands, saved durably as the next generation, and
answered when `on_change` has brought it to the workers. Writes go one after another; reads do not wait for them.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from calotype.cloudflare import answers, dns, operations, rulesets, settings, signing, zones
from calotype.cloudflare.errors import (
    AccessDenied,
    CloudflareError,
    InternalError,
    InvalidIdentifier,
    InvalidRequest,
    InvalidToken,
    MalformedCredentials,
    MalformedJson,
    MethodNotAllowed,
    MissingCredentials,
    NoRoute,
    NotImplementedCall,
    RequestTooLarge,
    Unavailable,
)
from calotype.cloudflare.json import error_response, to_response
from calotype.cloudflare.operations import Match, Operation, PurgeCache, VerifyToken
from calotype.cloudflare.outcome import Outcome, Stamp, zone_of
from calotype.cloudflare.purges import read_purge
from calotype.cloudflare.routes import not_implemented
from calotype.edge.configuration import Configuration, ConfigurationStore, PurgeRequest, ZoneConfiguration
from calotype.http.message import BodyTooLarge, Prepared, Request, Response, read_body
from calotype.http.percent import InvalidPercentEncoding, decode, parse_query

BASE_PATH: Final = "/client/v4"
MAX_BODY_BYTES: Final = 4 * 1024 * 1024  # 300 rules with the longest expressions and their parameters

Decide = Callable[[Configuration, Any, Stamp], Outcome]
OnChange = Callable[[Configuration], Awaitable[None]]
Purge = Callable[[ZoneConfiguration, PurgeRequest], Awaitable[int]]

_log = logging.getLogger(__name__)

_BEARER = re.compile(r"bearer +([!-~]+) *", re.IGNORECASE)
_AT_PATH = re.compile(r" - at `\$(.*)`$")
_IDENTIFIER = re.compile(r"[0-9a-f]{32}")
_IDENTIFIERS: Final = ("zone_id", "record_id", "ruleset_id", "rule_id")

_DECISIONS: Final[dict[type[Operation], Decide]] = {
    operations.VerifyToken: zones.verify_token,
    operations.ListZones: zones.list_zones,
    operations.CreateZone: zones.create_zone,
    operations.GetZone: zones.get_zone,
    operations.DeleteZone: zones.delete_zone,
    operations.ListDnsRecords: dns.list_records,
    operations.CreateDnsRecord: dns.create_record,
    operations.GetDnsRecord: dns.get_record,
    operations.UpdateDnsRecord: dns.update_record,
    operations.EditDnsRecord: dns.edit_record,
    operations.DeleteDnsRecord: dns.delete_record,
    operations.ListRulesets: rulesets.list_rulesets,
    operations.GetRuleset: rulesets.get_ruleset,
    operations.GetPhase: rulesets.get_phase,
    operations.UpdatePhase: rulesets.update_phase,
    operations.CreateRule: rulesets.create_rule,
    operations.EditRule: rulesets.edit_rule,
    operations.DeleteRule: rulesets.delete_rule,
    operations.ListSettings: settings.list_settings,
    operations.GetSetting: settings.get_setting,
    operations.EditSetting: settings.edit_setting,
    operations.GetOriginSigning: signing.get_signing,
    operations.PutOriginSigning: signing.put_signing,
    operations.DeleteOriginSigning: signing.delete_signing,
}


class CloudflareServer:
    """A handler for `serve`, below `/client/v4` and without it.

    `purge` makes the ban and returns its sequence number once every worker would refuse the entries. Both it and
    `on_change` raise OSError (a TimeoutError is one) when a worker cannot be reached.
    """

    def __init__(
        self,
        configuration_store: ConfigurationStore,
        *,
        token: str,
        on_change: OnChange,
        purge: Purge,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._store = configuration_store
        self._token = token.encode()
        self._on_change = on_change
        self._purge = purge
        self._now_ms = now_ms
        self._new_id = new_id
        self._writing = asyncio.Lock()
        self.configuration = configuration_store.load()

    def try_now(self, request: Request) -> Prepared | None:
        return None

    async def handle(self, request: Request) -> Response:
        """The answer, an error in the API's own envelope included."""
        try:
            match = self._match(request)
            return await self._answer(await _operation(match, request))
        except CloudflareError as error:
            return error_response(error)

    def _match(self, request: Request) -> Match:
        """The call that is meant, for a caller who may make it: a stranger does not learn which calls there are."""
        path = _api_path(request)
        match = operations.match(request.method, path)
        verifies = match is not None and match.operation is VerifyToken
        self._authenticate(request, wrong_token=InvalidToken if verifies else AccessDenied)
        if match is None or (match.path_fields and not_implemented(request.method, path)):
            raise _no_such_call(request.method, path)
        for name in _IDENTIFIERS:
            if name in match.path_fields and not _IDENTIFIER.fullmatch(match.path_fields[name]):
                raise InvalidIdentifier(f"Could not route to {path}, perhaps your object identifier is invalid?")
        return match

    def _authenticate(self, request: Request, *, wrong_token: type[CloudflareError]) -> None:
        header = request.headers.get("authorization")
        if header is None:
            raise MissingCredentials("Missing Authorization header: send `Authorization: Bearer <token>`")
        bearer = _BEARER.fullmatch(header)
        if bearer is None:
            raise MalformedCredentials("Invalid format for Authorization header: expected `Bearer <token>`")
        if not hmac.compare_digest(bearer.group(1).encode("latin-1"), self._token):
            raise wrong_token("Invalid API Token" if wrong_token is InvalidToken else "Invalid access token")

    async def _answer(self, operation: Operation) -> Response:
        if isinstance(operation, PurgeCache):
            return await self._answer_purge(operation)
        decide = _DECISIONS[type(operation)]
        if not operation.is_write:
            return _rendered(decide(self.configuration, operation, self._stamp()))
        async with self._writing:
            outcome = decide(self.configuration, operation, self._stamp())
            if outcome.configuration is not self.configuration:
                await self._change(outcome.configuration)
        return _rendered(outcome)

    async def _change(self, configuration: Configuration) -> None:
        try:
            self.configuration = await asyncio.to_thread(self._store.save, configuration)
        except OSError as error:
            _log.error("cannot save the configuration: %s", error)
            raise InternalError(f"the configuration could not be saved and nothing was changed: {error}") from error
        try:
            await self._on_change(self.configuration)
        except OSError as error:
            generation = self.configuration.generation
            raise Unavailable(f"saved as generation {generation}, but a worker has not taken it: {error}") from error

    async def _answer_purge(self, operation: PurgeCache) -> Response:
        zone = zone_of(self.configuration, operation.zone_id)
        purge = read_purge(zone, operation)
        try:
            ban = await self._purge(zone, purge)
        except OSError as error:
            raise Unavailable(f"the purge was not confirmed by every worker: {error}") from error
        return to_response(answers.Purged(id=zone.id, calotype=answers.PurgeFlags(ban=ban)))

    def _stamp(self) -> Stamp:
        return Stamp(self._now_ms(), self._new_id)


def _rendered(outcome: Outcome) -> Response:
    return to_response(outcome.result, info=outcome.info, messages=outcome.messages)


def _api_path(request: Request) -> str:
    """The decoded path below the API's base."""
    try:
        path = decode(request.path, strict=True).decode("utf-8")
    except (InvalidPercentEncoding, UnicodeDecodeError) as error:
        raise NoRoute("No route for that URI: its percent-encoding is wrong") from error
    return path.removeprefix(BASE_PATH) if path.startswith(BASE_PATH + "/") else path


def _no_such_call(method: str, path: str) -> CloudflareError:
    name = not_implemented(method, path)
    if name is not None:
        return NotImplementedCall(f"{method} {path} ({name}) is not implemented on this edge")
    methods = operations.methods_of(path)
    if methods:
        return MethodNotAllowed(f"Method {method} is not available here, only {', '.join(methods)}")
    return NoRoute("No route for that URI")


async def _operation(match: Match, request: Request) -> Operation:
    """The call with its parameters; raises InvalidRequest, MalformedJson or RequestTooLarge."""
    content = await _content(request) if request.method in ("POST", "PUT", "PATCH") else b""
    try:
        body = msgspec.json.decode(content) if content else None
        return operations.parse(match, parse_query(request.query or ""), body)
    except msgspec.ValidationError as error:
        raise _invalid_request(error) from error
    except msgspec.DecodeError as error:
        raise MalformedJson(f"Malformed JSON in request body: {error}") from error
    except RecursionError as error:
        raise MalformedJson("Malformed JSON in request body: it is nested too deeply") from error


async def _content(request: Request) -> bytes:
    try:
        return await read_body(request.body, MAX_BODY_BYTES)
    except BodyTooLarge as error:
        raise RequestTooLarge(f"a request may have at most {MAX_BODY_BYTES} bytes") from error


def _invalid_request(error: msgspec.ValidationError) -> InvalidRequest:
    """msgspec's message, with its path (`$.rules[0].action`) as a JSON pointer."""
    text = str(error)
    found = _AT_PATH.search(text)
    if found is None:
        return InvalidRequest(f"Invalid request: {text}")
    pointer = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", found.group(1)).replace(".", "/")
    return InvalidRequest(f"Invalid request: {text[: found.start()]}", pointer=pointer)
