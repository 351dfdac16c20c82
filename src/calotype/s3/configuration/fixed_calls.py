"""Configurations that are here as they are when nobody sets them: no notifications, the owner pays, none by name."""

from __future__ import annotations

from calotype.http.message import Response
from calotype.s3 import xml
from calotype.s3.call import Call
from calotype.s3.configuration.absent import DeletesNamed, GetsAbsent, ReadsNamed
from calotype.s3.configuration.notification import (
    GetBucketNotificationConfiguration,
    PutBucketNotificationConfiguration,
    notification_document,
)
from calotype.s3.configuration.on_configuration import DeletesConfiguration
from calotype.s3.configuration.payment import (
    ACCELERATION_KEPT_AS,
    GetBucketAccelerateConfiguration,
    GetBucketRequestPayment,
    PutBucketAccelerateConfiguration,
    PutBucketRequestPayment,
    acceleration_document,
    payment_document,
)
from calotype.s3.configuration.settings import allowed_bucket, keep
from calotype.s3.responses import done, gone, xml_response


async def get_bucket_notification(call: Call, asked: GetBucketNotificationConfiguration) -> Response:
    await allowed_bucket(call, asked)
    return xml_response(notification_document())


async def put_bucket_notification(call: Call, asked: PutBucketNotificationConfiguration) -> Response:
    await allowed_bucket(call, asked)
    return done()


async def get_bucket_request_payment(call: Call, asked: GetBucketRequestPayment) -> Response:
    await allowed_bucket(call, asked)
    return xml_response(payment_document())


async def put_bucket_request_payment(call: Call, asked: PutBucketRequestPayment) -> Response:
    await allowed_bucket(call, asked)
    return done()


async def get_bucket_accelerate(call: Call, asked: GetBucketAccelerateConfiguration) -> Response:
    bucket = await allowed_bucket(call, asked)
    return xml_response(acceleration_document(is_stated=ACCELERATION_KEPT_AS in bucket.settings.more))


async def put_bucket_accelerate(call: Call, asked: PutBucketAccelerateConfiguration) -> Response:
    bucket = await allowed_bucket(call, asked)
    await keep(call, bucket, ACCELERATION_KEPT_AS, True)
    return done()


async def get_absent(call: Call, asked: GetsAbsent) -> Response:
    bucket = await allowed_bucket(call, asked)
    raise asked.error(BucketName=bucket.name)


async def delete_absent(call: Call, asked: DeletesConfiguration) -> Response:
    await allowed_bucket(call, asked)
    return gone()


async def read_named(call: Call, asked: ReadsNamed) -> Response:
    """The empty list, or that there is none of that id."""
    bucket = await allowed_bucket(call, asked)
    if asked.id is not None:
        raise asked.error(BucketName=bucket.name)
    return xml_response(xml.document(asked.list_root, ("IsTruncated", "false")))


async def delete_named(call: Call, asked: DeletesNamed) -> Response:
    bucket = await allowed_bucket(call, asked)
    raise asked.error(BucketName=bucket.name)
