"""The body of a signed request: how long it is, how it is framed, and that it is what was signed and announced."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import md5, sha1, sha256

from calotype.auth.aws_chunked import (
    AwsChunkedDecoder,
    ChunkedBodyTooShort,
    ChunkedError,
    ChunkSignatureMismatch,
    ChunkSigner,
)
from calotype.auth.checksums import CHECKSUMS, HEADERS, Checksum, as_base64, is_well_formed
from calotype.auth.sigv4 import STREAMING_PAYLOADS, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER, signing_key
from calotype.http.message import Headers
from calotype.s3.call import Call
from calotype.s3.errors import (
    BadDigest,
    EntityTooLarge,
    IncompleteBody,
    InvalidArgument,
    InvalidDigest,
    InvalidRequest,
    MaxMessageLengthExceeded,
    MissingContentLength,
    SignatureDoesNotMatch,
    XAmzContentSHA256Mismatch,
)
from calotype.s3.objects.object_operations import ContentChecksum, checksum_of
from calotype.store.errors import IncompleteUpload
from calotype.store.incoming import IncomingBody
from calotype.store.model import Digests

MAX_OBJECT_BYTES = 5 * 1024**3
"""In one request, as S3 has it; larger objects are made of parts."""

# S3's own limit for documents of this kind is 2 MB; 1,000 keys of 1,024 bytes do not fit into less than 1 MB, nor do
# 10,000 parts with their checksums, indented, into less than 3.
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024

NAMED_ALGORITHM = "x-amz-sdk-checksum-algorithm"

_BY_HEADER = {header: algorithm for algorithm, header in HEADERS.items()}
_OF_DIGESTS = {"SHA1", "SHA256"}  # the store computes these for every upload


@dataclass(slots=True)
class Payload:
    """The content of a body. Iterate `chunks()` to the end, then `verify` what came."""

    call: Call
    length: int
    decoder: AwsChunkedDecoder | None
    checksum: ContentChecksum | None  # as declared in a header
    trailing: str | None  # the algorithm whose value comes in a trailer
    content_md5: str | None

    @property
    def algorithm(self) -> str | None:
        """The checksum that the client chose, if any."""
        return self.checksum.algorithm if self.checksum is not None else self.trailing

    def hashers(self, also: str | None = None) -> dict[str, Checksum]:
        """What has to be computed beside the store's own digests, for the checksum of the client and another."""
        return hashers_of(self.algorithm, also)

    async def received_by(self, body: IncomingBody) -> ContentChecksum | None:
        """Write all of it into the body; the checksum that the client chose. Raises for what is not as announced."""
        async for chunk in self.chunks():
            await body.write(chunk)
        if body.length != self.length:
            raise IncompleteUpload(self.length, body.length)
        return self.verify(body.digests())

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.decoder is None:
            async for chunk in self.call.body:
                yield chunk
            return
        try:
            async for chunk in self.call.body:
                for piece in self.decoder.feed(chunk):
                    yield piece
            self.decoder.finish()
        except ChunkSignatureMismatch as exc:
            raise SignatureDoesNotMatch(str(exc)) from exc
        except ChunkedBodyTooShort as exc:
            raise IncompleteBody(str(exc)) from exc
        except ChunkedError as exc:
            raise InvalidRequest(f"The aws-chunked body is malformed: {exc}.") from exc

    def verify(self, digests: Digests) -> ContentChecksum | None:
        """The checksum to keep with the object; raises for every digest that is not that of what came."""
        self._verify_payload_hash(digests.sha256)
        verify_md5(self.content_md5, digests)
        return verified_checksum(self._declared_checksum(), digests)

    def _verify_payload_hash(self, computed: str) -> None:
        signed = self.call.signed
        if signed is None or len(signed.payload_hash) != len(computed):
            return
        if not hmac.compare_digest(signed.payload_hash, computed):
            raise XAmzContentSHA256Mismatch(
                ClientComputedContentSHA256=signed.payload_hash, S3ComputedContentSHA256=computed
            )

    def _declared_checksum(self) -> ContentChecksum | None:
        if self.checksum is not None or self.trailing is None:
            return self.checksum
        return ContentChecksum(self.trailing, self._trailer(self.trailing))

    def _trailer(self, algorithm: str) -> str:
        assert self.decoder is not None
        if set(self.decoder.trailers) != {HEADERS[algorithm]}:
            raise InvalidRequest(f"The trailer announced is {HEADERS[algorithm]}, and must be there alone.")
        value = self.decoder.trailers[HEADERS[algorithm]]
        if not is_well_formed(algorithm, value):
            raise InvalidRequest(f"Value for {HEADERS[algorithm]} trailing header is invalid.")
        return value


def verify_md5(declared: str | None, digests: Digests) -> None:
    """Returns when the content's MD5 is the one declared, in hex, if one is; raises BadDigest."""
    if declared is not None and declared != digests.md5:
        raise BadDigest(
            "The Content-MD5 you specified did not match what we received.",
            ExpectedDigest=declared,
            CalculatedDigest=digests.md5,
        )


def verified_checksum(declared: ContentChecksum | None, digests: Digests) -> ContentChecksum | None:
    """The checksum declared, which is that of the content; raises BadDigest. The digests know its algorithm."""
    if declared is None:
        return None
    computed = checksum_in(digests, declared.algorithm)
    assert computed is not None, "the hashers of the body know it"
    if not hmac.compare_digest(declared.value, computed):
        raise BadDigest(f"The {declared.algorithm} you specified did not match the calculated checksum.")
    return declared


