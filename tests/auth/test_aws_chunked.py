"""The aws-chunked coding: the published examples, botocore's encoder, every input cut at every byte."""

from __future__ import annotations

import io
from hashlib import sha256

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum
from hypothesis import given
from hypothesis import strategies as st

from calotype.auth import aws_chunked
from calotype.auth.aws_chunked import AwsChunkedDecoder, ChunkSigner
from calotype.auth.signed_request import CredentialScope
from calotype.auth.sigv4 import signing_key

# The examples in the S3 documentation, "Signature calculations: transferring payload in multiple chunks".
SCOPE = CredentialScope("20130524", "us-east-1", "s3")
KEY = signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SCOPE)
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
SEED_WITH_TRAILER = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"


def signer(seed: str = SEED) -> ChunkSigner:
    return ChunkSigner(KEY, "20130524T000000Z", SCOPE, seed)


def signed_chunks(*chunks: bytes, trailers: dict[str, str] | None = None, seed: str = SEED) -> bytes:
    """A body in signed chunks, the last of them empty, and a signed trailer when there are trailers."""
    chain = signer(seed)
    body = b""
    for chunk in (*chunks, b""):
        signature = chain.sign_chunk(sha256(chunk).hexdigest())
        body += b"%x;chunk-signature=%s\r\n%s" % (len(chunk), signature.encode(), chunk + b"\r\n" if chunk else b"")
    for name, value in (trailers or {}).items():
        body += f"{name}:{value}\r\n".encode()
    if trailers:
        body += f"x-amz-trailer-signature:{chain.sign_trailer(trailers)}\r\n".encode()
    return body + b"\r\n"


def decoded(decoder: AwsChunkedDecoder, *pieces: bytes) -> bytes:
    payload = b"".join(b"".join(decoder.feed(piece)) for piece in pieces)
    decoder.finish()
    return payload


SIGNED = signed_chunks(b"hello ", b"negative")
WITH_TRAILER = signed_chunks(b"hello ", b"negative", trailers={"x-amz-checksum-crc32": "AAAAAA=="})
UNSIGNED = b"6\r\nhello \r\n8\r\nnegative\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"

BODIES = {
    "signed": (SIGNED, lambda: AwsChunkedDecoder(decoded_length=14, signer=signer())),
    "signed with trailer": (
        WITH_TRAILER,
        lambda: AwsChunkedDecoder(decoded_length=14, signer=signer(), signed_trailer=True),
    ),
    "unsigned with trailer": (UNSIGNED, lambda: AwsChunkedDecoder(decoded_length=14)),
}


def test_the_published_example_of_signed_chunks() -> None:
    chain = signer()
    assert [chain.sign_chunk(sha256(chunk).hexdigest()) for chunk in (b"a" * 65536, b"a" * 1024, b"")] == [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ]


def test_the_published_example_of_a_signed_trailer() -> None:
    chain = signer(SEED_WITH_TRAILER)
    for chunk in (b"a" * 65536, b"a" * 1024, b""):
        last = chain.sign_chunk(sha256(chunk).hexdigest())
    assert last == "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"
    trailer = chain.sign_trailer({"x-amz-checksum-crc32c": "sOO8/Q=="})
    assert trailer == "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"


@given(content=st.binary(max_size=300), chunk_size=st.integers(1, 100))
def test_what_botocore_encodes_is_decoded(content: bytes, chunk_size: int) -> None:
    body = AwsChunkedWrapper(io.BytesIO(content), Crc32Checksum, "x-amz-checksum-crc32", chunk_size=chunk_size).read()
    decoder = AwsChunkedDecoder(decoded_length=len(content))
    assert decoded(decoder, body) == content
    expected = Crc32Checksum()
    expected.update(content)
    assert decoder.trailers == {"x-amz-checksum-crc32": expected.b64digest()}


@given(chunks=st.lists(st.binary(min_size=1, max_size=60), max_size=6), sizes=st.lists(st.integers(1, 50), min_size=1))
def test_signed_chunks_come_out_whatever_the_cuts(chunks: list[bytes], sizes: list[int]) -> None:
    body = signed_chunks(*chunks)
    pieces, position = [], 0
    while position < len(body):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(body[position : position + size])
        position += size
    content = b"".join(chunks)
    assert decoded(AwsChunkedDecoder(decoded_length=len(content), signer=signer()), *pieces) == content


@pytest.mark.parametrize("kind", BODIES)
def test_every_cut_in_two_and_every_single_byte_decode_alike(kind: str) -> None:
    body, fresh = BODIES[kind]
    whole = fresh()
    assert decoded(whole, body) == b"hello negative"
    for cut in range(len(body) + 1):
        decoder = fresh()
        assert decoded(decoder, body[:cut], body[cut:]) == b"hello negative"
        assert decoder.trailers == whole.trailers
    assert decoded(fresh(), *(bytes([byte]) for byte in body)) == b"hello negative"


@pytest.mark.parametrize("kind", BODIES)
def test_every_truncation_is_too_short(kind: str) -> None:
    body, fresh = BODIES[kind]
    for cut in range(len(body)):
        with pytest.raises(aws_chunked.ChunkedBodyTooShort):
            decoded(fresh(), body[:cut])


