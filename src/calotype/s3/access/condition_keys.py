"""The keys that conditions may ask for; `policy_context` says what a request has for them.

A policy with another key is refused, as S3 does: a slip of the pen in a condition would decide nothing, or everything.
Keys of Amazon's services that no request here can have are taken, and are missing from every request.
"""

from __future__ import annotations

_OF_S3 = (
    "AccessGrantsInstanceArn AccessPointNetworkOrigin authType DataAccessPointAccount DataAccessPointArn "
    "destinationRegion InventoryAccessibleOptionalFields LocationConstraint max-keys "
    "object-lock-legal-hold object-lock-mode object-lock-remaining-retention-days object-lock-retain-until-date "
    "prefix delimiter RequestObjectTagKeys ResourceAccount signatureAge signatureversion TlsVersion VersionId "
    "isReplicationPauseRequest if-match if-none-match ObjectCreationOperation "
    "x-amz-acl x-amz-content-sha256 x-amz-copy-source x-amz-grant-full-control x-amz-grant-read x-amz-grant-read-acp "
    "x-amz-grant-write x-amz-grant-write-acp x-amz-metadata-directive x-amz-object-ownership "
    "x-amz-server-side-encryption x-amz-server-side-encryption-aws-kms-key-id "
    "x-amz-server-side-encryption-customer-algorithm x-amz-storage-class x-amz-website-redirect-location"
)
_OF_AWS = (
    "AssumedRoot CalledVia CalledViaAWSMCP CalledViaFirst CalledViaLast ChatbotSourceArn CurrentTime "
    "Ec2InstanceSourcePrivateIPv4 Ec2InstanceSourceVpc EpochTime FederatedProvider IsMcpServiceAction "
    "MultiFactorAuthAge MultiFactorAuthPresent PrincipalAccount PrincipalArn PrincipalIsAWSService PrincipalOrgID "
    "PrincipalOrgPaths PrincipalServiceName PrincipalServiceNamesList PrincipalType Referer RequestedRegion "
    "ResourceAccount ResourceOrgID ResourceOrgPaths SecureTransport SourceAccount SourceArn SourceIdentity SourceIp "
    "SourceOrgID SourceOrgPaths SourceOwner SourceVpc SourceVpcArn SourceVpce TagKeys TokenIssueTime UserAgent userid "
    "username ViaAWSService VpceAccount VpceOrgID VpceOrgPaths VpcSourceIp"
)

EXISTING_TAG = "s3:existingobjecttag/"
REQUEST_TAG = "s3:requestobjecttag/"

_KNOWN = frozenset(f"s3:{name}".lower() for name in _OF_S3.split()) | {
    f"aws:{name}".lower() for name in _OF_AWS.split()
}
_WITH_A_NAME = (
    EXISTING_TAG,
    REQUEST_TAG,
    "s3:buckettag/",
    "aws:principaltag/",
    "aws:requesttag/",
    "aws:resourcetag/",
)


def is_known(key: str) -> bool:
    """Whether a condition may ask for it; letter case does not count."""
    lowered = key.lower()
    return lowered in _KNOWN or any(lowered.startswith(prefix) and lowered != prefix for prefix in _WITH_A_NAME)
