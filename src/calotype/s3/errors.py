"""What can go wrong with a request, named as S3 names it; status and code stand on the class.

S3Error
├─ 400  AuthorizationHeaderMalformed, AuthorizationQueryParametersError, BadDigest, BadRequest, EntityTooLarge,
│       EntityTooSmall, IllegalLocationConstraint, IncompleteBody, InvalidArgument, InvalidBucketName, InvalidDigest,
│       InvalidEncryptionAlgorithm, InvalidPart, InvalidPartOrder, InvalidRedirectLocation, InvalidRequest,
│       InvalidStorageClass, InvalidTag, InvalidURI, KeyNotFound, KeyTooLong, MalformedXML, MaxMessageLengthExceeded,
│       MetadataTooLarge, MissingSecurityHeader, RequestHeaderSectionTooLarge, RequestTimeout, UnexpectedContent,
│       XAmzContentSHA256Mismatch
├─ 403  AccessDenied, AccessForbidden, InvalidAccessKeyId, RequestTimeTooSkewed, SignatureDoesNotMatch
├─ 404  NoSuchBucket, NoSuchKey, NoSuchObjectLockConfiguration, NoSuchUpload, NoSuchVersion
├─ 405  MethodNotAllowed
├─ 409  BucketAlreadyExists, BucketAlreadyOwnedByYou, BucketNotEmpty, ConditionalRequestConflict
├─ 411  MissingContentLength
├─ 412  PreconditionFailed
├─ 414  URITooLong
├─ 416  InvalidPartNumber, InvalidRange
├─ 500  InternalError
├─ 501  OperationNotImplemented (NotImplemented)
├─ 503  ServiceUnavailable, SlowDown
└─ 507  InsufficientStorage

Those of one subject alone stand with it: `access/errors.py`, `configuration/errors.py`, `forms/errors.py`; all of them
by their codes in `error_codes.py`.

S3 has no code for a full disk, since its own never fills. 507 InsufficientStorage is what HTTP offers (RFC 4918); the
SDKs retry it a few times, as they do with every 5xx, and then show its message.
"""

from __future__ import annotations

from calotype.http.message import Headers, Response
from calotype.s3 import xml
from calotype.s3.responses import XML_HEADERS


class S3Error(Exception):
    """An answer other than success. `details` become elements of the XML, `headers` header fields of the answer."""

    status: int = 500
    code: str = "InternalError"
    default_message: str = "We encountered an internal error. Please try again."

    def __init__(
        self,
        message: str | None = None,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        **details: str,
    ) -> None:
        self.message = self.default_message if message is None else message
        self.headers = headers
        self.details = details
        super().__init__(f"{self.status} {self.code}: {self.message}")

    def to_response(self, *, resource: str, request_id: str) -> Response:
        """The error as S3 writes it."""
        content = xml.document(
            "Error",
            ("Code", self.code),
            ("Message", self.message),
            *self.details.items(),
            ("Resource", resource),
            ("RequestId", request_id),
            namespace=None,
        )
        return Response(self.status, Headers((*XML_HEADERS, *self.headers)), content)


class AuthorizationHeaderMalformed(S3Error):
    """With the element `Region` the SDKs try again in the right one."""

    status, code = 400, "AuthorizationHeaderMalformed"
    default_message = "The authorization header is malformed."


class AuthorizationQueryParametersError(S3Error):
    status, code = 400, "AuthorizationQueryParametersError"
    default_message = "The signature parameters in the query are malformed."


class BadRequest(S3Error):
    """Not HTTP, or not read as such."""

    status, code = 400, "BadRequest"
    default_message = "An error occurred when parsing the HTTP request."


class RequestHeaderSectionTooLarge(S3Error):
    status, code = 400, "RequestHeaderSectionTooLarge"
    default_message = "Your request header section exceeds the maximum allowed request header section size."


class RequestTimeout(S3Error):
    status, code = 400, "RequestTimeout"
    default_message = "Your socket connection to the server was not read from or written to within the timeout period."


class BadDigest(S3Error):
    status, code = 400, "BadDigest"
    default_message = "The Content-MD5 or checksum value that you specified did not match what the server received."


class EntityTooLarge(S3Error):
    status, code = 400, "EntityTooLarge"
    default_message = "Your proposed upload exceeds the maximum allowed object size."


class EntityTooSmall(S3Error):
    status, code = 400, "EntityTooSmall"
    default_message = "Your proposed upload is smaller than the minimum allowed size"


class IllegalLocationConstraint(S3Error):
    status, code = 400, "IllegalLocationConstraintException"
    default_message = "The specified location constraint is not this server's region."


class IncompleteBody(S3Error):
    status, code = 400, "IncompleteBody"
    default_message = "You did not provide the number of bytes specified by the Content-Length HTTP header."


class InvalidArgument(S3Error):
    """A parameter with a value that it cannot have; `of` names both, as SDKs show them."""

    status, code = 400, "InvalidArgument"
    default_message = "Invalid Argument"

    @classmethod
    def of(cls, name: str, value: str, message: str) -> InvalidArgument:
        return cls(message, ArgumentName=name, ArgumentValue=value)


class InvalidBucketName(S3Error):
    status, code = 400, "InvalidBucketName"
    default_message = "The specified bucket is not valid."


class InvalidDigest(S3Error):
    status, code = 400, "InvalidDigest"
    default_message = "The Content-MD5 you specified was invalid."


class InvalidEncryptionAlgorithm(S3Error):
    status, code = 400, "InvalidEncryptionAlgorithmError"
    default_message = "The encryption request that you specified is not valid. The valid value is AES256."


class InvalidPart(S3Error):
    status, code = 400, "InvalidPart"
    default_message = (
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified "
        "entity tag may not match the part's entity tag."
    )