@pytest.mark.parametrize("kind", ["signed", "signed with trailer"])
def test_no_byte_of_a_signed_body_can_be_changed(kind: str) -> None:
    body, fresh = BODIES[kind]
    for position in range(len(body)):
        # The letter case of a hexadecimal size and of a trailer's name is the only freedom.
        if body[position : position + 1].isalpha():
            continue
        tampered = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
        with pytest.raises(aws_chunked.ChunkedError):
            decoded(fresh(), tampered)


def test_chunks_cannot_change_places() -> None:
    lines = signed_chunks(b"one", b"two").split(b"\r\n")
    lines[0:2], lines[2:4] = lines[2:4], lines[0:2]
    with pytest.raises(aws_chunked.ChunkSignatureMismatch):
        decoded(AwsChunkedDecoder(decoded_length=6, signer=signer()), b"\r\n".join(lines))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"x\r\n", aws_chunked.MalformedChunk),
        (b"-1\r\n", aws_chunked.MalformedChunk),
        (b"0x1\r\na\r\n", aws_chunked.MalformedChunk),
        (b"\r\n", aws_chunked.MalformedChunk),
        (b"1 \r\na\r\n", aws_chunked.MalformedChunk),
        (b"1\na\r\n", aws_chunked.MalformedChunk),  # LF alone
        (b"11111111111111111\r\n", aws_chunked.MalformedChunk),  # 17 digits
        (b"1" * 300, aws_chunked.MalformedChunk),  # no line end in sight
        (b"1;ext=1\r\na\r\n", aws_chunked.MalformedChunk),
        (b"1;chunk-signature=" + b"0" * 64 + b"\r\na\r\n", aws_chunked.MalformedChunk),  # signed, unannounced
        (b"1\r\nab\r\n0\r\n\r\n", aws_chunked.MalformedChunk),  # more data than the size says
        (b"5\r\nhello\r\n0\r\n\r\nmore", aws_chunked.MalformedChunk),  # behind the end
        (b"5\r\nhello\r\n0\r\nno colon\r\n\r\n", aws_chunked.MalformedChunk),
        (b"5\r\nhello\r\n0\r\na:1\r\nA:2\r\n\r\n", aws_chunked.MalformedChunk),  # a trailer twice
        (b"5\r\nhello\r\n0\r\na:1\nb:2\r\n\r\n", aws_chunked.MalformedChunk),
        (b"5\r\nhello\r\n0\r\n" + b"a:" + b"1" * 5000, aws_chunked.MalformedChunk),
        (b"5\r\nhello\r\n0\r\n" + b"".join(b"a%d:1\r\n" % n for n in range(999)), aws_chunked.MalformedChunk),
        (b"6\r\nhello!\r\n0\r\n\r\n", aws_chunked.ChunkedBodyTooLong),
        (b"ffffffffffff\r\n", aws_chunked.ChunkedBodyTooLong),
        (b"5\r\nhello\r\n1\r\n", aws_chunked.ChunkedBodyTooLong),
        (b"4\r\nhell\r\n0\r\n\r\n", aws_chunked.ChunkedBodyTooShort),
        (b"", aws_chunked.ChunkedBodyTooShort),
    ],
)
def test_a_malformed_body_is_refused_at_every_cut(body: bytes, error: type[Exception]) -> None:
    for cut in range(0, len(body) + 1, 1 if len(body) < 400 else 97):
        with pytest.raises(error):
            decoded(AwsChunkedDecoder(decoded_length=5), body[:cut], body[cut:])


def test_chunks_must_be_signed_when_the_request_says_so() -> None:
    with pytest.raises(aws_chunked.MalformedChunk, match="no signature"):
        decoded(AwsChunkedDecoder(decoded_length=14, signer=signer()), UNSIGNED)


def test_a_missing_or_wrong_trailer_signature_is_refused() -> None:
    def fresh() -> AwsChunkedDecoder:
        return AwsChunkedDecoder(decoded_length=14, signer=signer(), signed_trailer=True)

    start = WITH_TRAILER.index(b"x-amz-trailer-signature")
    for ending in (b"\r\n", b"x-amz-trailer-signature:" + b"0" * 64 + b"\r\n\r\n"):
        with pytest.raises(aws_chunked.ChunkSignatureMismatch, match="trailer"):
            decoded(fresh(), WITH_TRAILER[:start] + ending)


def test_trailers_are_refused_where_none_were_announced() -> None:
    body = SIGNED.removesuffix(b"\r\n") + b"x-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    with pytest.raises(aws_chunked.MalformedChunk, match="announced"):
        decoded(AwsChunkedDecoder(decoded_length=14, signer=signer()), body)


def test_a_trailer_may_end_in_lf_crlf_as_in_the_published_example() -> None:
    decoder = AwsChunkedDecoder(decoded_length=5)
    assert decoded(decoder, b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:wdBDMA==\n\r\n\r\n") == b"hello"
    assert decoder.trailers == {"x-amz-checksum-crc32c": "wdBDMA=="}
