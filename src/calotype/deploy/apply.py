"""Makes the changes of a plan, in its order, through the B2 and the Cloudflare API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from calotype.cloudflare.answers import Rule
from calotype.cloudflare.operations import RuleBody
from calotype.deploy.actual import RECORD_COMMENT, Clouds, is_ours, own_keys, phase_rules, rule_content
from calotype.deploy.desired import EDGE_KEY, EDGE_KEY_CAPABILITIES
from calotype.deploy.objects import Content, Kind, ObjectName, Objects
from calotype.deploy.plan import Change, Found, Plan, Verb

PUBLIC = "allPublic"
_INFO = "info."


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; its secret is told only now."""

    name: str
    key_id: str
    application_key: str


def apply(
    planned: Plan, wanted: Objects, found: Found, clouds: Clouds, *, on_change: Callable[[Change], None]
) -> list[NewKey]:
    """Makes every change; answers the keys that this made. Raises what the clients raise at the first that fails."""
    making = _Making(clouds, found, zone=next(name for name in wanted if name.kind is Kind.ZONE))
    for (kind, phase), changes in groupby(planned.changes, key=_step):
        group = list(changes)
        if kind is Kind.RULE:
            making.rules(phase, group)
        else:
            making.one(group[0])
        for change in group:
            on_change(change)
    return making.keys


def _step(change: Change) -> tuple[Kind, str]:
    """Rules of one phase are written together, anything else alone."""
    if change.name.kind is Kind.RULE:
        return Kind.RULE, change.name.scope
    return change.name.kind, str(change.name)


class _Making:
    """What earlier changes made, later ones refer to."""

    def __init__(self, clouds: Clouds, found: Found, *, zone: ObjectName) -> None:
        self._origin = clouds.origin
        self._edge = clouds.edge
        self._found = found
        self._ids = dict(found.ids)
        self._zone_name = zone
        self.keys: list[NewKey] = []

    def one(self, change: Change) -> None:
        make = {
            Kind.BUCKET: self._bucket,
            Kind.KEY: self._key,
            Kind.ZONE: self._zone,
            Kind.RECORD: self._record,
            Kind.SETTING: self._setting,
            Kind.SIGNING: self._signing,
        }[change.name.kind]
        make(change)

    # The origin

    def _bucket(self, change: Change) -> None:
        wanted = _wanted(change)
        is_public = wanted["type"] == PUBLIC
        info = {member.removeprefix(_INFO): value for member, value in wanted.items() if member.startswith(_INFO)}
        if change.verb is Verb.CREATE:
            made = self._origin.create_bucket(change.name.name, is_public=is_public, info=info)
            self._ids[change.name] = made.bucket_id
            return
        bucket = self._origin.bucket(change.name.name)
        kept = {key: value for key, value in bucket.bucket_info.items() if key.lower() not in info}
        self._origin.update_bucket(
            bucket.bucket_id, is_public=is_public, info={**kept, **info}, if_revision_is=bucket.revision
        )

    def _key(self, change: Change) -> None:
        """A key cannot be changed, so a new one takes the old one's place."""
        if change.verb is Verb.DELETE:
            self._origin.delete_key(self._found.ids[change.name])
            return
        self.keys.append(self._new_key(change.name.name, change.name.scope, _wanted(change)["capabilities"]))
        if change.verb is Verb.UPDATE:
            self._origin.delete_key(self._found.ids[change.name])

    def _new_key(self, name: str, bucket: str, capabilities: Sequence[str]) -> NewKey:
        bucket_id = self._ids.get(ObjectName(Kind.BUCKET, bucket)) or self._origin.bucket(bucket).bucket_id
        made = self._origin.create_key(name, list(capabilities), bucket_ids=[bucket_id])
        return NewKey(name, made.application_key_id, str(made.application_key))

    # The edge

    @property
    def _zone_id(self) -> str:
        return self._ids[self._zone_name]

    def _zone(self, change: Change) -> None:
        match change.verb:
            case Verb.CREATE:
                zone = self._edge.create_zone(change.name.name, catch_all=_wanted(change)["catch_all"])
                self._ids[change.name] = zone.id
            case Verb.DELETE:
                self._edge.delete_zone(self._ids[change.name])
            case Verb.UPDATE:
                raise CannotChange(
                    f"the zone {change.name.name} exists already as another kind of zone; remove it first"
                )

    def _record(self, change: Change) -> None:
        if change.verb is Verb.DELETE:
            self._edge.delete_dns_record(self._zone_id, self._found.ids[change.name])
        elif change.verb is Verb.UPDATE:
            self._edge.edit_dns_record(self._zone_id, self._found.ids[change.name], **_wanted(change))
        else:
            self._edge.create_dns_record(
                self._zone_id,
                type=change.name.scope,
                name=change.name.name,
                comment=RECORD_COMMENT,
                **_wanted(change),
            )

    def _setting(self, change: Change) -> None:
        self._edge.edit_setting(self._zone_id, change.name.name, _wanted(change)["value"])

    def _signing(self, change: Change) -> None:
        """Always with a key of its own just made, since the secret of an older one is known to nobody."""
        if change.verb is Verb.DELETE:
            self._edge.delete_origin_signing(self._zone_id)
            return
        former = list(own_keys(self._origin, EDGE_KEY))
        wanted = _wanted(change)
        key = self._new_key(EDGE_KEY, wanted["bucket"], EDGE_KEY_CAPABILITIES)
        self._edge.put_origin_signing(
            self._zone_id,
            endpoint=wanted["endpoint"],
            bucket=wanted["bucket"],
            region=wanted["region"],
            key_id=key.key_id,
            application_key=key.application_key,
        )
        for key_object in former:
            self._origin.delete_key(key_object.application_key_id)

    def rules(self, phase: str, changes: Sequence[Change]) -> None:
        """Writes the phase once, whole, as the API wants it, with everybody else's rules where they were."""
        existing = phase_rules(self._edge, self._zone_id, phase)
        self._edge.update_phase(self._zone_id, phase, merged_rules(existing, changes))


class CannotChange(Exception):
    """A change that the services offer no call for."""


def merged_rules(existing: Sequence[Rule], changes: Sequence[Change]) -> list[RuleBody]:
    """The phase after the changes. Ours keep their places; new ones follow them, before those of others.

    The last matching rule wins, so what a person adds goes before what we set.
    """
    by_ref = {change.name.name: change for change in changes}
    kept: list[tuple[bool, RuleBody]] = []
    for rule in existing:
        change = by_ref.pop(rule.ref, None)
        if change is None:
            kept.append((is_ours(rule), _body(rule.ref, rule_content(rule), id_=rule.id)))
        elif change.after is not None:
            kept.append((True, _body(rule.ref, change.after, id_=rule.id)))
    new = [_body(ref, change.after) for ref, change in by_ref.items() if change.after is not None]
    place = max((index + 1 for index, (ours, _) in enumerate(kept) if ours), default=0)
    bodies = [body for _, body in kept]
    return [*bodies[:place], *new, *bodies[place:]]


def _body(ref: str, content: Content, *, id_: str = "") -> RuleBody:
    fields: dict[str, Any] = {"ref": ref, **content}
    return RuleBody(**fields, id=id_) if id_ else RuleBody(**fields)


def _wanted(change: Change) -> Content:
    assert change.after is not None, "only removals have nothing after them"
    return change.after
