"""A client of the Cloudflare API, for our edge's control plane and for Cloudflare itself.

It speaks in the same operations and answers as the server. Calls are never repeated: a caller that wants to try
again knows better whether it may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import httpx
import msgspec
from msgspec import UNSET, UnsetType

from calotype.api_client import ApiClient
from calotype.cloudflare import answers
from calotype.cloudflare.errors import CloudflareError, NoOriginSigning, NoSuchRuleset
from calotype.cloudflare.json import Envelope, ResultInfo, read_answer
from calotype.cloudflare.operations import (
    CreateDnsRecord,
    CreateZone,
    DeleteDnsRecord,
    DeleteOriginSigning,
    DeleteZone,
    EditDnsRecord,
    EditSetting,
    FileWithHeaders,
    GetOriginSigning,
    GetPhase,
    GetSetting,
    GetZone,
    ListDnsRecords,
    ListRulesets,
    ListSettings,
    ListZones,
    Operation,
    PurgeCache,
    PutOriginSigning,
    RuleBody,
    UpdatePhase,
    VerifyToken,
    ZoneExtension,
    to_wire,
)

CLOUDFLARE: Final = "https://api.cloudflare.com/client/v4"
TIMEOUT_S: Final = 60.0

T = TypeVar("T")


class CannotReach(Exception):
    """No answer came: refused, timed out, or broken off. Whether a write was done is not known."""


class CloudflareClient(ApiClient):
    """The calls a site needs. `base_url` is the API's, such as `http://127.0.0.1:8002/client/v4`."""

    def __init__(
        self,
        token: str,
        *,
        base_url: str = CLOUDFLARE,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = httpx.Client(
            headers={"authorization": f"Bearer {token}", "accept": "application/json"},
            timeout=timeout_s,
            transport=transport,
            trust_env=False,
        )

    # Any call

    def send(self, operation: Operation) -> Envelope:
        """The answer's envelope; raises CloudflareError as the API told it, or CannotReach."""
        wire = to_wire(operation)
        headers = {} if wire.body is None else {"content-type": "application/json"}
        try:
            response = self._http.request(wire.method, self._base_url + wire.target, content=wire.body, headers=headers)
        except httpx.HTTPError as error:
            raise CannotReach(f"{self._base_url}: {str(error) or type(error).__name__}") from error
        return read_answer(response.status_code, response.content)

    def result(self, operation: Operation, type_: type[T]) -> T:
        """The answer's result as a value."""
        return _converted(self.send(operation).result, type_)

    def pages(self, operation: ListZones | ListDnsRecords, type_: type[T]) -> Iterator[T]:
        """The items of every page, asking for the next one when it is needed."""
        while True:
            envelope = self.send(operation)
            yield from _converted(envelope.result, list[type_])  # type: ignore[valid-type]
            if not _has_more(envelope.result_info, operation.page):
                return
            operation = msgspec.structs.replace(operation, page=operation.page + 1)

    def verify_token(self) -> answers.Token:
        return self.result(VerifyToken(), answers.Token)

    # Zones

    def zones(self, *, name: str | UnsetType = UNSET) -> list[answers.Zone]:
        return list(self.pages(ListZones(name=name, per_page=50), answers.Zone))

    def zone_named(self, name: str) -> answers.Zone | None:
        return next(iter(self.zones(name=name)), None)

    def zone(self, zone_id: str) -> answers.Zone:
        return self.result(GetZone(zone_id=zone_id), answers.Zone)

    def create_zone(self, name: str, *, account_id: str | None = None, catch_all: bool = False) -> answers.Zone:
        """`account_id` is for Cloudflare, which asks for it; `catch_all` is for our edge."""
        account: Any = UNSET if account_id is None else {"id": account_id}
        extension = ZoneExtension(catch_all=True) if catch_all else UNSET
        return self.result(CreateZone(name=name, account=account, calotype=extension), answers.Zone)

    def delete_zone(self, zone_id: str) -> None:
        self.send(DeleteZone(zone_id=zone_id))

    # DNS records

    def dns_records(
        self, zone_id: str, *, type: str | UnsetType = UNSET, name: str | UnsetType = UNSET
    ) -> list[answers.DnsRecord]:
        operation = ListDnsRecords(zone_id=zone_id, type=type, name_exact=name)
        return list(self.pages(operation, answers.DnsRecord))

    def create_dns_record(
        self,
        zone_id: str,
        *,
        type: str,
        name: str,
        content: str,
        proxied: bool = True,
        ttl: int = 1,
        comment: str | None = None,
    ) -> answers.DnsRecord:
        operation = CreateDnsRecord(
            zone_id=zone_id, type=type, name=name, content=content, proxied=proxied, ttl=ttl, comment=comment
        )
        return self.result(operation, answers.DnsRecord)

    def edit_dns_record(self, zone_id: str, record_id: str, **changes: Any) -> answers.DnsRecord:
        """Changes `type`, `name`, `content`, `proxied`, `ttl` or `comment`, and leaves what is not given."""
        operation = EditDnsRecord(zone_id=zone_id, record_id=record_id, **changes)
        return self.result(operation, answers.DnsRecord)

    def delete_dns_record(self, zone_id: str, record_id: str) -> None:
        self.send(DeleteDnsRecord(zone_id=zone_id, record_id=record_id))

    # Rules

    def rulesets(self, zone_id: str) -> list[answers.Ruleset]:
        return self.result(ListRulesets(zone_id=zone_id), list[answers.Ruleset])

    def phase(self, zone_id: str, phase: str) -> answers.Ruleset | None:
        """The phase's entry point with its rules; None when the phase has none yet."""
        try:
            return self.result(GetPhase(zone_id=zone_id, phase=phase), answers.Ruleset)
        except NoSuchRuleset:
            return None
        except CloudflareError as error:
            if error.status == 404 and error.code not in (1001, 7000, 7003):
                return None
            raise

    def update_phase(
        self, zone_id: str, phase: str, rules: Sequence[RuleBody], *, description: str | UnsetType = UNSET
    ) -> answers.Ruleset:
        """Replaces all rules of the phase."""
        operation = UpdatePhase(zone_id=zone_id, phase=phase, rules=list(rules), description=description)
        return self.result(operation, answers.Ruleset)

    # Settings

    def settings(self, zone_id: str) -> dict[str, Any]:
        """The value of every setting by its name."""
        listed = self.result(ListSettings(zone_id=zone_id), list[answers.Setting])
        return {setting.id: setting.value for setting in listed}

    def setting(self, zone_id: str, name: str) -> answers.Setting:
        return self.result(GetSetting(zone_id=zone_id, setting_id=name), answers.Setting)

    def edit_setting(self, zone_id: str, name: str, value: Any) -> answers.Setting:
        return self.result(EditSetting(zone_id=zone_id, setting_id=name, value=value), answers.Setting)

    # Purge

    def purge_everything(self, zone_id: str) -> answers.Purged:
        return self.result(PurgeCache(zone_id=zone_id, purge_everything=True), answers.Purged)

    def purge(
        self,
        zone_id: str,
        *,
        files: Sequence[str | FileWithHeaders] = (),
        prefixes: Sequence[str] = (),
        hosts: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> answers.Purged:
        """Forgets the given kinds; on return every worker of our edge refuses the entries."""
        operation = PurgeCache(
            zone_id=zone_id,
            files=list(files) or UNSET,
            prefixes=list(prefixes) or UNSET,
            hosts=list(hosts) or UNSET,
            tags=list(tags) or UNSET,
        )
        return self.result(operation, answers.Purged)

    # Ours

    def origin_signing(self, zone_id: str) -> answers.OriginSigning | None:
        try:
            return self.result(GetOriginSigning(zone_id=zone_id), answers.OriginSigning)
        except NoOriginSigning:
            return None

    def put_origin_signing(
        self,
        zone_id: str,
        *,
        endpoint: str,
        bucket: str,
        key_id: str,
        application_key: str | UnsetType = UNSET,
        region: str = "us-east-1",
        path_style: bool = True,
    ) -> answers.OriginSigning:
        """`endpoint` is `host:port`; without `application_key` the one known for this `key_id` stays."""
        operation = PutOriginSigning(
            zone_id=zone_id,
            endpoint=endpoint,
            bucket=bucket,
            key_id=key_id,
            application_key=application_key,
            region=region,
            path_style=path_style,
        )
        return self.result(operation, answers.OriginSigning)

    def delete_origin_signing(self, zone_id: str) -> None:
        self.send(DeleteOriginSigning(zone_id=zone_id))


def _converted(result: Any, type_: type[T]) -> T:
    try:
        return msgspec.convert(result, type_)
    except msgspec.ValidationError as error:
        raise CloudflareError(f"the answer has another form than the API's: {error}") from error


def _has_more(info: ResultInfo | UnsetType | None, page: int) -> bool:
    return isinstance(info, ResultInfo) and isinstance(info.total_pages, int) and page < info.total_pages