class InvalidPartOrder(S3Error):
    status, code = 400, "InvalidPartOrder"
    default_message = "The list of parts was not in ascending order. Parts must be ordered by part number."


class InvalidRequest(S3Error):
    status, code = 400, "InvalidRequest"
    default_message = "Invalid Request"


class InvalidStorageClass(S3Error):
    status, code = 400, "InvalidStorageClass"
    default_message = "The storage class you specified is not valid"


class InvalidRedirectLocation(S3Error):
    status, code = 400, "InvalidRedirectLocation"
    default_message = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."


class InvalidTag(S3Error):
    status, code = 400, "InvalidTag"
    default_message = "The tag provided was not a valid tag."


class InvalidURI(S3Error):
    status, code = 400, "InvalidURI"
    default_message = "Couldn't parse the specified URI."


class KeyNotFound(S3Error):
    """A key of SSE-KMS that there is none of."""

    status, code = 400, "KMS.NotFoundException"


class KeyTooLong(S3Error):
    status, code = 400, "KeyTooLongError"
    default_message = "Your key is too long"


class MalformedXML(S3Error):
    status, code = 400, "MalformedXML"
    default_message = "The XML you provided was not well-formed or did not validate against our published schema"


class MaxMessageLengthExceeded(S3Error):
    status, code = 400, "MaxMessageLengthExceeded"
    default_message = "Your request was too big."


class MetadataTooLarge(S3Error):
    status, code = 400, "MetadataTooLarge"
    default_message = "Your metadata headers exceed the maximum allowed metadata size"


class MissingSecurityHeader(S3Error):
    status, code = 400, "MissingSecurityHeader"
    default_message = "Your request was missing a required header"


class UnexpectedContent(S3Error):
    status, code = 400, "UnexpectedContent"
    default_message = "This request does not support content"


class XAmzContentSHA256Mismatch(S3Error):
    status, code = 400, "XAmzContentSHA256Mismatch"
    default_message = "The provided 'x-amz-content-sha256' header does not match what was computed."


class AccessDenied(S3Error):
    status, code = 403, "AccessDenied"
    default_message = "Access Denied"


class AccessForbidden(S3Error):
    status, code = 403, "AccessForbidden"
    default_message = "Access forbidden."


class InvalidAccessKeyId(S3Error):
    status, code = 403, "InvalidAccessKeyId"
    default_message = "The AWS Access Key Id you provided does not exist in our records."


class RequestTimeTooSkewed(S3Error):
    status, code = 403, "RequestTimeTooSkewed"
    default_message = "The difference between the request time and the current time is too large."


class SignatureDoesNotMatch(S3Error):
    status, code = 403, "SignatureDoesNotMatch"
    default_message = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )


class NoSuchBucket(S3Error):
    status, code = 404, "NoSuchBucket"
    default_message = "The specified bucket does not exist"


class NoSuchKey(S3Error):
    status, code = 404, "NoSuchKey"
    default_message = "The specified key does not exist."


class NoSuchUpload(S3Error):
    status, code = 404, "NoSuchUpload"
    default_message = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed."
    )


class NoSuchVersion(S3Error):
    status, code = 404, "NoSuchVersion"
    default_message = "The specified version does not exist."


class NoSuchObjectLockConfiguration(S3Error):
    status, code = 404, "NoSuchObjectLockConfiguration"
    default_message = "The specified object does not have a ObjectLock configuration"


class MethodNotAllowed(S3Error):
    status, code = 405, "MethodNotAllowed"
    default_message = "The specified method is not allowed against this resource."


class BucketAlreadyExists(S3Error):
    status, code = 409, "BucketAlreadyExists"
    default_message = "The requested bucket name is not available. Please select a different name and try again."


class BucketAlreadyOwnedByYou(S3Error):
    status, code = 409, "BucketAlreadyOwnedByYou"
    default_message = "Your previous request to create the named bucket succeeded and you already own it."


class BucketNotEmpty(S3Error):
    status, code = 409, "BucketNotEmpty"
    default_message = "The bucket you tried to delete is not empty"


class ConditionalRequestConflict(S3Error):
    status, code = 409, "ConditionalRequestConflict"
    default_message = "The conditional request cannot succeed due to a conflicting operation against this resource."


class MissingContentLength(S3Error):
    status, code = 411, "MissingContentLength"
    default_message = "You must provide the Content-Length HTTP header."


class PreconditionFailed(S3Error):
    """`Condition` names the header field that did not hold."""

    status, code = 412, "PreconditionFailed"
    default_message = "At least one of the pre-conditions you specified did not hold"


class URITooLong(S3Error):
    status, code = 414, "URITooLong"
    default_message = "The request target is longer than any that the server reads."


class InvalidPartNumber(S3Error):
    status, code = 416, "InvalidPartNumber"
    default_message = "The requested partnumber is not satisfiable"


class InvalidRange(S3Error):
    status, code = 416, "InvalidRange"
    default_message = "The requested range is not satisfiable"


class InternalError(S3Error):
    status, code = 500, "InternalError"


class OperationNotImplemented(S3Error):
    """Names the operation, or the header field, that is not here."""

    status, code = 501, "NotImplemented"
    default_message = "A header you provided implies functionality that is not implemented."


class ServiceUnavailable(S3Error):
    status, code = 503, "ServiceUnavailable"
    default_message = "Service is unable to handle request."


class SlowDown(S3Error):
    """Too many requests or connections at once; the SDKs wait and try again."""

    status, code = 503, "SlowDown"
    default_message = "Please reduce your request rate."


class InsufficientStorage(S3Error):
    status, code = 507, "InsufficientStorage"
    default_message = "The disk is full but for its reserve; nothing more can be uploaded."
