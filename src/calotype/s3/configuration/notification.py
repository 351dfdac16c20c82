"""Where S3 would tell of events (s3.md §8). There are no topics, queues and functions here to be told.

B2's event notification rules, which call web addresses, are set over the B2 API and tell of what S3 does as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3 import xml
from calotype.s3.configuration.on_configuration import GetsConfiguration, PutsConfiguration
from calotype.s3.documents import parsed_body
from calotype.s3.errors import OperationNotImplemented
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request

_ROOT = "NotificationConfiguration"


@dataclass(frozen=True, slots=True)
class GetBucketNotificationConfiguration(GetsConfiguration):
    name = "GetBucketNotificationConfiguration"
    sub_resource = "notification"
    action = "s3:GetBucketNotification"


@dataclass(frozen=True, slots=True)
class PutBucketNotificationConfiguration(PutsConfiguration):
    """An empty configuration: nobody is told."""

    name = "PutBucketNotificationConfiguration"
    sub_resource = "notification"
    action = "s3:PutBucketNotification"

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        root = parsed_body(request.body, _ROOT)
        if root.children:
            raise OperationNotImplemented(
                f"Notifications by {root.children[0].name} are not implemented: set event notification rules over the "
                "B2 API, which call web addresses.",
                Element=root.children[0].name,
            )
        return cls(bucket_of(request))

    def to_request(self) -> S3Request:
        return self.request_with(notification_document())


def notification_document() -> bytes:
    return xml.document(_ROOT)
