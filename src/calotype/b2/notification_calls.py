"""b2_get_bucket_notification_rules, b2_set_bucket_notification_rules (b2.md §1.10)."""

from __future__ import annotations

from calotype.b2.call import Call
from calotype.b2.notifications import RuleList, Target, asked_rules, rule_shape
from calotype.b2.operations import GetBucketNotificationRules, SetBucketNotificationRules
from calotype.store.model import Bucket


async def get_bucket_notification_rules(call: Call, asked: GetBucketNotificationRules) -> RuleList:
    """The bucket's rules by name, with the secrets that are in them: whoever may read them may see all of them."""
    call.allow("readBucketNotifications", asked.bucket_id)
    return rule_list(call, await call.bucket(asked.bucket_id))


async def set_bucket_notification_rules(call: Call, asked: SetBucketNotificationRules) -> RuleList:
    """The rules as they are from now on, in the place of those before. No URL is asked or resolved for that."""
    call.allow("writeBucketNotifications", asked.bucket_id)
    bucket = await call.bucket(asked.bucket_id)
    rules = asked_rules(asked.event_notification_rules, plain_http=call.settings.plain_http_webhooks)
    events = call.store.events
    sealed = [rule.sealed(events.seal_target(bucket.bucket_id, rule.target.to_bytes())) for rule in rules]
    return rule_list(call, await events.set_rules(bucket.bucket_id, sealed))


def rule_list(call: Call, bucket: Bucket) -> RuleList:
    opened = [
        (rule, Target.from_bytes(call.store.events.open_target(bucket.bucket_id, rule)))
        for rule in bucket.settings.notification_rules
    ]
    return RuleList(
        bucket_id=bucket.bucket_id, event_notification_rules=[rule_shape(rule, target) for rule, target in opened]
    )