def hashers_of(*algorithms: str | None) -> dict[str, Checksum]:
    """Fresh ones for those of the algorithms that the store does not compute anyway."""
    return {name: CHECKSUMS[name]() for name in algorithms if name is not None and name not in _OF_DIGESTS}


def checksum_in(digests: Digests, algorithm: str) -> str | None:
    """The checksum in base64, None where it is not known."""
    if algorithm not in _OF_DIGESTS:
        return digests.checksums.get(algorithm)
    digest = digests.sha1 if algorithm == "SHA1" else digests.sha256
    return as_base64(bytes.fromhex(digest)) if digest else None


def payload_of(call: Call, checksum: ContentChecksum | None) -> Payload:
    """The payload that a request announces; raises what is wrong with the announcement, before any of it is read.

    `checksum` is the body's as its operation has read it from the header fields.
    """
    headers = call.headers
    is_chunked = _payload_hash(call) in STREAMING_PAYLOADS
    length = _decoded_length(headers) if is_chunked else call.request.content_length
    if length is None:
        raise MissingContentLength
    if length > MAX_OBJECT_BYTES:
        raise EntityTooLarge(ProposedSize=str(length), MaxSizeAllowed=str(MAX_OBJECT_BYTES))
    payload = Payload(
        call,
        length,
        _decoder(call, length) if is_chunked else None,
        checksum,
        _trailing_algorithm(call, checksum),
        content_md5_of(headers),
    )
    if not call.operation.tells_checksum_of_object:
        _check_named_algorithm(call.request.headers, payload.algorithm)
    return payload


def _check_named_algorithm(headers: Headers, sent: str | None) -> None:
    """Returns when the checksum that the SDK says it sends is the one that is there; raises InvalidRequest.

    What an SDK put into a presigned query, before there was a body, is passed over.
    """
    named = headers.get(NAMED_ALGORITHM)
    if named is None:
        return
    if sent is None:
        raise InvalidRequest(
            f"{NAMED_ALGORITHM} specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."
        )
    if named.upper() != sent:
        raise InvalidRequest(f"Value for {NAMED_ALGORITHM} header is invalid.")


def _payload_hash(call: Call) -> str | None:
    """What the request says of its payload. Who signs nothing can at most send it in chunks that nobody signed."""
    if call.signed is not None:
        return call.signed.payload_hash
    stated = call.headers.get("x-amz-content-sha256")
    return stated if stated == STREAMING_UNSIGNED_TRAILER else None


def _decoded_length(headers: Headers) -> int | None:
    text = headers.get("x-amz-decoded-content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InvalidArgument.of("x-amz-decoded-content-length", text, "The decoded length must be a number of bytes.")
    return int(text)


def _decoder(call: Call, length: int) -> AwsChunkedDecoder:
    signed = call.signed
    if signed is None or signed.payload_hash == STREAMING_UNSIGNED_TRAILER:
        return AwsChunkedDecoder(decoded_length=length)
    signer = ChunkSigner(signing_key(call.secret, signed.scope), signed.timestamp, signed.scope, signed.signature)
    return AwsChunkedDecoder(
        decoded_length=length, signer=signer, signed_trailer=signed.payload_hash == STREAMING_SIGNED_TRAILER
    )


def _trailing_algorithm(call: Call, checksum: ContentChecksum | None) -> str | None:
    """The checksum that `x-amz-trailer` announces."""
    name = (call.headers.get("x-amz-trailer") or "").strip().lower()
    if not name:
        return None
    if _payload_hash(call) not in (STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER):
        raise InvalidRequest(
            "The x-amz-trailer header needs a payload with a trailer, such as STREAMING-UNSIGNED-PAYLOAD-TRAILER."
        )
    if name not in _BY_HEADER:
        raise InvalidRequest("The value specified in the x-amz-trailer header is not supported")
    if checksum is not None:
        raise InvalidRequest("Expecting a single x-amz-checksum- header or trailer.")
    return _BY_HEADER[name]


def content_md5_of(headers: Headers) -> str | None:
    """Content-MD5 as hex, None when absent; raises InvalidDigest unless it is base64 of 16 bytes."""
    text = headers.get("content-md5")
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise InvalidDigest from exc
    if len(digest) != md5(usedforsecurity=False).digest_size:
        raise InvalidDigest
    return digest.hex()


def payload_of_document(call: Call) -> Payload:
    """The same of a request whose body comes before its operation is read."""
    return payload_of(call, None if call.operation.tells_checksum_of_object else checksum_of(call.headers))


async def document_of(call: Call) -> bytes:
    """The XML document of a request, verified as an object's content is."""
    payload = payload_of_document(call)
    if payload.length > MAX_DOCUMENT_BYTES:
        raise MaxMessageLengthExceeded(MaxMessageLengthBytes=str(MAX_DOCUMENT_BYTES))
    content = b"".join([chunk async for chunk in payload.chunks()])
    payload.verify(digests_of(content, payload.hashers()))
    return content


def digests_of(content: bytes, hashers: dict[str, Checksum]) -> Digests:
    for hasher in hashers.values():
        hasher.update(content)
    return Digests(
        md5(content, usedforsecurity=False).hexdigest(),
        sha1(content, usedforsecurity=False).hexdigest(),
        sha256(content).hexdigest(),
        {name: as_base64(hasher.digest()) for name, hasher in hashers.items()},
    )
