"""Changes through S3 fire the event notifications of the bucket (b2.md §8.7)."""

from __future__ import annotations

import pytest

from calotype.store.model import BucketSettings, NotificationRule, Versioning
from support.events import waiting_events

RULE = NotificationRule(
    "all-of-it", ("b2:ObjectCreated:*", "b2:ObjectDeleted:*", "b2:HideMarkerCreated:*"), "", b"sealed"
)


@pytest.mark.parametrize(
    ("versioning", "deleted_as"),
    [(Versioning.ENABLED, "HideMarkerCreated:Hide"), (Versioning.UNVERSIONED, "ObjectDeleted:Delete")],
)
async def test_an_object_s_life_is_told(site, versioning, deleted_as):
    settings = BucketSettings(notification_rules=(RULE,))
    await site.bucket(versioning=versioning, settings=settings)
    assert (await site.send("PUT", "/photos/a.png", body=b"print")).status == 200
    copied = await site.send("PUT", "/photos/b.png", [("x-amz-copy-source", "/photos/a.png")])
    assert copied.status == 200
    assert (await site.send("DELETE", "/photos/a.png")).status == 204
    told = [(event.type.value.removeprefix("b2:"), event.key) for event in await waiting_events(site.store)]
    assert told == [("ObjectCreated:Upload", b"a.png"), ("ObjectCreated:Copy", b"b.png"), (deleted_as, b"a.png")]


async def test_a_version_deleted_by_its_id_is_told(site):
    await site.bucket(versioning=Versioning.ENABLED, settings=BucketSettings(notification_rules=(RULE,)))
    version_id = (await site.send("PUT", "/photos/a.png", body=b"print")).headers.get("x-amz-version-id")
    assert (await site.send("DELETE", f"/photos/a.png?versionId={version_id}")).status == 204
    assert [event.type.value for event in await waiting_events(site.store)] == [
        "b2:ObjectCreated:Upload",
        "b2:ObjectDeleted:Delete",
    ]
