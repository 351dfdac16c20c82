"""Whatever document is put, the answer is S3's, never an error of the server's own; what is kept can be told."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.s3 import xml
from calotype.s3.configuration.operations import CONFIGURATION_OPERATIONS

ROOTS = {
    "accelerate": "AccelerateConfiguration",
    "cors": "CORSConfiguration",
    "encryption": "ServerSideEncryptionConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "logging": "BucketLoggingStatus",
    "notification": "NotificationConfiguration",
    "object-lock": "ObjectLockConfiguration",
    "requestPayment": "RequestPaymentConfiguration",
    "tagging": "Tagging",
    "versioning": "VersioningConfiguration",
}
ELEMENTS = """
    Rule CORSRule ID Status Filter And Prefix Tag Key Value TagSet Expiration Days Date Years Mode DefaultRetention
    ExpiredObjectDeleteMarker NoncurrentVersionExpiration NoncurrentDays NewerNoncurrentVersions Transition
    NoncurrentVersionTransition StorageClass AbortIncompleteMultipartUpload DaysAfterInitiation ObjectLockEnabled
    ObjectSizeGreaterThan ObjectSizeLessThan AllowedOrigin AllowedMethod AllowedHeader ExposeHeader MaxAgeSeconds
    ApplyServerSideEncryptionByDefault SSEAlgorithm KMSMasterKeyID BucketKeyEnabled LoggingEnabled TargetBucket
    TargetPrefix TargetGrants Grant Grantee Permission TargetObjectKeyFormat SimplePrefix PartitionedPrefix Payer
    PartitionDateSource MfaDelete
"""
WORDS = """
    Enabled Disabled Suspended true 1 0 -1 31 99999999999 GOVERNANCE AES256 aws:kms GLACIER * https://*.example GET
    2030-01-01T00:00:00Z 9999-12-31 0000-01-01 photos BucketOwner
"""
NAMES = st.sampled_from(ELEMENTS.split())
TEXTS = st.one_of(st.sampled_from(WORDS.split()), st.text(max_size=6))
NODES = st.recursive(st.tuples(NAMES, TEXTS), lambda inner: st.tuples(NAMES, st.lists(inner, max_size=4)), max_leaves=8)
# Rules that are whole but for one element, so that more than the first check is met.
RULE = "<Rule><ID>a</ID><Filter>{}</Filter><Status>Enabled</Status>{}</Rule>"
CORS_RULE = "<CORSRule><AllowedOrigin>{}</AllowedOrigin><AllowedMethod>GET</AllowedMethod>{}</CORSRule>"
RENDERED = NODES.map(lambda node: xml.document("x", node, namespace=None).decode().partition("<x>")[2][:-4])
ALMOST = st.one_of(
    st.tuples(st.just("lifecycle"), st.builds(RULE.format, RENDERED, RENDERED)),
    st.tuples(st.just("lifecycle"), st.builds(RULE.format, st.just(""), RENDERED)),
    st.tuples(st.just("cors"), st.builds(CORS_RULE.format, st.just("*"), RENDERED)),
)
DOCUMENTS = st.one_of(ALMOST, st.tuples(st.sampled_from(sorted(ROOTS)), st.lists(RENDERED, max_size=3).map("".join)))


def test_every_document_is_put() -> None:
    put = {operation.sub_resource for operation in CONFIGURATION_OPERATIONS if operation.method == "PUT"}
    assert set(ROOTS) == put


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=DOCUMENTS)
async def test_every_document_has_an_answer(site: Any, document: tuple[str, str]) -> None:
    if not await site.store.list_buckets(site.account_id):
        await site.bucket()
    sub_resource, inner = document
    root = ROOTS[sub_resource]
    answer = await site.send("PUT", f"/photos?{sub_resource}", body=f"<{root}>{inner}</{root}>".encode())
    assert answer.status in (200, 204, 400, 409, 501), answer.body
    told = await site.send("GET", f"/photos?{sub_resource}")
    assert told.status in (200, 404), told.body
    written = await site.send("PUT", "/photos/a", [("origin", "https://a.example")], b"content")
    assert written.status == 200
    for _, value in written.headers:
        value.encode("latin-1")
        assert "\n" not in value
